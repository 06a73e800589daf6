"""Bodies of answers: their form, their JSON, and `BodyReader`, which all native dialects read with.

A dialect says what one frame of its stream means (`_frame`), what a whole answer means (`_answer`), and what
is left to say at the end (`_closing`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from io import StringIO
from typing import Any

from g4f_nb.chunks import Chunk, ProviderInfo
from g4f_nb.errors import G4FError, StreamInterruptedError, UnreadableResponseError
from g4f_nb.failures import as_text, error_for, excerpt, read_complaint
from g4f_nb.providers.answerer import HEAD
from g4f_nb.providers.frames import form_of, sniff
from g4f_nb.providers.lenient import read_json, string
from g4f_nb.secret import Secret, redact
from g4f_nb.sse import DEFAULT_LIMIT, Event, EventStreamDecoder, LineDecoder, too_long

__all__ = ["BodyReader", "items", "string"]


def items(value: Any) -> list[dict[str, Any]]:
    """The objects of what should be a list of objects."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


class BodyReader(ABC):
    """Reads one answer: `feed` pieces, then `finish`; `done` says that nothing more is to come."""

    # What an error is called in a payload, where no status comes with it.
    statuses: Mapping[str, int] = {}
    dialect = ""

    def __init__(
        self,
        media_type: str,
        *,
        provider: str,
        model: str,
        url: str,
        secret: Secret | None = None,
        limit: int = DEFAULT_LIMIT,
    ) -> None:
        self.done = False
        self.started = False
        self.finish_reason: str | None = None
        self.failure: G4FError | None = None
        self.about: dict[str, Any] = {"provider": provider, "model": model, "secret": secret}
        self._url = url
        self._form = form_of(media_type)
        self._media_type = media_type
        self._limit = limit
        self._head = bytearray()
        self._held: list[str | Chunk] = []
        self._events: EventStreamDecoder | None = None
        self._lines: LineDecoder | None = None
        self._whole: list[bytes] = []
        self._whole_size = 0
        self._understood = False
        self._introduced = False
        self._text = StringIO()

    @property
    def partial(self) -> str:
        """The text that has arrived so far."""
        return self._text.getvalue()

    def feed(self, piece: bytes) -> list[str | Chunk]:
        """Take the next piece of the body and give the chunks that it completes."""
        if self._form == "unknown":
            self._head += piece
            self._form = sniff(bytes(self._head))
            if self._form == "unknown":
                if len(self._head) > HEAD:
                    raise self.unreadable(bytes(self._head))
                return []
            piece = bytes(self._head)
            self._head.clear()
        if self._form == "events":
            if not self._understood and len(self._head) < HEAD:
                self._head += piece[:HEAD]
            if self._events is None:
                self._events = EventStreamDecoder(limit=self._limit)
            return self._frames(self._events.feed(piece))
        if self._form == "lines":
            if self._lines is None:
                self._lines = LineDecoder(limit=self._limit)
            return self._frames([Event(line) for line in self._lines.feed(piece)])
        self._whole.append(piece)
        self._whole_size += len(piece)
        if self._whole_size > self._limit:
            raise too_long(self._limit)
        return []

    def finish(self) -> list[str | Chunk]:
        """The body has ended: give what was held back, or raise if the answer is none or not whole."""
        out: list[str | Chunk] = []
        if self._form == "json":
            self._read_whole(b"".join(self._whole), out)
        elif self._events is not None and not self.done:
            out = self._frames(self._events.flush())
        elif self._lines is not None and not self.done:
            out = self._frames([Event(line) for line in self._lines.flush()])
        if not self._understood:
            head = bytes(self._head).strip()
            if not head.startswith((b"{", b"[")):
                raise self.unreadable(head)
            self._read_whole(head, out)
        out, self._held = self._held + out, []
        if self.finish_reason is None:
            raise StreamInterruptedError(
                f"the stream from {self.about['provider']} ended in the middle of the answer, after "
                f"{len(self.partial)} characters: ask again; .partial holds what had arrived",
                provider=self.about["provider"],
                model=self.about["model"],
                partial=self.partial or None,
            )
        self._closing(out)
        self.started = self.done = True
        return out

    def _frames(self, events: list[Event]) -> list[str | Chunk]:
        out, self._held = self._held, []
        for event in events:
            if self.done:
                break
            if event.data == b"[DONE]":
                # Not of these dialects, but of gateways that speak all of them.
                self.done = True
                break
            if event.data and not event.data.isspace():
                self._take(self._parsed(event.data), event.event, out)
        if not self.started and not any(not isinstance(chunk, ProviderInfo) for chunk in out):
            # Who answers is told with the first content: until then a broken stream may be asked again.
            self._held = out
            return []
        self.started = True
        return out

    def _take(self, frame: Any, name: str, out: list[str | Chunk]) -> None:
        self.complain(frame)
        if isinstance(frame, dict):
            frame.setdefault("type", name)
            self._frame(frame, out)

    def _read_whole(self, body: bytes, out: list[str | Chunk]) -> None:
        data = self._parsed(body)
        self.complain(data)
        if isinstance(data, list) and data:
            # A stream that came as one array.
            for frame in items(data):
                self._take(frame, "message", out)
        elif isinstance(data, dict):
            self._answer(data, out)
        if not self._understood:
            raise self.unreadable(body)

    @abstractmethod
    def _frame(self, frame: dict[str, Any], out: list[str | Chunk]) -> None:
        """Take one frame of a stream."""

    @abstractmethod
    def _answer(self, data: dict[str, Any], out: list[str | Chunk]) -> None:
        """Take a whole answer."""

    @abstractmethod
    def _closing(self, out: list[str | Chunk]) -> None:
        """Say what only the end can say: tool calls, why it ended, sources, usage."""

    def say(self, text: Any, out: list[str | Chunk]) -> None:
        """Give a piece of the answer's text."""
        if isinstance(text, str) and text:
            self._text.write(text)
            out.append(text)

    def introduce(self, model: Any, out: list[str | Chunk]) -> None:
        """Say once who answers; the frame was understood."""
        self._understood = True
        if not self._introduced:
            self._introduced = True
            named = model if isinstance(model, str) and model else self.about["model"]
            out.append(ProviderInfo(self.about["provider"], named, self._url))

    def complain(self, frame: Any) -> None:
        """Raise the error that a payload holds, if it does."""
        complaint = read_complaint(frame)
        if complaint is None:
            return
        status = complaint.status or self.statuses.get((complaint.code or "").lower())
        error: G4FError = error_for(complaint, status=status, body=as_text(frame), **self.about)
        error.partial = self.partial or None
        raise error

    def unreadable(self, data: bytes) -> UnreadableResponseError:
        """The error for what is no answer of this dialect, with an excerpt."""
        text = redact(data[:HEAD].decode(errors="replace"), self.about["secret"])
        shown = excerpt(text, secret=self.about["secret"])
        kind = self._media_type or "no content type"
        return UnreadableResponseError(
            f"{self.about['provider']} sent no answer but {shown!r} ({kind}): check that "
            f"{self._url} speaks {self.dialect}",
            provider=self.about["provider"],
            model=self.about["model"],
            body=text,
            partial=self.partial or None,
        )

    def _parsed(self, data: bytes) -> Any:
        try:
            return read_json(data)
        except ValueError:
            pass
        # Outside of the handler, for the parser's error would hold the text.
        raise self.unreadable(data)
