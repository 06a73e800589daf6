"""What is kept between kernels: runs with their cells, which are answers by what was asked, verdicts, talks.

No key is ever among it: whoever makes a record leaves them out.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from g4f_nb.errors import G4FError
from g4f_nb.inbox import Row
from g4f_nb.loops.ownloop import stop_own_loop
from g4f_nb.pointers import Target, joined, pointing, target_of
from g4f_nb.purging import purge
from g4f_nb.settings import cache_folder, current
from g4f_nb.sqlite_file import Storage
from g4f_nb.tables import Table
from g4f_nb.whole_records import marks, parts, whole

_VERSION = 2
# Whoever changes the schema raises the version, and says here in SQL how a file of the form before becomes
# one of the next: nobody's conversations are put aside. Form 1 was before the first release.
_MIGRATIONS: Mapping[int, str] = {}
_SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (
    run_id TEXT PRIMARY KEY, kind TEXT NOT NULL, began_at REAL NOT NULL,
    cells INTEGER NOT NULL, plan BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS cells (
    run_id TEXT NOT NULL, position INTEGER NOT NULL, key TEXT, record BLOB NOT NULL, more BLOB,
    PRIMARY KEY (run_id, position)
);
CREATE TABLE IF NOT EXISTS verdicts (
    run_id TEXT NOT NULL, pair TEXT NOT NULL, judge TEXT NOT NULL, turn INTEGER NOT NULL,
    record BLOB NOT NULL, given_at REAL NOT NULL,
    PRIMARY KEY (run_id, pair, judge, turn)
);
CREATE TABLE IF NOT EXISTS conversations (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, title TEXT NOT NULL, changed_at REAL NOT NULL,
    settings BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS turns (
    conversation TEXT NOT NULL, turn TEXT NOT NULL, parent TEXT, record BLOB NOT NULL,
    PRIMARY KEY (conversation, turn)
);
CREATE TABLE IF NOT EXISTS costs (
    conversation TEXT NOT NULL, turn TEXT NOT NULL, usd REAL, tokens INTEGER, guess REAL,
    PRIMARY KEY (conversation, turn)
);
CREATE INDEX IF NOT EXISTS answers ON cells (key) WHERE key IS NOT NULL;
CREATE INDEX IF NOT EXISTS runs_by_age ON runs (began_at)
"""
_KEEP_CELL = "INSERT OR REPLACE INTO cells VALUES (?, ?, ?, ?, ?)"
_KEEP_SAME = """
INSERT OR REPLACE INTO cells SELECT ?, ?, NULL, CASE
    WHEN EXISTS (SELECT 1 FROM cells WHERE run_id = ? AND position = ?) THEN ? ELSE ?
END, NULL
"""
_DAY = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class StoreInfo:
    """Where the store is and how much it holds."""

    file: Path
    in_memory_because: str | None
    bytes: int
    answers: int
    runs: int
    cells: int
    verdicts: int
    conversations: int
    oldest: float | None

    def __repr__(self) -> str:
        return repr(self._table())

    def _repr_html_(self) -> str:
        return self._table()._repr_html_()

    def _table(self) -> Table:
        began = None if self.oldest is None else time.strftime("%Y-%m-%d", time.localtime(self.oldest))
        counts = ("answers", "runs", "cells", "verdicts", "conversations")
        memory = f"It cannot be written ({self.in_memory_because}): what is new ends with this kernel."
        return Table(
            (
                ("file", str(self.file)),
                ("size", f"{self.bytes / 1e6:,.1f} MB"),
                *((name, f"{getattr(self, name):,}") for name in counts),
                ("oldest run", began or "none"),
            ),
            title="What is kept between kernels",
            note=memory
            if self.in_memory_because
            else "nb.purge_store(older_than_days=30) deletes what is older.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRun:
    """A run as it was begun."""

    run_id: str
    kind: str
    began_at: float
    cells: int
    plan: dict[str, Any]


class KeptAnswer(NamedTuple):
    """An answer: its record as JSON, and which cell has it."""

    record: bytes
    cell: Target


class Store:
    """The one store of a folder."""

    def __init__(self, file: Path) -> None:
        self._storage = Storage(file, _SCHEMA, _VERSION, migrations=_MIGRATIONS)
        self.file = file
        self._purges = 0

    def open(self) -> None:
        """Open the file now, on this thread: it may wait for another kernel."""
        self._storage.open()

    @property
    def purged(self) -> int:
        """How often something was deleted, or the file was: who keeps by differences begins anew then."""
        return self._purges + self._storage.lost()

    def write(self, statement: str, rows: Iterable[Row]) -> None:
        """Carry a statement out for these rows, soon; for whoever keeps something in tables of its own."""
        self._storage.write(statement, rows)

    def read(self, query: str, values: Sequence[Any] = ()) -> list[Row]:
        """What there is, with everything that was handed over before."""
        self._storage.flush()
        return self._storage.read(query, values)

    def answers(self, keys: Sequence[str], *, newest: bool = True) -> dict[str, KeptAnswer]:
        """What is kept under these keys, as far as there is anything.

        A few hundred at a time: what is found is as large as its answers. Without `newest` what was handed
        over a moment ago may not be there.
        """
        if newest:
            # It must not be paid for again.
            self._storage.flush()
        found: dict[str, KeptAnswer] = {}
        for some in parts(keys):
            # A question that was asked anew has several answers: SQLite gives the row that has the maximum.
            columns = "run_id, record, position, key, max(rowid)"
            query = f"SELECT {columns} FROM cells WHERE key IN ({marks(some)}) GROUP BY key"  # noqa: S608
            by_key: dict[str, list[Row]] = {}
            for row in self._storage.read(query, some):
                by_key.setdefault(row[3], []).append(row)
            for key, rows in by_key.items():
                run_id, record, position, *_ = self._newest(rows)
                found[key] = KeptAnswer(record, (run_id, position))
        return found

    def answer(self, key: str) -> tuple[dict[str, Any], dict[str, Any], float | None] | None:
        """The latest answer under a key, what was kept beside it, and when its run began."""
        self._storage.flush()
        query = "SELECT run_id, record, more FROM cells WHERE key = ? ORDER BY rowid DESC LIMIT 1"
        rows = self._storage.read(query, (key,))
        if not rows:
            return None
        run_id, record, more = self._newest(rows)
        return orjson.loads(record), {} if more is None else orjson.loads(more), self._began(run_id)

    def _newest(self, rows: Sequence[Row]) -> Row:
        """Of rows that begin with the id of their run, that whose run began last; of one run, the last row.

        There are several only where the file could not be written any more: its own, then that in memory.
        """
        return max(reversed(rows), key=lambda row: self._began(row[0]) or 0.0) if rows[1:] else rows[0]

    def _began(self, run_id: str) -> float | None:
        ages = self._storage.read("SELECT began_at FROM runs WHERE run_id = ?", (run_id,))
        return max((age for (age,) in ages), default=None)

    def begin_run(self, run_id: str, kind: str, *, cells: int, plan: Mapping[str, Any]) -> None:
        """Note what is about to be asked, so that a later kernel can show it."""
        row = (run_id, kind, time.time(), cells, packed(plan))
        self._storage.write("INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?, ?)", [row])

    def keep_cell(
        self,
        run_id: str,
        position: int,
        record: Mapping[str, Any],
        *,
        key: str | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> bytes:
        """Keep what became of one cell, and give it as it is kept.

        Under a key it is the answer to whoever asks the same later.
        """
        made = packed(record)
        self._storage.write(
            _KEEP_CELL, [(run_id, position, key, made, None if more is None else packed(more))]
        )
        return made

    def keep_same(
        self, run_id: str, taken: Iterable[tuple[Iterable[int], KeptAnswer, Mapping[str, Any]]]
    ) -> None:
        """Keep of these cells that they have the answer of another one, and what they say beside it."""
        rows: list[Row] = []
        for positions, answer, beside in taken:
            # By the time that this is written another kernel may have deleted it: the whole goes along.
            pointer, whole = pointing(answer.cell, answer.record, beside)
            rows += [(run_id, position, *answer.cell, pointer, whole) for position in positions]
        self._storage.write(_KEEP_SAME, rows)

    def room(self) -> Future[None] | None:
        """`None` where the disk keeps up, else what is done as soon as it does: wait for it before more."""
        return self._storage.room()

    def cell(self, run_id: str, position: int) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """The record of one cell, and what was kept beside it; `None` where its answer is gone."""
        self._storage.flush()
        found = self._cell(run_id, position)
        if found is None:
            return None
        record, more = found
        target = target_of(record)
        if target is not None:
            there = self._cell(*target)
            if there is None:
                return None
            record, more = joined(there[0], record), there[1]
        return orjson.loads(record), {} if more is None else orjson.loads(more)

    def _cell(self, run_id: str, position: int) -> tuple[bytes, bytes | None] | None:
        query = "SELECT run_id, record, more FROM cells WHERE run_id = ? AND position = ?"
        rows = self._storage.read(query, (run_id, position))
        return self._newest(rows)[1:] if rows else None

    def runs(self, most: int = 100, *, kind: str = "compare") -> list[tuple[str, str, float, int, int]]:
        """The latest runs of a kind: id, kind, when it began, how many cells, how many of them are done."""
        self._storage.flush()
        rows = self._storage.read(
            "SELECT run_id, kind, began_at, cells,"
            " (SELECT count(*) FROM cells WHERE cells.run_id = runs.run_id)"
            " FROM runs WHERE kind = ? ORDER BY began_at DESC LIMIT ?",
            (kind, most),
        )
        if self._storage.in_memory_because is not None:
            # A run may have begun in the file and gone on in memory; each of them gave so many.
            rows = [(*row[:4], self._finished(row[0])) for row in {row[0]: row for row in rows}.values()]
        return sorted(rows, key=lambda row: -row[2])[:most]

    def _finished(self, run_id: str) -> int:
        return len(set(self._storage.read("SELECT position FROM cells WHERE run_id = ?", (run_id,))))

    def run_words(self, run_id: str) -> tuple[str | None, str | None]:
        """The first prompt of a run, as JSON where it is no text, and the names of its models."""
        rows = self._storage.read(
            "SELECT (SELECT value FROM json_each(CAST(plan AS TEXT), '$.prompts') LIMIT 1),"
            " (SELECT group_concat(DISTINCT json_extract(value, '$.provider') || ':' ||"
            " json_extract(value, '$.model')) FROM json_each(CAST(plan AS TEXT), '$.seats'))"
            " FROM runs WHERE run_id = ?",
            (run_id,),
        )
        return rows[-1] if rows else (None, None)

    def run_plan(self, run_id: str) -> dict[str, Any] | None:
        """How a run was begun."""
        rows = self._storage.read("SELECT plan FROM runs WHERE run_id = ?", (run_id,))
        return orjson.loads(rows[-1][0]) if rows else None

    def run(self, run_id: str) -> KeptRun | None:
        """How one run was begun; `records` are its finished cells."""
        self._storage.flush()
        begun = self._storage.read("SELECT kind, began_at, cells, plan FROM runs WHERE run_id = ?", (run_id,))
        if not begun:
            return None
        kind, began_at, cells, plan = begun[-1]
        return KeptRun(run_id=run_id, kind=kind, began_at=began_at, cells=cells, plan=orjson.loads(plan))

    def records(self, run: KeptRun) -> Iterator[tuple[int, bytes]]:
        """The position and the record, as JSON, of each finished cell; never all of them at once."""
        query = "SELECT position, record FROM cells WHERE run_id = ? AND position >= ? AND position < ?"
        for positions in parts(range(run.cells)):
            some = self._storage.read(query, (run.run_id, positions.start, positions.stop))
            # Of a cell that is in the file and in memory, the latter.
            yield from whole(self._storage, dict(some).items())

    def keep_verdicts(self, run_id: str, verdicts: Iterable[tuple[str, str, int, Mapping[str, Any]]]) -> None:
        """Keep verdicts: the pair, the judge (or the person), which turn of theirs, and what they said."""
        now = time.time()
        self._storage.write(
            "INSERT OR REPLACE INTO verdicts VALUES (?, ?, ?, ?, ?, ?)",
            [(run_id, pair, judge, turn, packed(record), now) for pair, judge, turn, record in verdicts],
        )

    def drop_verdict(self, run_id: str, pair: str, judge: str, turn: int) -> None:
        """Take one verdict back."""
        self._storage.write(
            "DELETE FROM verdicts WHERE run_id = ? AND pair = ? AND judge = ? AND turn = ?",
            [(run_id, pair, judge, turn)],
        )

    def verdicts(self, run_id: str) -> list[dict[str, Any]]:
        """All verdicts on a run, from models and from people, in the order of pairs."""
        self._storage.flush()
        rows = self._storage.read(
            "SELECT pair, judge, turn, record, given_at FROM verdicts WHERE run_id = ?"
            " ORDER BY pair, judge, turn",
            (run_id,),
        )
        return [
            {"pair": pair, "judge": judge, "turn": turn, **orjson.loads(record), "given_at": given_at}
            for pair, judge, turn, record, given_at in rows
        ]

    def info(self) -> StoreInfo:
        """How much there is."""
        self._storage.flush()
        tables = {
            "answers": "cells WHERE key IS NOT NULL",
            "runs": "runs",
            "cells": "cells",
            "verdicts": "verdicts",
            "conversations": "conversations",
        }
        counts = {
            name: sum(row[0] for row in self._storage.read(f"SELECT count(*) FROM {table}"))  # noqa: S608
            for name, table in tables.items()
        }
        ages = self._storage.read("SELECT min(began_at) FROM runs")
        file = self._storage.file
        parts = [file, *(file.with_name(file.name + ending) for ending in ("-wal", "-shm"))]
        return StoreInfo(
            file=file,
            in_memory_because=self._storage.in_memory_because,
            bytes=sum(part.stat().st_size for part in parts if part.exists()),
            oldest=min((age for (age,) in ages if age is not None), default=None),
            **counts,
        )

    def purge(self, *, older_than_days: float = 0.0) -> int:
        """Delete what is older (everything, if nothing is said), and give its room back; counts the rows."""
        before = time.time() - older_than_days * _DAY
        gone = purge(self._storage, before, everything=not older_than_days)
        self._purges += 1
        if gone:
            self._storage.compact()
        return gone

    def flush(self) -> None:
        """Wait until everything is written."""
        self._storage.flush()

    def close(self) -> None:
        """Write what is left and close the file."""
        self._storage.close()


_stores: dict[Path, Store] = {}
# Cells, our loop and threads of a pool ask at once: two stores of one file would each have rows of their own.
_making = threading.Lock()


def store() -> Store:
    """The store of the cache folder that is in force."""
    file = cache_folder() / "store.sqlite3"
    there = _stores.get(file)
    if there is not None:
        return there
    with _making:
        is_new = file not in _stores
        if is_new:
            _stores[file] = Store(file)
        there = _stores[file]
    days = current().store_days if is_new else None
    if days is not None:
        # Another kernel may be writing: what cannot go now goes the next time.
        with contextlib.suppress(G4FError):
            there.purge(older_than_days=days)
    return there


def close_stores() -> None:
    """Write what is left and close every file; the next use opens it again."""
    with _making:
        closing = list(_stores.values())
        _stores.clear()
    for each in closing:
        each.close()


def _after_fork() -> None:
    global _making  # noqa: PLW0603  # somebody may have held it, who is not here
    _making = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


@atexit.register
def _on_the_way_out() -> None:
    # First what is still being answered: what has arrived of it is kept.
    stop_own_loop()
    close_stores()


def packed(value: Mapping[str, Any]) -> bytes:
    """A record as JSON; what is no JSON becomes text, and half a surrogate pair a question mark."""
    options = orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY
    try:
        # What orjson gives takes ten times its length in memory, which is held for as long as it waits to be
        # written: so it is copied.
        return bytes(memoryview(orjson.dumps(value, default=str, option=options)))
    except TypeError:
        return json.dumps(value, default=str, ensure_ascii=False).encode(errors="replace")


def store_info() -> StoreInfo:
    """Where answers and runs are kept between kernels, and how much of them there is."""
    return store().info()
