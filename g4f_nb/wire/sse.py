"""Bytes to events: the event-stream and NDJSON decoders, as pure state machines without I/O.

Each takes a piece of any size with `feed` and says `flush` at the end. However a stream is cut into
pieces, the events are the same.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from g4f_nb.errors import UnreadableResponseError

DEFAULT_LIMIT = 64 * 1024 * 1024
# Of one event; a line takes some sixty bytes of memory however short it is.
_MOST_LINES = 1_000_000
_BOM = b"\xef\xbb\xbf"
_LINE_END = re.compile(rb"\r\n|\n|\r")
# Above this, an unfinished event is taken apart line by line instead of being joined again and again.
_LONG_TAIL = 16 * 1024
# `retry:` is milliseconds; more digits than this are no time that anybody waits.
_LONGEST_RETRY = 12


class Event(NamedTuple):
    """One dispatched event; `data` stays bytes, for the JSON parser takes bytes."""

    data: bytes
    event: str = "message"
    id: str = ""


class EventStreamDecoder:
    """Reads `text/event-stream` by the WHATWG rules, with one leniency at the end of the stream.

    A last event without its blank line is given by `flush`, where a browser would drop it: servers that
    forget the final line end are common, and the text in it was paid for.
    """

    def __init__(self, *, limit: int = DEFAULT_LIMIT) -> None:
        self.retry: int | None = None
        self._limit = limit
        self._at_start = True
        self._skip_lf = False
        self._pending: list[bytes] = []
        self._size = 0
        self._data: list[bytes] = []
        self._data_size = 0
        self._type = ""
        self._id = ""
        self._in_event = False

    def feed(self, piece: bytes) -> list[Event]:
        """Take the next piece and give the events that it completes."""
        if self._at_start:
            piece = self._without_bom(piece)
        if self._skip_lf and piece:
            piece = piece.removeprefix(b"\n")
            self._skip_lf = False
        if not piece:
            return []
        if self._pending:
            self._pending.append(piece)
            if b"\n" not in piece and b"\r" not in piece:
                self._grow(len(piece))
                return []
            piece = b"".join(self._pending)
            self._pending.clear()
        events: list[Event] = []
        if not self._in_event and b"\r" not in piece:
            piece = self._whole_events(piece, events)
        if piece and (self._in_event or b"\r" in piece or len(piece) > _LONG_TAIL):
            piece = self._lines(piece, events)
        if piece:
            self._pending.append(piece)
        self._size = self._data_size
        self._grow(len(piece))
        return events

    def feed_data(self, piece: bytes) -> list[bytes]:
        """`feed` for whoever wants the data alone; whole events of one line go a short way."""
        if self._at_start and piece.startswith(b"data:") and not self._pending:
            self._at_start = False
        if self._at_start or self._skip_lf or self._pending or self._in_event or b"\r" in piece:
            return [event.data for event in self.feed(piece)]
        *blocks, tail = piece.split(b"\n\n")
        datas = [block[6:] for block in blocks if block.startswith(b"data: ") and b"\n" not in block]
        if len(datas) < len(blocks) or len(tail) > _LONG_TAIL:
            return [event.data for event in self.feed(piece)]
        if tail:
            self._pending.append(tail)
        self._size = 0
        self._grow(len(tail))
        return datas

    def flush(self) -> list[Event]:
        """End the stream and give what was still open."""
        events: list[Event] = []
        rest = b"".join(self._pending)
        self._pending.clear()
        if self._at_start:
            rest = b""
        elif rest:
            self._lines(rest + b"\n", events)
        self._dispatch(events)
        return events

    def _whole_events(self, piece: bytes, events: list[Event]) -> bytes:
        """The common case, one `data: …` line an event; give back what follows the last blank line."""
        *blocks, tail = piece.split(b"\n\n")
        for block in blocks:
            if block.startswith(b"data: ") and b"\n" not in block:
                events.append(Event(block[6:], "message", self._id))
            else:
                self._lines(block + b"\n\n", events)
        return tail

    def _lines(self, piece: bytes, events: list[Event]) -> bytes:
        """Read every finished line of a piece; give back the unfinished one."""
        *lines, rest = _LINE_END.split(piece)
        # A CR at the very end may be the first half of a CRLF.
        self._skip_lf = piece.endswith(b"\r")
        for line in lines:
            if line:
                self._field(line)
            else:
                self._dispatch(events)
        return rest

    def _field(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        self._in_event = True
        if name == b"data":
            self._data.append(value)
            self._data_size += len(value)
            if len(self._data) > _MOST_LINES:
                raise UnreadableResponseError(
                    f"one event of the stream has more than {_MOST_LINES:,} lines: check api_base="
                )
        elif name == b"event":
            self._type = value.decode(errors="replace")
        elif name == b"id" and b"\0" not in value:
            self._id = value.decode(errors="replace")
        elif name == b"error" and value.startswith(b"{"):
            # A field of llama.cpp's own, in the place of an event of that type.
            self._data.append(b'{"error":%b}' % value)
        elif name == b"retry" and value.isdigit() and len(value) <= _LONGEST_RETRY:
            self.retry = int(value)

    def _dispatch(self, events: list[Event]) -> None:
        if self._data:
            events.append(Event(b"\n".join(self._data), self._type or "message", self._id))
        self._data = []
        self._data_size = 0
        self._type = ""
        self._in_event = False

    def _without_bom(self, piece: bytes) -> bytes:
        piece = b"".join(self._pending) + piece
        self._pending.clear()
        if len(piece) < len(_BOM) and _BOM.startswith(piece):
            self._pending.append(piece)
            return b""
        self._at_start = False
        return piece.removeprefix(_BOM)

    def _grow(self, size: int) -> None:
        self._size += size
        if self._size > self._limit:
            raise too_long(self._limit)


class LineDecoder:
    """Reads NDJSON: one value a line, blank lines mean nothing."""

    def __init__(self, *, limit: int = DEFAULT_LIMIT) -> None:
        self._limit = limit
        self._pending: list[bytes] = []
        self._size = 0

    def feed(self, piece: bytes) -> list[bytes]:
        """Take the next piece and give the lines that it completes."""
        self._pending.append(piece)
        self._size += len(piece)
        if b"\n" not in piece:
            if self._size > self._limit:
                raise too_long(self._limit)
            return []
        *lines, rest = b"".join(self._pending).split(b"\n")
        self._pending = [rest]
        self._size = len(rest)
        return [line.strip() for line in lines if line.strip()]

    def flush(self) -> list[bytes]:
        """End the stream and give the line that was still open."""
        rest = b"".join(self._pending).strip()
        self._pending.clear()
        return [rest] if rest else []


def too_long(limit: int) -> UnreadableResponseError:
    """The error for an event that outgrows the cap."""
    return UnreadableResponseError(
        f"one event of the stream is longer than {limit:,} bytes: "
        "if that is meant, raise the cap with the setting max_event_bytes (G4F_NB_MAX_EVENT_BYTES)"
    )
