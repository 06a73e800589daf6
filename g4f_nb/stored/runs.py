"""Runs as they were begun, so that a later kernel can show them and go on with them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from g4f_nb.stored import damage
from g4f_nb.stored.inbox import Row
from g4f_nb.stored.packing import packed
from g4f_nb.stored.sqlite_file import Storage

SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (
    run_id TEXT PRIMARY KEY, kind TEXT NOT NULL, began_at REAL NOT NULL,
    cells INTEGER NOT NULL, plan BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS runs_by_age ON runs (began_at)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRun:
    """A run as it was begun."""

    run_id: str
    kind: str
    began_at: float
    cells: int
    plan: dict[str, Any]


class Runs:
    """The runs of a store."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def begin(self, run_id: str, kind: str, *, cells: int, plan: Mapping[str, Any]) -> None:
        """Note what is about to be asked."""
        row = (run_id, kind, time.time(), cells, packed(plan))
        self._storage.write("INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?, ?)", [row])

    def latest(self, most: int = 100, *, kind: str = "compare") -> list[tuple[str, str, float, int, int]]:
        """The latest of a kind: id, kind, when it began, how many cells, how many of them are done."""
        self._storage.flush()
        rows = self._storage.read(
            "SELECT run_id, kind, began_at, cells,"
            " (SELECT count(*) FROM cells WHERE cells.run_id = runs.run_id)"
            # Those with no date come first, and take nobody's place.
            " FROM runs WHERE kind = ? ORDER BY began_at DESC"
            " LIMIT ? + (SELECT count(*) FROM runs WHERE began_at >= ?)",
            (kind, most, damage.END_OF_TIME),
        )
        rows = list(damage.readable(rows, _listed, "a run"))
        if self._storage.in_memory_because is not None:
            # A run may have begun in the file and gone on in memory; each of them gave so many.
            rows = [(*row[:4], self._finished(row[0])) for row in {row[0]: row for row in rows}.values()]
        return sorted(rows, key=lambda row: -row[2])[:most]

    def _finished(self, run_id: str) -> int:
        return len(set(self._storage.read("SELECT position FROM cells WHERE run_id = ?", (run_id,))))

    def words(self, run_id: str) -> tuple[str | None, str | None]:
        """The first prompt of a run, as JSON where it is no text, and the names of its models."""
        rows = self._storage.read(
            "SELECT (SELECT value FROM json_each(CAST(plan AS TEXT), '$.prompts') LIMIT 1),"
            " (SELECT group_concat(DISTINCT json_extract(value, '$.provider') || ':' ||"
            " json_extract(value, '$.model')) FROM json_each(CAST(plan AS TEXT), '$.seats'))"
            " FROM runs WHERE run_id = ? AND json_valid(CAST(plan AS TEXT))",
            (run_id,),
        )
        prompt, models = rows[-1] if rows else (None, None)
        return prompt if isinstance(prompt, str) else None, models

    def plan(self, run_id: str) -> dict[str, Any] | None:
        """How a run was to be carried out; `None` where nobody knows."""
        rows = self._storage.read("SELECT plan FROM runs WHERE run_id = ?", (run_id,))
        return damage.record_or_none(rows[-1][0]) if rows else None

    def find(self, run_id: str) -> KeptRun | None:
        """How one was begun; `Cells.records` are its finished cells."""
        self._storage.flush()
        begun = self._storage.read("SELECT kind, began_at, cells, plan FROM runs WHERE run_id = ?", (run_id,))
        if not begun:
            return None
        kind, began_at, cells, plan = begun[-1]
        try:
            return KeptRun(
                run_id=run_id, kind=kind, began_at=damage.moment(began_at, "began_at"),
                cells=damage.count(cells, "cells"), plan=damage.record(plan, "plan"),
            )  # fmt: skip
        except damage.DamagedRowError as error:
            failure = damage.DamagedRowError(
                f"the run {run_id!r} is damaged in the store: {error}; compare anew, what the store has of "
                "answers is taken from there"
            )
        raise failure

    def began(self, run_id: str) -> float | None:
        """When one began; where it is in the file and in memory, the later."""
        ages = self._storage.read("SELECT began_at FROM runs WHERE run_id = ?", (run_id,))
        known = (damage.moment_or_none(age) for (age,) in ages)
        return max((age for age in known if age is not None), default=None)


def _listed(row: Row) -> tuple[str, str, float, int, int]:
    run_id, kind, began_at, cells, done = row
    began_at, cells = damage.moment(began_at, "began_at"), damage.count(cells, "cells")
    return damage.text(run_id, "run_id"), kind, began_at, cells, done
