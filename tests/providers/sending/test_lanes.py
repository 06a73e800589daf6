"""Lanes: so many at a time for everybody, and nobody waits for ever."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from g4f_nb.providers.sending.lanes import SharedLane, lane


class Count:
    """How many are inside, and how many were at most."""

    def __init__(self):
        self.now = self.most = self.ever = 0
        self._lock = threading.Lock()

    async def stay(self, own, most, seconds=0.01):
        """Be inside for a while."""
        async with own.turn(most):
            with self._lock:
                self.now += 1
                self.ever += 1
                self.most = max(self.most, self.now)
            await asyncio.sleep(seconds)
            with self._lock:
                self.now -= 1


@pytest.mark.parametrize("most", [1, 3])
def test_no_more_than_so_many_are_inside_across_loops_and_threads(most):
    """Four loops on four threads share one lane."""
    own, count = SharedLane(), Count()

    async def many():
        await asyncio.gather(*(count.stay(own, most) for _ in range(8)))

    with ThreadPoolExecutor(4) as pool:
        for future in [pool.submit(asyncio.run, many()) for _ in range(4)]:
            future.result(timeout=30)
    assert (count.most, count.ever, count.now) == (most, 32, 0)


def test_who_asks_first_comes_first():
    """The order of asking is the order of turns."""
    own, order = SharedLane(), []

    async def one(number):
        async with own.turn(1):
            order.append(number)
            await asyncio.sleep(0.001)

    async def go():
        await asyncio.gather(*(one(number) for number in range(10)))

    asyncio.run(go())
    assert order == list(range(10))


@pytest.mark.clock
def test_one_who_leaves_the_queue_or_the_lane_leaves_a_place():
    """Cancelled while waiting, cancelled inside, failed inside: the next one has its turn."""
    own, count = SharedLane(), Count()

    async def fails():
        async with own.turn(1):
            raise ZeroDivisionError

    async def go():
        inside = asyncio.create_task(count.stay(own, 1, 30))
        await asyncio.sleep(0.01)
        waiting = asyncio.create_task(count.stay(own, 1))
        last = asyncio.create_task(count.stay(own, 1))
        await asyncio.sleep(0.01)
        waiting.cancel()
        inside.cancel()
        await asyncio.wait_for(last, 5)
        with pytest.raises(ZeroDivisionError):
            await fails()
        await asyncio.wait_for(count.stay(own, 1), 5)

    asyncio.run(go())


@pytest.mark.clock
def test_patience_ends_when_nothing_moves():
    """A stream that nobody reads on holds up others only for a while; one in which things move does not."""
    own = SharedLane()

    async def go():
        async with own.turn(1):
            begin = time.monotonic()
            with pytest.raises(TimeoutError):
                async with own.turn(1, patience=0.2):
                    pytest.fail("two at a time")
            assert 0.15 < time.monotonic() - begin < 3
            waits = asyncio.create_task(_turn(own, patience=0.3))
            for _ in range(6):
                await asyncio.sleep(0.1)
                own.move()
            assert not waits.done()
        await asyncio.wait_for(waits, 5)

    asyncio.run(go())


async def _turn(own, patience=None):
    async with own.turn(1, patience=patience):
        pass


@pytest.mark.clock
def test_a_loop_that_has_ended_is_passed_over():
    """Whoever waited there does not come any more."""
    own = SharedLane()
    holder = asyncio.new_event_loop()
    held = own.turn(1, patience=None)
    holder.run_until_complete(held.__aenter__())

    async def abandoned():
        task = asyncio.create_task(_turn(own))
        await asyncio.sleep(0.01)
        task._log_destroy_pending = False
        return task

    gone = asyncio.new_event_loop()
    task = gone.run_until_complete(abandoned())
    gone.close()
    holder.run_until_complete(held.__aexit__(None, None, None))
    holder.run_until_complete(asyncio.wait_for(_turn(own), 5))
    holder.close()
    with contextlib.suppress(RuntimeError):
        task.get_coro().close()


def test_a_lane_has_a_name_and_belongs_to_one_process(monkeypatch):
    """The same name is the same lane; a forked child begins anew."""
    assert lane(("a", 1)) is lane(("a", 1)) is not lane(("a", 2))
    before = lane("fork")
    monkeypatch.setattr(os, "getpid", lambda: -1)
    assert lane("fork") is not before
