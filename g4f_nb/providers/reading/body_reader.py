"""`BodyReader`: what the readers of all native dialects share.

A dialect says what one frame of its stream means (`_frame`), what a whole answer means (`_answer`), and what
is left to say at the end (`_closing`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from io import StringIO
from typing import Any, ClassVar

from g4f_nb.chunks import Chunk, ProviderInfo
from g4f_nb.errors import ContentFilterError, G4FError, UnreadableResponseError, shorten
from g4f_nb.providers.reading.answerer import Answerer, id_of
from g4f_nb.providers.reading.framing import Frames
from g4f_nb.providers.reading.lenient import read_json, string
from g4f_nb.secret import Secret, redact
from g4f_nb.wire.sse import DEFAULT_LIMIT

__all__ = ["BodyReader", "items", "string"]


def items(value: Any) -> list[dict[str, Any]]:
    """The objects of what should be a list of objects."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


class BodyReader(ABC):
    """Reads one answer: `feed` pieces, then `finish`; `done` says that nothing more is to come."""

    # What an error is called in a payload, where no status comes with it.
    statuses: ClassVar[Mapping[str, int]] = {}
    dialect: ClassVar[str] = ""

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
        # Grows with all content that is given later, when it is whole, as that of a tool call is.
        self.held = 0
        self.why_filtered = ""
        self.server = Answerer(
            provider=provider,
            model=model,
            url=url,
            media_type=media_type,
            secret=secret,
            is_what=f"speaks {self.dialect}",
            statuses=self.statuses,
        )
        self._body = Frames(media_type, limit=limit)
        self._held: list[str | Chunk] = []
        self._understood = False
        self._introduced = False
        self._text = StringIO()

    @property
    def partial(self) -> str:
        """The text that has arrived so far."""
        return self._text.getvalue()

    def feed(self, piece: bytes) -> list[str | Chunk]:
        """Take the next piece of the body and give the chunks that it completes."""
        frames = self._body.feed(piece)
        if self._body.form == "none":
            raise self.unreadable(bytes(self._body.head))
        return self._frames(frames)

    def finish(self) -> list[str | Chunk]:
        """The body has ended: give what was held back, or raise if the answer is none or not whole."""
        if self.failure is not None:
            raise self.failure
        out: list[str | Chunk] = []
        if self._body.form == "json":
            self._read_whole(self._body.whole(), out)
        elif not self.done:
            out = self._frames(self._body.flush())
        if not self._understood:
            raise self.unreadable(bytes(self._body.head).strip())
        out, self._held = self._held + out, []
        if self.failure is not None:
            raise self.failure
        if self.finish_reason is None:
            error = self.server.interrupted(self.partial)
            error.partial = error.partial or None
            raise error
        if self.finish_reason == "content_filter" and not self.partial:
            self.finish_reason = None
            raise self._filtered()
        self._closing(out)
        self.started = self.done = True
        return out

    def _frames(self, frames: list[bytes]) -> list[str | Chunk]:
        out, self._held = self._held, []
        try:
            for frame in frames:
                if self.done:
                    break
                if frame == b"[DONE]":
                    # Not of these dialects, but of gateways that speak all of them.
                    self.done = True
                elif frame and not frame.isspace():
                    self._take(self._parsed(frame), out)
        except G4FError as error:
            if not _is_content(out):
                raise
            # What had come before it is given first.
            self.failure = error.with_traceback(None)
        if not self.started and not _is_content(out):
            # Who answers is told with the first content: until then a broken stream may be asked again.
            self._held = out
            return []
        self.started = True
        return out

    def _take(self, frame: Any, out: list[str | Chunk]) -> None:
        self.complain(frame)
        if isinstance(frame, dict):
            self._frame(frame, out)
        if self._understood:
            self._body.keeps_head = False

    def _read_whole(self, body: bytes, out: list[str | Chunk]) -> None:
        data = self._parsed(body)
        self.complain(data)
        if isinstance(data, list) and data:
            # A stream that came as one array.
            for frame in items(data):
                self._take(frame, out)
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

    def introduce(self, model: Any, out: list[str | Chunk], *, said: Any = None) -> None:
        """Say once who answers; the frame was understood. `said` is what the server calls its answer."""
        self._understood = True
        if not self._introduced:
            self._introduced = True
            named = model if isinstance(model, str) and model else self.server.model
            out.append(ProviderInfo(self.server.provider, named, self.server.url, id_of({"id": said})))

    def complain(self, frame: Any) -> None:
        """Raise the error that a payload holds, if it does; what had arrived goes along."""
        try:
            self.server.complain(frame)
        except G4FError as error:
            error.partial = self.partial or None
            raise

    def unreadable(self, data: bytes) -> UnreadableResponseError:
        """The error for what is no answer of this dialect, with an excerpt."""
        error = self.server.unreadable(data)
        error.partial = self.partial or None
        return error

    def _filtered(self) -> ContentFilterError:
        why = f" ({shorten(redact(self.why_filtered, self.server.secret))})" if self.why_filtered else ""
        return ContentFilterError(
            f"the content filter of {self.server.provider} held the answer back{why}: "
            "word the request differently",
            provider=self.server.provider,
            model=self.server.model,
            code="content_filter",
        )

    def _parsed(self, data: bytes) -> Any:
        try:
            return read_json(data)
        except ValueError:
            pass
        # Outside of the handler, for the parser's error would hold the text.
        raise self.unreadable(data)


def _is_content(chunks: list[str | Chunk]) -> bool:
    return any(not isinstance(chunk, ProviderInfo) for chunk in chunks)
