"""Many requests, a few at a time: a bounded pool of workers that pull from an iterator."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


async def run_all(jobs: Iterable[T], work: Callable[[T], Awaitable[None]], *, concurrency: int) -> None:
    """Do every job, at most `concurrency` at once; memory does not grow with the number of jobs.

    `work` deals with its own failures: an exception from it ends the whole run.
    """
    pending = iter(jobs)

    async def worker() -> None:
        # The iterator is shared: each worker takes the next job when it has done one.
        for job in pending:
            await work(job)

    async with asyncio.TaskGroup() as group:
        for _ in range(concurrency):
            group.create_task(worker())
