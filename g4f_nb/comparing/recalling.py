"""Which questions are left to ask: the same one once, none that cannot be asked, none that was answered."""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Mapping, Sequence

from g4f_nb.comparing.budget import Budget
from g4f_nb.comparing.columns import OUTCOME, from_error
from g4f_nb.comparing.grid import Grid
from g4f_nb.comparing.identity import Keys
from g4f_nb.comparing.ledger import Ledger
from g4f_nb.comparing.lining import Inquiry
from g4f_nb.comparing.manner import Manner
from g4f_nb.comparing.prices import reply_of
from g4f_nb.kept.records import Record
from g4f_nb.stored.cells import KeptAnswer
from g4f_nb.stored.whole_records import parts

# Gives keys, is sent the answers that are kept under them, and ends with the questions that are left. No keys
# are a moment in which others may have their turn.
Kept = Mapping[str, KeptAnswer]
_Looking = Generator[list[str], Kept, list[Inquiry]]
_CELLS_AT_ONCE = 1000


class Recall:
    """What is known of a run before its first question; it is written into the run's ledger."""

    def __init__(self, ledger: Ledger, grid: Grid, manner: Manner, budget: Budget) -> None:
        self._ledger = ledger
        self._store = ledger.store
        self._grid = grid
        self._manner = manner
        self._budget = budget
        self._looked = False
        # Seats of which nobody knows what a kept answer cost.
        self._unpriced: set[int] = set()

    def left(self) -> list[Inquiry]:
        """The questions that have to be asked, one for all cells that ask the same."""
        looking, found = self._look(), None
        try:
            while True:
                keys = looking.send(found) if found is not None else next(looking)
                found = self._found(keys)
        except StopIteration as end:
            made: list[Inquiry] = end.value
            return made

    async def left_in_turns(self) -> list[Inquiry]:
        """`left` on a loop that has other work, too: thousands of kept answers are read beside it."""
        looking, found = self._look(), None
        try:
            while True:
                keys = looking.send(found) if found is not None else next(looking)
                room = self._ledger.room()
                await (asyncio.sleep(0) if room is None else room)
                found = await asyncio.to_thread(self._found, keys) if keys else {}
        except StopIteration as end:
            made: list[Inquiry] = end.value
            return made

    def _found(self, keys: Sequence[str]) -> Kept:
        if self._store is None or not keys:
            return {}
        newest, self._looked = not self._looked, True
        return self._store.cells.answers(keys, newest=newest)

    def _look(self) -> _Looking:
        inquiries: list[Inquiry] = []
        by_key: dict[str, Inquiry] = {}
        known = self._ledger.columns.lists["status"]
        keys = Keys(self._grid)
        for at, cell in enumerate(self._grid.cells):
            if at % _CELLS_AT_ONCE == _CELLS_AT_ONCE - 1:
                yield []
            if known[at] == "ok":
                self._ledger.done += 1
                continue
            if self._cannot_be_asked(at):
                continue
            key = keys.of(cell) if self._manner.cache != "off" else None
            if key is not None and key in by_key:
                by_key[key].answers_too(at)
                continue
            inquiry = Inquiry(at, key)
            inquiries.append(inquiry)
            if key is not None:
                by_key[key] = inquiry
        del by_key
        if self._store is None or self._manner.cache not in ("use", "only"):
            return inquiries
        left: list[Inquiry] = []
        for some in parts(inquiries):
            kept = yield [inquiry.key for inquiry in some if inquiry.key is not None]
            left += [inquiry for inquiry in some if not self._is_settled(inquiry, kept)]
            self._ledger.keep_taken()
        return left

    def _cannot_be_asked(self, at: int) -> bool:
        cell = self._grid.cells[at]
        seat = self._grid.seats[cell.seat]
        if seat.fault is not None:
            record = {"status": "error", "attempts": 0, **from_error(seat.fault)}
            self._ledger.finish([at], record, error=seat.fault)
            return True
        missing = self._grid.missing(cell)
        if missing is not None:
            words = f"the column {missing!r} is empty in this row"
            self._ledger.finish([at], {"status": "skipped", "error": words})
        return missing is not None

    def _is_settled(self, inquiry: Inquiry, kept: Kept) -> bool:
        answer = kept.get(inquiry.key or "")
        record: Record | None = None if answer is None else answer.read()
        if answer is not None and record is not None and record.get("status") == "ok":
            record = {name: value for name, value in record.items() if name in OUTCOME}
            self._ledger.take_over(inquiry.cells, record, answer, self._price(inquiry, record))
        elif self._manner.cache == "only":
            words = "no answer to this is kept"
            record = {"status": "skipped", "error": words, "request_key": inquiry.key}
            self._ledger.finish(inquiry.cells, record)
        else:
            return False
        return True

    def _price(self, inquiry: Inquiry, record: Record) -> Record:
        """What a kept answer cost, where nobody knew its price when it was given; it is not paid again."""
        number = self._grid.cells.seats[inquiry.first]
        place = self._grid.seats[number].place
        known = "cost_usd" in record or record.get("out_tokens") is None
        if known or place is None or number in self._unpriced:
            return {}
        cost = self._budget.price_of(reply_of(record, place[0]))
        if cost is None:
            self._unpriced.add(number)
            return {}
        made = {"cost_usd": cost.usd, "price_source": cost.source, "price_date": cost.date}
        return {name: value for name, value in made.items() if value is not None}
