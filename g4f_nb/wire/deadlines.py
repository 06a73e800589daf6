"""A limit on one wait: of time, and of the connection that is waited for."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import Self

from g4f_nb.wire.translation import OutOfTimeError, bare

# How often to look whether the connection that is waited for is still there, and once more to be sure.
_LOOK = 0.5
_LOOK_AGAIN = 0.05
# A timer may fire that much early.
_TICK = 0.002


class Deadline:
    """Limits one wait, like `asyncio.timeout`, which costs as much as a tenth of a small request."""

    __slots__ = (
        "_at", "_end", "_gone", "_handle", "_limit", "_loop", "_reason", "_requests", "_seen", "_task",
    )  # fmt: skip

    def __init__(
        self, limit: float | None, end: float | None, gone: Callable[[], bool] | None = None
    ) -> None:
        self._limit = limit
        self._end = end
        self._gone = gone
        self._seen = False
        self._reason: Callable[[], Exception] | None = None

    def __enter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        now = self._loop.time()
        at = math.inf if self._end is None else self._end
        self._at = at if self._limit is None else min(at, now + self._limit)
        self._task = asyncio.current_task()
        self._requests = self._task.cancelling() if self._task else 0
        self._handle: asyncio.TimerHandle | None = None
        self._arm(now + _LOOK)
        return self

    def again(self) -> None:
        """Begin the limit anew: something has moved."""
        if self._limit is not None:
            self._at = min(math.inf if self._end is None else self._end, self._loop.time() + self._limit)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, *_: object) -> None:
        if self._handle is not None:
            self._handle.cancel()
        if self._reason is None or self._task is None:
            return
        # Somebody else's cancellation, at the same moment, is theirs and goes on.
        if self._task.uncancel() <= self._requests and kind is asyncio.CancelledError and error is not None:
            # Where tasks are Python's own, it will be the context of whatever is raised from here on.
            bare(error)
            raise self._reason() from None

    def _arm(self, look: float) -> None:
        at = self._at if self._gone is None else min(self._at, look)
        if at < math.inf:
            self._handle = self._loop.call_at(at, self._look)

    def _look(self) -> None:
        now = self._loop.time()
        if now + _TICK >= self._at:
            self._pass(OutOfTimeError if self._at == self._end else TimeoutError)
        elif self._gone is None or not self._gone():
            self._arm(now + _LOOK)
        elif self._seen:
            self._pass(lost)
        else:
            # What came last may just be on its way to whoever waits.
            self._seen = True
            self._arm(now + _LOOK_AGAIN)

    def _pass(self, reason: Callable[[], Exception]) -> None:
        if self._task is not None:
            self._reason = reason
            self._task.cancel()


def lost() -> Exception:
    """What aiohttp would raise, if it noticed."""
    import aiohttp

    return aiohttp.ClientPayloadError("the connection was closed")
