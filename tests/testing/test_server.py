"""The server itself: it starts, keeps what it sees, refuses what is wrong, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import aiohttp
import orjson
import pytest

import g4f_nb as nb
from g4f_nb.testing import Server, __main__, describe, serve, start

# ---- start and stop --------------------------------------------------------------------------------


@pytest.mark.clock
def test_serve_leaves_no_thread_and_no_socket_even_in_the_middle_of_silence():
    """The end of the block ends everything at once, also answers that are under way."""
    before = set(threading.enumerate())
    body = orjson.dumps({"model": "silent", "messages": [{"role": "user", "content": "x"}]})
    head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body)
    with socket.socket() as client:  # still open when the server ends
        with serve() as server:
            client.connect(("127.0.0.1", server.port))
            client.sendall(head + body)
            assert server.wait_for(lambda s: len(s.requests) == 1 and s.open_connections == 1)
            begin = time.monotonic()
        assert time.monotonic() - begin < 5  # and not a minute
        assert client.recv(1) == b""
    assert set(threading.enumerate()) == before
    assert (server.open_connections, server.connections, server.aborted) == (0, 1, 0)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port), timeout=1)
    gc.collect()  # an unclosed socket or loop would warn, and a warning is an error here


def test_the_running_loop_gets_its_tasks_back(ask_async):
    """`async with Server()` leaves no task on the caller's loop."""

    async def go():
        async with Server() as server:
            assert (await ask_async(server, "echo", "hi")).joined() == "hi"
            left = asyncio.create_task(ask_async(server, "stall"))
            assert await server.until(lambda s: len(s.requests) == 2)
            with pytest.raises(RuntimeError, match="await until"):
                server.wait_for(lambda s: s.aborted > 0)
        assert (await left).error is not None
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(go())


@pytest.mark.parametrize("steps", range(5))
def test_nothing_stays_open_of_who_was_just_coming_in(steps):
    """A server that ends while a connection is being accepted closes that too."""

    async def come_and_end():
        async with Server() as server:
            caller = socket.create_connection(("127.0.0.1", server.port))
            for _ in range(steps):
                await asyncio.sleep(0)
        return caller

    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        asyncio.run(come_and_end()).close()
        gc.collect()
    assert [str(each.message) for each in told] == []


def test_an_exception_in_the_block_comes_out_and_ends_the_server():
    """`serve` hides no failure of the test that uses it."""
    before = set(threading.enumerate())
    with pytest.raises(ZeroDivisionError), serve() as server:
        _ = server.port / 0
    assert set(threading.enumerate()) == before


def test_a_taken_port_is_reported_where_serve_was_called(server):
    """What goes wrong in the thread is raised in the caller's."""
    before = set(threading.enumerate())
    with pytest.raises(OSError, match="in use"), serve(port=server.port):
        pytest.fail("two servers on one port")
    assert set(threading.enumerate()) == before


def test_a_server_has_an_address_only_once_it_runs_and_runs_only_once(server):
    """Misuse is told, not guessed at."""
    with pytest.raises(RuntimeError, match="has not started"):
        _ = Server().api_base

    async def again():
        async with server:
            pytest.fail("started twice")

    with pytest.raises(RuntimeError, match="runs once"):
        asyncio.run(again())


def test_a_server_says_where_it_is():
    """In a notebook, where `start()` shows it, and once it has ended."""
    server, stop = start()
    nb.ask("hello", "OpenaiTemplate:echo", api_base=server.api_base)
    assert repr(server) == f"<Server at {server.api_base}, running, 1 request so far>"
    stop()
    assert "ended" in repr(server)
    assert "not started" in repr(Server())


def test_ssl_context_makes_it_https(monkeypatch, ask):
    """The context is really used: a client that speaks plain HTTP gets no answer."""
    with serve(ssl_context=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)) as server:
        assert server.api_base.startswith("https://127.0.0.1:")
        monkeypatch.setattr(Server, "api_base", server.api_base.replace("https", "http"))
        assert ask(server, "echo", within=1.0).error is not None


def test_the_command_line_serves_until_ctrl_c():
    """`python -m g4f_nb.testing` prints its address, answers, and ends on Ctrl-C without a traceback."""
    command = [sys.executable, "-m", "g4f_nb.testing", "--api-key", "k"]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=Path(__file__).parents[2], **streams) as process:
        try:
            host = process.stdout.readline().split()[0].removeprefix("http://").removesuffix("/v1")
            with socket.create_connection(tuple(host.split(":"))) as client:
                client.sendall(b"GET /v1/models HTTP/1.0\r\n\r\n")
                assert client.recv(100).startswith(b"HTTP/1.0 401")
        finally:
            process.send_signal(signal.SIGINT if os.name == "posix" else signal.SIGTERM)
        errors = process.communicate(timeout=5)[1]
    assert "Traceback" not in errors


def test_the_command_line_lists_the_models_and_reports_a_taken_port(server, capsys):
    """`--list` is the same table as `describe()`; a taken port is one line on stderr."""
    assert __main__.main(["--list"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(describe())
    assert __main__.main(["--port", str(server.port)]) == 1
    assert "cannot listen" in capsys.readouterr().err


# ---- what it sees ----------------------------------------------------------------------------------


def test_requests_are_kept_with_headers_body_time_and_connection(server):
    """Everything that arrived can be looked at; one pooled connection keeps one number."""

    async def go():
        async with aiohttp.ClientSession(headers={"X-Mine": "1"}) as session:
            for body in (b'{"model": "nope"}', b"no json"):
                async with session.post(f"{server.api_base}/chat/completions", data=body) as response:
                    await response.read()

    begin = time.monotonic()
    asyncio.run(go())
    asyncio.run(go())
    first, second, third, _ = server.requests
    assert (first.method, first.path) == ("POST", "/v1/chat/completions")
    assert first.headers["x-mine"] == first.headers["X-MINE"] == "1"
    assert (first.body, second.body) == ({"model": "nope"}, None)
    assert begin <= first.at <= second.at <= time.monotonic()
    assert first.connection == second.connection != third.connection
    assert server.connections == 2
    assert server.wait_for(lambda s: s.open_connections == 0)


def test_repr_of_a_request_shows_no_key(server, get):
    """A failing assertion prints requests: their keys must not get into a log."""
    keys = {"Authorization": "Bearer sk-planted", "api-key": "sk-planted", "X-Goog-Api-Key": "sk-planted"}
    get(server, headers=keys | {"X-Mine": "shown"})
    assert "sk-planted" not in repr(server.requests)
    assert "shown" in repr(server.requests)
    assert server.requests[0].headers["authorization"] == "Bearer sk-planted"


@pytest.mark.clock
@pytest.mark.parametrize("model", ["silent", "slow-5000", "stall", "drip-200", "tiny-100000"])
def test_a_client_that_leaves_is_noticed(server, model):
    """`aborted` counts it, and the connection is gone, also while the server has nothing to send."""

    async def go():
        async with aiohttp.ClientSession() as session:
            body = {"model": model, "stream": True, "messages": [{"role": "user", "content": "a b c d"}]}
            request = asyncio.create_task(session.post(f"{server.api_base}/chat/completions", json=body))
            assert await server.until(lambda s: len(s.requests) == 1)
            if model in ("silent", "slow-5000"):
                request.cancel()
                assert isinstance((await asyncio.gather(request, return_exceptions=True))[0], BaseException)
            else:
                response = await request
                await response.content.readany()
                assert server.aborted == 0
                response.close()

    asyncio.run(go())
    # Far less than the minute of silence or the rest of the answer would take.
    assert server.wait_for(lambda s: s.aborted == 1 and s.open_connections == 0, timeout=1)


def test_finished_answers_are_not_aborted(server, ask):
    """A client that has read everything and leaves has not left too early."""
    assert ask(server, "echo").error is None
    assert server.wait_for(lambda s: s.open_connections == 0)
    assert server.aborted == 0


# ---- keys, models, latency -------------------------------------------------------------------------


def test_a_key_is_asked_for_and_checked(get, chat):
    """Without the right key, models and chat answer 401; health does not ask."""
    with serve(api_key="k") as server:
        assert get(server)[0] == get(server, headers={"Authorization": "Bearer wrong"})[0] == 401
        assert "didn't provide" in get(server)[1]["error"]["message"]
        assert chat(server, {"model": "echo"})[0] == 401
        assert get(server, headers={"Authorization": "Bearer k"})[0] == 200
        assert get(server, headers={"api-key": "k"})[0] == 200
        assert get(server, "/health") == (200, {"status": "ok"})


def test_given_models_are_listed_and_echo(ask, get):
    """The user's own names work beside the behaviours; any other name is a 404."""
    with serve(models=["gpt-4o", "org/model-7"]) as server:
        assert [card["id"] for card in get(server)[1]["data"]] == ["gpt-4o", "org/model-7"]
        assert ask(server, "org/model-7", "hi").joined() == "hi"
        assert ask(server, "upper", "hi").joined() == "HI"
        reply = ask(server, "gpt-5")
    assert (reply.status, reply.json["error"]["code"]) == (404, "model_not_found")
    assert reply.json["error"]["message"].startswith("The model `gpt-5` does not exist")


@pytest.mark.parametrize(
    "name", ["nope", "error-200x", "error-399", "error-600", "long-999999", "echo-5", "html-1"]
)
def test_numbers_make_no_models_where_they_make_no_sense(shared, ask, name):
    """`N` is bounded, and is a status where it stands for one."""
    assert ask(shared, name).status == 404


def test_any_error_status_can_be_asked_for(shared, ask):
    """`error-N` needs no line of its own in the table."""
    assert ask(shared, "error-418").status == 418


@pytest.mark.clock
def test_latency_comes_before_each_answer(get):
    """A slow server is slow for everything under /v1."""
    with serve(latency=0.05) as server:
        begin = time.monotonic()
        get(server)
        assert time.monotonic() - begin >= 0.05


def test_a_function_is_a_model():
    """`answers` makes models of one's own: what a function says to the prompt, streamed and whole."""
    with serve(answers={"shout": str.upper}, models=["echo"]) as server:
        assert server.models == ["shout", "echo"]
        model = nb.Model("OpenaiTemplate:shout", api_base=server.api_base)
        assert nb.ask("hello there", model).text == "HELLO THERE"
