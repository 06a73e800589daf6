"""A conversation holds what it needs to ask, and shows, saves and keeps no key."""

from __future__ import annotations

import asyncio

import pytest
from looking import leaks, shown_of_error, shown_of_value
from planting import SOURCES

import g4f_nb as nb
from g4f_nb import store
from g4f_nb.errors import InvalidParameterError
from g4f_nb.settings import cache_folder


def _shown(talk, tmp_path):
    """Every view, every file, and what the disk has."""
    texts = [*shown_of_value(talk), *map(str, talk._repr_mimebundle_().values()), repr(talk.options)]
    for turn in talk.all_turns:
        texts += shown_of_value(turn)
        how = talk.again(turn)
        texts.append(repr(how))
    for ending in ("json", "md", "ipynb", "html"):
        texts.append(talk.save(tmp_path / f"talk.{ending}").read_text(encoding="utf-8"))
    store.close_stores()
    texts += [file.read_bytes().decode(errors="replace") for file in cache_folder().glob("*")]
    return texts


@pytest.mark.parametrize("source", SOURCES)
def test_a_conversation_shows_no_key(source, home, places, tmp_path, logged, capfd):
    """Given to it or to one question; in answers, failures, what is asked again, files and the store."""
    planted = SOURCES[source](home.api_base, places)
    given = {"max_retries": 0, "timeout": 5} | planted.given
    talk = nb.Conversation("mine", provider=planted.cls, model="echo", **given)
    other = nb.Conversation("other", keep=True)
    errors = []
    for ask in (
        lambda: talk.ask("hello"),
        talk.regenerate,
        lambda: talk.edit(talk.turns[0], "again"),
        lambda: asyncio.run(talk.ask_async("more"), debug=True),
        lambda: other.ask("hello", "echo", provider=planted.cls, **given),
        other.regenerate,
    ):
        ask()
    for ask in (
        lambda: talk.ask("hello", "leak", provider=planted.cls),
        lambda: talk.regenerate(temprature=1),
        lambda: other.edit(other.turns[0], "x", "leak", provider=planted.cls, **given),
        lambda: other.ask("x", "leak", provider=planted.cls, after="nobody", **given),
        lambda: other.ask("", "leak", provider=planted.cls, **given),
        lambda: other.ask("x", "leak", provider=planted.cls, media=["/nowhere.png"], **given),
        lambda: other.ask("x", "leak", provider=planted.cls, system=3, **given),
        lambda: asyncio.run(other.ask_async("x", "leak", provider=planted.cls, **given), debug=True),
        lambda: nb.Conversation("x", limit=-1, **given),
        lambda: nb.Conversation(" ", **given),
        lambda: nb.Conversation("x", model=3, **given),
        lambda: nb.Conversation.named(" ", **given),
        lambda: talk.fork(" "),
    ):
        with pytest.raises(nb.G4FError) as caught:
            ask()
        errors += shown_of_error(caught.value)
    assert not leaks(*errors)
    assert not leaks(*_shown(talk, tmp_path), *_shown(other, tmp_path))
    assert not leaks("\n".join(logged), *capfd.readouterr())


def test_a_key_of_a_wrong_type_is_refused_unseen(home):
    """As bytes or in a list it is a key all the same."""
    for key in (b"planted/Key+", ["planted/Key+"]):
        talk = nb.Conversation(model="OpenaiTemplate:echo", api_base=home.api_base)
        with pytest.raises((InvalidParameterError, TypeError)) as caught:
            talk.ask("x", api_key=key)
        assert not leaks(*shown_of_error(caught.value))
