"""Small requests leave in one piece, at once.

aiohttp asks of every part of a request whether it is something unusual, and starts a task for its body, which
waits a turn of the loop before the first byte leaves: a third of what a small request costs. What a chat
sends is nothing unusual, and goes straight to one of our connections here.
"""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
from aiohttp.helpers import TimerNoop
from aiohttp.http_writer import StreamWriter
from multidict import CIMultiDict
from yarl import URL

from g4f_nb.calls import Call
from g4f_nb.wire.connecting import PooledConnector

# A connection that nothing waits on takes this without a pause: asyncio's own mark is at twice as much.
_SURELY_TAKEN = 32 * 1024
# What follows uses more of aiohttp than its documentation tells; with another one all go the usual way.
_KNOWN = aiohttp.__version__.split(".")[:2] == ["3", "14"]
_UNUSUAL = frozenset({
    "host", "connection", "content-length", "content-encoding", "transfer-encoding", "expect", "cookie",
})  # fmt: skip


async def answer_to(
    call: Call, session: aiohttp.ClientSession, *, connecting: aiohttp.ClientTimeout
) -> aiohttp.ClientResponse | None:
    """The head of the answer, as `session.request` would give it; `None` where it has to be asked."""
    connector, body = session.connector, call.body
    if (
        type(connector) is not PooledConnector or body is None or not 0 < len(body) <= _SURELY_TAKEN
        or not _KNOWN or not _UNUSUAL.isdisjoint(map(str.lower, call.headers)) or "@" in call.url
    ):  # fmt: skip
        return None
    try:
        request = _Request(call, body, session)
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


class _Request(aiohttp.ClientRequest):
    """What connections are asked with."""

    def __init__(self, call: Call, body: bytes, session: aiohttp.ClientSession) -> None:
        url = URL(call.url)
        headers = CIMultiDict({"Host": url.host_port_subcomponent or "", **session.headers})
        for name, value in call.headers.items():
            headers[name] = value
        for name, value in self.DEFAULT_HEADERS.items():
            headers.setdefault(name, value)
        headers["Content-Length"] = str(len(body))
        vars(self).update(
            method=call.method, original_url=url, url=url, headers=headers, version=aiohttp.HttpVersion11,
            chunked=None, compress=None, length=None, server_hostname=None, _body=None, _whole=body,
            proxy=None, proxy_auth=None, proxy_headers=None, loop=asyncio.get_running_loop(),
            response_class=aiohttp.ClientResponse, _session=session, _timer=TimerNoop(), _traces=[],
            _ssl=True if call.ssl is None else call.ssl,
        )  # fmt: skip

    async def send(self, conn: Any) -> aiohttp.ClientResponse:
        """Write all of it; what the connection does not take now is left to aiohttp's own way."""
        body: bytes = vars(self)["_whole"]
        protocol = conn.protocol
        transport = protocol.transport
        if protocol.writing_paused or transport.is_closing() or transport.get_write_buffer_size():
            self.update_body_from_data(body)
            return await super().send(conn)
        writer = StreamWriter(protocol, self.loop)
        # None of these waits: there is room for all of it.
        await writer.write_headers(f"{self.method} {self.url.raw_path_qs} HTTP/1.1", self.headers)
        await writer.write_eof(body)
        protocol.start_timeout()
        return self.response_class(
            self.method, self.url, writer=None, continue100=None, timer=self._timer,
            request_info=self.request_info, traces=[], loop=self.loop, session=self._session,
            stream_writer=writer,
        )  # fmt: skip
