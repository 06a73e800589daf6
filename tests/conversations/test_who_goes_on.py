"""What goes on with a half of an answer is asked of whoever wrote it, in every way that there is."""

from __future__ import annotations

import asyncio

import pytest

import g4f_nb as nb
from g4f_nb.errors import StreamInterruptedError
from g4f_nb.testing import serve


@pytest.fixture(scope="module")
def server():
    with serve() as server:
        yield server


@pytest.fixture
def half(server):
    """A conversation with one model, of which another wrote half an answer."""
    talk = nb.Conversation("x", model="OpenaiTemplate:echo", api_base=server.api_base, max_retries=0)
    with pytest.raises(StreamInterruptedError):
        talk.ask("one", "OpenaiTemplate:cut", temperature=0.5, system="Be brief.")
    return talk


def _stopped(ask):
    with pytest.raises(StreamInterruptedError):
        ask()


WAYS = {
    "ask": lambda talk: talk.ask(continues=True, seed=7),
    "ask_async": lambda talk: asyncio.run(talk.ask_async(continues=True, seed=7)),
    "stream": lambda talk: list(talk.stream(continues=True, seed=7)),
    "in words": lambda talk: talk.ask("and shorter", continues=True, seed=7),
    "a fork": lambda talk: talk.fork("y").ask(continues=True, seed=7),
}


@pytest.mark.parametrize("way", WAYS)
def test_its_writer_goes_on(half, server, way):
    """With the options that it had, and those that are given now; not the conversation's own model."""
    _stopped(lambda: WAYS[way](half))
    sent = server.requests[-1].body
    assert (sent["model"], sent["temperature"], sent["seed"]) == ("cut", 0.5, 7)
    assert sent["messages"][0]["content"] == "Be brief."


def test_whoever_is_named_goes_on(half, server):
    """As a model, or as a provider; without the options of the first one's server."""
    half.ask(None, "OpenaiTemplate:upper", continues=True)
    assert server.requests[-1].body["model"] == "upper"
    assert "temperature" not in server.requests[-1].body
    before = len(server.requests)
    half.edit(half.turns[0], "two", "OpenaiTemplate:long", max_tokens=3)
    half.ask(continues=True, provider="Demo")
    assert half.turns[-1].reply.provider == "Demo"
    assert len(server.requests) == before + 1


def test_of_several_the_one_that_had_begun(server):
    """Not the first of them, which had failed; again after a restart, when the name is all that is known."""
    models = [nb.Model(f"OpenaiTemplate:{name}", api_base=server.api_base) for name in ("error-401", "cut")]
    talk = nb.Conversation("several", fallback=models, keep=True)
    _stopped(lambda: talk.ask("one"))
    before = len(server.requests)
    _stopped(lambda: talk.ask(continues=True))
    assert [each.body["model"] for each in server.requests[before:]] == ["cut"]


def test_after_a_restart_too(half, server, tmp_path):
    """Its name is known, and the conversation's address is what is given anew."""
    again = nb.Conversation.load(half.save(tmp_path / "half.json"))
    again.options = {"api_base": server.api_base, "max_retries": 0}
    _stopped(lambda: again.ask(continues=True))
    assert server.requests[-1].body["model"] == "cut"


def test_a_panel_goes_on_likewise(half, server):
    """Its picker shows the conversation's model, and names nobody by that."""
    panel = nb.ChatPanel(conversation=half)
    before = len(server.requests)
    panel._questions.go_on("r1")
    live = panel._answers.live
    if live is not None and live.job is not None:
        live.job.future.exception(timeout=10)
    assert [each.body["model"] for each in server.requests[before:]] == ["cut"]
    panel.close()


def test_who_is_picked_after_the_half_goes_on(half, server):
    """Also where the picker is only set back to the conversation's own model, with its own options."""
    panel = nb.ChatPanel(conversation=half)
    before = len(server.requests)
    for model, ask in (
        ("OpenaiTemplate:cut", lambda: panel.ask("two")),
        ("OpenaiTemplate:echo", lambda: panel._questions.go_on("r1")),
    ):
        panel.model = model
        ask()
        panel.wait(10)
    assert [each.body["model"] for each in server.requests[before:]] == ["cut", "echo"]
    panel.close()


def test_what_broke_off_says_how_to_go_on(half, server, tmp_path):
    """The error of a half answer has a note with the way; the conversation shows that it stopped early."""
    with pytest.raises(StreamInterruptedError) as caught:
        half.ask(continues=True)
    assert caught.value.__notes__ == [
        "What had arrived is kept in the conversation: its .ask(continues=True) goes on with it."
    ]
    assert "[stopped early]" in half._repr_mimebundle_()["text/plain"]
    with pytest.raises(nb.G4FError) as caught:
        half.ask("two", "OpenaiTemplate:error-500")
    assert not getattr(caught.value, "__notes__", None)
