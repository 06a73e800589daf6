"""Rows on their way into a database: how many may wait there, and how they are written together.

A row that is wrong costs no other one.
"""

from __future__ import annotations

import contextlib
import itertools
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from typing import Any, NamedTuple, Self

Row = tuple[Any, ...]
# Rows that are written in one transaction; each alone would cost ten times as much.
_AT_ONCE = 500
# How long the writer lets rows gather, in seconds: woken for each of them, it would take as much time from
# whoever makes them as the writing itself.
_GATHERING = 0.02
# So many bytes may wait before whoever can wait should; some five hundred long answers.
MOST_WAITING = 1_500_000
# What a row takes beside its texts, about.
_ROW = 300
# What SQLite says of a single row, and not of its file.
_ROWS_FAULTS = (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.InterfaceError, sqlite3.DataError)


class Write(NamedTuple):
    """One statement, the rows that it is carried out for, and about how many bytes of memory they take."""

    statement: str
    rows: Sequence[Row]
    size: int

    @classmethod
    def of(cls, statement: str, rows: Sequence[Row]) -> Self:
        """A statement for these rows."""
        size = _ROW * len(rows)
        for row in rows:
            for value in row:
                if type(value) is bytes or type(value) is str:
                    size += len(value)
        return cls(statement, rows, size)


class Inbox:
    """What waits to be written, in the order in which it was handed over.

    Nobody who hands something over is kept waiting. `room` is for whoever makes much of it: where the disk is
    slower than answers come, they would heap up in memory.
    """

    def __init__(self) -> None:
        self._items: queue.SimpleQueue[Write | threading.Event | None] = queue.SimpleQueue()
        # Somebody waits for what was handed over.
        self._hurry = threading.Event()
        self._lock = threading.Lock()
        self._waiting = 0
        self._room: Future[None] | None = None

    def put(self, write: Write) -> None:
        """Hand something over."""
        with self._lock:
            self._waiting += write.size
        self._items.put(write)

    def mark(self) -> threading.Event:
        """An event that is set when everything handed over so far is written; the writer hurries."""
        done = threading.Event()
        self._items.put(done)
        self._hurry.set()
        return done

    def end(self) -> None:
        """Nothing more comes."""
        self._items.put(None)
        self._hurry.set()

    def room(self) -> Future[None] | None:
        """`None` where there is room for more, else what is done as soon as there is."""
        if self._waiting < MOST_WAITING:
            return None
        with self._lock:
            if self._waiting < MOST_WAITING:
                return None
            if self._room is None:
                self._room = Future()
                # It is shared: one who gives up waiting must not cancel it for the others.
                self._room.set_running_or_notify_cancel()
            return self._room

    def written(self, writes: Sequence[Write]) -> None:
        """These do not wait any more, whatever became of them."""
        size = sum(write.size for write in writes)
        with self._lock:
            self._waiting -= size
            room = None
            if self._waiting < MOST_WAITING:
                room, self._room = self._room, None
        if room is not None:
            room.set_result(None)

    def gather(self, waiting: list[threading.Event]) -> tuple[list[Write], bool]:
        """Whatever is there, at most so many rows; whoever waits for it goes into `waiting`."""
        writes: list[Write] = []
        rows = 0
        item = self._items.get()
        if self._items.qsize() < _AT_ONCE and self._waiting < MOST_WAITING:
            self._hurry.wait(_GATHERING)
        # Before looking what is there: whoever sets it later has put something in before that.
        self._hurry.clear()
        while True:
            if item is None:
                return writes, False
            if isinstance(item, threading.Event):
                waiting.append(item)
            else:
                writes.append(item)
                rows += len(item.rows)
            if rows >= _AT_ONCE:
                return writes, True
            try:
                item = self._items.get_nowait()
            except queue.Empty:
                return writes, True


def transact(connection: sqlite3.Connection, writes: Sequence[Write]) -> list[str]:
    """Carry all of it out in one transaction; gives what is wrong with the rows for which it cannot be."""
    run: Callable[[str, Sequence[Row]], object] = connection.executemany
    connection.execute("BEGIN IMMEDIATE")
    faults: list[str] = []
    try:
        for statement, rows in _together(writes):
            connection.execute("SAVEPOINT rows")
            try:
                run(statement, rows)
            except Exception as error:
                if _is_of_the_file(error):
                    raise
                connection.execute("ROLLBACK TO rows")
                faults += _one_by_one(connection, statement, rows)
            connection.execute("RELEASE rows")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
    return faults


def reason(error: Exception) -> str:
    """What is wrong, in words that show nothing of the row."""
    # A codec's own words would show the text.
    said = str(error) if isinstance(error, sqlite3.Error) else ""
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def _one_by_one(connection: sqlite3.Connection, statement: str, rows: Sequence[Row]) -> Iterator[str]:
    """Carry a statement out for each row alone; gives what is wrong with those for which it cannot be."""
    for row in rows:
        try:
            connection.execute(statement, row)
        except Exception as error:  # a row that is wrong costs no other one
            if _is_of_the_file(error):
                raise
            yield reason(error)


def _is_of_the_file(error: Exception) -> bool:
    return isinstance(error, sqlite3.Error) and not isinstance(error, _ROWS_FAULTS)


def _together(writes: Sequence[Write]) -> Iterator[tuple[str, Sequence[Row]]]:
    """Each statement once for all rows that follow each other."""
    for statement, some in itertools.groupby(writes, key=lambda write: write.statement):
        yield statement, [row for write in some for row in write.rows]
