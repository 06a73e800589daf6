"""What arrived: the requests, and the TCP connections they came on."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Mapping

_KEY_HEADER = re.compile(r"authorization|api-?key|token|cookie|secret", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as it arrived; its `repr` masks the headers that hold keys."""

    method: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    body: Any
    at: float
    connection: int

    def __repr__(self) -> str:
        """Show everything but the keys."""
        headers = {name: "***" if _KEY_HEADER.search(name) else text for name, text in self.headers.items()}
        return (
            f"Seen(method={self.method!r}, path={self.path!r}, headers={headers!r}, "
            f"body={self.body!r}, at={self.at!r}, connection={self.connection!r})"
        )


class CountingServer(web.Server):
    """aiohttp's low-level server, which here also counts its connections."""

    def __init__(self, handler: Callable[[web.BaseRequest], Any]) -> None:
        # Cancelling the handler is how a client's going away is noticed while nothing is sent.
        super().__init__(handler, handler_cancellation=True, access_log=None)
        self.ever = 0
        self.open: dict[web.RequestHandler, int] = {}

    def connection_made(self, handler: web.RequestHandler, transport: asyncio.Transport) -> None:
        """Number a new connection."""
        super().connection_made(handler, transport)
        self.ever += 1
        self.open[handler] = self.ever

    def connection_lost(self, handler: web.RequestHandler, exc: BaseException | None = None) -> None:
        """Forget a connection that has ended."""
        self.open.pop(handler, None)
        super().connection_lost(handler, exc)
