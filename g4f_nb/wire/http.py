"""Requests on the wire: sent, their answers read, with a limit on every wait."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from g4f_nb import errors, loops
from g4f_nb.calls import Call, Headers
from g4f_nb.errors import G4FError
from g4f_nb.newest import Newest
from g4f_nb.secret import Secret, redact, shown_address
from g4f_nb.wire.deadlines import Deadline, lost
from g4f_nb.wire.failures import error_from_answer
from g4f_nb.wire.proxies import is_socks, proxy_for
from g4f_nb.wire.redirects import redirected
from g4f_nb.wire.sessions import new_session, pooled_session
from g4f_nb.wire.translation import OutOfTimeError, bare, is_gone, translate

if TYPE_CHECKING:
    import aiohttp

_REDIRECTS = {301, 302, 303, 307, 308}
_MOST_REDIRECTS = 5
_WITHOUT_BODY = {101, 204, 205, 304}
# After the last event, how long to wait for the end of the body so that the connection can be used again.
_TAIL = 0.25
_LONGEST_TAIL = 256 * 1024
# For how many times `silence` a server may keep a call alive with what holds no content: at the usual two
# minutes that is half an hour, which is as long as DeepSeek says that it lets a request wait.
_PATIENCE = 15
# A body beyond this is sent in pieces, and the time for the first byte begins anew with each of them.
_LARGE = 512 * 1024
_UPLOADED_AT_ONCE = 64 * 1024
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
            failure = translate(error, self._call, "between two pieces of the answer")
        raise failure

    def _gone(self) -> bool:
        """Whether the connection is closed: aiohttp does not always wake whoever waits for its data."""
        connection = self._response.connection
        if connection is None:
            return False
        transport = connection.transport
        return transport is None or transport.is_closing()


class Exchange:
    """Sends a `Call` for an `async with` that gives its `Answer`; leaving early cuts the connection."""

    def __init__(self, call: Call, *, end: float | None = None) -> None:
        self._call = call
        self._end = end
        self._response: aiohttp.ClientResponse | None = None
        self._private: aiohttp.ClientSession | None = None
        self._beat = loops.Heartbeat()

    async def __aenter__(self) -> Answer:
        self._beat.__enter__()
        try:
            return await self._open()
        except BaseException:
            await self.__aexit__(None, None, None)
            raise

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._beat.__exit__(None, None, None)
        if self._response is not None and not self._response.closed:
            # A body read to its end has given its connection back already; any other is cut here.
            self._response.close()
        if self._private is not None:
            self._private.detach()

    async def _open(self) -> Answer:  # noqa: C901  # hot: one frame for all of it
        from g4f_nb.wire.onepiece import answer_to

        call = self._call
        loop = asyncio.get_running_loop()
        end = self._end
        if end is None and call.limits.total is not None:
            end = loop.time() + call.limits.total
        redirects = 0
        fresh = False
        while redirects < _MOST_REDIRECTS:
            proxy = proxy_for(call)
            socks = proxy is not None and is_socks(proxy)
            session = self._session(call, loop, proxy if socks else None)
            try:
                with Deadline(call.limits.silence, end) as deadline:
                    body: Any = call.body
                    headers = call.headers
                    if body is not None and len(body) > _LARGE:
                        body, headers = _in_pieces(body, deadline), _with_length(headers, body)
                    timeout = _timeouts(call.limits.connect)
                    answered = (
                        None if proxy is not None else await answer_to(call, session, connecting=timeout)
                    )
                    if answered is None:
                        answered = await session.request(
                            call.method,
                            call.url,
                            data=body,
                            headers=headers,
                            proxy=None if proxy is None or socks else proxy.reveal(),
                            ssl=True if call.ssl is None else call.ssl,
                            allow_redirects=False,
                            timeout=timeout,
                        )
                    response = answered
            except asyncio.CancelledError as error:
                raise bare(error) from None
            except Exception as error:  # noqa: BLE001  # translated, or raised again there
                # A connection from the pool that the server had given up: nothing of this was read there.
                if not fresh and is_gone(error) and _was_kept(error, session, call.url):
                    fresh = True
                    continue
                way = call if proxy is call.proxy else replace(call, proxy=proxy)
                failure: G4FError | None = translate(error, way, "before the first byte of the answer")
            else:
                failure = None
            if failure is not None:
                # aiohttp has cancelled whoever was still sending, which ends in the loop's next turn.
                await asyncio.sleep(0)
                raise failure
            self._response = response
            if response.status not in _REDIRECTS or "Location" not in response.headers:
                break
            response.close()
            call = redirected(call, response.headers["Location"])
            redirects += 1
        else:
            where = redact(shown_address(call.url), self._call.secret)
            raise errors.ConnectionFailedError(
                f"{where} redirects in a circle: check api_base=", provider=call.provider
            )
        answer = Answer(response, call, end)
        if response.status != 200:  # noqa: PLR2004
            await _refuse(answer, response, call)
        return answer

    def _session(
        self, call: Call, loop: asyncio.AbstractEventLoop, socks: Secret | None
    ) -> aiohttp.ClientSession:
        if call.connector is None:
            return pooled_session(loop, socks)
        if getattr(call.connector, "_loop", loop) is not loop:
            raise errors.LoopError(
                "the connector was made on another event loop than the one this call runs on: "
                "await the asynchronous form on that loop, or leave connector= out",
                provider=call.provider,
            )
        if self._private is None:
            self._private = new_session(call.connector, owner=False)
        return self._private


async def _refuse(answer: Answer, response: aiohttp.ClientResponse, call: Call) -> None:
    """Raise what any status says that is none of success."""
    status = response.status
    if status in _WITHOUT_BODY:
        raise errors.UnreadableResponseError(
            f"{urlsplit(call.url).netloc.rpartition('@')[2]} answered with status {status}, which brings no "
            "answer along: check that api_base= is a chat server's address",
            provider=call.provider,
            model=call.model,
            status=status,
        )
    if not 200 <= status <= 299:  # noqa: PLR2004
        body = await answer.complaint()
        raise error_from_answer(
            status, body, response.headers, secret=call.secret, provider=call.provider, model=call.model
        )


def _was_kept(error: Exception, session: aiohttp.ClientSession, url: str) -> bool:
    try:
        from g4f_nb.wire.hearing import was_kept
    except ImportError:
        return False  # nobody heard what came
    if not was_kept(error):
        return False
    from g4f_nb.wire.connecting import leave_kept

    leave_kept(session.connector, url)
    return True


async def _in_pieces(body: bytes, deadline: Deadline) -> AsyncGenerator[bytes, None]:
    """A large body, each piece given when the one before it has left this machine, or nearly."""
    for at in range(0, len(body), _UPLOADED_AT_ONCE):
        deadline.again()
        yield body[at : at + _UPLOADED_AT_ONCE]
    deadline.again()


def _with_length(headers: Headers, body: bytes) -> Headers:
    # Without it the body would go out in chunks, which not every server takes.
    return Headers({**headers, "Content-Length": str(len(body))})


_timeout_cache: Newest[float | None, Any] = Newest(64)


def _timeouts(connect: float | None) -> Any:
    found = _timeout_cache.get(connect)
    if found is None:
        import aiohttp

        # Only connecting is left to aiohttp: its own read limits do not fire in every state.
        found = _timeout_cache[connect] = aiohttp.ClientTimeout(total=None, sock_connect=connect)
    return found
