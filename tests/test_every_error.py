"""Every public error is what some real call ends with; none is only drawn."""

from __future__ import annotations

import asyncio
import ssl
import sys

import aiohttp
import pytest
import trustme
from small_server import web
from test_errors import KINDS

import g4f_nb as nb
from g4f_nb import errors
from g4f_nb.errors import G4FError
from g4f_nb.loops import ownloop
from g4f_nb.providers import Berlin, Demo, FallbackProvider, OpenaiTemplate
from g4f_nb.testing import serve

HELLO = [{"role": "user", "content": "hello"}]
_ONE = {"max_retries": 0, "timeout": 5}


class _Listed(OpenaiTemplate):
    api_base = "http://127.0.0.1:1/v1"
    models = ["alpha", "beta"]  # noqa: RUF012  # class API


def _says(status, payload):
    """A question to a server that gives this answer, whatever it is asked."""

    def ask():
        with web(lambda _: (status, payload)) as server:
            nb.ask("hello", "OpenaiTemplate:m", api_base=server.address, **_ONE)

    return ask


def _behaves(model, **given):
    """A question to the test server's model of this name."""

    def ask():
        with serve() as server:
            nb.ask("hello", f"OpenaiTemplate:{model}", api_base=server.api_base, **(_ONE | given))

    return ask


def _untrusted():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with serve(ssl_context=context) as server:
        nb.ask("hello", "OpenaiTemplate:m", api_base=server.api_base, **_ONE)


def _without_socks():
    before = sys.modules.get("aiohttp_socks")
    sys.modules["aiohttp_socks"] = None
    try:
        nb.ask(
            "x", "OpenaiTemplate:m", api_base="http://127.0.0.1:1/v1", proxy="socks5://127.0.0.1:2", **_ONE
        )
    finally:
        del sys.modules["aiohttp_socks"]
        if before is not None:
            sys.modules["aiohttp_socks"] = before


def _connector_of_another_loop():
    async def made():
        return aiohttp.TCPConnector()

    loop = asyncio.new_event_loop()
    connector = loop.run_until_complete(made())
    try:
        nb.ask("x", "OpenaiTemplate:m", api_base="http://127.0.0.1:1/v1", connector=connector, **_ONE)
    finally:
        loop.run_until_complete(connector.close())
        loop.close()


def _berlin():
    with web(lambda _: (200, b'{"code": 7, "msg": "not today"}')) as server:
        list(Berlin.create_completion("", HELLO, api_base=server.address, token="t", **_ONE))


def _schema():
    with web(
        lambda _: (200, {"choices": [{"message": {"content": "no JSON"}, "finish_reason": "stop"}]})
    ) as server:
        nb.ask("hello", "OpenaiTemplate:m", api_base=server.address, schema={"type": "object"}, **_ONE)


def _nobody_answers():
    there = [nb.Model("OpenaiTemplate:m", api_base=f"http://127.0.0.1:{port}/v1", **_ONE) for port in (1, 2)]
    nb.ask("hello", FallbackProvider(there))


def _all_spent():
    with serve() as server:
        model = nb.Model("OpenaiTemplate:echo", api_base=server.api_base, price=(1_000_000, 1_000_000))
        talk = nb.Conversation(model=model, limit=1)
        talk.ask("one two three")
        talk.ask("one two three")


NO_HOST = {"api_base": "http://127.0.0.1:1/v1"}
PATHS = {
    "ProviderNotFoundError": lambda: nb.resolve(provider="Grok"),
    "ProviderNotWorkingError": lambda: nb.resolve(type("Mine", (OpenaiTemplate,), {})),
    "NoProviderError": lambda: nb.ask("hello"),
    "NoProviderAnsweredError": _nobody_answers,
    "UnknownParameterError": lambda: nb.ask("hello", "OpenaiTemplate:m", temprature=1, **NO_HOST),
    "InvalidParameterError": lambda: nb.ask("hello", "OpenaiTemplate:m", timeout=-1, **NO_HOST),
    "SpendingLimitError": _all_spent,
    "MissingRequirementsError": _without_socks,
    "MissingAuthError": lambda: nb.ask("hello", "groq"),
    "ModelNotSupportedError": lambda: list(_Listed.create_completion("gamma", HELLO)),
    "ModelNotFoundError": _says(404, {"error": {"message": "no", "code": "model_not_found"}}),
    "ConnectionFailedError": lambda: nb.ask("hello", "OpenaiTemplate:m", **NO_HOST, **_ONE),
    "CertificateError": _untrusted,
    "RequestTimeoutError": _behaves("silent", timeout=0.05),
    "LoopError": _connector_of_another_loop,
    "ResponseError": _says(418, {"error": "I am a teapot"}),
    "BadRequestError": _says(400, {"error": "what?"}),
    "ConversationTooLongError": _says(400, {"error": {"message": "no", "code": "context_length_exceeded"}}),
    "ContentFilterError": _says(400, {"error": {"message": "no", "code": "content_filter"}}),
    "PaymentRequiredError": _says(402, {"error": "pay"}),
    "PermissionDeniedError": _says(403, {"error": "not you"}),
    "NotFoundError": _says(404, {"detail": "Not Found"}),
    "RateLimitError": _says(429, {"error": "slowly"}),
    "ServerError": _says(503, {"error": "later"}),
    "StreamInterruptedError": _behaves("cut"),
    "BerlinError": _berlin,
    "UnreadableResponseError": _behaves("html"),
    "SchemaError": _schema,
}


@pytest.fixture(autouse=True)
def _no_env_file(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("kind", KINDS[1:], ids=lambda kind: kind.__name__)
def test_every_error_ends_a_real_call(kind):
    """Exactly that class, with a fact, a way out, and nobody's frames but the user's."""
    with pytest.raises(G4FError) as caught:
        PATHS[kind.__name__]()
    error = caught.value
    assert type(error) is kind, repr(error)
    assert len(str(error)) > 20
    assert any(mark in str(error) for mark in (": ", " — ", "\n", " is a ", ", not "))
    shown = error._render_traceback_()
    assert shown[-1] == f"{kind.__name__}: {error}"
    assert "g4f_nb/" not in "".join(shown[:-1])


def test_no_path_is_for_nobody():
    """Each of them belongs to an error that there is."""
    assert set(PATHS) == {kind.__name__ for kind in KINDS} - {"G4FError"}


@pytest.mark.parametrize(
    "call",
    [
        lambda: nb.ask("x", "demo:demo-fast"),
        lambda: list(Demo.create_completion("demo-fast", HELLO)),
        lambda: nb.compare("x", "demo:demo-fast", cache="off", progress=False),
    ],
    ids=["ask", "create_completion", "compare"],
)
def test_a_synchronous_call_on_our_own_loop_is_told(call):
    """As from a provider's own coroutine, or an observer of a panel: it could only wait for itself."""

    async def inside():
        return call()

    with pytest.raises(errors.LoopError, match="await the asynchronous form"):
        ownloop.own_loop().submit(inside()).result()
    assert nb.ask("still there", "demo:demo-fast").text


def test_a_failed_call_is_a_row_with_the_same_words():
    """In a comparison: class, words and status as in the error itself."""
    with web(lambda _: (402, {"error": "pay first"})) as server:
        model = nb.Model("OpenaiTemplate:m", api_base=server.address)
        frame = nb.compare(["one", "two"], [model, "groq:x", "demo:demo-fast"], progress=False, retries=0)
        with pytest.raises(errors.PaymentRequiredError) as caught:
            nb.ask("one", model)
    kinds = ["PaymentRequiredError", "MissingAuthError", ""]
    assert frame["error_type"].fillna("").tolist() == kinds * 2
    assert frame["status"].tolist() == ["error", "error", "ok"] * 2
    assert frame["http_status"].tolist()[0] == 402
    assert frame["error"].tolist()[0] == str(caught.value)
    assert "GROQ_API_KEY" in frame["error"].tolist()[1]
