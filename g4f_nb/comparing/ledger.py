"""What has become of each cell: in the columns of the result, in the store, told to whoever looks on."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence

from g4f_nb.comparing.columns import Outcomes, shared
from g4f_nb.comparing.watching import Watcher
from g4f_nb.errors import G4FError
from g4f_nb.kept.records import Record
from g4f_nb.store import Store
from g4f_nb.stored.cells import KeptAnswer

# What is different about a cell that was answered by an earlier run.
_FROM_STORE: Record = {"status": "ok", "attempts": 0, "cached": True}


class FailedError(Exception):
    """Where one failure is to end the run, this carries it out of the workers."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error


class Ledger:
    """One run's outcomes: how many, which, and where they are kept."""

    def __init__(
        self,
        cells: int,
        store: Store | None,
        *,
        before: tuple[str, Outcomes] | None = None,
        watcher: Watcher | None = None,
        raises: bool = False,
    ) -> None:
        # What was answered before stays; its row is not asked again.
        self.run_id, self.columns = before or (uuid.uuid4().hex[:8], Outcomes.empty(cells))
        self.store = store
        self.watcher = watcher
        # Its answers are in the store alone.
        self.let_go = False
        self._taken: list[tuple[Sequence[int], KeptAnswer, Record]] = []
        self.done = 0
        self.failed = 0
        # Whether the first failure ends it all, and that failure.
        self.raises = raises
        self.error: BaseException | None = None

    def finish(
        self,
        cells: Sequence[int],
        record: Record,
        *,
        key: str | None = None,
        more: Record | None = None,
        error: BaseException | None = None,
    ) -> None:
        """Keep what became of a question, in every cell that asks it; under a key it is kept for others."""
        record = {name: value for name, value in record.items() if value is not None}
        first, *others = cells
        self.columns.put(first, record)
        made = b""
        if self.store is not None:
            made = self.store.cells.keep(self.run_id, first, record, key=key, more=more)
        if others:
            # The same question in another row was not asked again.
            again = {**record, "cached": True} if record["status"] == "ok" else record
            for at in others:
                self.columns.put(at, again)
            if self.store is not None:
                beside: Record = {name: again[name] for name in ("status", "cached") if name in again}
                kept = KeptAnswer(made, (self.run_id, first))
                self.store.cells.keep_same(self.run_id, [(others, kept, beside)])
        self.done += len(cells)
        if record["status"] == "error":
            self.failed += len(cells)
        if self.watcher is not None:
            self.watcher.ended(cells)
        if error is not None and self.raises and self.error is None:
            self.error = error.alone() if isinstance(error, G4FError) else error
            raise FailedError(error)

    def take_over(self, cells: Sequence[int], record: Record, kept: KeptAnswer, beside: Record) -> None:
        """Note the answer of an earlier run, with its times and its cost; `beside` is what is new of it."""
        new = {**beside, **_FROM_STORE}
        whole = shared({**record, **new})
        for at in cells:
            self.columns.put(at, whole)
        self._taken.append((cells, kept, new))
        self.done += len(cells)
        if self.watcher is not None:
            self.watcher.ended(cells)

    def keep_taken(self) -> None:
        """Keep what was taken over since the last time: some hundred at once cost less than each alone."""
        taken, self._taken = self._taken, []
        if self.store is not None:
            self.store.cells.keep_same(self.run_id, taken)

    def give_up(self) -> None:
        """What was not finished is cancelled."""
        status = self.columns.lists["status"]
        for at, said in enumerate(status):
            if said is None:
                status[at] = "cancelled"

    def room(self) -> asyncio.Future[None] | None:
        """What to wait for where the disk is slower than the answers, rather than heap them up in memory."""
        waiting = None if self.store is None else self.store.room()
        return None if waiting is None else asyncio.wrap_future(waiting)
