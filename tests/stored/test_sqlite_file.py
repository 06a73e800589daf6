"""The file behind the store: whatever is handed over, the writer goes on."""

from __future__ import annotations

import contextlib
import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest

from g4f_nb.stored.database import Form
from g4f_nb.stored.sqlite_file import Storage

_INSERT = "INSERT INTO things VALUES (?, ?)"


@pytest.fixture
def storage(tmp_path):
    schema = "CREATE TABLE IF NOT EXISTS things (name TEXT NOT NULL UNIQUE, size INTEGER)"
    made = Storage(tmp_path / "things.sqlite3", Form(schema, 1))
    yield made
    made.close()


def _things(storage):
    storage.flush()
    with sqlite3.connect(storage.file) as there:
        found = sorted(row[0] for row in there.execute("SELECT name FROM things"))
    there.close()
    return found


@pytest.mark.parametrize(
    "bad",
    [("y\udfff", 1), ("n", 2**70), ("o", object()), (None, 1), ("a", 1), ("too", "many", "values")],
    ids=["surrogate", "huge", "object", "missing", "twice", "shape"],
)
def test_a_row_that_cannot_be_written_costs_itself_alone(storage, bad, capsys):
    """Rows around it, of its own statement and of others, are in the file; a notice tells why."""
    storage.write(_INSERT, [("a", 1), bad, ("b", 2)])
    storage.write("UPDATE things SET size = ? WHERE name = ?", [(7, "b")])
    storage.write(_INSERT, [("c", 3)])
    assert _things(storage) == ["a", "b", "c"]
    storage.write(_INSERT, [("d", 4)])
    assert _things(storage) == ["a", "b", "c", "d"]
    assert storage.in_memory_because is None
    assert "1 of the rows for" in capsys.readouterr().err


def test_in_memory_a_bad_row_costs_itself_alone_too(tmp_path, capsys):
    """Where the file cannot be written, the rows around a bad one are in memory."""
    (tmp_path / "in-the-way").write_text("")
    form = Form("CREATE TABLE things (name TEXT, size INTEGER)", 1)
    storage = Storage(tmp_path / "in-the-way" / "x.sqlite3", form)
    storage.write(_INSERT, [("a", 1), ("y\udfff", 1), ("b", 2)])
    storage.flush()
    assert [row[0] for row in storage.read("SELECT name FROM things ORDER BY name")] == ["a", "b"]
    storage.close()
    assert "cannot be kept" in capsys.readouterr().err


def test_a_wrong_statement_stops_neither_the_writer_nor_whoever_waits(storage, capsys):
    """Whatever is wrong with a statement, `flush` comes back and later rows are kept."""
    storage.write("INSERT INTO nowhere VALUES (?)", [(1,)])
    storage.flush()
    assert storage._writer.is_alive()
    storage.write(_INSERT, [("a", 1)])
    storage.flush()
    assert [row[0] for row in storage.read("SELECT name FROM things")] == ["a"]
    assert capsys.readouterr().err


_NEXT = {
    1: "ALTER TABLE things ADD COLUMN colour TEXT; UPDATE things SET colour = 'none'",
    2: "ALTER TABLE things RENAME COLUMN size TO width",
}
_FORM_3 = "CREATE TABLE IF NOT EXISTS things (name TEXT NOT NULL UNIQUE, width INTEGER, colour TEXT)"


def _opened(file, version, migrations):
    made = Storage(file, Form(_FORM_3, version, migrations))
    try:
        return made.read("SELECT name, width, colour FROM things"), made.in_memory_because
    finally:
        made.close()


def test_a_file_of_an_older_form_is_brought_up(storage, capsys):
    """A file of any older form gets today's, step by step, with all that is in it; once is enough."""
    storage.write(_INSERT, [("a", 7)])
    storage.close()
    for _ in range(2):
        assert _opened(storage.file, 3, _NEXT) == ([("a", 7, "none")], None)
    assert capsys.readouterr().err == ""
    assert len(list(storage.file.parent.glob("*.sqlite3"))) == 1


def test_kernels_bring_a_file_up_once(storage):
    """Of several that open an older file at once, one changes it and the others find it changed."""
    storage.write(_INSERT, [("a", 7)])
    storage.close()
    with ThreadPoolExecutor(6) as pool:
        found = [each.result() for each in [pool.submit(_opened, storage.file, 3, _NEXT) for _ in range(6)]]
    assert found == [([("a", 7, "none")], None)] * 6


def test_a_step_that_fails_leaves_the_file_as_it_was(storage, capsys):
    """Where the second of two steps fails nothing of the first is done, and everything goes on in memory."""
    storage.write(_INSERT, [("a", 7)])
    storage.close()
    assert _opened(storage.file, 3, {**_NEXT, 2: "ALTER TABLE nowhere RENAME TO there"}) == (
        [],
        "no such table: nowhere",
    )
    assert "kept in memory" in capsys.readouterr().err
    with contextlib.closing(sqlite3.connect(storage.file)) as there:
        assert there.execute("SELECT * FROM things").fetchall() == [("a", 7)]
        assert there.execute("PRAGMA user_version").fetchone() == (1,)


def test_a_form_that_nobody_can_bring_up_is_set_aside(storage, capsys):
    """A file of a form for which a step is missing is kept beside, and a new one begins."""
    storage.write(_INSERT, [("a", 7)])
    storage.close()
    assert _opened(storage.file, 3, {2: _NEXT[2]}) == ([], None)
    assert "it has the form 1 of an older g4f_nb" in capsys.readouterr().err
    (kept,) = storage.file.parent.glob("things.set-aside-*.sqlite3")
    with contextlib.closing(sqlite3.connect(kept)) as there:
        assert there.execute("SELECT * FROM things").fetchall() == [("a", 7)]


def test_who_comes_late_meets_no_closed_file(storage):
    """A thread that was about to read when the file was closed, as at a kernel's end, finds nothing."""
    storage.write(_INSERT, [("a", 1)])
    storage.flush()
    places = storage._places
    storage.close()
    assert places.read("SELECT name FROM things", ()) == []
    assert storage.read("SELECT name FROM things") == [("a",)]
