"""A request that is written whole: head and body in one piece, without a task for the body.

It knows aiohttp's own requests from the inside. Whether this aiohttp's are as expected is looked at, not
guessed from a version: importing this fails, or `pattern_of` gives nothing, where they are not. What a newer
one puts into its requests beside what is known is in these, too, for each begins as one that aiohttp made.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from inspect import signature
from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.http_writer import StreamWriter
from multidict import CIMultiDict
from yarl import URL

from g4f_nb.calls import Call

# What each request has of its own, by aiohttp's names, and what is used beside them.
_OWN = frozenset({"method", "original_url", "url", "headers", "loop", "_session", "_ssl", "_body", "_timer"})
_NEEDED = (
    *((aiohttp.ClientRequest, name) for name in ("DEFAULT_HEADERS", "update_body_from_data", "request_info")),
    *((ResponseHandler, name) for name in ("writing_paused", "start_timeout", "set_response_params")),
)


def _check() -> None:
    """Call on paper whatever is called below; an `ImportError` tells of an aiohttp where that would fail."""
    missing = [name for owner, name in _NEEDED if not hasattr(owner, name)]
    if missing:
        raise ImportError(f"this aiohttp has no {missing[0]}")
    try:
        signature(StreamWriter).bind("protocol", "loop")
        signature(StreamWriter.write_headers).bind("writer", "line", "headers")
        signature(StreamWriter.write_eof).bind("writer", b"")
        signature(aiohttp.ClientRequest.send).bind("request", "connection")
        signature(aiohttp.ClientRequest.update_body_from_data).bind("request", b"")
        signature(aiohttp.BaseConnector.connect).bind("connector", "request", traces=[], timeout=None)
        signature(ResponseHandler.set_response_params).bind("protocol", timer=None, read_until_eof=True)
        signature(aiohttp.ClientResponse).bind(
            "POST", "url", writer=None, continue100=None, timer=None, request_info=None, traces=[], loop=None,
            session=None, stream_writer=None,
        )  # fmt: skip
    except (TypeError, ValueError) as error:
        raise ImportError(f"this aiohttp is called in other ways: {error}") from error


_check()


def pattern_of(session: aiohttp.ClientSession) -> Mapping[str, Any] | None:
    """What this aiohttp puts into a request of this session; `None` if it makes them in another way."""
    try:
        made = aiohttp.ClientRequest(
            "POST", URL("http://localhost/"), loop=asyncio.get_running_loop(), session=session
        )
    except (TypeError, AssertionError):
        return None
    parts = dict(vars(made))
    if not all(name in parts or hasattr(type(made), name) for name in _OWN):
        return None
    # Where it was made, in the debug mode of its loop.
    parts.pop("_source_traceback", None)
    return parts


class WholeRequest(aiohttp.ClientRequest):
    """What connections are asked with; `pattern` is of its session."""

    def __init__(
        self, call: Call, url: URL, body: bytes, session: aiohttp.ClientSession, *, pattern: Mapping[str, Any]
    ) -> None:
        headers = CIMultiDict({"Host": url.host_port_subcomponent or "", **session.headers})
        for name, value in call.headers.items():
            headers[name] = value
        for name, value in self.DEFAULT_HEADERS.items():
            headers.setdefault(name, value)
        headers.setdefault("Content-Type", "application/octet-stream")
        headers["Content-Length"] = str(len(body))
        own = vars(self)
        own.update(pattern)
        own.update(
            method=call.method, original_url=url, url=url, headers=headers, _session=session, _body=None,
            _ssl=True if call.ssl is None else call.ssl, _whole=body,
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
