"""However a stream is cut into pieces, the events are the same, and they are those of the standard."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from thorough import examples

from g4f_nb.errors import UnreadableResponseError
from g4f_nb.wire import sse
from g4f_nb.wire.sse import Event, EventStreamDecoder, LineDecoder

RECORDED = {
    "openai": b'data: {"id":"1","choices":[{"delta":{"content":"Hi"}}]}\n\n'
    b'data: {"id":"1","choices":[{"delta":{"content":" \xf0\x9f\x91\x8b"}}]}\n\ndata: [DONE]\n\n',
    "crlf": b'data: {"a":1}\r\n\r\ndata: {"a":2}\r\n\r\ndata: [DONE]\r\n\r\n',
    "cr": b"data: one\r\rdata: two\r\r",
    "mixed ends": b"data: one\n\r\ndata: two\r\n\rdata: three\r\r\ndata: four\n\n",
    "byte order mark": b"\xef\xbb\xbfdata: first\n\n",
    "second byte order mark": b"\xef\xbb\xbf\xef\xbb\xbfdata: first\n\ndata: second\n\n",
    "torn byte order mark": b"\xef\xbb",
    "comments": b": keep-alive\n\n:\n: again\ndata: x\n: between\ndata: y\n\n: OPENROUTER PROCESSING\n\n",
    "many lines": b"data: {\ndata:   1\ndata: }\n\n",
    "no space": b"data:{}\n\ndata:  two spaces\n\n",
    "all fields": b"event: add\nid: 7\nretry: 3000\ndata: x\n\ndata: y\n\nid\ndata: z\n\n",
    "NULL in id": b"id: 7\ndata: x\n\nid: 8\0\ndata: y\n\n",
    "no last line end": b"data: x\n\ndata: last",
    "no last blank line": b"data: x\n\ndata: last\n",
    "empty data": b"data\n\ndata\ndata\n\ndata:\n\nevent: nothing\n\ndata: x\n\n",
    "unknown fields": b"foo: bar\ndata: x\nDATA: y\n data: z\n\n\n\n\ndata: w\n\n",
    "retry, wrong": b"retry: -1\ndata: x\n\nretry: 1e3\n\nretry: \xc2\xb2\n\n",
    "no UTF-8": b"data: \xff\xfe\n\nevent: \xff\ndata: x\n\n",
    "nothing": b"",
}


def _reference(stream: bytes) -> list[Event]:
    """The standard's words, one line after the other; an event that is open at the end counts, too."""
    lines = re.split(rb"\r\n|\r|\n", stream.removeprefix(b"\xef\xbb\xbf"))
    events, data, kind, last_id = [], [], "", ""
    for line in [*lines, b""]:
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if not line:
            if data:
                events.append(Event(b"\n".join(data), kind or "message", last_id))
            data, kind = [], ""
        elif name == b"data":
            data.append(value)
        elif name == b"event":
            kind = value.decode(errors="replace")
        elif name == b"id" and b"\0" not in value:
            last_id = value.decode(errors="replace")
    return events


def _decoded(pieces) -> list[Event]:
    decoder, short = EventStreamDecoder(), EventStreamDecoder()
    events = [event for piece in pieces for event in decoder.feed(piece)] + decoder.flush()
    # The short way to the data alone is the same, wherever the cuts fall.
    datas = [data for piece in pieces for data in short.feed_data(piece)]
    assert datas + [event.data for event in short.flush()] == [event.data for event in events]
    return events


def _cut(stream: bytes, places) -> list[bytes]:
    edges = [0, *sorted({place % (len(stream) + 1) for place in places}), len(stream)]
    return [stream[start:end] for start, end in pairwise(edges)]


@pytest.mark.parametrize("name", RECORDED)
def test_every_split_in_two_or_three_gives_the_events_of_the_standard(name):
    """No cut changes anything, wherever it falls."""
    stream = RECORDED[name]
    expected = _reference(stream)
    assert _decoded([stream]) == expected
    assert _decoded([stream[at : at + 1] for at in range(len(stream))]) == expected
    size = len(stream)
    for first in range(size + 1):
        for second in {first, min(first + 1, size), (first + size) // 2, size}:
            pieces = [stream[:first], stream[first:second], stream[second:]]
            assert _decoded(pieces) == expected, pieces


_values = st.one_of(
    st.sampled_from(
        [b"", b" ", b"x", b" x", b": :", b"12", b"7\0", "wörld 👋🏽".encode(), b"\xff", b"[DONE]"]
    ),
    st.binary(max_size=6).map(lambda some: some.translate(None, b"\r\n")),
)
_lines = st.one_of(
    st.just(b""),
    st.tuples(
        st.sampled_from([b"data", b"data", b"data", b"event", b"id", b"retry", b"", b"foo"]),
        st.sampled_from([b":", b": ", b""]),
        _values,
    ).map(b"".join),
)
_streams = st.tuples(
    st.sampled_from([b"", b"", b"\xef\xbb\xbf"]),
    st.lists(st.tuples(_lines, st.sampled_from([b"\n", b"\n", b"\r\n", b"\r", b"\n\n"])).map(b"".join)).map(
        b"".join
    ),
    st.sampled_from([b"", b"", b"data: last", b"data"]),
).map(b"".join)


@examples(400)
@given(_streams, st.lists(st.integers(0, 400), max_size=12))
def test_any_splitting_of_any_stream_gives_the_events_of_the_standard(stream, places):
    """Generated streams, generated cuts, one slow and obviously right decoder to compare with."""
    assert _decoded(_cut(stream, places)) == _reference(stream)


def test_the_time_to_reconnect_is_kept_if_it_is_one():
    """`retry` is digits only; what is none, or longer than any time, changes nothing."""
    decoder = EventStreamDecoder()
    decoder.feed(b"retry: 3000\n\n")
    for wrong in (b"-1", b"1.5", b"soon", b"", b"9" * 5000):
        assert decoder.feed(b"retry: " + wrong + b"\n\n") == []
    assert decoder.retry == 3000


def test_an_event_has_a_kind_and_the_last_id():
    """An id holds until another comes; a kind holds for its own event."""
    events = _decoded([RECORDED["all fields"]])
    assert events == [Event(b"x", "add", "7"), Event(b"y", "message", "7"), Event(b"z", "message", "")]


@pytest.mark.parametrize(
    "stream",
    [b"data: " + b"x" * 300, b"data: x\n" * 60, b"event: " + b"x" * 300, b": " + b"x" * 300],
    ids=["one line", "many lines", "a kind", "a comment"],
)
@pytest.mark.parametrize("step", [1, 7, 50])
def test_an_event_that_outgrows_the_cap_is_refused(stream, step):
    """The memory stays bounded whatever the server sends, and the error names the setting."""
    decoder = EventStreamDecoder(limit=100)
    with pytest.raises(UnreadableResponseError, match=r"longer than 100 bytes.*max_event_bytes"):
        [decoder.feed(stream[at : at + step]) for at in range(0, len(stream), step)]


@pytest.mark.parametrize("step", [50, 4_000, 200_000])
def test_an_event_of_ever_more_short_lines_is_refused(monkeypatch, step):
    """Each line takes memory beside its bytes, so they are counted as well."""
    monkeypatch.setattr(sse, "_MOST_LINES", 1000)
    stream = b"data: x\n" * 20_000
    decoder = EventStreamDecoder()
    with pytest.raises(UnreadableResponseError, match="more than 1,000 lines: check api_base="):
        [decoder.feed(stream[at : at + step]) for at in range(0, len(stream), step)]
    assert len(EventStreamDecoder().feed(b"data: x\n" * 1000 + b"\n")) == 1


def test_events_below_the_cap_pass_however_many_they_are():
    """The cap is for one event, not for the stream."""
    decoder = EventStreamDecoder(limit=100)
    pieces = [b"data: " + b"x" * 60 + b"\n\n", b"data: a\ndata: ", b"b\n\n"] * 50
    assert sum(len(decoder.feed(piece)) for piece in pieces) == 100


def test_the_cap_of_lines():
    """NDJSON has the same cap, for one line."""
    decoder = LineDecoder(limit=100)
    assert decoder.feed(b"x" * 60 + b"\n" + b"y" * 90) == [b"x" * 60]
    with pytest.raises(UnreadableResponseError, match="max_event_bytes"):
        decoder.feed(b"y" * 20)


class _Counted(bytes):
    """Bytes that count how many of them are searched, split or joined anew."""

    __slots__ = ()
    work = 0

    def __contains__(self, other):
        _Counted.work += len(self)
        return super().__contains__(other)


class _Watched(list):
    """A list that counts how often it is gone through."""

    rounds = 0

    def __iter__(self):
        self.rounds += 1
        return super().__iter__()


@pytest.mark.parametrize("kind", ["one line", "many lines", "many lines, CR LF"])
def test_the_cost_of_a_long_event_is_linear(kind, monkeypatch):
    """5 MB in pieces of 1 kB: each byte is looked at a few times, not once for every piece."""
    looked = 0
    size = 5_000_000
    stream = b"data: " + b"x" * size
    if kind != "one line":
        end = b"\r\n" if "CR" in kind else b"\n"
        stream = (b"data: " + b"x" * 40 + end) * (size // 47)

    class Pattern:
        def split(self, piece):
            nonlocal looked
            looked += len(piece)
            return re.split(rb"\r\n|\n|\r", piece)

    monkeypatch.setattr(sse, "_LINE_END", Pattern())
    decoder = EventStreamDecoder()
    decoder._data = _Watched()
    held = []
    for at in range(0, len(stream), 1000):
        assert decoder.feed(_Counted(stream[at : at + 1000])) == []
        held.append(sum(map(len, decoder._pending)))
    _Counted.work, looked_by_contains = 0, _Counted.work
    assert decoder._data.rounds == 0
    assert looked + looked_by_contains < 4 * size
    assert kind == "one line" or max(held) < 50_000
    assert [len(event.data) > 4_000_000 for event in decoder.feed(b"\n\n")] == [True]
    assert looked < 6 * size


@examples(200)
@given(
    st.lists(st.sampled_from([b"{}", b'{"a":"\xc3\xa9"}', b"", b"  ", b"\r", b"1"])),
    st.booleans(),
    st.lists(st.integers(0, 200), max_size=8),
)
def test_any_splitting_of_lines_gives_the_same_lines(lines, ended, places):
    """NDJSON: one value a line, blank lines mean nothing, the last needs no line end."""
    stream = b"\n".join(lines) + (b"\n" if ended else b"")
    decoder = LineDecoder()
    found = [line for piece in _cut(stream, places) for line in decoder.feed(piece)] + decoder.flush()
    assert found == [line.strip() for line in lines if line.strip()]
