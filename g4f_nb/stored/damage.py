"""What a row must hold, whoever wrote it: one with something else is left out of lists, and that is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

import orjson

from g4f_nb.errors import InvalidParameterError, short
from g4f_nb.notices import tell
from g4f_nb.stored.inbox import Row

# Seconds since 1970 at the end of the year 9999, after which there are no dates. SQLite takes texts and bytes
# for more than any number.
END_OF_TIME = 253_402_300_799
# No column of integers could hold more.
_MOST = 2**53
T = TypeVar("T")


class DamagedRowError(InvalidParameterError):
    """A row that somebody asks for holds what it cannot hold."""


def text(value: object, name: str) -> str:
    """A text, or an error."""
    if not isinstance(value, str):
        raise DamagedRowError(f"its {name} is {short(value)}")
    return value


def count(value: object, name: str) -> int:
    """A count that fits a column, or an error."""
    if type(value) is not int or not 0 <= value < _MOST:
        raise DamagedRowError(f"its {name} is {short(value)}")
    return value


def moment(value: object, name: str) -> float:
    """Seconds since 1970 that are a date, or an error."""
    found = moment_or_none(value)
    if found is None:
        raise DamagedRowError(f"its {name} is {short(value)}")
    return found


def moment_or_none(value: object) -> float | None:
    """Seconds since 1970, if they are a date."""
    return value if isinstance(value, int | float) and 0 <= value < END_OF_TIME else None


def record(value: Any, name: str) -> dict[str, Any]:
    """A record from its JSON, or an error."""
    found = record_or_none(value)
    if found is None:
        raise DamagedRowError(f"its {name} is no JSON object")
    return found


def record_or_none(value: Any) -> dict[str, Any] | None:
    """A record from its JSON, if it is one."""
    try:
        found = orjson.loads(value)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None


def readable(rows: Iterable[Row], read: Callable[[Row], T], what: str) -> Iterator[T]:
    """The rows as they are read, but for those that are damaged: their first value tells which."""
    for row in rows:
        try:
            yield read(row)
        except DamagedRowError as damage:
            tell(f"the store has {what} {short(row[0])} that is damaged and left out: {damage}")
