"""Small requests, sent without aiohttp's ceremony, are those that aiohttp would have sent."""

from __future__ import annotations

import asyncio

import pytest

from g4f_nb.calls import Call, Headers
from g4f_nb.errors import ConnectionFailedError
from g4f_nb.wire import onepiece
from g4f_nb.wire.http import Exchange

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


async def _sent(*calls):
    """The bytes of each request in the pieces in which they came, and how many connections there were."""
    pieces, connections = [], 0

    async def serve(reader, writer):
        nonlocal connections
        connections += 1
        try:
            while piece := await reader.read(1 << 20):
                pieces.append(piece)
                head, _, body = b"".join(pieces[seen:]).partition(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
                if len(body) == length:
                    writer.write(ANSWER)
        finally:
            writer.transport.abort()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/chat?a=b%20c"
        each = []
        for headers, body in calls:
            seen = len(pieces)
            async with Exchange(Call("POST", base, Headers(headers), body=body)) as answer:
                assert await answer.read(1000) == b"{}"
            each.append(pieces[seen:])
        return each, connections


def _lines(pieces):
    head, _, body = b"".join(pieces).partition(b"\r\n\r\n")
    first, *headers = head.decode().split("\r\n")
    named = [line for line in headers if not line.startswith("Host: ")]
    return first, sorted(named), body


CALLS = [
    ({"Accept": "application/json", "Content-Type": "application/json", "Authorization": "Bearer k"}, b"{}"),
    ({"Content-Type": "application/json", "content-type": "text/plain", "User-Agent": "me"}, b"x" * 30_000),
    ({"Content-Type": "application/json", "Connection": "keep-alive", "Cookie": "a=b"}, b"{}"),
    ({"Content-Type": "application/json"}, b"y" * 100_000),
]


def test_it_is_what_aiohttp_would_have_sent(monkeypatch):
    """The same first line, the same headers, the same body, on one connection."""
    ours, connections = asyncio.run(_sent(*CALLS))
    assert connections == 1
    monkeypatch.setattr(onepiece, "_KNOWN", False)
    theirs, connections = asyncio.run(_sent(*CALLS))
    assert connections == 1
    assert [_lines(each) for each in ours] == [_lines(each) for each in theirs]


def test_a_small_one_leaves_in_one_piece():
    """Head and body together, and before the loop has turned once."""
    (pieces,), _ = asyncio.run(_sent(CALLS[0]))
    assert len(pieces) == 1


@pytest.mark.parametrize("known", [True, False])
def test_a_connection_that_cannot_be_made_is_the_same_error(monkeypatch, known):
    """Whichever way it would have gone."""
    monkeypatch.setattr(onepiece, "_KNOWN", known)

    async def ask():
        async with Exchange(Call("POST", "http://127.0.0.1:1/v1", Headers(), body=b"{}")):
            pass

    with pytest.raises(ConnectionFailedError, match=r"nothing answers at 127\.0\.0\.1:1"):
        asyncio.run(ask())
