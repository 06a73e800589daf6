"""Lists of conversations show no more than a transcript does: no key, and no command to a terminal."""

from __future__ import annotations

import pytest

import g4f_nb as nb
from g4f_nb.testing import serve

KEY = "planted/Key+0123456789abcdef=="
KNOWN = "known/Key+0123456789abcdef=="
EVIL = "\x1b]0;owned\x07\x1b[2J\u202e"


@pytest.fixture
def talks(monkeypatch):
    """One that was asked with a key, one that repeats a key found here, one whose model is evil."""
    monkeypatch.setenv("GROQ_API_KEY", KNOWN)
    with serve(answers={"m": lambda text: f"{text}, {KEY}, {KNOWN}{EVIL}"}) as server:
        given = {"api_base": server.api_base}
        one = nb.Conversation("one", model="OpenaiTemplate:m", api_key=KEY, **given)
        one.ask(f"It is {KEY}")
        several = nb.FallbackProvider([nb.Model("OpenaiTemplate:m", api_key=KEY, **given)])
        nb.Conversation("two", model=several).ask(f"It is {KNOWN} {KEY}{EVIL}")
        failing = nb.Conversation("three", model="OpenaiTemplate:error-500", max_retries=0, **given)
        with pytest.raises(nb.G4FError):
            failing.ask(f"It is {KNOWN}{EVIL}")
    return one


@pytest.mark.parametrize("line", ["history one", "history two", "history three", "conversations"])
def test_no_list_of_a_cell_shows_a_key(shell, talks, line):
    """Neither in questions nor in answers; nor is there a command in it."""
    shown = shell.run_line_magic("g4f", line)
    for text in (repr(shown), shown._repr_html_()):
        assert "•••" in text
        assert "planted" not in text
        assert "known/" not in text
        assert not set(text) & set("\x1b\x07\u202e")
    assert KEY in talks.turns[0].text


def test_the_list_of_all_conversations_shows_no_key(shell, talks):
    """Of those that are here and of those that were kept."""
    frame = nb.list_conversations()
    text = frame.to_string()
    assert len(frame) == 3
    assert text.count("•••") >= 3
    assert "planted" not in text
    assert "known/" not in text
    assert not set(text) & set("\x1b\x07\u202e")
