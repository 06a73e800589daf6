"""A lock of a module, which a forked child finds open, whoever held it in the parent."""

from __future__ import annotations

import os
import threading
from types import TracebackType


class ModuleLock:
    """For a `with`, by one thread at a time and by that as deep as it likes.

    A child has one thread: whoever held the lock in the parent is not there to let it go.
    """

    def __init__(self) -> None:
        self._open()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._open)

    def _open(self) -> None:
        self._lock = threading.RLock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._lock.release()
