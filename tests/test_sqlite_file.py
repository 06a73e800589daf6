"""The file behind the store: whatever is handed over, the writer goes on."""

from __future__ import annotations

import sqlite3

import pytest

from g4f_nb.sqlite_file import Storage

_INSERT = "INSERT INTO things VALUES (?, ?)"


@pytest.fixture
def storage(tmp_path):
    made = Storage(
        tmp_path / "things.sqlite3",
        "CREATE TABLE IF NOT EXISTS things (name TEXT NOT NULL UNIQUE, size INTEGER)",
        1,
    )
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
    storage = Storage(
        tmp_path / "in-the-way" / "x.sqlite3", "CREATE TABLE things (name TEXT, size INTEGER)", 1
    )
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
