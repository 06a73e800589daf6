"""What is changed in several databases at once, or in none of them; faults in our own words."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from g4f_nb.errors import G4FError

Change = Callable[..., int]
# SQLITE_BUSY and SQLITE_LOCKED.
_HELD = (5, 6)


@contextlib.contextmanager
def one_step(
    name: str, file: sqlite3.Connection | None, memory: sqlite3.Connection | None
) -> Iterator[Change]:
    """Gives what carries a statement out in the file and in memory, and counts the rows that it touched.

    A file that cannot be written at all leaves what is in memory to be changed; that is an error, too.
    """
    begun: list[sqlite3.Connection] = []

    def change(statement: str, values: Sequence[Any] = ()) -> int:
        return sum(each.execute(statement, values).rowcount for each in begun)

    try:
        failure = _begin(begun, file, memory)
        yield change
        for each in begun:
            each.execute("COMMIT")
    except BaseException as error:
        for each in begun:
            with contextlib.suppress(sqlite3.Error):
                each.execute("ROLLBACK")
        if not isinstance(error, sqlite3.Error):
            raise
        failure = error
    if failure is not None:
        raise _told(name, failure)


def _begin(
    begun: list[sqlite3.Connection], file: sqlite3.Connection | None, memory: sqlite3.Connection | None
) -> sqlite3.Error | None:
    failure = None
    for each in filter(None, (file, memory)):
        try:
            each.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            # Who holds it lets it go: better all of it later than a part now.
            if memory is None or is_held(error):
                raise
            failure = error
        else:
            begun.append(each)
    return failure


def is_held(error: sqlite3.Error) -> bool:
    """Whether another kernel or program has it, and will let it go."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _HELD


def _told(name: str, error: sqlite3.Error) -> G4FError:
    if is_held(error):
        return G4FError(
            f"{name} is held by another kernel or program that writes ({error}): nothing was changed; "
            "try again when that has ended, or restart the kernel that holds it"
        )
    return G4FError(
        f"{name} cannot be changed ({error}): it is as it was; make the disk writable or give it room, or "
        "delete the file while no kernel uses it"
    )


def carry_over(memory: sqlite3.Connection, file: sqlite3.Connection) -> None:
    """Put all that is in memory into a file of the same form, in one step, over what it has of the same."""
    file.execute("BEGIN IMMEDIATE")
    try:
        for (table,) in memory.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            rows = memory.execute(f"SELECT * FROM {table}")  # noqa: S608  # a name of our own
            places = ", ".join("?" * len(rows.description))
            file.executemany(f"INSERT OR REPLACE INTO {table} VALUES ({places})", rows)  # noqa: S608
        file.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            file.execute("ROLLBACK")
        raise
