"""Records together with the answers that they point to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from g4f_nb.stored.inbox import Row
from g4f_nb.stored.pointers import Target, joined, target_of
from g4f_nb.stored.sqlite_file import Storage

# SQLite takes a limited number of values in one query. With fewer, handing them from thread to thread takes a
# third of the time of reading kept answers; with more, they are a third of what a kept row takes in memory.
KEYS_AT_ONCE = 1000
S = TypeVar("S", bound=Sequence[object])


def parts(values: S) -> Iterator[S]:
    """The values, as many at a time as go into one query."""
    for begin in range(0, len(values), KEYS_AT_ONCE):
        yield values[begin : begin + KEYS_AT_ONCE]  # type: ignore[misc]  # of its own kind, a slice of it


def marks(values: Sequence[object]) -> str:
    """A place in a query for each of the values."""
    return ",".join("?" * len(values))


def whole(storage: Storage, some: Iterable[Row]) -> Iterator[tuple[int, bytes]]:
    """Positions and records, those that have another cell's answer together with it."""
    pointers: dict[Target, list[tuple[int, bytes]]] = {}
    for position, record in some:
        target = target_of(record)
        if target is None:
            yield position, record
        else:
            pointers.setdefault(target, []).append((position, record))
    by_run: dict[str, list[int]] = {}
    for run_id, place in pointers:
        by_run.setdefault(run_id, []).append(place)
    for run_id, places in by_run.items():
        columns = "position, CAST(record AS BLOB)"
        query = f"SELECT {columns} FROM cells WHERE run_id = ? AND position IN ({marks(places)})"  # noqa: S608
        answers: dict[int, bytes] = dict(storage.read(query, (run_id, *places)))
        for place, answer in answers.items():
            for position, pointer in pointers[run_id, place]:
                yield position, joined(answer, pointer)
