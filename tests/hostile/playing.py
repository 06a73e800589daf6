"""Plays the hostile cases a few at a time: most of them are waiting, and waiting costs nothing."""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from concurrent.futures import Future

from .asking import arguments, check, nothing_is_left, outcome_of, well_again
from .authority import Authority
from .cases import Case
from .server import Host, Servers

_AT_ONCE = 4


class Games:
    """Some threads, each with a loop and so a pooled session of its own; on it one case follows another."""

    def __init__(self) -> None:
        self._servers = Servers()
        self._authority = Authority()
        self._jobs: queue.SimpleQueue[tuple[Case, str, Future[None]] | None] = queue.SimpleQueue()
        self._threads = [threading.Thread(target=self._work) for _ in range(_AT_ONCE)]
        for thread in self._threads:
            thread.start()

    def play(self, case: Case, mode: str) -> Future[None]:
        """Have a case played; the future holds what was wrong."""
        future: Future[None] = Future()
        self._jobs.put((case, mode, future))
        return future

    def close(self) -> None:
        """Wait for the last one."""
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()
        self._servers.close()

    def _work(self) -> None:
        with asyncio.Runner() as runner:
            while (job := self._jobs.get()) is not None:
                case, mode, future = job
                try:
                    self._play(case, mode, runner)
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


async def _play(case: Case, mode: str, host: Host, trust: dict[str, object]) -> None:
    begin = time.monotonic()
    async with asyncio.timeout(case.within * 3):
        outcome = await outcome_of({**trust, **arguments(case, host, mode)})
    took = time.monotonic() - begin
    check(case, outcome, host)
    assert took < case.within
    await nothing_is_left(host)
