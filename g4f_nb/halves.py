"""Text as it can be kept, sent and shown: no lone half of a surrogate pair is in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


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
    """The same of every text in lists and dicts."""
    if isinstance(value, str):
        return sound(value)
    if isinstance(value, Mapping):
        return {sound_parts(name): sound_parts(each) for name, each in value.items()}
    if type(value) in (list, tuple):
        return type(value)(map(sound_parts, value))
    return value
