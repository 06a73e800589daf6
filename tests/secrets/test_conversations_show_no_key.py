"""A conversation holds what it needs to ask, and shows, saves and keeps no key."""

from __future__ import annotations

import asyncio
import json
import pickle
import time

import pytest
from looking import leaks, shown_of_error, shown_of_value
from planting import KEY, SOURCES
from thorough import some

import g4f_nb as nb
from g4f_nb import store
from g4f_nb.chunks import FinishReason, Reasoning, Source, Sources, ToolCall, ToolCalls
from g4f_nb.errors import InvalidParameterError, ResponseError
from g4f_nb.providers import AsyncGeneratorProvider
from g4f_nb.settings import cache_folder


class _Telltale(AsyncGeneratorProvider):
    """Says the key in every way that an answer has; the model `bad` in an error."""

    working = True
    supports_message_history = True

    @classmethod
    async def create_async_generator(cls, model, messages, tools=None, stream=True, **kwargs):
        """Ask for the tool, then tell all."""
        if model == "bad":
            raise ResponseError(f"no: {KEY}")
        if messages[-1]["role"] == "tool":
            yield f"It said {messages[-1]['content']}"
            yield Sources((Source(f"https://h/?q={KEY}", KEY),))
            yield FinishReason("stop")
            return
        yield Reasoning(f"{KEY} it is")
        yield ToolCalls((ToolCall(id="1", name="_look_up", arguments=json.dumps({"what": KEY})),))
        yield FinishReason("tool_calls")


def _look_up(what: str) -> str:
    """Look it up."""
    return f"found {what}"


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
    for each in some([talk, other], of=2, but=[*SOURCES].index(source)):
        assert not leaks(*_shown(each, tmp_path))
    assert not leaks("\n".join(logged), *capfd.readouterr())


def _written(talk, tmp_path):
    """Every file and form that others may have of it, and what the disk has."""
    forms = ("json", "md", "ipynb", "html")
    files = [talk.save(tmp_path / f"talk.{form}", overwrite=True) for form in forms]
    store.close_stores()
    files += cache_folder().glob("*")
    texts = [file.read_bytes().decode(errors="replace") for file in files]
    return [*texts, *talk._repr_mimebundle_().values(), repr(pickle.dumps(talk))]


@pytest.mark.parametrize("source", SOURCES)
def test_a_key_that_was_typed_into_a_prompt_reaches_no_file(source, home, places, tmp_path):
    """Nor one that an answer repeats, whichever way it came here; in memory everything is as it was said."""
    planted = SOURCES[source](home.api_base, places)
    given = {"max_retries": 0, "timeout": 5} | planted.given
    talk = nb.Conversation(f"of {KEY}", provider=planted.cls, model="echo", system=f"Use {KEY}.", **given)
    talk.ask(f"My key is {KEY}.")
    talk.ask([{"type": "text", "text": f"It is {KEY}"}], shown=f"again {KEY}", place=f"cell {KEY}")
    talk.fork().regenerate()
    assert KEY in talk.turns[0].prompt
    assert KEY in talk.turns[0].text
    assert not leaks(*_written(talk, tmp_path))
    again = nb.Conversation.load(tmp_path / "talk.json")
    assert again.turns[0].text == "My key is •••."
    assert again.turns[0].messages[-1]["content"] == "My key is •••."
    kept = nb.list_conversations()
    assert not leaks(kept.to_string())
    assert nb.Conversation.restore(talk.id).name == "of •••"


def test_whatever_an_answer_holds_is_kept_without_keys(monkeypatch, tmp_path):
    """Reasoning, tools with arguments and results, data, sources, errors, notes of who failed."""
    monkeypatch.setenv("GROQ_API_KEY", KEY)
    talk = nb.Conversation("all", model=_Telltale, keep=True)
    talk.ask("all of it", tools=[_look_up], temperature=1)
    with pytest.raises(nb.G4FError):
        talk.ask(f"fail with {KEY}", "bad")
    reply = talk.turns[0].reply
    assert KEY in reply.reasoning
    assert KEY in reply.tool_calls[0].arguments
    assert KEY in str(reply.sources)
    assert not leaks(*_written(talk, tmp_path))
    again = nb.Conversation.load(tmp_path / "talk.json").turns[0].reply
    assert again.tool_calls[0].name == "_look_up"
    assert again.reasoning == "••• it is"


def test_what_is_no_key_is_kept_as_it_was_said(home, tmp_path):
    """Words that were given as a key to a server that wants none, names like those of keys, addresses."""
    said = (
        "none of ollama's k: pk_customer_id, https://d.io/a?page=2&key=short, git@host, https://git@h/x.git"
    )
    for key in ("none", "ollama", "k"):
        talk = nb.Conversation(key, model="OpenaiTemplate:echo", api_base=home.api_base, api_key=key)
        talk.ask(said)
        assert nb.Conversation.load(talk.save(tmp_path / f"{key}.json")).turns[0].text == said
        assert talk.turns[0].shown == said


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("https://h/x?password=pw", "https://h/x?password=•••"),
        ("see <https://h/x?a=1&access_token=abc#top>", "see <https://h/x?a=1&access_token=•••#top>"),
        ("[x](https://h/?accessToken=abc&b=2)", "[x](https://h/?accessToken=•••&b=2)"),
        ("https://h/v1?api_key=0123456789&n=1", "https://h/v1?api_key=•••&n=1"),
        ("https://s.blob/x.png?sv=2024&sig=AbC%2Fdef12", "https://s.blob/x.png?sv=2024&sig=•••"),
        ("git clone https://0123abcd@git.io/a.git", "git clone https://•••@git.io/a.git"),
        ("HTTPS://tok-en@h", "HTTPS://•••@h"),
        ("redis://:hunter2xyz@db:6379", "redis://:•••@db:6379"),
        ("sk-0123456789abcdef0123", "•••"),
        ("https://h/x?token_count=12&keyword=pandas&sort_key=name", None),
        ("https://unpkg.com/react@18 and https://medium.com/@bob", None),
        ("postgres://bob@db/x, ssh://git@host", None),
        ("?password=is not in an address", None),
        ("**bold** and ***both***", None),
    ],
)
def test_what_lets_somebody_in_is_masked_in_what_is_kept(said, kept, tmp_path):
    """The password and the token of an address, and what is surely a key, though nobody knows them here."""
    talk = nb.Conversation("addresses", model="Demo:demo-fast")
    talk.ask(said)
    assert nb.Conversation.load(talk.save(tmp_path / "talk.json")).turns[0].prompt == (kept or said)


@pytest.mark.clock
def test_masking_costs_no_order_of_magnitude(monkeypatch, tmp_path):
    """A long answer of every sign there is, and addresses without end, are masked in no time."""
    monkeypatch.setenv("GROQ_API_KEY", KEY)
    talk = nb.Conversation("long", model="Demo:demo-fast")
    talk.ask("://a?" * 20_000 + "&token=" * 20_000 + "https://a" * 20_000)
    began = time.monotonic()
    talk.save(tmp_path / "talk.json")
    assert time.monotonic() - began < 20


def test_a_key_of_a_wrong_type_is_refused_unseen(home):
    """As bytes or in a list it is a key all the same."""
    for key in (b"planted/Key+", ["planted/Key+"]):
        talk = nb.Conversation(model="OpenaiTemplate:echo", api_base=home.api_base)
        with pytest.raises((InvalidParameterError, TypeError)) as caught:
            talk.ask("x", api_key=key)
        assert not leaks(*shown_of_error(caught.value))
