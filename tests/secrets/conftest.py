"""Servers that are hostile to keys, and everything that is logged."""

from __future__ import annotations

import base64
import html
import logging
import ssl
from urllib.parse import quote, urlsplit

import pytest
import trustme
from small_server import events, web

from g4f_nb import credentials
from g4f_nb.loops import ownloop
from g4f_nb.providers.models.model import set_used
from g4f_nb.testing import serve


class _Watch(logging.Handler):
    """Everything that is logged, formatted as it would be shown."""

    def __init__(self):
        super().__init__(logging.DEBUG)
        self.texts = []

    def emit(self, record):
        self.texts.append(self.format(record))


@pytest.fixture
def logged(monkeypatch):
    """All loggers at DEBUG, and asyncio in its debug mode, which tells of every slow step and lost task."""
    watch, root = _Watch(), logging.getLogger()
    monkeypatch.setenv("PYTHONASYNCIODEBUG", "1")
    own = ownloop.own_loop().loop
    own.set_debug(True)
    names = [None, *(name for name in logging.root.manager.loggerDict if name.startswith(("aio", "asyncio")))]
    names += ["asyncio", "aiohttp", "aiohttp.client", "aiohttp.internal", "aiohttp.connector"]
    before = {name: logging.getLogger(name).level for name in names}
    for name in names:
        logging.getLogger(name).setLevel(logging.DEBUG)
    root.addHandler(watch)
    yield watch.texts
    own.set_debug(False)
    root.removeHandler(watch)
    for name, level in before.items():
        logging.getLogger(name).setLevel(level)


@pytest.fixture(autouse=True)
def _nothing_typed_or_used():
    yield
    credentials.forget_typed()
    set_used(None)


@pytest.fixture(scope="session")
def home():
    """The server that the keys are for."""
    with serve() as server:
        yield server


@pytest.fixture(scope="session")
def away():
    """A server that no key is for."""
    with serve() as server:
        yield server


@pytest.fixture(scope="session")
def tls_server():
    """One whose certificate nobody trusts."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with serve(ssl_context=context) as server:
        yield server


_HALF = {"choices": [{"index": 0, "delta": {"content": "half"}}]}


def _echo(seen):
    """Repeats the whole request in its complaint: address, headers and body; the path says in which form."""
    # To a proxy the whole address is sent.
    case = (urlsplit(seen.path).path or seen.path).split("/")[1]
    words = f"{seen.path} {seen.headers} {seen.raw.decode()}"
    error = {"error": {"message": f"no: {words}", "code": words, "type": words}}
    page = f"<html><title>{html.escape(words)}</title><body>{html.escape(words)}</body></html>"
    return {
        "401": (401, error),
        "429": (429, error),
        "200": (200, error),
        "list": (200, [error]),
        "detail": (422, {"detail": [{"msg": words}]}),
        "midstream": (200, events(_HALF, error), "text/event-stream"),
        "page": (502, page.encode(), "text/html"),
        "page-200": (200, page.encode(), "text/html"),
        "text": (500, words.encode(), "text/plain"),
        "quoted": (400, quote(words).encode(), "text/plain"),
        "no-json": (200, f'{{"choices": {words}'.encode(), "application/json"),
        "no-frame": (200, f"data: {words}\n\n".encode(), "text/event-stream"),
        "no-answer": (200, {"said": words}),
        "base64": (400, {"error": {"message": base64.b64encode(words.encode()).decode()}}),
        "cut": (400, {"error": {"message": " ".join(_cut(value) for value in seen.headers.values())}}),
    }[case]


def _cut(value):
    """A header without its last letters: a part of what a server was sent."""
    return value[:-6]


ECHOES = [
    "401", "429", "200", "list", "detail", "midstream", "page", "page-200", "text", "quoted", "no-json",
    "no-frame", "no-answer", "base64", "cut",
]  # fmt: skip


@pytest.fixture(scope="session")
def echoing():
    """The address below which the form of the echo stands."""
    with web(_echo) as server:
        yield server.address
