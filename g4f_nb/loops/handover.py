"""Batches handed from one producer task to a consumer elsewhere: on the same loop, or on another thread.

The producer runs the whole async generator in one task; whatever one received buffer gives is one batch.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import queue
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Coroutine, Iterator
from typing import Any, Generic, Self, TypeVar

from g4f_nb.errors import LoopError
from g4f_nb.loops.ownloop import BEAT, CLOSING, hold_daemons_at_exit, own_loop, running_loop

T = TypeVar("T")

# Items handed over at once, and items that may wait for a slow consumer.
_BATCH, _BACKLOG = 512, 4096
# How old a batch may grow, in seconds, while its source does not let go of the loop.
_AGE = 0.05
# One turn of a loop as Python has it, whoever has patched the classes beneath.
_COUNTING_TURN = asyncio.BaseEventLoop._run_once.__code__  # type: ignore[attr-defined]  # noqa: SLF001


class closing:  # noqa: N801  # a verb, like contextlib's, and for `async with` alone
    """Close a stream when done with it, if it is of a kind that can be closed."""

    __slots__ = ("_source",)

    def __init__(self, source: object) -> None:
        self._source = source

    async def __aenter__(self) -> None:
        pass

    async def __aexit__(self, *_: object) -> None:
        close = getattr(self._source, "aclose", None)
        if close is not None:
            await close()


class _Production(Generic[T]):
    """The one task that runs a source; what it gives waits here for whoever takes it."""

    def __init__(self, source: AsyncIterator[T] | Awaitable[T]) -> None:
        self._source = source
        self._items: list[T] = []
        self._task: asyncio.Task[None] | None = None
        self._error: BaseException | None = None
        self._finished = False

    async def _produce(self) -> None:
        source = self._source
        try:
            if not hasattr(source, "__anext__"):
                self._items.append(await source)
                return
            async with closing(source):
                await self._receive(source)  # type: ignore[arg-type]  # it is one
        except BaseException as error:
            self._error = error
            # SystemExit and KeyboardInterrupt are for the consumer; raised by a task they would end the loop.
            if isinstance(error, asyncio.CancelledError):
                raise
        finally:
            self._finished = True
            self._announce()

    async def _receive(self, source: AsyncIterator[T]) -> None:
        oldest = 0.0
        async for item in source:
            self._items.append(item)
            if len(self._items) == 1:
                oldest = time.monotonic()
                self._announce()
                if self._behind():
                    await self._room()
            elif len(self._items) % _BATCH == 0 or time.monotonic() - oldest > _AGE:
                await self._room()
                oldest = time.monotonic()

    def _behind(self) -> bool:
        """Whether the consumer has yet to take more than it should, beside the batch at hand."""
        return False

    def _announce(self) -> None:
        """Tell the consumer that there is something to take."""
        raise NotImplementedError  # pragma: no cover  # abstract

    async def _room(self) -> None:
        """Wait until the consumer is near enough."""
        raise NotImplementedError  # pragma: no cover  # abstract

    def _forget(self, task: asyncio.Task[None]) -> None:
        """Leave nothing that a garbage collection would complain of."""
        if not task.cancelled():
            task.exception()
        # A task that was cancelled before its first step has never awaited it.
        discard(self._source)

    def _raise_failure(self) -> None:
        error, self._error = self._error, None
        if error is not None:
            try:
                raise error
            finally:
                # The frame is part of the traceback; holding the error would make a cycle.
                del error


class Batches(_Production[T], Iterator[list[T]]):
    """Batches of what a source gives; `close` ends the producer."""

    def close(self) -> None:
        """End the producer, if it has not ended."""
        raise NotImplementedError  # pragma: no cover  # abstract


class LocalBatches(_Production[T]):
    """Producer and consumer are tasks of one loop; begins at once, and `aclose` ends it.

    For a consumer that has several sources, or that must not be the task in which a source runs: another one
    might take over from it in the middle.
    """

    def __init__(self, source: AsyncIterator[T] | Awaitable[T]) -> None:
        super().__init__(source)
        self._ready = asyncio.Event()
        self._drained: asyncio.Event = asyncio.Event()
        self._task = asyncio.get_running_loop().create_task(self._produce())
        self._task.add_done_callback(self._forget)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> list[T]:
        while not self._items:
            if self._finished:
                self._raise_failure()
                raise StopAsyncIteration
            self._ready.clear()
            await self._ready.wait()
        batch, self._items = self._items, []
        self._drained.set()
        return batch

    async def aclose(self) -> None:
        """Cancel the producer and wait until it has ended, as long as it takes to close a connection."""
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait({self._task}, timeout=CLOSING)

    def _announce(self) -> None:
        self._ready.set()

    async def _room(self) -> None:
        if len(self._items) >= _BACKLOG:
            self._drained.clear()
            await self._drained.wait()
        else:
            # A source that never waits would otherwise keep the consumer out for the whole backlog.
            await asyncio.sleep(0)


class CallersBatches(Batches[T]):
    """The first door: producer and consumer share the caller's loop, which the consumer enters again."""

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
            _raise_if_cancelled(self._outer, self._asked)
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
        wake = self._loop.call_later(seconds, _resolve, ready)
        if until is not None:
            until.add_done_callback(lambda _: _resolve(ready))
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
            _resolve(self._ready)

    async def _room(self) -> None:
        if len(self._items) >= _BACKLOG:
            self._drained = self._loop.create_future()
            await self._drained
        else:
            # A source that never waits would otherwise keep the consumer out for the whole backlog.
            await asyncio.sleep(0)


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
                _raise_if_cancelled(self._outer, self._asked)
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
        if self._drained is not None and self._given - self._taken < _BACKLOG:
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
        return self._given - self._taken >= _BACKLOG

    async def _room(self) -> None:
        self._hand_over()
        if self._given - self._taken < _BACKLOG:
            # A source that never waits would otherwise keep everybody else off this loop.
            await asyncio.sleep(0)
            return
        self._drained = self._own.loop.create_future()
        # The consumer may have taken everything before it could see the future.
        if self._given - self._taken >= _BACKLOG:
            await self._drained
        self._drained = None

    def _resume(self) -> None:
        if self._drained is not None:
            _resolve(self._drained)


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
    """How many callbacks the turn of the loop that is under way may still want to take, if it has counted them.

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


def _raise_if_cancelled(task: asyncio.Task[Any] | None, asked: int) -> None:
    """Deliver, in the middle of synchronous code, a cancellation that its task was asked for meanwhile."""
    if task is not None and task.cancelling() > asked:
        # Else Python before 3.13 would deliver it once more at the next await; its C tasks do not let us.
        with contextlib.suppress(AttributeError):
            task._must_cancel = False  # type: ignore[attr-defined]  # noqa: SLF001
        raise asyncio.CancelledError


def discard(source: object) -> None:
    """Spare a coroutine that nobody will await Python's warning."""
    if isinstance(source, Coroutine):
        # It may still be at work, if it would not end in time.
        with contextlib.suppress(ValueError, RuntimeError):
            source.close()


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
