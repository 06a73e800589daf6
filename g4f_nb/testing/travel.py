"""How the bytes travel: their pace, where they are torn apart, and how the connection ends."""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiohttp import web

    from .wire import Coder

SILENCE = 60.0  # no silence is for ever: a forgotten client would hold the server
_BEGINNING = 5  # steps that are sent before an answer breaks off

# What `SO_LINGER` wants: on, for 0 seconds.
_NO_LINGER = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Pause:
    """Nothing is sent for so many seconds."""

    seconds: float


class Leave(Enum):
    """The connection ends here, in the middle of the response."""

    CUT = auto()  # FIN: an end of file where the client expects more
    RESET = auto()  # RST: "connection reset by peer"


# Bytes to write (empty: just the headers), a pause, or the end of the connection.
Step = bytes | Pause | Leave
Travel = Callable[[Iterable[bytes], int], Iterator[Step]]


def straight(steps: Iterable[bytes], _: int) -> Iterator[Step]:
    """Send everything as it comes."""
    yield from steps


def late(steps: Iterable[bytes], milliseconds: int) -> Iterator[Step]:
    """Wait before the first byte."""
    yield Pause(min(milliseconds / 1000, SILENCE))
    yield from steps


def drip(steps: Iterable[bytes], milliseconds: int) -> Iterator[Step]:
    """Wait after each step."""
    for step in steps:
        yield step
        yield Pause(min(milliseconds / 1000, SILENCE))


def breaking_off(*ends: Step) -> Travel:
    """Send the beginning, then go these steps instead of the rest."""

    def travel(steps: Iterable[bytes], _: int) -> Iterator[Step]:
        yield from islice(steps, _BEGINNING)
        yield from ends

    return travel


def instead(*ends: Step) -> Travel:
    """Send nothing of it: go these steps."""
    return lambda _steps, _number: iter(ends)


def split_characters(steps: Iterable[bytes], _: int) -> Iterator[Step]:
    """Tear the bytes apart inside of each character that has several."""
    for step in steps:
        start = 0
        for at, byte in enumerate(step):
            if byte & 0xC0 == 0x80:  # a continuation byte
                yield step[start:at]
                yield Pause(0.001)
                start = at
        yield step[start:]


def one_by_one(steps: Iterable[bytes], _: int) -> Iterator[Step]:
    """Send each byte alone."""
    for step in steps:
        for byte in step:
            yield bytes([byte])
            yield Pause(0)


async def play(
    request: web.BaseRequest, response: web.StreamResponse, steps: Iterable[Step], coder: Coder
) -> None:
    """Go the steps: write, wait, or leave."""
    for step in steps:
        match step:
            case bytes():
                await _write(request, response, coder.piece(step) if step else b"")
            case Pause():
                await asyncio.sleep(step.seconds)
            case Leave():
                _leave(request, step)
                return
    await _write(request, response, coder.end())
    await response.write_eof()


async def _write(request: web.BaseRequest, response: web.StreamResponse, data: bytes) -> None:
    if not response.prepared:
        await response.prepare(request)
    if data:
        await response.write(data)


def _leave(request: web.BaseRequest, how: Leave) -> None:
    if request.transport is None:
        return
    if how is Leave.RESET:
        request.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    request.transport.abort()
