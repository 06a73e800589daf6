"""Small requests, sent without aiohttp's ceremony, are those that aiohttp would have sent."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import aiohttp
import pytest
from small_server import listening

from g4f_nb.calls import Call, Headers
from g4f_nb.errors import ConnectionFailedError
from g4f_nb.wire import onepiece
from g4f_nb.wire.connecting import PooledConnector
from g4f_nb.wire.http import Exchange
from g4f_nb.wire.sessions import new_session

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

    async with listening(serve) as server:
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
    ({"X-Name": "Zoë"}, b"{}"),
]


def test_it_is_what_aiohttp_would_have_sent(monkeypatch):
    """The same first line, the same headers, the same body, on one connection."""
    ours, connections = asyncio.run(_sent(*CALLS))
    assert connections == 1
    monkeypatch.setattr(onepiece, "_whole", None)
    theirs, connections = asyncio.run(_sent(*CALLS))
    assert connections == 1
    assert [_lines(each) for each in ours] == [_lines(each) for each in theirs]


def test_a_small_one_leaves_in_one_piece():
    """Head and body together, with the aiohttp that is installed: where that is not so somebody must look."""
    assert onepiece._whole is not None
    (pieces,), _ = asyncio.run(_sent(CALLS[0]))
    assert len(pieces) == 1


def test_a_connection_that_cannot_be_made_is_the_same_error(either_way):
    """Whichever way it would have gone."""
    with pytest.raises(ConnectionFailedError, match=r"nothing answers at 127\.0\.0\.1:1"):
        asyncio.run(_open("http://127.0.0.1:1/v1"))


async def _open(url, **headers):
    async with Exchange(Call("POST", url, Headers(headers), body=b"{}")):
        pass


@pytest.mark.parametrize(
    "url", ["ftp://127.0.0.1:1/v1", "http://127.0.0.1:99999/v1", "http://[::1/v1", "http:///v1", "/v1", ""]
)
def test_what_is_no_address_is_told(either_way, url):
    """As one of our errors, whichever way it would have gone."""
    with pytest.raises(ConnectionFailedError, match="is no web address"):
        asyncio.run(_open(url))


@pytest.mark.clock
@pytest.mark.parametrize("value", ["a\r\nInjected: b", "a\nb", "a\0b"])
def test_a_header_cannot_bring_another_along(either_way, value):
    """A line break in a value is refused before anything is sent."""
    seen = []

    async def go():
        async def serve(reader, writer):
            seen.append(await reader.read())
            writer.close()

        async with listening(serve) as server:
            with pytest.raises(ValueError, match="header"):
                await _open(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", X=value)
            await asyncio.sleep(0.05)

    asyncio.run(go())
    assert b"".join(seen) == b""


def test_who_gives_up_waiting_for_the_head_hangs_up(either_way):
    """The connection is closed at once and never given to another request."""

    async def go():
        async def serve(reader, writer):
            await reader.readuntil(b"{}")
            asked.set()
            ended.set_result(await reader.read())
            writer.close()

        asked, ended = asyncio.Event(), asyncio.get_running_loop().create_future()
        async with listening(serve) as server:
            asking = asyncio.create_task(_open(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"))
            await asyncio.wait_for(asked.wait(), 10)
            asking.cancel()
            assert await asyncio.wait_for(ended, 10) == b""
            with pytest.raises(asyncio.CancelledError):
                await asking

    asyncio.run(go())


OTHER = """
import inspect
import sys
import aiohttp, aiohttp.client_proto, aiohttp.http_writer

def leave_out(place, name):
    delattr(place, name)

def ask_for_more(place, name):
    method = getattr(place, name)
    def changed(*given, needed, **named):
        return method(*given, **named)
    changed.__signature__ = inspect.signature(method).replace(parameters=[
        *(each for each in inspect.signature(method).parameters.values() if each.kind != each.VAR_KEYWORD),
        inspect.Parameter("needed", inspect.Parameter.KEYWORD_ONLY),
    ])
    def usual(*given, **named):
        return changed(*given, needed=1, **named)
    # aiohttp itself knows how it is called now.
    setattr(place, name, changed if place is aiohttp.ClientRequest else usual)
    if place is not aiohttp.ClientRequest:
        usual.__signature__ = changed.__signature__

writer, protocol = aiohttp.http_writer.StreamWriter, aiohttp.client_proto.ResponseHandler
aiohttp.__version__, change = {
    "nothing but its number": ("3.15.0", None),
    "no number at all": ("next", None),
    "whole requests": ("3.99", lambda: leave_out(aiohttp, "ClientRequest")),
    "writers": ("3.99", lambda: leave_out(aiohttp.http_writer, "StreamWriter")),
    "its connections": ("3.99", lambda: leave_out(aiohttp.client_proto, "ResponseHandler")),
    "what they do": ("3.99", lambda: leave_out(protocol, "force_close")),
    "how they begin to wait": ("3.14.9", lambda: leave_out(protocol, "start_timeout")),
    "how a head is written": ("3.14.9", lambda: ask_for_more(writer, "write_headers")),
    "what an answer is made of": ("3.14.9", lambda: ask_for_more(aiohttp.ClientResponse, "__init__")),
}[sys.argv[1]]
if change is not None:
    change()

import g4f_nb as nb
from g4f_nb.testing import serve
from g4f_nb.wire import onepiece

with serve() as server:
    given = {"api_base": server.api_base, "max_retries": 0}
    print([nb.ask("hi", "OpenaiTemplate:echo", **given).text for _ in range(2)], onepiece._whole is not None)
"""


@pytest.mark.parametrize(
    ("changed", "whole"),
    [
        ("nothing but its number", True),
        ("no number at all", True),
        ("whole requests", False),
        ("writers", False),
        ("its connections", False),
        ("what they do", True),
        ("how a head is written", False),
        ("what an answer is made of", False),
    ],
)
def test_another_aiohttp_is_used_as_far_as_it_is_like_this_one(changed, whole):
    """What it has decides, not its number; and what it has no longer is not asked for."""
    run = subprocess.run(
        [sys.executable, "-c", OTHER, changed], check=False, capture_output=True, text=True, timeout=60
    )
    assert (run.stdout, run.stderr) == (f"['hi', 'hi'] {whole}\n", "")


def test_what_a_newer_aiohttp_puts_into_its_requests_is_in_ours(monkeypatch):
    """Aiohttp 3.15 has time limits there that its connections look at."""
    found, init = [], aiohttp.ClientRequest.__init__

    def newer(self, *given, **named):
        init(self, *given, **named)
        self._newer = "as it makes them"

    monkeypatch.setattr(aiohttp.ClientRequest, "__init__", newer)
    send = onepiece._whole.WholeRequest.send

    async def watched(self, conn):
        found.append(self._newer)
        return await send(self, conn)

    monkeypatch.setattr(onepiece._whole.WholeRequest, "send", watched)
    (pieces,), _ = asyncio.run(_sent(CALLS[0]))
    assert (len(pieces), found) == (1, ["as it makes them"])


@pytest.mark.parametrize("fault", [TypeError("url is missing"), None])
def test_requests_that_are_made_in_another_way_are_left_to_it(monkeypatch, fault):
    """A constructor that wants something else, or gives its requests other parts, is not second-guessed."""
    init = aiohttp.ClientRequest.__init__

    def other(self, *given, **named):
        if fault is not None and "data" not in named:
            raise fault
        init(self, *given, **named)
        if fault is None and "data" not in named:
            del self.original_url

    monkeypatch.setattr(aiohttp.ClientRequest, "__init__", other)
    each, connections = asyncio.run(_sent(*CALLS[:2]))
    assert [_lines(sent)[2] for sent in each] == [b"{}", b"x" * 30_000]
    assert connections == 1


@pytest.mark.parametrize("failure", [ConnectionResetError(104, "reset"), OSError(24, "too many open files")])
def test_a_fault_of_the_socket_is_one_of_aiohttps(monkeypatch, failure):
    """As it would be on the usual way, where whoever translates errors expects it."""

    async def ask():
        session = new_session(PooledConnector(), owner=True)

        async def connect(*_, **__):
            raise failure

        monkeypatch.setattr(session.connector, "connect", connect)
        async with session:
            call = Call("POST", "http://127.0.0.1:1/v1", Headers(), body=b"{}")
            await onepiece.answer_to(call, session, connecting=aiohttp.ClientTimeout())

    with pytest.raises(aiohttp.ClientOSError, match=failure.strerror):
        asyncio.run(ask())


@pytest.mark.parametrize("address", ["http://[::1/v1", "ftp://127.0.0.1/v1", "/v1"])
def test_an_address_that_is_none_is_left_to_the_usual_way(address):
    """Which says what is wrong with it."""

    async def ask():
        async with new_session(PooledConnector(), owner=True) as session:
            call = Call("POST", address, Headers(), body=b"{}")
            return await onepiece.answer_to(call, session, connecting=aiohttp.ClientTimeout())

    assert asyncio.run(ask()) is None
