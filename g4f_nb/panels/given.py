"""What a panel is given, checked where it is given: each error says what it was and what it must be."""

from __future__ import annotations

import math
import numbers
import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import traitlets

from g4f_nb.errors import InvalidParameterError, short

_LENGTH = re.compile(r"\d*\.?\d+(?:px|pt|em|rem|ex|ch|lh|cm|mm|in|[sld]?v[hwib]|vmin|vmax|%)", re.IGNORECASE)
_SUM = re.compile(r"(?:calc|min|max|clamp)\([\w\s.%+*/(),-]+\)", re.IGNORECASE)
Called = TypeVar("Called", bound=Callable[..., object])


class Text(traitlets.Unicode):  # type: ignore[type-arg]  # not generic where it runs
    """A text that a user sets."""

    def validate(self, obj: Any, value: Any) -> str:
        """Give it, or say what it is instead."""
        del obj
        if not isinstance(value, str):
            raise InvalidParameterError(f"{self.name} is {short(value)}: it must be a text")
        return value


class Length(traitlets.Unicode):  # type: ignore[type-arg]  # as above
    """A CSS length that a user sets."""

    def validate(self, obj: Any, value: Any) -> str:
        """Give it, or say what it is instead."""
        del obj
        if isinstance(value, str):
            length = value.strip()
            if _LENGTH.fullmatch(length) or _SUM.fullmatch(length):
                return length
        raise InvalidParameterError(
            f'{self.name} is {short(value)}: it must be a CSS length, like "28rem" or "400px"'
        )


class Switch(traitlets.Bool):  # type: ignore[type-arg]  # as above
    """A yes or no that a user sets."""

    def validate(self, obj: Any, value: Any) -> bool:
        """Give it, or say what it is instead."""
        del obj
        if not isinstance(value, bool):
            raise InvalidParameterError(f"{self.name} is {short(value)}: it must be True or False")
        return value


def checked_question(text: object) -> str:
    """A question as a text that says something."""
    if not isinstance(text, str):
        raise InvalidParameterError(f"the question is {short(text)}: it must be a text")
    if not text.strip():
        raise InvalidParameterError(f"the question is {text!r}, which is empty: pass a text")
    return text


def checked_files(files: object) -> tuple[Any, ...]:
    """What goes along with a question, as a tuple; one alone is no list of them."""
    if isinstance(files, Sequence) and not isinstance(files, str | bytes | bytearray):
        return tuple(files)
    raise InvalidParameterError(f"files is {short(files)}: it must be a list, like ['notes.pdf']")


def checked_word(name: str, value: object, *, example: str) -> str:
    """A name in one line, without blanks around it."""
    if not isinstance(value, str) or not value.strip() or not value.strip().isprintable():
        raise InvalidParameterError(
            f"{name} is {short(value)}: it must be a name in one line, like {example!r}"
        )
    return value.strip()


def checked_seed(seed: object) -> int | None:
    """A seed of the shuffling."""
    if seed is not None and (not isinstance(seed, int) or isinstance(seed, bool)):
        raise InvalidParameterError(
            f"seed is {short(seed)}: it must be a whole number, or None for any order"
        )
    return seed


def checked_seconds(timeout: object) -> float | None:
    """How long to wait at most."""
    if timeout is None:
        return None
    known = isinstance(timeout, numbers.Real) and not isinstance(timeout, bool)
    if not known or math.isnan(timeout) or timeout < 0:  # type: ignore[arg-type,operator]  # a number
        raise InvalidParameterError(
            f"timeout is {short(timeout)}: it must be a number of seconds from 0, or None for no limit"
        )
    return float(timeout)  # type: ignore[arg-type]  # as above


def checked_callback(callback: Called) -> Called:
    """A function to be called with a reply."""
    if not callable(callback):
        raise InvalidParameterError(
            f"callback is {short(callback)}: it must be a function that takes a reply"
        )
    return callback
