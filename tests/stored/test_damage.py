"""One damaged row of the store costs that row alone: no list, no answer, and what asks for it is told."""

from __future__ import annotations

import sqlite3

import pytest

import g4f_nb as nb
from g4f_nb import notices, store

_DEEP = "[" * 5000
_DAMAGES = [
    *(("runs", "began_at", value) for value in (float("inf"), 1e18, "yesterday", b"\xff")),
    *(("runs", "cells", value) for value in (float("inf"), "\0", b"\xff", 10**12)),
    *(("runs", "plan", value) for value in ("null", "{}", b"{", 5)),
    *(("cells", "record", value) for value in ("null", b"{", _DEEP, 5, b'{"same_as":', '{"same_as":5}')),
    *(("cells", "more", value) for value in (b"{", 5)),
    *(("conversations", name, value) for name in ("name", "title") for value in (b"\xff", b"")),
    *(("conversations", "changed_at", value) for value in (b"\xff", 10**18, "now")),
    *(("conversations", "settings", value) for value in (b"\xff", "null", _DEEP)),
    *(("turns", "record", value) for value in (_DEEP, "null", b"\xff")),
]


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A store with two runs, two conversations and a kept answer, and the ids of what is to be damaged."""
    folder = tmp_path_factory.mktemp("kept")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("G4F_NB_CACHE_DIR", str(folder))
        runs = [nb.compare([word], ["Demo"], progress=False) for word in ("one", "two")]
        nb.ask("kept?", model="Demo", cache=True)
        talks = [nb.Conversation(model="Demo", name=name) for name in ("first", "second")]
        for talk in talks:
            talk.ask("hello")
        store.close_stores()
    return folder / "store.sqlite3", str(runs[0]["run_id"][0]), talks[0].id


@pytest.fixture
def damaged(kept, tmp_path, monkeypatch):
    """Changes one column of a fresh copy, as another program might."""
    file, run, talk = kept

    def damage(table, column, value):
        there = tmp_path / "store.sqlite3"
        there.write_bytes(file.read_bytes())
        with sqlite3.connect(there) as connection:
            of = {"runs": "run_id", "cells": "run_id", "conversations": "id", "turns": "conversation"}[table]
            which = (value, talk if table in ("conversations", "turns") else run)
            connection.execute(f"UPDATE {table} SET {column} = ? WHERE {of} = ?", which)  # noqa: S608
            if table in ("runs", "cells"):
                # The kept answer, too.
                connection.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = 3", (value,))  # noqa: S608
        connection.close()
        monkeypatch.setenv("G4F_NB_CACHE_DIR", str(tmp_path))
        from g4f_nb.comparing import keeping

        keeping.forget()
        notices.forget()
        return run, talk

    yield damage
    store.close_stores()


def _tried(call):
    try:
        return call()
    except nb.G4FError as error:
        return error


@pytest.mark.parametrize(("table", "column", "value"), _DAMAGES)
def test_a_damaged_row_costs_that_row_alone(damaged, capsys, table, column, value):
    """Lists have the others, a question its answer, and whoever wants the row itself one of our errors."""
    run, talk = damaged(table, column, value)

    listed = (nb.runs(), nb.list_conversations(), nb.list_conversations(search="hello"))
    told = capsys.readouterr().err
    asked = nb.ask("kept?", model="Demo", cache=True)
    compared = nb.compare(["one"], ["Demo"], progress=False)
    attached, restored = _tried(lambda: nb.attach(run)), _tried(lambda: nb.Conversation.restore(talk))
    nb.store_info()

    lost_run = table == "runs" and column != "plan" and value != 10**12
    assert len(listed[0]) == 2 - lost_run
    assert len(nb.runs(1)) == 1
    lost_talk = table == "conversations"
    assert [len(each) for each in listed[1:]] == [2 - lost_talk, 2 - lost_talk - (table == "turns")]
    assert told.count("left out") == lost_run + lost_talk
    assert asked.text
    assert list(compared["status"]) == ["ok"]
    assert isinstance(attached, nb.G4FError) == (table == "runs")
    if table == "cells" and column == "record":
        assert list(attached["status"]) == ["cancelled"]
    if isinstance(attached, nb.G4FError):
        assert "compare anew" in str(attached)
    if table == "turns" or column == "settings":
        assert "nb.list_conversations()" in str(restored)
    assert nb.purge_store(older_than_days=1) == 0
    assert nb.purge_store() > 0
    assert nb.store_info().runs == 0
