"""Batches between tasks of one loop: whole, in order, bounded, and ended when nobody wants them."""

from __future__ import annotations

import asyncio

import pytest

from g4f_nb.loops.handover import LocalBatches


async def _count(most, *, pause=None, ended=None):
    try:
        for number in range(most):
            yield number
            if pause is not None:
                await asyncio.sleep(pause)
    finally:
        if ended is not None:
            ended.append(asyncio.current_task())


def test_all_of_it_in_order():
    """What is there already comes at once, what comes later as it comes."""

    async def go():
        at_once = [batch async for batch in LocalBatches(_count(10_000))]
        one_by_one = [batch async for batch in LocalBatches(_count(5, pause=0.01))]
        return at_once, one_by_one

    at_once, one_by_one = asyncio.run(go())
    assert [number for batch in at_once for number in batch] == list(range(10_000))
    assert len(at_once) < 100
    assert one_by_one == [[0], [1], [2], [3], [4]]


def test_a_coroutine_is_a_batch_of_one():
    """As everywhere."""

    async def one():
        return "one"

    async def go():
        return [batch async for batch in LocalBatches(one())]

    assert asyncio.run(go()) == [["one"]]


@pytest.mark.clock
def test_a_slow_consumer_holds_it_up():
    """Memory does not grow with the source."""

    async def go():
        given = []

        async def source():
            for number in range(10**6):
                given.append(number)
                yield number

        batches = LocalBatches(source())
        await asyncio.sleep(0.2)
        waiting = len(given)
        assert len(await anext(batches)) == waiting
        await asyncio.sleep(0.2)
        more = len(given)
        await batches.aclose()
        return waiting, more

    waiting, more = asyncio.run(go())
    assert 0 < waiting <= 5000
    assert waiting < more <= 2 * waiting + 1000


def test_an_error_comes_after_what_came_before_it():
    """Once; then there is nothing more."""

    async def source():
        yield 1
        raise ValueError("late")

    async def go():
        batches = LocalBatches(source())
        assert await anext(batches) == [1]
        with pytest.raises(ValueError, match="late"):
            await anext(batches)
        with pytest.raises(StopAsyncIteration):
            await anext(batches)

    asyncio.run(go())


def test_closing_ends_the_source():
    """Its `finally` has run, in the task in which it ran all along; a second time changes nothing."""

    async def go():
        ended = []
        batches = LocalBatches(_count(10**6, pause=0.01, ended=ended))
        await anext(batches)
        await batches.aclose()
        await batches.aclose()
        return ended, asyncio.current_task(), len(asyncio.all_tasks())

    ended, mine, tasks = asyncio.run(go())
    assert len(ended) == 1
    assert ended[0] is not mine
    assert tasks == 1


@pytest.mark.clock
def test_the_source_runs_in_one_task():
    """A time-out held across a `yield` fires, whoever takes the steps."""

    async def held():
        async with asyncio.timeout(0.05):
            yield 1
            await asyncio.sleep(30)

    async def go():
        batches = LocalBatches(held())
        assert await asyncio.wait_for(anext(batches), 5) == [1]
        with pytest.raises(TimeoutError):
            await asyncio.create_task(batches.__anext__())

    asyncio.run(go())
