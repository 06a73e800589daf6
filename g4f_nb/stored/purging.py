"""What is old goes out of the store in one step, and nothing that stays loses an answer by it."""

from __future__ import annotations

from collections.abc import Iterable

from g4f_nb.stored.damage import END_OF_TIME, moment_or_none
from g4f_nb.stored.onestep import Change
from g4f_nb.stored.pointers import MARK, target_of
from g4f_nb.stored.sqlite_file import Storage
from g4f_nb.stored.whole_records import marks, parts, whole


def purge(storage: Storage, before: float, *, everything: bool) -> int:
    """Delete runs and conversations that are no newer; counts the rows.

    `everything` takes along what belongs to nothing that is kept, like the cells of a run that went on after
    it was deleted.
    """
    with storage.changing() as change:
        # Nobody knows how old a thing without a date is: it stays where age is what counts.
        undated = 0.0 if everything else END_OF_TIME
        old, stay = _by_age(storage, "SELECT run_id, began_at FROM runs", before, undated)
        going = old | _strays(storage, "run_id", ("cells", "verdicts"), stay) if everything else old
        _take_answers_along(storage, change, going=going, stay=stay)
        gone = sum(_delete(change, table, "run_id", going) for table in ("cells", "verdicts", "runs"))
        old, stay = _by_age(storage, "SELECT id, changed_at FROM conversations", before, undated)
        going = old | _strays(storage, "conversation", ("turns", "costs"), stay) if everything else old
        gone += sum(_delete(change, table, "conversation", going) for table in ("turns", "costs"))
        gone += _delete(change, "conversations", "id", old)
    return gone


def _by_age(storage: Storage, query: str, before: float, undated: float) -> tuple[set[str], set[str]]:
    """What goes, and what stays: what is in the file and in memory is as young as its newer half."""
    found = storage.read(query)
    dated = ((name, moment_or_none(at)) for name, at in found)
    stay = {name for name, at in dated if (undated if at is None else at) > before}
    return {name for name, _ in found} - stay, stay


def _strays(storage: Storage, column: str, tables: Iterable[str], stay: set[str]) -> set[str]:
    query = "SELECT DISTINCT {} FROM {}"
    found = [storage.read(query.format(column, table)) for table in tables]
    return {name for rows in found for (name,) in rows} - stay


def _delete(change: Change, table: str, column: str, names: Iterable[str]) -> int:
    gone = 0
    for some in parts(list(names)):
        gone += change(f"DELETE FROM {table} WHERE {column} IN ({marks(some)})", some)  # noqa: S608  # constant
    return gone


def _take_answers_along(storage: Storage, change: Change, *, going: set[str], stay: Iterable[str]) -> None:
    """Give the runs that stay the answers that they have from runs that go."""
    if not going:
        return
    pick = "SELECT position, record FROM cells WHERE run_id = ? AND substr(record, 1, ?) = ?"
    for run_id in stay:
        pointers = storage.read(pick, (run_id, len(MARK), MARK))
        losing = [row for row in pointers if (target_of(row[1]) or ("",))[0] in going]
        for some in parts(losing):
            for position, record in whole(storage, some):
                change(
                    "UPDATE cells SET record = ? WHERE run_id = ? AND position = ?",
                    (record, run_id, position),
                )
