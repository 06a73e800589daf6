"""A conversation kept from before: whoever begins one of its name is told, and how to have it again."""

from __future__ import annotations

import re

import g4f_nb as nb
from g4f_nb import notices
from g4f_nb.conversations.shelf import shelf
from g4f_nb.store import store


def _as_after_a_restart(asked):
    asked("-m echo -n trip", "one")
    asked("-m echo -n trip", "two")
    shelf().remove(shelf().get("trip"))


def test_a_name_that_was_had_before_is_told(asked, shell, capsys):
    """Once; and what it names works, also when a question was asked already."""
    _as_after_a_restart(asked)
    capsys.readouterr()
    (sent,), _ = asked("-m echo -n trip", "three")
    assert len(sent.body["messages"]) == 1
    told = capsys.readouterr().err
    assert "2 turns are kept from before, and %g4f load trip earlier has them again" in told
    asked("-m echo -n trip", "four")
    assert "kept from" not in capsys.readouterr().err
    assert shell.run_cell("%g4f load trip earlier").success
    assert [turn.shown for turn in shelf().get("earlier")] == ["one", "two"]
    assert [turn.shown for turn in shelf().get("trip")] == ["three", "four"]


def test_the_last_main_conversation_is_told(asked, shell, capsys):
    """Whether its kernel is alive or not; not one of days ago, which was hardly of this notebook."""
    asked("-m echo", "one")
    assert "kept" not in capsys.readouterr().err
    for hours, question in ((0, "two"), (1, "three")):
        shelf().remove(shelf().get("main"))
        store().write("UPDATE conversations SET changed_at = changed_at - ?", [(3600 * hours,)])
        notices.forget()
        asked("-m echo", question)
        told = capsys.readouterr().err
        assert "main begins anew: the last one is kept with 1 turn; %g4f load main earlier has it" in told
    asked("-m echo", "four")
    assert "kept" not in capsys.readouterr().err
    assert shell.run_cell("%g4f load main earlier").success
    assert [turn.shown for turn in shelf().get("earlier").turns] == ["two"]
    for name in ("main", "earlier"):
        shelf().remove(shelf().get(name))
    store().write("UPDATE conversations SET changed_at = changed_at - 100000", [()])
    notices.forget()
    asked("-m echo", "five")
    assert "kept" not in capsys.readouterr().err


def test_the_main_conversation_of_this_very_notebook_is_told(asked, shell, capsys, monkeypatch):
    """However long ago, and by its id where another notebook has had one since; theirs is not told."""
    monkeypatch.setenv("JPY_SESSION_NAME", "work/tea.ipynb")
    asked("-m echo", "one")
    shelf().remove(shelf().get("main"))
    store().write("UPDATE conversations SET changed_at = changed_at - 1000000", [()])
    capsys.readouterr()
    monkeypatch.setenv("JPY_SESSION_NAME", "work/coffee.ipynb")
    asked("-m echo", "two")
    assert "kept" not in capsys.readouterr().err
    shelf().remove(shelf().get("main"))
    monkeypatch.setenv("JPY_SESSION_NAME", "work/tea.ipynb")
    asked("-m echo", "three")
    told = capsys.readouterr().err
    assert "main begins anew: the last one is kept with 1 turn" in told
    assert shell.run_cell(re.search("%g4f load [0-9a-f]+ earlier", told)[0]).success
    assert [turn.shown for turn in shelf().get("earlier").turns] == ["one"]
    assert [turn.shown for turn in shelf().get("main").turns] == ["three"]


def test_a_fork_with_the_name_of_another_is_told(asked, capsys):
    """In Python, for both are in the list; a cell that is run again makes its own anew."""
    asked("-m echo -n trip", "one")
    talk = shelf().get("trip")
    fork = talk.fork("other")
    capsys.readouterr()
    again = talk.fork("other")
    assert "there is a conversation 'other' already" in capsys.readouterr().err
    assert {fork, again} <= set(shelf().all)
    assert shelf().get("other") is again


def test_what_is_empty_here_makes_room(asked, shell):
    """A conversation without a turn is no reason to refuse the one that is loaded."""
    _as_after_a_restart(asked)
    nb.Conversation.named("trip")
    assert shell.run_cell("%g4f load trip").success
    (sent,), _ = asked("-m echo -n trip", "three")
    assert [message["content"] for message in sent.body["messages"][::2]] == ["one", "two", "three"]


def test_nothing_is_told_of_names_that_nobody_had(asked, capsys):
    """Nor of one that is begun anew on purpose."""
    asked("-m echo -n first", "one")
    assert "kept from" not in capsys.readouterr().err
    shelf().remove(shelf().get("first"))
    asked("-m echo -n first --new", "two")
    assert "kept from" not in capsys.readouterr().err


def test_a_file_that_cannot_be_loaded_says_why(asked, shell, tmp_path, monkeypatch):
    """HTML can be saved and not loaded; another ending is named."""
    monkeypatch.chdir(tmp_path)
    asked("-m echo", "one")
    assert shell.run_cell("%g4f save t.html").success
    for file, words in (
        (
            "t.html",
            "'t.html' is HTML, which is to be read alone and cannot be loaded: a conversation is loaded",
        ),
        ("t.docx", "'t.docx' has the ending .docx: a conversation is loaded as .json, .md, .ipynb"),
    ):
        assert words in str(shell.run_cell(f"%g4f load {file}").error_in_exec)


def test_saving_a_conversation_without_a_file_says_how(asked, shell, tmp_path, monkeypatch):
    """And it works as told; of a conversation that is not there, which there are."""
    monkeypatch.chdir(tmp_path)
    asked("-m echo -n trip", "one")
    told = str(shell.run_cell("%g4f save t.json").error_in_exec)
    assert "there is no conversation 'main'" in told
    assert "trip" in told
    told = str(shell.run_cell("%g4f save trip").error_in_exec)
    assert told.endswith("%g4f save trip.json trip")
    assert shell.run_cell(told[told.index("%g4f") :]).success
    assert (tmp_path / "trip.json").exists()


def test_a_slip_in_the_name_of_a_models_variable_is_told(asked):
    """Before anything is sent."""
    sent, result = asked("-m ech", ok=False)
    assert sent == []
    assert "'ech' names no provider: did you mean echo, which is yours?" in str(result.error_in_exec)


def test_where_nobody_types_the_providers_own_variable_is_named(shell, monkeypatch):
    """And not that of another."""
    monkeypatch.setattr("sys.stdin", None)
    told = str(shell.run_cell("%g4f key groq").error_in_exec)
    assert "set GROQ_API_KEY in the environment" in told
    assert "OPENAI_API_KEY" not in told


def test_old_answers_are_found(shell):
    """With `%g4f search`: where they are, what was asked and answered; all of the words must be there."""
    shell.run_cell("%chat -p Demo -m demo-fast -n sea Why is the sea salty?")
    shell.run_cell("%chat -p Demo -m demo-fast Why is the sky blue?")
    found = shell.run_line_magic("g4f", "search why IS")
    assert [row[0] for row in found.rows] == ["main", "sea"]
    assert "salty" in found.rows[1][2]
    assert "Demo" in found.rows[0][3]
    assert [row[0] for row in shell.run_line_magic("g4f", "search why is salty").rows] == ["sea"]
    assert "Nothing" in repr(shell.run_line_magic("g4f", "search 'sky salty'"))
    assert not shell.run_cell("%g4f search").success
    assert not shell.run_cell("%g4f find sky").success
    told = str(shell.run_cell("%g4f history sky").error_in_exec)
    assert "there is no conversation 'sky'" in told
    assert "%g4f search sky looks for that word" in told
