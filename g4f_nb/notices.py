"""One visible line for what a user should know although nothing failed."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from g4f_nb.newest import Newest

# Beyond so many different lines the set starts anew, for a kernel may live for weeks.
_MOST = 1000
_told: set[str] = set()
# When each login was asked for last: hundreds of calls may wait for the same one.
_logins: Newest[str, float] = Newest(_MOST)
_SAME_LOGIN = 30.0
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


_unheard: ContextVar[bool] = ContextVar("_unheard", default=False)


@contextmanager
def unheard() -> Iterator[None]:
    """Say nothing of what is done here, as while somebody types: it would land in any cell."""
    before = _unheard.set(True)
    try:
        yield
    finally:
        _unheard.reset(before)


def tell(text: str, *, once: bool = True) -> None:
    """Write a line to stderr; the same line is written once a process, so that loops stay readable."""
    if len(_told) > _MOST:
        _told.clear()
    if _unheard.get() or (once and text in _told):
        return
    _told.add(text)
    print(f"g4f_nb: {text}", file=sys.stderr)  # noqa: T201  # telling the user is the purpose


def forget() -> None:
    """Tell everything anew, as another kernel would."""
    _told.clear()
    _logins.clear()


def tell_login(label: str, login_url: str) -> None:
    """Ask the user to log in, where no cell or panel shows it; once, however many calls wait for it."""
    text = _CONTROL.sub(" ", f"{label} waits for your login: {login_url}")
    now = time.monotonic()
    if now - _logins.get(text, -_SAME_LOGIN) < _SAME_LOGIN:
        return
    _logins[text] = now
    tell(text, once=False)
