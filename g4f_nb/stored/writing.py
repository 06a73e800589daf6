"""The writer's side of a store's file: a connection of its own, in which rows are written as they come."""

from __future__ import annotations

import contextlib
import sqlite3
from collections import Counter
from collections.abc import Sequence
from functools import partial

from g4f_nb.notices import tell
from g4f_nb.stored.inbox import Write, transact
from g4f_nb.stored.onestep import is_held
from g4f_nb.stored.patience import patiently
from g4f_nb.stored.places import Places


class Writing:
    """Writes rows into the file, or into memory where that cannot be; on one thread alone."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._connection: sqlite3.Connection | None = None
        # Which file that is open in.
        self._written: tuple[int, int] | None = None

    def carry_out(self, writes: list[Write]) -> None:
        """Write these; what has to be seen to before is, also where there are none."""
        self._places.try_the_file_again()
        self._look_for_the_file()
        if not writes:
            return
        if self._connection is None and self._places.in_memory_because is None:
            with contextlib.suppress(sqlite3.Error):
                self._connection = sqlite3.connect(self._places.file, isolation_level=None)
                self._written = self._places.opened
                self._connection.execute("PRAGMA synchronous=NORMAL")
        self._write(writes)

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _look_for_the_file(self) -> None:
        """Part with a file in which nobody would find again what is written there."""
        if self._places.is_another():
            self.close()
            self._places.begin_anew()
        elif self._written != self._places.opened is not None:
            # Whoever read it found it damaged, and has set it aside.
            self.close()

    def _write(self, writes: list[Write]) -> None:
        places = self._places
        if self._connection is not None and places.in_memory_because is None:
            try:
                self._tell_faults(patiently(places.file, partial(_transact, self._connection, writes)))
            except sqlite3.Error as error:
                with places.lock:
                    places.stay_in_memory(str(error), held=is_held(error))
            else:
                return
        with places.lock:
            if places.memory is None:
                places.stay_in_memory("it could not be opened")
            if places.memory is not None:
                self._tell_faults(transact(places.memory, writes))

    def _tell_faults(self, faults: Sequence[str]) -> None:
        for fault, count in Counter(faults).items():
            tell(
                f"{count} of the rows for {self._places.file} cannot be kept ({fault}); the others are",
                once=False,
            )


def _transact(connection: sqlite3.Connection, writes: Sequence[Write], seconds: float) -> list[str]:
    connection.execute(f"PRAGMA busy_timeout={seconds * 1000:.0f}")
    return transact(connection, writes)
