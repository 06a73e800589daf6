"""One SQLite file that several kernels may share, written by one thread; it is no reason to lose an answer.

What becomes of rows when the file cannot be written is in `places.py`.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
import weakref
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any

from g4f_nb.notices import tell
from g4f_nb.stored import patience
from g4f_nb.stored.database import Form
from g4f_nb.stored.inbox import Inbox, Row, Write, reason
from g4f_nb.stored.onestep import Change, one_step
from g4f_nb.stored.patience import patiently
from g4f_nb.stored.places import Places
from g4f_nb.stored.writing import Writing

# How long `flush` waits for the writer, in seconds.
_FLUSHING = 60.0


# Those of this process, which a fork has to be told to.
_there: weakref.WeakSet[Storage] = weakref.WeakSet()


class Storage:
    """A database file that is opened at its first use, with one writer for the whole process."""

    def __init__(self, file: Path, form: Form) -> None:
        self.file = file
        self._form = form
        self._starting = threading.RLock()
        self._places = Places(file, form)
        self._inbox = Inbox()
        self._writer: threading.Thread | None = None
        self._process = 0
        _there.add(self)

    @property
    def in_memory_because(self) -> str | None:
        """Why the file cannot be written, as long as it cannot."""
        return self._places.in_memory_because

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
                self._work(self._inbox, self._places)

    def room(self) -> Future[None] | None:
        """`None` where the writer keeps up, else what is done as soon as there is room for more rows."""
        return self._inbox.room()

    def read(self, query: str, values: Sequence[Any] = ()) -> list[Row]:
        """What the file holds, and what had to stay in memory."""
        self._ready()
        return self._places.read(query, values)

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
        if self._places.is_another():
            # The writer finds that out.
            self.flush()
        return self._places.lost

    @contextlib.contextmanager
    def changing(self) -> Iterator[Change]:
        """All that is changed in here is changed at once or not at all, after everything handed over."""
        self._ready()
        self.flush()
        # What the writer has just given up waiting for is not waited for as long once more.
        most = patience.WITHOUT_A_WORD if self.in_memory_because else None
        with contextlib.ExitStack() as locked:
            begin = partial(patiently, self.file, partial(self._places.begin, locked), most=most)
            with one_step(str(self.file), begin) as change:
                yield change

    def compact(self) -> None:
        """Give the room of deleted rows back to the disk, if it is worth it and nobody is in the way."""
        self._ready()
        self.flush()
        self._places.compact()

    def close(self) -> None:
        """Write what is left and close the file; the next use opens it again."""
        if self._process != os.getpid():
            return
        self.flush()
        if self._writer is not None:
            self._inbox.end()
            self._writer.join(_FLUSHING)
        with self._starting:
            self._places.close()
            self._writer = None
            self._process = 0

    def _ready(self) -> None:
        if self._process and self._writer is not None and self._writer.is_alive():
            return
        with self._starting:
            if self._process != os.getpid():
                # After a fork the connections and the writer are the parent's.
                self._inbox, self._writer = Inbox(), None
                self._places = Places(self.file, self._form, lost=self._places.lost)
                self._places.open()
                # Only now: a file of a newer form is refused each time, and never written.
                self._process = os.getpid()
            if self._writer is None or not self._writer.is_alive():
                work = partial(self._work, self._inbox, self._places)
                writer = threading.Thread(target=work, name="g4f_nb-store", daemon=True)
                # Python 3.12 and later begin no thread on the way out: the last rows are written on this one.
                with contextlib.suppress(RuntimeError):
                    writer.start()
                self._writer = writer if writer.is_alive() else None

    def _work(self, inbox: Inbox, places: Places) -> None:
        with contextlib.closing(Writing(places)) as writing:
            while True:
                waiting: list[threading.Event] = []
                writes, go_on = inbox.gather(waiting)
                try:
                    writing.carry_out(writes)
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

    def forked(self) -> None:
        """Leave connections, writer and what waits for it to the parent; the next use opens the file anew."""
        self._process = 0
        self._starting = threading.RLock()
        self._inbox = Inbox()


def _after_fork() -> None:
    for storage in _there:
        storage.forked()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
