"""Servers that are hostile to keys, and everything that is logged."""

from __future__ import annotations

import logging
import ssl

import pytest
import trustme
from echoes import echo
from small_server import web

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


@pytest.fixture(scope="session")
def echoing():
    """The address below which the form of the echo stands."""
    with web(echo) as server:
        yield server.address
