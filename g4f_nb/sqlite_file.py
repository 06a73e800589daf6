"""One SQLite file that several kernels may share, written by one thread; it is no reason to lose an answer.

Where the file cannot be written (a read-only or full disk) everything goes on in memory, with a notice. A
damaged file is set aside, never deleted, and reported.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import queue
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from g4f_nb.errors import InvalidParameterError
from g4f_nb.notices import tell
from g4f_nb.private_files import make_folder

Row = tuple[Any, ...]
# Rows that are written in one transaction; each alone would cost ten times as much.
_AT_ONCE = 500
# How long the writer lets rows gather, in seconds: woken for each of them, it would take as much time from
# whoever makes them as the writing itself.
_GATHERING = 0.02
# How long a writer waits for another kernel's, in seconds, and how long `flush` waits for the writer.
_PATIENCE = 30.0
_FLUSHING = 60.0
# What SQLite says of a single row, and not of its file.
_ROWS_FAULTS = (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.InterfaceError, sqlite3.DataError)
# SQLITE_CORRUPT and SQLITE_NOTADB.
_DAMAGE = (11, 26)


@dataclass(frozen=True, slots=True)
class Write:
    """One statement, and the rows that it is carried out for."""

    statement: str
    rows: Sequence[Row]


class Storage:
    """A database file that is opened at its first use, with one writer for the whole process."""

    def __init__(self, file: Path, schema: str, version: int) -> None:
        self.file = file
        self._schema = schema
        self._version = version
        self._lock = threading.RLock()
        self._inbox: queue.SimpleQueue[Write | threading.Event | None] = queue.SimpleQueue()
        self._reader: sqlite3.Connection | None = None
        self._writer: threading.Thread | None = None
        self._memory: sqlite3.Connection | None = None
        self._process = 0
        # Somebody waits for what was handed over.
        self._hurry = threading.Event()
        self.in_memory_because: str | None = None

    def open(self) -> None:
        """Open the file now, on this thread, and not with the first row."""
        self._ready()

    def write(self, statement: str, rows: Iterable[Row]) -> None:
        """Hand rows to the writer; they are in the file soon after, `flush` waits for that."""
        kept = list(rows)
        if kept:
            self._ready()
            self._inbox.put(Write(statement, kept))

    def read(self, query: str, values: Sequence[Any] = ()) -> list[Row]:
        """What the file holds, and what had to stay in memory."""
        self._ready()
        with self._lock:
            found: list[Row] = []
            if self._reader is not None:
                found += self._try_reading(self._reader, query, values)
            if self._memory is not None:
                found += self._memory.execute(query, values).fetchall()
            return found

    def flush(self) -> None:
        """Wait until everything handed over so far is written."""
        if self._writer is None or self._process != os.getpid():
            return
        done = threading.Event()
        self._inbox.put(done)
        self._hurry.set()
        end = time.monotonic() + _FLUSHING
        while not done.wait(0.1) and self._writer.is_alive() and time.monotonic() < end:
            pass

    def change(self, statement: str, values: Sequence[Any] = ()) -> int:
        """Carry out one statement now, after everything handed over; gives how many rows it touched."""
        self._ready()
        self.flush()
        with self._lock:
            target = self._memory if self._reader is None else self._reader
            if target is None:
                return 0
            with target:
                return target.execute(statement, values).rowcount

    def compact(self) -> None:
        """Give the room of deleted rows back to the disk."""
        self._ready()
        self.flush()
        with self._lock:
            if self._reader is not None:
                self._reader.execute("VACUUM")
                self._reader.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Write what is left and close the file; the next use opens it again."""
        if self._process != os.getpid():
            return
        self.flush()
        if self._writer is not None:
            self._inbox.put(None)
            self._hurry.set()
            self._writer.join(_FLUSHING)
        with self._lock:
            for connection in (self._reader, self._memory):
                if connection is not None:
                    connection.close()
            self._reader = self._memory = self._writer = None
            self._process = 0

    def _ready(self) -> None:
        if self._process == os.getpid() and self._writer is not None and self._writer.is_alive():
            return
        with self._lock:
            if self._process != os.getpid():
                # After a fork the connections and the writer are the parent's.
                self._inbox = queue.SimpleQueue()
                self._hurry = threading.Event()
                self._reader = self._memory = self._writer = None
                self.in_memory_because = None
                self._reader = self._open_or_stand_in()
                # Only now: a file of a newer form is refused each time, and never written.
                self._process = os.getpid()
            if self._writer is None or not self._writer.is_alive():
                self._writer = threading.Thread(target=self._work, name="g4f_nb-store", daemon=True)
                self._writer.start()

    def _open_or_stand_in(self) -> sqlite3.Connection | None:
        try:
            make_folder(self.file.parent)
            return self._open()
        except sqlite3.OperationalError as error:
            self._stay_in_memory(str(error))
        except sqlite3.DatabaseError as error:
            return self._set_aside(str(error))
        except OSError as error:
            self._stay_in_memory(error.strerror or str(error))
        return None

    def _open(self) -> sqlite3.Connection:
        new = not self.file.exists()
        connection = sqlite3.connect(
            self.file, timeout=_PATIENCE, isolation_level=None, check_same_thread=False
        )
        try:
            if new:
                # Prompts and answers are nobody else's business.
                self.file.chmod(0o600)
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
            (found,) = connection.execute("PRAGMA user_version").fetchone()
            if found > self._version:
                raise InvalidParameterError(  # noqa: TRY301  # closed below, like after any other fault
                    f"{self.file} was made by a newer g4f_nb (form {found}, this one knows {self._version}): "
                    "update g4f_nb, or choose another folder with G4F_NB_CACHE_DIR"
                )
            if 0 < found < self._version:
                raise sqlite3.DatabaseError(f"it has the form {found} of an older g4f_nb")  # noqa: TRY301  # as above
            connection.execute("BEGIN IMMEDIATE")
            for statement in filter(str.strip, self._schema.split(";")):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version={self._version}")
            connection.execute("COMMIT")
        except BaseException:
            connection.close()
            raise
        return connection

    def _set_aside(self, reason: str) -> sqlite3.Connection | None:
        """A damaged file keeps its content under another name, for whoever can mend it."""
        moment = time.strftime("%Y%m%d-%H%M%S")
        names = (
            f"{self.file.stem}.set-aside-{moment}{more}.sqlite3"
            for more in ("", *map("-{}".format, range(1, 99)))
        )
        kept = next(path for path in map(self.file.with_name, names) if not path.exists())
        try:
            self.file.replace(kept)
            for ending in ("-wal", "-shm"):
                beside = self.file.with_name(self.file.name + ending)
                if beside.exists():
                    beside.replace(kept.with_name(kept.name + ending))
            opened = self._open()
        except (OSError, sqlite3.Error) as error:
            self._stay_in_memory(str(error))
            return None
        tell(f"the store {self.file} is of no use ({reason}): it is kept as {kept.name}, a new one begins")
        return opened

    def _stay_in_memory(self, reason: str) -> None:
        if self._memory is None:
            self._memory = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
            for statement in filter(str.strip, self._schema.split(";")):
                self._memory.execute(statement)
        if self.in_memory_because is None:
            self.in_memory_because = reason
            tell(
                f"the store {self.file} cannot be written ({reason}): answers are kept in memory until this "
                "kernel ends; another folder is chosen with G4F_NB_CACHE_DIR"
            )

    def _try_reading(self, reader: sqlite3.Connection, query: str, values: Sequence[Any]) -> list[Row]:
        try:
            return reader.execute(query, values).fetchall()
        except sqlite3.OperationalError as error:
            self._stay_in_memory(str(error))
        except sqlite3.DatabaseError as error:
            # Anything else is the fault of the query, and no reason to part with a sound file.
            if getattr(error, "sqlite_errorcode", 0) & 0xFF not in _DAMAGE:
                raise
            reader.close()
            self._reader = self._set_aside(str(error))
        return []

    def _work(self) -> None:
        connection: sqlite3.Connection | None = None
        inbox, hurry = self._inbox, self._hurry
        try:
            while True:
                waiting: list[threading.Event] = []
                writes, go_on = self._gather(inbox, hurry, waiting)
                if writes and connection is None and self.in_memory_because is None:
                    with contextlib.suppress(sqlite3.Error):
                        connection = sqlite3.connect(self.file, timeout=_PATIENCE, isolation_level=None)
                        connection.execute("PRAGMA synchronous=NORMAL")
                try:
                    self._carry_out(connection, writes)
                except Exception as error:  # noqa: BLE001  # without the writer nothing more would be kept
                    tell(f"some of what was to be kept in {self.file} is not: {_reason(error)}")
                finally:
                    for event in waiting:
                        event.set()
                if not go_on:
                    return
        finally:
            if connection is not None:
                connection.close()

    @staticmethod
    def _gather(
        inbox: queue.SimpleQueue[Write | threading.Event | None],
        hurry: threading.Event,
        waiting: list[threading.Event],
    ) -> tuple[list[Write], bool]:
        """Whatever is there, at most so many rows; whoever waits for it goes into `waiting`."""
        writes: list[Write] = []
        rows = 0
        item = inbox.get()
        if inbox.qsize() < _AT_ONCE:
            hurry.wait(_GATHERING)
        # Before looking what is there: whoever sets it later has put something in before that.
        hurry.clear()
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
                item = inbox.get_nowait()
            except queue.Empty:
                return writes, True

    def _carry_out(self, connection: sqlite3.Connection | None, writes: list[Write]) -> None:
        if not writes:
            return
        if connection is not None and self.in_memory_because is None:
            try:
                self._transact(connection, writes)
            except sqlite3.Error as error:
                with self._lock:
                    self._stay_in_memory(str(error))
            else:
                return
        with self._lock:
            if self._memory is None:
                self._stay_in_memory("it could not be opened")
            if self._memory is not None:
                self._transact(self._memory, writes)

    def _transact(self, connection: sqlite3.Connection, writes: list[Write]) -> None:
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
        for fault, count in Counter(faults).items():
            tell(f"{count} of the rows for {self.file} cannot be kept ({fault}); the others are", once=False)


def _one_by_one(connection: sqlite3.Connection, statement: str, rows: Sequence[Row]) -> Iterator[str]:
    """Carry a statement out for each row alone; gives what is wrong with those for which it cannot be."""
    for row in rows:
        try:
            connection.execute(statement, row)
        except Exception as error:  # a row that is wrong costs no other one
            if _is_of_the_file(error):
                raise
            yield _reason(error)


def _is_of_the_file(error: Exception) -> bool:
    return isinstance(error, sqlite3.Error) and not isinstance(error, _ROWS_FAULTS)


def _reason(error: Exception) -> str:
    # A codec's own words would show the text.
    said = str(error) if isinstance(error, sqlite3.Error) else ""
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def _together(writes: list[Write]) -> Iterator[tuple[str, Sequence[Row]]]:
    """Each statement once for all rows that follow each other."""
    for statement, some in itertools.groupby(writes, key=lambda write: write.statement):
        yield statement, [row for write in some for row in write.rows]
