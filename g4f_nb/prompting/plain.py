"""Values as Python writes them, shortened where they are long; hostile, endless and nested ones, too."""

from __future__ import annotations

import dataclasses
import types
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import islice
from typing import Any

from g4f_nb.prompting.limits import fits, one_line, room_for
from g4f_nb.prompting.naming import class_name, is_a, kind_of, shape_of
from g4f_nb.prompting.speaking import attributes_of, has_made_repr, said_by, speaks
from g4f_nb.prompting.veiling import veiled

# What is tried, one after the other, until a value fits: items a level, characters a text, levels.
_STEPS = (
    (1_000_000, 100_000_000, 40), (200, 4_000, 12), (100, 1_000, 8), (50, 400, 8), (20, 200, 8), (10, 100, 6),
    (5, 60, 6), (5, 60, 4), (3, 40, 2),
)  # fmt: skip
# A number of more digits takes Python very long, and then it refuses.
_MOST_BITS = 10_000
_FIELDS = 60
_TEXTS = ("Timestamp", "Timedelta", "Period", "NaTType", "NAType", "Interval", "ExtensionDtype")
_BRACKETS = 2
_CONTAINERS = (Mapping, list, tuple, AbstractSet, deque, types.MappingProxyType)


class _TooLongError(Exception):
    """There is no room for more; the next step is tried."""


def literal(value: Any, budget: int) -> tuple[str, bool]:
    """A value within so many tokens, and whether something of it was left out."""
    for step, (items, characters, levels) in enumerate(_STEPS):
        writer = _Writer(items, characters, levels, room_for(budget))
        try:
            text = writer.write(value)
        except _TooLongError:
            continue
        if fits(text, budget):
            return text, step > 0 and writer.shortened
    return f"<{kind_of(value)}>", True


def short(value: Any, length: int) -> str:
    """A value on one line of at most so many characters, whatever it is: a cell of a table, an item."""
    if isinstance(value, str):
        return one_line(value, length)
    writer = _Writer(20, length, 3, 20 * length + 200)
    try:
        return one_line(writer.write(value), length)
    except _TooLongError:
        return f"<{kind_of(value)}>"


class _Writer:
    """Writes one value; what is in the value already being written is a circle, and said to be one."""

    def __init__(self, items: int, characters: int, levels: int, room: int) -> None:
        self._items, self._characters, self._levels, self._room = items, characters, levels, room
        self._within: list[int] = []
        self.shortened = False

    def write(self, value: Any) -> str:
        text = self._written(value)
        # What is in a container was counted when it was written: a list of a million texts ends early.
        self._room -= _BRACKETS if isinstance(value, _CONTAINERS) else len(text)
        if self._room < 0:
            raise _TooLongError
        return text

    def _written(self, value: Any) -> str:
        if isinstance(value, str | bytes | bytearray):
            return self._text(value)
        if is_a(value, "numpy", "generic") or _reads_well(value):
            # `np.float64(1.5)` in a list is the number to whoever reads it.
            return said_by(value, self._characters, plain=True)
        if value is None or isinstance(value, bool | float | complex):
            return repr(value)
        if isinstance(value, int):
            return (
                repr(value) if value.bit_length() <= _MOST_BITS else f"<int of {value.bit_length():,} bits>"
            )
        return self._compound(value)

    def _compound(self, value: Any) -> str:
        if id(value) in self._within:
            return "<the same again>"
        if len(self._within) >= self._levels:
            self.shortened = True
            return f"<{kind_of(value)}>"
        self._within.append(id(value))
        try:
            return self._opened(value)
        except (_TooLongError, KeyboardInterrupt):
            raise
        except (Exception, SystemExit) as error:  # noqa: BLE001  # a user's own class may raise anything
            return f"<{class_name(value)}, which cannot be read: {type(error).__name__}>"
        finally:
            self._within.pop()

    def _opened(self, value: Any) -> str:
        name = type(value).__name__
        if isinstance(value, Mapping | types.MappingProxyType):
            pairs = value.most_common() if isinstance(value, Counter) else value.items()
            text = self._pairs(pairs, len(value))
            return text if type(value) is dict else self._called(name, text)
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            told = zip(value._fields, value, strict=False)
            return f"{name}({self._named((field, veiled(field, item)) for field, item in told)})"
        if isinstance(value, list | tuple | deque | AbstractSet):
            return self._items_of(value, name)
        if shape_of(value) and not isinstance(value, type):
            return f"<{kind_of(value)}>"
        if hasattr(type(value), "__repr_args__") or not speaks(value) or has_made_repr(value):
            return self._object(value)
        return self._text_of(value)

    def _text_of(self, value: Any) -> str:
        said = said_by(value, self._characters)
        self.shortened = self.shortened or said.endswith(" characters)")
        return said

    def _object(self, value: Any) -> str:
        attributes = list(islice(attributes_of(value), _FIELDS + 1))
        if not attributes and not dataclasses.is_dataclass(value):
            return f"<{type(value).__name__} object>"
        self.shortened = self.shortened or len(attributes) > _FIELDS
        more = ", …" if len(attributes) > _FIELDS else ""
        return f"{type(value).__name__}({self._named(attributes[:_FIELDS])}{more})"

    def _named(self, pairs: Iterable[tuple[str, Any]]) -> str:
        return ", ".join(f"{name}={self.write(item)}" if name else self.write(item) for name, item in pairs)

    def _text(self, value: str | bytes | bytearray) -> str:
        if len(value) <= self._characters:
            if len(value) > self._room:
                raise _TooLongError
            return repr(value)
        self.shortened = True
        what = "characters" if isinstance(value, str) else "bytes"
        return f"{value[: self._characters]!r}… (+{len(value) - self._characters:,} {what})"

    def _pairs(self, pairs: Iterable[tuple[Any, Any]], length: int) -> str:
        shown = [
            f"{self.write(key)}: {self.write(veiled(key, item))}" for key, item in islice(pairs, self._items)
        ]
        return "{" + ", ".join([*shown, *self._rest(length)]) + "}"

    def _items_of(self, value: Sequence[Any] | AbstractSet[Any], name: str) -> str:
        shown = [self.write(item) for item in islice(_in_order(value), self._items)]
        inside = ", ".join([*shown, *self._rest(len(value))])
        if type(value) is list:
            return f"[{inside}]"
        if type(value) is tuple:
            return f"({inside},)" if len(value) == 1 else f"({inside})"
        if type(value) is set:
            return f"{{{inside}}}" if shown else "set()"
        return self._called(name, f"{{{inside}}}" if isinstance(value, AbstractSet) else f"[{inside}]")

    def _rest(self, length: int) -> list[str]:
        if length <= self._items:
            return []
        self.shortened = True
        return [f"… (+{length - self._items:,} more)"]

    @staticmethod
    def _called(name: str, text: str) -> str:
        return f"{name}({text})"


def _in_order(value: Sequence[Any] | AbstractSet[Any]) -> Iterable[Any]:
    """The items; those of a set sorted where they can be, for its own order is another in each process."""
    if not isinstance(value, AbstractSet) or len(value) > 100_000:  # noqa: PLR2004
        return value
    try:
        return sorted(value)
    except Exception:  # noqa: BLE001  # of several kinds, or of a user's own
        return value


def _reads_well(value: Any) -> bool:
    """Whether it is one of those whose text says all, and whose repr only says it longer."""
    return is_a(value, "numpy", "dtype") or any(is_a(value, "pandas", name) for name in _TEXTS)
