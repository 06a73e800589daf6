"""Small requests leave in one piece, at once.

aiohttp asks of every part of a request whether it is something unusual, and starts a task for its body, which
waits a turn of the loop before the first byte leaves: a third of what a small request costs. What a chat
sends is nothing unusual, and goes straight to one of our connections here.
"""

from __future__ import annotations

import aiohttp
from yarl import URL

from g4f_nb.calls import Call
from g4f_nb.wire.connecting import PooledConnector

# A connection that nothing waits on takes this without a pause: asyncio's own mark is at twice as much.
_SURELY_TAKEN = 32 * 1024
# A whole request uses more of aiohttp than its documentation tells; with another one all go the usual way.
_KNOWN = aiohttp.__version__.split(".")[:2] == ["3", "14"]
if _KNOWN:
    from g4f_nb.wire.wholerequest import WholeRequest
_SCHEMES = ("https", "http")
_UNUSUAL = frozenset({
    "host", "connection", "content-length", "content-encoding", "transfer-encoding", "expect", "cookie",
})  # fmt: skip


async def answer_to(
    call: Call, session: aiohttp.ClientSession, *, connecting: aiohttp.ClientTimeout
) -> aiohttp.ClientResponse | None:
    """The head of the answer, as `session.request` would give it; `None` where it has to be asked."""
    connector, body = session.connector, call.body
    if (
        not _KNOWN or type(connector) is not PooledConnector or call.method != "POST"
        or body is None or not 0 < len(body) <= _SURELY_TAKEN
        or not _UNUSUAL.isdisjoint(map(str.lower, call.headers)) or "@" in call.url
    ):  # fmt: skip
        return None
    try:
        url = URL(call.url)
    except ValueError:
        return None
    if url.scheme not in _SCHEMES or not url.raw_host:
        return None
    try:
        request = WholeRequest(call, url, body, session)
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
