"""A body to its frames, the JSON values in it: an event stream, lines, or one value.

The content type says which; where it says nothing, or something else than what comes, the first bytes do.
"""

from __future__ import annotations

from g4f_nb.providers.reading.answerer import HEAD
from g4f_nb.wire.sse import DEFAULT_LIMIT, EventStreamDecoder, LineDecoder, too_long

_LINES = {
    "application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines",
    "application/jsonlines", "application/json-lines", "text/x-ndjson",
}  # fmt: skip
_BOM = b"\xef\xbb\xbf"
_OPENERS = (b"{", b"[")
_EVENT_LINES = (b"data:", b"event:", b":", b"id:", b"retry:")


class Frames:
    """Takes a body piece by piece, and gives the bytes of each frame; pure.

    `form` is "events", "lines", "json" (one value, given by `whole` at the end), "unknown" as long as that
    cannot be told, or "none".
    `head` is its beginning, for an error; kept as long as `keeps_head` says.
    """

    def __init__(self, media_type: str, *, limit: int = DEFAULT_LIMIT) -> None:
        self.form = form_of(media_type)
        self.head = bytearray()
        self.keeps_head = True
        self._decided = self.form in ("lines", "json")
        self._limit = limit
        self._events: EventStreamDecoder | None = None
        self._lines: LineDecoder | None = None
        self._whole: list[bytes] = []
        self._size = 0

    def feed(self, piece: bytes) -> list[bytes]:
        """Take the next piece and give the frames that it completes."""
        if self.keeps_head and len(self.head) < HEAD:
            self.head += piece[: HEAD - len(self.head)]
        if not self._decided:
            piece = self._decide(piece)
        if self.form == "events":
            if self._events is None:
                self._events = EventStreamDecoder(limit=self._limit)
            return self._events.feed_data(piece)
        if self.form == "lines":
            if self._lines is None:
                self._lines = LineDecoder(limit=self._limit)
            return self._lines.feed(piece)
        self._whole.append(piece)
        # While its form is not known, the pieces are joined each time: they are few.
        self._size = len(piece) if self.form == "unknown" else self._size + len(piece)
        if self._size > self._limit:
            raise too_long(self._limit)
        return []

    def flush(self) -> list[bytes]:
        """The body has ended: give the frame that was still open."""
        if self._events is not None:
            return [event.data for event in self._events.flush()]
        return [] if self._lines is None else self._lines.flush()

    def whole(self) -> bytes:
        """All of a body that is one value."""
        return b"".join(self._whole)

    def read_again(self) -> list[bytes]:
        """The frames of a body that was called one value and is not: of events, else of lines."""
        body = self.whole()
        if _looks_like_events(body):
            decoder = EventStreamDecoder(limit=self._limit)
            return [event.data for event in (*decoder.feed(body), *decoder.flush())]
        return [line.strip() for line in body.removeprefix(_BOM).splitlines() if line.strip()]

    def _decide(self, piece: bytes) -> bytes:
        """Look at the first bytes, and give what is to be read now.

        JSON under an event stream's name is told from one by its first sign.
        """
        if self.form == "unknown":
            piece = b"".join([*self._whole, piece])
            self._whole.clear()
        text = piece.removeprefix(_BOM).lstrip()
        if text.startswith(_OPENERS):
            self.form, self._decided = "json", True
        elif self.form == "unknown" and _looks_like_events(text):
            self.form = "events"
        elif self.form == "unknown" and len(piece) > HEAD:
            self.form, self._decided = "none", True
        if self.form == "events":
            self._decided = bool(text)
        return piece


def form_of(media_type: str) -> str:
    """`events`, `lines`, `json`, or `unknown` where only the body itself can tell."""
    if media_type == "text/event-stream":
        return "events"
    if media_type in _LINES:
        return "lines"
    if media_type in ("application/json", "text/json") or (
        media_type.startswith("application/") and media_type.endswith("+json")
    ):
        return "json"
    return "unknown"


def _looks_like_events(body: bytes) -> bool:
    return body.removeprefix(_BOM).lstrip().startswith(_EVENT_LINES)
