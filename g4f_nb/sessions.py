"""The sessions that requests share: one on each event loop, kept alive across cells, closed with the loop.

No cookies are kept.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import warnings
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any

from g4f_nb import errors, ownloop

if TYPE_CHECKING:
    import aiohttp

_sessions: dict[tuple[asyncio.AbstractEventLoop, str | None], tuple[Any, AsyncGenerator[None, None]]] = {}


def pooled_session(loop: asyncio.AbstractEventLoop, socks: str | None = None) -> aiohttp.ClientSession:
    """The session of this loop (and SOCKS proxy), made at the first call and closed when the loop ends."""
    found = _sessions.get((loop, socks))
    if found is not None and not found[0].closed:
        session: aiohttp.ClientSession = found[0]
        return session
    # Other threads come and go meanwhile: a snapshot, and whoever takes an entry out closes it.
    for gone in [key for key in list(_sessions) if key[0].is_closed()]:
        left = _sessions.pop(gone, None)
        if left is not None:
            _abandon(left[0])
    session = new_session(_connector(socks), owner=True)
    keeper = _keeper((loop, socks), session)
    # A suspended async generator is the one thing that every loop closes when it shuts down.
    with contextlib.suppress(StopIteration):
        keeper.asend(None).send(None)
    _sessions[loop, socks] = (session, keeper)
    return session


async def _keeper(
    key: tuple[asyncio.AbstractEventLoop, str | None], session: aiohttp.ClientSession
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


def _connector(socks: str | None) -> aiohttp.BaseConnector:
    import aiohttp

    if socks is None:
        # How many run at once is the business of whoever starts them.
        return aiohttp.TCPConnector(limit=0, keepalive_timeout=30)
    try:
        from aiohttp_socks import ProxyConnector
    except ImportError as error:
        raise errors.MissingRequirementsError(
            'a SOCKS proxy needs the extra "socks": pip install "g4f_nb[socks]"'
        ) from error
    connector: aiohttp.BaseConnector = ProxyConnector.from_url(socks, limit=0)
    return connector


def _abandon(session: aiohttp.ClientSession) -> None:
    """Close a session whose loop does not run any more, as far as that goes without it."""
    loop, connector = session._loop, session.connector  # noqa: SLF001  # aiohttp has no public name for it
    if not loop.is_closed() and not loop.is_running():
        with contextlib.suppress(RuntimeError):
            loop.run_until_complete(session.close())
        return
    session.detach()
    if connector is not None:
        # The first step closes the transports; the rest would wait for a loop that is gone.
        closing: Any = connector.close()
        with warnings.catch_warnings(), contextlib.suppress(StopIteration, RuntimeError):
            warnings.simplefilter("ignore")
            closing.send(None)
        closing.close()


@atexit.register
def _close_all() -> None:
    # Our own loop closes its session itself; what is left are sessions on loops that never ended.
    ownloop.stop_own_loop()
    while _sessions:
        _, (session, _) = _sessions.popitem()
        _abandon(session)
