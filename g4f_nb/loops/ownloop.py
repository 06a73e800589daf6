"""Our own event loop: one daemon thread, insulated from patching, for whoever has no loop to use.

It starts with the first call, anew after a fork, and ends cleanly when the program does.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import contextvars
import importlib
import os
import selectors
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future as ThreadFuture
from concurrent.futures import wait as wait_for_threads
from functools import partial
from typing import Any, Generic, TypeVar

from g4f_nb.errors import LoopError

# nest_asyncio puts Python's own twins in the place of these; an interpreter without them has only those.
try:
    _c: Any = importlib.import_module("_asyncio")
except ImportError:  # pragma: no cover  # CPython has them
    _c = asyncio

T = TypeVar("T")

# How long a wait may last before Python looks at signals and cancellation again.
BEAT = 0.1
# How long an ended stream may take to close its connection before the caller goes on without it.
CLOSING = 5.0


class _InsulatedLoop(asyncio.SelectorEventLoop):
    """A loop that nest_asyncio's patches do not reach: the original methods, C tasks and C futures.

    nest_asyncio replaces methods on the platform's loop class and `asyncio.Task` by its Python twin, which
    makes every loop of the process slower; what stands on this class wins over both.
    """

    run_forever = asyncio.BaseEventLoop.run_forever
    run_until_complete = asyncio.BaseEventLoop.run_until_complete
    # What is private may be gone one day: then nobody can have replaced it.
    if hasattr(asyncio.BaseEventLoop, "_run_once"):
        _run_once = asyncio.BaseEventLoop._run_once  # noqa: SLF001
    if hasattr(asyncio.BaseEventLoop, "_check_running"):
        _check_running = asyncio.BaseEventLoop._check_running  # noqa: SLF001

    def create_future(self) -> asyncio.Future[Any]:
        return _c.Future(loop=self)  # type: ignore[no-any-return]

    def __init__(self) -> None:
        super().__init__()
        self.set_task_factory(_c_task)  # type: ignore[arg-type]  # it takes what asyncio gives

    def disown(self) -> None:
        """Close what a forked child has inherited, without touching the parent's side of it.

        They share one epoll object: unregistering anything from it would make the parent deaf.
        """
        parts = vars(self)
        if "_selector" in parts:
            parts["_selector"].close()
        parts.update(_selector=selectors.SelectSelector(), _thread_id=None)
        for transport in list(parts.get("_transports", {}).values()):
            socket = vars(transport).get("_sock")
            if socket is not None:
                vars(transport)["_sock"] = None
                socket.close()
        self.close()


def _c_task(
    loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, T], **options: Any
) -> asyncio.Task[T]:
    return _c.Task(coroutine, loop=loop, **options)  # type: ignore[no-any-return]


class Job(Generic[T]):
    """A coroutine at work on our own loop; `future` is its outcome, for any thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, T]) -> None:
        self.future: ThreadFuture[T] = ThreadFuture()
        self._loop = loop
        self._coroutine = coroutine
        self._task: asyncio.Task[T] | None = None
        loop.call_soon_threadsafe(self._start, context=contextvars.copy_context())

    def cancel(self) -> None:
        """Ask it to end; `future` tells when it has."""
        self.later(self._cancel)

    def later(self, call: Callable[..., object], *given: object, seconds: float = 0.0) -> None:
        """Have something called on the loop of this work; a loop that has ended calls nothing any more."""
        with contextlib.suppress(RuntimeError):
            if seconds:
                self._loop.call_soon_threadsafe(partial(self._loop.call_later, seconds, call, *given))
            else:
                self._loop.call_soon_threadsafe(call, *given)

    def result(self, each_beat: Callable[[], None] | None = None, *, beat: float = BEAT) -> T:
        """Wait for the outcome, calling `each_beat` meanwhile; an interrupt or error here ends it, too."""
        if running_loop() is self._loop:
            self.cancel()
            refuse_own_thread()
        try:
            while not self.future.done():
                wait_for_threads({self.future}, timeout=beat)
                if each_beat is not None:
                    each_beat()
                if self._loop.is_closed() and not self.future.done():
                    raise LoopError("g4f_nb's own loop ended before the answer: call again")  # noqa: TRY301
            hold_daemons_at_exit()
            return self.future.result()
        except BaseException:
            if not self.future.done():
                self.cancel()
                wait_for_threads({self.future}, timeout=CLOSING)
            raise

    def _start(self) -> None:
        self._task = self._loop.create_task(self._coroutine)
        self._task.add_done_callback(self._end)

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def _end(self, task: asyncio.Task[T]) -> None:
        if task.cancelled():
            self.future.set_exception(asyncio.CancelledError())
        elif (error := task.exception()) is not None:
            self.future.set_exception(error)
        else:
            self.future.set_result(task.result())


class OwnLoop:
    """Our daemon thread and its loop."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.loop = _InsulatedLoop()
        self._stopping = False
        self.thread = threading.Thread(target=self._run, name="g4f_nb-loop", daemon=True)
        self.thread.start()

    @property
    def alive(self) -> bool:
        """Whether the loop still takes work."""
        return self.thread.is_alive() and not self.loop.is_closed() and not self._stopping

    def submit(self, coroutine: Coroutine[Any, Any, T]) -> Job[T]:
        """Start a coroutine, in a copy of the caller's context."""
        return Job(self.loop, coroutine)

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            while not self._stopping:
                # A task that raises SystemExit has it as its outcome; it must not end everybody else's work.
                with contextlib.suppress(SystemExit, KeyboardInterrupt):
                    self.loop.run_forever()
        finally:
            _finish(self.loop)

    def stop(self) -> None:
        """Cancel what runs, close what is open, end the thread."""
        if self.alive and threading.current_thread() is not self.thread:
            self._stopping = True
            self.loop.call_soon_threadsafe(self.loop.stop)
            self.thread.join(CLOSING)


_own: OwnLoop | None = None
_own_lock = threading.Lock()


def own_loop() -> OwnLoop:
    """Our loop, started at the first call and anew after a fork."""
    global _own  # noqa: PLW0603  # one loop a process is the point
    own = _own
    if own is not None and own.pid == os.getpid() and own.alive:
        return own
    with _own_lock:
        if _own is None or _own.pid != os.getpid() or not _own.alive:
            _own = OwnLoop()
        return _own


def stop_own_loop() -> None:
    """End our loop; the next call starts another."""
    own = _own
    if own is not None and own.pid == os.getpid():
        own.stop()


def _after_fork() -> None:
    # The child has neither the thread nor a usable lock.
    global _own, _own_lock  # noqa: PLW0603
    inherited, _own = _own, None
    _own_lock = threading.Lock()
    if inherited is not None and not inherited.loop.is_closed():
        inherited.loop.disown()


atexit.register(stop_own_loop)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def refuse_own_thread() -> None:
    """Raise where a synchronous call could only wait for itself."""
    running = running_loop()
    if running is not None and _own is not None and running is _own.loop:
        raise LoopError(
            "a synchronous call was made on g4f_nb's own loop, where it would wait for itself: "
            "await the asynchronous form instead (create_async_generator, create_async, ask_async)"
        )


def running_loop() -> asyncio.AbstractEventLoop | None:
    """The loop that runs on this thread, if one does."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def hold_daemons_at_exit() -> None:
    """Keep a daemon thread waiting while the program ends, as Python does with them all.

    Our loop ends a little earlier, and the thread would die of that with a traceback.
    """
    if threading.current_thread().daemon and not threading.main_thread().is_alive():
        threading.Event().wait()


def _finish(loop: asyncio.AbstractEventLoop) -> None:
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    with contextlib.suppress(Exception):
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
    asyncio.set_event_loop(None)
    loop.close()
