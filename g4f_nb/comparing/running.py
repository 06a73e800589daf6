"""One comparison at work: each cell tried until it is answered or has failed, and kept at once."""

from __future__ import annotations

import asyncio
import time
import uuid
from functools import partial

import orjson

from g4f_nb import asking
from g4f_nb.comparing.batch import Done, Lane, Outcome, Stop, run_all
from g4f_nb.comparing.budget import Budget
from g4f_nb.comparing.collecting import SeldomCollected
from g4f_nb.comparing.columns import Outcomes, from_error
from g4f_nb.comparing.grid import Grid
from g4f_nb.comparing.identity import Keys
from g4f_nb.comparing.lining import Inquiry, lanes_of
from g4f_nb.comparing.manner import Manner
from g4f_nb.comparing.mishaps import stops_all
from g4f_nb.comparing.planning import planned
from g4f_nb.comparing.prices import reply_of
from g4f_nb.comparing.watching import Watcher
from g4f_nb.errors import G4FError, ModelNotSupportedError
from g4f_nb.kept.records import Record, beside, from_reply, text
from g4f_nb.questions import Question
from g4f_nb.reply import Reply
from g4f_nb.results import json_text
from g4f_nb.store import Store

# What is different about a cell that was answered by an earlier run.
_FROM_STORE: Record = {"status": "ok", "attempts": 0, "cached": True}
_PACKED_FROM_STORE = b"," + orjson.dumps(_FROM_STORE)[1:]


class FailedError(Exception):
    """With `on_error="raise"` the first failure ends the run; this carries it out of the workers."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error


class Comparison:
    """A comparison while it runs, and what it has come to so far."""

    def __init__(
        self,
        grid: Grid,
        manner: Manner,
        store: Store | None,
        budget: Budget,
        *,
        before: tuple[str, Outcomes] | None = None,
        watcher: Watcher | None = None,
    ) -> None:
        self.grid = grid
        self.manner = manner
        self._streams = manner.timing == "stream"
        self.budget = budget
        self.store = store
        self.watcher = watcher
        self._by_cell: dict[int, Inquiry] = {}
        self._unwanted: list[int] = []
        # What was answered before stays; its row is not asked again.
        self.run_id, self.columns = before or (uuid.uuid4().hex[:8], Outcomes.empty(len(grid.cells)))
        self.done = 0
        self.failed = 0
        self.finished = False
        self._begun = time.perf_counter()
        # The first failure, where one is to end it all.
        self.error: BaseException | None = None
        # Seats of which nobody knows what a kept answer cost.
        self._unpriced: set[int] = set()
        # Models that the server does not know: asked once.
        self._unknown: dict[tuple[str, str], BaseException] = {}

    async def work(self) -> None:
        """Ask whatever is not known yet; whoever cancels this finds what there is in the columns."""
        self._begun = time.perf_counter()
        try:
            lanes = self._lanes(self._inquiries())
            with SeldomCollected():
                await run_all(lanes, self._attempt, concurrency=self.manner.concurrency, skip=self._skip)
        except* FailedError:
            # Told by whoever started it, when what there is has been gathered.
            self.give_up()
        # Here and not where the frame is made: on this thread the room of the answers is taken again.
        self.columns.pack()
        self.finished = True

    def stop(self, at: int) -> None:
        """End the question of one cell of a run that is watched, on our loop; what there is of it is kept."""
        if not self._by_cell:
            # It has not begun yet.
            self._unwanted.append(at)
        inquiry = self._by_cell.get(at)
        if inquiry is None or inquiry.stopped or self.columns.lists["status"][at] is not None:
            return
        inquiry.stopped = True
        if inquiry.answering is not None:
            inquiry.answering.cancel()
            return
        # It waits for its turn, or for another try.
        tries = inquiry.made
        self._finish(inquiry.cells, {"status": "cancelled", "attempts": tries, "request_key": inquiry.key})

    def plan(self) -> None:
        """Mark every cell as planned that would be asked, with what is kept already as it is."""
        for inquiry in self._inquiries():
            made = planned(self.grid, inquiry.cells, self.columns, self.budget)
            for number, (at, estimated) in enumerate(zip(inquiry.cells, made, strict=True)):
                # The same question in another row would not be asked again.
                self.columns.put(at, {"status": "planned", "request_key": inquiry.key, **estimated})
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

    def _inquiries(self) -> list[Inquiry]:
        """An inquiry for each different question that has to be asked; the others are answered here."""
        inquiries: list[Inquiry] = []
        by_key: dict[str, Inquiry] = {}
        known = self.columns.lists["status"]
        keys = Keys(self.grid)
        for at, cell in enumerate(self.grid.cells):
            seat = self.grid.seats[cell.seat]
            if known[at] == "ok":
                self.done += 1
                continue
            if seat.fault is not None:
                record = {"status": "error", "attempts": 0, **from_error(seat.fault)}
                self._finish([at], record, error=seat.fault)
                continue
            missing = self.grid.missing(cell)
            if missing is not None:
                self._finish(
                    [at], {"status": "skipped", "error": f"the column {missing!r} is empty in this row"}
                )
                continue
            key = keys.of(cell) if self.manner.cache != "off" else None
            if key is not None and key in by_key:
                by_key[key].answers_too(at)
                continue
            inquiry = Inquiry(at, key)
            inquiries.append(inquiry)
            if key is not None:
                by_key[key] = inquiry
        return self._from_store(inquiries)

    def _from_store(self, inquiries: list[Inquiry]) -> list[Inquiry]:
        """Answer what was answered before; what is left has to be asked."""
        if self.store is None or self.manner.cache not in ("use", "only"):
            return inquiries
        kept = self.store.answers([inquiry.key for inquiry in inquiries if inquiry.key is not None])
        left = []
        for inquiry in inquiries:
            packed = kept.get(inquiry.key or "")
            if packed is not None:
                self._take_over(inquiry, packed)
            elif self.manner.cache == "only":
                self._finish(
                    inquiry.cells,
                    {"status": "skipped", "error": "no answer to this is kept", "request_key": inquiry.key},
                )
            else:
                left.append(inquiry)
        return left

    def _take_over(self, inquiry: Inquiry, packed: bytes) -> None:
        """An answer of an earlier run, as it was kept: with its times and its cost."""
        record: Record = orjson.loads(packed)
        if "cost_usd" not in record:
            packed = self._priced(inquiry, record, packed)
        for at in inquiry.cells:
            self.columns.put(at, record)
            self.columns.put(at, _FROM_STORE)
            self.done += 1
            if self.store is not None:
                # Packed already: one object of JSON goes on where the other ended.
                self.store.keep_packed_cell(self.run_id, at, packed[:-1] + _PACKED_FROM_STORE)
        if self.watcher is not None:
            self.watcher.ended(inquiry.cells)

    def _priced(self, inquiry: Inquiry, record: Record, packed: bytes) -> bytes:
        """What a kept answer cost, where nobody knew its price when it was given; it is not paid again."""
        number = self.grid.cells.seats[inquiry.first]
        place = self.grid.seats[number].place
        if place is None or number in self._unpriced or record.get("out_tokens") is None:
            return packed
        cost = self.budget.price_of(reply_of(record, place[0]))
        if cost is None:
            self._unpriced.add(number)
            return packed
        record |= {"cost_usd": cost.usd, "price_source": cost.source, "price_date": cost.date}
        return orjson.dumps({name: value for name, value in record.items() if value is not None})

    def _lanes(self, inquiries: list[Inquiry]) -> list[Lane[Inquiry]]:
        if self.watcher is not None:
            self._by_cell = {at: inquiry for inquiry in inquiries for at in inquiry.cells}
            for at in self._unwanted:
                self.stop(at)
        return lanes_of(self.grid, self.manner, inquiries)

    async def _attempt(self, inquiry: Inquiry) -> Outcome:
        """One try of one question."""
        if inquiry.stopped:
            return Done()
        if self.budget.spent_up:
            self._finish(
                inquiry.cells, {"status": "skipped", "error": self.budget.words, "request_key": inquiry.key}
            )
            return Done()
        seat = self.grid.seats[self.grid.cells[inquiry.first].seat]
        unknown = self._unknown.get((seat.provider, seat.model))
        if unknown is not None:
            self._skip(inquiry, unknown)
            return Done()
        inquiry.made += 1
        reply: Reply | None = None
        began, at = time.perf_counter(), time.time()
        try:
            question = self.grid.question(self.grid.cells[inquiry.first])
            reply = question.new_reply()
            if self.watcher is None:
                await asking.answer(question, reply, stream=self._streams)
            else:
                await self._watched(inquiry, question, reply)
        except BaseException as error:
            # A user's own provider may raise anything, SystemExit too: it is that row's. Only when the whole
            # run is being cancelled does it go on.
            if isinstance(error, asyncio.CancelledError) and _is_being_cancelled():
                self._leave(inquiry, reply, began, at)
                raise
            if inquiry.stopped:
                return self._cut_short(inquiry, reply, began, at)
            failure = error
            if isinstance(error, asyncio.CancelledError):
                failure = RuntimeError("the provider cancelled its own call")
        else:
            return self._answered(inquiry, question, reply, began, at)
        return self._failed(inquiry, failure, reply, began, at)

    async def _watched(self, inquiry: Inquiry, question: Question, reply: Reply) -> None:
        """One try in a task of its own, which can be ended without its lane."""
        assert self.watcher is not None  # noqa: S101  # as the caller has seen
        self.watcher.began(inquiry.cells, reply)
        told = partial(self.watcher.grew, inquiry.cells)
        inquiry.answering = asyncio.create_task(asking.answer(question, reply, told, stream=self._streams))
        try:
            await inquiry.answering
        finally:
            inquiry.answering = None

    def _leave(self, inquiry: Inquiry, reply: Reply | None, began: float, at: float) -> None:
        if self.watcher is not None:
            # Somebody has seen it come: it must not vanish from before their eyes.
            self._cut_short(inquiry, reply, began, at)

    def _cut_short(self, inquiry: Inquiry, reply: Reply | None, began: float, at: float) -> Outcome:
        record = from_reply(reply) if reply is not None and reply.text else {}
        self._finish(inquiry.cells, {**record, **self._times(inquiry, began, at), "status": "cancelled"})
        return Done()

    def _failed(
        self, inquiry: Inquiry, error: BaseException, reply: Reply | None, began: float, at: float
    ) -> Outcome:
        """What a failure means for this cell and for its lane."""
        later = inquiry.after(error, self.manner.retries)
        if later is not None:
            return later
        record = {**(from_reply(reply) if reply is not None and reply.text else {}), **from_error(error)}
        record = {**record, **self._times(inquiry, began, at), "status": "error"}
        self._finish(inquiry.cells, record, error=error)
        if isinstance(error, ModelNotSupportedError):
            seat = self.grid.seats[self.grid.cells.seats[inquiry.first]]
            self._unknown[seat.provider, seat.model] = error
        return Stop(error) if stops_all(error) else Done()

    def _answered(
        self, inquiry: Inquiry, question: Question, reply: Reply, began: float, at: float
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
        record |= self._times(inquiry, began, at)
        record |= {"status": "ok", "cached": False}
        # An empty answer, or one that does not fit, is asked again the next time.
        whole = (reply.text or reply.tool_calls or reply.images) and record.get("parse_error") is None
        self._finish(inquiry.cells, record, key=inquiry.key if whole else None, more=beside(reply))
        return Done(None if reply.usage is None else reply.usage.total_tokens)

    def _times(self, inquiry: Inquiry, began: float, at: float) -> Record:
        return {
            "queued_s": began - self._begun,
            "total_s": time.perf_counter() - self._begun,
            "started_at": at,
            "attempts": inquiry.made,
            "request_key": inquiry.key,
        }

    def _skip(self, inquiry: Inquiry, reason: BaseException) -> None:
        why = f"not asked, for another call of this model failed: {from_error(reason)['error']}"
        self._finish(
            inquiry.cells,
            {
                "status": "skipped",
                "error": why,
                "error_type": type(reason).__name__,
                "request_key": inquiry.key,
            },
        )

    def _finish(
        self,
        cells: list[int],
        record: Record,
        *,
        key: str | None = None,
        more: Record | None = None,
        error: BaseException | None = None,
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
        if error is not None and self.manner.on_error == "raise" and self.error is None:
            self.error = error.alone() if isinstance(error, G4FError) else error
            raise FailedError(error)


def _is_being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
