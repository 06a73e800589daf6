"""Real frames, damaged at every place and in every way: the right text or an error of ours, nothing lost."""

from __future__ import annotations

import copy
import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from thorough import THOROUGH, examples

from g4f_nb.chunks import (
    Alternative,
    AudioResponse,
    Chunk,
    FinishReason,
    ImageResponse,
    ProviderInfo,
    Reasoning,
    Refusal,
    ToolCalls,
)
from g4f_nb.errors import G4FError
from g4f_nb.providers.openai.shortcut import plain_answer
from g4f_nb.providers.reading.openai_dialect import ChatReader

SSE, JSON, NDJSON, PLAIN = "text/event-stream", "application/json", "application/x-ndjson", "text/plain"
PNG = "data:image/png;base64,iVBORw0KGgo="
ENVELOPE = {
    "id": "chatcmpl-1",
    "created": 1,
    "model": "m-1",
    "system_fingerprint": "fp",
    "service_tier": None,
}
MESSAGE = {
    "role": "assistant",
    "content": "text-0",
    "refusal": None,
    "reasoning_content": "thought",
    "tool_calls": [
        {"id": "c", "index": 0, "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
    ],
    "function_call": None,
    "annotations": [{"type": "url_citation", "url_citation": {"url": "http://x", "title": "X"}}],
    "audio": None,
    "images": None,
}
CHOICE = {"index": 0, "message": MESSAGE, "logprobs": None, "finish_reason": "stop"}
USAGE = {
    "prompt_tokens": 1,
    "completion_tokens": 2,
    "total_tokens": 3,
    "completion_tokens_details": {"reasoning_tokens": 1},
    "prompt_tokens_details": None,
}
WHOLES = {
    "everything": ENVELOPE | {"choices": [CHOICE], "usage": USAGE, "citations": ["http://y"]},
    "several": ENVELOPE
    | {
        "choices": [
            {"index": n, "message": {"role": "assistant", "content": f"text-{n}"}, "finish_reason": "stop"}
            for n in range(3)
        ]
    },
    "speech": ENVELOPE
    | {
        "choices": [
            {
                "index": 0,
                "message": {
                    "content": None,
                    "audio": {"id": "a", "data": "UklGRg==", "transcript": "text-0", "expires_at": 1},
                },
                "finish_reason": "stop",
            }
        ]
    },
    "painting": ENVELOPE
    | {
        "choices": [
            {
                "index": 0,
                "message": {
                    "content": [
                        {"type": "text", "text": "text-0"},
                        {"type": "image_url", "image_url": {"url": PNG}},
                        {"type": "thinking", "thinking": [{"type": "text", "text": "thought"}]},
                    ],
                    "images": [{"type": "image_url", "image_url": {"url": PNG}}],
                },
                "finish_reason": "length",
            }
        ]
    },
    "reasoning": ENVELOPE
    | {
        "choices": [
            {
                "index": 0,
                "message": {
                    "content": "text-0",
                    "reasoning": {"content": "thought"},
                    "reasoning_details": [{"type": "reasoning.text", "text": "thought", "index": 0}],
                    "function_call": {"name": "f", "arguments": "{}"},
                },
                "finish_reason": "function_call",
                "logprobs": {"content": [{"token": "t", "logprob": -1.5, "bytes": [1], "top_logprobs": []}]},
            }
        ],
        "search_results": [{"url": "http://y", "title": "Y", "date": None}],
    },
}


def _frames(whole) -> list[dict]:
    """The same as a stream: one delta a choice, then the reasons to finish, then the usage."""
    envelope = {name: value for name, value in whole.items() if name not in ("choices", "usage")}
    deltas, ends = [], []
    for choice in whole["choices"]:
        end = {"index": choice["index"], "delta": {}, "finish_reason": choice["finish_reason"]}
        rest = {name: value for name, value in choice.items() if name not in ("message", "finish_reason")}
        deltas.append(envelope | {"choices": [rest | {"delta": choice["message"], "finish_reason": None}]})
        ends.append(envelope | {"choices": [end]})
    last = [envelope | {"choices": [], "usage": whole["usage"]}] if "usage" in whole else []
    return [*deltas, *ends, *last]


def _places(value, path=()):
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from _places(inner, (*path, key))


def _put(value, path, new):
    if not path:
        return new
    value = copy.copy(value)
    value[path[0]] = _put(value[path[0]], path[1:], new)
    return value


def _without(value, path):
    value = copy.copy(value)
    if len(path) == 1:
        del value[path[0]]
    else:
        value[path[0]] = _without(value[path[0]], path[1:])
    return value


def _read(body, media_type):
    """All chunks, and the error that ended them, if one did; any other exception fails the test."""
    reader = ChatReader(media_type, provider="P", model="m", url="http://h/v1")
    chunks: list[str | Chunk] = []
    try:
        for at in range(0, len(body), 997):
            chunks += reader.feed(body[at : at + 997])
        chunks += reader.finish()
    except G4FError as error:
        return chunks, error
    return chunks, reader.failure


def _texts_in(value):
    """Every text that is still in the place of a choice's content, a part's, or a transcript's."""
    choices = value.get("choices") if isinstance(value, dict) else None
    for choice in choices if isinstance(choices, list) else ():
        said = choice.get("delta") or choice.get("message") if isinstance(choice, dict) else None
        if isinstance(said, dict):
            content, audio = said.get("content"), said.get("audio")
            if isinstance(content, str):
                yield content
            for part in content if isinstance(content, list) else ():
                if (
                    isinstance(part, dict)
                    and part.get("type") == "text"
                    and isinstance(part.get("text"), str)
                ):
                    yield part["text"]
            if not content and isinstance(audio, dict) and isinstance(audio.get("transcript"), str):
                yield audio["transcript"]


def _check(values, body, media_type):
    chunks, error = _read(body, media_type)
    said = "".join(map(str, chunks))
    aside = "".join(
        str(part.chunk) for part in chunks if isinstance(part, Alternative) and isinstance(part.chunk, str)
    )
    said.encode()
    if error is not None:
        assert str(error)
        assert (error.provider, error.model) == ("P", "m")
        assert (error.partial or "").startswith(said.partition("![")[0])
        assert "Traceback" not in str(error)
        return
    # Who answers comes first, and what follows is something.
    assert isinstance(chunks[0], ProviderInfo)
    kinds = (str, FinishReason, Reasoning, Refusal, ToolCalls, ImageResponse, AudioResponse)
    assert any(isinstance(chunk, kinds) for chunk in chunks[1:])
    for value in values:
        for text in _texts_in(value):
            assert text in said or text in aside, (text, chunks)


ODD = (
    None, True, False, 0, 1, -1, 7.5, 10**30, "", "x", "401", "error", [], {}, [None], [[]], [{}], ["x"], [7],
    {"a": None}, {"error": None}, {"error": "x"}, {"url": 7}, {"text": "x"}, {"type": "image_url"},
)  # fmt: skip
FORMS = {SSE: b"data: %b\n\n", NDJSON: b"%b\n", PLAIN: b"data:%b\r\n\r\n"}


@pytest.mark.parametrize("name", WHOLES)
def test_the_undamaged_say_what_they_say(name):
    """Whole and streamed, the same text."""
    whole = WHOLES[name]
    chunks, error = _read(orjson.dumps(whole), JSON)
    assert (error, "".join(map(str, chunks))[:6]) == (None, "text-0")
    chunks, error = _read(b"".join(b"data: %b\n\n" % orjson.dumps(one) for one in _frames(whole)), SSE)
    assert (error, "".join(map(str, chunks))[:6]) == (None, "text-0")


@pytest.mark.parametrize("name", WHOLES)
def test_a_whole_answer_damaged_anywhere(name):
    """Every value nulled, swapped for every other type, or gone."""
    whole = WHOLES[name]
    for path in _places(whole):
        damaged = [_put(whole, path, odd) for odd in ODD] + ([_without(whole, path)] if path else [])
        for value in damaged:
            body = json.dumps(value).encode()
            _check([value], body, JSON)
            short = plain_answer(body, provider="P", model="m", url="http://h/v1")
            if short is not None:
                assert (short, None) == _read(body, JSON)


@pytest.mark.parametrize("media_type", FORMS)
@pytest.mark.parametrize("name", WHOLES)
def test_a_stream_damaged_anywhere(name, media_type):
    """The same, frame by frame; what came before and after the damage is not lost with it."""
    frames = _frames(WHOLES[name])
    for number, frame in enumerate(frames):
        for place, path in enumerate(_places(frame)):
            # Else each place with a third of them, and each of them at a third of the places.
            odds = ODD if THOROUGH else ODD[(number + place) % 3 :: 3]
            damaged = [_put(frame, path, odd) for odd in odds] + ([_without(frame, path)] if path else [])
            for value in damaged:
                values = [*frames[:number], value, *frames[number + 1 :]]
                body = b"".join(FORMS[media_type] % json.dumps(one).encode() for one in values)
                _check(values, body, media_type)


ANYTHING = st.recursive(
    st.sampled_from(ODD) | st.text(max_size=3) | st.integers() | st.floats(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "choices",
                    "delta",
                    "message",
                    "content",
                    "tool_calls",
                    "function_call",
                    "index",
                    "error",
                    "usage",
                    "code",
                    "text",
                    "type",
                    "images",
                    "image_url",
                    "url",
                    "audio",
                    "data",
                    "transcript",
                    "annotations",
                    "reasoning",
                    "finish_reason",
                    "function",
                    "arguments",
                ]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)


@st.composite
def _damaged(draw):
    frames = _frames(WHOLES[draw(st.sampled_from(sorted(WHOLES)))])
    for _ in range(draw(st.integers(1, 4))):
        number = draw(st.integers(0, len(frames) - 1))
        path = draw(st.sampled_from(list(_places(frames[number]))))
        frames[number] = _put(frames[number], path, draw(ANYTHING))
    return frames


@examples(400)
@given(_damaged(), st.sampled_from(sorted(FORMS)), st.booleans(), st.booleans())
def test_several_damages_at_once(frames, media_type, ended, mixed):
    """Values of any shape, several of them, in any order of frames."""
    if mixed:
        frames = frames[1:] + frames[:1]
    body = b"".join(FORMS[media_type] % json.dumps(one).encode() for one in frames)
    if ended and media_type != NDJSON:
        body += b"data: [DONE]\n\n"
    chunks, error = _read(body, media_type)
    assert error is None or (str(error) and error.provider == "P")
    "".join(map(str, chunks)).encode()
