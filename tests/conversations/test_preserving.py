"""Conversations are kept on disk on the way, and had again after a restart; kernels overwrite nothing."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import time

import pandas as pd
import pytest

import g4f_nb as nb
from g4f_nb import store
from g4f_nb.conversations.preserving import kept_talks
from g4f_nb.errors import InvalidParameterError, SpendingLimitError
from g4f_nb.settings import cache_folder
from g4f_nb.stored import patience

_KEY = "sk-planted-0123456789abcdef"


def _talk(name="physics", **more):
    return nb.Conversation(name, model="Demo:demo-fast", **more)


def _elsewhere(code):
    """What another process, like a later kernel, prints."""
    done = subprocess.run(
        [sys.executable, "-c", f"import g4f_nb as nb\n{code}"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_later_kernel_has_it_again():
    """Turns of every branch, settings, costs and places, by name; it goes on where it was."""
    talk = _talk(system="Be brief.", temperature=0.5, limit=2)
    talk.ask("one", place="cell-1")
    talk.ask("two")
    talk.edit(talk.turns[0], "uno")
    talk.switch(talk.branches(talk.turns[0])[0])
    store.close_stores()
    code = """
talk = nb.Conversation.restore("physics")
print([turn.shown for turn in talk], len(talk.all_turns), talk.turns[0].place, talk.system, talk.limit)
print(talk.model, dict(talk.options), talk.turns[0].reply.usage == talk.turns[0].reply.usage, talk.cost)
talk.ask("three")
"""
    said = _elsewhere(code).splitlines()
    assert said[0] == "['one', 'two'] 3 cell-1 Be brief. 2.0"
    assert said[1] == "Demo:demo-fast {'temperature': 0.5} True 0.0"
    again = nb.Conversation.restore("physics")
    assert [turn.shown for turn in again] == ["one", "two", "three"]
    assert again.id == talk.id


def test_a_limit_holds_after_a_restart():
    """With the price that the user gave."""
    talk = nb.Conversation("dear", model=nb.Model("Demo:demo-fast", price=(1_000_000, 0)), limit=1)
    talk.ask("one two three")
    back = nb.Conversation.restore("dear")
    assert back.spent == talk.spent > 1
    with pytest.raises(SpendingLimitError):
        back.ask("more")
    back.limit = 1000
    back.ask("more")
    assert back.cost > talk.cost


def test_what_is_dropped_moved_and_renamed_is_so_on_disk():
    """A place that asks again, a dropped turn, a new name and a new system prompt."""
    talk = _talk()
    for number, prompt in enumerate(("one", "two", "three")):
        talk.ask(prompt, place=f"cell-{number}")
    talk.ask("ONE", place="cell-0")
    talk.drop(talk.turns[1])
    talk.name = "optics"
    talk.system = "New."
    back = nb.Conversation.restore("optics")
    assert [turn.shown for turn in back] == ["ONE", "three"]
    assert [turn.id for turn in back.all_turns] == [turn.id for turn in talk.all_turns]
    assert back.system == "New."


def test_beginning_anew_takes_nothing_off_the_disk():
    """What was said before can be had again; its cost stays counted."""
    talk = nb.Conversation("physics", model=nb.Model("Demo:demo-fast", price=(1, 1)))
    talk.ask("one")
    before, cost = talk.id, talk.cost
    talk.clear()
    assert (talk.turns, talk.cost) == ((), cost)
    talk.ask("two")
    assert [turn.shown for turn in nb.Conversation.restore("physics")] == ["two"]
    assert [turn.shown for turn in nb.Conversation.restore(before)] == ["one"]


def test_two_kernels_overwrite_nothing_of_each_other():
    """Both go on with one conversation: both turns are there, as branches."""
    talk = _talk()
    talk.ask("one")
    store.close_stores()
    _elsewhere("nb.Conversation.restore('physics').ask('theirs')")
    talk.ask("ours")
    back = nb.Conversation.restore("physics")
    assert {turn.shown for turn in back.branches(back.turns[1])} == {"ours", "theirs"}
    assert len(back.all_turns) == 3


def test_what_was_asked_of_another_model_is_asked_of_it_again():
    """Also after a restart; what the conversation's own model was asked goes to that one."""
    talk = _talk()
    talk.ask("one")
    talk.ask("two", "Demo:demo")
    back = nb.Conversation.restore("physics")
    back.regenerate()
    assert back.turns[-1].model == "Demo:demo"
    assert back.again(back.turns[0])["model"] is None
    back.model = nb.Model("Demo:demo", temperature=1)
    assert back.again(back.turns[0])["model"] == "Demo:demo-fast"
    assert back.again(back.branches(back.turns[1])[0])["model"] is None


def test_threads_that_end_together_bring_nothing_back():
    """What one thread has dropped or asked, another one does not undo on disk."""
    talk = _talk()

    def go(number):
        for each in range(5):
            talk.ask(f"{number}-{each}")
            talk.drop(talk.turns[0])

    threads = [threading.Thread(target=go, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    talk.ask("the last")
    assert [turn.id for turn in nb.Conversation.restore(talk.id)] == [turn.id for turn in talk]


def test_a_turn_whose_parent_another_kernel_dropped_is_a_first_one():
    """What one dropped does not take along what the other said after it."""
    talk = _talk()
    talk.ask("one")
    store.close_stores()
    _elsewhere("talk = nb.Conversation.restore('physics')\ntalk.drop(talk.turns[0])")
    talk.ask("two")
    assert [turn.shown for turn in nb.Conversation.restore("physics")] == ["two"]


def test_the_latest_of_one_name_is_restored_and_an_id_names_any():
    """Two notebooks may have a `main` of their own."""
    first = _talk("main")
    first.ask("first")
    time.sleep(0.02)
    _talk("main").ask("second")
    assert nb.Conversation.restore("main").title == "second"
    assert nb.Conversation.restore(first.id).title == "first"


def test_what_was_not_kept_is_told():
    """With the names that were."""
    _talk("optics").ask("one")
    with pytest.raises(InvalidParameterError, match=r"no conversation 'acoustics' was kept.*'optics'"):
        nb.Conversation.restore("acoustics")


def test_nothing_is_kept_without_a_turn_or_against_the_users_will():
    """An empty one, one with `keep=False`, a fork that was not asked anything, one that was forgotten."""
    _talk("empty").system = "x"
    _talk("private", keep=False).ask("secret")
    talk = _talk("gone")
    talk.ask("one")
    talk.fork("fork")
    assert nb.list_conversations()["name"].tolist() == ["gone"]
    talk.forget()
    talk.ask("two")
    assert nb.list_conversations().empty
    assert b"secret" not in b"".join(file.read_bytes() for file in cache_folder().iterdir())


def test_the_setting_keeps_none_and_a_conversations_own_word_wins(monkeypatch):
    """For whoever wants no prompts on disk."""
    monkeypatch.setenv("G4F_NB_KEEP_CONVERSATIONS", "0")
    _talk("one").ask("hello")
    assert nb.list_conversations().empty
    _talk("two", keep=True).ask("hello")
    assert nb.list_conversations()["name"].tolist() == ["two"]


def test_the_store_is_opened_where_the_question_is_asked():
    """Not on the loop that all streams share, where answers end: it may wait for another kernel."""
    begun = _talk().begin("one")
    assert (cache_folder() / "store.sqlite3").exists()
    assert begun.finish(KeyboardInterrupt()).partial is False


def test_no_key_is_kept():
    """Neither one that was given to the conversation nor one of a question."""
    talk = nb.Conversation("x", model="Demo:demo-fast", api_key=_KEY)
    talk.ask("one", api_key=_KEY)
    store.close_stores()
    assert b"planted" not in b"".join(file.read_bytes() for file in cache_folder().iterdir())


def test_the_list_is_a_table():
    """Name, title, turns, model, cost, when; the latest first."""
    _talk("one").ask("Why is the sky blue?")
    time.sleep(0.02)
    talk = _talk("two")
    talk.ask("hello")
    talk.ask("hello again")
    frame = nb.list_conversations()
    assert frame["name"].tolist() == ["two", "one"]
    assert frame["title"].tolist() == ["hello", "Why is the sky blue?"]
    assert frame["turns"].tolist() == [2, 1]
    assert frame["cost_usd"].tolist() == [0, 0]
    assert frame["here"].tolist() == [False, False]
    assert (pd.Timestamp.now("UTC") - frame["changed_at"]).max() < pd.Timedelta(minutes=5)
    assert nb.list_conversations(1)["name"].tolist() == ["two"]
    with pytest.raises(InvalidParameterError, match="most is 0"):
        nb.list_conversations(0)


def test_in_a_notebook_those_that_are_here_are_marked():
    """Also such as were not kept; restoring one that is here gives that one."""
    code = """
from IPython.core.interactiveshell import InteractiveShell
InteractiveShell.instance()
one = nb.Conversation("x", model="Demo:demo-fast", keep=False)
two = nb.Conversation("y", model="Demo:demo-fast")
two.ask("hello")
frame = nb.list_conversations()
print(sorted(zip(frame["name"], frame["here"].tolist())))
print(nb.Conversation.restore("y") is two, nb.Conversation.restore("x") is one)
"""
    assert _elsewhere(code).splitlines() == ["[('x', True), ('y', True)]", "True True"]


def test_retention_is_that_of_the_store(monkeypatch):
    """Old conversations go with old runs; one that goes on after a purge is kept anew, whole."""
    talk = _talk()
    talk.ask("one")
    assert nb.store_info().conversations == 1
    assert nb.purge_store(older_than_days=1) == 0
    assert nb.purge_store() == 3
    assert nb.store_info().conversations == 0
    talk.ask("two")
    assert [turn.shown for turn in nb.Conversation.restore("physics")] == ["one", "two"]
    store.close_stores()
    monkeypatch.setenv("G4F_NB_STORE_DAYS", "0.0000001")
    time.sleep(0.05)
    assert nb.list_conversations().empty


@pytest.mark.skipif(os.name == "nt", reason="a file that is open cannot be deleted")
def test_a_conversation_goes_whole_into_the_store_that_begins_after_one_was_deleted(capsys):
    """Somebody cleared the folder: what a running conversation had before is kept with what comes."""
    talk = _talk()
    talk.ask("one")
    file = nb.store_info().file
    shutil.rmtree(file.parent)
    talk.ask("two")
    store.close_stores()
    assert [turn.shown for turn in nb.Conversation.restore("physics")] == ["one", "two"]
    assert "was deleted while this kernel used it" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such folders")
def test_a_disk_that_cannot_be_written_costs_a_notice_and_no_answer(monkeypatch, tmp_path, capsys):
    """Everything goes on in memory."""
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("G4F_NB_CACHE_DIR", str(tmp_path / "file" / "cache"))
    talk = _talk()
    talk.ask("one")
    assert talk.turns[0].text
    assert "cannot be written" in capsys.readouterr().err
    assert nb.Conversation.restore("physics").turns[0].shown == "one"


def test_a_conversation_that_goes_on_in_memory_is_one(monkeypatch, capsys):
    """Where the file cannot be written any more, what it holds and what came later are one."""
    monkeypatch.setattr(patience, "PATIENCE", 0.05)
    talk, other = _talk(), _talk("chemistry")
    other.ask("zero")
    talk.ask("one")
    there = store.store()
    there.flush()
    with contextlib.closing(sqlite3.connect(there.file, isolation_level=None)) as holding:
        holding.execute("BEGIN IMMEDIATE")
        talk.ask("two")
        there.flush()
    assert "kept in memory" in capsys.readouterr().err
    assert [(each.name, each.turns) for each in kept_talks()] == [("physics", 2), ("chemistry", 1)]
    assert [each.name for each in kept_talks(1)] == ["physics"]
    assert [turn.shown for turn in nb.Conversation.restore("physics").turns] == ["one", "two"]


def test_a_store_of_a_newer_form_costs_a_notice_and_no_answer(capsys):
    """It is left alone."""
    cache_folder().mkdir(parents=True)
    with sqlite3.connect(cache_folder() / "store.sqlite3") as connection:
        connection.execute("PRAGMA user_version=99")
    connection.close()
    talk = _talk()
    talk.ask("one")
    assert talk.turns[0].text
    assert "is not kept on disk" in capsys.readouterr().err
    talk.ask("two")
    with sqlite3.connect(cache_folder() / "store.sqlite3") as connection:
        assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    connection.close()


def test_a_store_of_before_has_room_for_conversations():
    """Tables are added to a store that knew none, and what it held stays."""
    nb.compare("hello", "Demo:demo-fast", progress=False)
    there = store.store()
    for name in ("conversations", "turns", "costs"):
        there.write(f"DROP TABLE {name}", [()])
    store.close_stores()
    _talk().ask("one")
    assert nb.store_info().conversations == nb.store_info().runs == 1


def test_a_turn_costs_the_disk_what_it_is_long():
    """Not what the conversation is long: what follows from the rest is not written again."""
    talk = _talk()
    written = []
    for number in range(60):
        talk.ask(f"question {number}")
        store.store().flush()
        written.append(store.store()._storage.read("SELECT sum(length(settings)) FROM conversations")[0][0])
    assert written[-1] < written[0] + 100
