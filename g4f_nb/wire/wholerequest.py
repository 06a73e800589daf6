"""A request that is written whole: head and body in one piece, without a task for the body.

It knows aiohttp's own requests from the inside, and so is loaded with an aiohttp that is known only.
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


class WholeRequest(aiohttp.ClientRequest):
    """What connections are asked with."""

    def __init__(self, call: Call, url: URL, body: bytes, session: aiohttp.ClientSession) -> None:
        headers = CIMultiDict({"Host": url.host_port_subcomponent or "", **session.headers})
        for name, value in call.headers.items():
            headers[name] = value
        for name, value in self.DEFAULT_HEADERS.items():
            headers.setdefault(name, value)
        headers.setdefault("Content-Type", "application/octet-stream")
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
