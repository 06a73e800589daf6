"""Values as Python writes them, shortened where they are long; hostile, endless and nested ones, too."""

from __future__ import annotations

import dataclasses
import re
import types
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import islice
from typing import Any

from g4f_nb.prompting.limits import fits, one_line, room_for
from g4f_nb.prompting.naming import class_name, is_a, kind_of, shape_of
from g4f_nb.secret import MASK

# What is tried, one after the other, until a value fits: items a level, characters a text, levels.
_STEPS = (
    (1_000_000, 100_000_000, 40), (200, 4_000, 12), (100, 1_000, 8), (50, 400, 8), (20, 200, 8), (10, 100, 6),
    (5, 60, 6), (5, 60, 4), (3, 40, 2),
)  # fmt: skip
# A number of more digits takes Python very long, and then it refuses.
_MOST_BITS = 10_000
_FIELDS = 60
_TEXTS = ("Timestamp", "Timedelta", "Period", "NaTType", "NAType", "Interval", "ExtensionDtype")
_SECRET = re.compile(
    r"(?im)passw|passphrase|secret|credential|authorization|cookie|(?:api|access|private|auth)[_-]?key"
    r"|(?:access|auth|refresh|bearer|api)[_-]?token|^[A-Z0-9_]+_(?-i:KEY|TOKEN)$"
)
_BRACKETS = 2
_MOST_LOOKED = 10_000
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


def said_by(value: Any, length: int, *, plain: bool = False) -> str:
    """What an object says of itself: `str` with `plain`, else its `repr`; or that it cannot."""
    try:
        said = str(value) if plain else repr(value)
    except (Exception, SystemExit) as error:  # noqa: BLE001  # a user's own class may raise anything
        return f"<{class_name(value)}, whose text cannot be had: {type(error).__name__}>"
    return said if len(said) <= length else f"{said[:length]}… (+{len(said) - length:,} characters)"


def speaks(value: Any) -> bool:
    """Whether its class has words for it, other than every object's `<… object at 0x…>`."""
    return has_own_str(value) or "__repr__" in _defined(value)


def has_own_str(value: Any) -> bool:
    """Whether its class has another text for people than for programmers."""
    return "__str__" in _defined(value)


def _defined(value: Any) -> set[str]:
    return {name for kind in type(value).__mro__ if kind is not object for name in vars(kind)}


def attributes_of(value: Any) -> Iterator[tuple[str, Any]]:
    """The fields of a dataclass or model that its repr would show, else what an object does not hide."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            if field.repr:
                yield field.name, veiled(field.name, getattr(value, field.name, None))
        return
    told = getattr(type(value), "__repr_args__", None)
    if told is not None:
        # pydantic's own: what is secret is masked, and what is not to be shown is not in it.
        yield from ((name or "", veiled(name, item)) for name, item in told(value))
        return
    if hasattr(type(value), "__attrs_attrs__"):
        for each in type(value).__attrs_attrs__:
            if each.repr:
                yield each.name, veiled(each.name, getattr(value, each.name, None))
        return
    for name, item in list(getattr(value, "__dict__", {}).items()):
        if isinstance(name, str) and not name.startswith("_"):
            yield name, veiled(name, item)


def veiled(name: object, value: Any) -> Any:
    """A value that goes by the name of a password or key: `***`, for nobody has asked for it."""
    return MASK if is_secret_name(name) and not _says_nothing(value) else value


def _says_nothing(value: Any) -> bool:
    """Whether it is empty, or only says that there is a secret or none, or is no value but code."""
    if isinstance(value, str | bytes | bytearray | list | tuple | dict | set | frozenset):
        return len(value) == 0
    return value is None or isinstance(value, bool) or callable(value)


def is_secret_name(name: object) -> bool:
    """Whether what goes by this name is surely a secret; a `token` or `key` alone may be anything."""
    if isinstance(name, bytes):
        name = name.decode("latin-1")
    if isinstance(name, tuple):
        # A label of several levels.
        return any(map(is_secret_name, name))
    return isinstance(name, str) and _SECRET.search(name) is not None


def without_secrets(text: str, value: Any) -> str:
    """The repr of a collection with `***` for what goes by the name of a secret in it."""
    # Held while it lasts: the id of what is gone may be another's.
    waiting, seen = [value], dict[int, Any]()
    while waiting and len(seen) < _MOST_LOOKED:
        each = waiting.pop()
        if id(each) in seen:
            continue
        seen[id(each)] = each
        for name, item in _named_in(each):
            if veiled(name, item) is item:
                waiting.append(item)
            elif len(said := repr(item)) > _BRACKETS:
                text = text.replace(said, repr(MASK))
    return text


def _named_in(value: Any) -> Iterable[tuple[object, Any]]:
    if isinstance(value, Mapping):
        return islice(value.items(), _MOST_LOOKED)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return zip(value._fields, value, strict=False)
    if isinstance(value, list | tuple):
        return ((None, item) for item in value[:_MOST_LOOKED])
    return vars(value).items() if has_made_repr(value) and hasattr(value, "__dict__") else ()


def any_secret_name(names: Iterable[object]) -> bool:
    """Whether one of many names may be a secret's; quickly, for a table has many."""
    return _SECRET.search("\n".join(map(_name, names))) is not None


def _name(name: object) -> str:
    if isinstance(name, tuple):
        return "\n".join(map(_name, name))
    return name.decode("latin-1") if isinstance(name, bytes) else name if isinstance(name, str) else ""


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


def has_made_repr(value: Any) -> bool:
    """Whether the repr only lists attributes, as a dataclass's does: nothing would be shortened or masked."""
    told: Any = type(value).__repr__
    if dataclasses.is_dataclass(value):
        return hasattr(told, "__wrapped__")
    if told is types.SimpleNamespace.__repr__:
        return True
    if hasattr(type(value), "__attrs_attrs__"):
        code = getattr(told, "__code__", None)
        return code is not None and str(code.co_filename).startswith("<attrs generated")
    # That of `argparse.Namespace`.
    return getattr(told, "__qualname__", "") == "_AttributeHolder.__repr__"
