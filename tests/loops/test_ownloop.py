"""Our own loop: its jobs, its end, and what is refused on it."""

from __future__ import annotations

import asyncio
import gc
import socket
import threading

import pytest

from g4f_nb import loops
from g4f_nb.errors import LoopError
from g4f_nb.loops import ownloop, to_sync_generator


class Source:
    """An endless async generator that knows how far it ran and whether it was ended."""

    def __init__(self, pause=0.0, burst=1):
        self.given = 0
        self.ended = threading.Event()
        self._pause, self._burst = pause, burst

    async def items(self):
        """Count, with a pause after every burst; no pause at all if it is None."""
        try:
            while True:
                for _ in range(self._burst):
                    self.given += 1
                    yield self.given
                if self._pause is not None:
                    await asyncio.sleep(self._pause)
        finally:
            self.ended.set()


async def value_of(result):
    """Give a result, or raise it."""
    await asyncio.sleep(0)
    if isinstance(result, BaseException):
        raise result
    return result


async def count(most, pause=None):
    """Count up to a number."""
    for number in range(most):
        if pause is not None:
            await asyncio.sleep(pause)
        yield number


def test_a_synchronous_call_on_our_own_loop_is_refused():
    """It would wait for itself; nothing is left un-awaited by the refusal."""

    async def on_our_loop():
        for stream in (True, False):
            with pytest.raises(LoopError, match="await the asynchronous form"):
                next(to_sync_generator(value_of(1), stream))
        with pytest.raises(LoopError):
            loops.own_batches(count(1))
        return await loops.call(value_of("still at work"))

    assert ownloop.own_loop().submit(on_our_loop()).result() == "still at work"
    gc.collect()


def test_cancelling_a_call_ends_the_work_first():
    """When `call` has raised, the work's `finally` has run on our loop."""
    source = Source(3600)

    async def work():
        async for _ in source.items():
            pass

    async def main():
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await loops.call(work())
        assert source.ended.is_set()
        assert await loops.call(value_of(1)) == 1
        with pytest.raises(ValueError, match="no"):
            await loops.call(value_of(ValueError("no")))

    with asyncio.Runner() as runner:
        runner.run(main())


@pytest.mark.clock
def test_a_job_gives_its_outcome_or_ends():
    """A result, an error, `SystemExit` too; a cancelled one says so and has ended."""
    own = ownloop.own_loop()
    assert own.submit(value_of(1)).result() == 1
    for error in (ValueError("no"), SystemExit(2)):
        with pytest.raises(type(error)):
            own.submit(value_of(error)).result()
    job = own.submit(asyncio.sleep(3600))
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        job.result()
    assert ownloop.own_loop() is own
    assert own.alive


@pytest.mark.clock
def test_our_loop_stops_and_starts_anew():
    """Whoever waits then is told at once; the next call works."""
    source = Source(0.01)
    chunks = to_sync_generator(source.items())
    assert next(chunks) == 1
    job = ownloop.own_loop().submit(asyncio.sleep(3600))
    ownloop.stop_own_loop()
    assert source.ended.is_set()
    with pytest.raises(asyncio.CancelledError):
        job.result()
    with pytest.raises((asyncio.CancelledError, LoopError)):
        list(chunks)
    assert loops.run(value_of(1)) == 1


@pytest.mark.clock
def test_a_job_s_loop_calls_later_or_not_at_all():
    """At once, after some time, and, once it has ended, nothing; whoever waits then is told."""
    called = []
    own = ownloop.OwnLoop()
    job = own.submit(asyncio.sleep(3600))
    done = threading.Event()
    job.later(called.append, 1)
    job.later(done.set, seconds=0.01)
    assert done.wait(5)
    assert called == [1]
    own.stop()
    assert not own.alive
    job.later(called.append, 2)
    with pytest.raises(asyncio.CancelledError):
        job.result()
    assert called == [1]


@pytest.mark.clock
def test_an_error_while_waiting_ends_the_job():
    """What the waiting itself raises, as an interrupt does, stops the work and is raised."""
    ended = threading.Event()

    async def work():
        try:
            await asyncio.sleep(3600)
        finally:
            ended.set()

    def interrupt():
        raise KeyboardInterrupt

    job = ownloop.own_loop().submit(work())
    with pytest.raises(KeyboardInterrupt):
        job.result(interrupt, beat=0.01)
    assert ended.is_set()


def test_an_interrupt_on_our_loop_does_not_end_it():
    """A callback that raises `SystemExit` there is its own end, not everybody's."""

    def leave():
        raise SystemExit(3)

    own = ownloop.own_loop()
    own.loop.call_soon_threadsafe(leave)
    assert own.submit(value_of(1)).result() == 1
    assert own.alive


def test_a_loop_that_was_inherited_is_closed_without_a_word():
    """Its sockets are closed here; its selector is left to whoever shares it."""
    here, there = socket.socketpair()

    loop = ownloop._InsulatedLoop()
    loop.run_until_complete(loop.create_connection(asyncio.Protocol, sock=here))
    loop.disown()
    assert loop.is_closed()
    assert here.fileno() == -1
    assert there.recv(1) == b""
    there.close()


def test_a_forked_child_starts_anew(monkeypatch):
    """It forgets the parent's loop, which has no thread there, and makes its own."""
    before = ownloop.OwnLoop()
    running = before.loop
    monkeypatch.setattr(ownloop, "_own", before)
    monkeypatch.setattr(before, "loop", ownloop._InsulatedLoop())
    ownloop._after_fork()
    assert before.loop.is_closed()
    assert ownloop._own is None
    assert loops.run(value_of(1)) == 1
    ownloop.stop_own_loop()
    monkeypatch.setattr(before, "loop", running)
    before.stop()
