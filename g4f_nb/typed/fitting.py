"""JSON values made what a type wants, or told what is wrong with them: in words that a model can act on."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import json
import math
import operator
import pathlib
import re
import types
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from g4f_nb.errors import shorten
from g4f_nb.typed.forms import (
    Anything,
    Choice,
    Either,
    Field,
    Fixed,
    Foreign,
    Listed,
    Mapped,
    NoFormError,
    Noted,
    Record,
    Scalar,
    form_of,
)
from g4f_nb.typed.loosejson import DEEPEST, deeper_than

_MOST_SHOWN = 8
_TRUE, _FALSE = {"true", "yes", "1"}, {"false", "no", "0"}
_NULL = {"", "null", "none", "n/a"}


class MisfitError(ValueError):
    """A value that does not fit; `problems` are places in it and what is wrong there."""

    def __init__(self, problems: Iterable[tuple[str, str]]) -> None:
        self.problems = tuple(problems)
        shown = [f"{place}: {words}" if place else words for place, words in self.problems[:_MOST_SHOWN]]
        more = len(self.problems) - len(shown)
        super().__init__("; ".join(shown) + (f"; and {more} more" if more else ""))


def fit(value: Any, annotation: Any, *, place: str = "", strict: bool = False) -> Any:  # noqa: C901, PLR0911  # one arm a form
    """A JSON value as an instance of the type; unless `strict`, a number in quotes is one, and the like."""
    form = form_of(annotation)
    match form:
        case Anything():
            return value
        case Scalar(kind):
            return _scalar(value, kind, place, strict=strict)
        case Choice(written, meant):
            return _choice(value, written, meant, place, strict=strict)
        case Listed(item, make):
            parts = _items(value, place)
            return make(_together(parts, [item] * len(parts), place, strict=strict))
        case Fixed(items, make):
            parts = _items(value, place)
            if len(parts) != len(items):
                raise MisfitError([(place, f"{len(items)} items are wanted, not {len(parts)}")])
            return make(_together(parts, items, place, strict=strict))
        case Mapped(key, inner, make):
            given = _mapping(value, place)
            names = [fit(name, key, place=f"{place} (name)") for name in given]
            values = _together(list(given.values()), [inner] * len(given), place, names=names, strict=strict)
            return make(dict(zip(names, values, strict=True)))
        case Either(arms):
            return _either(value, arms, place, strict=strict)
        case Noted(inner, _, bounds):
            return _bounded(fit(value, inner, place=place, strict=strict), bounds, place)
        case Foreign(model):
            return _foreign(value, model, place)
        case Record(_, fields, make):
            return _made(make, fit_fields(value, fields, place=place, strict=strict), place)


def fit_fields(
    value: Any, fields: Sequence[Field], *, place: str = "", strict: bool = False, others: str = "ignore"
) -> dict[str, Any]:
    """The parts of an object, each fitted; every problem of it is told, not the first alone.

    Names that no part has are ignored, refused (`others="refuse"`) or kept as they are (`others="keep"`).
    """
    given = _mapping(value, place)
    problems: list[tuple[str, str]] = []
    parts: dict[str, Any] = {}
    for field in fields:
        where = f"{place}.{field.name}" if place else field.name
        if field.name not in given:
            if field.required and not _takes_null(field.annotation):
                problems.append((where, "is missing"))
            elif field.required:
                parts[field.name] = None
            continue
        if given[field.name] is None and (field.default is None or not field.required):
            # Models write null for what they leave out.
            if _takes_null(field.annotation):
                parts[field.name] = None
            continue
        try:
            parts[field.name] = fit(given[field.name], field.annotation, place=where, strict=strict)
        except MisfitError as error:
            problems += error.problems
    unknown = given.keys() - {field.name for field in fields}
    if unknown and (others == "refuse" or strict):
        known = ", ".join(field.name for field in fields) or "none"
        problems += [(str(name), f"is not known: the names are {known}") for name in sorted(unknown)]
    if problems:
        raise MisfitError(problems)
    return parts if others != "keep" else {**{name: given[name] for name in sorted(unknown)}, **parts}


def _together(
    values: Sequence[Any], kinds: Sequence[Any], place: str, *, names: Sequence[Any] = (), strict: bool
) -> list[Any]:
    fitted: list[Any] = []
    problems: list[tuple[str, str]] = []
    for at, (value, kind) in enumerate(zip(values, kinds, strict=True)):
        try:
            fitted.append(fit(value, kind, place=f"{place}[{names[at] if names else at}]", strict=strict))
        except MisfitError as error:
            problems += error.problems
    if problems:
        raise MisfitError(problems)
    return fitted


def _items(value: Any, place: str) -> list[Any]:
    value = _unquoted(value)
    if isinstance(value, list | tuple):
        return list(value)
    raise _wanted("a list", value, place)


def _mapping(value: Any, place: str) -> Mapping[str, Any]:
    value = _unquoted(value)
    if isinstance(value, Mapping):
        return value
    raise _wanted("an object", value, place)


def _unquoted(value: Any) -> Any:
    """Some models write the JSON of an inner value as a text."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            inner = json.loads(value)
        except (ValueError, RecursionError):
            return value
        return value if deeper_than(inner, DEEPEST) else inner
    return value


def _wanted(what: str, value: Any, place: str) -> MisfitError:
    return MisfitError([(place, f"{what} is wanted, not {shorten(repr(value), 80)}")])


def _scalar(value: Any, kind: type, place: str, *, strict: bool) -> Any:
    for base, (words, read) in _READERS.items():
        if issubclass(kind, base):
            if strict and base in _PLAIN and type(value) is not base:
                raise _wanted(words, value, place)
            try:
                return read(value, kind)
            except (ValueError, TypeError, AttributeError, ArithmeticError):
                # A reader of texts meets numbers, lists and null as well.
                raise _wanted(words, value, place) from None
    raise NoFormError(
        f"{kind.__name__} cannot be read from JSON"
    )  # pragma: no cover  # every scalar is there


def _read_bool(value: Any, _: type) -> bool:
    word = str(value).strip().lower()
    if isinstance(value, bool | str | int) and word in _TRUE | _FALSE:
        return word in _TRUE
    raise ValueError


def _read_int(value: Any, kind: type) -> int:
    if isinstance(value, bool):
        raise TypeError
    if isinstance(value, str):
        value = int(value) if re.fullmatch(r"\s*[+-]?\d{1,400}\s*", value) else float(value)
    if isinstance(value, float) and not value.is_integer():
        raise ValueError
    return kind(value)  # type: ignore[no-any-return]


def _read_float(value: Any, kind: type) -> float:
    if isinstance(value, bool) or not math.isfinite(number := float(value)):
        raise TypeError
    return kind(number)  # type: ignore[no-any-return]


def _read_str(value: Any, kind: type) -> str:
    if isinstance(value, bool):
        return kind(value).lower()  # type: ignore[no-any-return]
    if isinstance(value, str | int | float):
        return kind(value)  # type: ignore[no-any-return]
    raise TypeError


def _read_null(value: Any, _: type) -> None:
    if value is not None and not (isinstance(value, str) and value.strip().lower() in _NULL):
        raise ValueError


def _read_decimal(value: Any, kind: type) -> decimal.Decimal:
    number: decimal.Decimal = kind(str(value))
    if isinstance(value, bool) or not number.is_finite():
        raise TypeError
    return number


def _read_date(value: Any, kind: Any) -> Any:
    try:
        return kind.fromisoformat(value.strip())
    except ValueError:
        # A date may come with a time.
        return kind.fromisoformat(value.strip()[:10])


def _read_seconds(value: Any, kind: Any) -> Any:
    return kind(seconds=_read_float(value, float))


# From the narrowest to the widest: a truth value is a number and a moment a date, for Python.
_READERS: dict[type, tuple[str, Callable[[Any, Any], Any]]] = {
    bool: ("true or false", _read_bool),
    int: ("a whole number", _read_int),
    float: ("a number", _read_float),
    str: ("a text", _read_str),
    types.NoneType: ("null", _read_null),
    decimal.Decimal: ("a number", _read_decimal),
    dt.datetime: (
        "a date and time like 2025-12-31T23:59:00",
        lambda value, kind: kind.fromisoformat(value),
    ),
    dt.date: ("a date like 2025-12-31", _read_date),
    dt.time: ("a time like 23:59:00", lambda value, kind: kind.fromisoformat(value)),
    dt.timedelta: ("a number of seconds", _read_seconds),
    uuid.UUID: ("a UUID", lambda value, kind: kind(value)),
    pathlib.PurePath: ("a path", lambda value, kind: kind(value)),
}
_PLAIN = (bool, int, float, str, types.NoneType)


def _choice(value: Any, written: Sequence[Any], meant: Sequence[Any], place: str, *, strict: bool) -> Any:
    for one, member in zip(written, meant, strict=True):
        # 1 is True for Python, but not for JSON.
        if one == value and isinstance(one, bool) == isinstance(value, bool):
            return member
    if not strict and isinstance(value, str | int | float):
        word = str(value).strip().strip("\"'").lower()
        for one, member in zip(written, meant, strict=True):
            names = {str(one).lower(), member.name.lower() if isinstance(member, enum.Enum) else ""} - {""}
            if word in names:
                return member
    choices = ", ".join(json.dumps(one, ensure_ascii=False, default=str) for one in written)
    raise _wanted(f"one of {choices}", value, place)


def _either(value: Any, arms: Sequence[Any], place: str, *, strict: bool) -> Any:
    # What fits as it is comes first: a text of digits is no number where a text is wanted as well.
    problems: list[tuple[str, str]] = []
    for exactly in (True,) if strict else (True, False):
        problems = []
        for arm in arms:
            try:
                return fit(value, arm, place=place, strict=exactly)
            except MisfitError as error:
                if arm not in (None, types.NoneType):
                    problems += error.problems
    raise MisfitError(problems)


def _takes_null(annotation: Any) -> bool:
    form = form_of(annotation)
    match form:
        case Anything() | Scalar(types.NoneType):
            return True
        case Either(arms):
            return any(_takes_null(arm) for arm in arms)
        case Noted(inner):
            return _takes_null(inner)
        case _:
            return False


_LIMITS: dict[str, tuple[Callable[[Any, Any], Any], str]] = {
    "ge": (operator.ge, "at least"),
    "gt": (operator.gt, "more than"),
    "le": (operator.le, "at most"),
    "lt": (operator.lt, "less than"),
}


def _bounded(value: Any, bounds: Mapping[str, Any], place: str) -> Any:
    if value is None:
        return None
    for name, limit in bounds.items():
        if name in _LIMITS:
            holds, words = _LIMITS[name]
            if not holds(value, limit):
                raise _wanted(f"{words} {limit}", value, place)
        elif name in ("min_length", "max_length"):
            at_least = name == "min_length"
            if (len(value) < limit) if at_least else (len(value) > limit):
                count = "characters" if isinstance(value, str) else "items"
                words = (
                    f"{'at least' if at_least else 'at most'} {limit} {count} are wanted, not {len(value)}"
                )
                raise MisfitError([(place, words)])
        elif name == "pattern" and not re.search(limit, value):
            raise _wanted(f"a text like {limit!r}", value, place)
        elif name == "multiple_of" and value % limit:
            raise _wanted(f"a multiple of {limit}", value, place)
    return value


def _foreign(value: Any, model: Any, place: str) -> Any:
    from pydantic import ValidationError

    try:
        return model.model_validate(_unquoted(value))
    except ValidationError as error:
        problems = [(_at(place, each["loc"]), each["msg"]) for each in error.errors(include_input=False)]
        raise MisfitError(problems) from None


def _at(place: str, steps: Iterable[str | int]) -> str:
    for step in steps:
        place = f"{place}[{step}]" if isinstance(step, int) else f"{place}.{step}" if place else str(step)
    return place


def _made(make: Callable[[dict[str, Any]], Any], parts: dict[str, Any], place: str) -> Any:
    try:
        return make(parts)
    except (ValueError, TypeError) as error:
        # A class may check its values itself.
        raise MisfitError([(place, shorten(str(error), 200))]) from None
