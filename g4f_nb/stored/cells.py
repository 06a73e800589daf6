"""What became of each cell of a run; under what was asked it is the answer for whoever asks the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from g4f_nb.notices import tell
from g4f_nb.stored import damage
from g4f_nb.stored.inbox import Row
from g4f_nb.stored.packing import packed
from g4f_nb.stored.pointers import Target, joined, pointing, target_of
from g4f_nb.stored.runs import KeptRun, Runs
from g4f_nb.stored.sqlite_file import Storage
from g4f_nb.stored.whole_records import marks, parts, whole

SCHEMA = """
CREATE TABLE IF NOT EXISTS cells (
    run_id TEXT NOT NULL, position INTEGER NOT NULL, key TEXT, record BLOB NOT NULL, more BLOB,
    PRIMARY KEY (run_id, position)
);
CREATE INDEX IF NOT EXISTS answers ON cells (key) WHERE key IS NOT NULL
"""
_KEEP = "INSERT OR REPLACE INTO cells VALUES (?, ?, ?, ?, ?)"
_KEEP_SAME = """
INSERT OR REPLACE INTO cells SELECT ?, ?, NULL, CASE
    WHEN EXISTS (SELECT 1 FROM cells WHERE run_id = ? AND position = ?) THEN ? ELSE ?
END, NULL
"""


class KeptAnswer(NamedTuple):
    """An answer: its record as JSON, and which cell has it."""

    record: bytes
    cell: Target

    def read(self) -> dict[str, Any] | None:
        """The record; `None` where it is damaged: then it is asked anew."""
        return damage.record_or_none(self.record)


class Cells:
    """The cells of a store's runs."""

    def __init__(self, storage: Storage, runs: Runs) -> None:
        self._storage = storage
        self._runs = runs

    def keep(
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
        self._storage.write(_KEEP, [(run_id, position, key, made, None if more is None else packed(more))])
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

    def answers(self, keys: Sequence[str], *, newest: bool = True) -> dict[str, KeptAnswer]:
        """What is kept under these keys, as far as there is anything.

        As many at a time as one query takes: what is found is as large as its answers. Without `newest` what
        was handed over a moment ago may not be there.
        """
        if newest:
            # It must not be paid for again.
            self._storage.flush()
        found: dict[str, KeptAnswer] = {}
        for some in parts(keys):
            # A question that was asked anew has several answers: SQLite gives the row that has the maximum.
            columns = "run_id, CAST(record AS BLOB), position, key, max(rowid)"
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
        query = (
            "SELECT run_id, CAST(record AS BLOB), more FROM cells WHERE key = ? ORDER BY rowid DESC LIMIT 1"
        )
        rows = self._storage.read(query, (key,))
        if not rows:
            return None
        run_id, record, more = self._newest(rows)
        made, beside = damage.record_or_none(record), damage.record_or_none(more or b"{}")
        # What is damaged is asked anew.
        return None if made is None or beside is None else (made, beside, self._runs.began(run_id))

    def find(self, run_id: str, position: int) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """The record of one cell and what was kept beside it; `None` where its answer is gone or damaged."""
        self._storage.flush()
        found = self._find(run_id, position)
        if found is None:
            return None
        record, more = found
        target = target_of(record)
        if target is not None:
            there = self._find(*target)
            if there is None:
                return None
            record, more = joined(there[0], record), there[1]
        made, beside = damage.record_or_none(record), damage.record_or_none(more or b"{}")
        return None if made is None or beside is None else (made, beside)

    def records(self, run: KeptRun) -> Iterator[tuple[int, dict[str, Any]]]:
        """The position and the record of each finished cell; never all of them at once."""
        query = (
            "SELECT position, CAST(record AS BLOB) FROM cells"
            " WHERE run_id = ? AND position >= ? AND position < ?"
        )
        for positions in parts(range(run.cells)):
            some = self._storage.read(query, (run.run_id, positions.start, positions.stop))
            # Of a cell that is in the file and in memory, the latter.
            for position, packed_record in whole(self._storage, dict(some).items()):
                record = damage.record_or_none(packed_record)
                if record is not None:
                    yield position, record
                else:
                    tell(
                        f"the store has a cell '{run.run_id}-{position}' that is damaged: it counts as not "
                        "finished, .llm.retry() asks it"
                    )

    def _find(self, run_id: str, position: int) -> tuple[bytes, bytes | None] | None:
        query = "SELECT run_id, CAST(record AS BLOB), more FROM cells WHERE run_id = ? AND position = ?"
        rows = self._storage.read(query, (run_id, position))
        return self._newest(rows)[1:] if rows else None

    def _newest(self, rows: Sequence[Row]) -> Row:
        """Of rows that begin with the id of their run, that whose run began last; of one run, the last row.

        There are several only where the file could not be written any more: its own, then that in memory.
        """
        return max(reversed(rows), key=lambda row: self._runs.began(row[0]) or 0.0) if rows[1:] else rows[0]
