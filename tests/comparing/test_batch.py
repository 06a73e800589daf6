"""Many requests at once: no more than allowed, refusals taught by, nothing lost, nothing kept in memory."""

from __future__ import annotations

import asyncio
import gc
import time

import pytest

from g4f_nb.comparing.batch import Again, Done, Lane, Refused, Stop, run_all
from g4f_nb.comparing.pacing import Limits, Pace
from g4f_nb.errors import InvalidParameterError


def _lane(jobs, limits=None, most=64):
    return Lane(Pace(limits or Limits(), most), iter(jobs))


class _Service:
    """Takes so many requests in each window of time, and refuses the others."""

    def __init__(self, per_window, window, *, says_when):
        self.per_window, self.window, self.says_when = per_window, window, says_when
        self.began = time.monotonic()
        self.sent = 0
        self.answered = []
        self.taken: dict[int, int] = {}

    async def __call__(self, job):
        self.sent += 1
        await asyncio.sleep(0.003)
        passed = time.monotonic() - self.began
        at = int(passed / self.window)
        self.taken[at] = self.taken.get(at, 0) + 1
        if self.taken[at] > self.per_window:
            return Refused((at + 1) * self.window - passed if self.says_when else None)
        self.answered.append(job)
        return Done()


@pytest.mark.parametrize("says_when", [True, False], ids=["with Retry-After", "without"])
@pytest.mark.parametrize("per_window", [30])
def test_a_limited_service_answers_everything(says_when, per_window):
    """150 jobs against so many a window: all are answered, with at most 1.3 requests a job."""
    service = _Service(per_window, 0.6, says_when=says_when)
    asyncio.run(run_all([_lane(range(150))], service, concurrency=64, skip=pytest.fail))
    assert sorted(service.answered) == list(range(150))
    assert service.sent <= 195


def test_no_more_at_once_than_allowed():
    """Over all lanes there are never more than `concurrency`, in each never more than its own limit."""
    now = {"a": 0, "b": 0}
    most = {"a": 0, "b": 0, "both": 0}

    async def work(job):
        lane = job[0]
        now[lane] += 1
        most[lane] = max(most[lane], now[lane])
        most["both"] = max(most["both"], sum(now.values()))
        await asyncio.sleep(0.002)
        now[lane] -= 1
        return Done()

    lanes = [
        _lane([("a", n) for n in range(200)], Limits(concurrency=3)),
        _lane([("b", n) for n in range(200)]),
    ]
    asyncio.run(run_all(lanes, work, concurrency=20, skip=pytest.fail))
    assert most["a"] == 3
    assert 10 < most["both"] <= 20


@pytest.mark.clock
def test_a_lane_that_waits_holds_up_no_other():
    """While one service asks to wait, the other goes on."""
    done = []

    async def work(job):
        if job == "slow" and "slow" not in done and time.monotonic() - began < 0.5:
            return Refused(0.5)
        done.append(job)
        return Done()

    began = time.monotonic()
    asyncio.run(run_all([_lane(["slow"]), _lane(range(50))], work, concurrency=4, skip=pytest.fail))
    assert done[-1] == "slow"
    assert len(done) == 51


def test_requests_a_minute_are_kept():
    """A lane with `rpm` sends so many at once and then waits for the minute; told time, not waited for."""
    pace = Pace(Limits(rpm=5), 64)
    for _ in range(5):
        assert pace.wait(100.0) == 0
        pace.leave(pace.start(100.0))
    assert pace.wait(100.0) == pytest.approx(60.0)
    assert pace.wait(159.0) == pytest.approx(1.0)
    assert pace.wait(160.1) == 0


def test_tokens_a_minute_are_kept():
    """A lane with `tpm` counts estimates first, what was used afterwards; a giant job goes alone."""
    pace = Pace(Limits(tpm=1000), 64)
    first = pace.start(0.0, 600)
    assert pace.wait(0.0, 600) == pytest.approx(60.0)
    pace.leave(first, 100)
    assert pace.wait(0.0, 600) == 0
    pace.leave(pace.start(0.0, 600))
    assert pace.wait(1.0, 5000) == pytest.approx(59.0)
    assert pace.wait(61.0, 5000) == 0


def test_a_stopped_lane_skips_the_rest():
    """One job at a time, what would fail for all is met once; the rest is skipped, other lanes go on."""
    skipped, asked = [], []
    reason = RuntimeError("no key")

    async def work(job):
        asked.append(job)
        return Stop(reason) if job[0] == "bad" else Done()

    lanes = [
        _lane([("bad", n) for n in range(20)], Limits(concurrency=1)),
        _lane([("good", n) for n in range(20)]),
    ]
    asyncio.run(run_all(lanes, work, concurrency=8, skip=lambda job, why: skipped.append((job, why))))
    assert asked.count(("bad", 0)) == 1
    assert skipped == [(("bad", n), reason) for n in range(1, 20)]
    assert sum(job[0] == "good" for job in asked) == 20


def test_a_job_is_tried_again_later():
    """A job that failed in passing comes again after its wait, while others go on."""
    tries = {}

    async def work(job):
        tries[job] = tries.get(job, 0) + 1
        return Again(0.05) if job % 10 == 0 and tries[job] < 3 else Done()

    asyncio.run(run_all([_lane(range(50))], work, concurrency=8, skip=pytest.fail))
    assert tries == {job: 3 if job % 10 == 0 else 1 for job in range(50)}


def test_memory_does_not_grow_with_the_jobs():
    """Of a hundred thousand jobs only as many are taken from the iterator as there are workers."""
    taken, done = 0, 0
    ahead = 0

    def jobs():
        nonlocal taken
        for number in range(100_000):
            taken += 1
            yield number

    async def work(_):
        nonlocal done, ahead
        ahead = max(ahead, taken - done)
        done += 1
        return Done()

    gc.collect()
    asyncio.run(run_all([Lane(Pace(Limits(), 50), jobs())], work, concurrency=50, skip=pytest.fail))
    assert done == 100_000
    assert ahead <= 52


@pytest.mark.clock
def test_cancelling_ends_it():
    """Whoever cancels the run ends every worker; none is left."""

    async def work(_):
        await asyncio.sleep(60)
        return Done()

    async def main():
        task = asyncio.create_task(run_all([_lane(range(1000))], work, concurrency=10, skip=pytest.fail))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return len(asyncio.all_tasks())

    assert asyncio.run(main()) == 1


@pytest.mark.parametrize("wrong", [{"rpm": 0}, {"tpm": 1.5}, {"concurrency": True}, {"rpm": "60"}])
def test_limits_are_whole_numbers(wrong):
    """A limit that is no whole number from 1 is refused by name."""
    with pytest.raises(InvalidParameterError, match=next(iter(wrong))):
        Limits(**wrong)
