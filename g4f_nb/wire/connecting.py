"""Connections for the pool: each knows whether it was kept, and hands on what came before a fault.

aiohttp, left alone, drops an answer's head if its body is broken in the same packet, and leaves whoever
waits for a body asleep when the bytes of it stop making sense.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import socket
from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.http_exceptions import HttpProcessingError
from yarl import URL

_END_OF_HEAD = b"\r\n\r\n"
# Transfer-Encoding, Content-Encoding.
_CODED = b"-encoding:"
# What an error is given along that broke a kept connection before anything came of the answer.
_OF_A_KEPT_ONE = "_g4f_nb_kept"


class PooledConnector(aiohttp.TCPConnector):
    """Connections that any number of requests may use."""

    def __init__(self) -> None:
        # How many run at once is the business of whoever starts them.
        super().__init__(limit=0, keepalive_timeout=30)
        hear_all_of(self)


def hear_all_of(connector: aiohttp.BaseConnector) -> None:
    """Have a connector's connections hand on whatever came before a fault."""
    # aiohttp has no public name for it; one that has another name for it works, only less well.
    if hasattr(connector, "_factory"):
        vars(connector)["_factory"] = functools.partial(_Hearing, loop=asyncio.get_running_loop())


class _Hearing(ResponseHandler):
    """The receiving end of one connection."""

    _options: dict[str, Any] | None = None
    _awaits_head = False
    # Whether an earlier answer was read here, and nothing of the one that is awaited.
    _kept = False
    # What came in one piece with its head, while it is read, and where its head ends.
    _at_once = b""
    _cut = 0

    def set_response_params(self, **options: Any) -> None:
        """Take what the next answer is read by."""
        super().set_response_params(**options)
        self._kept = self._options is not None
        self._options = options
        self._awaits_head = True

    def data_received(self, data: bytes) -> None:
        """Give the head on before the body is looked at: the network may cut there as well as anywhere."""
        if self._awaits_head:
            self._kept = False
            cut = data.find(_END_OF_HEAD) + len(_END_OF_HEAD)
            if cut >= len(_END_OF_HEAD):
                self._awaits_head = False
                if cut < len(data):
                    if _CODED in data[:cut].lower():
                        super().data_received(data[:cut])
                        data = data[cut:]
                    else:
                        # A body of a stated length hardly ever makes no sense: then it is read once more.
                        self._at_once, self._cut = data, cut
        super().data_received(data)
        self._at_once = b""

    def resume_reading(self, resume_parser: bool = True) -> None:
        """Go on where reading was stopped; aiohttp has its parser look for more with each piece taken."""
        if self._reading_paused:
            super().resume_reading(resume_parser)

    def close(self) -> None:
        """Hang up, also on a server that does not take what is still to be sent: nobody waits for that."""
        transport: Any = self.transport
        if transport is not None and transport.get_write_buffer_size():
            transport.abort()
        super().close()

    def set_exception(self, exc: BaseException, *cause: BaseException) -> None:
        """Wake whoever waits for the rest of a body that will not come."""
        if self._kept:
            vars(exc)[_OF_A_KEPT_ONE] = True
        data, self._at_once = self._at_once, b""
        if data and isinstance(exc, HttpProcessingError):
            super().set_response_params(**(self._options or {}))
            super().data_received(data[: self._cut])
            if self._exception is None:
                super().data_received(data[self._cut :])
            return
        payload = self._payload
        super().set_exception(exc, *cause)
        if payload is not None and not payload.is_eof() and payload.exception() is None:
            payload.set_exception(aiohttp.ClientPayloadError(_words(exc)))


def _words(error: BaseException) -> str:
    # The parser shows the bytes that it stumbled over, on lines of their own.
    return str(getattr(error, "message", error)).partition("\n")[0].rstrip(": ")


def was_kept(error: Exception) -> bool:
    """Whether this broke a connection that had served before, and nothing of an answer had come."""
    return _OF_A_KEPT_ONE in vars(error)


def leave_kept(connector: aiohttp.BaseConnector | None, url: str) -> None:
    """Hang up on the idle connections to this host: where it gave up one it may have given up all."""
    host = URL(url).raw_host
    for key, entries in getattr(connector, "_conns", {}).items():
        if key.host == host:
            while entries:
                entries.popleft()[0].close()


def forget(connector: aiohttp.BaseConnector, *, shared: bool) -> None:
    """Give up connections whose loop cannot close them: a closed one, or the parent's in a forked child.

    Those that are `shared` with the parent go without a word to the other side: saying goodbye on them, or
    taking them from the loop's selector, would break what the parent has going.
    """
    parts = vars(connector)
    kept = [entry[0] for entries in parts.get("_conns", {}).values() for entry in entries]
    for protocol in {*kept, *parts.get("_acquired", ())}:
        transport: Any = getattr(protocol, "transport", None)
        tls = getattr(transport, "_ssl_protocol", None)
        if tls is not None:
            # Collected, it would complain.
            transport._closed = True  # noqa: SLF001
            transport = tls._transport  # noqa: SLF001
        own = getattr(transport, "_sock", None)
        if own is not None:
            transport._sock = None  # noqa: SLF001
            _drop(own, shared=shared)
    parts.update(_closed=True, _conns={}, _acquired=set())


def _drop(own: socket.socket, *, shared: bool) -> None:
    if not shared:
        own.close()
        return
    # Its number stays taken: the loop and its selector know it as that of the old connection.
    with contextlib.suppress(OSError), open(os.devnull, "rb") as nothing:  # noqa: PTH123
        os.dup2(nothing.fileno(), own.detach())
