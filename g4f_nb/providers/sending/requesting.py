"""One request, tried again before its first content: a batch of chunks for each piece that arrives.

What differs between dialects is handed in: how a body becomes chunks, and how a refused request is mended.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Protocol

from g4f_nb.calls import Call
from g4f_nb.chunks import Chunk
from g4f_nb.errors import (
    G4FError,
    ModelNotFoundError,
    RequestTimeoutError,
    StreamInterruptedError,
    UnreadableResponseError,
    shorten,
)
from g4f_nb.secret import redact
from g4f_nb.wire.answer import Answer
from g4f_nb.wire.attempts import Attempts
from g4f_nb.wire.http import Exchange

# Once the model has said why it stopped, only its usage can still come.
_AFTERWORD = 5.0
_BROKE_OFF = (StreamInterruptedError, RequestTimeoutError)

Explain = Callable[[ModelNotFoundError], Awaitable[ModelNotFoundError]]


class Reader(Protocol):
    """Takes the body of one answer piece by piece; pure, so that every way of cutting it is a small test."""

    # Nothing more is to come; the first content has come; why the answer ended, once only an afterword can
    # follow; what went wrong behind chunks of the same piece, raised once those have been given on.
    done: bool
    started: bool
    finish_reason: str | None
    failure: G4FError | None

    @property
    def held(self) -> int:
        """Grows with all content that is given later, when it is whole, as that of a tool call is."""

    @property
    def partial(self) -> str:
        """The text that has arrived so far."""

    def feed(self, piece: bytes) -> list[str | Chunk]:
        """Take the next piece and give the chunks that it completes."""

    def finish(self) -> list[str | Chunk]:
        """The body has ended: give what was held back, or raise if the answer is none or not whole."""


async def batches(  # noqa: C901, PLR0912, PLR0915  # hot: one frame for all of it
    call: Call,
    attempts: Attempts,
    *,
    reader_for: Callable[[str], Reader],
    limit: int,
    plain: Callable[[bytes], list[str | Chunk] | None] | None = None,
    mend: Callable[[Call, G4FError], Call | None] | None = None,
    explain: Explain | None = None,
) -> AsyncGenerator[list[str | Chunk], None]:
    """Send the call and read its answer; a failure before the first content is tried again.

    `attempts` says how often. `reader_for` makes the reader for a content type. `plain` may read a whole JSON
    answer on a shorter way, or give `None`. `mend` may give another call, to be sent at once in the place of
    one that was refused; `explain` another error, where the model is not there.

    Batches rather than chunks: whoever yields them on pays for one step of a generator a piece, not a token.
    """
    while True:
        reader: Reader | None = None
        answer: Answer | None = None
        try:
            async with Exchange(call, end=attempts.end) as answer:
                piece = b""
                if plain is not None and answer.media_type == "application/json":
                    piece = await answer.read(limit, broken_too=True)
                    chunks = plain(piece)
                    if chunks is not None:
                        yield chunks
                        return
                reader, held = reader_for(answer.media_type), 0
                if piece and (chunks := reader.feed(piece)):
                    yield chunks
                while piece := await answer.piece():
                    chunks = reader.feed(piece)
                    if chunks:
                        yield chunks
                        answer.borne_until = None
                    elif reader.held != held:
                        held = reader.held
                        answer.borne_until = None
                    else:
                        answer.bear()
                    if reader.failure is not None:
                        raise reader.failure  # seen to below, like any other
                    if reader.done:
                        await answer.finish()
                        break
                    if reader.finish_reason:
                        silence = call.limits.silence
                        answer.ends_within(_AFTERWORD if silence is None else min(_AFTERWORD, silence))
                chunks = reader.finish()
                if chunks:
                    yield chunks
                if reader.failure is not None:
                    raise reader.failure
        except G4FError as error:
            failure = error
        else:
            return
        # What a server says may repeat the key, and tracebacks can show locals: here, and in the frames
        # that are left out below.
        piece, chunks = b"", None
        chunks = None if reader is None else _rescued(reader, failure)
        if chunks is not None:
            yield chunks
            return
        if answer is not None and isinstance(failure, UnreadableResponseError):
            _blame_coding(failure, redact(answer.coding, call.secret))
        mended = None if mend is None else mend(call, failure)
        if mended is not None:
            call = mended
        else:
            await _again(failure, reader, attempts, explain)


def _rescued(reader: Reader, failure: G4FError) -> list[str | Chunk] | None:
    """The end of an answer that is whole although its connection was not; `None` if it is not whole."""
    if reader.finish_reason:
        # Only its afterword got lost.
        return reader.finish()
    if reader.started or not isinstance(failure, _BROKE_OFF):
        return None
    # One JSON value that is whole counts, whatever its length or the last chunk should have been.
    with contextlib.suppress(G4FError):
        chunks = reader.finish()
        return chunks if chunks and reader.failure is None else None
    return None


async def _again(
    failure: G4FError, reader: Reader | None, attempts: Attempts, explain: Explain | None
) -> None:
    """Wait for another try; raise where there is none."""
    if (reader is None or not reader.started) and attempts.again(failure):
        await attempts.wait()
        return
    failure.partial = failure.partial or (reader.partial if reader else None) or None
    if explain is not None and isinstance(failure, ModelNotFoundError):
        raise await explain(failure.alone())
    raise failure.alone()


def _blame_coding(failure: G4FError, coding: str) -> None:
    if coding:
        words = f"{failure.provider} sent its answer in the coding {shorten(coding, 100)!r}, which was not "
        failure.args = (f"{words}asked for and cannot be undone: check api_base= and any proxy",)
