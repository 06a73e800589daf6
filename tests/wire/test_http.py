"""The wire against servers that misbehave: whatever they do, a call ends, and what had arrived is kept."""

from __future__ import annotations

import contextlib
import os
import pickle
import socketserver
import subprocess
import sys
import threading
import time

import orjson
import pytest
from small_server import web

from g4f_nb import errors
from g4f_nb.providers import OpenaiTemplate
from g4f_nb.reply import Reply

ASKED = [{"role": "user", "content": "hello"}]
PASSWORD = "Planted0Password"
KEY = "planted/Key+0123456789abcdef=="


def _head(status="200 OK", kind="text/event-stream", more=""):
    return f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n{more}\r\n".encode()


def _event(text="", **more):
    return b"data: " + orjson.dumps({"choices": [{"delta": {"content": text}, **more}]}) + b"\n\n"


def _chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


CHUNKED = _head(more="Transfer-Encoding: chunked\r\n")
WHOLE = _event("hel") + _event("lo", finish_reason="stop")


@contextlib.contextmanager
def _server(*parts, then=b"", every=0.05):
    """Sends parts (a number is a pause), then one more again and again until the other side has gone."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            head = b""
            while line := self.rfile.readline().strip():
                head += line.lower() + b"\n"
            self.rfile.read(int(head.partition(b"content-length:")[2].partition(b"\n")[0] or 0))
            with contextlib.suppress(OSError):
                for part in parts:
                    if isinstance(part, bytes):
                        self.connection.sendall(part)
                    else:
                        time.sleep(part)
                while then and not stopped.is_set():
                    self.connection.sendall(then)
                    time.sleep(every)

    stopped = threading.Event()
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}"
        finally:
            stopped.set()
            server.shutdown()
            thread.join()


def _ask(host, **given) -> Reply:
    reply = Reply()
    given = {"api_base": f"http://{host}/v1", "max_retries": 0, "timeout": 8, "stream": True} | given
    for chunk in OpenaiTemplate.create_completion("m", ASKED, **given):
        reply.add(chunk)
    return reply


def _timed(host, **given):
    begin = time.monotonic()
    try:
        outcome = _ask(host, **given)
    except errors.G4FError as error:
        outcome = error
    return outcome, time.monotonic() - begin


# ---- every wait ends -------------------------------------------------------------------------------


@pytest.mark.clock
@pytest.mark.parametrize("then", [b": x\n\n", b": x\n\n" * 20_000])
def test_an_answer_that_is_done_is_done(then):
    """Whatever a server sends after `[DONE]`, and however fast."""
    with _server(_head(), WHOLE, b"data: [DONE]\n\n", then=then, every=0.001) as host:
        reply, took = _timed(host)
    assert (str(reply), reply.finish_reason) == ("hello", "stop")
    assert took < 6


@pytest.mark.clock
def test_the_afterword_has_a_limit_as_a_whole():
    """A comment now and then does not begin it anew."""
    with _server(_head(), WHOLE, then=b": x\n\n", every=0.2) as host:
        reply, took = _timed(host, timeout=0.6)
    assert (str(reply), reply.finish_reason) == ("hello", "stop")
    assert 0.5 < took < 8


@pytest.mark.clock
@pytest.mark.parametrize("every", [0, 0.02])
def test_the_whole_time_holds_while_data_flows(every):
    """The error says that it was the whole, and holds what had arrived."""
    with _server(_head(), then=_event("x") * 200, every=every) as host:
        error, took = _timed(host, total_timeout=0.5)
    assert isinstance(error, errors.RequestTimeoutError)
    assert "was allowed 0.5 s" in str(error)
    assert "total_timeout=" in str(error)
    assert "silent" not in str(error)
    assert set(error.partial) == {"x"}
    assert 0.4 < took < 8


@pytest.mark.clock
@pytest.mark.parametrize("stream", [True, False])
def test_an_error_s_body_has_a_limit_as_a_whole(stream):
    """What has come of it is used."""
    with _server(_head("500 X", "text/plain"), b"out of order", then=b" ", every=0.1) as host:
        error, took = _timed(host, timeout=0.5, stream=stream)
    assert isinstance(error, errors.ServerError)
    assert "Error 500: out of order" in str(error)
    assert took < 8


@pytest.mark.clock
def test_an_error_s_body_that_breaks_off_is_used():
    """The status is what counts."""
    with _server(_head("401 X", "text/plain", "Content-Length: 500\r\n"), b"no such key") as host:
        error, _ = _timed(host)
    assert isinstance(error, errors.MissingAuthError)
    assert "no such key" in str(error)


@pytest.mark.clock
def test_signs_of_life_are_borne_for_fifteen_silences():
    """Content begins that time anew; without any limit on silence there is none on these."""
    with _server(_head(), _event("hel"), then=b": alive\n\n", every=0.03) as host:
        error, took = _timed(host, timeout=0.2)
    assert isinstance(error, errors.RequestTimeoutError)
    assert "signs of life but no content for 3 s" in str(error)
    assert "of which this is 15 times" in str(error)
    assert error.partial == "hel"
    assert 2.9 < took < 6
    with _server(_head(), *[b": alive\n\n", 0.02] * 20, WHOLE) as host:
        assert str(_ask(host, timeout=None)) == "hello"


# ---- connections that break ------------------------------------------------------------------------


@pytest.mark.clock
@pytest.mark.parametrize(
    "parts",
    [
        (CHUNKED + _chunk(_event("hel")), 0.2, _chunk(_event("lo")), 0.2, b"zz\r\n"),
        (CHUNKED + _chunk(_event("hel")), 0.2, _chunk(_event("lo")) + b"zz\r\n"),
        (CHUNKED, 0.2, _chunk(_event("hel") + _event("lo")) + b"zz\r\n", 0.2),
        (CHUNKED, 0.2, _chunk(_event("hel") + _event("lo")), 0.2, b"ff\r\nhalf"),
    ],
)
def test_a_broken_chunk_does_not_wait_for_silence(parts):
    """Nobody wakes the reader: that the connection is gone is noticed, and the text is kept."""
    with _server(*parts) as host:
        error, took = _timed(host)
    assert isinstance(error, errors.StreamInterruptedError)
    assert error.partial == "hello"
    assert took < 3


WITHOUT_EXTENSIONS = """
import sys
from aiohttp import http_parser
import g4f_nb as nb

assert http_parser.HttpResponseParser.__module__ == "aiohttp.http_parser"
try:
    nb.ask("hello", "OpenaiTemplate:m", api_base=sys.argv[1], max_retries=0)
except nb.G4FError as error:
    print(type(error).__name__, error.partial)
"""


def test_a_broken_chunk_with_an_aiohttp_that_was_not_compiled():
    """Its parser in Python tells of the fault in its own way; what had come is kept all the same."""
    with _server(CHUNKED + _chunk(_event("hel")), 0.2, _chunk(_event("lo")) + b"zz\r\n") as host:
        run = subprocess.run(
            [sys.executable, "-c", WITHOUT_EXTENSIONS, f"http://{host}/v1"],
            check=False, capture_output=True, text=True, timeout=60,
            env=os.environ | {"AIOHTTP_NO_EXTENSIONS": "1"},
        )  # fmt: skip
    assert (run.stdout, run.stderr) == ("StreamInterruptedError hello\n", "")


def test_a_pause_is_no_broken_connection():
    """One longer than the time between two looks."""
    with _server(_head(), _event("hel"), 1.2, _event("lo", finish_reason="stop")) as host:
        assert str(_ask(host)) == "hello"


# ---- redirects -------------------------------------------------------------------------------------


@pytest.mark.clock
@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("http://[bad", "redirects to what is no web address"),
        ("http://user:Planted0Password@h/", "redirects to what is no web address"),
        ("ftp://h/Planted0Password", "redirects to what is no web address"),
        ("http://h.invalid:8/x/Planted0Password?k=Planted0Password", "another address, http://h.invalid:8:"),
    ],
)
def test_where_a_redirect_leads_is_told_without_more(location, words):
    """The rest of the address may repeat the key."""
    with _server(_head("307 X", more=f"Location: {location}\r\nContent-Length: 0\r\n")) as host:
        error, _ = _timed(host, api_key=PASSWORD)
    assert isinstance(error, errors.ConnectionFailedError)
    assert words in str(error)
    assert PASSWORD not in f"{error!r} {error.__cause__!r} {error.__context__!r}"


@pytest.mark.parametrize(
    ("leads", "words"),
    [
        ("/v1/{key}", "redirects in a circle"),
        ("/v1/{key}?again={key}", "redirects in a circle"),
        ("/v1/{small}", "redirects in a circle"),
        ("/v1/{key} http://[bad", "redirects to what is no web address"),
        ("/v1/{key} http://h.invalid:8/", "redirects to another address"),
    ],
)
def test_an_address_of_a_redirect_shows_no_key(leads, words):
    """A server may lead to a path that repeats the key; the message that tells of that address does not."""
    places = leads.format(key=PASSWORD, small=PASSWORD.lower()).split()

    def answer(seen):
        known = f"/v1/{PASSWORD}".lower() in seen.path.lower()
        return 307, b"", "text/plain", {"Location": places[-1] if known else places[0]}

    with web(answer) as server:
        error, _ = _timed(server.address.removeprefix("http://"), api_key=PASSWORD)
    assert words in str(error)
    shown = f"{error!r} {vars(error)} {pickle.dumps(error)!r} {error.__cause__!r} {error.__context__!r}"
    assert PASSWORD.lower() not in shown.lower()


def test_a_redirect_may_end_with_a_fragment():
    """It is for whoever reads the page, and not sent: the call goes on without it."""

    def answer(seen):
        if "moved" in seen.path:
            return 200, _event("here", finish_reason="stop"), "text/event-stream", {}
        return 307, b"", "text/plain", {"Location": "/moved#section"}

    with web(answer) as server:
        assert str(_ask(server.address.removeprefix("http://"))) == "here"


# ---- keys that come back ---------------------------------------------------------------------------


@pytest.mark.clock
@pytest.mark.parametrize("status", ["200 OK", "401 X"])
@pytest.mark.parametrize(
    "spelling",
    [
        KEY.replace("/", "\\/"),
        KEY.replace("/", "&#x2F;").replace("+", "&#43;"),
        KEY.replace("/", "%2F").replace("+", "%2b").replace("=", "%3D"),
        KEY.replace("/", "\\u002F"),
    ],
)
@pytest.mark.parametrize(
    ("kind", "form"),
    [("text/html", "<html>{}</html>"), ("application/json", '{{"error": "{}"}}'), ("text/plain", "{}")],
)
def test_a_key_in_another_spelling_is_masked(status, spelling, kind, form):
    """In the message and in the body."""
    body = form.format(f"the key {spelling} is wrong").encode()
    with _server(_head(status, kind), body) as host:
        error, _ = _timed(host, api_key=KEY)
    assert "the key *** is wrong" in str(error)
    for part in (KEY[:11], KEY[8:]):
        assert part not in f"{error} {error.body}"
