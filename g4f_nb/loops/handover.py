"""Batches handed from one producer task to a consumer: in another task here, and elsewhere by subclasses.

The producer runs the whole async generator in one task; whatever one received buffer gives is one batch.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Coroutine, Iterator
from typing import Any, Generic, Self, TypeVar

from g4f_nb.loops.ownloop import CLOSING

T = TypeVar("T")

# Items handed over at once, and items that may wait for a slow consumer.
_BATCH, BACKLOG = 512, 4096
# How old a batch may grow, in seconds, while its source does not let go of the loop.
_AGE = 0.05


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


class Production(Generic[T]):
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


class Batches(Production[T], Iterator[list[T]]):
    """Batches of what a source gives; `close` ends the producer."""

    def close(self) -> None:
        """End the producer, if it has not ended."""
        raise NotImplementedError  # pragma: no cover  # abstract


class LocalBatches(Production[T]):
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
        if len(self._items) >= BACKLOG:
            self._drained.clear()
            await self._drained.wait()
        else:
            # A source that never waits would otherwise keep the consumer out for the whole backlog.
            await asyncio.sleep(0)


def raise_if_cancelled(task: asyncio.Task[Any] | None, asked: int) -> None:
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


def resolve(future: asyncio.Future[None]) -> None:
    """Wake whoever waits for it, if that has not been done."""
    if not future.done():
        future.set_result(None)
