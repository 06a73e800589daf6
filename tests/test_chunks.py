"""What a stream yields: text is text, everything else is silent in `str`."""

from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError

import pytest

from g4f_nb.chunks import (
    Alternative,
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
    RequestLogin,
    SendBack,
    Source,
    Sources,
    ToolCall,
    ToolCalls,
    ToolResult,
    Usage,
    concat_chunks,
    is_content,
)

CALL = ToolCall("1", "add", '{"a": 1}')
SILENT = [
    Reasoning("thought"),
    ToolCalls((CALL,)),
    ToolResult("1", "add", "3"),
    SendBack({"signature": "x"}),
    Usage(1, 2, 3),
    FinishReason("stop"),
    Sources((Source("https://a.invalid", "A"),)),
    AudioResponse(b"sound", "wav", "words"),
    Refusal("no"),
    Alternative(1, "another text"),
    ProviderInfo("Groq", "m", "https://a.invalid"),
    RequestLogin("Log in", "https://a.invalid"),
    JsonConversation(id=1),
    BaseConversation(),
    AuthResult(api_key="planted"),
]
VALUES = [chunk for chunk in SILENT if not isinstance(chunk, BaseConversation | AuthResult | SendBack)]


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


def test_a_result_in_wire_form():
    """The tool message that goes back to the model."""
    message = ToolResult("1", "add", "3", seconds=0.1).as_message()
    assert message == {"role": "tool", "tool_call_id": "1", "name": "add", "content": "3"}


def test_a_sum_of_usage_is_known_only_where_both_are():
    """What one round does not tell is not known of two; details are told only where there are any."""
    assert Usage(1, 2, 3, 4) + Usage(10, 20, 30, cached_tokens=5) == Usage(11, 22, 33, 4, 5)
    assert Usage(1, 2, 3) + Usage(output_tokens=1) == Usage(None, 3, None)


def test_what_a_call_wants_to_find_again_goes_back_with_it():
    """Beside id, name and arguments, as the service sent it."""
    call = ToolCall("1", "f", "{}", {"google": {"thought_signature": "x"}})
    assert call.as_json()["extra_content"] == {"google": {"thought_signature": "x"}}
    assert hash(call) == hash(ToolCall("1", "f", "{}"))


CONTENT = [
    "x",
    Reasoning("x"),
    ToolCalls((CALL,)),
    ToolResult("1", "add", "3"),
    Refusal("no"),
    ImageResponse(("u",)),
    AudioResponse(b""),
    Sources(()),
]


def test_content_is_what_must_not_be_said_twice():
    """Text, thoughts, calls, pictures, sound, sources, refusals; a kind of its own if it has a text."""

    class Own(Chunk):
        def __str__(self):
            return "text"

    class Silent(Chunk):
        pass

    assert all(map(is_content, [*CONTENT, Own()]))
    kinds = tuple(type(one) for one in CONTENT)
    others = [one for one in SILENT if not isinstance(one, kinds)]
    assert not any(map(is_content, ["", None, Silent(), *others]))


def test_a_login_is_copied_and_not_pickled():
    """What `get_dict` gives is the way to pass it on, if somebody must."""
    login = AuthResult(token="planted", cookies={"a": ["b"]})
    assert copy.copy(login) == copy.deepcopy(login) == login
    copy.deepcopy(login).cookies["a"].append("c")
    assert login.get_dict() == {"token": "planted", "cookies": {"a": ["b"]}}
    with pytest.raises(TypeError, match="a login is not pickled") as caught:
        pickle.dumps(login)
    assert "planted" not in str(caught.value)
    assert AuthResult(self=1).get_dict() == {"self": 1}
