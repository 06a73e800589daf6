"""The sessions that requests share: one on each event loop, kept alive across cells, closed with the loop.

No cookies are kept.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import re
import warnings
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any

from g4f_nb import errors
from g4f_nb.loops import ownloop
from g4f_nb.secret import Secret

if TYPE_CHECKING:
    import aiohttp

_sessions: dict[tuple[asyncio.AbstractEventLoop, Secret | None], tuple[Any, AsyncGenerator[None, None]]] = {}
_inherited: list[object] = []


def pooled_session(loop: asyncio.AbstractEventLoop, socks: Secret | None = None) -> aiohttp.ClientSession:
    """The session of this loop (and SOCKS proxy), made at the first call and closed when the loop ends."""
    found = _sessions.get((loop, socks))
    if found is not None and not found[0].closed:
        session: aiohttp.ClientSession = found[0]
        return session
    # Other threads come and go meanwhile: a snapshot, and whoever takes an entry out closes it.
    for gone in [key for key in list(_sessions) if key[0].is_closed()]:
        left = _sessions.pop(gone, None)
        if left is not None:
            _abandon(left[0], gone[0])
    session = new_session(_connector(socks), owner=True)
    keeper = _keeper((loop, socks), session)
    # A suspended async generator is the one thing that every loop closes when it shuts down.
    with contextlib.suppress(StopIteration):
        keeper.asend(None).send(None)
    _sessions[loop, socks] = (session, keeper)
    return session


async def _keeper(
    key: tuple[asyncio.AbstractEventLoop, Secret | None], session: aiohttp.ClientSession
) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        _sessions.pop(key, None)
        await session.close()


def new_session(connector: aiohttp.BaseConnector, *, owner: bool) -> aiohttp.ClientSession:
    """A session on this connector; whether it closes the connector is `owner`."""
    import aiohttp

    return aiohttp.ClientSession(
        connector=connector,
        connector_owner=owner,
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": "g4f_nb"},
    )


def _connector(socks: Secret | None) -> aiohttp.BaseConnector:
    from g4f_nb.wire.connecting import PooledConnector, hear_all_of

    if socks is None:
        return PooledConnector()
    try:
        from aiohttp_socks import ProxyConnector
    except ImportError as error:
        raise errors.MissingRequirementsError(
            'a SOCKS proxy needs the extra "socks": pip install "g4f_nb[socks]"'
        ) from error
    # The h says that names are looked up by the proxy, which is usual here anyway.
    connector: aiohttp.BaseConnector = ProxyConnector.from_url(
        re.sub("(?i)^socks5h(?=:)", "socks5", socks.reveal()), limit=0
    )
    hear_all_of(connector)
    return connector


def _abandon(session: aiohttp.ClientSession, loop: asyncio.AbstractEventLoop) -> None:
    """Close a session whose loop does not run any more, as far as that goes without it."""
    from g4f_nb.wire.connecting import forget

    connector = session.connector
    if not loop.is_closed() and not loop.is_running():
        with contextlib.suppress(RuntimeError):
            loop.run_until_complete(session.close())
        return
    session.detach()
    if connector is None:
        return
    if loop.is_closed():
        forget(connector, shared=False)
    else:
        # It runs on another thread. The first step closes the transports; the rest would wait for that one.
        closing: Any = connector.close()
        with warnings.catch_warnings(), contextlib.suppress(StopIteration, RuntimeError):
            warnings.simplefilter("ignore")
            closing.send(None)
        closing.close()


def _after_fork() -> None:
    """The child leaves its parent's connections alone, and keeps what would close them from collection."""
    for session, keeper in _sessions.values():
        from g4f_nb.wire.connecting import forget

        connector = session.connector
        session.detach()
        if connector is not None:
            forget(connector, shared=True)
        _inherited.append((connector, keeper))
    _sessions.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


@atexit.register
def _close_all() -> None:
    # Our own loop closes its session itself; what is left are sessions on loops that never ended.
    ownloop.stop_own_loop()
    while _sessions:
        (loop, _), (session, _) = _sessions.popitem()
        _abandon(session, loop)
