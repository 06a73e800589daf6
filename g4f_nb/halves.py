"""Text as it can be kept, sent and shown: no lone half of a surrogate pair is in it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

from g4f_nb.errors import InvalidParameterError

_TOO_DEEP = (
    "what would be sent holds itself, or hundreds of lists and dicts one in the other, which JSON cannot: "
    "give messages and parameters of texts, numbers, and flat lists and dicts"
)


def sound(text: str) -> str:
    """The text with U+FFFD for each lone surrogate; two halves that belong together are one character."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", errors="surrogatepass").decode("utf-16", errors="replace")
    return text


def sound_parts(value: Any) -> Any:
    """The same of every text in lists and dicts, which hold neither themselves nor others without end."""
    return _within_reason(_sound_parts, value)


def sound_copy(value: Any) -> Any:
    """The same of a deep copy, which nobody changes later."""
    return _within_reason(lambda given: _sound_parts(copy.deepcopy(given)), value)


def _within_reason(make: Callable[[Any], Any], value: Any) -> Any:
    try:
        return make(value)
    except RecursionError:
        pass
    # Not from within: a traceback of a thousand frames says nothing.
    raise InvalidParameterError(_TOO_DEEP)


def _sound_parts(value: Any) -> Any:
    if isinstance(value, str):
        return sound(value)
    if isinstance(value, Mapping):
        return {_sound_parts(name): _sound_parts(each) for name, each in value.items()}
    if type(value) in (list, tuple):
        return type(value)(map(_sound_parts, value))
    return value
