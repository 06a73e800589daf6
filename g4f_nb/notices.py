"""One visible line for what a user should know although nothing failed."""

from __future__ import annotations

import sys

_told: set[str] = set()


def tell(text: str, *, once: bool = True) -> None:
    """Write a line to stderr; the same line is written once a process, so that loops stay readable."""
    if once and text in _told:
        return
    _told.add(text)
    print(f"g4f_nb: {text}", file=sys.stderr)  # noqa: T201  # telling the user is the purpose
