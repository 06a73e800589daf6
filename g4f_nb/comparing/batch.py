"""Many requests, a few at a time: workers that pull from each lane's iterator, as many as its pace allows.

A lane is one service under one key (and model, where its limits hold per model). Workers come and go with
what the lane allows; memory does not grow with the number of jobs.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import math
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from g4f_nb.comparing.pacing import Pace

J = TypeVar("J")


@dataclass(frozen=True, slots=True)
class Done:
    """The job is done, well or badly; `tokens` is what it used, if that is known."""

    tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Again:
    """The job is to be tried again after so many seconds."""

    after: float


@dataclass(frozen=True, slots=True)
class Refused:
    """The service asks to come more slowly; the job is tried again when the lane goes on."""

    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Stop:
    """The job failed in a way that all others of the lane would: they are skipped."""

    reason: BaseException


Outcome = Done | Again | Refused | Stop


@dataclass(slots=True, eq=False)
class Lane(Generic[J]):
    """The jobs of one service, and how fast they may go."""

    pace: Pace
    jobs: Iterator[J]
    tokens_of: Callable[[J], int] = field(default=lambda _: 0)
    stopped: BaseException | None = None
    workers: int = 0
    sleeping: bool = False
    _again: list[tuple[float, int, J]] = field(default_factory=list)
    _order: Iterator[int] = field(default_factory=itertools.count)
    _next: list[J] = field(default_factory=list)

    def put_back(self, job: J, ready: float) -> None:
        """A job that is tried again, not before this time."""
        heapq.heappush(self._again, (ready, next(self._order), job))

    def peek(self) -> J | None:
        """The next job of the iterator, which stays there."""
        if not self._next:
            self._next.extend(itertools.islice(self.jobs, 1))
        return self._next[0] if self._next else None

    def has_more(self) -> bool:
        """Whether there is anything left to start."""
        return bool(self._again) or self.peek() is not None

    def take(self, now: float) -> tuple[J | None, float]:
        """A job that may start now; else none, and how long until one may."""
        if self._again and self._again[0][0] <= now:
            return heapq.heappop(self._again)[2], 0.0
        job = self.peek()
        if job is not None:
            self._next.clear()
            return job, 0.0
        return None, self._again[0][0] - now if self._again else math.inf

    def next_tokens(self) -> int:
        """About how many tokens the next job takes."""
        job = self._again[0][2] if self._again else self.peek()
        return 0 if job is None else self.tokens_of(job)

    def drain(self) -> Iterator[J]:
        """What is left, to be skipped."""
        while self._again:
            yield heapq.heappop(self._again)[2]
        while (job := self.peek()) is not None:
            self._next.clear()
            yield job


async def run_all(
    lanes: Sequence[Lane[J]],
    work: Callable[[J], Awaitable[Outcome]],
    *,
    concurrency: int,
    skip: Callable[[J, BaseException], None],
) -> None:
    """Do every job, at most `concurrency` at once over all lanes.

    `work` makes one try and deals with its own failures: an exception from it ends the whole run. `skip` is
    told of each job that a stopped lane leaves undone.
    """
    async with asyncio.TaskGroup() as group:
        _Crew(group, lanes, work, concurrency, skip).fill()


class _Crew(Generic[J]):
    """All workers of one run."""

    def __init__(
        self,
        group: asyncio.TaskGroup,
        lanes: Sequence[Lane[J]],
        work: Callable[[J], Awaitable[Outcome]],
        concurrency: int,
        skip: Callable[[J, BaseException], None],
    ) -> None:
        self._group = group
        self._lanes = lanes
        self._work = work
        self._most = concurrency
        self._skip = skip
        self._busy = 0
        self._over = False
        self._loop = asyncio.get_running_loop()

    def fill(self) -> None:
        """Start as many workers as there is room and work for, one lane after the other."""
        hungry = [] if self._over else [lane for lane in self._lanes if self._wants(lane)]
        while hungry and self._busy < self._most:
            for lane in hungry:
                if self._busy >= self._most:
                    return
                lane.workers += 1
                self._busy += 1
                self._group.create_task(self._pull(lane))
            hungry = [lane for lane in hungry if self._wants(lane)]

    def _wants(self, lane: Lane[J]) -> bool:
        if lane.stopped is not None or lane.sleeping or lane.workers >= lane.pace.allowed():
            return False
        return lane.has_more()

    async def _pull(self, lane: Lane[J]) -> None:
        try:
            while lane.stopped is None and lane.workers <= max(1, lane.pace.allowed()):
                wait = lane.pace.wait(self._loop.time(), lane.next_tokens())
                job = None
                if not wait:
                    job, wait = lane.take(self._loop.time())
                if job is not None:
                    await self._try(lane, job)
                    if lane.workers < lane.pace.allowed():
                        self.fill()
                elif lane.sleeping or not math.isfinite(wait):
                    return
                else:
                    await self._sleep(lane, wait)
        except BaseException:
            # The run is over: nobody comes in the place of those who go.
            self._over = True
            raise
        finally:
            lane.workers -= 1
            self._busy -= 1
            self.fill()

    async def _sleep(self, lane: Lane[J], seconds: float) -> None:
        # One worker wakes the lane up; others would only hold places that other lanes can use.
        lane.sleeping = True
        try:
            await asyncio.sleep(seconds)
        finally:
            lane.sleeping = False

    async def _try(self, lane: Lane[J], job: J) -> None:
        pace = lane.pace
        ticket = pace.start(self._loop.time(), lane.tokens_of(job))
        try:
            outcome = await self._work(job)
        except BaseException:
            pace.leave(ticket)
            raise
        now = self._loop.time()
        pace.leave(ticket, outcome.tokens if isinstance(outcome, Done) else None)
        match outcome:
            case Done():
                pace.passed(ticket, now)
            case Again(after):
                lane.put_back(job, now + after)
            case Refused(retry_after):
                pace.refused(ticket, now, retry_after)
                lane.put_back(job, now)
            case Stop(reason):
                if lane.stopped is None:
                    lane.stopped = reason
                    for left in lane.drain():
                        self._skip(left, reason)
