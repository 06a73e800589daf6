"""Plays the hostile cases a few at a time: most of them are waiting, and waiting costs nothing."""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from concurrent.futures import Future
from dataclasses import replace
from typing import Any, Self

from .asking import arguments, check, nothing_is_left, outcome_of, well_again
from .authority import Authority
from .cases import Case, Text
from .server import Again, Host, Servers, Slowly, Step

_AT_ONCE = 8
_TIMES = ("timeout", "total_timeout")
# How many tests ahead; another process may run some of them instead.
_AHEAD = 40
# A busy machine is late by tenths of a second: what should have been in time gets so much longer, once.
_SLOWER = 5


class Games:
    """Some threads, each with a loop and so a pooled session of its own; on it one case follows another.

    `runs` are the cases of all the tests in their order, `places` where each test stands in it.
    """

    def __init__(self, runs: list[tuple[Case, str] | None], places: dict[Any, int]) -> None:
        self._runs, self._places = runs, places
        self._played: dict[int, Future[None]] = {}
        self._servers = Servers()
        self._authority = Authority()
        self._jobs: queue.SimpleQueue[tuple[Case, str, Future[None]] | None] = queue.SimpleQueue()
        self._threads = [threading.Thread(target=self._work) for _ in range(_AT_ONCE)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for _thread in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()
        self._servers.close()

    def of(self, test: Any) -> Future[None]:
        """What is wrong with a test's case, if anything; begins the next ones, too."""
        here = self._places[test]
        for place in range(here, min(here + _AHEAD, len(self._runs))):
            run = self._runs[place]
            if run is not None and place not in self._played:
                self._played[place] = Future()
                self._jobs.put((*run, self._played[place]))
        return self._played.pop(here)

    def _work(self) -> None:
        with asyncio.Runner() as runner:
            while (job := self._jobs.get()) is not None:
                case, mode, future = job
                try:
                    try:
                        self._play(case, mode, runner)
                    except AssertionError:
                        if not _is_a_race(case):
                            raise
                        self._play(_slower(case), mode, runner)
                except BaseException as error:  # noqa: BLE001  # it is the test's
                    future.set_exception(error)
                else:
                    future.set_result(None)

    def _play(self, case: Case, mode: str, runner: asyncio.Runner) -> None:
        trust = {"ssl": self._authority.trusting} if case.trusts else {}
        plain = case.scheme == "http" and not case.certificate
        with self._servers.serve(case.answers, self._authority.context(case.certificate)) as host:
            runner.run(_play(case, mode, host, trust))
            if plain:
                runner.run(well_again(case, host))
        if not plain:
            with self._servers.serve(()) as host:
                runner.run(well_again(case, host, api_base=f"http://{host.address}/v1"))


def _is_a_race(case: Case) -> bool:
    """Whether an answer is expected before a time is over, all of which can be longer."""
    return isinstance(case.outcome, Text) and any(case.given.get(name) for name in _TIMES)


def _slower(case: Case) -> Case:
    given = {
        name: value * _SLOWER if name in _TIMES and value else value for name, value in case.given.items()
    }
    answers = tuple(tuple(map(_slower_step, steps)) for steps in case.answers)
    return replace(case, given=given, answers=answers, within=case.within * _SLOWER)


def _slower_step(step: Step) -> Step:
    if isinstance(step, float):
        return step * _SLOWER
    return replace(step, every=step.every * _SLOWER) if isinstance(step, Again | Slowly) else step


async def _play(case: Case, mode: str, host: Host, trust: dict[str, object]) -> None:
    begin = time.monotonic()
    async with asyncio.timeout(case.within * 3):
        outcome = await outcome_of({**trust, **arguments(case, host, mode)})
    took = time.monotonic() - begin
    check(case, outcome, host)
    assert took < case.within
    await nothing_is_left(host)
