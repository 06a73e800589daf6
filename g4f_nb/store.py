"""What is kept between kernels, in one file: runs, their cells and verdicts, conversations.

No key is ever among it: whoever makes a record leaves them out.
"""

from __future__ import annotations

import atexit
import contextlib
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from g4f_nb.errors import G4FError
from g4f_nb.forking import ModuleLock
from g4f_nb.loops.ownloop import stop_own_loop
from g4f_nb.settings import cache_folder, current
from g4f_nb.stored import cells, runs, talks, verdicts
from g4f_nb.stored.cells import Cells
from g4f_nb.stored.damage import moment_or_none
from g4f_nb.stored.database import Form
from g4f_nb.stored.inbox import Row
from g4f_nb.stored.purging import purge
from g4f_nb.stored.runs import Runs
from g4f_nb.stored.sqlite_file import Storage
from g4f_nb.stored.talks import Talks
from g4f_nb.stored.verdicts import Verdicts
from g4f_nb.tables import Table

_VERSION = 2
# Whoever changes the schema of a part raises the version, and says here in SQL how a file of the form before
# becomes one of the next: nobody's conversations are put aside. Form 1 was before the first release.
_MIGRATIONS: Mapping[int, str] = {}
_DAY, _LONGEST = 86_400.0, 1e9


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class StoreInfo:
    """Where the store is and how much it holds."""

    file: Path
    in_memory_because: str | None
    bytes: int
    answers: int
    runs: int
    cells: int
    verdicts: int
    conversations: int
    oldest: float | None

    def __repr__(self) -> str:
        return repr(self._table())

    def _repr_html_(self) -> str:
        return self._table()._repr_html_()

    def _table(self) -> Table:
        began = None if self.oldest is None else time.strftime("%Y-%m-%d", time.localtime(self.oldest))
        counts = ("answers", "runs", "cells", "verdicts", "conversations")
        memory = f"It cannot be written ({self.in_memory_because}): what is new ends with this kernel."
        return Table(
            (
                ("file", str(self.file)),
                ("size", f"{self.bytes / 1e6:,.1f} MB"),
                *((name, f"{getattr(self, name):,}") for name in counts),
                ("oldest run", began or "none"),
            ),
            title="What is kept between kernels",
            note=memory
            if self.in_memory_because
            else "nb.purge_store(older_than_days=30) deletes what is older.",
        )


class Store:
    """The one store of a folder."""

    def __init__(self, file: Path) -> None:
        schema = ";".join(part.SCHEMA for part in (runs, cells, verdicts, talks))
        self._storage = Storage(file, Form(schema, _VERSION, _MIGRATIONS))
        self.file = file
        self.runs = Runs(self._storage)
        self.cells = Cells(self._storage, self.runs)
        self.verdicts = Verdicts(self._storage)
        self.talks = Talks(self._storage)
        self._purges = 0

    def open(self) -> None:
        """Open the file now, on this thread: it may wait for another kernel."""
        self._storage.open()

    @property
    def purged(self) -> int:
        """How often something was deleted, or the file was: who keeps by differences begins anew then."""
        return self._purges + self._storage.lost()

    def write(self, statement: str, rows: Iterable[Row]) -> None:
        """Carry a statement out for these rows, soon; for whoever mends what is kept."""
        self._storage.write(statement, rows)

    def room(self) -> Future[None] | None:
        """`None` where the disk keeps up, else what is done as soon as it does: wait for it before more."""
        return self._storage.room()

    def info(self) -> StoreInfo:
        """How much there is."""
        self._storage.flush()
        tables = {
            "answers": "cells WHERE key IS NOT NULL",
            "runs": "runs",
            "cells": "cells",
            "verdicts": "verdicts",
            "conversations": "conversations",
        }
        counts = {
            name: sum(row[0] for row in self._storage.read(f"SELECT count(*) FROM {table}"))  # noqa: S608
            for name, table in tables.items()
        }
        ages = self._storage.read("SELECT min(began_at) FROM runs WHERE began_at >= 0")
        file = self._storage.file
        parts = [file, *(file.with_name(file.name + ending) for ending in ("-wal", "-shm"))]
        return StoreInfo(
            file=file,
            in_memory_because=self._storage.in_memory_because,
            bytes=sum(part.stat().st_size for part in parts if part.exists()),
            oldest=min((age for (age,) in ages if moment_or_none(age) is not None), default=None),
            **counts,
        )

    def purge(self, *, older_than_days: float = 0.0) -> int:
        """Delete what is older (everything, if nothing is said), and give its room back; counts the rows."""
        # What is older than all there is may be written with any number of digits.
        before = time.time() - min(older_than_days, _LONGEST) * _DAY
        gone = purge(self._storage, before, everything=not older_than_days)
        self._purges += 1
        if gone:
            self._storage.compact()
        return gone

    def flush(self) -> None:
        """Wait until everything is written."""
        self._storage.flush()

    def close(self) -> None:
        """Write what is left and close the file."""
        self._storage.close()


_stores: dict[Path, Store] = {}
# Cells, our loop and threads of a pool ask at once: two stores of one file would each have rows of their own.
_making = ModuleLock()


def store() -> Store:
    """The store of the cache folder that is in force."""
    file = cache_folder() / "store.sqlite3"
    there = _stores.get(file)
    if there is not None:
        return there
    with _making:
        is_new = file not in _stores
        if is_new:
            _stores[file] = Store(file)
        there = _stores[file]
    days = current().store_days if is_new else None
    if days is not None:
        # Another kernel may be writing: what cannot go now goes the next time.
        with contextlib.suppress(G4FError):
            there.purge(older_than_days=days)
    return there


def close_stores() -> None:
    """Write what is left and close every file; the next use opens it again."""
    with _making:
        closing = list(_stores.values())
        _stores.clear()
    for each in closing:
        each.close()


@atexit.register
def _on_the_way_out() -> None:
    # First what is still being answered: what has arrived of it is kept.
    stop_own_loop()
    close_stores()


def store_info() -> StoreInfo:
    """Where answers and runs are kept between kernels, and how much of them there is."""
    return store().info()
