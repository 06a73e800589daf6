"""The key is on the wire to its host, and nowhere else: however a call fails, whatever shows it."""
# the original's signatures; fixtures are many

from __future__ import annotations

import asyncio
import http.server
import logging
import pickle
import ssl
import threading
import traceback
import urllib.parse

import pytest
import trustme

from g4f_nb import settings
from g4f_nb.providers import AbstractProvider, AsyncGeneratorProvider, AsyncProvider, OpenaiTemplate
from g4f_nb.providers.model import Model
from g4f_nb.providers.registry import resolve
from g4f_nb.testing import describe, serve

# Not shaped like any service's key: only knowing it masks it.
KEY = "planted/Key+0123456789abcdef=="
PART = KEY[:12]
HELLO = [{"role": "user", "content": "hello"}]


class _Watch(logging.Handler):
    """Everything that is logged, formatted as it would be shown."""

    def __init__(self):
        super().__init__(logging.DEBUG)
        self.texts = []

    def emit(self, record):
        self.texts.append(self.format(record))


@pytest.fixture
def logged():
    """All loggers at DEBUG."""
    watch, root = _Watch(), logging.getLogger()
    names = [None, "asyncio", "aiohttp", "aiohttp.client", "aiohttp.internal"]
    before = {name: logging.getLogger(name).level for name in names}
    for name in names:
        logging.getLogger(name).setLevel(logging.DEBUG)
    root.addHandler(watch)
    yield watch.texts
    root.removeHandler(watch)
    for name, level in before.items():
        logging.getLogger(name).setLevel(level)


@pytest.fixture(scope="module")
def server():
    """One server; it sees the keys, and that is right."""
    with serve() as server:
        yield server


FRAME = '{"choices": [{"delta": {"content": "half"}}]}'
ERROR = '{"error": {"message": "the key KEY is wrong", "code": "KEY"}}'


class _Repeating(http.server.BaseHTTPRequestHandler):
    """Answers 200 with the text that the address holds, the key put in."""

    def do_GET(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        kind, text = (urllib.parse.unquote(part) for part in self.path.split("/")[1:3])
        key = self.headers["Authorization"].removeprefix("Bearer ")
        body = text.replace("KEY", key).encode()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def repeating():
    """The address of a server that sends this text, and in it the key that it was sent."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Repeating) as web:
        web.daemon_threads = True
        thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        host = f"http://127.0.0.1:{web.server_port}"
        yield lambda *parts: "/".join([host, *(urllib.parse.quote(part, safe="") for part in parts)])
        web.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def tls_server():
    """One whose certificate nobody trusts."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with serve(ssl_context=context) as server:
        yield server


def _planted(source, base, monkeypatch, folder):
    """A class and keywords for a call whose key comes from this source."""
    monkeypatch.chdir(folder)
    if source == "call":
        return OpenaiTemplate, {"api_key": KEY, "api_base": base}
    if source == "class":
        return type("Mine", (OpenaiTemplate,), {"api_base": base, "api_key": KEY}), {}
    if source == "header":
        return OpenaiTemplate, {"headers": {"Authorization": f"Bearer {KEY}"}, "api_base": base}
    monkeypatch.setenv("OPENAI_BASE_URL", base)
    if source == "environment":
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
    else:
        (folder / ".env").write_text(f"OPENAI_API_KEY={KEY}\n")
    return OpenaiTemplate, {}


def _chain(error):
    """The error, its causes and contexts."""
    seen, todo = [], [error]
    while todo:
        one = todo.pop()
        if one is not None and one not in seen:
            seen.append(one)
            todo += [one.__cause__, one.__context__, *getattr(one, "exceptions", ())]
    return seen


def _shown(error) -> str:
    """All that a user, a report or another process may see of an error."""
    texts = []
    for one in _chain(error):
        texts += [str(one), repr(one), repr(vars(one)), repr(one.args)]
        summary = traceback.TracebackException.from_exception(one, capture_locals=True)
        texts += [
            f"{frame.name}: {frame.locals}"
            for frame in summary.stack
            if "g4f_nb" in frame.filename and "/tests/" not in frame.filename
        ]
    texts.append(repr(pickle.dumps(error)))
    return "\n".join(texts)


def _calls(cls, model, given):
    """Every way of making a call."""

    async def stream():
        return [one async for one in cls.create_async_generator(model, HELLO, stream=True, **given)]

    async def in_a_cell():
        return list(cls.create_completion(model, HELLO, **given))

    return {
        "sync": lambda: list(cls.create_completion(model, HELLO, **given)),
        "sync, whole": lambda: list(cls.create_completion(model, HELLO, stream=False, **given)),
        "async": lambda: asyncio.run(stream()),
        "whole": lambda: asyncio.run(cls.create_async(model, HELLO, **given)),
        "in a cell": lambda: asyncio.run(in_a_cell()),
    }


FAILURES = {
    "leak": {},
    "repeated": {},
    "repeated in mid-stream": {},
    "repeated in a page": {},
    "error-500": {},
    "bad-json": {},
    "html": {},
    "error-midstream": {},
    "cut": {},
    "reset": {},
    "silent": {"timeout": 0.05},
    "stall": {"timeout": 0.05},
    "refused": {},
    "tls": {},
    "no host": {},
    "no address": {},
    "typo": {"temprature": 1},
    "no json": {"extra_data": {"x": object()}},
    "bad messages": {},
}
MODELS = {name for name in FAILURES if name in describe()} | {"error-500"}
SOURCES = ["call", "class", "header", "environment", ".env"]


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("failure", FAILURES)
def test_no_failure_shows_the_key(
    source, failure, server, tls_server, repeating, monkeypatch, tmp_path, logged, capfd
):
    """Not in the error or those beneath it, nor in our frames, a pickle, a log or the output."""
    base = {
        "refused": "http://127.0.0.1:1/v1",
        "tls": tls_server.api_base,
        "no host": "http://nobody.invalid/v1",
        "no address": "localhost:1/v1",
        "repeated": repeating("application/json", '{"error": "the key KEY is wrong"}'),
        "repeated in mid-stream": repeating("text/event-stream", f"data: {FRAME}\n\ndata: {ERROR}\n\n"),
        "repeated in a page": repeating("text/html", "<html><body>your key KEY</body></html>"),
    }.get(failure, server.api_base)
    cls, given = _planted(source, base, monkeypatch, tmp_path)
    model = failure if failure in MODELS else "echo"
    given = {"max_retries": 0, "timeout": 5} | given | FAILURES[failure]
    messages = [{"content": "x"}] if failure == "bad messages" else HELLO
    monkeypatch.setitem(globals(), "HELLO", messages)
    for name, call in _calls(cls, model, given).items():
        with pytest.raises(Exception) as caught:  # noqa: PT011  # whatever it is, it shall not show the key
            call()
        assert PART not in _shown(caught.value), (name, type(caught.value))
    assert PART not in "\n".join(logged)
    assert PART not in "".join(capfd.readouterr())


@pytest.mark.parametrize("source", [one for one in SOURCES if one != "header"])
@pytest.mark.parametrize("where", ["refused", "missing", "tls", "repeated", "repeated in a page"])
def test_no_listing_shows_the_key(source, where, server, tls_server, repeating, monkeypatch, tmp_path):
    """`get_models` fails as quietly, in a script and in a cell."""
    base = {
        "refused": "http://127.0.0.1:1/v1",
        "tls": tls_server.api_base,
        "missing": f"{server.api_base}/x",
        "repeated": repeating("application/json", '{"error": "the key KEY is wrong"}'),
        "repeated in a page": repeating("text/html", "<html><body>your key KEY</body></html>"),
    }[where]
    cls, given = _planted(source, base, monkeypatch, tmp_path)

    async def in_a_cell():
        return cls.get_models(**given)

    for call in (lambda: cls.get_models(**given), lambda: asyncio.run(in_a_cell())):
        with pytest.raises(Exception) as caught:  # noqa: PT011  # as above
            call()
        assert PART not in _shown(caught.value)


@pytest.mark.parametrize("source", SOURCES)
def test_the_right_host_gets_it(source, server, monkeypatch, tmp_path, logged, capfd):
    """And a call that succeeds shows it to nobody else."""
    cls, given = _planted(source, server.api_base, monkeypatch, tmp_path)
    for name, call in _calls(cls, "echo", given).items():
        call()
        assert server.requests[-1].headers["Authorization"] == f"Bearer {KEY}", name
    assert PART not in "\n".join(logged) + "".join(capfd.readouterr())
    assert PART not in repr(server.requests)


def test_a_class_with_a_key_and_no_address(monkeypatch, tmp_path):
    """The error is about the address; the class's dictionary is in no frame."""
    monkeypatch.chdir(tmp_path)
    cls = type("Mine", (OpenaiTemplate,), {"api_key": KEY})
    for call in (*_calls(cls, "echo", {}).values(), cls.get_models, lambda: resolve(cls)):
        with pytest.raises(Exception, match="has no address") as caught:
            call()
        assert PART not in _shown(caught.value)


def test_a_user_s_own_provider_that_fails():
    """Our frames around it show no keyword; what its own show is its author's business."""

    class Plain(AbstractProvider):
        @classmethod
        def create_completion(cls, model, messages, stream, **kwargs):
            raise ValueError(model)

    class Single(AsyncProvider):
        @staticmethod
        async def create_async(model, messages, **kwargs):
            raise ValueError(model)

    class Streaming(AsyncGeneratorProvider):
        @staticmethod
        async def create_async_generator(model, messages, stream=True):
            yield model

    calls = [
        lambda: asyncio.run(Plain.create_async("m", HELLO, api_key=KEY)),
        lambda: list(Single.create_completion("m", HELLO, api_key=KEY)),
        lambda: list(Streaming.create_completion("m", HELLO, api_key=KEY)),
        lambda: asyncio.run(Streaming.create_async("m", HELLO, api_key=KEY)),
    ]
    for call in calls:
        with pytest.raises((ValueError, TypeError)) as caught:
            call()
        assert PART not in _shown(caught.value)


def test_resolving_shows_no_key(server, monkeypatch, tmp_path):
    """Where it comes from, by name; also when that fails, and in a model that carries one."""
    cls, _ = _planted("environment", server.api_base, monkeypatch, tmp_path)
    assert PART not in repr(resolve(cls)) + repr(Model("openai:m", api_key=KEY))
    assert "OPENAI_API_KEY" in repr(resolve(cls))
    with pytest.raises(Exception, match="no web address") as caught:
        resolve("openai:m", api_base="nowhere", api_key=KEY)
    assert PART not in _shown(caught.value)


def test_no_thread_and_no_setting_holds_it(server, monkeypatch, tmp_path):
    """After the call nothing that is listed or shown has it."""
    cls, given = _planted("call", server.api_base, monkeypatch, tmp_path)
    list(cls.create_completion("echo", HELLO, **given))
    assert PART not in repr(threading.enumerate()) + repr(settings.current()) + repr(vars(cls))
    assert PART not in cls.params + repr(cls.get_parameters(as_json=True)) + repr(cls.get_dict())
