"""What comes on a connection: nothing before a fault is lost, and none is given to another's question."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from small_server import listening

from g4f_nb import errors
from g4f_nb.calls import Call, Headers
from g4f_nb.wire.http import Exchange

WELL = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
OTHER = WELL.replace(b"{}", b"[]")
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
EARLY = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"


@contextlib.asynccontextmanager
async def _server(*answers):
    """Each answer in pieces, a moment apart; where it listens, and the connections that were made."""
    left, connections = list(answers), []

    async def serve(reader, writer):
        connections.append(writer)
        try:
            while left:
                await reader.readuntil(b"\r\n\r\n{}")
                for piece in left.pop(0):
                    writer.write(piece)
                    await asyncio.sleep(0.002)
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.transport.abort()

    async with listening(serve) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", connections


async def _read(url):
    async with Exchange(Call("POST", url, Headers({"Content-Type": "a/b"}), body=b"{}")) as answer:
        return await answer.read(1000)


@pytest.mark.clock
@pytest.mark.parametrize(
    "pieces",
    [
        [WELL + OTHER],
        [WELL[:-1], WELL[-1:] + OTHER],
        [WELL, OTHER],
        [CHUNKED, b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"],
        [WELL, b"HTTP/1.1 408 Requ"],
    ],
)
def test_what_comes_unasked_answers_nothing(either_way, pieces):
    """A server that says more than it was asked is asked anew, on another connection."""

    async def go():
        async with _server(pieces, [CHUNKED]) as (url, connections):
            assert await _read(url) == b"{}"
            await asyncio.sleep(0.05)
            assert await _read(url) == b"{}"
            assert len(connections) == 2

    asyncio.run(go())


@pytest.mark.parametrize("whole", [EARLY + CHUNKED, EARLY + WELL, CHUNKED])
def test_wherever_the_network_cuts_it_is_one_answer(either_way, whole):
    """Also where words come beforehand; the connection is kept."""
    cuts = range(1, len(whole), 3)

    async def go():
        async with _server(*([whole[:cut], whole[cut:]] for cut in cuts)) as (url, connections):
            for _ in cuts:
                assert await _read(url) == b"{}"
            assert len(connections) == 1

    asyncio.run(go())


@pytest.mark.parametrize("behind", [b"", WELL[:12], WELL])
def test_thousands_of_words_beforehand_in_one_packet_are_passed_over(either_way, behind):
    """However many they are, the answer behind them is read, and its connection kept."""

    async def go():
        async with _server([EARLY * 3000 + behind, WELL[len(behind) :]], [CHUNKED]) as (url, connections):
            assert await _read(url) == b"{}"
            assert await _read(url) == b"{}"
            assert len(connections) == 1

    asyncio.run(go())


def test_a_body_that_breaks_beside_a_word_beforehand_is_no_answer_that_never_was(either_way):
    """The answer had begun, also where all of it came in one packet."""

    async def go():
        async with _server([EARLY + CHUNKED.replace(b"0\r\n", b"zz\r\n")]) as (url, _):
            with pytest.raises(errors.StreamInterruptedError, match="in the middle of its answer"):
                await _read(url)

    asyncio.run(go())
