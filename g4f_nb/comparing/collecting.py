"""Garbage is looked for less often while thousands of calls are under way: there is hardly any.

What a call makes dies with its last reference. Every 700 new objects, which is after a call or two, Python
would look through those of all calls under way all the same: a tenth of what a comparison costs.
"""

from __future__ import annotations

import gc
from types import TracebackType

from g4f_nb.forking import ModuleLock

_SELDOM = 10_000
_lock = ModuleLock()


class SeldomCollected:
    """For a `with`, in any number at once; the last one to leave puts back what the first one found."""

    _inside = 0
    _before = 0

    def __enter__(self) -> None:
        with _lock:
            if not SeldomCollected._inside:
                SeldomCollected._before, *rest = gc.get_threshold()
                # Nought is a user who wants none at all.
                if 0 < SeldomCollected._before < _SELDOM:
                    gc.set_threshold(_SELDOM, *rest)
            SeldomCollected._inside += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with _lock:
            SeldomCollected._inside -= 1
            now, *rest = gc.get_threshold()
            # Whoever changed it meanwhile is not overruled.
            if not SeldomCollected._inside and now == _SELDOM:
                gc.set_threshold(SeldomCollected._before, *rest)
