"""One comparison at work: each cell tried until it is answered or has failed, and kept at once."""

from __future__ import annotations

import asyncio
import copy
import time
from functools import partial

from g4f_nb import asking
from g4f_nb.comparing.batch import Done, Outcome, Stop, run_all
from g4f_nb.comparing.budget import Budget
from g4f_nb.comparing.collecting import SeldomCollected
from g4f_nb.comparing.columns import Outcomes, from_error
from g4f_nb.comparing.grid import Grid
from g4f_nb.comparing.ledger import FailedError, Ledger
from g4f_nb.comparing.lining import Inquiry, lanes_of
from g4f_nb.comparing.manner import Manner
from g4f_nb.comparing.mishaps import stops_all
from g4f_nb.comparing.planning import planned
from g4f_nb.comparing.recalling import Recall
from g4f_nb.comparing.watching import Watcher
from g4f_nb.errors import ModelNotSupportedError
from g4f_nb.kept.records import Record, beside, from_reply, text
from g4f_nb.questions import Question
from g4f_nb.reply import Reply
from g4f_nb.results import json_text
from g4f_nb.store import Store


class Comparison(Ledger):
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
        super().__init__(
            len(grid.cells), store, before=before, watcher=watcher, raises=manner.on_error == "raise"
        )
        self.grid = grid
        self.manner = manner
        self._streams = manner.timing == "stream"
        self.budget = budget
        # Before it has begun to ask there is none: what is stopped until then is kept in mind.
        self._by_cell: dict[int, Inquiry] | None = None
        self._unwanted: list[int] = []
        self.is_over = False
        self._begun = time.perf_counter()
        # Models that the server does not know: asked once.
        self._unknown: dict[tuple[str, str], BaseException] = {}

    async def work(self) -> None:
        """Ask whatever is not known yet; whoever cancels this finds what there is in the columns."""
        self._begun = time.perf_counter()
        try:
            with SeldomCollected():
                inquiries = await Recall(self, self.grid, self.manner, self.budget).left_in_turns()
                if self.watcher is not None:
                    self._by_cell = {at: inquiry for inquiry in inquiries for at in inquiry.cells}
                    for at in self._unwanted:
                        self.stop(at)
                lanes = lanes_of(self.grid, self.manner, inquiries)
                # The lanes let go of each of them when its turn comes.
                del inquiries
                await run_all(lanes, self._attempt, concurrency=self.manner.concurrency, skip=self._skip)
        except* FailedError:
            # Told by whoever started it, when what there is has been gathered.
            self.give_up()
        finally:
            self.is_over = True
            self._by_cell = {}
        # Here and not where the frame is made: on this thread the room of the answers is taken again.
        self.columns.pack()

    def without_answers(self) -> Comparison:
        """The same, but for what has become of its cells, which whoever holds this one still has."""
        made = copy.copy(self)
        made.columns, made.watcher, made.let_go = Outcomes.empty(0), None, True
        return made

    def stop(self, at: int) -> None:
        """End the question of one cell of a run that is watched, on our loop; what there is of it is kept."""
        if self._by_cell is None:
            self._unwanted.append(at)
            return
        inquiry = self._by_cell.get(at)
        if inquiry is None or inquiry.stopped or self.columns.lists["status"][at] is not None:
            return
        inquiry.stopped = True
        if inquiry.answering is not None:
            inquiry.answering.cancel()
            return
        # It waits for its turn, or for another try.
        tries = inquiry.made
        self.finish(inquiry.cells, {"status": "cancelled", "attempts": tries, "request_key": inquiry.key})

    def plan(self) -> None:
        """Mark every cell as planned that would be asked, with what is kept already as it is."""
        recall = Recall(self, self.grid, self.manner, self.budget)
        # What is only planned is no run: nothing is kept of it, and no failure ends it.
        self.store, self.raises = None, False
        for inquiry in recall.left():
            made = planned(self.grid, inquiry.cells, self.columns, self.budget)
            for number, (at, estimated) in enumerate(zip(inquiry.cells, made, strict=True)):
                # The same question in another row would not be asked again.
                self.columns.put(at, {"status": "planned", "request_key": inquiry.key, **estimated})
                self.columns.put(at, {"cached": number > 0})

    def notes(self) -> str:
        """What the bar says beside its count."""
        cost = f"${self.budget.spent:.4f}" if self.budget.spent else ""
        return ", ".join(filter(None, [f"{self.failed} failed" if self.failed else "", cost]))

    async def _attempt(self, inquiry: Inquiry) -> Outcome:
        """One try of one question."""
        room = self.room()
        if room is not None:
            await room
        if self._is_moot(inquiry):
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
                # What there is of it was paid for, and may have been seen.
                self._cut_short(inquiry, reply, began, at)
                raise
            if inquiry.stopped:
                return self._cut_short(inquiry, reply, began, at)
            failure = error
            if isinstance(error, asyncio.CancelledError):
                failure = RuntimeError("the provider cancelled its own call")
        else:
            return self._answered(inquiry, question, reply, began, at)
        return self._failed(inquiry, failure, reply, began, at)

    def _is_moot(self, inquiry: Inquiry) -> bool:
        """Whether it need not be asked any more; what it is then is noted."""
        if inquiry.stopped:
            return True
        if self.budget.spent_up:
            self.finish(
                inquiry.cells, {"status": "skipped", "error": self.budget.words, "request_key": inquiry.key}
            )
            return True
        seat = self.grid.seats[self.grid.cells.seats[inquiry.first]]
        unknown = self._unknown.get((seat.provider, seat.model)) if self._unknown else None
        if unknown is not None:
            self._skip(inquiry, unknown)
        return unknown is not None

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

    def _cut_short(self, inquiry: Inquiry, reply: Reply | None, began: float, at: float) -> Outcome:
        record = from_reply(reply) if reply is not None and reply.text else {}
        self.finish(inquiry.cells, {**record, **self._times(inquiry, began, at), "status": "cancelled"})
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
        self.finish(inquiry.cells, record, error=error)
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
        self.finish(inquiry.cells, record, key=inquiry.key if whole else None, more=beside(reply))
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
        self.finish(
            inquiry.cells,
            {
                "status": "skipped",
                "error": why,
                "error_type": type(reason).__name__,
                "request_key": inquiry.key,
            },
        )


def _is_being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
