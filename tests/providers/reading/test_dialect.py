"""Bytes of an answer to chunks: every form, every fault, every split, and no foreign exception."""

from __future__ import annotations

import copy
import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from thorough import examples

from g4f_nb.chunks import (
    Alternative,
    FinishReason,
    ProviderInfo,
    Reasoning,
    Refusal,
    Source,
    Sources,
    ToolCall,
    ToolCalls,
    Usage,
)
from g4f_nb.errors import (
    G4FError,
    ResponseError,
    ServerError,
    StreamInterruptedError,
    UnreadableResponseError,
)
from g4f_nb.providers.openai.shortcut import plain_answer
from g4f_nb.providers.reading.openai_dialect import ChatReader
from g4f_nb.providers.reading.thinking import ThinkSplitter
from g4f_nb.secret import Secret

SSE, JSON, NDJSON = "text/event-stream", "application/json", "application/x-ndjson"
WHO = ProviderInfo("P", "m-1", "http://h/v1")
DONE = b"data: [DONE]\n\n"


def _reader(media_type=SSE, **more) -> ChatReader:
    return ChatReader(media_type, provider="P", model="m", url="http://h/v1", **more)


def _read(pieces, media_type=SSE, **more) -> list:
    """All chunks, neighbouring texts and thoughts joined, for they may be cut anywhere."""
    reader = _reader(media_type, **more)
    chunks = [chunk for piece in pieces for chunk in reader.feed(piece)] + reader.finish()
    if reader.failure is not None:
        raise reader.failure
    joined = []
    for chunk in chunks:
        if joined and type(chunk) is type(joined[-1]) is str:
            joined[-1] += chunk
        elif joined and type(chunk) is type(joined[-1]) is Reasoning:
            joined[-1] = Reasoning(joined[-1].text + chunk.text)
        else:
            joined.append(chunk)
    return joined


def _delta(finish=None, **delta) -> dict:
    return {"model": "m-1", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


def _sse(*frames) -> bytes:
    parts = [frame if isinstance(frame, bytes) else orjson.dumps(frame) for frame in frames]
    return b"".join(b"data: %b\n\n" % part for part in parts)


def _fragment(index, arguments="", **first) -> dict:
    name = {"name": first.pop("name")} if "name" in first else {}
    return first | {"index": index, "function": name | {"arguments": arguments}}


USAGE = {"model": "m-1", "choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2}}
RECORDED = {
    "text": (
        _sse(
            _delta(role="assistant", content=""),
            _delta(content="Hel"),
            _delta(content="lo 👋\n"),
            _delta("stop"),
        )
        + DONE,
        [WHO, "Hello 👋\n", FinishReason("stop")],
    ),
    "usage after finish": (
        _sse(_delta(content="a"), _delta("stop"), USAGE) + DONE,
        [WHO, "a", FinishReason("stop"), Usage(1, 2, 3)],
    ),
    "usage in every frame": (
        _sse(_delta(content="a") | {"usage": None}, _delta("stop") | {"usage": USAGE["usage"]}) + DONE,
        [WHO, "a", FinishReason("stop"), Usage(1, 2, 3)],
    ),
    "reasoning": (
        _sse(
            _delta(reasoning_content="hm"), _delta(reasoning="m", reasoning_content=None), _delta(content="a")
        )
        + _sse(_delta("stop"))
        + DONE,
        [WHO, Reasoning("hmm"), "a", FinishReason("stop")],
    ),
    "think": (
        _sse(_delta(content=" <th"), _delta(content="ink>hm</thi"), _delta(content="nk>\n\na<think>b"))
        + _sse(_delta("stop"))
        + DONE,
        [WHO, Reasoning("hm"), "\n\na<think>b", FinishReason("stop")],
    ),
    "tool calls": (
        _sse(
            _delta(tool_calls=[_fragment(0, id="c0", type="function", name="f")]),
            _delta(tool_calls=[_fragment(1, id="c1", type="function", name="g")]),
            _delta(tool_calls=[_fragment(1, '{"b"'), _fragment(0, '{"a"')]),
            _delta(tool_calls=[_fragment(0, ":1}")]),
            _delta(tool_calls=[_fragment(1, ":2}")]),
            _delta("tool_calls"),
            USAGE,
        )
        + DONE,
        [
            WHO,
            ToolCalls((ToolCall("c0", "f", '{"a":1}'), ToolCall("c1", "g", '{"b":2}'))),
            FinishReason("tool_calls"),
            Usage(1, 2, 3),
        ],
    ),
    "nulls": (
        _sse(
            {"choices": None, "usage": None, "model": None},
            {},
            USAGE | {"usage": None},
            {"model": "m-1", "choices": [{"index": None, "delta": None, "finish_reason": None}]},
            _delta(role=None, content=None, tool_calls=None, reasoning=None, refusal=None),
            _delta(content="a", tool_calls=[], function_call=None) | {"error": None},
            _delta("stop", content=None),
        )
        + DONE,
        [WHO, "a", FinishReason("stop")],
    ),
    "parts": (
        _sse(
            _delta(content=[{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}, None]}]),
            _delta(content=[{"type": "thinking", "thinking": "m"}]),
            _delta(content=[{"type": "text", "text": "a"}, "b", None, {"text": None}, {"type": "image"}]),
            _delta("stop"),
        )
        + DONE,
        [WHO, Reasoning("hmm"), "ab", FinishReason("stop")],
    ),
    "refusal": (
        _sse(_delta(refusal="no"), _delta("stop")) + DONE,
        [WHO, Refusal("no"), FinishReason("stop")],
    ),
    "sources": (
        _sse(_delta(content="a") | {"citations": ["http://x"]}, _delta("stop"))
        + _sse({"choices": [], "search_results": [{"url": "http://y", "title": "Y"}, {}, None]})
        + DONE,
        [WHO, "a", FinishReason("stop"), Sources((Source("http://x"), Source("http://y", "Y")))],
    ),
    "no done": (_sse(_delta(content="a"), _delta("length")), [WHO, "a", FinishReason("length")]),
    "no finish": (_sse(_delta(content="a")) + DONE, [WHO, "a"]),
    "spaces around done": (_sse(_delta(content="a")) + b"data:  [DONE] \n\n", [WHO, "a"]),
    "after done": (_sse(_delta(content="a")) + DONE + _sse(_delta(content="b")), [WHO, "a"]),
    "comments and kinds": (
        b": ping\n\nevent: ping\ndata: {}\n\nevent: message\n" + _sse(_delta(content="a"), _delta("stop")),
        [WHO, "a", FinishReason("stop")],
    ),
    "other choices": (
        _sse({"model": "m-1", "choices": [{"index": 1, "delta": {"content": "b"}}]}, _delta(content="a"))
        + _sse(_delta("stop"), {"choices": [{"index": 1, "delta": {}, "finish_reason": "length"}]}),
        [
            WHO,
            "a",
            Alternative(1, "b"),
            FinishReason("stop"),
            Alternative(1, FinishReason("length")),
        ],
    ),
    "no UTF-8": (
        _sse(orjson.dumps(_delta(content="a?b")).replace(b"?", b"\xff"), _delta("stop")),
        [WHO, "a\ufffdb", FinishReason("stop")],
    ),
    "halves of a character": (
        _sse(orjson.dumps(_delta(content="a?")).replace(b"?", rb"\ud83d"))
        + _sse(orjson.dumps(_delta("stop", content="?b \\ud83d")).replace(b"?", rb"\udc4b")),
        [WHO, "a👋b \\ud83d", FinishReason("stop")],
    ),
    "half a character": (
        _sse(orjson.dumps(_delta(content="a?")).replace(b"?", rb"\ud83d"))
        + _sse(orjson.dumps(_delta("stop", content="b?")).replace(b"?", rb"\ud83d")),
        [WHO, "a\ufffdb\ufffd", FinishReason("stop")],
    ),
    "no numbers": (
        _sse(orjson.dumps(_delta("stop", content="a", x="?")).replace(b'"?"', b"-Infinity")),
        [WHO, "a", FinishReason("stop")],
    ),
    "numbers out of range": (
        _sse(orjson.dumps(_delta("stop", content="a", x="?")).replace(b'"?"', b"1e999")),
        [WHO, "a", FinishReason("stop")],
    ),
}


def test_who_answers_is_told_with_the_first_content():
    """A stream that breaks off after its role frame has given nothing yet, so it may be asked again."""
    reader = ChatReader("text/event-stream", provider="P", model="m", url="u")
    role = b'data: {"model":"m-1","choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}\n\n'
    assert reader.feed(role) == []
    assert not reader.started
    word = b'data: {"choices":[{"index":0,"delta":{"content":"hi"}}]}\n\n'
    assert reader.feed(word) == [ProviderInfo("P", "m-1", "u"), "hi"]
    assert reader.started


@pytest.mark.parametrize("name", RECORDED)
def test_every_split_of_a_stream_gives_the_same_chunks(name):
    """In one piece, byte by byte, and cut in two anywhere: the right kinds in the right order."""
    stream, expected = RECORDED[name]
    assert _read([stream]) == expected
    assert _read([stream[at : at + 1] for at in range(len(stream))]) == expected
    for at in range(len(stream) + 1):
        assert _read([stream[:at], stream[at:]]) == expected, at


@pytest.mark.parametrize("name", sorted(set(RECORDED) - {"comments and kinds", "spaces around done"}))
@pytest.mark.parametrize("media_type", ["text/plain", "", "application/octet-stream", NDJSON])
def test_other_names_for_the_same(name, media_type):
    """A stream that is called something else is recognised; NDJSON is lines of the same frames."""
    stream, expected = RECORDED[name]
    if media_type == NDJSON:
        stream = stream.replace(b"data: ", b"").replace(b"\n\n", b"\n")
    half = len(stream) // 2
    assert _read([b"\n", stream[:3], stream[3:half], stream[half:]], media_type) == expected


WHOLE = {
    "model": "m-1",
    "choices": [
        {
            "index": 0,
            "message": {
                "content": " a\n",
                "reasoning": "hm",
                "tool_calls": [{"id": "c", "function": {"name": "f", "arguments": {"a": 1}}}],
            },
            "finish_reason": "tool_calls",
        }
    ],
    "usage": USAGE["usage"],
}


@pytest.mark.parametrize("media_type", [JSON, "application/vnd.api+json", "text/plain", "", SSE])
def test_a_json_answer_in_order(media_type):
    """Who, content, tool calls, usage, finish; verbatim, arguments as text; whatever it is called."""
    call = ToolCalls((ToolCall("c", "f", '{"a":1}'),))
    expected = [WHO, " a\n", Reasoning("hm"), call, Usage(1, 2, 3), FinishReason("tool_calls")]
    for body in (orjson.dumps(WHOLE), orjson.dumps(WHOLE, option=orjson.OPT_INDENT_2), orjson.dumps([WHOLE])):
        for at in range(0, len(body), 7):
            assert _read([body[:at], body[at:]], media_type) == expected


def test_think_in_a_json_answer():
    """The same splitter, the text in one piece; off by a flag."""
    body = orjson.dumps(
        {"choices": [{"message": {"content": "<think>hm</think>a"}, "finish_reason": "stop"}]}
    )
    who = ProviderInfo("P", "m", "http://h/v1")
    assert _read([body], JSON) == [who, Reasoning("hm"), "a", FinishReason("stop")]
    assert _read([body], JSON, think=False) == [who, "<think>hm</think>a", FinishReason("stop")]


THINKING = {
    "<think>hm</think>a": [Reasoning("hm"), "a"],
    "\n <think>\nhm\n</think>\n\na": [Reasoning("\nhm\n"), "\n\na"],
    "<think></think>a": ["a"],
    "<think>hm": [Reasoning("hm")],
    "<think>hm</thi": [Reasoning("hm</thi")],
    "<think>a<b</</think>c": [Reasoning("a<b</"), "c"],
    "<thin": ["<thin"],
    "  ": ["  "],
    "<thinking>a": ["<thinking>a"],
    "a<think>b</think>": ["a<think>b</think>"],
    "<think>a</think><think>b</think>": [Reasoning("a"), "<think>b</think>"],
    "": [],
}


@pytest.mark.parametrize("text", THINKING)
def test_think_split_at_every_two_points(text):
    """Nothing is lost, nothing is doubled, and only a leading thought is one."""
    for first in range(len(text) + 1):
        for second in range(first, len(text) + 1):
            frames = [_delta(content=part) for part in (text[:first], text[first:second], text[second:])]
            chunks = _read([_sse(*frames, _delta("stop"))])
            assert chunks == [WHO, *THINKING[text], FinishReason("stop")], (first, second)


def test_the_splitter_holds_back_no_more_than_a_tag():
    """What cannot become a tag is out at once."""
    splitter = ThinkSplitter()
    assert splitter.feed("<thi") == []
    assert splitter.feed("nk>abc</") == [Reasoning("abc")]
    assert splitter.feed("x") == [Reasoning("</x")]
    assert splitter.feed("</think>y") == ["y"]
    assert splitter.over


# ---- tool calls ------------------------------------------------------------------------------------


def _calls(*deltas) -> tuple:
    chunks = _read([_sse(*(_delta(tool_calls=calls) for calls in deltas), _delta("tool_calls"))])
    return next(chunk for chunk in chunks if isinstance(chunk, ToolCalls)).calls


@pytest.mark.parametrize("index", [{"index": 0}, {"index": None}, {}, {"index": "x"}])
def test_calls_that_all_have_the_same_index(index):
    """Some services send each call whole under index 0 or none: another id is another call."""
    whole = [
        {"id": f"c{n}", "function": {"name": f"f{n}", "arguments": f"{{{n}}}"}} | index for n in range(3)
    ]
    assert _calls(*([one] for one in whole)) == tuple(
        ToolCall(f"c{n}", f"f{n}", f"{{{n}}}") for n in range(3)
    )


def test_an_id_that_is_repeated_is_the_same_call():
    """Others send id and name with each fragment."""
    fragments = [_fragment(0, part, id="c", name="f") for part in ('{"a"', ":1", "}")]
    assert _calls(*([one] for one in fragments)) == (ToolCall("c", "f", '{"a":1}'),)


def test_calls_come_in_the_order_of_their_index():
    """Whichever began first; missing numbers are no gap, odd parts are left out."""
    assert _calls(
        [_fragment(7, "7", id="c7")], [_fragment(2, "2", id="c2"), None, "x"], [_fragment(7, "!")]
    ) == (
        ToolCall("c2", "", "2"),
        ToolCall("c7", "", "7!"),
    )


def test_odd_fragments():
    """No function, null arguments, arguments as an object, a number for an id."""
    calls = _calls([{"index": 0, "id": 5, "function": None}], [{"index": 0, "function": {"arguments": None}}])
    assert calls == (ToolCall("5", "", ""),)
    assert _calls([{"index": 0, "function": {"name": "f", "arguments": {"a": [1]}}}]) == (
        ToolCall("", "f", '{"a":[1]}'),
    )


def test_calls_without_a_finish_come_at_the_end():
    """Once and complete, also where only `[DONE]` ends the stream."""
    stream = _sse(_delta(tool_calls=[_fragment(0, "{}", id="c", name="f")])) + DONE
    assert _read([stream]) == [WHO, ToolCalls((ToolCall("c", "f", "{}"),))]


# ---- what is no answer -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("media_type", "body", "words"),
    [
        (SSE, b"", "''"),
        (SSE, b"{}", "'{}'"),
        (SSE, b"data: [DONE]\n\n", "DONE"),
        (SSE, b": ping\n\n", "ping"),
        (SSE, b"<html><body>Sign in</body></html>", "'Sign in'"),
        (SSE, b"data: {\n\n", "'{'"),
        (SSE, b"data: 42\n\ndata: null\n\n", "42"),
        (SSE, _sse({"choices": {"a": 1}}), "choices"),
        (SSE, _sse({"choices": [{"delta": "text"}]}), "text"),
        (SSE, _sse({"choices": [{"delta": {"content": 7}}]}), "7"),
        (SSE, _sse({"choices": ["text", None, 7]}), "text"),
        (SSE, _sse(b"[" * 10_000), r"\[\["),
        (SSE, _sse(b'{"choices":' * 10_000), "choices"),
        (SSE, _sse(b'{"choices":[{"delta":{"content":' + b"{" * 900), "content"),
        (SSE, _sse(b'{"choices":' + b'{"a":' * 500 + b"1" + b"}" * 501), "a"),
        (JSON, b"", "''"),
        (JSON, b"{}", "'{}'"),
        (JSON, b"null", "null"),
        (JSON, b"[]", r"\[\]"),
        (JSON, b'{"choices": []}', "choices"),
        (JSON, b'{"choices": [{"index": 1}]}', "index"),
        (JSON, orjson.dumps(WHOLE)[:-9], "usage|choices|m-1"),
        (JSON, b"<html><body>Sign in</body></html>", "'Sign in'"),
        (JSON, b"[" * 10_000, r"\[\["),
        (NDJSON, b"", "''"),
        (NDJSON, b"\n\n", "''"),
        ("text/html", b"<html><body>Sign in</body></html>", "'Sign in'"),
        ("text/html", b"", "''"),
        ("text/plain", b"Hello", "'Hello'"),
        ("", b"\x00\x01", "api|chat"),
    ],
    ids=range(30),
)
def test_what_is_no_answer_is_never_an_empty_text(media_type, body, words):
    """One clear error with an excerpt, the content type, and what to check."""
    with pytest.raises(UnreadableResponseError, match=words) as caught:
        _read([body], media_type)
    assert "http://h/v1 is an OpenAI-compatible server" in str(caught.value)
    assert (media_type or "no content type") in str(caught.value)
    assert len(str(caught.value)) < 500
    assert (caught.value.provider, caught.value.model) == ("P", "m")


ERROR = {"error": {"message": "broke", "code": 503}}


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        (SSE, _sse(ERROR)),
        (SSE, b"event: error\n" + _sse(ERROR)),
        (SSE, _sse([ERROR])),
        (SSE, _sse({"detail": "broke", "status": 503})),
        (SSE, _sse({"error_message": "broke", "code": 503})),
        (SSE, orjson.dumps(ERROR)),
        (SSE, orjson.dumps(ERROR, option=orjson.OPT_INDENT_2)),
        (JSON, orjson.dumps(ERROR)),
        (JSON, orjson.dumps([ERROR])),
        (JSON, orjson.dumps(ERROR | {"choices": []})),
        (JSON, orjson.dumps(ERROR | {"choices": [{"message": {"content": "a"}}]})),
        (NDJSON, orjson.dumps(ERROR)),
        ("text/plain", _sse(ERROR)),
        ("text/plain", orjson.dumps(ERROR)),
    ],
    ids=range(14),
)
def test_an_error_under_another_name(media_type, body):
    """With status 200, as an event, as JSON under an event stream's name: the payload's own error."""
    with pytest.raises(ServerError, match="Error 503: broke") as caught:
        _read([body], media_type)
    assert caught.value.partial is None


@pytest.mark.parametrize(
    "error", [ERROR, {"choices": [{"index": 0, "delta": {}, "finish_reason": "error"} | ERROR]}]
)
def test_an_error_in_mid_stream_keeps_what_had_arrived(error):
    """`.partial` is the text; the body is cut and holds the payload."""
    with pytest.raises(ServerError, match="broke") as caught:
        _read([_sse(_delta(content="half of "), _delta(content="it"), error)])
    assert caught.value.partial == "half of it"
    assert "broke" in caught.value.body


@pytest.mark.parametrize(
    "stream",
    [
        _sse(_delta(content="half of it")),
        _sse(_delta(content="half of it"), USAGE),
        _sse(_delta(content="half of it"), _delta(None)),
        _sse(_delta(content="half of"), _delta(content=" it")).rstrip(),
    ],
)
def test_a_stream_that_just_ends_is_interrupted(stream):
    """Without `[DONE]` and without a reason to finish; `.partial` holds what had arrived."""
    with pytest.raises(StreamInterruptedError, match=r"after 10 characters: .*\.partial") as caught:
        _read([stream])
    assert caught.value.partial == "half of it"


def test_a_stream_that_ends_in_the_middle_of_a_frame():
    """It is no answer either, and the text before it is kept."""
    with pytest.raises(ResponseError) as caught:
        _read([_sse(_delta(content="half of it")) + b'data: {"choices":[{"del'])
    assert caught.value.partial == "half of it"
    with pytest.raises(StreamInterruptedError) as caught:
        _read([_sse(_delta(content="<th"))])
    assert caught.value.partial == "<th"


def test_a_body_that_never_becomes_an_answer_is_given_up():
    """Not at its end, which may never come."""
    reader = _reader("text/plain")
    with pytest.raises(UnreadableResponseError):
        [reader.feed(b"la " * 1000) for _ in range(100)]


@pytest.mark.parametrize("media_type", [JSON, SSE, NDJSON])
def test_the_cap(media_type):
    """No form of answer grows without limit."""
    reader = _reader(media_type, limit=1000)
    with pytest.raises(UnreadableResponseError, match="max_event_bytes"):
        [reader.feed(b'data: {"x": "' if not at else b"x" * 100) for at in range(20)]


@pytest.mark.parametrize("offset", range(0, 210, 7))
@pytest.mark.parametrize("media_type", [SSE, JSON, "text/html"])
def test_a_page_that_repeats_the_key(media_type, offset):
    """It is masked before anything is cut."""
    key = "planted/key+0123456789=="
    page = b"<html><body>" + b"x" * offset + b" " + key.encode() + b" y" * 300
    with pytest.raises(UnreadableResponseError) as caught:
        _read([page], media_type, secret=Secret(key))
    assert key[:8] not in f"{caught.value} {caught.value.body}"


# ---- nothing but errors of ours --------------------------------------------------------------------

_BASES = [
    _delta(content="a"),
    WHOLE,
    USAGE,
    ERROR,
    _delta("stop", tool_calls=[_fragment(0, "{}", id="c", name="f")]),
]
_ODD = st.recursive(
    st.sampled_from([None, True, False, 0, 1, -1, 10**30, 1.5, "", "x", "\ud83d", "<think>", "401"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                ["choices", "delta", "message", "content", "tool_calls", "index", "error", "usage", "code"]
            ),
            inner,
            max_size=2,
        )
    ),
    max_leaves=4,
)


def _outcome(pieces, media_type=SSE):
    """The chunks, or the error of ours; any other exception is a failure of the test."""
    try:
        return _read(pieces, media_type)
    except G4FError as error:
        return error


def _places(value, path=()):
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from _places(inner, (*path, key))


def _put(value, path, new):
    if not path:
        return new
    value[path[0]] = _put(value[path[0]], path[1:], new)
    return value


@st.composite
def _mutated(draw) -> bytes:
    frame = copy.deepcopy(draw(st.sampled_from(_BASES)))
    for _ in range(draw(st.integers(0, 3))):
        frame = _put(frame, draw(st.sampled_from(list(_places(frame)))), draw(_ODD))
    return json.dumps(frame).encode()


@examples(600)
@given(
    st.lists(_mutated(), min_size=1, max_size=4),
    st.sampled_from([SSE, JSON, NDJSON, "text/plain"]),
    st.sampled_from([b"data: %b\n\n", b"%b\n", b"%b"]),
    st.booleans(),
)
def test_no_frame_breaks_the_reader(frames, media_type, form, ended):
    """Whatever a server puts into its JSON: chunks, or an error of ours."""
    body = b"".join(form % frame for frame in frames) + (DONE if ended else b"")
    outcome = _outcome([body[:5], body[5:]], media_type)
    if isinstance(outcome, G4FError):
        assert str(outcome)
        assert outcome.provider == "P"
    else:
        assert isinstance(outcome[0], ProviderInfo)
        "".join(map(str, outcome)).encode()


@examples(300)
@given(
    st.sampled_from(sorted(RECORDED)),
    st.lists(st.tuples(st.integers(0, 2000), st.binary(max_size=3)), max_size=4),
)
def test_no_damaged_byte_breaks_the_reader(name, damages):
    """Bytes replaced, lost or put in: chunks, or an error of ours."""
    stream = bytearray(RECORDED[name][0])
    for place, new in damages:
        at = place % (len(stream) + 1)
        stream[at : at + 2] = new
    assert len(str(_outcome([bytes(stream)]))) < 5000


@pytest.mark.parametrize("number", [-1, 10**30, 1e30, -0.5, "7", True, None, 2**53 + 1])
def test_a_number_of_tokens_that_is_none_is_left_out(number):
    """No column of integers could hold it."""
    usage = Usage.from_json({"prompt_tokens": number, "completion_tokens": 5, "total_tokens": float("inf")})
    assert usage == Usage(None, 5, None)
    assert Usage.from_json({"prompt_tokens": 7.0, "completion_tokens": 2**53}).input_tokens == 7


_PLAIN = {"model": "m-1", "choices": [{"index": 0, "message": {"role": "assistant", "content": "hi"},
          "finish_reason": "stop"}], "usage": {"prompt_tokens": 1, "completion_tokens": 2}}  # fmt: skip


def _with(**changes):
    data = orjson.loads(orjson.dumps(_PLAIN))
    for path, value in changes.items():
        where = data["choices"][0] if path in ("message", "finish_reason", "index") else data
        if path == "message":
            where["message"] |= value
        else:
            where[path] = value
    return orjson.dumps(data)


def test_the_short_way_gives_what_the_reader_gives():
    """The commonest whole answer is read the short way, to the same chunks."""
    for body in (
        _with(),
        _with(usage=None),
        _with(message={"refusal": None, "tool_calls": []}),
        _with(error=None),
    ):
        short = plain_answer(body, provider="P", model="m", url="http://h/v1")
        assert short == _read([body], JSON)


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b"[]",
        b"no",
        b"null",
        _with(error="x"),
        _with(index=1),
        _with(citations=["u"]),
        _with(finish_reason=None),
        _with(choices=[]),
        _with(choices=[None]),
        _with(message={"content": None}),
        _with(message={"content": ""}),
        _with(message={"content": "<think>hm</think>hi"}),
        _with(message={"reasoning": "hm"}),
        _with(message={"tool_calls": [{"id": "1"}]}),
        _with(message={"refusal": "no"}),
    ],
)
def test_whatever_is_out_of_the_ordinary_takes_the_long_way(body):
    """Everything but one plain text is left to the reader, which knows what to make of it."""
    assert plain_answer(body, provider="P", model="m", url="u") is None
