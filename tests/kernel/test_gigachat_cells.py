"""GigaChat in a real kernel: a cell that waits for its turn, or for a token, can be stopped like others."""

from __future__ import annotations

import socket
import time

import pytest

from g4f_nb.testing import serve_gigachat

pytestmark = pytest.mark.kernel

WAITING = {
    "ask": 'nb.ask("x", GigaChat, **given)',
    "sync": 'list(GigaChat.create_completion("", ASKED, **given))',
    "await": 'await GigaChat.create_async("", ASKED, **given)',
    "async for": '[each async for each in GigaChat.create_async_generator("", ASKED, **given)]',
    "magic": "%%chat -m mine\nx",
}


@pytest.fixture
def prepared(kernel):
    """The kernel, told of a server."""
    with serve_gigachat() as server:
        options = {"api_base": server.api_base, "auth_url": server.auth_url, "api_key": server.key}
        code = (
            "import g4f_nb as nb\nfrom g4f_nb.providers import GigaChat\n%load_ext g4f_nb\n"
            f"given = {options!r}\nASKED = [dict(role='user', content='one two three')]\n"
            "mine = nb.Model('GigaChat', **given)"
        )
        assert kernel.run(code).error is None
        yield kernel, server
        kernel.run("%unload_ext g4f_nb")


def _stopped(kernel, code):
    """Send a cell, press stop after a while, and give what came of it and how long that took."""
    sent = kernel.send(code)
    time.sleep(0.7)
    pressed = time.monotonic()
    kernel.interrupt()
    result = kernel.collect([sent])[0]
    return result, result.replied - pressed


@pytest.mark.parametrize("form", WAITING)
def test_a_cell_that_waits_for_its_turn_can_be_stopped(prepared, form):
    """At once; the turn that it waited for is left to others."""
    kernel, server = prepared
    assert kernel.run("held = GigaChat.create_completion('stall', ASKED, **given)\nnext(held)").error is None
    result, seconds = _stopped(kernel, WAITING[form])
    assert result.error in ("KeyboardInterrupt", "CancelledError", "Stopped"), result.trace
    assert seconds < 5
    assert kernel.run("held.close()").error is None
    assert server.wait_for(lambda seen: seen.aborted == 1)
    assert kernel.run('str(nb.ask("still here", GigaChat, **given))').value == "'still here'"
    assert kernel.run("left()[1]").value == "0"


@pytest.mark.parametrize("form", WAITING)
def test_a_cell_that_waits_for_a_token_can_be_stopped(prepared, form):
    """At once, and the request for it ends, too."""
    kernel, _ = prepared
    with socket.create_server(("127.0.0.1", 0)) as silent:
        auth_url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        assert (
            kernel.run(f"given['auth_url'] = {auth_url!r}\nmine = nb.Model('GigaChat', **given)").error
            is None
        )
        result, seconds = _stopped(kernel, WAITING[form])
        assert result.error in ("KeyboardInterrupt", "CancelledError", "Stopped"), result.trace
        assert seconds < 5
        assert kernel.run("left()[1]").value == "0"
