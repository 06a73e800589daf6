"""Where rows are: in the file, or in memory while that cannot be written; and the way back into the file.

Where the file cannot be written (a read-only or full disk) everything goes on in memory, with a notice. A
damaged file is set aside, never deleted, and reported.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from g4f_nb.notices import tell
from g4f_nb.private_files import make_folder
from g4f_nb.stored import patience
from g4f_nb.stored.database import Form, identity_of, in_memory, open_file, set_aside
from g4f_nb.stored.inbox import Row
from g4f_nb.stored.onestep import Begun, begun_in, carry_over, is_held
from g4f_nb.stored.patience import patiently

# After how many seconds a file that somebody held is tried again.
_AGAIN = 30.0
# Which part of the file must be free for it to be made smaller.
_WORTH_IT = 0.2
# SQLITE_CORRUPT and SQLITE_NOTADB.
_DAMAGE = (11, 26)


class Places:
    """A file of that form and what stands in for it, for whoever reads; all of it under one lock."""

    def __init__(self, file: Path, form: Form, *, lost: int = 0) -> None:
        self.file = file
        self.lock = threading.RLock()
        # Which file was opened: under its name there may be another one later, or none.
        self.opened: tuple[int, int] | None = None
        self.memory: sqlite3.Connection | None = None
        self.in_memory_because: str | None = None
        # How often the file was gone, with all that was in it.
        self.lost = lost
        self._form = form
        self._reader: sqlite3.Connection | None = None
        self._again: float | None = None

    def open(self) -> None:
        """Open the file, or let memory stand in for it."""
        try:
            make_folder(self.file.parent)
            self._reader = patiently(self.file, self._open)
        except sqlite3.OperationalError as error:
            # SQLite says of that no more than that it cannot be opened.
            fault = "there is a folder of that name" if self.file.is_dir() else str(error)
            self.stay_in_memory(fault, held=is_held(error))
        except sqlite3.DatabaseError as error:
            self._reader = self._set_aside(str(error))
        except OSError as error:
            self.stay_in_memory(error.strerror or str(error))

    def close(self) -> None:
        """Close both; what is in memory is gone."""
        with self.lock:
            for connection in (self._reader, self.memory):
                if connection is not None:
                    connection.close()
            # Who still reads on another thread finds nothing, and no closed file.
            self._reader = self.memory = None

    def read(self, query: str, values: Sequence[Any]) -> list[Row]:
        """What the file holds, and what had to stay in memory."""
        with self.lock:
            found: list[Row] = []
            if self._reader is not None:
                found += self._try_reading(self._reader, query, values)
            if self.memory is not None:
                found += self.memory.execute(query, values).fetchall()
            return found

    def begin(self, locked: contextlib.ExitStack, seconds: float) -> Begun:
        """Begin to change everything, and lock it; who waits for another kernel is in nobody's way here."""
        with contextlib.ExitStack() as trying:
            trying.enter_context(self.lock)
            reader = self._reader
            if reader is not None:
                reader.execute(f"PRAGMA busy_timeout={seconds * 1000:.0f}")
                trying.callback(reader.execute, f"PRAGMA busy_timeout={patience.PATIENCE * 1000:.0f}")
            found = begun_in(reader, self.memory)
            locked.push(trying.pop_all())
        return found

    def compact(self) -> None:
        """Give the room of deleted rows back to the disk, if it is worth it and nobody is in the way.

        While a file is made smaller no other kernel writes to it: for a little room, which the next rows take
        again, nobody is kept waiting.
        """
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

    def is_another(self) -> bool:
        """Whether there is no file any more, or not the one that was opened."""
        there = self.opened is None or self.in_memory_because is not None
        return not there and identity_of(self.file) != self.opened

    def begin_anew(self) -> None:
        """Go on in the file that is there now, or in a new one: the one that was opened is gone.

        Somebody may have cleared the folder: SQLite would go on in a file without a name, and all be lost.
        """
        found = identity_of(self.file)
        with self.lock:
            # First all that is open of the old one: its locks and those of the new one would be mixed up.
            if self._reader is not None:
                self._reader.close()
            self.opened = self._reader = None
            self.open()
            self.lost += 1
        if self._reader is not None:
            was = "was deleted" if found is None else "was replaced by another file"
            tell(
                f"the store {self.file} {was} while this kernel used it: from now on it is kept in the one "
                "that is there now, and what the old one held is not",
                once=False,
            )

    def try_the_file_again(self) -> None:
        """Whoever held it may have let it go: then what had to stay in memory goes into it."""
        now = time.monotonic()
        if self._again is None or now < self._again:
            return
        self._again = now + _AGAIN
        with self.lock:
            if self.memory is None:
                return
            if self._reader is not None and identity_of(self.file) != self.opened:
                self._reader.close()
                self._reader = None
            try:
                self._reader = self._reader or self._open(0.0)
                self._reader.execute("PRAGMA busy_timeout=0")
                carry_over(self.memory, self._reader)
            except sqlite3.Error:
                return
            finally:
                if self._reader is not None:
                    self._reader.execute(f"PRAGMA busy_timeout={patience.PATIENCE * 1000:.0f}")
            self.memory.close()
            self.memory = self._again = self.in_memory_because = None
        tell(f"the store {self.file} can be written again: what was kept in memory is in it now", once=False)

    def stay_in_memory(self, reason: str, *, held: bool = False) -> None:
        """Keep what comes in memory from now on, and say so."""
        if self.memory is None:
            self.memory = in_memory(self._form)
        if self.in_memory_because is None:
            self.in_memory_because = reason
            self._again = time.monotonic() + _AGAIN if held else None
            until = "it can be, or this kernel ends" if held else "this kernel ends"
            tell(
                f"the store {self.file} cannot be written ({reason}): answers are kept in memory until "
                f"{until}; another folder is chosen with G4F_NB_CACHE_DIR"
            )

    def _open(self, seconds: float) -> sqlite3.Connection:
        opened = open_file(self.file, self._form, seconds)
        self.opened = identity_of(self.file)
        return opened

    def _set_aside(self, reason: str) -> sqlite3.Connection | None:
        """A damaged file keeps its content under another name."""
        try:
            kept = set_aside(self.file)
            opened = patiently(self.file, self._open)
        except (OSError, sqlite3.Error) as error:
            self.stay_in_memory(str(error))
            return None
        tell(f"the store {self.file} is of no use ({reason}): it is kept as {kept.name}, a new one begins")
        return opened

    def _try_reading(self, reader: sqlite3.Connection, query: str, values: Sequence[Any]) -> list[Row]:
        try:
            return reader.execute(query, values).fetchall()
        except sqlite3.OperationalError as error:
            self.stay_in_memory(str(error))
        except sqlite3.DatabaseError as error:
            # Anything else is the fault of the query, and no reason to part with a sound file.
            if getattr(error, "sqlite_errorcode", 0) & 0xFF not in _DAMAGE:
                raise
            reader.close()
            self._reader = self._set_aside(str(error))
        return []
