"""The second door: the producer is on our own loop, and batches come through a queue of this thread."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import queue
import threading
import time
from collections.abc import AsyncIterator, Awaitable
from typing import TypeVar

from g4f_nb.errors import LoopError
from g4f_nb.loops.handover import BACKLOG, Batches, raise_if_cancelled, resolve
from g4f_nb.loops.ownloop import BEAT, CLOSING, hold_daemons_at_exit, own_loop, running_loop

T = TypeVar("T")


class OwnBatches(Batches[T]):
    """The second door: the producer lives on our own loop, the consumer waits on its own thread."""

    def __init__(self, source: AsyncIterator[T] | Awaitable[T], *, beat: float | None = None) -> None:
        super().__init__(source)
        self._beat = beat
        self._own = own_loop()
        self._inbox: queue.SimpleQueue[tuple[list[T], bool]] = queue.SimpleQueue()
        self._context = contextvars.copy_context()
        running = running_loop()
        self._outer = asyncio.current_task(running) if running else None
        self._asked = self._outer.cancelling() if self._outer else 0
        self._started = self._ended = self._announced = False
        self._late: list[T] = []
        # Two counters, for each may be written by one thread only.
        self._given = self._taken = 0
        self._drained: asyncio.Future[None] | None = None

    def __next__(self) -> list[T]:
        if not self._started:
            self._started = True
            self._own.loop.call_soon_threadsafe(self._start)
        while not self._ended:
            try:
                batch = self._take(self._beat or BEAT)
            except queue.Empty:
                if self._beat is not None:
                    return []
                raise_if_cancelled(self._outer, self._asked)
                if not self._own.alive:
                    raise LoopError("g4f_nb's own loop ended in the middle of a stream: call again") from None
                continue
            if batch:
                return batch
        hold_daemons_at_exit()
        self._raise_failure()
        raise StopIteration

    def close(self) -> None:
        """End the producer, and wait until it has ended."""
        if not self._started or self._ended or not self._own.alive:
            return
        self._own.loop.call_soon_threadsafe(self._stop)
        if threading.current_thread() is self._own.thread:
            return
        end = time.monotonic() + CLOSING
        while time.monotonic() < end and not self._ended:
            with contextlib.suppress(queue.Empty):
                self._late += self._take(BEAT)

    def rest(self) -> list[T]:
        """After `close`: what had been received and was not taken."""
        late, self._late = self._late, []
        return late

    def _take(self, seconds: float) -> list[T]:
        batch, self._ended = self._inbox.get(timeout=seconds)
        self._taken += len(batch)
        if self._drained is not None and self._given - self._taken < BACKLOG:
            self._own.loop.call_soon_threadsafe(self._resume)
        return batch

    # What follows runs on our own loop.

    def _start(self) -> None:
        self._task = self._own.loop.create_task(self._produce(), context=self._context)
        self._task.add_done_callback(self._end)

    def _stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def _end(self, task: asyncio.Task[None]) -> None:
        self._forget(task)
        self._hand_over(ended=True)

    def _announce(self) -> None:
        # Handing over in a callback of its own gives the whole received batch: it runs once the producer
        # has used up its buffer and waits for the network again. At the end, `_end` hands over.
        if not self._announced and not self._finished:
            self._announced = True
            self._own.loop.call_soon(self._hand_over)

    def _hand_over(self, *, ended: bool = False) -> None:
        self._announced = False
        if self._finished and not ended:
            return
        if self._items or ended:
            batch, self._items = self._items, []
            self._given += len(batch)
            self._inbox.put((batch, ended))

    def _behind(self) -> bool:
        return self._given - self._taken >= BACKLOG

    async def _room(self) -> None:
        self._hand_over()
        if self._given - self._taken < BACKLOG:
            # A source that never waits would otherwise keep everybody else off this loop.
            await asyncio.sleep(0)
            return
        self._drained = self._own.loop.create_future()
        # The consumer may have taken everything before it could see the future.
        if self._given - self._taken >= BACKLOG:
            await self._drained
        self._drained = None

    def _resume(self) -> None:
        if self._drained is not None:
            resolve(self._drained)
