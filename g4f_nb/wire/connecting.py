"""Connections for the pool: kept from one request to the next, and given up where they cannot be closed."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import socket
from collections.abc import Mapping
from typing import Any

import aiohttp
from yarl import URL


class PooledConnector(aiohttp.TCPConnector):
    """Connections that any number of requests may use."""

    def __init__(self) -> None:
        # How many run at once is the business of whoever starts them.
        super().__init__(limit=0, keepalive_timeout=30)
        # What requests on it are made like, once that was looked at; `None` if they cannot be made so.
        self.pattern: Mapping[str, Any] | None = None
        self.looked = False
        hear_all_of(self)


def hear_all_of(connector: aiohttp.BaseConnector) -> None:
    """Have a connector's connections hand on whatever came before a fault."""
    # aiohttp has no public name for it; one that has another name for it works, only less well.
    if not hasattr(connector, "_factory"):
        return
    with contextlib.suppress(ImportError):
        from g4f_nb.wire.hearing import Hearing, fits

        factory = functools.partial(Hearing, loop=asyncio.get_running_loop())
        if fits(factory()):
            vars(connector)["_factory"] = factory


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
            transport = getattr(tls, "_transport", None)
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
