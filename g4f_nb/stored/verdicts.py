"""Verdicts on the answers of a run, from models and from people: one table."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

from g4f_nb.stored import damage
from g4f_nb.stored.packing import packed
from g4f_nb.stored.sqlite_file import Storage

SCHEMA = """
CREATE TABLE IF NOT EXISTS verdicts (
    run_id TEXT NOT NULL, pair TEXT NOT NULL, judge TEXT NOT NULL, turn INTEGER NOT NULL,
    record BLOB NOT NULL, given_at REAL NOT NULL,
    PRIMARY KEY (run_id, pair, judge, turn)
)
"""


class Verdicts:
    """The verdicts of a store."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def keep(self, run_id: str, verdicts: Iterable[tuple[str, str, int, Mapping[str, Any]]]) -> None:
        """Keep some: the pair, the judge (or the person), which turn of theirs, and what they said."""
        now = time.time()
        self._storage.write(
            "INSERT OR REPLACE INTO verdicts VALUES (?, ?, ?, ?, ?, ?)",
            [(run_id, pair, judge, turn, packed(record), now) for pair, judge, turn, record in verdicts],
        )

    def drop(self, run_id: str, pair: str, judge: str, turn: int) -> None:
        """Take one back."""
        self._storage.write(
            "DELETE FROM verdicts WHERE run_id = ? AND pair = ? AND judge = ? AND turn = ?",
            [(run_id, pair, judge, turn)],
        )

    def of(self, run_id: str) -> list[dict[str, Any]]:
        """All that were given on a run, in the order of pairs."""
        self._storage.flush()
        rows = self._storage.read(
            "SELECT pair, judge, turn, record, given_at FROM verdicts WHERE run_id = ?"
            " ORDER BY pair, judge, turn",
            (run_id,),
        )
        return list(damage.readable(rows, _read, "a verdict on"))


def _read(row: tuple[Any, ...]) -> dict[str, Any]:
    pair, judge, turn, record, given_at = row
    made = damage.record(record, "record")
    return {
        "pair": pair,
        "judge": judge,
        "turn": turn,
        **made,
        "given_at": damage.moment(given_at, "given_at"),
    }
