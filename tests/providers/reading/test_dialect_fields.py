"""What services differ in, field by field and form by form: to the right chunk, or a clear error."""

from __future__ import annotations

import base64

import orjson
import pytest

from g4f_nb.chunks import (
    Alternative,
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
)
from g4f_nb.errors import ResponseError, StreamInterruptedError, UnreadableResponseError
from g4f_nb.providers.reading.openai_dialect import ChatReader

SSE, JSON, NDJSON = "text/event-stream", "application/json", "application/x-ndjson"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20
B64 = base64.b64encode(PNG).decode()
PNG_URL = f"data:image/png;base64,{B64}"


def _read(body, media_type=SSE, *, step=None, **more) -> list:
    """All chunks but who answers, neighbouring texts joined."""
    reader = ChatReader(media_type, provider="P", model="m", url="http://h/v1", **more)
    pieces = [body] if step is None else [body[at : at + step] for at in range(0, len(body), step)]
    chunks = [chunk for piece in pieces for chunk in reader.feed(piece)] + reader.finish()
    if reader.failure is not None:
        raise reader.failure
    assert isinstance(chunks[0], ProviderInfo)
    joined: list = []
    for chunk in chunks[1:]:
        if joined and type(chunk) is type(joined[-1]) is str:
            joined[-1] += chunk
        else:
            joined.append(chunk)
    return joined


def _delta(finish=None, *, index=0, **delta) -> dict:
    return {"choices": [{"index": index, "delta": delta, "finish_reason": finish}]}


def _sse(*frames) -> bytes:
    return b"".join(b"data: %b\n\n" % orjson.dumps(frame) for frame in frames)


def _whole(**message) -> bytes:
    return orjson.dumps({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})


STOP = _delta("stop")
END = FinishReason("stop")


# ---- the form of the body --------------------------------------------------------------------------


@pytest.mark.parametrize("media_type", [SSE, JSON, NDJSON, "text/plain", "application/vnd.api+json", ""])
@pytest.mark.parametrize("step", [None, 1, 7])
def test_every_form_under_every_name(media_type, step):
    """One value, lines, or events: a wrong name is no hindrance, however the body is cut."""
    frames = [_delta(content="Hel"), _delta(content="lo"), STOP]
    lines = b"\n".join(map(orjson.dumps, frames)) + b"\n"
    spread = orjson.dumps(orjson.loads(_whole(content="Hello")), option=orjson.OPT_INDENT_2)
    bodies = [_sse(*frames), lines] + ([_whole(content="Hello"), spread] if media_type != NDJSON else [])
    for body in bodies:
        if media_type == NDJSON and body is bodies[0]:
            continue
        assert _read(body, media_type, step=step) == ["Hello", END], body


def test_a_long_value_under_an_event_stream_s_name():
    """It is read whole, however long."""
    assert _read(_whole(content="x" * 300_000), SSE, step=4096) == ["x" * 300_000, END]


def test_a_line_of_five_megabytes():
    """As one delta, and as a whole answer; in pieces as the network cuts them."""
    text = "x" * 5_000_000
    assert _read(_sse(_delta(content=text), STOP), step=65_536) == [text, END]
    assert _read(_whole(content=text), JSON, step=65_536) == [text, END]


def test_a_byte_order_mark_before_json():
    """Some gateways put one there."""
    assert _read(b"\xef\xbb\xbf" + _whole(content="a"), JSON) == ["a", END]


# ---- choices ---------------------------------------------------------------------------------------


def test_choices_mixed_in_one_stream():
    """Each by its index, in one frame or in many, whichever ends first."""
    both = {"choices": [_delta(content="a")["choices"][0], _delta(content="b", index=1)["choices"][0]]}
    frames = [both, _delta(content="B", index=1), _delta("length", index=1), _delta(content="A"), STOP]
    assert _read(_sse(*frames), n=2) == [
        "a", Alternative(1, "b"), Alternative(1, "B"), Alternative(1, FinishReason("length")), "A", END,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("indexes", "texts"),
    [
        ((0, 1), ("a", "b")),
        ((1, 0), ("b", "a")),
        ((1, 2), ("a", "b")),
        ((None, None), ("a", "b")),
        (("0", "1"), ("a", "b")),
        ((0, 0), ("a", "b")),
        ((-1, "x"), ("a", "b")),
    ],
)
def test_however_a_whole_answer_counts_its_choices(indexes, texts):
    """The lowest is the answer; without numbers, or with the same one twice, their order counts."""
    choices = [
        {"index": index, "message": {"content": text}, "finish_reason": "stop"}
        for index, text in zip(indexes, ("a", "b"), strict=True)
    ]
    chunks = _read(orjson.dumps({"choices": choices}), JSON, n=2)
    assert chunks[0] == texts[0]
    assert [part.chunk for part in chunks if isinstance(part, Alternative)] == [texts[1], END]


def test_a_stream_that_counts_from_one():
    """Nothing of it is lost: at its end it is clear that number 1 is the answer."""
    frames = [_delta(content="a", index=1), _delta(content="b", index=1), _delta("stop", index=1)]
    assert _read(_sse(*frames)) == ["ab", END]


def test_alternatives_without_a_reason_to_end():
    """What is given at the end is given all the same: calls, and text that might have been a tag."""
    call = {"id": "c", "function": {"name": "f", "arguments": "{}"}}
    other = {"content": "<thin", "tool_calls": [call]}
    choices = [
        {"index": 0, "message": {"content": "a"}, "finish_reason": "stop"},
        {"index": 1, "message": other, "finish_reason": None},
    ]
    chunks = _read(orjson.dumps({"choices": choices}), JSON, n=2)
    calls = ToolCalls((ToolCall("c", "f", "{}"),))
    assert chunks == ["a", Alternative(1, "<thin"), Alternative(1, calls), END]
    stream = _sse({"choices": [choices[0], choices[1] | {"delta": other}]}) + b"data: [DONE]\n\n"
    assert _read(stream, n=2) == ["a", END, Alternative(1, "<thin"), Alternative(1, calls)]


def test_more_choices_than_anybody_asks_for():
    """A server cannot fill the memory with them."""
    frames = [_delta(content="a", index=number) for number in range(5000)]
    with pytest.raises(UnreadableResponseError, match="more choices than"):
        _read(_sse(*frames))


def test_an_alternative_that_breaks_off():
    """A stream that ends before all of its answers have is not whole."""
    with pytest.raises(StreamInterruptedError) as caught:
        _read(_sse(_delta(content="a"), _delta(content="b", index=1), STOP), n=2)
    assert caught.value.partial == "a"


def test_log_probabilities_disturb_nobody():
    """Beside the delta, in every frame."""
    probabilities = {"content": [{"token": "a", "logprob": -1e-9, "bytes": None, "top_logprobs": []}]}
    frame = _delta(content="a")
    frame["choices"][0]["logprobs"] = probabilities
    assert _read(_sse(frame, STOP)) == ["a", END]


# ---- thoughts --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fields",
    [
        {"reasoning_content": "hm"},
        {"reasoning": "hm"},
        {"reasoning": {"content": "hm"}},
        {"reasoning": {"text": "hm", "effort": "low"}},
        {"reasoning": {"summary": [{"type": "summary_text", "text": "hm"}]}},
        {"thinking": "hm"},
        {"reasoning_details": [{"type": "reasoning.text", "text": "h"}, {"type": "x", "summary": "m"}]},
        {"reasoning_details": [{"type": "reasoning.encrypted", "data": "zz"}, {"text": "hm"}]},
        {"reasoning": "hm", "reasoning_details": [{"text": "hm"}], "reasoning_content": None},
        {"thinking_blocks": [{"type": "thinking", "thinking": "hm", "signature": "s"}]},
        {"content": [{"type": "thinking", "thinking": "hm"}]},
        {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]},
        {"content": [{"type": "reasoning", "text": "hm"}]},
        {"content": [{"type": "reasoning", "reasoning": "hm"}]},
    ],
)
def test_every_field_for_thoughts(fields):
    """Told once, apart from the text, streamed and whole."""
    streamed = _read(_sse(_delta(**fields), _delta(content="a"), STOP))
    assert streamed == [Reasoning("hm"), "a", END]
    whole = _read(_whole(**({"content": None} | fields)), JSON)
    assert whole == [Reasoning("hm"), END]


def test_details_of_thoughts_go_back_with_the_calls():
    """As they came, the pieces of each put together; without calls nothing has to go back."""
    call = {"id": "c", "function": {"name": "f", "arguments": "{}"}}
    details = [
        [{"type": "reasoning.text", "index": 0, "text": "h", "signature": None}],
        [{"type": "reasoning.text", "index": 0, "text": "m", "signature": "s"}, 7],
        [{"type": "reasoning.encrypted", "index": 1, "data": "zz", "id": "r"}],
    ]
    frames = [_delta(reasoning_details=each) for each in details]
    chunks = _read(_sse(*frames, _delta(tool_calls=[call]), STOP))
    (back,) = [chunk for chunk in chunks if isinstance(chunk, SendBack)]
    assert back.fields == {
        "reasoning_details": [
            {"type": "reasoning.text", "index": 0, "text": "hm", "signature": "s"},
            {"type": "reasoning.encrypted", "index": 1, "data": "zz", "id": "r"},
        ]
    }
    assert not any(isinstance(chunk, SendBack) for chunk in _read(_sse(*frames, STOP)))


# ---- content in parts ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "chunks"),
    [
        ({"type": "text", "text": "a"}, ["a"]),
        ([{"type": "output_text", "text": "a"}, {"type": "text", "text": {"value": "b"}}], ["ab"]),
        ([{"type": "refusal", "refusal": "no"}], [Refusal("no")]),
        ([{"type": "image_url", "image_url": {"url": PNG_URL}}], [ImageResponse((PNG_URL,), "image")]),
        (
            [{"type": "image_url", "image_url": "https://x/a.png"}],
            [ImageResponse(("https://x/a.png",), "image")],
        ),
        (
            [{"type": "image", "source": {"type": "base64", "data": B64}}],
            [ImageResponse((PNG_URL,), "image")],
        ),
        ([{"type": "output_image", "b64_json": B64}, "b"], [ImageResponse((PNG_URL,), "image"), "b"]),
        ([{"type": "reference", "reference_ids": [1]}, {"type": "text", "text": "a"}], ["a"]),
    ],
)
def test_content_as_parts(content, chunks):
    """Each kind of part, streamed and whole."""
    assert _read(_sse(_delta(content=content), STOP)) == [*chunks, END]
    assert _read(_whole(content=content), JSON) == [*chunks, END]


@pytest.mark.parametrize(
    "fields",
    [
        {"content": 7},
        {"content": True},
        {"content": [{"type": "image_url", "image_url": {"url": "no image"}}]},
        {"images": [{"image_url": {"url": "bm8="}}]},
        {"images": 7},
        {"audio": "x"},
        {"audio": {"data": "$$$$"}},
        {"audio": {"data": 7}},
        {"tool_calls": "x"},
        {"tool_calls": ["x"]},
        {"function_call": "x"},
    ],
)
def test_content_of_no_known_shape_is_told(fields):
    """Rather than left out in silence; what came before it is kept."""
    with pytest.raises(UnreadableResponseError) as caught:
        _read(_sse(_delta(content="half"), _delta(**fields), STOP))
    assert caught.value.partial == "half"
    with pytest.raises(UnreadableResponseError):
        _read(_whole(**fields), JSON)


def test_the_older_completions():
    """A text without a message around it."""
    assert _read(orjson.dumps({"choices": [{"text": "a", "finish_reason": "stop"}]}), JSON) == ["a", END]


# ---- images, sound, pages, calls -------------------------------------------------------------------


def test_images_that_are_sent_again_are_told_once():
    """Some services repeat all of them with each delta."""
    first, second = ({"image_url": {"url": url}} for url in (PNG_URL, "https://x/b.png"))
    frames = [_delta(images=[first]), _delta(images=[first, second]), STOP]
    assert _read(_sse(*frames)) == [
        ImageResponse((PNG_URL,), "image"), ImageResponse(("https://x/b.png",), "image"), END,
    ]  # fmt: skip


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 100])
def test_sound_cut_anywhere(size):
    """Pieces of base64 of their own, padded or not, and one text cut wherever it was."""
    data = bytes(range(256))
    text = base64.b64encode(data).decode()
    cut = [text[at : at + size] for at in range(0, len(text), size)]
    own = [base64.b64encode(data[at : at + size]).decode() for at in range(0, len(data), size)]
    for pieces in (cut, own):
        frames = [_delta(audio={"id": "a"}), *(_delta(audio={"data": piece}) for piece in pieces)]
        words = _delta(audio={"transcript": "hi"})
        assert _read(_sse(*frames, words, STOP)) == ["hi", AudioResponse(data, "pcm16", "hi", id="a"), END]


def test_a_text_beside_the_transcript_is_said_once():
    """They say the same."""
    audio = {"id": "a", "data": base64.b64encode(b"RIFF\x24\0\0\0WAVEfmt ").decode(), "transcript": "hi"}
    sound = AudioResponse(b"RIFF\x24\0\0\0WAVEfmt ", "wav", "hi", id="a")
    assert _read(_whole(content="hi", audio=audio), JSON) == ["hi", sound, END]


@pytest.mark.parametrize(
    ("frame", "pages"),
    [
        ({"citations": ["u", "u", {"url": "v", "title": "V"}, 7, None]}, [("u", None), ("v", "V")]),
        ({"citations": ["u"], "search_results": [{"url": "u", "title": "U"}, {}]}, [("u", "U")]),
        ({"web_search": [{"link": "u", "title": "U"}]}, [("u", "U")]),
        ({"references": [{"uri": "u", "name": "U"}]}, [("u", "U")]),
        ({"citations": "u"}, []),
        ({"citations": {"url": "u"}}, []),
    ],
)
def test_pages_in_every_field(frame, pages):
    """In the order of their first mention, each once."""
    expected = [Sources(tuple(Source(*page) for page in pages))] if pages else []
    assert _read(_sse(_delta(content="a") | frame, STOP | frame)) == ["a", END, *expected]


def test_calls_without_ids():
    """Another name, or the same one after whole arguments, is another call; signatures are kept."""

    def call(name="", arguments="", **extra):
        return {"index": 0, "function": {"name": name, "arguments": arguments}} | extra

    signed = {"extra_content": {"google": {"thought_signature": "x"}}}
    frames = [[call("f", "{}", **signed)], [call("g", '{"a":')], [call("", "1}")], [call("g", "{}")]]
    (calls, _) = _read(_sse(*(_delta(tool_calls=each) for each in frames), STOP))
    assert calls == ToolCalls(
        (
            ToolCall("", "f", "{}", signed["extra_content"]),
            ToolCall("", "g", '{"a":1}'),
            ToolCall("", "g", "{}"),
        )
    )
    assert _read(_sse(_delta(tool_calls=call("f", "{}")), STOP)) == [
        ToolCalls((ToolCall("", "f", "{}"),)),
        END,
    ]


def test_a_call_in_both_forms_is_one():
    """Services that keep the older form beside the newer one."""
    fragment = {"id": "c", "function": {"name": "f", "arguments": "{}"}}
    message = {"content": None, "tool_calls": [fragment], "function_call": fragment["function"]}
    assert _read(_whole(**message), JSON) == [ToolCalls((ToolCall("c", "f", "{}"),)), END]


# ---- what is no answer -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "choice",
    [
        {"delta": {}, "finish_reason": "error"},
        {"delta": {"content": ""}, "finish_reason": "error", "native_finish_reason": "error"},
        {"delta": {}, "finish_reason": None, "error": {"message": "broke"}},
        {"delta": None, "error": "broke"},
        {"message": {"content": "x"}, "finish_reason": "error"},
    ],
)
def test_a_choice_that_failed(choice):
    """With or without a reason, streamed and whole."""
    with pytest.raises(ResponseError, match=r"broke") as caught:
        _read(_sse(_delta(content="half"), {"choices": [choice]}))
    assert caught.value.partial.startswith("half")
    with pytest.raises(ResponseError, match=r"broke"):
        _read(orjson.dumps({"choices": [choice]}), JSON)


@pytest.mark.parametrize(
    "choice",
    [{}, {"index": 0}, {"message": None}, {"message": {}}, {"message": {"content": None}}, {"text": ""}],
)
def test_an_answer_without_anything_is_none(choice):
    """Neither content nor a reason to end: an error instead of an empty text."""
    with pytest.raises(UnreadableResponseError):
        _read(orjson.dumps({"choices": [choice]}), JSON)
    with pytest.raises(UnreadableResponseError):
        _read(_sse({"choices": [choice]}) + b"data: [DONE]\n\n")


def test_an_answer_may_be_empty_for_a_reason():
    """The model said nothing, and why."""
    assert _read(_whole(content=None), JSON) == [END]
    assert _read(_sse(_delta(content=""), STOP)) == [END]


def test_what_came_before_a_fault_is_given_before_it_is_raised():
    """Also where both come in one piece of the network."""
    reader = ChatReader(SSE, provider="P", model="m", url="u")
    broken = _sse(_delta(content="a"), _delta(content="b"), {"error": {"message": "broke"}})
    assert reader.feed(broken)[1:] == ["a", "b"]
    assert "broke" in str(reader.failure)
    assert (reader.failure.partial, reader.done) == ("ab", True)
