"""Several answers at once or one after another, until one of them has begun; the others are ended."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, field

from g4f_nb.chunks import Chunk, ProviderFailed, ProviderInfo, RequestLogin, is_content
from g4f_nb.errors import G4FError, RequestTimeoutError, ResponseError, shorten
from g4f_nb.loops.handover import LocalBatches
from g4f_nb.providers.combined.breakers import Standing
from g4f_nb.secret import redact
from g4f_nb.typing import AsyncResult

_LONGEST_REASON = 300


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Entrant:
    """One who could answer: under which name, and how that begins; or the fault why it cannot."""

    name: str
    model: str | None
    host: str | None
    standing: Standing
    begin: Callable[[], AsyncResult] = field(repr=False)
    fault: G4FError | None = None

    def failed(self, error: BaseException | None) -> ProviderFailed:
        """Why it did not answer; without an error, because another did."""
        kind = None if error is None else type(error).__name__
        return ProviderFailed(self.name, self.model, kind, _reason(error))


class NobodyAnsweredError(Exception):
    """All have failed; what became of each, in the order in which it came."""

    def __init__(self, failed: Sequence[tuple[Entrant, BaseException]]) -> None:
        super().__init__()
        self.failed = failed


async def contest(
    entrants: Iterable[Entrant],
    *,
    at_once: bool,
    patience: float | None,
    failed_before: Sequence[ProviderFailed] = (),
) -> AsyncIterator[str | Chunk]:
    """The answer of the first that says something; before it, why those before or beside it did not.

    One after another, or all `at_once`. Whoever has said nothing after `patience` seconds has failed. A login
    that one of them waits for is passed on at once. What has been begun is ended when this is.
    """
    field_ = _Field(entrants, patience)
    try:
        async for step in field_.first_to_begin(at_once=at_once):
            if isinstance(step, RequestLogin):
                yield step
        winner = field_.winner
        if winner is None:
            raise NobodyAnsweredError(field_.failed)
        others = field_.end_others()
        for told in (*failed_before, *field_.told()):
            yield told
        async for chunk in winner.answer():
            yield chunk
        await others
    finally:
        await asyncio.gather(*(run.end() for run in field_.begun))


class _Field:
    """Who is still to begin, who is at work, and who has failed."""

    def __init__(self, entrants: Iterable[Entrant], patience: float | None) -> None:
        self.winner: _Run | None = None
        self.begun: list[_Run] = []
        self.failed: list[tuple[Entrant, BaseException]] = []
        self._waiting = deque(entrants)
        self._patience = patience
        self._news: asyncio.Queue[tuple[_Run, RequestLogin | None]] = asyncio.Queue()
        self._running: list[_Run] = []

    async def first_to_begin(self, *, at_once: bool) -> AsyncIterator[RequestLogin]:
        """Start them until one has begun to answer or all have failed; gives the logins they wait for."""
        for _ in range(len(self._waiting) if at_once else 1):
            self._start()
        while self._running and self.winner is None:
            run, login = await self._news.get()
            if login is not None:
                yield login
                continue
            self._running.remove(run)
            if run.error is None:
                self.winner = run
            elif not isinstance(run.error, Exception):
                # An interrupt, or the end of the program: no reason to ask somebody else.
                raise run.error
            else:
                self.failed.append((run.entrant, run.error))
                if self._waiting and not at_once:
                    self._start()

    def told(self) -> list[ProviderFailed]:
        """Why the others did not answer."""
        failed = [entrant.failed(error) for entrant, error in self.failed]
        return [*failed, *(run.entrant.failed(None) for run in self._running)]

    def end_others(self) -> asyncio.Future[list[None]]:
        """End those who were slower, while the first goes on."""
        return asyncio.gather(*(run.end() for run in self._running))

    def _start(self) -> None:
        run = _Run(self._waiting.popleft(), self._news, self._patience)
        self._running.append(run)
        self.begun.append(run)


class _Run:
    """One entrant at work; it puts itself into the news when it has begun to answer, or failed."""

    def __init__(
        self, entrant: Entrant, news: asyncio.Queue[tuple[_Run, RequestLogin | None]], patience: float | None
    ) -> None:
        self.entrant = entrant
        self.error: BaseException | None = None
        self._news = news
        self._held: list[str | Chunk] = []
        self._patience = patience
        self._batches: LocalBatches[str | Chunk] | None = None
        entrant.standing.begin()
        self._task = asyncio.ensure_future(self._begin())

    async def answer(self) -> AsyncIterator[str | Chunk]:
        """All that it says, from the beginning."""
        if not any(isinstance(chunk, ProviderInfo) for chunk in self._held):
            yield ProviderInfo(self.entrant.name, self.entrant.model, self.entrant.host)
        for chunk in self._held:
            yield chunk
        try:
            if self._batches is not None:
                async for batch in self._batches:
                    for chunk in batch:
                        yield chunk
        except Exception as error:
            self.entrant.standing.failed(error)
            raise
        self.entrant.standing.succeeded()

    async def end(self) -> None:
        """Close what is open of it; nothing is left when this returns."""
        self._task.cancel()
        await asyncio.wait({self._task})
        if self._batches is not None:
            await self._batches.aclose()
        self.entrant.standing.release()

    async def _begin(self) -> None:
        limit = asyncio.timeout(self._patience)
        try:
            async with limit:
                await self._read_to_content(limit)
            self.entrant.standing.release()
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            self.error = RuntimeError(f"{self.entrant.name} cancelled its own call")
        except TimeoutError as error:
            self.error = self._out_of_patience() if limit.expired() else error
        except BaseException as error:  # noqa: BLE001  # told to whoever waits for the news
            self.error = error
        if self.error is not None:
            self.entrant.standing.failed(self.error)
        self._news.put_nowait((self, None))

    async def _read_to_content(self, limit: asyncio.Timeout) -> None:
        if self.entrant.fault is not None:
            raise self.entrant.fault
        self._batches = LocalBatches(self.entrant.begin())
        async for batch in self._batches:
            content = False
            for chunk in batch:
                if isinstance(chunk, RequestLogin) and not content:
                    # A person takes the time that it takes.
                    limit.reschedule(None)
                    self._news.put_nowait((self, chunk))
                else:
                    self._held.append(chunk)
                    content = content or is_content(chunk)
            if content:
                return
        raise ResponseError(
            f"{self.entrant.name} answered without any content: ask again, or word the request differently",
            provider=self.entrant.name,
            model=self.entrant.model,
        )

    def _out_of_patience(self) -> RequestTimeoutError:
        return RequestTimeoutError(
            f"{self.entrant.name} said nothing within {self._patience:g} s: allow more with patience=",
            provider=self.entrant.name,
            model=self.entrant.model,
        )


def _reason(error: BaseException | None) -> str:
    if error is None:
        return "which was slower"
    words = str(error) if isinstance(error, G4FError) and str(error) else f"{type(error).__name__}: {error}"
    return shorten(redact(" ".join(words.split())), _LONGEST_REASON)
