"""What `help`, `?` and completion show of a conversation's verbs, and what a slip in a keyword is told."""

from __future__ import annotations

import inspect
import pydoc
import re

import pytest

import g4f_nb as nb
from g4f_nb.conversations.conversation import _WORDS
from g4f_nb.errors import G4FError
from g4f_nb.parameters import refuse_slips
from g4f_nb.providers.finding.known import everything
from g4f_nb.testing import serve

VERBS = ("ask", "ask_async", "stream", "edit", "regenerate", "begin", "save")
ASKED = ("provider", "system", "schema", "tools", "approve", "tool_limits", "cache")


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_says_what_it_takes(verb):
    """By name, with a sentence of what it does, as one sees it in `help` and with `?`."""
    method = getattr(nb.Conversation, verb)
    named = inspect.signature(method).parameters
    assert next(iter(named)) == "self"
    assert inspect.getdoc(method)
    if verb not in ("begin", "save"):
        assert {*ASKED, "options"} <= set(named)
    # Python 3.13 writes a long one in several lines.
    shown = re.sub(r"\(\s+(?:\|\s+)?", "(", pydoc.plain(pydoc.render_doc(nb.Conversation)))
    assert f"{verb}(self" in shown
    assert "'Verbs'" not in pydoc.plain(pydoc.render_doc(method)).splitlines()[0]


def test_all_that_can_be_asked_takes_the_same():
    """`nb.ask`, and the three ways to ask a conversation, which has no keyword that they lack."""
    ways = [
        inspect.signature(getattr(nb.Conversation, verb)).parameters
        for verb in ("ask", "ask_async", "stream")
    ]
    assert len({tuple(way) for way in ways}) == 1
    assert {*inspect.signature(nb.ask).parameters} <= {*ways[0]}
    begin = {*inspect.signature(nb.Conversation.begin).parameters} - {"self", "options"}
    assert begin | {*ways[0]} - {"self", "options"} == {*_WORDS}


@pytest.fixture(scope="module")
def server():
    with serve() as server:
        yield server


@pytest.mark.parametrize("word", [word for word in _WORDS if len(word) > 4])
def test_a_slip_is_told_with_the_nearest_name(server, word):
    """Before anything is sent, with each of them."""
    talk = nb.Conversation(model="OpenaiTemplate:echo", api_base=server.api_base)
    talk.ask("hello")
    before = len(server.requests)
    slip = word[:2] + word[3:]
    for ask in (
        lambda: talk.ask("hello", **{slip: None}),
        lambda: talk.stream("hello", **{slip: None}),
        lambda: talk.edit(talk.turns[0], "hello", **{slip: None}),
        lambda: talk.regenerate(**{slip: None}),
    ):
        with pytest.raises(G4FError, match=f"did you mean '{word}'"):
            ask()
    assert len(server.requests) == before


def test_no_parameter_of_a_provider_is_taken_for_a_slip():
    """Of no provider there is."""
    for known in everything():
        refuse_slips(known.load().get_parameters(), [*set(_WORDS) - {"media", "tools"}], of="a question")


def test_asking_again_keeps_or_takes_away(server):
    """What is not said is as before; `None` takes it away."""
    talk = nb.Conversation(model="OpenaiTemplate:json", api_base=server.api_base)
    talk.ask("hello", schema="answer", system="Be brief.", temperature=0.5)
    talk.edit(talk.turns[-1], "and you?")
    assert talk.turns[-1].reply.data is not None
    sent = server.requests[-1].body
    assert (sent["temperature"], sent["messages"][0]["content"][:9]) == (0.5, "Be brief.")
    talk.regenerate(schema=None, temperature=1)
    assert talk.turns[-1].reply.data is None
    assert server.requests[-1].body["temperature"] == 1
    assert "as before" in str(inspect.signature(talk.edit))


def test_what_would_not_be_heeded_is_no_attribute():
    """A parameter belongs into the options; a class of one's own may keep what it likes."""
    talk = nb.Conversation()
    for name in ("temperature", "modle"):
        with pytest.raises(AttributeError, match=rf"no '{name}' that can be set: .*talk\.options = "):
            setattr(talk, name, 0)
    talk.model, talk.system, talk.options, talk.limit, talk.keep, talk.name = "Demo", "x", {}, 1, False, "y"
    with pytest.raises(AttributeError, match="can only be read"):
        talk.turns = ()
    own = type("Mine", (nb.Conversation,), {})()
    own.mood = "good"
    assert own.mood == "good"


def test_a_number_is_no_turn():
    """The error says what is."""
    talk = nb.Conversation(model="Demo:demo-fast")
    talk.ask("hello")
    with pytest.raises(G4FError, match=r"no turn 0: give the turn itself, like talk\.turns\[0\]"):
        talk.edit(0, "and you?")


def test_a_slip_in_what_every_question_shall_have_is_told_at_once(tmp_path):
    """With the nearest name, where it is known whom it is for; no file is refused for what it holds."""
    for given in ({"model": "openai:gpt-4o"}, {"provider": "openai"}, {"model": nb.Model("openai:gpt-4o")}):
        with pytest.raises(G4FError, match="'temprature': did you mean 'temperature'"):
            nb.Conversation(temprature=0, **given)
    talk = nb.Conversation(
        model="Demo", temperature=0, schema="a int", tools=[len], cache=False, api_key="k" * 9
    )
    again = nb.Conversation.load(talk.save(tmp_path / "talk.json"))
    assert again.options["temperature"] == 0
    assert nb.Conversation(whatever=1).options
