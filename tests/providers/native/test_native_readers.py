"""Recorded answers of each dialect to chunks: every form, every fault, every way of cutting them."""

from __future__ import annotations

import contextlib
import itertools
import json

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from thorough import THOROUGH, examples

from g4f_nb import errors
from g4f_nb.chunks import (
    AudioResponse,
    FinishReason,
    ImageResponse,
    ProviderInfo,
    Reasoning,
    Refusal,
    SendBack,
    Source,
    Sources,
    ToolCall,
    ToolCalls,
    Usage,
)
from g4f_nb.providers.native.anthropic_reader import AnthropicReader
from g4f_nb.providers.native.gemini_reader import GeminiReader
from g4f_nb.providers.native.responses_reader import ResponsesReader
from g4f_nb.secret import Secret

SSE, JSON = "text/event-stream", "application/json"
READERS = {"anthropic": AnthropicReader, "gemini": GeminiReader, "responses": ResponsesReader}


def _reader(dialect, media_type=SSE, **more):
    return READERS[dialect](media_type, provider="P", model="m", url="http://h/v1", **more)


def _read(dialect, pieces, media_type=SSE, **more) -> list:
    """All chunks, neighbouring texts and thoughts joined, for they may be cut anywhere."""
    reader = _reader(dialect, media_type, **more)
    chunks = [chunk for piece in pieces for chunk in reader.feed(piece)] + reader.finish()
    joined = []
    for chunk in chunks:
        if joined and type(chunk) is type(joined[-1]) is str:
            joined[-1] += chunk
        elif joined and type(chunk) is type(joined[-1]) is Reasoning:
            joined[-1] = Reasoning(joined[-1].text + chunk.text)
        else:
            joined.append(chunk)
    return joined


def _sse(*frames) -> bytes:
    parts = []
    for frame in frames:
        name = f"event: {frame['type']}\n" if "type" in frame else ""
        parts.append(f"{name}data: {json.dumps(frame, ensure_ascii=False)}\n\n".encode())
    return b"".join(parts)


WHO = ProviderInfo("P", "m-1", "http://h/v1")

# ---- Anthropic -------------------------------------------------------------------------------------


def _start(**usage) -> dict:
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m-1", "content": []}
    return {"type": "message_start", "message": message | {"stop_reason": None, "usage": usage}}


def _block(index, *deltas, **block) -> list:
    return [
        {"type": "content_block_start", "index": index, "content_block": block},
        *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": index},
    ]


def _text(*pieces) -> list:
    return [{"type": "text_delta", "text": piece} for piece in pieces]


def _stop(reason="end_turn", details=None, **usage) -> list:
    delta = {"stop_reason": reason, "stop_sequence": None, "stop_details": details}
    return [{"type": "message_delta", "delta": delta, "usage": usage}, {"type": "message_stop"}]


PING = {"type": "ping"}
CITED = {"type": "web_search_result_location", "url": "https://a.example", "title": "A", "cited_text": "x"}
THOUGHT = {"type": "thinking", "thinking": "hm, yes", "signature": "c2lnbg=="}
HIDDEN = {"type": "redacted_thinking", "data": "b3BhcXVl"}
CALL = ToolCall("toolu_1", "add", '{"a": 1}')
ANTHROPIC = {
    "text": (
        _sse(
            _start(input_tokens=3, output_tokens=1),
            PING,
            *_block(0, *_text("Hel", "lo 👋\n"), type="text", text=""),
            *_stop(output_tokens=4),
        ),
        [WHO, "Hello 👋\n", FinishReason("stop"), Usage(3, 4, 7)],
    ),
    "cache and thoughts counted": (
        _sse(
            _start(input_tokens=3, cache_creation_input_tokens=5, cache_read_input_tokens=7, output_tokens=1),
            *_block(0, *_text("a"), type="text", text=""),
            *_stop("max_tokens", output_tokens=9, output_tokens_details={"thinking_tokens": 4}),
        ),
        [WHO, "a", FinishReason("length"), Usage(15, 9, 24, 4, 7, 5)],
    ),
    "thinking, then a tool": (
        _sse(
            _start(),
            *_block(
                0,
                {"type": "thinking_delta", "thinking": "hm, "},
                {"type": "thinking_delta", "thinking": "yes"},
                {"type": "signature_delta", "signature": "c2lnbg=="},
                type="thinking",
                thinking="",
                signature="",
            ),
            *_block(1, **HIDDEN),
            *_block(2, *_text("I add."), type="text", text=""),
            *_block(
                3,
                {"type": "input_json_delta", "partial_json": ""},
                {"type": "input_json_delta", "partial_json": '{"a"'},
                {"type": "input_json_delta", "partial_json": ": 1}"},
                type="tool_use",
                id="toolu_1",
                name="add",
                input={},
            ),
            *_block(4, type="tool_use", id="toolu_2", name="now", input={}),
            *_stop("tool_use"),
        ),
        [
            WHO,
            Reasoning("hm, yes"),
            "I add.",
            SendBack({"thinking_blocks": [THOUGHT, HIDDEN]}),
            ToolCalls((CALL, ToolCall("toolu_2", "now", "{}"))),
            FinishReason("tool_calls"),
        ],
    ),
    "sources": (
        _sse(
            _start(),
            *_block(0, type="server_tool_use", id="s", name="web_search", input={"query": "x"}),
            *_block(
                1,
                type="web_search_tool_result",
                tool_use_id="s",
                content=[{"type": "web_search_result", "url": "https://b.example", "title": "B"}],
            ),
            *_block(2, *_text("said"), {"type": "citations_delta", "citation": CITED}, type="text", text=""),
            *_stop(),
        ),
        [
            WHO,
            "said",
            FinishReason("stop"),
            Sources((Source("https://b.example", "B"), Source("https://a.example", "A"))),
        ],
    ),
    "refused in the middle": (
        _sse(
            _start(),
            *_block(0, *_text("Well"), type="text", text=""),
            *_stop("refusal", {"type": "refusal", "category": "bio", "explanation": "Not this."}),
        ),
        [WHO, "Well", Refusal("Not this."), FinishReason("content_filter")],
    ),
    "kinds that nobody knows yet": (
        _sse(
            _start(),
            {"type": "novelty", "x": 1},
            *_block(0, {"type": "novelty_delta"}, type="novelty"),
            *_block(1, *_text("a"), type="text", text=""),
            *_stop("pause_turn"),
        ),
        [WHO, "a", FinishReason("pause_turn")],
    ),
}

# ---- Gemini ----------------------------------------------------------------------------------------


def _candidate(*parts, finish=None, usage=None, **more) -> dict:
    candidate = {"content": {"role": "model", "parts": list(parts)}, "index": 0} | more
    frame = {"candidates": [candidate | ({"finishReason": finish} if finish else {})], "modelVersion": "m-1"}
    return frame | {"responseId": "r1"} | ({"usageMetadata": usage} if usage else {})


COUNTS = {
    "promptTokenCount": 5,
    "candidatesTokenCount": 2,
    "thoughtsTokenCount": 3,
    "totalTokenCount": 10,
    "cachedContentTokenCount": 4,
}
GEMINI = {
    "text": (
        _sse(_candidate({"text": "Hel"}), _candidate({"text": "lo 👋\n"}, finish="STOP", usage=COUNTS)),
        [WHO, "Hello 👋\n", FinishReason("stop"), Usage(5, 5, 10, 3, 4)],
    ),
    "thoughts": (
        _sse(
            _candidate({"text": "hm", "thought": True}),
            _candidate({"text": "a"}, finish="MAX_TOKENS"),
            {"usageMetadata": {"promptTokenCount": 1, "totalTokenCount": 4}},
        ),
        [WHO, Reasoning("hm"), "a", FinishReason("length"), Usage(1, 3, 4)],
    ),
    "calls": (
        _sse(
            _candidate(
                {"functionCall": {"name": "add", "args": {"a": 1}}, "thoughtSignature": "c2lnbg=="},
                {"functionCall": {"name": "now", "id": "own-id"}},
            ),
            _candidate({"text": ""}, finish="STOP"),
        ),
        [
            WHO,
            SendBack({"thought_signatures": {"gemini-call-r1-0": "c2lnbg=="}}),
            ToolCalls((ToolCall("gemini-call-r1-0", "add", '{"a":1}'), ToolCall("own-id", "now", "{}"))),
            FinishReason("tool_calls"),
        ],
    ),
    "sources": (
        _sse(
            _candidate(
                {"text": "a"},
                finish="STOP",
                groundingMetadata={"groundingChunks": [{"web": {"uri": "https://a.example", "title": "A"}}]},
                citationMetadata={"citationSources": [{"uri": "https://b.example"}, {"startIndex": 1}]},
            )
        ),
        [
            WHO,
            "a",
            FinishReason("stop"),
            Sources((Source("https://a.example", "A"), Source("https://b.example"))),
        ],
    ),
    "a picture and a sound": (
        _sse(
            _candidate(
                {"inlineData": {"mimeType": "image/png", "data": "eA=="}},
                {"inlineData": {"mimeType": "audio/wav", "data": "eA=="}},
                finish="STOP",
            )
        ),
        [
            WHO,
            ImageResponse(("data:image/png;base64,eA==",)),
            AudioResponse(b"x", "wav"),
            FinishReason("stop"),
        ],
    ),
    "code that was run": (
        _sse(
            _candidate(
                {"executableCode": {"language": "PYTHON", "code": "print(1)"}},
                {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1\n"}},
                finish="STOP",
            )
        ),
        [WHO, "\n```python\nprint(1)\n```\n\n```\n1\n```\n", FinishReason("stop")],
    ),
    "cut by the filter": (
        _sse(_candidate({"text": "Well"}), _candidate(finish="SAFETY")),
        [WHO, "Well", FinishReason("content_filter")],
    ),
    "a call that could not be read": (
        _sse(_candidate({"text": "x"}, finish="MALFORMED_FUNCTION_CALL")),
        [WHO, "x", FinishReason("malformed_function_call")],
    ),
}

# ---- Responses -------------------------------------------------------------------------------------


def _response(status, *output, **more) -> dict:
    return {
        "id": "resp_1",
        "object": "response",
        "status": status,
        "error": None,
        "model": "m-1",
        "output": list(output),
    } | more


def _event(kind, **data) -> dict:
    return {"type": f"response.{kind}", "sequence_number": 1} | data


BEGUN = _event("created", response=_response("in_progress"))
SPENT = {
    "input_tokens": 5,
    "input_tokens_details": {"cached_tokens": 2, "cache_write_tokens": 1},
    "output_tokens": 4,
    "output_tokens_details": {"reasoning_tokens": 3},
    "total_tokens": 9,
}
SAID = {
    "type": "message",
    "role": "assistant",
    "content": [
        {
            "type": "output_text",
            "text": "Hello 👋\n",
            "annotations": [{"type": "url_citation", "url": "https://a.example", "title": "A"}],
        }
    ],
}
MUSED = {
    "type": "reasoning",
    "id": "rs_1",
    "encrypted_content": "secret",
    "status": None,
    "summary": [{"type": "summary_text", "text": "hm"}, {"type": "summary_text", "text": "yes"}],
}
KEPT = {name: value for name, value in MUSED.items() if value is not None}
CALLED = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "add", "arguments": '{"a":1}'}
RESPONSES = {
    "text": (
        _sse(
            BEGUN,
            _event("output_item.added", output_index=0, item=SAID | {"content": []}),
            _event("output_text.delta", output_index=0, delta="Hel"),
            _event("output_text.delta", output_index=0, delta="lo 👋\n"),
            _event("output_text.annotation.added", annotation=SAID["content"][0]["annotations"][0]),
            _event("output_item.done", output_index=0, item=SAID),
            _event("completed", response=_response("completed", SAID, usage=SPENT)),
        ),
        [
            WHO,
            "Hello 👋\n",
            FinishReason("stop"),
            Sources((Source("https://a.example", "A"),)),
            Usage(5, 4, 9, 3, 2, 1),
        ],
    ),
    "thoughts, then a call": (
        _sse(
            BEGUN,
            _event("output_item.added", output_index=0, item={"type": "reasoning", "summary": []}),
            _event("reasoning_summary_part.added", summary_index=0),
            _event("reasoning_summary_text.delta", delta="h"),
            _event("reasoning_summary_text.delta", delta="m"),
            _event("reasoning_summary_part.added", summary_index=1),
            _event("reasoning_summary_text.delta", delta="yes"),
            _event("output_item.done", output_index=0, item=MUSED),
            _event("output_item.added", output_index=1, item=CALLED | {"arguments": ""}),
            _event("function_call_arguments.delta", output_index=1, delta='{"a"'),
            _event("function_call_arguments.delta", output_index=1, delta=":1}"),
            _event("output_item.done", output_index=1, item=CALLED),
            _event("completed", response=_response("completed", MUSED, CALLED)),
        ),
        [
            WHO,
            Reasoning("hm\n\nyes"),
            SendBack({"reasoning_items": [KEPT]}),
            ToolCalls((ToolCall("call_1", "add", '{"a":1}'),)),
            FinishReason("tool_calls"),
        ],
    ),
    "at the limit": (
        _sse(
            BEGUN,
            _event("output_item.added", output_index=0, item=CALLED | {"arguments": ""}),
            _event("function_call_arguments.delta", output_index=0, delta='{"a"'),
            _event(
                "incomplete",
                response=_response("incomplete", incomplete_details={"reason": "max_output_tokens"}),
            ),
        ),
        [WHO, ToolCalls((ToolCall("call_1", "add", '{"a"'),)), FinishReason("length")],
    ),
    "a refusal": (
        _sse(
            BEGUN,
            _event("output_item.added", output_index=0, item=SAID | {"content": []}),
            _event("refusal.delta", delta="No"),
            _event("refusal.delta", delta="."),
            _event("completed", response=_response("completed")),
        ),
        [WHO, Refusal("No"), Refusal("."), FinishReason("stop")],
    ),
    "all at the end": (
        _sse(BEGUN, _event("completed", response=_response("completed", MUSED, SAID))),
        [
            WHO,
            Reasoning("hm\n\nyes"),
            "Hello 👋\n",
            FinishReason("stop"),
            Sources((Source("https://a.example", "A"),)),
        ],
    ),
    "a picture": (
        _sse(
            BEGUN,
            _event(
                "output_item.done", output_index=0, item={"type": "image_generation_call", "result": "eA=="}
            ),
            _event("completed", response=_response("completed")),
        ),
        [WHO, ImageResponse(("data:image/png;base64,eA==",)), FinishReason("stop")],
    ),
}

RECORDED = {
    f"{dialect}: {name}": (dialect, *case)
    for dialect, cases in (("anthropic", ANTHROPIC), ("gemini", GEMINI), ("responses", RESPONSES))
    for name, case in cases.items()
}
WHOLE = {
    "anthropic": (
        {
            "type": "message",
            "model": "m-1",
            "stop_reason": "tool_use",
            "content": [
                THOUGHT,
                HIDDEN,
                {"type": "text", "text": "I add.", "citations": [CITED]},
                {"type": "tool_use", "id": "toolu_1", "name": "add", "input": {"a": 1}},
            ],
            "usage": {"input_tokens": 3, "output_tokens": 4},
        },
        [
            WHO,
            Reasoning("hm, yes"),
            "I add.",
            SendBack({"thinking_blocks": [THOUGHT, HIDDEN]}),
            ToolCalls((ToolCall("toolu_1", "add", '{"a":1}'),)),
            FinishReason("tool_calls"),
            Sources((Source("https://a.example", "A"),)),
            Usage(3, 4, 7),
        ],
    ),
    "gemini": (
        _candidate({"text": "hm", "thought": True}, {"text": "Hello"}, finish="STOP", usage=COUNTS),
        [WHO, Reasoning("hm"), "Hello", FinishReason("stop"), Usage(5, 5, 10, 3, 4)],
    ),
    "responses": (
        _response("completed", MUSED, SAID, CALLED, usage=SPENT),
        [
            WHO,
            Reasoning("hm\n\nyes"),
            "Hello 👋\n",
            SendBack({"reasoning_items": [KEPT]}),
            ToolCalls((ToolCall("call_1", "add", '{"a":1}'),)),
            FinishReason("tool_calls"),
            Sources((Source("https://a.example", "A"),)),
            Usage(5, 4, 9, 3, 2, 1),
        ],
    ),
}


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_stream(name):
    """It gives these chunks, in this order."""
    dialect, body, expected = RECORDED[name]
    assert _read(dialect, [body]) == expected


@pytest.mark.parametrize("name", RECORDED)
def test_every_way_of_cutting_in_two(name):
    """However a stream is cut, the chunks are the same."""
    dialect, body, expected = RECORDED[name]
    for at in range(0, len(body), 1 if THOROUGH else 3):
        assert _read(dialect, [body[:at], body[at:]]) == expected, at


@examples(60)
@given(
    st.sampled_from(sorted(RECORDED)),
    st.lists(st.integers(0, 3000), max_size=12),
    st.sampled_from([SSE, "text/plain", ""]),
)
def test_any_way_of_cutting(name, cuts, media_type):
    """In many pieces, and where the content type says nothing."""
    dialect, body, expected = RECORDED[name]
    places = sorted({0, len(body), *(at % (len(body) + 1) for at in cuts)})
    pieces = [body[a:b] for a, b in itertools.pairwise(places)]
    assert _read(dialect, pieces, media_type) == expected


@pytest.mark.parametrize("ending", ["\r\n", "\r"])
@pytest.mark.parametrize("name", ["anthropic: text", "gemini: text", "responses: text"])
def test_line_ends_do_not_matter(name, ending):
    """CR LF and CR, one byte at a time."""
    dialect, body, expected = RECORDED[name]
    body = body.replace(b"\n", ending.encode())
    assert _read(dialect, [bytes([byte]) for byte in body]) == expected


@pytest.mark.parametrize("dialect", WHOLE)
def test_a_whole_answer(dialect):
    """One JSON object says the same as a stream; its content type may carry parameters or a suffix."""
    data, expected = WHOLE[dialect]
    body = orjson.dumps(data, option=orjson.OPT_INDENT_2)
    for media_type in (JSON, "application/problem+json", "text/plain", ""):
        assert _read(dialect, [body[:50], body[50:]], media_type) == expected


@pytest.mark.parametrize("dialect", WHOLE)
def test_a_stream_asked_for_and_an_object_sent(dialect):
    """The content type decides, and where it lies the body does."""
    data, expected = WHOLE[dialect]
    assert _read(dialect, [orjson.dumps(data)], SSE) == expected


def test_gemini_s_stream_may_be_an_array():
    """That is what comes where `alt=sse` is not heeded."""
    frames = [_candidate({"text": "a"}), _candidate({"text": "b"}, finish="STOP")]
    assert _read("gemini", [orjson.dumps(frames)], JSON) == [WHO, "ab", FinishReason("stop")]


# ---- faults ----------------------------------------------------------------------------------------

BROKEN = {
    "anthropic": _sse(_start(), *_block(0, *_text("Hal"), type="text", text="")[:2]),
    "gemini": _sse(_candidate({"text": "Hal"})),
    "responses": _sse(BEGUN, _event("output_text.delta", delta="Hal")),
}
COMPLAINTS = {
    "anthropic": [
        (
            {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
            errors.ServerError,
            529,
        ),
        (
            {"type": "error", "error": {"type": "rate_limit_error", "message": "x"}},
            errors.RateLimitError,
            429,
        ),
        (
            {"type": "error", "error": {"type": "authentication_error", "message": "x"}},
            errors.MissingAuthError,
            401,
        ),
        (
            {"type": "error", "error": {"type": "billing_error", "message": "x"}},
            errors.PaymentRequiredError,
            402,
        ),
        (
            {"type": "error", "error": {"type": "timeout_error", "message": "x"}},
            errors.RequestTimeoutError,
            504,
        ),
        (
            {
                "type": "error",
                "error": {"type": "invalid_request_error", "message": "prompt is too long: 9 > 4"},
            },
            errors.ConversationTooLongError,
            400,
        ),
        (
            {
                "type": "error",
                "error": {"type": "invalid_request_error", "message": "Your credit balance is too low"},
            },
            errors.PaymentRequiredError,
            400,
        ),
    ],
    "gemini": [
        (
            {"error": {"code": 429, "message": "x", "status": "RESOURCE_EXHAUSTED"}},
            errors.RateLimitError,
            429,
        ),
        ([{"error": {"code": 503, "message": "x", "status": "UNAVAILABLE"}}], errors.ServerError, 503),
        ({"error": {"message": "x", "status": "UNAVAILABLE", "code": 503}}, errors.ServerError, 503),
        (
            {"error": {"code": 400, "message": "API key not valid.", "status": "INVALID_ARGUMENT"}},
            errors.MissingAuthError,
            400,
        ),
        (
            {"error": {"code": 404, "message": "models/x is not found for API version v1beta"}},
            errors.ModelNotFoundError,
            404,
        ),
    ],
    "responses": [
        ({"type": "error", "code": "server_error", "message": "x", "param": None}, errors.ServerError, 500),
        (
            {"type": "error", "error": {"code": "rate_limit_exceeded", "message": "x"}},
            errors.RateLimitError,
            429,
        ),
        (
            {
                "type": "response.failed",
                "response": _response("failed", error={"code": "server_error", "message": "x"}),
            },
            errors.ServerError,
            500,
        ),
        (
            {
                "type": "error",
                "code": "context_length_exceeded",
                "message": "Your input exceeds the context window",
            },
            errors.ConversationTooLongError,
            400,
        ),
    ],
}


@pytest.mark.parametrize("dialect", BROKEN)
def test_a_stream_that_ends_in_the_middle(dialect):
    """It is no answer; what had arrived is kept."""
    with pytest.raises(errors.StreamInterruptedError) as caught:
        _read(dialect, [BROKEN[dialect]])
    assert caught.value.partial == "Hal"


@pytest.mark.parametrize(
    ("dialect", "frame", "kind", "status"),
    [(dialect, *case) for dialect, cases in COMPLAINTS.items() for case in cases],
)
def test_an_error_in_any_place(dialect, frame, kind, status):
    """In the stream after content, before it, and as a whole answer: the same class and status."""
    event = b"event: error\ndata: %b\n\n" % orjson.dumps(frame)
    for body, media_type, partial in (
        (BROKEN[dialect] + event, SSE, "Hal"),
        (event, SSE, None),
        (orjson.dumps(frame), JSON, None),
    ):
        with pytest.raises(kind) as caught:
            _read(dialect, [body], media_type)
        assert (caught.value.status, caught.value.partial) == (status, partial)


@pytest.mark.parametrize("dialect", READERS)
@pytest.mark.parametrize(
    "body", [b"", b"<html><title>Welcome</title></html>", b"{}", b"[]", b'{"a"', b"null", b"data: x\n\n"]
)
@pytest.mark.parametrize("media_type", [SSE, JSON, "text/html", ""])
def test_what_is_no_answer(dialect, body, media_type):
    """It is one of our errors, which names the dialect."""
    with pytest.raises(errors.UnreadableResponseError, match="speaks"):
        _read(dialect, [body], media_type)


@pytest.mark.parametrize("dialect", READERS)
def test_a_key_that_comes_back_is_not_shown(dialect):
    """Neither in the message nor in the body of the error."""
    secret = Secret("planted-key-123")
    for body in (b'{"error": {"message": "no planted-key-123"}}', b"<html>planted-key-123</html>"):
        with pytest.raises(errors.ResponseError) as caught:
            _read(dialect, [body], "", secret=secret)
        assert "planted" not in f"{caught.value} {caught.value.body}"


@pytest.mark.parametrize("dialect", READERS)
def test_an_event_that_is_too_long(dialect):
    """There is a cap, in a stream and in a whole answer."""
    for media_type in (SSE, JSON):
        with pytest.raises(errors.UnreadableResponseError, match="max_event_bytes"):
            _read(dialect, [b"data: " + b"x" * 200], media_type, limit=100)


@pytest.mark.parametrize(
    ("dialect", "body", "words"),
    [
        (
            "anthropic",
            _sse(_start(), *_stop("refusal", {"type": "refusal", "explanation": "Not this."})),
            "Not this",
        ),
        ("gemini", _sse({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}), "PROHIBITED_CONTENT"),
        ("gemini", _sse(_candidate(finish="SAFETY", finishMessage="harm")), "SAFETY: harm"),
        (
            "responses",
            _sse(
                BEGUN,
                _event(
                    "incomplete",
                    response=_response("incomplete", incomplete_details={"reason": "content_filter"}),
                ),
            ),
            "content_filter",
        ),
    ],
)
def test_an_answer_of_which_the_filter_left_nothing(dialect, body, words):
    """It is an error that says so, and why."""
    with pytest.raises(errors.ContentFilterError, match=words):
        _read(dialect, [body])


@examples(150)
@given(
    st.sampled_from(sorted(READERS)),
    st.recursive(
        st.none() | st.booleans() | st.integers(-2, 600) | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "type",
                        "index",
                        "delta",
                        "content_block",
                        "message",
                        "usage",
                        "text",
                        "error",
                        "candidates",
                        "content",
                        "parts",
                        "functionCall",
                        "name",
                        "args",
                        "usageMetadata",
                        "promptFeedback",
                        "blockReason",
                        "finishReason",
                        "response",
                        "output",
                        "item",
                        "output_index",
                        "summary",
                        "annotations",
                        "status",
                        "stop_reason",
                        "code",
                        "groundingMetadata",
                        "inlineData",
                        "incomplete_details",
                        "input",
                        "citations",
                        "thinking",
                        "signature",
                    ]
                ),
                inner,
                max_size=5,
            )
        ),
        max_leaves=15,
    ),
    st.sampled_from(
        [
            "message_start",
            "content_block_start",
            "content_block_delta",
            "message_delta",
            "response.completed",
            "response.output_item.added",
            "response.output_item.done",
            "response.incomplete",
            "error",
            "message",
        ]
    ),
)
@example("responses", {"item": {}, "output_index": []}, "response.output_item.added")
def test_no_foreign_exception(dialect, frame, kind):
    """Whatever a server sends, the error is ours."""
    if isinstance(frame, dict):
        frame.setdefault("type", kind)
    body = b"event: %b\ndata: %b\n\n" % (kind.encode(), orjson.dumps(frame))
    for media_type, sent in ((SSE, body), (JSON, orjson.dumps(frame))):
        with contextlib.suppress(errors.G4FError):
            _read(dialect, [sent], media_type)


@pytest.mark.parametrize("dialect", BROKEN)
def test_what_came_before_an_error_is_given_first(dialect):
    """Also where both came in one piece: it was paid for."""
    reader = _reader(dialect)
    event = b"event: error\ndata: %b\n\n" % orjson.dumps(COMPLAINTS[dialect][0][0])
    assert reader.feed(BROKEN[dialect] + event)[-1] == "Hal"
    assert reader.started
    with pytest.raises(COMPLAINTS[dialect][0][1]):
        reader.finish()


@pytest.mark.parametrize("dialect", BROKEN)
def test_who_answers_is_told_with_the_first_content(dialect):
    """Until then a broken stream may be asked again."""
    reader = _reader(dialect)
    head = {
        "anthropic": _sse(_start(), PING),
        "responses": _sse(BEGUN),
        "gemini": _sse({"usageMetadata": {}}),
    }
    assert reader.feed(head[dialect]) == []
    assert not reader.started
