"""The first door: producer and consumer share the caller's loop, which the consumer enters again."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import sys
import time
from collections.abc import AsyncIterator, Awaitable
from typing import TypeVar

from g4f_nb.errors import LoopError
from g4f_nb.loops.handover import BACKLOG, Batches, raise_if_cancelled, resolve
from g4f_nb.loops.ownloop import BEAT, CLOSING, running_loop

T = TypeVar("T")

# One turn of a loop as Python has it, whoever has patched the classes beneath. It is no part of asyncio that
# is promised: where it is gone, no loop can be entered again.
_COUNTING_TURN = getattr(getattr(asyncio.BaseEventLoop, "_run_once", None), "__code__", None)


def can_enter_again() -> bool:
    """Whether loops of this Python are known well enough to be run while they run."""
    return _COUNTING_TURN is not None


class CallersBatches(Batches[T]):
    """Batches of a producer on the loop that runs here; each wait for one is a run of that loop."""

    def __init__(self, source: AsyncIterator[T] | Awaitable[T]) -> None:
        super().__init__(source)
        self._loop = _patched_running_loop()
        self._due = _due_now(self._loop)
        self._outer = asyncio.current_task(self._loop)
        self._asked = self._outer.cancelling() if self._outer else 0
        self._ready: asyncio.Future[None] | None = None
        self._drained: asyncio.Future[None] | None = None

    def __next__(self) -> list[T]:
        if self._task is None:
            self._task = self._loop.create_task(self._produce(), context=contextvars.copy_context())
        while not self._items:
            if self._finished:
                self._raise_failure()
                raise StopIteration
            if running_loop() is not self._loop:
                raise LoopError("this generator began on another thread's event loop: go on with it there")
            self._turn(BEAT)
            raise_if_cancelled(self._outer, self._asked)
        batch, self._items = self._items, []
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)
        return batch

    def close(self) -> None:
        """Cancel the producer and run the loop until it has ended."""
        task = self._task
        if task is None or task.done():
            return
        task.add_done_callback(self._forget)
        if running_loop() is not self._loop:
            # Collected on another thread: ask, but do not wait for a loop that we cannot enter.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(task.cancel)
            return
        task.cancel()
        end = time.monotonic() + CLOSING
        while not task.done() and time.monotonic() < end:
            self._turn(BEAT, until=task)

    def _turn(self, seconds: float, *, until: asyncio.Task[None] | None = None) -> None:
        """Run the loop until something was announced, or for so many seconds."""
        self._ready = ready = self._loop.create_future()
        wake = self._loop.call_later(seconds, resolve, ready)
        if until is not None:
            until.add_done_callback(lambda _: resolve(ready))
        try:
            self._loop.run_until_complete(ready)
        finally:
            wake.cancel()
            ready.cancel()
            self._ready = None
            while _ready_in(self._loop) < self._due:
                self._loop.call_soon(int).cancel()

    def _announce(self) -> None:
        if self._ready is not None:
            resolve(self._ready)

    async def _room(self) -> None:
        if len(self._items) >= BACKLOG:
            self._drained = self._loop.create_future()
            await self._drained
        else:
            # A source that never waits would otherwise keep the consumer out for the whole backlog.
            await asyncio.sleep(0)


def _patched_running_loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.get_running_loop()
    if not hasattr(loop, "_nest_patched"):
        import nest_asyncio2

        run = asyncio.run
        nest_asyncio2.apply(loop)
        # Its own `run` leaves the loop open, with the connections on it, and does not know of Ctrl-C. A user
        # who wants that one calls `apply()`, which must then not believe that it has been called already.
        asyncio.run = run
        for mark in ("_nest_patched", "_nest_asyncio2"):
            vars(asyncio).pop(mark, None)
    return loop


def _due_now(loop: asyncio.AbstractEventLoop) -> int:
    """How many callbacks the turn of the loop under way may still want to take, if it has counted them.

    A turn that began before the loop was patched knows beforehand how many it takes. If some of them run in
    here, it would find none in their place, and the loop would end, with a kernel or a script around it.
    """
    frame = sys._getframe()  # noqa: SLF001  # the only way to know what this was called from
    while frame is not None:
        if frame.f_code is _COUNTING_TURN and frame.f_locals.get("self") is loop:
            return _ready_in(loop)
        frame = frame.f_back  # type: ignore[assignment]  # `None` ends it
    return 0


def _ready_in(loop: asyncio.AbstractEventLoop) -> int:
    return len(getattr(loop, "_ready", ()))
