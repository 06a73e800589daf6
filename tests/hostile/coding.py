"""How an answer's text is encoded: compression that lies, bombs, character sets, bytes that are no text."""

from __future__ import annotations

import sys

import brotli

from g4f_nb import errors

from .cases import (
    ALL,
    CHUNKED,
    DONE,
    END,
    HELLO,
    JSON,
    STREAM,
    Text,
    bomb,
    case,
    chunk,
    completion,
    event,
    events,
    fails,
    frame,
    head,
    packed,
    sized,
)  # fmt: skip
from .server import KEEP, Again, Slowly

_BROKEN = errors.StreamInterruptedError
_UNREADABLE = errors.UnreadableResponseError
_whole = completion()
_two = event("hel") + event("lo")
# Newer Pythons bring the coding along.
_ZSTD = sys.version_info >= (3, 14)


def _coded(body: bytes, coding: str, kind: str = JSON) -> bytes:
    return sized(body, kind, f"Content-Encoding: {coding}")


_BOMB = bomb(b"data: ", b"\n\n", megabytes=200)

COMPRESSED = [
    case("gzip", "gzip is read.", _coded(packed(_whole), "gzip"), KEEP, outcome=HELLO),
    case(
        "gzip-stream", "A stream in gzip is read.", _coded(packed(ALL), "gzip", STREAM), KEEP, outcome=HELLO
    ),
    case("zlib", "deflate is read as zlib.", _coded(packed(_whole, 15), "deflate"), KEEP, outcome=HELLO),
    case(
        "deflate-bare",
        "deflate is read as bare deflate, too, as some servers send it.",
        _coded(packed(_whole, -15), "deflate"),
        KEEP,
        outcome=HELLO,
    ),
    case("brotli", "br is read.", _coded(brotli.compress(_whole), "br"), KEEP, outcome=HELLO),
    case(
        "gzip-in-capitals",
        "A coding's name has no case.",
        _coded(packed(_whole), "GZip"),
        KEEP,
        outcome=HELLO,
    ),
    case("coding-identity", "identity is no coding.", _coded(_whole, "identity"), KEEP, outcome=HELLO),
    case("coding-empty", "A coding without a name is none.", _coded(_whole, ""), KEEP, outcome=HELLO),
    case(
        "gzip-members",
        "Several members of gzip in a row are one answer.",
        _coded(packed(_two) + packed(event(finish_reason="stop") + DONE), "gzip", STREAM),
        KEEP,
        outcome=HELLO,
    ),
    case(
        "gzip-in-pieces",
        "gzip that comes byte by byte is read.",
        head(STREAM, f"Content-Length: {len(packed(ALL))}", "Content-Encoding: gzip"),
        Slowly(packed(ALL), 0.001),
        KEEP,
        outcome=HELLO,
    ),
    case(
        "gzip-cut-after-done",
        "After [DONE] the missing end of gzip costs nothing.",
        _coded(packed(ALL + b": " + b"x" * 500)[:-8], "gzip", STREAM),
        outcome=HELLO,
    ),
    case(
        "gzip-cut",
        "gzip that breaks off is an interrupted answer.",
        head(STREAM, CHUNKED, "Content-Encoding: gzip") + chunk(packed(_two)[:-12]),
        outcome=fails(_BROKEN, partial="hel"),
    ),
    case(
        "gzip-cut-properly",
        "gzip that breaks off in a body that ends as it should is an interrupted answer.",
        _coded(packed(_two + event("more"))[:-20], "gzip", STREAM),
        KEEP,
        outcome=fails(_BROKEN, partial="hel"),
    ),
    case(
        "gzip-wrong-sum",
        "A wrong checksum is told.",
        _coded(packed(_whole)[:-8] + b"\0" * 8, "gzip"),
        KEEP,
        outcome=fails(_BROKEN, "Can not decode content-encoding: gzip"),
    ),
    case(
        "gzip-that-is-none",
        "What is called gzip and is none is told.",
        _coded(_whole, "gzip"),
        KEEP,
        outcome=fails(_BROKEN, "gzip"),
    ),
    case(
        "brotli-that-is-none",
        "What is called br and is none is told.",
        _coded(_whole, "br"),
        KEEP,
        outcome=fails(_BROKEN, "br"),
    ),
    case(
        "gzip-unsaid",
        "gzip under no name is no answer.",
        sized(packed(_whole)),
        KEEP,
        outcome=fails(_UNREADABLE, "sent no chat answer"),
    ),
    case(
        "zstd-unasked",
        "A coding that nobody asked for is named.",
        _coded(b"\x28\xb5\x2f\xfd" + b"\0" * 40, "zstd"),
        KEEP,
        outcome=fails(errors.ResponseError, "zst"),
    ),
    case(
        "coding-unknown",
        "A coding that nobody knows is named.",
        _coded(b"\xff\x06\0\0sNaPpY", "snappy"),
        KEEP,
        outcome=fails(errors.ResponseError, "snappy"),
    ),
    case(
        "coding-twice",
        "Two codings over each other are named.",
        _coded(packed(packed(_whole)), "gzip, gzip"),
        KEEP,
        outcome=fails(errors.ResponseError, "gzip, gzip"),
    ),
    case(
        "coding-claimed-only",
        "An unknown coding's name on a plain answer costs nothing.",
        _coded(_whole, "aws-chunked"),
        KEEP,
        outcome=HELLO,
    ),
    case(
        "gzip-bomb",
        "200 MB of nothing in 200 kB are not read into memory: the cap of one event holds.",
        _coded(_BOMB, "gzip", STREAM),
        outcome=fails(_UNREADABLE, "max_event_bytes"),
        within=20,
    ),
    case(
        "gzip-bomb-json",
        "The cap holds for a whole answer, too.",
        _coded(_BOMB, "gzip"),
        outcome=fails(_UNREADABLE, "max_event_bytes"),
        within=20,
    ),
    case(
        "gzip-bomb-as-error",
        "An error's body that is a bomb is cut.",
        sized(_BOMB, "text/plain", "Content-Encoding: gzip", status="500 X"),
        outcome=fails(errors.ServerError, "Error 500"),
        within=20,
    ),
    case(
        "error-in-gzip",
        "An error's body may be compressed.",
        sized(packed(b'{"error": {"message": "no luck"}}'), JSON, "Content-Encoding: gzip", status="400 X"),
        KEEP,
        outcome=fails(errors.BadRequestError, "no luck", status=400),
    ),
    case(
        "error-in-gzip-that-is-none",
        "An error whose body cannot be read is still that error.",
        sized(b'{"error": {"message": "no luck"}}', JSON, "Content-Encoding: gzip", status="401 X"),
        KEEP,
        outcome=fails(errors.MissingAuthError, "Error 401", status=401),
    ),
    case(
        "error-in-zstd",
        "An error in a coding that this Python cannot read is told by that coding.",
        sized(b"\x28\xb5\x2f\xfd....", JSON, "Content-Encoding: zstd", status="429 X"),
        KEEP,
        outcome=fails(errors.RateLimitError, "429") if _ZSTD else fails(_UNREADABLE, "zstd"),
    ),
]

_utf16 = "﻿" + _whole.decode()
_greek = "γειά 👋🏽 " * 3

_halves = (
    rb"a\ud83d", rb"\udc4b\uD83D", rb"\uDC4Bb\ud83d", rb"c\ud83d", rb"\udc4b", rb"\ud83d", rb"d",
)  # fmt: skip

CHARACTERS = [
    case(
        "utf-8-cut-anywhere",
        "Characters of several bytes may be cut by chunks.",
        head(STREAM, CHUNKED) + b"".join(chunk(bytes([byte])) for byte in events(_greek)) + END,
        KEEP,
        outcome=Text(_greek),
    ),
    case("utf-8-json", "UTF-8 is read.", sized(completion(_greek)), KEEP, outcome=Text(_greek)),
    case(
        "utf-8-escaped",
        "Characters written as escapes are read.",
        sized(b'{"choices":[{"message":{"content":"\\u03b3 \\ud83d\\udc4b"},"finish_reason":"stop"}]}'),
        KEEP,
        outcome=Text("\u03b3 👋"),
    ),
    case(
        "charset-wrong",
        "The character set is UTF-8 whatever its name says, as JSON's always is.",
        sized(completion(_greek), f"{JSON}; charset=iso-8859-1"),
        KEEP,
        outcome=Text(_greek),
    ),
    case(
        "charset-unknown",
        "A character set that does not exist costs nothing.",
        sized(events(_greek), f"{STREAM}; charset=klingon"),
        KEEP,
        outcome=Text(_greek),
    ),
    case(
        "latin-1",
        "A byte that is no UTF-8 becomes U+FFFD, the rest is kept.",
        sized(_whole.replace(b"hello", b"h\xe9llo"), f"{JSON}; charset=latin-1"),
        KEEP,
        outcome=Text("h\ufffdllo"),
    ),
    case(
        "latin-1-stream",
        "The same in a stream.",
        sized(ALL.replace(b"hel", b"h\xe9l"), STREAM),
        KEEP,
        outcome=Text("h\ufffdllo"),
    ),
    case(
        "utf-8-cut-for-good",
        "Half a character at the end of an event becomes U+FFFD.",
        sized(ALL.replace(b"hel", b"hel\xf0\x9f"), STREAM),
        KEEP,
        outcome=Text("hel\ufffdlo"),
    ),
    case(
        "mark-json",
        "A byte order mark before JSON is skipped.",
        sized(b"\xef\xbb\xbf" + _whole),
        KEEP,
        outcome=HELLO,
    ),
    case(
        "mark",
        "A byte order mark before a stream is skipped.",
        sized(b"\xef\xbb\xbf" + ALL, STREAM),
        KEEP,
        outcome=HELLO,
    ),
    case(
        "utf-16",
        "JSON in UTF-16 with its mark is read.",
        sized(_utf16.encode("utf-16-le"), f"{JSON}; charset=utf-16"),
        KEEP,
        outcome=HELLO,
    ),
    case(
        "utf-16-stream",
        "An event stream in UTF-16 is none.",
        sized(ALL.decode().encode("utf-16"), STREAM),
        KEEP,
        outcome=fails(_UNREADABLE, "sent no chat answer"),
    ),
    case(
        "surrogate-alone",
        "Half a surrogate pair becomes U+FFFD.",
        sized(b'{"choices":[{"message":{"content":"a\\ud83d b"},"finish_reason":"stop"}]}'),
        KEEP,
        outcome=Text("a\ufffd b"),
    ),
    case(
        "surrogate-alone-stream",
        "Half a surrogate pair in a stream costs nothing else.",
        sized(b'data: {"choices":[{"delta":{"content":"a\\udc4b"}}]}\n\n' + events("b"), STREAM),
        KEEP,
        outcome=Text("a\ufffdb"),
    ),
    case(
        "surrogates-cut-apart",
        "A character cut in two between events, as servers in JavaScript do, is put together.",
        head(STREAM, CHUNKED)
        + b"".join(chunk(b'data: {"choices":[{"delta":{"content":"%b"}}]}\n\n' % text) for text in _halves)
        + chunk(event(finish_reason="stop") + DONE)
        + END,
        KEEP,
        outcome=Text("a👋👋b\ufffdc👋\ufffdd"),
    ),
    case(
        "surrogates-cut-apart-at-once",
        "The same in one packet.",
        sized(
            b"".join(b'data: {"choices":[{"delta":{"content":"%b"}}]}\n\n' % text for text in _halves)
            + event(finish_reason="stop")
            + DONE,
            STREAM,
        ),
        KEEP,
        outcome=Text("a👋👋b\ufffdc👋\ufffdd"),
    ),
    case(
        "null-character",
        "NUL in a text is a character like any other.",
        sized(completion("a\0b")),
        KEEP,
        outcome=Text("a\0b"),
    ),
    case(
        "line-ends-in-text",
        "Line ends of any kind in a text are kept.",
        sized(events("a\r\nb\rc\nd\u2028e\u2029f\x85g"), STREAM),
        KEEP,
        outcome=Text("a\r\nb\rc\nd\u2028e\u2029f\x85g"),
    ),
    case(
        "white-space",
        "White space at both ends is text.",
        sized(events("  ", " x \n", "\t"), STREAM),
        KEEP,
        outcome=Text("   x \n\t"),
    ),
]

_deep = b'{"a":' * 100_000 + b"1" + b"}" * 100_000

SIZES = [
    case(
        "five-megabytes-in-one-event",
        "An event of 5 MB is read.",
        sized(events("x" * 5_000_000), STREAM),
        KEEP,
        outcome=Text("x" * 5_000_000),
    ),
    case(
        "five-megabytes-of-json",
        "A whole answer of 5 MB is read.",
        sized(completion("x" * 5_000_000)),
        KEEP,
        outcome=Text("x" * 5_000_000),
    ),
    case(
        "ten-thousand-events-at-once",
        "Many small events in one packet are read in order.",
        sized(events(*map(str, range(10_000))), STREAM),
        KEEP,
        outcome=Text("".join(map(str, range(10_000)))),
    ),
    case(
        "deep",
        "JSON deeper than any parser goes is an error of ours.",
        sized(_deep),
        KEEP,
        outcome=fails(_UNREADABLE, "sent no chat answer"),
    ),
    case(
        "deep-in-a-stream",
        "The same in a stream.",
        sized(event("hel") + frame(_deep), STREAM),
        KEEP,
        outcome=fails(_UNREADABLE, "sent no chat answer", partial="hel"),
    ),
    case(
        "deep-beside-the-text",
        "Depth in a field that nobody reads costs nothing as far as the parser goes.",
        sized(_whole[:-1] + b',"more":' + b"[" * 500 + b"]" * 500 + b"}"),
        KEEP,
        outcome=HELLO,
    ),
    case(
        "number-of-ten-thousand-digits",
        "A number that fits nowhere costs nothing.",
        sized(_whole[:-1] + b',"created":' + b"9" * 10_000 + b"}"),
        KEEP,
        outcome=HELLO,
    ),
    case(
        "no-number",
        "NaN and Infinity, which are no JSON, cost nothing.",
        sized(_whole[:-1] + b',"score":NaN,"more":[Infinity,-Infinity]}'),
        KEEP,
        outcome=HELLO,
    ),
    case(
        "events-without-end",
        "One event without end stops at the cap.",
        head(STREAM, CHUNKED),
        Again(chunk(b"data: " + b"x" * 4_000_000), 0.0),
        outcome=fails(_UNREADABLE, "max_event_bytes"),
        within=20,
    ),
]

CASES = [*COMPRESSED, *CHARACTERS, *SIZES]
