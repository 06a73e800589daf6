"""`cache=True`: the same question gets the same answer without a request, whoever asks it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

import g4f_nb as nb
from g4f_nb.chunks import Source, Sources
from g4f_nb.errors import G4FError, InvalidParameterError
from g4f_nb.kept.answers import is_kept, keep
from g4f_nb.providers.base import AsyncGeneratorProvider
from g4f_nb.reply import Reply
from g4f_nb.testing import serve


@pytest.fixture(scope="module")
def server():
    with serve() as server:
        yield server


def _stream(*args, **how):
    stream = nb.stream(*args, **how)
    pieces = list(stream)
    assert "".join(pieces) == stream.reply.text
    return stream.reply


def _stream_async(*args, **how):
    async def read():
        stream = nb.stream(*args, **how)
        pieces = [piece async for piece in stream]
        assert "".join(pieces) == stream.reply.text
        return stream.reply

    return asyncio.run(read())


def _talk(*args, **how):
    return nb.Conversation().ask(*args, **how)


def _talk_async(*args, **how):
    return asyncio.run(nb.Conversation().ask_async(*args, **how))


def _talk_stream(*args, **how):
    return _read(nb.Conversation().stream(*args, **how))


def _read(stream):
    list(stream)
    return stream.reply


WAYS = {
    "ask": nb.ask,
    "ask_async": lambda *args, **how: asyncio.run(nb.ask_async(*args, **how)),
    "stream": _stream,
    "stream, async": _stream_async,
    "conversation": _talk,
    "conversation, async": _talk_async,
    "conversation, stream": _talk_stream,
}


@pytest.fixture
def asks(server):
    """A way to ask the server; gives the reply and how many requests it took."""

    def run(way="ask", model="upper", prompt="hello", **how):
        before = len(server.requests)
        reply = WAYS[way](prompt, f"OpenaiTemplate:{model}", api_base=server.api_base, **how)
        return reply, len(server.requests) - before

    return run


@pytest.mark.parametrize("way", WAYS)
def test_the_same_question_is_asked_once(asks, way):
    """Whoever asks it again has the same answer, which says that it is kept, and costs nothing."""
    first, sent = asks("ask", cache=True, temperature=0)
    assert sent == 1
    assert not first.cached
    again, sent = asks(way, cache=True, temperature=0)
    assert sent == 0
    assert again.cached
    assert not again.partial
    assert (again.text, again.model, again.finish_reason, again.usage) == (
        first.text, first.model, first.finish_reason, first.usage,
    )  # fmt: skip
    assert again.cost == 0
    assert again.messages[-1] == {"role": "assistant", "content": "HELLO"}
    assert again.ttft is None
    assert again.seconds is not None
    assert datetime.now(UTC) - again.kept_since < timedelta(minutes=5)
    assert "cached=True" in repr(again)


@pytest.mark.parametrize("way", WAYS)
def test_what_each_of_them_asks_is_kept(asks, way):
    """For the others, too."""
    assert asks(way, cache=True)[1] == 1
    assert asks("ask", cache=True)[1] == 0


def test_another_question_is_asked(asks):
    """Another parameter, model, prompt or system prompt is another question; how it travels is not."""
    asks(cache=True)
    for other in ({"temperature": 1}, {"model": "echo"}, {"prompt": "hello!"}, {"system": "Be brief."},
                  {"cache": False}):  # fmt: skip
        assert asks(**{"cache": True, **other})[1] == 1, other
    assert asks(cache=True, timeout=9, max_retries=0)[1] == 0


def test_a_comparison_s_answers_are_kept_ones(asks, server):
    """In both directions."""
    model = nb.Model("OpenaiTemplate:upper", api_base=server.api_base)
    nb.compare("one", [model], progress=False)
    assert asks(prompt="one", cache=True)[1] == 0
    asks(prompt="two", cache=True)
    assert nb.compare("two", [model], progress=False)["cached"].tolist() == [True]


def test_a_typed_answer_is_data_again(asks, server):
    """What is kept is read as what is wanted; an answer that does not fit is not kept."""
    how = {"model": "json", "prompt": "Ann is 7", "schema": "answer", "cache": True}
    first, sent = asks(**how)
    assert sent >= 1
    again, sent = asks(**how)
    assert (again.data, sent) == (first.data, 0)
    with pytest.raises(G4FError):
        asks(**how | {"model": "json-never"})
    before = len(server.requests)
    with pytest.raises(G4FError):
        asks(**how | {"model": "json-never"})
    assert len(server.requests) > before


@pytest.mark.parametrize("way", WAYS)
def test_what_broke_off_is_never_kept(asks, server, way):
    """Cut off by the server, or left by whoever read it."""
    for _ in range(2):
        before = len(server.requests)
        with pytest.raises(G4FError):
            asks(way, "cut", cache=True, max_retries=0)
        assert len(server.requests) > before
    words = " ".join(f"word{number}" for number in range(40))
    stream = nb.stream(words, "OpenaiTemplate:drip-5", api_base=server.api_base, cache=True)
    for _ in stream:
        break
    del stream
    assert asks("ask", "drip-5", words, cache=True)[1] == 1


class Fickle(AsyncGeneratorProvider):
    """Another answer each time; its code may be another one the next time."""

    working = True
    said = 0

    @classmethod
    async def create_async_generator(cls, model, messages, **options):
        """Count."""
        cls.said += 1
        yield str(cls.said)


@pytest.mark.parametrize("way", WAYS)
def test_what_cannot_be_told_to_be_the_same_is_asked_and_said(capsys, monkeypatch, way):
    """Nothing of it is kept, and a line says why."""
    first, again = (WAYS[way](f"by {way}", Fickle, cache=True).text for _ in range(2))
    assert first != again
    assert "cannot be told whether this is the same question" in capsys.readouterr().err


def test_a_question_asked_again_on_purpose_is_asked(asks, server):
    """`regenerate` wants another answer; a conversation may keep all of its answers."""
    how = {"model": "OpenaiTemplate:upper", "api_base": server.api_base, "cache": True}
    talk, other = nb.Conversation(**how), nb.Conversation(**how)
    talk.ask("one")
    assert other.ask("one").cached
    assert not other.regenerate().cached
    assert len(other.all_turns) == 2


@pytest.mark.parametrize("call", [nb.ask, nb.stream], ids=["ask", "stream"])
def test_what_has_no_meaning_is_an_error(call):
    """Tools are run, not remembered; and a word is no yes."""

    def add(a: int, b: int) -> int:
        """Add."""
        return a + b

    with pytest.raises(InvalidParameterError, match="a kept answer runs no tool"):
        call("add 1 and 2", "Demo", tools=[add], cache=True)
    with pytest.raises(InvalidParameterError, match="cache= is 'use': it must be True"):
        call("hi", "Demo", cache="use")


def test_several_that_answer_as_one(server):
    """`fallback=` goes from one to the next, `race=` takes the first; the call's own model comes first."""
    with pytest.raises(G4FError, match="none of 2 models"):
        nb.ask("hi", _at(server, "error-500"), fallback=[_at(server, "error-503")])
    for how in ({"fallback": [_at(server, "upper")]}, {"race": [_at(server, "upper")]}):
        for way in WAYS.values():
            nb.FallbackProvider.forget_failures()
            reply = way("hello", _at(server, "error-500"), max_retries=0, **how)
            assert reply.text == "HELLO"
            assert len(reply.failed) == 1
    reply = nb.ask("hello", provider="OpenaiTemplate", fallback=["Demo"])
    assert reply.provider == "Demo"


def _at(server, model):
    return nb.Model(f"OpenaiTemplate:{model}", api_base=server.api_base)


@pytest.mark.parametrize("how", [{"fallback": "Demo"}, {"race": nb.Model("Demo")}])
def test_one_model_is_no_list(how):
    """It would be read letter by letter."""
    with pytest.raises(InvalidParameterError, match="it must be a list of models"):
        nb.ask("hi", "Demo", **how)


def test_fallback_and_race_contradict_each_other():
    """One of them is meant."""
    with pytest.raises(InvalidParameterError, match="give one of them"):
        nb.ask("hi", "Demo", fallback=["Demo"], race=["Demo"])


def test_an_answer_that_repeats_a_key_is_not_kept(server, monkeypatch):
    """Of the call, or known here: no file holds it, and it is asked again."""
    monkeypatch.setenv("GROQ_API_KEY", "known-key-0815-0815")
    for key in ("given-key-4711-4711", "known-key-0815-0815"):
        own = {"api_base": server.api_base, "api_key": "given-key-4711-4711", "cache": True}
        for _ in range(2):
            assert not nb.ask(f"it is {key}", "OpenaiTemplate:echo", **own).cached
        assert nb.ask("hello", "OpenaiTemplate:echo", **own).text == "hello"
        assert nb.ask("hello", "OpenaiTemplate:echo", **own).cached


@pytest.mark.parametrize(
    "several",
    [
        lambda one: {"model": one, "fallback": ["Demo"]},
        lambda one: {"model": one, "race": [nb.Model("Demo", pace=5)]},
        lambda one: {"model": nb.FallbackProvider([one])},
        lambda one: {"model": nb.RetryProvider([one])},
        lambda one: {"model": nb.FallbackProvider([nb.RetryProvider([one])])},
    ],
)
def test_nor_one_that_repeats_the_key_of_one_of_several(server, several):
    """Whichever way a model is one of several, its key is known."""
    key = "member-key-4711-4711"
    one = nb.Model("OpenaiTemplate:echo", api_base=server.api_base, api_key=key)
    for _ in range(2):
        assert not nb.ask(f"it is {key}", cache=True, **several(one)).cached
    assert nb.ask("hello", cache=True, **several(one)).text == "hello"
    assert nb.ask("hello", cache=True, **several(one)).cached


def test_a_file_says_it_too(asks, server, tmp_path):
    """A conversation that is saved and loaded knows which of its answers were kept ones."""
    how = {"model": "OpenaiTemplate:upper", "api_base": server.api_base, "cache": True}
    asks(cache=True)
    talk = nb.Conversation(**how)
    talk.ask("hello")
    talk.ask("and now?")
    again = nb.Conversation.load(talk.save(tmp_path / "talk.json"))
    assert [turn.reply.cached for turn in again.turns] == [True, False]


@pytest.mark.parametrize("model", ["cite", "annotate"])
def test_pages_are_kept_with_their_titles(asks, model):
    """As they were named: a list of bare addresses says less."""
    first, _ = asks(model=model, cache=True)
    again, sent = asks(model=model, cache=True)
    assert sent == 0
    assert again.sources == first.sources
    assert all(source.title for source in again.sources)


def test_an_answer_with_a_key_in_a_title_is_not_kept(monkeypatch):
    """Nor is one that holds it anywhere else."""
    monkeypatch.setenv("GROQ_API_KEY", "planted0123456789")
    reply = Reply()
    reply.add("hello")
    reply.add(Sources((Source("https://h/", "about planted0123456789"),)))
    reply.end_round()
    keep("of a title", reply)
    assert not is_kept("of a title")
    monkeypatch.delenv("GROQ_API_KEY")
    keep("of a title", reply)
    assert is_kept("of a title")
