"""A conversation of an earlier kernel: whoever begins one of its name is told, and how to have it again."""

from __future__ import annotations

import g4f_nb as nb
from g4f_nb.conversations.shelf import shelf


def _as_after_a_restart(asked):
    asked("-m echo -n trip", "one")
    asked("-m echo -n trip", "two")
    shelf().remove(shelf().get("trip"))


def test_a_name_that_an_earlier_kernel_had_is_told(asked, shell, capsys):
    """Once; and what it names works, also when a question was asked already."""
    _as_after_a_restart(asked)
    capsys.readouterr()
    (sent,), _ = asked("-m echo -n trip", "three")
    assert len(sent.body["messages"]) == 1
    told = capsys.readouterr().err
    assert "2 turns are kept from an earlier kernel, and %g4f load trip earlier has them again" in told
    asked("-m echo -n trip", "four")
    assert "earlier kernel" not in capsys.readouterr().err
    assert shell.run_cell("%g4f load trip earlier").success
    assert [turn.shown for turn in shelf().get("earlier")] == ["one", "two"]
    assert [turn.shown for turn in shelf().get("trip")] == ["three", "four"]


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
