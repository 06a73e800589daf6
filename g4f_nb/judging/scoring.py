"""A number for each answer, without a model: contains, regex, JSON, exact, similarity, or any function."""

from __future__ import annotations

import difflib
import inspect
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from g4f_nb.comparing.viewing import Names
from g4f_nb.errors import InvalidParameterError, short, shorten
from g4f_nb.notices import tell

if TYPE_CHECKING:
    import pandas as pd

_WAYS = "contains=, regex=, json_valid=True, exact=, similarity= or a function"
# What a function is given: the answer, or the answer and its row.
Scorer = Callable[..., Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """What an answer is measured by; exactly one is given."""

    function: Scorer | None = None
    contains: Any = None
    regex: Any = None
    json_valid: bool | None = None
    exact: Any = None
    similarity: Any = None

    @property
    def chosen(self) -> str:
        """The one that is given."""
        given = [name for name in self.__slots__ if getattr(self, name) is not None]
        if len(given) != 1:
            told = " and ".join(given) or "nothing"
            raise InvalidParameterError(f"score needs one criterion and was given {told}: {_WAYS}")
        return given[0]


def score(
    frame: pd.DataFrame,
    criterion: Criterion,
    *,
    into: str = "score",
    case: bool = False,
    failed: float | None = None,
) -> pd.DataFrame:
    """The frame with the column `into`; a function that raises gives no score."""
    import pandas as pd

    names = Names.of(frame)
    measure = _measure(names, criterion, case=case)
    if into in frame.columns and _is_result(names, into):
        raise InvalidParameterError(f"into={into!r} is a column of the result: choose another name")
    values: list[float | None] = []
    faults: list[str | None] = []
    for at, (answer, status) in enumerate(zip(names["answer"].fillna(""), names["status"], strict=True)):
        value, fault = None, None
        if status == "error":
            value = failed
        elif status == "ok":
            try:
                value = _number(measure(at, answer))
            except Exception as error:  # noqa: BLE001  # a user's function: what it cannot score is that row's
                fault = shorten(f"{type(error).__name__}: {error}")
        values.append(value)
        faults.append(fault)
    made = frame.copy()
    made[into] = pd.array(values, dtype="Float64")
    _tell_of_nothing(criterion, values)
    if any(faults):
        made[f"{into}_error"] = pd.array(faults, dtype="string")
    return made


def _tell_of_nothing(criterion: Criterion, values: list[float | None]) -> None:
    """A word that no answer has may have been meant as the name of a column."""
    word = criterion.exact if criterion.exact is not None else criterion.contains
    if isinstance(word, str) and word.isidentifier() and any(values) is False and 0.0 in values:
        tell(
            f"no answer has the text {word!r}: if a column was meant, this result has none of that name "
            f"(in braces, '{{{word}}}', a name is always a column's)",
            once=False,
        )


def _is_result(names: Names, column: str) -> bool:
    from g4f_nb.comparing.columns import OUTCOME, PLACE

    return column in {names.prefix + name for name in (*PLACE, *OUTCOME)} or column in names.varied()


def _number(value: Any) -> float | None:
    import pandas as pd

    if value is None or pd.isna(value):
        return None
    made = float(value)
    return None if math.isnan(made) else made


def _measure(names: Names, criterion: Criterion, *, case: bool) -> Callable[[int, str], Any]:
    frame = names.frame
    match criterion.chosen:
        case "function":
            function = criterion.function
            assert function is not None  # noqa: S101  # it is the one that is given
            if not callable(function):
                raise InvalidParameterError(f"score was given {short(function)}: {_WAYS}")
            if not _takes_row(function):
                return lambda _, answer: function(answer)
            return lambda at, answer: function(answer, frame.iloc[at])
        case "regex":
            pattern = _pattern(criterion.regex, case=case)
            return lambda _, answer: pattern.search(answer) is not None
        case "json_valid":
            return lambda _, answer: _is_json(answer) == bool(criterion.json_valid)
        case chosen:
            wanted = _wanted(names, getattr(criterion, chosen))
            compared = {"contains": _contains, "exact": _exact, "similarity": _similarity}[chosen]
            return lambda at, answer: _compared(compared, answer, wanted(at), case=case)


def _pattern(given: Any, *, case: bool) -> re.Pattern[str]:
    if not isinstance(given, str):
        raise InvalidParameterError(f"regex is {short(given)}: it must be a pattern as text, like r'^yes'")
    try:
        return re.compile(given, 0 if case else re.IGNORECASE)
    except re.error as error:
        raise InvalidParameterError(
            f"regex is {given!r}, which is no pattern ({error}): re.escape() finds a text as it is"
        ) from None


def _compared(how: Callable[[str, str], float], answer: str, wanted: Any, *, case: bool) -> float | None:
    import pandas as pd

    if pd.isna(wanted):
        return None
    both = [" ".join(str(each).split()) for each in (answer, wanted)]
    return how(*(both if case else [each.casefold() for each in both]))


def _contains(answer: str, wanted: str) -> float:
    return float(wanted in answer)


def _exact(answer: str, wanted: str) -> float:
    return float(answer == wanted)


def _similarity(answer: str, wanted: str) -> float:
    return difflib.SequenceMatcher(None, answer, wanted, autojunk=False).ratio()


def _wanted(names: Names, given: Any) -> Callable[[int], Any]:
    """The value for each row: of the column that is called so (in braces in any case), else one for all."""
    frame = names.frame
    name = _column_in(names, given)
    if name is not None:
        values = frame[name].tolist()
        return values.__getitem__
    if hasattr(given, "tolist") or isinstance(given, list | tuple):
        values = list(given.tolist() if hasattr(given, "tolist") else given)
        if len(values) != len(frame):
            raise InvalidParameterError(
                f"there are {len(values)} values for {len(frame)} rows: give one a row, one for all, or the "
                "name of a column"
            )
        return values.__getitem__
    return lambda _: given


def _column_in(names: Names, given: Any) -> str | None:
    """The column that a text names: as it stands, or in braces like in a prompt, where it must be one."""
    if not isinstance(given, str) or given in names.frame.columns:
        return given if isinstance(given, str) else None
    braced = re.fullmatch(r"\{([^{}]+)\}", given.strip())
    word = braced[1] if braced else given
    if braced and word in names.frame.columns:
        return word
    near = difflib.get_close_matches(word, names.varied(), n=1, cutoff=0.6 if braced else 0.8)
    if braced or near:
        there = ", ".join(map(repr, names.frame.columns))
        hint = f"did you mean {{{near[0]}}}?" if near else f"there are {there}"
        literal = "" if braced else " (A text that is meant as it stands goes through a function.)"
        raise InvalidParameterError(f"{given!r} is no column of this result: {hint}{literal}")
    return None


def _takes_row(function: Scorer) -> bool:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return False
    required = [
        each
        for each in parameters
        if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD) and each.default is each.empty
    ]
    return len(required) > 1


def _is_json(answer: str) -> bool:
    """Whether it is JSON, in a code fence or bare; not whether JSON could be found somewhere in it."""
    text = answer.strip()
    fenced = re.fullmatch(r"```\w*\n(.*)\n```", text, re.DOTALL)
    try:
        orjson.loads(fenced[1] if fenced else text)
    except orjson.JSONDecodeError:
        return False
    return True
