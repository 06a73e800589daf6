"""Whatever the transport raises is one of our errors, with a way out, and none is missing."""

from __future__ import annotations

import errno
import importlib
import inspect
import pickle
import pkgutil
import socket
import ssl
import threading
from dataclasses import replace

import aiohttp
import pytest
from aiohttp import client_reqrep, http_exceptions
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

import g4f_nb as nb
from g4f_nb import errors
from g4f_nb.calls import Call, Headers
from g4f_nb.errors import G4FError
from g4f_nb.secret import Secret
from g4f_nb.wire.translation import OutOfTimeError, translate

KEY = "planted/Key+0123456789=="
ABOUT = {"secret": Secret(KEY), "provider": "P", "model": "m"}
CALL = Call("POST", "http://box:8000/v1/chat/completions", Headers(), **ABOUT)
PROXIED = Call(
    "POST", "https://box/v1", Headers(), proxy=Secret("http://user:pass%2Fword@proxy:3128"), **ABOUT
)
# Of a server's side, of form data, or warnings: no client raises them.
_NOT_OURS = (
    "aiohttp.web",
    "aiohttp.multipart",
    "aiohttp.test_utils",
    "aiohttp.pytest_plugin",
    "aiohttp.worker",
)


def _request_info():
    headers = CIMultiDictProxy(CIMultiDict({"Authorization": f"Bearer {KEY}"}))
    return client_reqrep.RequestInfo(URL("http://box:8000/v1"), "POST", headers, URL("http://box:8000/v1"))


def _connection_key():
    return client_reqrep.ConnectionKey("box", 8000, *(False, True, None, None, None))


# How the transport makes each kind; a subclass is made like the nearest one that is named here.
_MADE = {
    aiohttp.ClientConnectorError: lambda kind: kind(_connection_key(), OSError(111, "Connect call failed")),
    aiohttp.ClientConnectorCertificateError: lambda kind: kind(_connection_key(), ssl.SSLError(f"bad {KEY}")),
    aiohttp.ClientResponseError: lambda kind: kind(_request_info(), (), status=400, message=f"bad {KEY}"),
    aiohttp.ServerFingerprintMismatch: lambda kind: kind(b"a", b"b", "box", 8000),
    aiohttp.InvalidURL: lambda kind: kind("http://box", f"bad {KEY}"),
    aiohttp.client_exceptions.UnixClientConnectorError: lambda kind: kind(
        "/run/x",
        _connection_key(),
        OSError(2, "no file"),  # a name
    ),
    http_exceptions.BadStatusLine: lambda kind: kind(f"line {KEY}"),
    http_exceptions.LineTooLong: lambda kind: kind(f"line {KEY}", 10, "11"),
    http_exceptions.InvalidHeader: lambda kind: kind(f"header {KEY}"),
    http_exceptions.HttpProcessingError: lambda kind: kind(message=f"bad {KEY}"),
    Exception: lambda kind: kind(*_plain_arguments(kind)),
}
_PARENTS = {
    aiohttp.ServerTimeoutError: errors.RequestTimeoutError,
    aiohttp.ClientConnectorError: errors.ConnectionFailedError,
    aiohttp.ClientConnectorCertificateError: errors.CertificateError,
    aiohttp.ClientHttpProxyError: errors.ConnectionFailedError,
    aiohttp.ClientPayloadError: errors.StreamInterruptedError,
    aiohttp.ContentTypeError: errors.StreamInterruptedError,
    aiohttp.ClientResponseError: errors.UnreadableResponseError,
    aiohttp.ClientError: errors.ConnectionFailedError,
    Exception: errors.UnreadableResponseError,
}


def _plain_arguments(kind):
    try:
        taken = inspect.signature(kind).parameters.values()
    except ValueError:
        return [f"words {KEY}"]
    needed = [
        each for each in taken if each.default is each.empty and each.kind is each.POSITIONAL_OR_KEYWORD
    ]
    return [7 if each.annotation in (int, "int") else f"words {KEY}" for each in needed] or [f"words {KEY}"]


def _kinds():
    """Every exception that the installed aiohttp defines for clients."""
    names = [found.name for found in pkgutil.walk_packages(aiohttp.__path__, "aiohttp.")]
    modules = [importlib.import_module(name) for name in names if not name.startswith(_NOT_OURS)]
    kinds = {
        kind
        for module in (aiohttp, *modules)
        for kind in vars(module).values()
        if inspect.isclass(kind) and issubclass(kind, Exception) and kind.__module__.startswith("aiohttp.")
    }
    return sorted(
        (kind for kind in kinds if not kind.__module__.startswith(_NOT_OURS)), key=lambda kind: kind.__name__
    )


def _nearest(table, kind):
    return next(table[each] for each in kind.__mro__ if each in table)


def _make(kind):
    return _nearest(_MADE, kind)(kind)


def test_the_list_is_not_empty():
    """What is looked for by introspection is found: the classes that everybody knows are among it."""
    names = {kind.__name__ for kind in _kinds()}
    assert {"ClientError", "ServerDisconnectedError", "TooManyRedirects", "TransferEncodingError"} <= names
    assert len(names) > 40


@pytest.mark.parametrize("call", [CALL, PROXIED], ids=["direct", "proxied"])
@pytest.mark.parametrize("kind", _kinds(), ids=lambda kind: kind.__name__)
def test_every_exception_of_aiohttp_is_one_of_ours(kind, call):
    """Its class says what happened, its text ends with a way out, and neither it nor its cause has a key."""
    error = translate(_make(kind), call, "while reading")
    assert isinstance(error, _nearest(_PARENTS, kind))
    fact, _, way_out = str(error).rpartition(": ")
    assert fact, str(error)
    assert len(way_out) > 8, str(error)
    assert (error.provider, error.model) == ("P", "m")
    cause = error.__cause__
    assert cause.__traceback__ is cause.__cause__ is cause.__context__ is None
    shown = f"{error} {error!r} {vars(error)} {cause} {cause!r} {cause.args} {getattr(cause, '__dict__', '')}"
    assert "planted" not in shown
    assert "%2F" not in shown


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (OutOfTimeError(), errors.RequestTimeoutError),
        (TimeoutError(), errors.RequestTimeoutError),
        (socket.gaierror(-2, "Name or service not known"), errors.ConnectionFailedError),
        (ConnectionResetError(104, "reset"), errors.ConnectionFailedError),
        (ConnectionRefusedError(111, "refused"), errors.ConnectionFailedError),
        (BrokenPipeError(32, "pipe"), errors.ConnectionFailedError),
        (ssl.SSLCertVerificationError("expired"), errors.CertificateError),
        (ssl.SSLError("wrong version number"), errors.ConnectionFailedError),
        (OSError(24, "Too many open files"), errors.ConnectionFailedError),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_what_the_system_raises_is_one_of_ours(error, kind):
    """Sockets, TLS, time."""
    assert isinstance(translate(error, CALL, "while connecting"), kind)


@pytest.mark.parametrize(
    ("url", "number", "seen"),
    [
        ("http://127.0.0.1:1/v1", errno.ECONNREFUSED, True),
        ("http://localhost:1/v1", errno.ECONNREFUSED, True),
        ("http://127.0.0.1:1/v1", errno.ECONNRESET, False),
        ("http://elsewhere.invalid:1/v1", errno.ECONNREFUSED, False),
    ],
)
def test_that_nobody_listens_on_this_machine_is_known(url, number, seen):
    """Others may be there in a moment; here somebody must start it."""
    error = translate(OSError(number, "x"), replace(CALL, url=url), "while connecting")
    assert error.nobody_listens is seen
    assert pickle.loads(pickle.dumps(error)).nobody_listens is seen  # noqa: S301  # our own


@pytest.mark.parametrize("kind", [ValueError, KeyError, MemoryError, ZeroDivisionError])
def test_what_is_nobody_s_is_raised_again(kind):
    """A mistake of ours, or of a user's connector, is not dressed up as one of the network's."""
    with pytest.raises(kind):
        translate(kind("x"), CALL, "while reading")


def test_our_own_pass_unchanged():
    """They say what is to be said already."""
    error = G4FError("x")
    assert translate(error, CALL, "") is error


@pytest.mark.parametrize("wrapped", [False, True])
def test_bytes_that_make_no_sense_are_not_shown(wrapped):
    """The parser shows them on lines of their own: the message is one line, and says what was wrong."""
    said = "Transfer-Encoding can't be present with Content-Length:\n\n  b'Content-Length: 5 planted'\n    ^"
    error: Exception = http_exceptions.BadHttpMessage(said)
    if wrapped:
        error = aiohttp.ClientPayloadError(f"Response payload is not completed: {error!r}")
    told = translate(error, CALL, "now")
    assert "Transfer-Encoding can't be present with Content-Length)" in str(told)
    assert "\n" not in str(told)
    assert "planted" not in f"{told} {told.__cause__}"


def test_an_answer_with_two_lengths_is_told_in_one_line():
    """Through the whole client."""
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer():
            with server.accept()[0] as there:
                there.recv(65536)
                there.sendall(head)

        thread = threading.Thread(target=answer)
        thread.start()
        base = f"http://127.0.0.1:{server.getsockname()[1]}/v1"
        with pytest.raises(G4FError, match="does not speak HTTP as it should") as caught:
            nb.ask("x", "OpenaiTemplate:m", api_base=base, max_retries=0, timeout=5)
        thread.join()
    assert "\n" not in str(caught.value)
    assert "b'" not in str(caught.value)
