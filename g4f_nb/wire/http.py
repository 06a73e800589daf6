"""Requests on the wire: each is sent, sent again where a connection was stale or it was redirected."""

from __future__ import annotations

import asyncio
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
from g4f_nb.wire.answer import Answer
from g4f_nb.wire.deadlines import Deadline
from g4f_nb.wire.failures import error_from_answer
from g4f_nb.wire.proxies import is_socks, proxy_for
from g4f_nb.wire.redirects import redirected
from g4f_nb.wire.sessions import new_session, pooled_session
from g4f_nb.wire.translation import bare, is_gone, translate

if TYPE_CHECKING:
    import aiohttp

_REDIRECTS = {301, 302, 303, 307, 308}
_MOST_REDIRECTS = 5
_WITHOUT_BODY = {101, 204, 205, 304}
# A body beyond this is sent in pieces, and the time for the first byte begins anew with each of them.
_LARGE = 512 * 1024
_UPLOADED_AT_ONCE = 64 * 1024


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

    async def _open(self) -> Answer:
        call = self._call
        end = self._end
        if end is None and call.limits.total is not None:
            end = asyncio.get_running_loop().time() + call.limits.total
        for _ in range(_MOST_REDIRECTS):
            response = self._response = await self._sent(call, end)
            if response.status not in _REDIRECTS or "Location" not in response.headers:
                answer = Answer(response, call, end)
                if response.status != 200:  # noqa: PLR2004
                    await _refuse(answer, response, call)
                return answer
            response.close()
            call = redirected(call, response.headers["Location"])
        where = redact(shown_address(call.url), self._call.secret)
        raise errors.ConnectionFailedError(
            f"{where} redirects in a circle: check api_base=", provider=call.provider
        )

    async def _sent(self, call: Call, end: float | None) -> aiohttp.ClientResponse:
        """The head of what comes back; asked for once more where a kept connection had been given up."""
        proxy = proxy_for(call)
        socks = proxy is not None and is_socks(proxy)
        session = self._session(call, asyncio.get_running_loop(), proxy if socks else None)
        fresh = False
        while True:
            try:
                return await _head_of(call, session, None if socks else proxy, end, is_direct=proxy is None)
            except asyncio.CancelledError as error:
                raise bare(error) from None
            except Exception as error:  # noqa: BLE001  # translated, or raised again there
                # A connection from the pool that the server had given up: nothing of this was read there.
                if not fresh and is_gone(error) and _was_kept(error, session, call.url):
                    fresh = True
                    continue
                way = call if proxy is call.proxy else replace(call, proxy=proxy)
                failure: G4FError = translate(error, way, "before the first byte of the answer")
            # aiohttp has cancelled whoever was still sending, which ends in the loop's next turn.
            await asyncio.sleep(0)
            raise failure

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


async def _head_of(
    call: Call, session: aiohttp.ClientSession, proxy: Secret | None, end: float | None, *, is_direct: bool
) -> aiohttp.ClientResponse:
    from g4f_nb.wire.onepiece import answer_to

    timeout = _timeouts(call.limits.connect)
    with Deadline(call.limits.silence, end) as deadline:
        if is_direct and (answered := await answer_to(call, session, connecting=timeout)) is not None:
            return answered
        body: Any = call.body
        headers = call.headers
        if body is not None and len(body) > _LARGE:
            body, headers = _in_pieces(body, deadline), _with_length(headers, body)
        return await session.request(
            call.method,
            call.url,
            data=body,
            headers=headers,
            proxy=None if proxy is None else proxy.reveal(),
            ssl=True if call.ssl is None else call.ssl,
            allow_redirects=False,
            timeout=timeout,
        )


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
