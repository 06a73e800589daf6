"""What an object says of itself: its words, its attributes, and neither with a secret in it."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from g4f_nb.prompting.naming import class_name
from g4f_nb.prompting.veiling import veiled
from g4f_nb.secret import MASK

# A text is shown in brackets or quotes at least.
_BRACKETS = 2
_MOST_LOOKED = 10_000


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
