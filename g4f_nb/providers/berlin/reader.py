"""Berlin's answers: JSON objects with a piece of the text each, or with a code and what went wrong."""

from __future__ import annotations

from typing import Any

import orjson

from g4f_nb.chunks import Chunk, FinishReason, ProviderInfo
from g4f_nb.errors import BerlinError, G4FError, MissingAuthError, StreamInterruptedError
from g4f_nb.secret import Secret, redact
from g4f_nb.wire.complaints import as_text, read_complaint
from g4f_nb.wire.failures import excerpt
from g4f_nb.wire.joinedjson import JoinedJson
from g4f_nb.wire.sse import DEFAULT_LIMIT

_UNAUTHORIZED = 401


class BerlinReader:
    """Reads one answer; the end of the body is its end, for nothing else marks it."""

    def __init__(
        self, *, provider: str, model: str, url: str, secret: Secret | None, limit: int = DEFAULT_LIMIT
    ) -> None:
        self.done = False
        self.started = False
        self.finish_reason: str | None = None
        self.failure: G4FError | None = None
        self.held = 0
        self._info = ProviderInfo(provider, model, url)
        self._secret = secret
        self._values = JoinedJson(limit=limit)
        self._text: list[str] = []
        self._seen = False

    @property
    def partial(self) -> str:
        """The text that has arrived so far."""
        return "".join(self._text)

    def feed(self, piece: bytes) -> list[str | Chunk]:
        """Take the next piece of the body and give the chunks that it completes."""
        out: list[str | Chunk] = []
        try:
            for value in self._values.feed(piece):
                self._take(value, out)
        except G4FError as error:
            self._fail(error, out)
        return out

    def finish(self) -> list[str | Chunk]:
        """The body has ended: what is left over must be nothing."""
        out: list[str | Chunk] = []
        torn, rest = self._values.torn, self._values.flush()
        try:
            if torn:
                raise StreamInterruptedError(
                    f"the answer from {self._info.name} ended in the middle of an object, after "
                    f"{len(self.partial)} characters: ask again; .partial holds what had arrived"
                )
            if rest.strip():
                self._take(rest, out)
            if not self._seen:
                raise self._unreadable(b"")
            out.append(FinishReason("stop"))
        except G4FError as error:
            self._fail(error, out)
        return out

    def _take(self, value: bytes, out: list[str | Chunk]) -> None:
        try:
            data = orjson.loads(value)
        except orjson.JSONDecodeError:
            data = None
        if not isinstance(data, dict):
            raise self._unreadable(value)
        complaint = read_complaint(data)
        if complaint is not None or "content" not in data:
            raise self._refusal(data, complaint.status if complaint else None)
        content = data["content"]
        if not isinstance(content, str | None):
            raise self._unreadable(value)
        self._seen = True
        if content:
            if not self.started:
                self.started = True
                out.append(self._info)
            self._text.append(content)
            out.append(content)

    def _refusal(self, data: dict[str, Any], status: int | None) -> G4FError:
        """An object without text: a code with its words, under whatever status it came."""
        words = redact(
            as_text(data.get("message") or data.get("msg") or data.get("error") or data), self._secret
        )
        name = self._info.name
        if status == _UNAUTHORIZED:
            return MissingAuthError(
                f"{name} does not know the token any more ({excerpt(words)}): check account= and password=",
                status=status,
            )
        code = data.get("code", data.get("status"))
        return BerlinError(
            f"{name} answered with an error in the place of text: {excerpt(words)} — ask again, or see what "
            "the server says of it",
            status=status,
            code=None if code is None else as_text(code),
            body=redact(as_text(data), self._secret),
        )

    def _unreadable(self, value: bytes) -> BerlinError:
        text = redact(value.decode(errors="replace"), self._secret)
        shown = f"what is no JSON object with content: {excerpt(text)!r}" if text.strip() else "nothing"
        return BerlinError(
            f"{self._info.name} answered with {shown}: check that api_base= is a server of this kind",
            body=text or None,
        )

    def _fail(self, error: G4FError, out: list[str | Chunk]) -> None:
        """Raise, but not before what came ahead of the fault has been given on."""
        error.provider, error.model = self._info.name, self._info.model
        error.partial = self.partial or None
        self.done = True
        if not out:
            raise error
        self.failure = error.alone()
