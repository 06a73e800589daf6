"""The answer to a request: its body, read piece by piece or whole, with a limit on every wait."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from g4f_nb import errors
from g4f_nb.calls import Call
from g4f_nb.errors import G4FError
from g4f_nb.wire.deadlines import Deadline, lost
from g4f_nb.wire.translation import OutOfTimeError, bare, in_the_body, translate

if TYPE_CHECKING:
    import aiohttp

# After the last event, how long to wait for the end of the body so that the connection can be used again.
_TAIL = 0.25
_LONGEST_TAIL = 256 * 1024
# For how many times `silence` a server may keep a call alive with what holds no content: at the usual two
# minutes that is half an hour, which is as long as DeepSeek says that it lets a request wait.
_PATIENCE = 15
_TIME_TO_COMPLAIN = 10.0
_LONGEST_COMPLAINT = 4 * 1024 * 1024


class Answer:
    """The response to a `Call`, its body not yet read."""

    def __init__(self, response: aiohttp.ClientResponse, call: Call, end: float | None) -> None:
        self._response = response
        self._call = call
        self._end = end
        self._loop = asyncio.get_running_loop()
        self._closing = False
        self._broken: G4FError | None = None
        # Until when pieces without content are borne; whoever finds content in one sets it back to `None`.
        self.borne_until: float | None = None
        self.silence = call.limits.silence
        self.media_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    async def piece(self) -> bytes:
        """What comes next of the body, decompressed; `b""` is its end. Each wait has a deadline."""
        if self._broken is not None:
            raise self._broken
        try:
            return await self._read(self.silence)
        except G4FError as error:
            # aiohttp drops what it had buffered when the connection breaks; it was paid for.
            content = self._response.content
            rest = b"".join(getattr(content, "_buffer", ()))[getattr(content, "_buffer_offset", 0) :]
            if not rest:
                raise
            self._broken = error
            return rest

    @property
    def coding(self) -> str:
        """What the body is encoded by, if it is by anything that could not be undone."""
        named: str = self._response.headers.get("Content-Encoding", "").lower()
        return "" if named in ("identity", "gzip", "deflate", "br", "zstd") else named

    def bear(self) -> None:
        """Say that the last piece held no content: such do not keep a call alive for ever."""
        now = self._loop.time()
        if self.silence is None:
            return
        if self.borne_until is None:
            self.borne_until = now + _PATIENCE * self.silence
        elif now >= self.borne_until:
            raise errors.RequestTimeoutError(
                f"{urlsplit(self._call.url).netloc.rpartition('@')[2]} gave signs of life but no content for "
                f"{_PATIENCE * self.silence:g} s: try again, or allow more with timeout=, of which this is "
                f"{_PATIENCE} times",
                provider=self._call.provider,
                model=self._call.model,
            )

    def ends_within(self, seconds: float) -> None:
        """Whatever comes, the body ends so long after the first time this is said."""
        if not self._closing:
            self._closing = True
            end = self._loop.time() + seconds
            self._end = end if self._end is None else min(self._end, end)

    async def read(self, limit: int, *, broken_too: bool = False) -> bytes:
        """The whole body; one that is longer than `limit` is an error.

        With `broken_too`, what had arrived of one that breaks off or stalls; `piece` raises its error then.
        """
        content = self._response.content
        if content.is_eof() and content.exception() is None and self._broken is None:
            # It came with the headers, as small answers do.
            whole = content.read_nowait()
            if len(whole) <= limit:
                return whole
            raise self._too_long(limit)
        parts: list[bytes] = []
        size = 0
        try:
            while piece := await self.piece():
                parts.append(piece)
                size += len(piece)
                if size > limit:
                    raise self._too_long(limit)
                self.bear()
        except (errors.StreamInterruptedError, errors.RequestTimeoutError) as error:
            if not broken_too or not parts:
                raise
            self._broken = error
        return b"".join(parts)

    def _too_long(self, limit: int) -> errors.UnreadableResponseError:
        return errors.UnreadableResponseError(
            f"the answer is longer than {limit:,} bytes: if that is meant, raise the cap with "
            "the setting max_event_bytes (G4F_NB_MAX_EVENT_BYTES)",
            provider=self._call.provider,
        )

    async def complaint(self) -> bytes:
        """What comes of an error's body within a while: one that is long, endless or broken is cut off."""
        parts: list[bytes] = []
        left = _LONGEST_COMPLAINT
        self.ends_within(_TIME_TO_COMPLAIN if self.silence is None else min(self.silence, _TIME_TO_COMPLAIN))
        with contextlib.suppress(G4FError):
            while left > 0 and (piece := await self.piece()):
                parts.append(piece)
                left -= len(piece)
        return b"".join(parts)

    async def finish(self) -> None:
        """Read to the end if that is near, so that the connection can be used again."""
        left = _LONGEST_TAIL
        self._closing = False
        self.ends_within(_TAIL)
        with contextlib.suppress(G4FError):
            while left > 0 and (piece := await self._read(None)):
                left -= len(piece)

    async def _read(self, limit: float | None) -> bytes:
        content = self._response.content
        try:
            # While data flows nobody waits, and no timer would be asked.
            if self._end is not None and self._loop.time() >= self._end and not content.at_eof():
                raise OutOfTimeError  # noqa: TRY301  # translated below, like any other
            # What is there already needs no deadline.
            piece = content.read_nowait()
            if piece or content.at_eof():
                return piece
            with Deadline(limit, self._end, self._gone):
                return await content.readany()
        except asyncio.CancelledError as error:
            # Without aiohttp's frames: a notebook would spend half a second on rendering them.
            raise bare(error) from None
        except Exception as error:  # noqa: BLE001  # translated below, or raised again there
            if isinstance(error, RuntimeError) and self._gone():
                error = lost()  # aiohttp refuses to wait for a connection that is closed
            failure = translate(in_the_body(error), self._call, "between two pieces of the answer")
        raise failure

    def _gone(self) -> bool:
        """Whether the connection is closed: aiohttp does not always wake whoever waits for its data."""
        connection = self._response.connection
        if connection is None:
            return False
        transport = connection.transport
        return transport is None or transport.is_closing()
