"""The two doors between synchronous code and coroutines.

A notebook's kernel already runs an event loop, so `asyncio.run` is refused there. A synchronous call has
two ways out:

1. *The caller's loop.* On a thread whose loop runs, that loop is entered again through nest-asyncio2, so
   that what the caller made on it (a connector, a session, a lock) stays on it. It is patched at that call
   and not before.
2. *Our own loop.* One daemon thread with one loop of its own, insulated from patching. Whoever has no
   running loop, or one that cannot be entered again, uses it; so do the magic, the panel and the comparison.

In both, ONE producer task runs the whole async generator and whole received batches are handed over.
Driving `__anext__` step by step instead would make each step another task: then `asyncio.timeout` held
across a `yield` never fires, anyio's cancel scopes raise, and on Ctrl-C the server goes on streaming.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from g4f_nb import settings
from g4f_nb.loops.callersloop import CallersBatches, can_enter_again
from g4f_nb.loops.handover import Batches, closing, discard
from g4f_nb.loops.ownbatches import OwnBatches
from g4f_nb.loops.ownloop import (
    BEAT,
    CLOSING,
    own_loop,
    refuse_own_thread,
    running_loop,
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Door:
    """Which door a synchronous call goes through here and now, and why."""

    name: Literal["caller", "own"]
    reason: str


def choose_door() -> Door:
    """Decide for the calling thread; the reason is for a user who asks why."""
    wish = settings.current().door
    loop = running_loop()
    if loop is None:
        return Door("own", "no event loop runs on this thread")
    if wish == "own":
        return Door("own", "the setting door is own")
    if not isinstance(loop, asyncio.BaseEventLoop):
        kind = f"{type(loop).__module__}.{type(loop).__name__}"
        return Door("own", f"a loop of type {kind} cannot be entered again")
    if not can_enter_again():
        return Door("own", "the loops of this Python take their turns in a way that is not known")
    if _patched_by_old_nest(loop) and wish != "caller":
        return Door("own", "nest_asyncio 1.x patched this kernel's loop, which loses queued cells")
    return Door("caller", "the running loop can be entered again")


def to_sync_generator(
    source: AsyncIterator[T] | Awaitable[T], stream: bool = True
) -> Generator[T, None, None]:
    """Turn an async generator or a coroutine into a generator; nothing runs before the first `next`.

    Closing it early, an exception in the consumer or Ctrl-C cancels the producer, closes what it had open
    and leaves no task behind. `stream=False` hands everything over at the end.
    """
    try:
        if not stream:
            yield from run(_collect(source))
            return
        batches: Batches[T] = CallersBatches(source) if _enters() else OwnBatches(source)
    except BaseException:
        discard(source)
        raise
    try:
        for batch in batches:
            yield from batch
    finally:
        batches.close()


def own_batches(source: AsyncIterator[T], *, beat: float | None = None) -> OwnBatches[T]:
    """Iterate over a stream on our own loop, by whole received batches, whatever loop runs here.

    With `beat`, an empty batch comes after so many seconds of silence. Close it when done.
    """
    refuse_own_thread()
    return OwnBatches(source, beat=beat)


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Wait for one coroutine, whatever loop runs here."""
    stream = to_sync_generator(coroutine)
    try:
        return next(stream)
    finally:
        stream.close()


async def call(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on our own loop and await it here; cancelling this cancels that, and waits for it."""
    own = own_loop()
    if running_loop() is own.loop:
        return await coroutine
    job = own.submit(coroutine)
    outcome = asyncio.wrap_future(job.future)
    with Heartbeat():
        try:
            return await asyncio.shield(outcome)
        except asyncio.CancelledError:
            job.cancel()
            await asyncio.wait({outcome}, timeout=CLOSING)
            if outcome.done():
                outcome.exception()
            raise


async def in_thread(work: Callable[[], T], executor: Executor | None = None) -> T:
    """Await what blocking work gives, done on a thread of its own or of the executor, in the same context."""
    loop = asyncio.get_running_loop()
    context = contextvars.copy_context()
    if executor is not None:
        return await loop.run_in_executor(executor, context.run, work)
    outcome: asyncio.Future[T] = loop.create_future()

    def settle(method: Callable[[Any], None], value: Any) -> None:
        if not outcome.done():
            method(value)

    def worker() -> None:
        settled: tuple[Callable[[Any], None], Any]
        try:
            settled = (outcome.set_result, context.run(work))
        except StopIteration as error:
            # A future refuses this one, for it would end whatever generator awaits it.
            ended = RuntimeError("the work raised StopIteration")
            ended.__cause__ = error
            settled = (outcome.set_exception, ended)
        except BaseException as error:  # noqa: BLE001  # handed to whoever awaits, also a `sys.exit()`
            settled = (outcome.set_exception, error)
        # The loop may have closed after a time-out: then nobody waits any more.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(settle, *settled)

    # A daemon, unlike the pool's threads: work stuck in a blocking call must not hold up the exit.
    threading.Thread(target=worker, name="g4f_nb-work", daemon=True).start()
    return await outcome


@contextlib.asynccontextmanager
async def time_limit(seconds: float | None, late: Callable[[], Exception]) -> AsyncIterator[None]:
    """End what takes longer, with an error of ours; a time-out from within is not taken for this one."""
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            yield
    except TimeoutError as error:
        if not limit.expired():
            raise
        raise late() from error


class Heartbeat:
    """Keeps an idle kernel loop responsive to interrupts while a cell awaits something.

    A loop asleep in `select` notices the cancellation that a signal handler asked for only at its next
    event, which may be seconds away. Elsewhere than on a kernel's main thread this does nothing.
    """

    __slots__ = ("_beating",)

    def __enter__(self) -> None:
        self._beating = "ipykernel" in sys.modules and threading.current_thread() is threading.main_thread()
        if self._beating:
            self._beat(asyncio.get_running_loop())

    def __exit__(self, *_: object) -> None:
        self._beating = False

    def _beat(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._beating:
            loop.call_later(BEAT, self._beat, loop)


def _enters() -> bool:
    """Whether the first door is the one; refuses a call that would wait for itself."""
    refuse_own_thread()
    return choose_door().name == "caller"


def _patched_by_old_nest(loop: asyncio.AbstractEventLoop) -> bool:
    if "ipykernel" not in sys.modules or not hasattr(loop, "_nest_patched"):
        return False
    step = getattr(type(loop), "_run_once", None)
    return getattr(step, "__module__", "") == "nest_asyncio"


async def _collect(source: AsyncIterator[T] | Awaitable[T]) -> list[T]:
    if not hasattr(source, "__anext__"):
        return [await source]
    async with closing(source):
        return [item async for item in source]  # type: ignore[union-attr]  # it is one
