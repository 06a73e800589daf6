"""What comes beside or instead of text, from a real server: several answers, speech, images, pages, calls."""

from __future__ import annotations

import io
import wave

import pytest

from g4f_nb.chunks import FinishReason, Source
from g4f_nb.providers import OpenaiTemplate
from g4f_nb.reply import Reply
from g4f_nb.testing import serve

TEXT = "Hello big wide world"
ASKED = [{"role": "user", "content": TEXT}]
PAGES = (Source("https://example.org/one", "Page one"), Source("https://example.org/two", "Page two"))
both = pytest.mark.parametrize("stream", [True, False])


@pytest.fixture(scope="module")
def shared():
    """One server for all of them."""
    with serve() as server:
        yield server


def _ask(server, model, *, stream, messages=ASKED, **given) -> Reply:
    cls = type("Mine", (OpenaiTemplate,), {"api_base": server.api_base})
    reply = Reply()
    for chunk in cls.create_completion(model, messages, stream=stream, max_retries=0, **given):
        reply.add(chunk)
    return reply


@both
def test_several_answers(shared, stream):
    """Number 0 is the answer; the others are replies of their own, whole, also where they are interleaved."""
    reply = _ask(shared, "vary", stream=stream, n=3)
    assert reply.text == TEXT
    assert [other.text for other in reply.alternatives] == [f"1: {TEXT}", f"2: {TEXT}"]
    assert [other.finish_reason for other in (reply, *reply.alternatives)] == ["stop"] * 3
    assert reply.usage.output_tokens == 12
    assert _ask(shared, "vary", stream=stream).alternatives == ()


@both
def test_several_answers_that_think_and_call(shared, stream):
    """Each thinks and calls for itself."""
    reply = _ask(shared, "think", stream=stream, n=2)
    assert [each.text.lstrip() for each in (reply, *reply.alternatives)] == [TEXT, TEXT]
    assert reply.reasoning == reply.alternatives[0].reasoning != ""
    tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
    reply = _ask(shared, "tools", stream=stream, n=2, tools=[tool])
    assert [[call.name for call in each.tool_calls] for each in (reply, *reply.alternatives)] == [
        ["f"],
        ["f"],
    ]


def test_the_end_of_the_first_answer_does_not_end_the_others(shared, monkeypatch):
    """Once it has ended, only they can still come, and as long as they like."""
    monkeypatch.setattr("g4f_nb.providers.sending.requesting._AFTERWORD", 0.02)
    reply = _ask(shared, "drip-80", stream=True, n=3)
    assert [other.finish_reason for other in reply.alternatives] == ["stop", "stop"]


@both
def test_speech(shared, stream):
    """The transcript is the text, as it comes; the sound is whole, and a file that players know."""
    audio = {"voice": "alloy", "format": "pcm16" if stream else "wav"}
    reply = _ask(shared, "speak", stream=stream, modalities=["text", "audio"], audio=audio)
    assert reply.text == reply.audio.transcript == TEXT
    assert reply.audio.format == audio["format"]
    assert reply.audio.id.startswith("audio_")
    with wave.open(io.BytesIO(reply.audio.as_file())) as file:
        assert (file.getframerate(), file.getnframes()) == (24_000, 2400)
    # Its id may end with a b.
    assert "=b'" not in repr(reply.audio)


@both
@pytest.mark.parametrize("model", ["cite", "annotate"])
def test_the_pages_an_answer_rests_on(shared, model, stream):
    """Each once, with its title, however often and in however many fields it is named."""
    reply = _ask(shared, model, stream=stream)
    assert (reply.text, reply.sources) == (TEXT, PAGES)


@both
def test_images_beside_a_chat_answer(shared, stream):
    """As services send them whose chat models paint."""
    reply = _ask(shared, "paint", stream=stream)
    assert reply.text.startswith(f"Here it is. {TEXT}![image](data:image/png;base64,")
    assert [url[:26] for url in reply.images] == ["data:image/png;base64,iVBO"]


@both
def test_calls_of_the_older_kind(shared, stream):
    """`function_call` becomes a tool call."""
    function = {"name": "add", "parameters": {"type": "object", "properties": {"a": {"type": "integer"}}}}
    reply = _ask(shared, "legacy-call", stream=stream, functions=[function])
    assert [(call.name, call.arguments) for call in reply.tool_calls] == [("add", '{"a":1}')]
    assert reply.finish_reason == "function_call"


@both
def test_what_was_thought_twice_over_is_told_once(shared, stream):
    """OpenRouter says the same in two fields."""
    reply = _ask(shared, "reason-details", stream=stream)
    assert reply.reasoning.strip() == _ask(shared, "reason", stream=stream).reasoning.strip()
    assert reply.text == TEXT


def test_the_kinds_come_in_order(shared):
    """Alternatives after the answer's own text, pages and usage at the end."""
    cls = type("Mine", (OpenaiTemplate,), {"api_base": shared.api_base})
    chunks = list(cls.create_completion("cite", ASKED, stream=True, n=2))
    kinds = list(dict.fromkeys(type(chunk).__name__ for chunk in chunks))
    assert kinds == ["ProviderInfo", "str", "Alternative", "FinishReason", "Sources", "Usage"]
    assert chunks.index(FinishReason("stop")) > 0
