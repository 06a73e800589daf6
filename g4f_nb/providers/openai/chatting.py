"""How the answer to one chat request is read, and how a request that a server refuses is mended."""

from __future__ import annotations

from typing import Any

from g4f_nb.calls import Call
from g4f_nb.chunks import Chunk
from g4f_nb.errors import BadRequestError, G4FError
from g4f_nb.providers.openai.shortcut import plain_answer
from g4f_nb.providers.reading.openai_dialect import ChatReader
from g4f_nb.providers.sending.outgoing import with_body
from g4f_nb.secret import shown_address


class Chatting:
    """What `batches` needs to know of one chat request."""

    __slots__ = ("_base", "_body", "_call", "_limit", "_think")

    def __init__(self, call: Call, body: dict[str, Any], *, base: str, think: bool, limit: int) -> None:
        self._call = call
        self._body = body
        self._base = base
        self._think = think
        self._limit = limit

    def reader(self, media_type: str) -> ChatReader:
        """The reader for an answer of this type."""
        count = self._body.get("n")
        return ChatReader(
            media_type,
            provider=self._call.provider or "",
            model=self._call.model or "",
            url=shown_address(self._base),
            secret=self._call.secret,
            think=self._think,
            n=count if type(count) is int else 1,
            limit=self._limit,
        )

    def plain(self, whole: bytes) -> list[str | Chunk] | None:
        """The short way for the commonest whole answer."""
        return plain_answer(
            whole,
            provider=self._call.provider or "",
            model=self._call.model or "",
            url=self._base,
            think=self._think,
        )

    def mend(self, refused: Call, failure: G4FError) -> Call | None:
        """The same request without `stream_options`, where the server has refused just that."""
        blamed = "stream_options" in f"{failure} {failure.body or ''}"
        if "stream_options" in self._body and isinstance(failure, BadRequestError) and blamed:
            del self._body["stream_options"]
            return with_body(refused, self._body)
        return None
