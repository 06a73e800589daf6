"""The standard's own cases for event streams, as facts: what a stream holds, and the events of it.

The web platform tests send each of these to a browser (`eventsource/format-*`). One leniency is ours: an
event that is still open when the stream ends counts, where a browser drops it; those say so.
"""

from __future__ import annotations

import pytest

from g4f_nb.wire.sse import Event, EventStreamDecoder

_LONG = b":" + b"\0" * 2048


def _texts(*datas: bytes) -> list[Event]:
    return [Event(data) for data in datas]


STREAMS = {
    "a mark at the start is skipped, later ones are text": (
        b"\xef\xbb\xbfdata:1\n\n\xef\xbb\xbfdata:2\n\ndata:3\n\n",
        _texts(b"1", b"3"),
    ),
    "of two marks one is text": (
        b"\xef\xbb\xbf\xef\xbb\xbfdata:1\n\ndata:2\n\ndata:3\n\n",
        _texts(b"2", b"3"),
    ),
    "comments of any length, with any line end": (
        b"data:1\r:\0\n:\r\ndata:2\n" + _LONG + b"\rdata:3\n:data:fail\r" + _LONG + b"\ndata:4\n\n",
        _texts(b"1\n2\n3\n4"),
    ),
    "data before the end without an empty line (given here, dropped by a browser)": (
        b"retry:1000\ndata:test1\n\nid:test\ndata:test2",
        [Event(b"test1"), Event(b"test2", "message", "test")],
    ),
    "data with and without colon (the last one is open)": (
        b"data:\n\ndata\ndata\n\ndata:test",
        _texts(b"", b"\n", b"test"),
    ),
    "the name of one event is not that of the next": (
        b"event:test\ndata:x\n\ndata:x\n\n",
        [Event(b"x", "test"), Event(b"x")],
    ),
    "an empty name is the usual one": (b"event: \ndata:data\n\n", _texts(b"data")),
    "the id stays until another comes": (
        b"id: 1\ndata: x\n\ndata: y\n\nid: 2\ndata: z\n\n",
        [Event(b"x", id="1"), Event(b"y", id="1"), Event(b"z", id="2")],
    ),
    "an empty id takes it back": (
        b"id: 1\ndata: x\n\nid\ndata: y\n\nid:\ndata: z\n\n",
        [Event(b"x", id="1"), Event(b"y"), Event(b"z")],
    ),
    "an id with NUL is none": (
        b"id: 1\ndata: x\n\nid: \0\0\ndata: y\n\nid: 2\0\ndata: z\n\n",
        [Event(b"x", id="1"), Event(b"y", id="1"), Event(b"z", id="1")],
    ),
    "an id alone makes no event": (b"id: 1\n\ndata: x\n\n", [Event(b"x", id="1")]),
    "a field is its exact name": (
        (
            b"data:\0\ndata:  2\rData:1\ndata\0:2\ndata:1\r\0data:4\nda-ta:3\rdata_5\ndata:3\rdata:\r\n"
            b" data:32\ndata:4\n\n"
        ),
        _texts(b"\0\n 2\n1\n3\n\n4"),
    ),
    "one space behind the colon, no other": (
        b"data:\ttest\rdata: \ndata:test\n\n",
        _texts(b"\ttest\n\ntest"),
    ),
    "lines may end three ways, mixed": (b"data:test\r\ndata\ndata:test\r\n\r\n", _texts(b"test\n\ntest")),
    "NUL is a character": (b"data:\0\n\n\n\n", _texts(b"\0")),
    "unknown fields are skipped": (
        b"data:test\n data\ndata\nfoobar:xxx\njustsometext\n:thisisacommentyay\ndata:test\n\n",
        _texts(b"test\n\ntest"),
    ),
    "text is UTF-8": ("data:ok…\n\n".encode(), _texts("ok…".encode())),
    "an event without data is none": (b"event: x\n\nid: 1\n\nretry: 5\n\n: y\n\n", []),
}  # fmt: skip

TIMES = {
    "a number": (b"retry:3000\ndata:x\n\n", 3000),
    "leading zeros": (b"retry: 0003\n\n", 3),
    "not only digits": (b"retry:3000\nretry:1000x\ndata:x\n\n", 3000),
    "empty": (b"retry:3000\nretry\nretry:\ndata:test\n\n", 3000),
    "negative": (b"retry: -1\n\n", None),
    "none": (b"data: x\n\n", None),
}


def _events(*pieces: bytes) -> list[Event]:
    decoder = EventStreamDecoder()
    return [event for piece in pieces for event in decoder.feed(piece)] + decoder.flush()


@pytest.mark.parametrize("stream", STREAMS.values(), ids=STREAMS)
def test_a_stream_of_the_standard(stream):
    """Whole, byte by byte, and cut in two at every place."""
    data, expected = stream
    assert _events(data) == expected
    assert _events(*[data[at : at + 1] for at in range(len(data))]) == expected
    for cut in range(0, len(data), max(1, len(data) // 200)):
        assert _events(data[:cut], data[cut:]) == expected


@pytest.mark.parametrize("stream", TIMES.values(), ids=TIMES)
def test_a_time_of_the_standard(stream):
    """`retry` is digits alone; anything else changes nothing."""
    data, expected = stream
    decoder = EventStreamDecoder()
    decoder.feed(data)
    assert decoder.retry == expected


def test_a_field_named_error_that_holds_an_object_is_one():
    """It is llama.cpp's own way; any other value is an unknown field, as the standard says."""
    assert _events(b'error: {"code":500}\n\n') == [Event(b'{"error":{"code":500}}')]
    assert _events(b"error: oh\ndata: x\n\n") == [Event(b"x")]
