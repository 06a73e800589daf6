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


Begun = tuple[list[sqlite3.Connection], sqlite3.Error | None]


@contextlib.contextmanager
def one_step(name: str, begin: Callable[[], Begun]) -> Iterator[Change]:
    """Gives what carries a statement out in all that was begun, and counts the rows that it touched.

    A file that cannot be written at all leaves what is in memory to be changed; that is an error, too.
    """
    begun: list[sqlite3.Connection] = []

    def change(statement: str, values: Sequence[Any] = ()) -> int:
        return sum(each.execute(statement, values).rowcount for each in begun)

    try:
        begun, failure = begin()
        yield change
        for each in begun:
            each.execute("COMMIT")
    except BaseException as error:
        _take_back(begun)
        if not isinstance(error, sqlite3.Error):
            raise
        failure = error
    if failure is not None:
        raise _told(name, failure)


def begun_in(file: sqlite3.Connection | None, memory: sqlite3.Connection | None) -> Begun:
    """A transaction in each of them; and what is wrong with a file that leaves only memory to be changed."""
    begun: list[sqlite3.Connection] = []
    failure = None
    for each in filter(None, (file, memory)):
        try:
            each.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            # Who holds it lets it go: better all of it later than a part now.
            if memory is None or is_held(error):
                _take_back(begun)
                raise
            failure = error
        else:
            begun.append(each)
    return begun, failure


def _take_back(begun: Sequence[sqlite3.Connection]) -> None:
    for each in begun:
        with contextlib.suppress(sqlite3.Error):
            each.execute("ROLLBACK")


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
