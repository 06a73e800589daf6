"""One visible line for what a user should know although nothing failed."""

from __future__ import annotations

import sys

_told: set[str] = set()
# Beyond this many different lines the set starts anew, for a kernel may live for weeks.
_MOST = 1000


def tell(text: str, *, once: bool = True) -> None:
    """Write a line to stderr; the same line is written once a process, so that loops stay readable."""
    if len(_told) > _MOST:
        _told.clear()
    if once and text in _told:
        return
    _told.add(text)
    print(f"g4f_nb: {text}", file=sys.stderr)  # noqa: T201  # telling the user is the purpose
