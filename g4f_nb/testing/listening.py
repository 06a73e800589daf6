"""What every server here shares: it listens on 127.0.0.1, keeps what it sees, and ends at once."""

from __future__ import annotations

import asyncio
import contextlib
import time
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qsl

import orjson

from .seen import CountingServer, Seen
from .travel import Step, play
from .wire import Coder, Plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from ssl import SSLContext

    from aiohttp import web

HOST = "127.0.0.1"
# What the loop does, one after the other, from a socket that was accepted to a connection that can be cut.
_STEPS_OF_ACCEPTING = 5


class Listening(ABC):
    """A server on the caller's running loop, for `async with`; a subclass writes `answer`.

    Args:
        port: 0 takes a free one.
        ssl_context: makes it an HTTPS server.
    """

    def __init__(self, *, port: int = 0, ssl_context: SSLContext | None = None) -> None:
        self.port = port
        self.requests: list[Seen] = []
        self.aborted = 0
        self._ssl_context = ssl_context
        self._stopping = False
        self._door: CountingServer | None = None
        self._listener: asyncio.Server | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @abstractmethod
    async def answer(self, request: web.BaseRequest, raw: bytes) -> web.StreamResponse:
        """Answer one request, whose body has been read and which is kept in `requests` already."""

    def __repr__(self) -> str:
        name, count = type(self).__name__, len(self.requests)
        if self._door is None:
            return f"<{name}, not started: use it in a `with` block, or start()>"
        where = getattr(self, "api_base", self.origin)
        state = "ended" if self._stopping else "running"
        return f"<{name} at {where}, {state}, {count} {'request' if count == 1 else 'requests'} so far>"

    # ---- what it saw -------------------------------------------------------------------------------

    @property
    def origin(self) -> str:
        """Scheme, host and port; still known after the end."""
        if self._door is None:
            raise RuntimeError("this server has not started: use it in a `with` block")
        return f"{'https' if self._ssl_context else 'http'}://{HOST}:{self.port}"

    @property
    def connections(self) -> int:
        """How many TCP connections were ever opened."""
        return self._door.ever if self._door else 0

    @property
    def open_connections(self) -> int:
        """How many TCP connections are open now."""
        return len(self._door.open) if self._door else 0

    def wait_for(self, condition: Callable[[Self], bool], timeout: float = 5.0) -> bool:
        """Wait until the condition holds, and say whether it does."""
        try:
            here: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        except RuntimeError:
            here = None
        if here is not None and here is self._loop:
            raise RuntimeError("wait_for() would stop the loop that this server runs on: await until()")
        end = time.monotonic() + timeout
        while not (holds := condition(self)) and time.monotonic() < end:
            time.sleep(0.002)
        return holds

    async def until(self, condition: Callable[[Self], bool], timeout: float = 5.0) -> bool:  # noqa: ASYNC109
        """Wait like `wait_for`, without stopping the running loop."""
        end = time.monotonic() + timeout
        while not (holds := condition(self)) and time.monotonic() < end:  # noqa: ASYNC110
            await asyncio.sleep(0.002)
        return holds

    # ---- start and stop ----------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        """Start to listen."""
        if self._door is not None:
            raise RuntimeError("a server runs once: make another one")
        self._loop = asyncio.get_running_loop()
        door = CountingServer(self._handle)
        self._listener = await self._loop.create_server(door, HOST, self.port, ssl=self._ssl_context)
        self.port = self._listener.sockets[0].getsockname()[1]
        self._door = door
        return self

    async def __aexit__(self, *_: object) -> None:
        """Cut all connections and stop, at once."""
        if self._door is None or self._listener is None:
            return
        self._stopping = True
        # A connection that is on its way in must have arrived: asyncio loses it in a server that is closed.
        with contextlib.suppress(NotImplementedError):
            for each in self._listener.sockets:
                asyncio.get_running_loop().remove_reader(each)
        for _step in range(_STEPS_OF_ACCEPTING):
            await asyncio.sleep(0)
        self._listener.close()
        # aiohttp forgets a connection when its task is done, which the abort has cancelled.
        while self._door.connections or self._door.open:
            for handler in list(self._door.open):
                if handler.transport is not None:
                    handler.transport.abort()
            await asyncio.sleep(0.001)
        await self._listener.wait_closed()
        self._loop = None

    # ---- requests ----------------------------------------------------------------------------------

    async def send(
        self,
        request: web.BaseRequest,
        response: web.StreamResponse,
        steps: Iterable[Step],
        coder: Coder | None = None,
    ) -> web.StreamResponse:
        """Answer with these steps; a client that leaves in the middle of them is counted."""
        try:
            await play(request, response, steps, coder or Plain())
        except asyncio.CancelledError:
            self.aborted += not self._stopping
            raise
        except ConnectionError:
            # Noticed by a write, before the loop could tell: aiohttp would log what is raised here.
            self.aborted += not self._stopping
        return response

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        raw = await request.content.read()
        connection = self._door.open.get(request.protocol, 0) if self._door else 0
        self.requests.append(
            Seen(
                request.method,
                request.path,
                request.headers,
                _readable(request, raw),
                time.monotonic(),
                connection,
            )
        )
        return await self.answer(request, raw)


def _readable(request: web.BaseRequest, raw: bytes) -> Any:
    """The body as a value: a form as a dict, JSON as what it says, anything else as `None`."""
    if request.content_type == "application/x-www-form-urlencoded":
        return dict(parse_qsl(raw.decode(errors="replace")))
    try:
        return orjson.loads(raw) if raw else None
    except orjson.JSONDecodeError:
        return None
