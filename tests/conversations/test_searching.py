"""Old answers are found again by their words: those of this notebook and those that were kept."""

from __future__ import annotations

import pytest

import g4f_nb as nb
from g4f_nb.conversations.searching import excerpt, find_turns
from g4f_nb.errors import InvalidParameterError
from g4f_nb.store import store

KEY = "planted/Key+0123456789abcdef=="


@pytest.fixture
def talks(monkeypatch):
    """Three that were kept, of which this kernel has none any more."""
    for name, question in (
        ("physics", "Why is the SKY blue?"),
        ("поездка", "Почему небо голубое?"),
        ("odd", 'a "quoted" 100% _thing_ with ünïcode'),
    ):
        nb.Conversation(name, model="Demo:demo-fast", keep=True).ask(question)


def _questions(words):
    return [found.turn.typed for found in find_turns(words)]


@pytest.mark.parametrize(
    ("words", "question"),
    [
        ("sky", "Why is the SKY blue?"),
        ("BLUE why", "Why is the SKY blue?"),
        (["is the sky"], "Why is the SKY blue?"),
        ("НЕБО", "Почему небо голубое?"),
        ("ПОЧЕМУ голубое", "Почему небо голубое?"),
        ('"quoted"', 'a "quoted" 100% _thing_ with ünïcode'),
        ("100% _thing_", 'a "quoted" 100% _thing_ with ünïcode'),
        ("ÜNÏCODE", 'a "quoted" 100% _thing_ with ünïcode'),
    ],
)
def test_all_words_are_in_one_turn(talks, words, question):
    """In its question or its answer, in any letters, whatever signs are among them."""
    assert _questions(words) == [question]


def test_what_is_nowhere_is_not_found(talks):
    """Nor what is only in the names of fields, or in two turns; no word at all is refused."""
    assert _questions("asked_at") == []
    assert _questions("sky небо") == []
    assert _questions("1000 _thing") == []
    assert len(_questions("Demo")) == 3
    for nothing in ("", " ", []):
        with pytest.raises(InvalidParameterError, match="a word or some words"):
            list(find_turns(nothing))


def test_versions_that_say_the_same_are_found_once(talks):
    """As of a cell that was run twice; others are told apart."""
    talk = nb.Conversation("twice", model="Demo:demo-fast", keep=True)
    talk.ask("What is salt?")
    talk.regenerate()
    talk.edit(talk.turns[0], "What is salty?")
    assert _questions("salt") == ["What is salty?", "What is salt?"]


def test_a_turn_is_found_in_every_conversation_that_has_it(talks, tmp_path):
    """In the original of a fork and of a loaded copy as well, and in each once."""
    talk = nb.Conversation("salt", model="Demo:demo-fast", keep=True)
    talk.ask("What is salt?")
    talk.fork("pepper").ask("And black?")
    copy = nb.Conversation.load(talk.save(tmp_path / "sea.json"))
    copy.name, copy.keep = "sea", True
    names = {"salt", "pepper", "sea"}
    assert sorted(found.name for found in find_turns("is salt")) == sorted(names)
    assert set(nb.list_conversations(search="is salt")["name"]) == names


def test_the_list_of_conversations_can_be_searched(talks):
    """Of many those that have it."""
    assert list(nb.list_conversations(search="небо")["name"]) == ["поездка"]
    assert len(nb.list_conversations(search="Demo")) == 3
    assert len(nb.list_conversations(most=1, search="Demo")) == 1
    assert nb.list_conversations(search="nothing of it").empty


def test_a_key_is_found_by_nobody(monkeypatch):
    """What is shown of a turn is without keys, as what is kept is."""
    monkeypatch.setenv("GROQ_API_KEY", KEY)
    nb.Conversation("keys", model="Demo:demo-fast", keep=True).ask(f"It is {KEY}")
    (found,) = find_turns("it is")
    assert "planted" not in found.turn.typed + found.turn.text


def test_a_damaged_record_hides_no_other(talks):
    """It is left out here, and told by whoever restores it."""
    store().write("INSERT INTO turns VALUES (?, ?, ?, ?)", [("x", "y", None, b'{"shown": "sky", ')])
    assert _questions("sky") == ["Why is the SKY blue?"]


def test_an_excerpt_begins_near_the_word():
    """And is no longer than asked for."""
    text = "word " * 100 + "needle " + "word " * 100
    shown = excerpt(text, "Needle", 40)
    assert "needle" in shown
    assert shown[0] == shown[-1] == "…"
    assert len(shown) == 42
    assert excerpt("short", "x", 40) == "short"
