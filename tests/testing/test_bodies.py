"""What a request must look like, what is refused, and that limits and counts agree."""

from __future__ import annotations

import pytest

from g4f_nb.testing import wire
from g4f_nb.testing.answers import numbers
from g4f_nb.testing.question import ChatRequest

USER = {"role": "user", "content": "x"}
TOOL = {"role": "tool", "tool_call_id": "unknown", "content": "x"}


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b"no json", None),
        (b"", None),
        ([], None),
        ({"messages": [USER]}, "model"),
        ({"model": "echo"}, "messages"),
        ({"model": "echo", "messages": []}, "messages"),
        ({"model": "echo", "messages": "x"}, "messages"),
        ({"model": "echo", "messages": ["x"]}, "messages[0]"),
        ({"model": "echo", "messages": [USER, {"role": "boss", "content": "x"}]}, "messages[1].role"),
        ({"model": "echo", "messages": [{"role": "user"}]}, "messages[0].content"),
        ({"model": "echo", "messages": [{"role": "user", "content": [{}]}]}, "messages[0].content"),
        ({"model": "echo", "messages": [USER, TOOL]}, "messages[1].role"),
        ({"model": "echo", "messages": [USER | {"tool_calls": 3}]}, "messages[0].tool_calls"),
        ({"model": "echo", "messages": [USER], "max_tokens": 0}, "max_tokens"),
        ({"model": "echo", "messages": [USER], "n": True}, "n"),
        ({"model": "echo", "messages": [USER], "stop": [""]}, "stop"),
        ({"model": "echo", "messages": [USER], "temperature": "hot"}, "temperature"),
        ({"model": "echo", "messages": [USER], "tools": [{}]}, "tools"),
        ({"model": "echo", "messages": [USER], "stream_options": {"include_usage": True}}, "stream_options"),
    ],
)
def test_a_wrong_body_is_a_400_that_names_the_parameter(shared, body, param, chat):
    """The error has OpenAI's form."""
    status, answer = chat(shared, body)
    assert status == 400
    assert answer["error"]["param"] == param
    assert answer["error"]["type"] == "invalid_request_error"


def test_other_paths_and_methods_are_refused_in_the_same_form(shared, get):
    """No path answers with a page."""
    assert get(shared, "/v1/nope")[1]["error"]["code"] == "unknown_url"
    assert get(shared, method="DELETE")[0] == 405


def test_large_bodies_and_parts_without_text_are_taken(shared, chat):
    """A photo in a message is more than aiohttp's usual limit."""
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 3_000_000}}
    messages = [{"role": "user", "content": [{"type": "text", "text": "what is this?"}, image]}]
    status, answer = chat(shared, {"model": "echo", "messages": messages})
    assert (status, answer["choices"][0]["message"]["content"]) == (200, "what is this?")


def test_limits_are_honoured_and_counted(shared, ask):
    """Tokens are words: `max_tokens`, `stop`, `n` and the usage agree with each other."""

    def whole(**more):
        answer = ask(shared, "echo", "one two three four", stream=False, **more).json
        texts = [choice["message"]["content"] for choice in answer["choices"]]
        return texts, answer["choices"][0]["finish_reason"], answer["usage"]["completion_tokens"]

    assert whole(max_tokens=2) == (["one two "], "length", 2)
    assert whole(max_completion_tokens=4) == (["one two three four"], "stop", 4)
    assert whole(stop="three") == (["one two "], "stop", 2)
    assert whole(stop=["four", "wo"]) == (["one t"], "stop", 2)
    assert whole(stop="five", n=2) == (["one two three four"] * 2, "stop", 8)
    streamed = ask(shared, "echo", "one two", n=2, stream_options={"include_usage": True})
    assert [event["choices"][0]["index"] for event in streamed.events[:-1]] == [0, 1] * 4
    assert streamed.events[-1]["choices"] == []
    assert streamed.events[-1]["usage"]["total_tokens"] == 6


def test_reasoning_counts_against_the_limit(shared, ask):
    """As with OpenAI, thoughts are paid for."""
    usage = ask(shared, "reason", stream=False, max_tokens=3).json["usage"]
    assert usage["completion_tokens"] == usage["completion_tokens_details"]["reasoning_tokens"] == 3


@pytest.mark.parametrize("include_usage", [False, True])
def test_the_fast_way_gives_the_same_bytes(include_usage):
    """`tiny-N` skips the encoder, not the protocol."""
    asked = ChatRequest(model="tiny-9", messages=(USER,), stream=True, include_usage=include_usage, number=9)
    answer = numbers(asked)
    ordinary = wire.framed(wire.events(asked, answer), wire.sse)
    assert b"".join(wire.burst(asked, answer)) == b"".join(ordinary)
