"""A synchronous stream, read on a thread of its own by whoever must not wait for it."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
from collections.abc import Callable

from g4f_nb.chunks import Chunk
from g4f_nb.typing import AsyncResult, CreateResult


async def chunks_in_thread(make: Callable[[], CreateResult]) -> AsyncResult:
    """Read a synchronous stream on a thread of its own; closing this stops it at its next chunk."""
    reading = _Reading(asyncio.get_running_loop(), make)
    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(reading.work,), name="g4f_nb-provider", daemon=True).start()
    try:
        while True:
            chunk, error = await reading.arrived.get()
            reading.room.release()
            if error is not None:
                raise error
            if chunk is None:
                return
            yield chunk
    finally:
        reading.stopped = True
        reading.room.release()


class _Reading:
    """The thread's side of `chunks_in_thread`; a reader that is slow keeps it waiting."""

    def __init__(self, loop: asyncio.AbstractEventLoop, make: Callable[[], CreateResult]) -> None:
        self.arrived: asyncio.Queue[tuple[str | Chunk | None, BaseException | None]] = asyncio.Queue()
        self.room = threading.Semaphore(1024)
        self.stopped = False
        self._loop = loop
        self._make = make

    def work(self) -> None:
        error: BaseException | None = None
        try:
            self._read()
        except StopIteration as stop:
            # A coroutine cannot raise it.
            error = RuntimeError(f"the provider raised {stop!r}")
        except BaseException as caught:  # noqa: BLE001  # handed to whoever reads
            error = caught
        self._give(None, error)

    def _read(self) -> None:
        chunks = self._make()
        try:
            for chunk in chunks:
                self.room.acquire()
                if self.stopped:
                    break
                if chunk is not None:
                    self._give(chunk)
        finally:
            close = getattr(chunks, "close", None)
            if close is not None:
                close()

    def _give(self, chunk: str | Chunk | None, error: BaseException | None = None) -> None:
        # The loop may have ended meanwhile: then nobody reads any more.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self.arrived.put_nowait, (chunk, error))
