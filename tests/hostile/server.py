"""A server that does to a connection exactly what a script says: bytes, pauses, stalls, resets."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl as tls
import struct
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

STALL = "stall"  # say nothing more, and wait until the other side has gone
RESET = "reset"  # close the connection with RST instead of FIN
KEEP = "keep"  # the connection stays open for the next request
UNREAD = "unread"  # as the first step: answer before the request has been read


@dataclass(frozen=True, slots=True)
class Again:
    """Sends the same bytes again and again until the other side has gone."""

    data: bytes
    every: float = 0.02


@dataclass(frozen=True, slots=True)
class Slowly:
    """Sends bytes a few at a time."""

    data: bytes
    every: float = 0.01
    size: int = 1


Step = bytes | float | str | Again | Slowly
Steps = tuple[Step, ...]

HEALTHY = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 74\r\n\r\n"
    b'{"choices":[{"message":{"content":"well again"},"finish_reason":"stop"}]} '
)


@dataclass(slots=True)
class Host:
    """One listening port; `answers` are the scripts of the requests in turn, the last one for all others."""

    answers: Sequence[Steps]
    port: int = 0
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    gone: int = 0
    busy: int = 0
    healthy: bool = False

    def next_answer(self) -> Steps:
        """What the next request gets."""
        return self.answers[min(len(self.requests), len(self.answers) - 1)] if self.answers else ()

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"127.0.0.1:{self.port}"


class Servers:
    """All the servers of a test run, on one loop in a thread of their own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End them all."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @contextlib.contextmanager
    def serve(self, answers: Sequence[Steps], context: tls.SSLContext | None = None) -> Iterator[Host]:
        """Listen until the end of the `with`."""
        host = Host(answers)
        ended = asyncio.Event()
        tasks: set[asyncio.Task[None]] = set()

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            tasks.add(task)
            host.connections += 1
            host.busy += 1
            try:
                await _converse(host, reader, writer)
            except (OSError, EOFError, ValueError, asyncio.CancelledError):
                pass
            finally:
                host.busy -= 1
                host.gone += 1
                writer.close()
                tasks.discard(task)

        async def start() -> None:
            server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=context)
            host.port = server.sockets[0].getsockname()[1]
            started.set()
            await ended.wait()
            server.close()
            for task in list(tasks):
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        started = threading.Event()
        running = asyncio.run_coroutine_threadsafe(start(), self._loop)
        started.wait(5)
        try:
            yield host
        finally:
            self._loop.call_soon_threadsafe(ended.set)
            running.result(5)


async def _converse(host: Host, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        steps: Steps = ()
        early = host.next_answer()
        if not host.healthy and early[:1] == (UNREAD,):
            host.requests.append(b"")
            steps = early[1:]
        else:
            host.busy -= 1
            try:
                request = await _request(reader)
            finally:
                host.busy += 1
            if host.healthy:
                steps = (HEALTHY, KEEP)
            else:
                steps = host.next_answer()
                host.requests.append(request)
        for step in steps:
            if step == KEEP:
                break
            await _do(step, reader, writer)
        else:
            return


async def _do(step: Step, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    match step:
        case bytes():
            writer.write(step)
            await writer.drain()
        case float() | int():
            await asyncio.sleep(step)
        case Again(data, every):
            while not reader.at_eof() and not writer.is_closing():
                writer.write(data)
                await writer.drain()
                await asyncio.sleep(every)
        case Slowly(data, every, size):
            for at in range(0, len(data), size):
                writer.write(data[at : at + size])
                await writer.drain()
                await asyncio.sleep(every)
        case "stall":
            # A client that has sent all is read to see it go; one that is not read would never be seen.
            while await reader.read(65536):
                pass
        case "reset":
            sock: Any = writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
            raise EOFError


async def _request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
    return head + await reader.readexactly(int(length or 0))
