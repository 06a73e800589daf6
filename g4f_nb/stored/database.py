"""A database file in today's form: opened, brought up from an older one, or set aside where it is damaged."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from g4f_nb.errors import InvalidParameterError
from g4f_nb.stored import patience


@dataclass(frozen=True, slots=True)
class Form:
    """What is in a file: its tables in SQL, which version that is, and what makes the next of an older one.

    A file of a version without such a step is set aside.
    """

    schema: str
    version: int
    migrations: Mapping[int, str] = field(default_factory=dict)


def open_file(file: Path, form: Form, seconds: float) -> sqlite3.Connection:
    """A connection to the file, which has that form then; `seconds` is how long it may wait for others."""
    new = not file.exists()
    connection = sqlite3.connect(file, timeout=seconds, isolation_level=None, check_same_thread=False)
    try:
        if new:
            # Prompts and answers are nobody else's business.
            file.chmod(0o600)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("BEGIN IMMEDIATE")
        _bring_up(connection, file, form)
        connection.execute("COMMIT")
        connection.execute(f"PRAGMA busy_timeout={patience.PATIENCE * 1000:.0f}")
    except BaseException:
        connection.close()
        raise
    return connection


def in_memory(form: Form) -> sqlite3.Connection:
    """A database of that form that ends with the process."""
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    _carry_out(connection, form.schema)
    return connection


def identity_of(file: Path) -> tuple[int, int] | None:
    """Which file is under that name; `None` if there is none."""
    try:
        found = os.stat(file)  # noqa: PTH116  # for each batch: a third of the time of the method
    except OSError:
        return None
    return found.st_dev, found.st_ino


def set_aside(file: Path) -> Path:
    """Give a file that is of no use another name, for whoever can mend it; nothing of it is deleted."""
    moment = time.strftime("%Y%m%d-%H%M%S")
    names = (
        f"{file.stem}.set-aside-{moment}{more}.sqlite3" for more in ("", *map("-{}".format, range(1, 99)))
    )
    kept = next(path for path in map(file.with_name, names) if not path.exists())
    file.replace(kept)
    for ending in ("-wal", "-shm"):
        beside = file.with_name(file.name + ending)
        if beside.exists():
            beside.replace(kept.with_name(kept.name + ending))
    return kept


def _bring_up(connection: sqlite3.Connection, file: Path, form: Form) -> None:
    """Give the file today's form, within a transaction: another kernel may have done so a moment ago."""
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    if found > form.version:
        raise InvalidParameterError(
            f"{file} was made by a newer g4f_nb (form {found}, this one knows {form.version}): "
            "update g4f_nb, or choose another folder with G4F_NB_CACHE_DIR"
        )
    steps = range(found, form.version) if found else ()
    if not all(step in form.migrations for step in steps):
        raise sqlite3.DatabaseError(f"it has the form {found} of an older g4f_nb")
    for text in (*(form.migrations[step] for step in steps), form.schema):
        _carry_out(connection, text)
    connection.execute(f"PRAGMA user_version={form.version}")


def _carry_out(connection: sqlite3.Connection, text: str) -> None:
    for statement in filter(str.strip, text.split(";")):
        connection.execute(statement)
