"""Small requests leave in one piece, at once.

aiohttp asks of every part of a request whether it is something unusual, and starts a task for its body, which
waits a turn of the loop before the first byte leaves: a third of what a small request costs. What a chat
sends is nothing unusual, and goes straight to one of our connections here.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import aiohttp
from yarl import URL

from g4f_nb.calls import Call
from g4f_nb.wire.connecting import PooledConnector

if TYPE_CHECKING:
    from g4f_nb.wire.wholerequest import WholeRequest

# A connection that nothing waits on takes this without a pause: asyncio's own mark is at twice as much.
_SURELY_TAKEN = 32 * 1024
# A whole request uses more of aiohttp than it documents; where that is not there all go the usual way.
_whole: Any = None
with contextlib.suppress(ImportError, AttributeError):
    from g4f_nb.wire import wholerequest as _whole
_SCHEMES = ("https", "http")
_UNUSUAL = frozenset({
    "host", "connection", "content-length", "content-encoding", "transfer-encoding", "expect", "cookie",
})  # fmt: skip


async def answer_to(
    call: Call, session: aiohttp.ClientSession, *, connecting: aiohttp.ClientTimeout
) -> aiohttp.ClientResponse | None:
    """The head of the answer, as `session.request` would give it; `None` where it has to be asked."""
    connector = session.connector
    if type(connector) is not PooledConnector:
        return None
    request = _request(call, session, connector)
    if request is None:
        return None
    try:
        try:
            conn = await connector.connect(request, traces=[], timeout=connecting)
        except TimeoutError as error:
            raise aiohttp.ConnectionTimeoutError(f"Connection timeout to host {request.url}") from error
        try:
            assert conn.protocol is not None  # noqa: S101  # it has just been acquired
            conn.protocol.set_response_params(timer=vars(request)["_timer"], read_until_eof=True)
            response = await request.send(conn)
            try:
                await response.start(conn)
            except BaseException:
                response.close()
                raise
        except BaseException:
            conn.close()
            raise
    except aiohttp.ClientError:
        raise
    except OSError as error:
        if error.errno is None and isinstance(error, TimeoutError):
            raise
        raise aiohttp.ClientOSError(*error.args) from error
    return response


def _request(call: Call, session: aiohttp.ClientSession, connector: PooledConnector) -> WholeRequest | None:
    """The request, if it is nothing unusual and this aiohttp can be asked in this way."""
    body = call.body
    if (
        _whole is None or call.method != "POST" or body is None or not 0 < len(body) <= _SURELY_TAKEN
        or not _UNUSUAL.isdisjoint(map(str.lower, call.headers)) or "@" in call.url
    ):  # fmt: skip
        return None
    try:
        url = URL(call.url)
    except ValueError:
        return None
    if url.scheme not in _SCHEMES or not url.raw_host:
        return None
    if not connector.looked:
        connector.pattern, connector.looked = _whole.pattern_of(session), True
    pattern = connector.pattern
    return None if pattern is None else _whole.WholeRequest(call, url, body, session, pattern=pattern)
