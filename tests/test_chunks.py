"""What a stream yields: text is text, everything else is silent in `str`; and `Reply` is their sum."""

from __future__ import annotations

import pickle
import threading
from dataclasses import FrozenInstanceError

import pytest

from g4f_nb.chunks import (
    AudioResponse,
    AuthResult,
    BaseConversation,
    Chunk,
    FinishReason,
    ImageResponse,
    JsonConversation,
    ProviderInfo,
    Reasoning,
    Refusal,
    Reply,
    RequestLogin,
    Source,
    Sources,
    ToolCall,
    ToolCalls,
    Usage,
    concat_chunks,
)

CALL = ToolCall("1", "add", '{"a": 1}')
SILENT = [
    Reasoning("thought"),
    ToolCalls((CALL,)),
    Usage(1, 2, 3),
    FinishReason("stop"),
    Sources((Source("https://a.invalid", "A"),)),
    AudioResponse(b"sound", "wav", "words"),
    Refusal("no"),
    ProviderInfo("Groq", "m", "https://a.invalid"),
    RequestLogin("Log in", "https://a.invalid"),
    JsonConversation(id=1),
    BaseConversation(),
    AuthResult(api_key="planted"),
]
VALUES = [chunk for chunk in SILENT if not isinstance(chunk, BaseConversation | AuthResult)]


@pytest.mark.parametrize("chunk", SILENT, ids=lambda chunk: type(chunk).__name__)
def test_what_is_no_content_is_silent(chunk):
    """`"".join(map(str, stream))` is always the answer."""
    assert isinstance(chunk, Chunk)
    assert str(chunk) == f"{chunk}" == ""
    assert concat_chunks(["a", chunk, None, "b"]) == "ab"


@pytest.mark.parametrize("chunk", VALUES, ids=lambda chunk: type(chunk).__name__)
def test_a_chunk_is_a_value(chunk):
    """Equal to its like, unchangeable, hashable, and whole after a journey."""
    other = pickle.loads(pickle.dumps(chunk))  # noqa: S301
    assert other == chunk
    assert hash(other) == hash(chunk)
    with pytest.raises((FrozenInstanceError, AttributeError, TypeError)):
        chunk.anything = 1


def test_an_image_is_content():
    """In text it is Markdown, and its description cannot break out of it."""
    image = ImageResponse(("https://a.invalid/1.png", "data:image/png;base64,AA"), "a [cat]\nsits")
    assert str(image) == "![a (cat) sits](https://a.invalid/1.png)\n![a (cat) sits](data:image/png;base64,AA)"
    assert concat_chunks(["x ", image]).startswith("x ![")


def test_tool_calls_in_wire_form():
    """The assistant message that goes back to the model; the arguments verbatim."""
    assert ToolCalls((CALL,)).get_list() == [
        {"id": "1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}}
    ]


def test_open_values_keep_what_they_are_given_and_mask_what_is_secret():
    """`get_dict()` is a copy; a login shows none of its values."""
    values = {"conversation_id": "c1", "access_token": "planted", "Cookie": "planted", "user_key": "planted"}
    conversation = JsonConversation(**values)
    assert conversation.get_dict() == values
    conversation.get_dict().clear()
    assert conversation == JsonConversation(**values) != AuthResult(**values)
    assert "c1" in repr(conversation)
    assert "planted" not in repr(conversation)
    assert repr(AuthResult(user="me")) == "AuthResult(user='***')"
    conversation.message_id = 2
    assert conversation.get_dict()["message_id"] == 2


def test_a_sound_does_not_print_its_bytes():
    """A megabyte of noise is no repr."""
    assert "sound" not in repr(AudioResponse(b"sound"))


@pytest.mark.parametrize(
    ("data", "usage"),
    [
        ({"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 9}, Usage(1, 2, 9)),
        ({"input_tokens": 1, "output_tokens": 2}, Usage(1, 2, 3)),
        ({"promptTokenCount": 1, "candidatesTokenCount": 2, "totalTokenCount": 3}, Usage(1, 2, 3)),
        ({"promptTokens": 1.0, "completionTokens": 2}, Usage(1, 2, 3)),
        ({"prompt_tokens": 1}, Usage(1)),
        ({"prompt_tokens": None, "input_tokens": 4}, Usage(4)),
        ({"prompt_tokens": "many", "completion_tokens": True, "total_tokens": []}, Usage()),
        (
            {
                "prompt_tokens": 5,
                "completion_tokens": 0,
                "completion_tokens_details": {"reasoning_tokens": 2},
                "prompt_tokens_details": {"cached_tokens": 3},
            },
            Usage(5, 0, 5, 2, 3),
        ),
        ({"completion_tokens_details": None, "prompt_tokens_details": [1]}, Usage()),
        ({}, Usage()),
    ],
)
def test_usage_is_normalised(data, usage):
    """The names of OpenAI, Anthropic, Gemini and their imitators; only what the provider said."""
    assert Usage.from_json(data) == usage


def test_a_reply_is_the_sum_of_its_chunks():
    """Each kind has its place, and content is verbatim."""
    reply = Reply(provider="P", model="m")
    for at, chunk in enumerate([ProviderInfo("Q", None, "u"), None, "  a\n", *SILENT, "b", Refusal("!")]):
        reply.add(chunk, at=at)
    assert str(reply) == reply.text == "  a\nb"
    assert len(reply) == 5
    assert (reply.reasoning, reply.refusal, reply.finish_reason) == ("thought", "no!", "stop")
    assert (reply.tool_calls, reply.usage, reply.audio.format) == ((CALL,), Usage(1, 2, 3), "wav")
    assert (reply.provider, reply.model, reply.url) == ("Groq", "m", "https://a.invalid")
    assert (reply.sources[0].title, reply.login.label) == ("A", "Log in")
    assert reply.ttft == 2
    reply.add(ImageResponse(("u",)))
    assert reply.images == ("u",)
    assert reply.text.endswith("![](u)")


def test_an_empty_reply_is_true():
    """`if reply` does not depend on its length."""
    assert Reply()
    assert (len(Reply()), Reply().text, Reply().ttft) == (0, "", None)


def test_a_reply_s_repr_is_short():
    """One line, cut, and saying so if the answer was."""
    reply = Reply(provider="P", model="m")
    reply.add("word " * 100)
    reply.partial = True
    assert len(repr(reply)) < 120
    assert repr(reply).endswith("…', provider='P', model='m', partial=True)")


def test_a_reply_shows_itself_through_the_view(monkeypatch):
    """Without one it is plain text."""
    reply = Reply()
    reply.add("hi")
    monkeypatch.setattr(Reply, "view", None)
    assert reply._repr_mimebundle_() == {"text/plain": "hi"}
    monkeypatch.setattr(Reply, "view", lambda one: {"text/html": f"<b>{one}</b>"})
    assert reply._repr_mimebundle_(include=None, exclude=None) == {"text/html": "<b>hi</b>"}


def test_one_thread_may_read_while_another_adds():
    """A panel reads the text that is still growing."""
    reply = Reply()

    def add():
        for _ in range(20_000):
            reply.add("x")

    writer = threading.Thread(target=add)
    writer.start()
    while writer.is_alive():
        assert set(reply.text) <= {"x"}
    writer.join()
    assert len(reply) == 20_000
