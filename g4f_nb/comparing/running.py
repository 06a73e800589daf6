"""One comparison at work: each cell tried until it is answered or has failed, and kept at once."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

import orjson

from g4f_nb import asking
from g4f_nb.comparing.batch import Again, Done, Lane, Outcome, Refused, Stop, run_all
from g4f_nb.comparing.budget import Budget
from g4f_nb.comparing.columns import Columns, Record, from_error, from_reply, text
from g4f_nb.comparing.grid import Grid, Seat
from g4f_nb.comparing.identity import lane_key, request_key, row_of
from g4f_nb.comparing.pacing import Limits, Pace
from g4f_nb.comparing.planning import planned
from g4f_nb.comparing.watching import Watcher
from g4f_nb.errors import (
    CertificateError,
    ConnectionFailedError,
    G4FError,
    MissingAuthError,
    ModelNotSupportedError,
    PaymentRequiredError,
    ProviderNotWorkingError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
    StreamInterruptedError,
)
from g4f_nb.reply import Reply
from g4f_nb.results import json_text
from g4f_nb.store import Store

Cache = Literal["use", "refresh", "only", "off"]
# A lane that is refused this often for one cell makes no progress any more.
_MOST_REFUSALS = 12
_OVERLOADED = (503, 529)
_LONGEST_BACKOFF = 30.0
# What all other cells of a lane would meet, too. A model that is not there says nothing of the lane's others.
_FOR_ALL = (
    MissingAuthError,
    PaymentRequiredError,
    ProviderNotWorkingError,
    CertificateError,
)
_PASSING = (ConnectionFailedError, ServerError, StreamInterruptedError)
# What is different about a cell that was answered by an earlier run.
_FROM_STORE: Record = {"status": "ok", "attempts": 0, "cached": True}
_PACKED_FROM_STORE = b"," + orjson.dumps(_FROM_STORE)[1:]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a comparison is to be carried out."""

    cache: Cache = "use"
    concurrency: int = 64
    limits: Mapping[str, Limits] = field(default_factory=dict)
    retries: int = 4
    stream: bool = True


@dataclass(slots=True, eq=False)
class Job:
    """One question that is asked once, and all cells that it answers."""

    cells: list[int]
    key: str | None
    tries: int = 0
    refusals: int = 0
    backoff: float = 0.5
    # Only where somebody watches: the try that is on its way, and whether it is wanted no more.
    answering: asyncio.Task[Reply] | None = None
    stopped: bool = False


class Run:
    """A comparison while it runs, and what it has come to so far."""

    def __init__(
        self,
        grid: Grid,
        manner: Manner,
        store: Store | None,
        budget: Budget,
        *,
        before: tuple[str, Columns] | None = None,
        watcher: Watcher | None = None,
    ) -> None:
        self.grid = grid
        self.manner = manner
        self.budget = budget
        self.store = store
        self.watcher = watcher
        self._by_cell: dict[int, Job] = {}
        # What was answered before stays; its row is not asked again.
        self.run_id, self.columns = before or (uuid.uuid4().hex[:8], Columns.empty(len(grid.cells)))
        self.done = 0
        self.failed = 0
        self.finished = False
        self._begun = time.perf_counter()
        # Models that the server does not know: asked once.
        self._unknown: dict[tuple[str, str], BaseException] = {}

    async def work(self) -> None:
        """Ask whatever is not known yet; whoever cancels this finds what there is in the columns."""
        self._begun = time.perf_counter()
        jobs = self._jobs()
        if self.watcher is not None:
            self._by_cell = {at: job for job in jobs for at in job.cells}
        lanes = self._lanes(jobs)
        await run_all(lanes, self._attempt, concurrency=self.manner.concurrency, skip=self._skip)
        self.finished = True

    def stop(self, at: int) -> None:
        """End the question of one cell of a run that is watched, on our loop; what there is of it is kept."""
        job = self._by_cell.get(at)
        if job is None or job.stopped or self.columns.lists["status"][at] is not None:
            return
        job.stopped = True
        if job.answering is not None:
            job.answering.cancel()
        else:
            # It waits for its turn, or for another try.
            self._finish(job.cells, {"status": "cancelled", "attempts": job.tries, "request_key": job.key})

    def plan(self) -> None:
        """Mark every cell as planned that would be asked, with what is kept already as it is."""
        for job in self._jobs():
            made = planned(self.grid, job.cells, self.columns, self.budget)
            for number, (at, estimated) in enumerate(zip(job.cells, made, strict=True)):
                # The same question in another row would not be asked again.
                self.columns.put(at, {"status": "planned", "request_key": job.key, **estimated})
                self.columns.put(at, {"cached": number > 0})

    def give_up(self) -> None:
        """What was not finished is cancelled."""
        status = self.columns.lists["status"]
        for at, said in enumerate(status):
            if said is None:
                status[at] = "cancelled"

    def notes(self) -> str:
        """What the bar says beside its count."""
        cost = f"${self.budget.spent:.4f}" if self.budget.spent else ""
        return ", ".join(filter(None, [f"{self.failed} failed" if self.failed else "", cost]))

    def _jobs(self) -> list[Job]:
        """A job for each different question that has to be asked; the others are answered here."""
        jobs: list[Job] = []
        by_key: dict[str, Job] = {}
        known = self.columns.lists["status"]
        for at, cell in enumerate(self.grid.cells):
            seat = self.grid.seats[cell.seat]
            if known[at] == "ok":
                self.done += 1
                continue
            if seat.fault is not None:
                self._finish([at], {"status": "error", "attempts": 0, **from_error(seat.fault)})
                continue
            missing = self.grid.missing(cell)
            if missing is not None:
                self._finish(
                    [at], {"status": "skipped", "error": f"the column {missing!r} is empty in this row"}
                )
                continue
            key = request_key(self.grid, cell) if self.manner.cache != "off" else None
            if key is not None and key in by_key:
                by_key[key].cells.append(at)
                continue
            job = Job([at], key)
            jobs.append(job)
            if key is not None:
                by_key[key] = job
        return self._from_store(jobs)

    def _from_store(self, jobs: list[Job]) -> list[Job]:
        """Answer what was answered before; what is left has to be asked."""
        if self.store is None or self.manner.cache not in ("use", "only"):
            return jobs
        kept = self.store.answers([job.key for job in jobs if job.key is not None])
        left = []
        for job in jobs:
            packed = kept.get(job.key or "")
            if packed is not None:
                self._take_over(job, packed)
            elif self.manner.cache == "only":
                self._finish(
                    job.cells,
                    {"status": "skipped", "error": "no answer to this is kept", "request_key": job.key},
                )
            else:
                left.append(job)
        return left

    def _take_over(self, job: Job, packed: bytes) -> None:
        """An answer of an earlier run, as it was kept: with its times and its cost."""
        record: Record = orjson.loads(packed)
        for at in job.cells:
            self.columns.put(at, record)
            self.columns.put(at, _FROM_STORE)
            self.done += 1
            if self.store is not None:
                # Packed already: one object of JSON goes on where the other ended.
                self.store.keep_packed_cell(self.run_id, at, packed[:-1] + _PACKED_FROM_STORE)
        if self.watcher is not None:
            self.watcher.ended(job.cells)

    def _lanes(self, jobs: list[Job]) -> list[Lane[Job]]:
        by_lane: dict[tuple[Any, ...], list[Job]] = defaultdict(list)
        seats: dict[tuple[Any, ...], Seat] = {}
        for job in jobs:
            seat = self.grid.seats[self.grid.cells[job.cells[0]].seat]
            key = lane_key(seat)
            by_lane[key].append(job)
            seats.setdefault(key, seat)
        return [self._lane(self._limits(seats[key]), lane) for key, lane in by_lane.items()]

    def _lane(self, limits: Limits, jobs: list[Job]) -> Lane[Job]:
        pace = Pace(limits, self.manner.concurrency)
        if limits.tpm is None:
            return Lane(pace, iter(jobs))
        return Lane(pace, iter(jobs), self._tokens)

    def _limits(self, seat: Seat) -> Limits:
        given = {name.lower(): limits for name, limits in self.manner.limits.items()}
        # A label is a name for it as good as its own.
        models = (seat.model, seat.place[0].model if seat.place else "")
        names = (*(f"{seat.provider}:{model}".lower() for model in models), seat.provider.lower())
        found = next((given[name] for name in names if name in given), None)
        if found is None:
            row = row_of(seat)
            found = given.get(row.name.lower()) if row is not None else None
        at_once = seat.place[0].provider.most_at_once(seat.place[1]) if seat.place else None
        return found or Limits(concurrency=at_once)

    def _tokens(self, job: Job) -> int:
        """About how many tokens a job takes, for a limit on tokens a minute: a quarter of its characters."""
        cell = self.grid.cells[job.cells[0]]
        place = self.grid.seats[cell.seat].place
        most = place[1].get("max_tokens") if place else None
        return len(self.grid.prompt_text(cell)) // 4 + (most if isinstance(most, int) else 200)

    async def _attempt(self, job: Job) -> Outcome:
        """One try of one question."""
        if job.stopped:
            return Done()
        if self.budget.spent_up:
            self._finish(job.cells, {"status": "skipped", "error": self.budget.words, "request_key": job.key})
            return Done()
        seat = self.grid.seats[self.grid.cells[job.cells[0]].seat]
        unknown = self._unknown.get((seat.provider, seat.model))
        if unknown is not None:
            self._skip(job, unknown)
            return Done()
        job.tries += 1
        reply: Reply | None = None
        began, at = time.perf_counter(), time.time()
        try:
            question = self.grid.question(self.grid.cells[job.cells[0]])
            reply = question.new_reply()
            await (
                self._watched(job, question, reply)
                if self.watcher
                else asking.answer(question, reply, stream=self.manner.stream)
            )
        except BaseException as error:
            # A user's own provider may raise anything, SystemExit too: it is that row's. Only when the whole
            # run is being cancelled does it go on.
            task = asyncio.current_task()
            if isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling():
                raise
            if job.stopped:
                return self._cut_short(job, reply, began, at)
            failure = error
            if isinstance(error, asyncio.CancelledError):
                failure = RuntimeError("the provider cancelled its own call")
        else:
            return self._answered(job, question, reply, began, at)
        return self._after(job, failure, reply, began, at)

    async def _watched(self, job: Job, question: asking.Question, reply: Reply) -> None:
        """One try in a task of its own, which can be ended without its lane."""
        assert self.watcher is not None  # noqa: S101  # as the caller has seen
        self.watcher.began(job.cells, reply)
        told = partial(self.watcher.grew, job.cells)
        job.answering = asyncio.create_task(asking.answer(question, reply, told, stream=self.manner.stream))
        try:
            await job.answering
        finally:
            job.answering = None

    def _cut_short(self, job: Job, reply: Reply | None, began: float, at: float) -> Outcome:
        record = from_reply(reply) if reply is not None and reply.text else {}
        self._finish(job.cells, {**record, **self._times(job, began, at), "status": "cancelled"})
        return Done()

    def _after(self, job: Job, error: BaseException, reply: Reply | None, began: float, at: float) -> Outcome:
        """What a failure means for this cell and for its lane."""
        # Whoever wants no tries gets none.
        most = _MOST_REFUSALS if self.manner.retries else 0
        match error:
            case RateLimitError() if error.code != "insufficient_quota" and job.refusals < most:
                job.refusals += 1
                return Refused(error.retry_after)
            case ServerError() if error.status in _OVERLOADED and job.refusals < self.manner.retries:
                job.refusals += 1
                return Refused(error.retry_after)
            case RateLimitError() | ServerError():
                again = isinstance(error, ServerError)
            case CertificateError():
                again = False
            case RequestTimeoutError():
                # A server that says so may have time later; silence is paid for with every try.
                again = error.status is not None
            case _:
                again = isinstance(error, _PASSING)
        if again and job.tries - job.refusals <= self.manner.retries:
            wait = error.retry_after if isinstance(error, G4FError) and error.retry_after else job.backoff
            job.backoff = min(job.backoff * 2, _LONGEST_BACKOFF)
            return Again(wait * random.uniform(0.75, 1.25))
        record = {**(from_reply(reply) if reply is not None and reply.text else {}), **from_error(error)}
        self._finish(job.cells, {**record, **self._times(job, began, at), "status": "error"})
        if isinstance(error, ModelNotSupportedError):
            seat = self.grid.seats[self.grid.cells[job.cells[0]].seat]
            self._unknown[seat.provider, seat.model] = error
        quota = isinstance(error, RateLimitError) and error.code == "insufficient_quota"
        return Stop(error) if quota or isinstance(error, _FOR_ALL) else Done()

    def _answered(
        self, job: Job, question: asking.Question, reply: Reply, began: float, at: float
    ) -> Outcome:
        record = from_reply(reply)
        wanted = question.plan.wanted
        if wanted is not None:
            record["parse_error"] = reply.parse_error
            if reply.parse_error is None:
                try:
                    record["parsed"] = text(json_text(reply.data))
                except (TypeError, ValueError) as error:
                    # A number of more than 64 bits, half of a surrogate pair: that row's alone.
                    record["parse_error"] = f"it holds what no JSON can: {from_error(error)['error']}"
        cost = self.budget.add(reply)
        if cost is not None:
            record |= {"cost_usd": cost.usd, "price_source": cost.source, "price_date": cost.date}
        record |= self._times(job, began, at)
        record |= {"status": "ok", "cached": False}
        # An empty answer, or one that does not fit, is asked again the next time.
        whole = (reply.text or reply.tool_calls or reply.images) and record.get("parse_error") is None
        self._finish(job.cells, record, key=job.key if whole else None, more=_more(reply))
        return Done(None if reply.usage is None else reply.usage.total_tokens)

    def _times(self, job: Job, began: float, at: float) -> Record:
        return {
            "queued_s": began - self._begun,
            "total_s": time.perf_counter() - self._begun,
            "started_at": at,
            "attempts": job.tries,
            "request_key": job.key,
        }

    def _skip(self, job: Job, reason: BaseException) -> None:
        why = f"not asked, for another call of this model failed: {from_error(reason)['error']}"
        self._finish(
            job.cells,
            {"status": "skipped", "error": why, "error_type": type(reason).__name__, "request_key": job.key},
        )

    def _finish(
        self, cells: list[int], record: Record, *, key: str | None = None, more: Record | None = None
    ) -> None:
        """Keep what became of a question, in every cell that asks it."""
        record = {name: value for name, value in record.items() if value is not None}
        for at in cells:
            self.columns.put(at, record)
            if self.store is not None:
                self.store.keep_cell(self.run_id, at, record, key=key, more=more)
            # The same question in another row was not asked again.
            if record["status"] == "ok":
                record, key, more = {**record, "cached": True}, None, None
        self.done += len(cells)
        if record["status"] == "error":
            self.failed += len(cells)
        if self.watcher is not None:
            self.watcher.ended(cells)


def _more(reply: Reply) -> Record | None:
    """What came beside the answer, for whoever wants to look closely."""
    calls, sources = reply.tool_calls, reply.sources
    several = len(reply.steps) > 1
    if not (reply.reasoning or calls or sources or several):
        return None
    return {
        "reasoning": reply.reasoning,
        "tool_calls": [call.as_json() for call in calls],
        "sources": [source.url for source in sources],
        "messages": reply.messages if several else [],
    }
