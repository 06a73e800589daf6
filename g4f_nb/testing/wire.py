"""How an answer becomes bytes: a series of JSON events, each put into a frame, some of them spoilt."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

import orjson

from .answers import PAGES, Scripted
from .faults import COMPLAINTS
from .question import ChatRequest, Json

DONE = b"[DONE]"
FINGERPRINT = "fp_g4f_nb"

# An event is a JSON value still to be encoded, or what stands in its place.
Event = Json | bytes
Edit = Callable[[Iterable[Event]], Iterator[Event]]
Frame = Callable[[bytes], bytes]


def completion(question: ChatRequest, answer: Scripted) -> Json:
    """Give the whole answer as one JSON object."""
    choice = {"message": answer.message(), "logprobs": None, "finish_reason": answer.finish}
    return _envelope(question, "chat.completion") | {
        "choices": [{"index": index} | choice for index in range(question.n)],
        "usage": usage(question, answer),
    }


def events(question: ChatRequest, answer: Scripted) -> Iterator[Event]:
    """Give the answer as the events of a stream, `[DONE]` last."""
    opening = {"role": "assistant", "content": _nothing_like(answer.message()["content"])}
    for delta in (opening, *answer.deltas):
        for index in range(question.n):
            yield _chunk(question, delta, index)
    for index in range(question.n):
        yield _chunk(question, {}, index, finish=answer.finish)
    if question.include_usage:
        yield _envelope(question, "chat.completion.chunk") | {
            "choices": [],
            "usage": usage(question, answer),
        }
    yield DONE


def usage(question: ChatRequest, answer: Scripted) -> Json:
    """Count words, which are this server's tokens."""
    said = answer.words() * question.n
    thought = answer.words("reasoning_content", "reasoning") * question.n
    return {
        "prompt_tokens": question.prompt_words,
        "completion_tokens": said,
        "total_tokens": question.prompt_words + said,
        "completion_tokens_details": {"reasoning_tokens": thought},
    }


def _envelope(question: ChatRequest, kind: str) -> Json:
    return {
        "id": question.id,
        "object": kind,
        "created": question.created,
        "model": question.model,
        "system_fingerprint": FINGERPRINT,
    }


def _chunk(question: ChatRequest, delta: Json, index: int, *, finish: str | None = None) -> Json:
    choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}
    chunk = _envelope(question, "chat.completion.chunk") | {"choices": [choice]}
    return chunk | {"usage": None} if question.include_usage else chunk


def _nothing_like(content: object) -> object:
    return type(content)() if isinstance(content, str | list) else None


# ---- frames ----------------------------------------------------------------------------------------


def sse(payload: bytes, *, end: bytes = b"\n", space: bytes = b" ", before: bytes = b"") -> bytes:
    """Frame a payload as one server-sent event."""
    return b"%bdata:%b%b%b%b" % (before, space, payload, end, end)


def sse_multiline(payload: bytes) -> bytes:
    """Spread the JSON over several `data:` lines of one event."""
    if payload == DONE:
        return sse(payload)
    lines = orjson.dumps(orjson.loads(payload), option=orjson.OPT_INDENT_2).splitlines()
    return b"".join(b"data: %b\n" % line for line in lines) + b"\n"


def ndjson(payload: bytes) -> bytes:
    """Frame a payload as one line."""
    return payload + b"\n"


def framed(series: Iterable[Event], frame: Frame) -> Iterator[bytes]:
    """Encode and frame each event."""
    for event in series:
        yield frame(event if isinstance(event, bytes) else orjson.dumps(event))


def burst(question: ChatRequest, answer: Scripted) -> list[bytes]:
    """Give the same bytes as the ordinary way, a hundred times faster, in buffers of 64 KiB."""
    # Two events tell what stands before and after each word; joining the words does the rest.
    bare = Scripted(({"content": "\n"},), answer.finish)
    frames = list(framed(events(question, bare), sse))
    if question.include_usage:
        said = usage(question, answer)
        frames[-2] = sse(orjson.dumps(orjson.loads(frames[-2][len("data: ") :]) | {"usage": said}))
    head, tail = frames[1].split(rb"\n", 1)
    words = (orjson.dumps(delta["content"])[1:-1] for delta in answer.deltas)
    middle = head + (tail + head).join(words) + tail if answer.deltas else b""
    whole = memoryview(frames[0] + middle + b"".join(frames[2:]))
    return [bytes(whole[at : at + 0x10000]) for at in range(0, len(whole), 0x10000)]


# ---- edits: what is done to the series of events ---------------------------------------------------


def without_done(series: Iterable[Event]) -> Iterator[Event]:
    """Leave `[DONE]` out."""
    return (event for event in series if event != DONE)


def without_end(series: Iterable[Event]) -> Iterator[Event]:
    """Leave out the second half of the words and everything after them."""
    said = [event for event in series if isinstance(event, dict) and _is_open(event)]
    yield from said[: 1 + len(said) // 2]


def error_midstream(series: Iterable[Event]) -> Iterator[Event]:
    """Break off with an error object."""
    yield from without_end(series)
    complaint = COMPLAINTS[500]
    yield {
        "error": {
            "message": complaint.message,
            "type": complaint.type,
            "param": None,
            "code": complaint.code,
        }
    }


def malformed(series: Iterable[Event]) -> Iterator[Event]:
    """Put half an event after the second one."""
    for place, event in enumerate(series):
        yield event
        if place == 1:
            whole = orjson.dumps(event)
            yield whole[: len(whole) // 2]


def with_nulls(series: Iterable[Event]) -> Iterator[Event]:
    """Put an event without choices, one with a null delta and one with a null content after each event."""
    for event in series:
        yield event
        if isinstance(event, dict) and _is_open(event):
            yield event | {"choices": [], "usage": None}
            for delta in (None, {"role": None, "content": None, "tool_calls": None}):
                yield event | {"choices": [event["choices"][0] | {"delta": delta}], "usage": None}


def with_citations(series: Iterable[Event]) -> Iterator[Event]:
    """Name the pages in each event, beside the choices."""
    for event in series:
        yield event | _cited() if isinstance(event, dict) else event


def cited(body: bytes) -> bytes:
    """Do the same to a whole answer."""
    return orjson.dumps(orjson.loads(body) | _cited())


def numbered(series: Iterable[Event]) -> Iterator[Event]:
    """Let each choice but the first begin with its number."""
    for event in series:
        if isinstance(event, dict) and event["choices"] and "role" in event["choices"][0]["delta"]:
            yield event | {"choices": [_numbered(choice, "delta") for choice in event["choices"]]}
        else:
            yield event


def numbered_body(body: bytes) -> bytes:
    """Do the same to a whole answer."""
    whole = orjson.loads(body)
    return orjson.dumps(whole | {"choices": [_numbered(choice, "message") for choice in whole["choices"]]})


def choice_error(series: Iterable[Event]) -> Iterator[Event]:
    """Break off with an error in the choice itself, as gateways do that pass on another's fault."""
    open_event: Json = {}
    for event in without_end(series):
        yield event
        open_event = event if isinstance(event, dict) else open_event
    error = {"code": 502, "message": "The upstream provider failed."}
    yield open_event | {"choices": [{"index": 0, "delta": {}, "finish_reason": "error", "error": error}]}


def _cited() -> Json:
    return {
        "citations": [url for url, _ in PAGES],
        "search_results": [{"url": url, "title": title} for url, title in PAGES],
    }


def _numbered(choice: Json, part: str) -> Json:
    if not choice["index"]:
        return choice
    said = choice[part]
    return choice | {part: said | {"content": f"{choice['index']}: {said['content'] or ''}"}}


def _is_open(event: Json) -> bool:
    return bool(event["choices"]) and event["choices"][0]["finish_reason"] is None


# ---- content codings -------------------------------------------------------------------------------


class Coder(Protocol):
    """Compresses piece by piece; each piece can be read as soon as it has arrived."""

    def piece(self, data: bytes) -> bytes:
        """Compress one piece."""

    def end(self) -> bytes:
        """Give the last bytes."""


class Plain:
    """No coding."""

    def piece(self, data: bytes) -> bytes:
        """Give the piece as it is."""
        return data

    def end(self) -> bytes:
        """Give nothing."""
        return b""


class Zlib:
    """The codings `gzip` (31 window bits) and `deflate` (15)."""

    def __init__(self, bits: int) -> None:
        self._compressor = zlib.compressobj(wbits=bits)

    def piece(self, data: bytes) -> bytes:
        """Compress one piece."""
        return self._compressor.compress(data) + self._compressor.flush(zlib.Z_SYNC_FLUSH)

    def end(self) -> bytes:
        """Give the checksum."""
        return self._compressor.flush()


class Brotli:
    """The coding `br`."""

    def __init__(self) -> None:
        import brotli  # type: ignore[import-untyped]

        self._compressor = brotli.Compressor()

    def piece(self, data: bytes) -> bytes:
        """Compress one piece."""
        return bytes(self._compressor.process(data) + self._compressor.flush())

    def end(self) -> bytes:
        """Give the last bytes."""
        return bytes(self._compressor.finish())


CODERS: dict[str, Callable[[], Coder]] = {
    "": Plain,
    "gzip": lambda: Zlib(31),
    "deflate": lambda: Zlib(15),
    "br": Brotli,
}
