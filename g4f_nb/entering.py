"""Texts and switches as they enter: anything else is told by its kind, for it may hold a key."""

from __future__ import annotations

from typing import Any

from g4f_nb.errors import InvalidParameterError, sort_of


def check_text(name: str, value: object, way_out: str) -> None:
    """Refuse what is no text, before anything compares it: an array has no one truth."""
    if not isinstance(value, str):
        shown = "None" if value is None else sort_of(value)
        raise InvalidParameterError(f"{name} is {shown}: {way_out}")


def check_switch(name: str, value: object) -> None:
    """Refuse what is neither true nor false; 0 and 1, and what numpy has for them, are."""
    if not is_switch(value):
        raise InvalidParameterError(f"{name} is {sort_of(value)}: it must be True or False")


def is_switch(value: Any) -> bool:
    """Whether it can be told at once if that means yes or no."""
    return value is None or isinstance(value, bool | int) or type(value).__name__ in ("bool", "bool_")


def is_given(address: object) -> bool:
    """Whether something is said there, whatever it is: what is no text is refused where it is looked up."""
    return address is not None and not (isinstance(address, str) and not address)
