"""The sessions that requests share: stale connections are replaced, forked children leave them alone."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import socketserver
import subprocess
import sys
import threading
import time

import aiohttp
import pytest
from hostile.asking import outcome_of
from hostile.authority import Authority
from hostile.cases import CHUNKED, Text, chunk, completion, event, head, sized
from hostile.server import KEEP, RESET, STALL, Servers
from small_server import listening
from thorough import some

from g4f_nb import errors
from g4f_nb.calls import Call, Headers
from g4f_nb.wire import sessions
from g4f_nb.wire.connecting import hear_all_of
from g4f_nb.wire.http import Exchange

pytestmark = pytest.mark.usefixtures("quick_garbage")

WELL = (sized(completion()), KEEP)


@pytest.fixture(scope="module")
def servers():
    """A thread for servers that follow a script."""
    servers = Servers()
    yield servers
    servers.close()


async def _ask(host, **given):
    return await outcome_of(
        {"api_base": f"http://{host.address}/v1", "max_retries": 0, "timeout": 5, **given}
    )


# ---- connections that the server gave up ------------------------------------------------------------


@pytest.mark.clock
@pytest.mark.parametrize("end", [(), (RESET,)])
def test_a_connection_that_was_kept_too_long_is_replaced(either_way, servers, end):
    """At once, and without counting as a try: nothing of the request was read on it."""

    async def go():
        begin = time.monotonic()
        assert [await _ask(host) for _ in range(2)] == [Text(), Text()]
        assert time.monotonic() - begin < 5

    with servers.serve([WELL, end, WELL]) as host:
        asyncio.run(go())
        assert (len(host.requests), host.connections) == (3, 2)


def test_a_new_connection_that_breaks_is_not_replaced(either_way, servers):
    """With `max_retries=0` a request is sent once."""

    async def go():
        return await _ask(host)

    with servers.serve([(), WELL]) as host:
        assert isinstance(asyncio.run(go()), errors.ConnectionFailedError)
        assert len(host.requests) == 1


def test_a_kept_connection_is_replaced_once(either_way, servers):
    """A server that hangs up on the new one as well is told."""

    async def go():
        return [await _ask(host) for _ in range(2)]

    with servers.serve([WELL, ()]) as host:
        first, second = asyncio.run(go())
        assert first == Text()
        assert isinstance(second, errors.ConnectionFailedError)
        assert len(host.requests) == 3


ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


@contextlib.asynccontextmanager
async def _answering_once(end, *, before_it=b""):
    """A server that answers once on each connection and hangs up when asked again; what it has seen."""
    seen = []

    async def serve(reader, writer):
        try:
            for turn in range(2):
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
                await reader.readexactly(length)
                seen.append(turn)
                writer.write(before_it if turn else ANSWER)
        except asyncio.IncompleteReadError:
            pass
        finally:
            getattr(writer.transport, end)()

    async with listening(serve) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", seen


async def _read(url, *, size=10):
    async with Exchange(Call("POST", url, Headers({"Content-Type": "a/b"}), body=b"x" * size)) as answer:
        return await answer.read(1000)


@pytest.mark.parametrize("size", [10, 100_000, 600_000])
@pytest.mark.parametrize("end", ["close", "abort"])
def test_of_several_at_once_each_is_replaced(either_way, end, size):
    """A request asks of its own connection whether it was kept: others connect at the same time."""

    async def go():
        async with _answering_once(end) as (url, seen):
            for _ in range(5):
                assert await asyncio.gather(*(_read(url, size=size) for _ in range(4))) == [b"{}"] * 4
            assert sorted(seen) == [0] * 20 + [1] * 16

    asyncio.run(go())


def test_where_one_was_given_up_the_others_are_not_tried(either_way):
    """The request goes out once more, on a new connection, however many were kept."""

    async def go():
        async with _answering_once("abort") as (url, seen):
            await asyncio.gather(*(_read(url) for _ in range(4)))
            assert await _read(url) == b"{}"
            assert seen == [0] * 4 + [1, 0]

    asyncio.run(go())


def test_an_answer_that_breaks_off_in_its_head_is_not_asked_for_again(either_way):
    """Also on a kept connection: the server had read the request, and may have been paid for it."""

    async def go():
        async with _answering_once("close", before_it=b"HTTP/1.1 200 OK\r\nContent-") as (url, seen):
            assert await _read(url) == b"{}"
            with pytest.raises(errors.ConnectionFailedError):
                await _read(url)
            assert seen == [0, 1]

    asyncio.run(go())


# ---- large requests --------------------------------------------------------------------------------


@pytest.mark.clock
def test_a_large_request_has_its_time():
    """Silence is when nothing moves: an upload that takes longer than `timeout` as a whole is no silence."""
    size = 12_000_000

    class Slow(socketserver.StreamRequestHandler):
        def handle(self):
            while self.rfile.readline().strip():
                pass
            left = size
            while left > 0:
                left -= len(self.rfile.read1(131_072))
                time.sleep(0.02)
            self.wfile.write(sized(completion()))

    async def go():
        begin = time.monotonic()
        given = {
            "api_base": f"http://127.0.0.1:{server.server_address[1]}/v1",
            "extra_data": {"x": "x" * size},
        }
        outcome = await outcome_of({**given, "timeout": 1.5, "max_retries": 0})
        return outcome, time.monotonic() - begin

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Slow) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            outcome, took = asyncio.run(go())
        finally:
            server.shutdown()
            thread.join()
    assert outcome == Text()
    assert took > 1.6


# ---- a connector of the caller's own ----------------------------------------------------------------


@pytest.mark.clock
def test_with_a_caller_s_connector_a_broken_connection_is_noticed(servers):
    """Its connections are aiohttp's own, which wake nobody: they are looked at."""

    async def go():
        async with aiohttp.TCPConnector() as connector:
            return await _ask(host, connector=connector, stream=True)

    script = (head("text/event-stream", CHUNKED) + chunk(event("hel")), 0.2, b"zz\r\n", STALL)
    begin = time.monotonic()
    with servers.serve([script]) as host:
        error = asyncio.run(go())
    assert isinstance(error, errors.StreamInterruptedError)
    assert error.partial == "hel"
    assert time.monotonic() - begin < 4


def test_a_connector_of_another_loop_is_refused(servers):
    """By name, with the way out, before anything is sent."""

    async def make():
        return aiohttp.TCPConnector()

    async def go():
        return await _ask(host, connector=connector)

    with asyncio.Runner() as runner:
        connector = runner.run(make())
        with servers.serve([WELL]) as host:
            error = asyncio.run(go())
            assert host.requests == []
        runner.run(connector.close())
    assert isinstance(error, errors.LoopError)
    assert "another event loop" in str(error)


# ---- forks -----------------------------------------------------------------------------------------

FORK = """
import asyncio, os, ssl, sys, warnings
import trustme
from g4f_nb.providers import OpenaiTemplate
from g4f_nb.testing import serve

warnings.simplefilter("error")
running, secure = sys.argv[1] == "running", sys.argv[2] == "tls"
authority = trustme.CA()
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
authority.issue_cert("127.0.0.1").configure_cert(context)
trusting = ssl.create_default_context()
authority.configure_trust(trusting)

async def ask():
    given = {"api_base": server.api_base, "timeout": 3, "max_retries": 0, "api_key": "k"}
    if secure:
        given["ssl"] = trusting
    stream = OpenaiTemplate.create_async_generator("echo", [{"role": "user", "content": "hi"}], **given)
    assert "".join([str(chunk) async for chunk in stream]) == "hi"

def child():
    asyncio.run(ask())
    sys.stdout.flush()
    if running:
        os._exit(0)
    sys.exit(0)

def fork():
    pid = os.fork()
    if not pid:
        child()
    assert os.waitpid(pid, 0)[1] == 0

async def beside():
    await ask()
    fork()
    await ask()

with serve(**({"ssl_context": context} if secure else {})) as server:
    with asyncio.Runner() as runner:
        if running:
            runner.run(beside())
        else:
            runner.run(ask())
            fork()
            runner.run(ask())
        print(server.connections, flush=True)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.parametrize(
    ("loop", "wire"),
    some([("running", "plain"), ("running", "tls"), ("idle", "plain"), ("idle", "tls")], of=3),
)
def test_a_forked_child_leaves_its_parent_s_connections_alone(loop, wire):
    """Whether its loop ran or not: the child makes its own, and the parent goes on with what it had."""
    command = [sys.executable, "-W", "error::ResourceWarning", "-c", FORK, loop, wire]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["2"]
    assert done.stderr == ""


@pytest.mark.parametrize("wire", ["plain", "tls"])
def test_what_is_forgotten_says_nothing(servers, wire):
    """Nothing is sent, nothing complains when it is collected, and the next call has its own."""
    authority = Authority()
    given = {"ssl": authority.trusting} if wire == "tls" else {}
    kind, scheme = ("good", "https") if wire == "tls" else ("", "http")
    with servers.serve([WELL], authority.context(kind)) as host, asyncio.Runner() as runner:
        base = f"{scheme}://{host.address}/v1"
        assert runner.run(_ask(host, api_base=base, **given)) == Text()
        sessions._after_fork()
        assert sessions._sessions == {}
        gc.collect()
        assert runner.run(_ask(host, api_base=base, **given)) == Text()
        assert host.connections == 2
    sessions._inherited.clear()
    gc.collect()


# ---- the end ---------------------------------------------------------------------------------------


def test_a_session_whose_loop_was_closed_without_ado_is_cleared_away(servers):
    """By the next call on another loop; its connection is closed."""
    with servers.serve([WELL]) as host:
        loop = asyncio.new_event_loop()
        assert loop.run_until_complete(_ask(host)) == Text()
        loop.close()
        assert asyncio.run(_ask(host)) == Text()
        assert not [key for key in sessions._sessions if key[0] is loop]
    gc.collect()


def test_the_end_of_the_program_closes_all(servers):
    """Sessions on loops that never ended, too."""
    with servers.serve([WELL]) as host:
        loop = asyncio.new_event_loop()
        assert loop.run_until_complete(_ask(host)) == Text()
        session = sessions.pooled_session(loop)
        sessions._close_all()
        assert session.closed
        assert sessions._sessions == {}
        loop.close()
    gc.collect()


def test_the_end_closes_what_another_thread_still_runs(servers):
    """As far as that goes: the connection is closed, and nothing complains."""
    with servers.serve([WELL]) as host:
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever)
        thread.start()
        assert asyncio.run_coroutine_threadsafe(_ask(host), loop).result(10) == Text()
        sessions._close_all()
        assert sessions._sessions == {}
        end = time.monotonic() + 5
        while host.connections != host.gone and time.monotonic() < end:
            time.sleep(0.01)
        assert host.gone == 1
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
    gc.collect()


def test_another_connector_without_our_hearing_works():
    """Should aiohttp rename what `hear_all_of` sets, connections are heard as aiohttp hears them."""

    class Other:
        pass

    hear_all_of(Other())
