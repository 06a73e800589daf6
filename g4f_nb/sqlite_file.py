"""One SQLite file that several kernels may share, written by one thread; it is no reason to lose an answer.

Where the file cannot be written (a read-only or full disk) everything goes on in memory, with a notice. A
damaged file is set aside, never deleted, and reported. A file that was deleted under us is begun anew.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
import weakref
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from g4f_nb import patience
from g4f_nb.errors import InvalidParameterError
from g4f_nb.inbox import Inbox, Row, Write, reason, transact
from g4f_nb.notices import tell
from g4f_nb.onestep import Begun, Change, begun_in, carry_over, is_held, one_step
from g4f_nb.patience import patiently
from g4f_nb.private_files import make_folder

# How long `flush` waits for the writer, in seconds; after how many a file that somebody held is tried again.
_FLUSHING = 60.0
_AGAIN = 30.0
# Which part of the file must be free for it to be made smaller.
_WORTH_IT = 0.2
_NONE: Mapping[int, str] = MappingProxyType({})
# SQLITE_CORRUPT and SQLITE_NOTADB.
_DAMAGE = (11, 26)


# Those of this process, which a fork has to be told to.
_there: weakref.WeakSet[Storage] = weakref.WeakSet()


class Storage:
    """A database file that is opened at its first use, with one writer for the whole process."""

    def __init__(
        self, file: Path, schema: str, version: int, *, migrations: Mapping[int, str] = _NONE
    ) -> None:
        self.file = file
        self._schema = schema
        self._version = version
        # What makes the next form of each older one. A form that has none is set aside.
        self._migrations = migrations
        self._lock = threading.RLock()
        self._inbox = Inbox()
        self._reader: sqlite3.Connection | None = None
        self._writer: threading.Thread | None = None
        self._memory: sqlite3.Connection | None = None
        self._process = 0
        # Which file was opened: under its name there may be another one later, or none.
        self._opened: tuple[int, int] | None = None
        self._written: tuple[int, int] | None = None
        self._lost = 0
        self._again: float | None = None
        self.in_memory_because: str | None = None
        _there.add(self)

    def open(self) -> None:
        """Open the file now, on this thread, and not with the first row."""
        self._ready()

    def write(self, statement: str, rows: Iterable[Row]) -> None:
        """Hand rows to the writer; they are in the file soon after, `flush` waits for that."""
        kept = list(rows)
        if kept:
            self._ready()
            self._inbox.put(Write.of(statement, kept))
            if self._writer is None:
                self._inbox.end()
                self._work()

    def room(self) -> Future[None] | None:
        """`None` where the writer keeps up, else what is done as soon as there is room for more rows."""
        return self._inbox.room()

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
        done = self._inbox.mark()
        end = time.monotonic() + _FLUSHING
        while not done.wait(0.1) and self._writer.is_alive() and time.monotonic() < end:
            pass

    def lost(self) -> int:
        """How often the file was gone, with all that was in it."""
        if self._is_another():
            # The writer finds that out.
            self.flush()
        return self._lost

    @contextlib.contextmanager
    def changing(self) -> Iterator[Change]:
        """All that is changed in here is changed at once or not at all, after everything handed over."""
        self._ready()
        self.flush()
        # What the writer has just given up waiting for is not waited for as long once more.
        most = patience.WITHOUT_A_WORD if self.in_memory_because else None
        with contextlib.ExitStack() as locked:
            begin = partial(patiently, self.file, partial(self._begin, locked), most=most)
            with one_step(str(self.file), begin) as change:
                yield change

    def _begin(self, locked: contextlib.ExitStack, seconds: float) -> Begun:
        """Begin to change everything, and lock it; who waits for another kernel is in nobody's way here."""
        with contextlib.ExitStack() as trying:
            trying.enter_context(self._lock)
            reader = self._reader
            if reader is not None:
                reader.execute(f"PRAGMA busy_timeout={seconds * 1000:.0f}")
                trying.callback(reader.execute, f"PRAGMA busy_timeout={patience.PATIENCE * 1000:.0f}")
            found = begun_in(reader, self._memory)
            locked.push(trying.pop_all())
        return found

    def compact(self) -> None:
        """Give the room of deleted rows back to the disk, if it is worth it and nobody is in the way.

        While a file is made smaller no other kernel writes to it: for a little room, which the next rows take
        again, nobody is kept waiting.
        """
        self._ready()
        self.flush()
        if self._reader is None:
            return
        # In a connection of its own: others read meanwhile.
        seconds = min(patience.WITHOUT_A_WORD, patience.PATIENCE)
        try:
            with contextlib.closing(
                sqlite3.connect(self.file, timeout=seconds, isolation_level=None)
            ) as file:
                (pages,), (free,) = (
                    file.execute(f"PRAGMA {which}").fetchone() for which in ("page_count", "freelist_count")
                )
                if free > pages * _WORTH_IT:
                    file.execute("VACUUM")
                file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as error:
            tell(
                f"{self.file} is as large as before ({error}): the room of what was deleted is used "
                "again, and given back by the next nb.purge_store() that deletes something"
            )

    def close(self) -> None:
        """Write what is left and close the file; the next use opens it again."""
        if self._process != os.getpid():
            return
        self.flush()
        if self._writer is not None:
            self._inbox.end()
            self._writer.join(_FLUSHING)
        with self._lock:
            for connection in (self._reader, self._memory):
                if connection is not None:
                    connection.close()
            self._reader = self._memory = self._writer = None
            self._process = 0

    def _ready(self) -> None:
        if self._process and self._writer is not None and self._writer.is_alive():
            return
        with self._lock:
            if self._process != os.getpid():
                # After a fork the connections and the writer are the parent's.
                self._inbox = Inbox()
                self._reader = self._memory = self._writer = None
                self.in_memory_because = None
                self._reader = self._open_or_stand_in()
                # Only now: a file of a newer form is refused each time, and never written.
                self._process = os.getpid()
            if self._writer is None or not self._writer.is_alive():
                writer = threading.Thread(target=self._work, name="g4f_nb-store", daemon=True)
                # Python 3.12 and later begin no thread on the way out: the last rows are written on this one.
                with contextlib.suppress(RuntimeError):
                    writer.start()
                self._writer = writer if writer.is_alive() else None

    def _open_or_stand_in(self) -> sqlite3.Connection | None:
        try:
            make_folder(self.file.parent)
            return patiently(self.file, self._open)
        except sqlite3.OperationalError as error:
            self._stay_in_memory(str(error), held=is_held(error))
        except sqlite3.DatabaseError as error:
            return self._set_aside(str(error))
        except OSError as error:
            self._stay_in_memory(error.strerror or str(error))
        return None

    def _open(self, seconds: float) -> sqlite3.Connection:
        new = not self.file.exists()
        connection = sqlite3.connect(
            self.file, timeout=seconds, isolation_level=None, check_same_thread=False
        )
        try:
            if new:
                # Prompts and answers are nobody else's business.
                self.file.chmod(0o600)
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute("BEGIN IMMEDIATE")
            self._bring_up(connection)
            connection.execute("COMMIT")
            connection.execute(f"PRAGMA busy_timeout={patience.PATIENCE * 1000:.0f}")
            self._opened = _identity(self.file)
        except BaseException:
            connection.close()
            raise
        return connection

    def _is_another(self) -> bool:
        """Whether there is no file any more, or not the one that was opened."""
        there = self._opened is None or self.in_memory_because is not None
        return not there and _identity(self.file) != self._opened

    def _look_for_the_file(self, connection: sqlite3.Connection | None) -> sqlite3.Connection | None:
        """The writer's connection, if what is written there can be found again; else a new file is opened.

        Somebody may have cleared the folder: SQLite would go on in a file without a name, and all be lost.
        """
        if not self._is_another():
            if connection is None or self._written == self._opened or self._opened is None:
                return connection
            # Whoever read it found it damaged, and has set it aside.
            connection.close()
            return None
        found = _identity(self.file)
        with self._lock:
            # First all that is open of the old one: its locks and those of the new one would be mixed up.
            for each in (connection, self._reader):
                if each is not None:
                    each.close()
            self._opened = None
            self._reader = self._open_or_stand_in()
            self._lost += 1
        if self._reader is not None:
            was = "was deleted" if found is None else "was replaced by another file"
            tell(
                f"the store {self.file} {was} while this kernel used it: from now on it is kept in the one "
                "that is there now, and what the old one held is not",
                once=False,
            )
        return None

    def _bring_up(self, connection: sqlite3.Connection) -> None:
        """Give the file today's form, within a transaction: another kernel may have done so a moment ago."""
        (found,) = connection.execute("PRAGMA user_version").fetchone()
        if found > self._version:
            raise InvalidParameterError(
                f"{self.file} was made by a newer g4f_nb (form {found}, this one knows {self._version}): "
                "update g4f_nb, or choose another folder with G4F_NB_CACHE_DIR"
            )
        steps = range(found, self._version) if found else ()
        if not all(step in self._migrations for step in steps):
            raise sqlite3.DatabaseError(f"it has the form {found} of an older g4f_nb")
        for text in (*(self._migrations[step] for step in steps), self._schema):
            for statement in filter(str.strip, text.split(";")):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version={self._version}")

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
            opened = patiently(self.file, self._open)
        except (OSError, sqlite3.Error) as error:
            self._stay_in_memory(str(error))
            return None
        tell(f"the store {self.file} is of no use ({reason}): it is kept as {kept.name}, a new one begins")
        return opened

    def _try_the_file_again(self) -> None:
        """Whoever held it may have let it go: then what had to stay in memory goes into it."""
        now = time.monotonic()
        if self._again is None or now < self._again:
            return
        self._again = now + _AGAIN
        with self._lock:
            if self._memory is None:
                return
            if self._reader is not None and _identity(self.file) != self._opened:
                self._reader.close()
                self._reader = None
            try:
                self._reader = self._reader or self._open(0.0)
                self._reader.execute("PRAGMA busy_timeout=0")
                carry_over(self._memory, self._reader)
            except sqlite3.Error:
                return
            finally:
                if self._reader is not None:
                    self._reader.execute(f"PRAGMA busy_timeout={patience.PATIENCE * 1000:.0f}")
            self._memory.close()
            self._memory = self._again = self.in_memory_because = None
        tell(f"the store {self.file} can be written again: what was kept in memory is in it now", once=False)

    def _stay_in_memory(self, reason: str, *, held: bool = False) -> None:
        if self._memory is None:
            self._memory = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
            for statement in filter(str.strip, self._schema.split(";")):
                self._memory.execute(statement)
        if self.in_memory_because is None:
            self.in_memory_because = reason
            self._again = time.monotonic() + _AGAIN if held else None
            until = "it can be, or this kernel ends" if held else "this kernel ends"
            tell(
                f"the store {self.file} cannot be written ({reason}): answers are kept in memory until "
                f"{until}; another folder is chosen with G4F_NB_CACHE_DIR"
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
        inbox = self._inbox
        try:
            while True:
                waiting: list[threading.Event] = []
                writes, go_on = inbox.gather(waiting)
                try:
                    self._try_the_file_again()
                    connection = self._look_for_the_file(connection)
                    if writes and connection is None and self.in_memory_because is None:
                        with contextlib.suppress(sqlite3.Error):
                            connection = sqlite3.connect(self.file, isolation_level=None)
                            self._written = self._opened
                            connection.execute("PRAGMA synchronous=NORMAL")
                    self._carry_out(connection, writes)
                except Exception as error:  # noqa: BLE001  # without the writer nothing more would be kept
                    tell(f"some of what was to be kept in {self.file} is not: {reason(error)}")
                finally:
                    inbox.written(writes)
                    for event in waiting:
                        event.set()
                # Not until the next ones come: these have been written.
                del writes
                if not go_on:
                    return
        finally:
            if connection is not None:
                connection.close()

    def _carry_out(self, connection: sqlite3.Connection | None, writes: list[Write]) -> None:
        if not writes:
            return
        if connection is not None and self.in_memory_because is None:
            try:
                self._tell_faults(patiently(self.file, partial(_transact, connection, writes)))
            except sqlite3.Error as error:
                with self._lock:
                    self._stay_in_memory(str(error), held=is_held(error))
            else:
                return
        with self._lock:
            if self._memory is None:
                self._stay_in_memory("it could not be opened")
            if self._memory is not None:
                self._tell_faults(transact(self._memory, writes))

    def _tell_faults(self, faults: Sequence[str]) -> None:
        for fault, count in Counter(faults).items():
            tell(f"{count} of the rows for {self.file} cannot be kept ({fault}); the others are", once=False)

    def forked(self) -> None:
        """Leave connections, writer and what waits for it to the parent; the next use opens the file anew."""
        self._process = 0
        self._lock = threading.RLock()
        self._inbox = Inbox()


def _transact(connection: sqlite3.Connection, writes: Sequence[Write], seconds: float) -> list[str]:
    connection.execute(f"PRAGMA busy_timeout={seconds * 1000:.0f}")
    return transact(connection, writes)


def _identity(file: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(file)  # noqa: PTH116  # for each batch: a third of the time of the method
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _after_fork() -> None:
    for storage in _there:
        storage.forked()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
