"""What one hostile behaviour is: its script, its promise, and the outcome that is expected of it."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from g4f_nb.errors import G4FError

from .server import Steps

STREAM, JSON = "text/event-stream", "application/json"


@dataclass(frozen=True, slots=True)
class Text:
    """The call gives exactly this answer."""

    text: str = "hello"
    finish: str | None = "stop"
    reasoning: str = ""
    calls: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Fails:
    """The call raises this class, with these words in its message; `partial` is what had arrived."""

    kind: type[G4FError]
    says: tuple[str, ...] = ()
    partial: str | None = None
    status: int | None = None
    retry_after: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One behaviour of a server; `answers` are what its requests get in turn, the last one all others."""

    id: str
    promise: str
    answers: tuple[Steps, ...]
    outcome: Text | Fails
    given: Mapping[str, Any] = field(default_factory=dict)
    # How many requests the server must have seen; `None` where none could be read.
    requests: int | None = 1
    # Whose certificate the server shows, and whether the call is told whom to trust.
    certificate: str = ""
    scheme: str = "http"
    trusts: bool = False
    # The longest that the call may take, generously.
    within: float = 6.0
    modes: tuple[str, ...] = ("stream", "whole")


def case(
    name: str, promise: str, *steps: Any, outcome: Text | Fails, then: tuple[Steps, ...] = (), **more: Any
) -> Case:
    """Make a case whose first request gets `steps` and whose later ones get each of `then`."""
    return Case(id=name, promise=promise, answers=(steps, *then), outcome=outcome, **more)


def fails(kind: type[G4FError], *says: str, **more: Any) -> Fails:
    """Make the outcome of a failure."""
    return Fails(kind, says, **more)


HELLO = Text()


def head(kind: str | None = STREAM, *more: str, status: str = "200 OK") -> bytes:
    """Write the head of an answer."""
    lines = [f"HTTP/1.1 {status}", *([f"Content-Type: {kind}"] if kind else []), *more, "", ""]
    return "\r\n".join(lines).encode()


def frame(value: Any) -> bytes:
    """Write one event."""
    return b"data: " + (value if isinstance(value, bytes) else orjson.dumps(value)) + b"\n\n"


def event(text: str | None = None, **choice: Any) -> bytes:
    """Write one event with a piece of text."""
    return frame({"choices": [{"index": 0, "delta": {} if text is None else {"content": text}} | choice]})


def events(*texts: str) -> bytes:
    """Write a whole stream."""
    return b"".join(map(event, texts)) + event(finish_reason="stop") + DONE


def chunk(data: bytes) -> bytes:
    """Write one chunk of the chunked coding."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def chunks(data: bytes, size: int = 1) -> bytes:
    """Cut data into chunks of one size; the last one, of none, is not written."""
    return b"".join(chunk(data[at : at + size]) for at in range(0, len(data), size))


def completion(text: Any = "hello", finish: Any = "stop", **more: Any) -> bytes:
    """Write a whole answer."""
    message = {"role": "assistant", "content": text}
    return orjson.dumps({"choices": [{"index": 0, "message": message, "finish_reason": finish}], **more})


def sized(body: bytes, kind: str | None = JSON, *more: str, status: str = "200 OK") -> bytes:
    """Write head and body with their length."""
    return head(kind, f"Content-Length: {len(body)}", *more, status=status) + body


def complaint(status: str, message: str = "no such luck", *more: str, **error: Any) -> bytes:
    """Write an error in OpenAI's form."""
    return sized(orjson.dumps({"error": {"message": message, **error}}), JSON, *more, status=status)


def packed(data: bytes, bits: int = 31) -> bytes:
    """Compress: 31 window bits are gzip, 15 zlib, -15 bare deflate."""
    packer = zlib.compressobj(wbits=bits)
    return packer.compress(data) + packer.flush()


def bomb(before: bytes, after: bytes, *, megabytes: int) -> bytes:
    """Compress blanks between two texts; each million of them is the same few bytes, made once."""
    blanks, packer = b" " * 1_000_000, zlib.compressobj(wbits=-15)
    begin = packer.compress(before) + packer.flush(zlib.Z_FULL_FLUSH)
    million = packer.compress(blanks) + packer.flush(zlib.Z_FULL_FLUSH)
    end = packer.compress(after) + packer.flush()
    check = zlib.crc32(before)
    for _ in range(megabytes):
        check = zlib.crc32(blanks, check)
    check, size = zlib.crc32(after, check), len(before) + megabytes * len(blanks) + len(after)
    tail = check.to_bytes(4, "little") + size.to_bytes(4, "little")
    return b"\x1f\x8b\x08" + bytes(6) + b"\xff" + begin + million * megabytes + end + tail


DONE = b"data: [DONE]\n\n"
CHUNKED = "Transfer-Encoding: chunked"
END = b"0\r\n\r\n"
ALL = events("hel", "lo")
HALF = event("hel")
