"""Contests from what was said of answers: from verdicts, or from a column of scores."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any

from g4f_nb.comparing.slips import no_column
from g4f_nb.errors import InvalidParameterError, sort_of
from g4f_nb.judging import verdicts
from g4f_nb.judging.candidates import Candidates
from g4f_nb.judging.strengths import Contests

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

CONTROLS = ("length", "position")
_POINTS = {"a": 1.0, "b": 0.0, "tie": 0.5}


def contests_of(
    frame: pd.DataFrame, by: str | None, judge: str | Sequence[str] | None, control: Sequence[str] = ()
) -> Contests:
    """What happened, from the column `by` or from the verdicts on (or in) a frame."""
    if by is not None:
        if control or judge is not None:
            raise InvalidParameterError("control= and judge= are about verdicts, and by= takes a score")
        return _of_scores(frame, by)
    found = verdicts.of(frame, judge)
    if found.empty:
        raise verdicts.none_of(frame)
    return of_verdicts(found, control)


def of_verdicts(found: pd.DataFrame, control: Sequence[str] = ()) -> Contests:
    """A contest for each verdict; with `control`, what else may have decided is told apart."""
    import numpy as np
    import pandas as pd

    unknown = [each for each in control if each not in CONTROLS]
    if unknown:
        raise InvalidParameterError(f"control= names {unknown[0]!r}: it must be {' or '.join(CONTROLS)}")
    names = list(dict.fromkeys([*found["model_a"].tolist(), *found["model_b"].tolist()]))
    at = {name: place for place, name in enumerate(names)}
    besides: dict[str, NDArray[Any]] = {}
    for each in control:
        besides[each] = lengths(found) if each == "length" else positions(found)
    prompt = found.groupby(["prompt_id", "row"], dropna=False, sort=False).ngroup()
    return Contests(
        names=tuple(names),
        first=found["model_a"].map(at).to_numpy(dtype=int),
        second=found["model_b"].map(at).to_numpy(dtype=int),
        result=found["winner"].map(_POINTS).to_numpy(dtype=float),
        prompt=np.asarray(pd.Series(prompt), dtype=int),
        besides=besides,
    )


def lengths(found: pd.DataFrame) -> NDArray[Any]:
    """How many times twice as long the first answer is."""
    import numpy as np

    long = found[["chars_a", "chars_b"]].to_numpy(dtype=float, na_value=np.nan)
    made: NDArray[Any] = np.nan_to_num(np.log2((long[:, 0] + 1) / (long[:, 1] + 1)))
    return made


def positions(found: pd.DataFrame) -> NDArray[Any]:
    """1 where the first answer was shown first, -1 where the other was, 0 where nobody knows."""
    made: NDArray[Any] = found["shown_first"].map({"a": 1.0, "b": -1.0}).fillna(0.0).to_numpy(dtype=float)
    return made


def is_contested(frame: pd.DataFrame, by: str) -> bool:
    """Whether any two models have a score for the same prompt: without that there is no ranking by it."""
    return bool(_meetings(Candidates.of(frame), scores_of(frame, by)))


def _meetings(candidates: Candidates, values: NDArray[Any]) -> list[tuple[int, int]]:
    import numpy as np

    there = ~np.isnan(values)
    return [(one, other) for one, other in candidates.meetings() if there[one] and there[other]]


def _of_scores(frame: pd.DataFrame, by: str) -> Contests:
    import numpy as np

    candidates = Candidates.of(frame)
    values = scores_of(frame, by)
    pairs = _meetings(candidates, values)
    if not pairs:
        raise InvalidParameterError(f"no two models have a {by!r} for the same prompt: nothing to compare")
    one, other = np.array(pairs).T
    labels = candidates.label.to_numpy(dtype=object)
    there = {*labels[one], *labels[other]}
    # Whoever has no score meets nobody, and must stand in nobody's way.
    order = [name for name in candidates.order if name in there]
    at = {name: place for place, name in enumerate(order)}
    seat = candidates.label.map(at).fillna(-1).to_numpy(dtype=int)
    _, prompt = np.unique(candidates.prompt.to_numpy()[one], return_inverse=True)
    return Contests(
        names=tuple(order), first=seat[one], second=seat[other],
        result=(np.sign(values[one] - values[other]) + 1) / 2, prompt=prompt,
    )  # fmt: skip


def scores_of(frame: pd.DataFrame, by: str) -> NDArray[Any]:
    """A column of scores as numbers, NaN where there is none."""
    import numpy as np
    import pandas as pd

    if not isinstance(by, Hashable):
        raise InvalidParameterError(f"by is {sort_of(by)}: it must be the name of a column of scores")
    if by not in frame.columns:
        raise no_column(frame, by, else_=f".llm.score(..., into={by!r}) would make it.")
    column = frame[by]
    if not (pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column)):
        raise InvalidParameterError(f"the column {by!r} holds {column.dtype} and not numbers")
    made: NDArray[Any] = column.to_numpy(dtype=float, na_value=np.nan)
    return made
