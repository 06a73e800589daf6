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
from g4f_nb.secret import Secret, redact
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


async def batches(  # noqa: C901  # hot: one frame for all that is done with every piece
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
                piece, chunks = b"", None
                if plain is not None and answer.media_type == "application/json":
                    piece = await answer.read(limit, broken_too=True)
                    chunks = plain(piece)
                if chunks is None:
                    reader = reader_for(answer.media_type)
                    chunks = reader.feed(piece) if piece else None
                if chunks:
                    yield chunks
                if reader is None:
                    return
                course = _Course(reader, answer, call.limits.silence)
                while piece := await answer.piece():
                    chunks = reader.feed(piece)
                    if chunks:
                        yield chunks
                    if course.is_over(chunks):
                        await answer.finish()
                        break
                if chunks := reader.finish():
                    yield chunks
                _raise_what_failed(reader)
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
        _blame_coding(failure, answer, call.secret)
        mended = None if mend is None else mend(call, failure)
        call = mended or await _again(call, failure, reader, attempts=attempts, explain=explain)


class _Course:
    """How an answer goes on: what counts as silence, and when there is nothing more to wait for."""

    __slots__ = ("_answer", "_held", "_reader", "_silence")

    def __init__(self, reader: Reader, answer: Answer, silence: float | None) -> None:
        self._reader = reader
        self._answer = answer
        self._silence = silence
        self._held = 0

    def is_over(self, gave: list[str | Chunk]) -> bool:
        """Look at the answer after a piece that `gave` these; raise what it said went wrong."""
        reader, answer = self._reader, self._answer
        if gave:
            answer.borne_until = None
        elif reader.held != self._held:
            self._held = reader.held
            answer.borne_until = None
        else:
            answer.bear()
        if reader.failure is not None:
            raise reader.failure
        if reader.done:
            return True
        if reader.finish_reason:
            silence = self._silence
            answer.ends_within(_AFTERWORD if silence is None else min(_AFTERWORD, silence))
        return False


def _raise_what_failed(reader: Reader) -> None:
    if reader.failure is not None:
        raise reader.failure


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
    call: Call, failure: G4FError, reader: Reader | None, *, attempts: Attempts, explain: Explain | None
) -> Call:
    """Wait for another try of the same call; raise where there is none."""
    if (reader is None or not reader.started) and attempts.again(failure):
        await attempts.wait()
        return call
    failure.partial = failure.partial or (reader.partial if reader else None) or None
    if explain is not None and isinstance(failure, ModelNotFoundError):
        raise await explain(failure.alone())
    raise failure.alone()


def _blame_coding(failure: G4FError, answer: Answer | None, secret: Secret | None) -> None:
    """An answer that cannot be read because of the coding it came in is told as that."""
    if answer is None or not isinstance(failure, UnreadableResponseError):
        return
    coding = redact(answer.coding, secret)
    if coding:
        words = f"{failure.provider} sent its answer in the coding {shorten(coding, 100)!r}, which was not "
        failure.args = (f"{words}asked for and cannot be undone: check api_base= and any proxy",)
