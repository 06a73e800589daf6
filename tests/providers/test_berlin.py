"""Berlin: a login that is renewed once, objects joined and torn, and errors under any status."""

from __future__ import annotations

import asyncio
import inspect
from itertools import pairwise

import aiohttp
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from local_proxy import local_proxy
from small_server import web

import g4f_nb as nb
from g4f_nb import errors
from g4f_nb.chunks import FinishReason, ProviderInfo
from g4f_nb.providers import AsyncGeneratorProvider, Berlin, ProviderModelMixin, RaiseErrorMixin
from g4f_nb.providers.berlin.reader import BerlinReader
from g4f_nb.secret import Secret
from g4f_nb.testing import serve_berlin

ASKED = [{"role": "system", "content": "Be kind"}, {"role": "user", "content": "Hello, how are you?"}]
TEXT = "Hello, how are you?"


@pytest.fixture(autouse=True)
def _own_folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def server():
    """One account."""
    with serve_berlin() as server:
        yield server


def where(server, **more):
    """The options of a call to a server."""
    given = {"api_base": server.api_base, "account": server.account, "password": server.password}
    return {"max_retries": 0} | given | more


def ask(server, model="", **more):
    """One answer's text."""
    return "".join(map(str, Berlin.create_completion(model, ASKED, **where(server, **more))))


# ---- the class -------------------------------------------------------------------------------------


def test_the_class_is_what_it_was():
    """Bases, attributes, and `proxy` third by position."""
    bases = (AsyncGeneratorProvider, ProviderModelMixin, RaiseErrorMixin)
    assert all(issubclass(Berlin, base) for base in bases)
    assert Berlin.url == "ai.berlin4h.top"
    assert (Berlin.needs_auth, Berlin.supports_gpt_35_turbo) == (True, True)
    parameters = list(inspect.signature(Berlin.create_async_generator).parameters.values())
    assert [each.name for each in parameters[:3]] == ["model", "messages", "proxy"]
    assert {each.kind for each in parameters[3:-1]} == {inspect.Parameter.KEYWORD_ONLY}
    assert not hasattr(Berlin, "_token")
    assert Berlin.get_models() == ["gpt-3.5-turbo"]


def test_working_says_whether_there_is_a_server(monkeypatch):
    """By the environment or the class; the call's own address needs neither."""
    assert Berlin.working is False
    assert type("Mine", (Berlin,), {"api_base": "http://localhost:1"}).working is True
    monkeypatch.setenv("BERLIN_BASE_URL", "http://localhost:1")
    assert Berlin.working is True
    monkeypatch.setenv("BERLIN_BASE_URL", " ")
    assert Berlin.working is False


def test_without_a_server_nothing_is_contacted():
    """The dead host is no default: every way to ask says what to do."""
    options = {"account": "a", "password": "p"}
    for call in (
        lambda: list(Berlin.create_completion("", ASKED, **options)),
        lambda: nb.ask("x", "Berlin", **options),
        lambda: nb.resolve("berlin"),
    ):
        with pytest.raises(errors.ProviderNotWorkingError, match=r"BERLIN_API_BASE.*api_base="):
            call()


# ---- the login -------------------------------------------------------------------------------------


def test_one_login_serves_many_calls(server):
    """Across tasks, loops and threads; the token is in a header, and nowhere on the class."""
    ask(server)

    async def many():
        await asyncio.gather(*(Berlin.create_async("", ASKED, **where(server)) for _ in range(5)))

    asyncio.run(many())
    assert (len(server.logins), len(server.chats)) == (1, 6)
    assert server.logins[0].body == {"account": server.account, "password": server.password}
    tokens = {seen.headers["token"] for seen in server.chats}
    assert len(tokens) == 1
    assert not any(token in repr(vars(Berlin)) for token in tokens)


@pytest.mark.parametrize("in_body", [False, True])
def test_a_token_that_has_ended_is_renewed_once(in_body):
    """Whether that is told by the status 401 or by an object with that code."""
    with serve_berlin(in_body=in_body) as server:
        assert ask(server) == TEXT
        server.end_tokens()
        assert ask(server) == TEXT
        assert (len(server.logins), len(server.chats)) == (2, 3)


@pytest.mark.parametrize("model", ["error-401", "code-401"])
def test_a_token_that_is_always_refused_ends_in_an_error(server, model):
    """Two logins, two chats, no circle."""
    with pytest.raises(errors.MissingAuthError):
        ask(server, model)
    assert (len(server.logins), len(server.chats)) == (2, 2)


def test_many_with_a_dead_token_renew_it_together(server):
    """One login more."""

    async def go():
        await Berlin.create_async("", ASKED, **where(server))
        server.end_tokens()
        calls = (Berlin.create_async("", ASKED, **where(server)) for _ in range(6))
        return await asyncio.gather(*calls)

    assert asyncio.run(go()) == [TEXT] * 6
    assert len(server.logins) == 2


def test_a_token_can_be_brought(server):
    """Then nobody logs in, unless it is refused and there is a way to."""
    token = server.new_token()
    assert ask(server, account=None, password=None, token=token) == TEXT
    assert server.logins == []
    server.end_tokens()
    with pytest.raises(errors.MissingAuthError, match="token expired"):
        ask(server, account=None, password=None, token=token)
    assert ask(server, token=token) == TEXT
    assert len(server.logins) == 1


def test_accounts_do_not_share_a_token(server):
    """Neither another password, nor another server."""
    ask(server)
    with pytest.raises(
        errors.MissingAuthError, match=r"refused the login of 'me@example.org'.*wrong"
    ) as caught:
        ask(server, password="planted-password")
    assert "planted" not in f"{caught.value!r} {caught.value.body}"
    with serve_berlin() as other:
        assert ask(other) == TEXT
        assert len(other.logins) == 1


def test_no_login_is_told_with_what_to_do(server):
    """Nothing is sent."""
    for more in ({"account": None}, {"password": None}, {"account": None, "password": None}):
        with pytest.raises(
            errors.MissingAuthError, match=r"account= and password=, or token=.*BERLIN_ACCOUNT"
        ):
            ask(server, **more)
    assert server.requests == []


def test_variables_and_classes_say_the_same(server, monkeypatch):
    """And `.env` for what is secret, but never for the address."""
    monkeypatch.setenv("BERLIN_API_BASE", server.api_base)
    monkeypatch.setenv("BERLIN_ACCOUNT", server.account)
    monkeypatch.setenv("BERLIN_PASSWORD", server.password)
    assert "".join(map(str, Berlin.create_completion("", ASKED))) == TEXT
    assert nb.resolve("berlin").key == "the environment variable BERLIN_PASSWORD"
    mine = {"api_base": server.api_base, "account": server.account, "password": server.password}
    monkeypatch.delenv("BERLIN_API_BASE")
    assert str(nb.ask(TEXT, type("Mine", (Berlin,), mine))) == TEXT
    assert str(nb.ask(TEXT, "berlin:gpt-4", **mine)) == TEXT
    assert server.chats[-1].body["options"]["model"] == "gpt-4"


def test_a_login_goes_to_its_own_server_only(server, monkeypatch):
    """What the environment says is for the server of the environment; what a class says, for its own."""
    monkeypatch.setenv("BERLIN_API_BASE", "http://localhost:1")
    monkeypatch.setenv("BERLIN_ACCOUNT", server.account)
    monkeypatch.setenv("BERLIN_PASSWORD", server.password)
    own = type("Own", (Berlin,), {"api_base": "http://localhost:2", "account": "a", "password": "p"})
    for cls in (Berlin, own, type("Below", (own,), {"api_base": server.api_base})):
        with pytest.raises(errors.MissingAuthError):
            list(cls.create_completion("", ASKED, api_base=server.api_base))
    assert server.requests == []
    below = nb.resolve(type("Below", (own,), {}))
    assert (below.host, below.key) == ("http://localhost:2", "Own itself")


LINE = b'{"content": "hi"}\n'


@pytest.mark.parametrize(
    ("status", "said", "kind", "words"),
    [
        (401, {"msg": "wrong"}, errors.MissingAuthError, r"refused the login of 'me' \(wrong\)"),
        (403, b"<html><body>go away</body></html>", errors.MissingAuthError, r"refused .*\(go away\)"),
        (200, {"code": 401, "msg": "wrong"}, errors.MissingAuthError, r"\(wrong\)"),
        (200, {"message": "no such account"}, errors.MissingAuthError, "no such account"),
        (200, {"data": {}, "msg": "planted-password"}, errors.MissingAuthError, r"\*\*\*"),
        (200, {"code": 503, "message": "busy"}, errors.BerlinError, "gave no token but .*busy"),
        (200, {"data": {"token": ""}}, errors.BerlinError, "gave no token"),
        (200, {"data": {"token": "a\nb"}}, errors.BerlinError, "gave no token"),
        (200, [1], errors.BerlinError, "gave no token"),
        (200, b"<html><body>hello</body></html>", errors.BerlinError, "gave no token but 'hello'"),
        (404, {"message": "no such page"}, errors.NotFoundError, "no such page"),
        (500, {"message": "broken"}, errors.ServerError, "broken"),
    ],
)
def test_every_answer_to_a_login(status, said, kind, words):
    """A refusal says whose login; everything else is no refusal."""
    login = {"account": "me", "password": "planted-password", "max_retries": 0}
    with web(lambda _: (status, said)) as server, pytest.raises(kind, match=words) as caught:
        list(Berlin.create_completion("", ASKED, api_base=server.address, **login))
    assert "planted" not in f"{caught.value!r} {caught.value.body}"
    assert len(server.seen) == 1


def test_a_login_is_tried_again_where_that_may_help(monkeypatch):
    """As any request; the token that comes then is used."""
    monkeypatch.setattr("g4f_nb.wire.attempts.random.uniform", lambda *_: 0.01)
    answers = [(503, {"message": "busy"}), (200, {"data": {"token": "t"}}), (200, LINE, "text/plain")]
    with web(lambda _: answers.pop(0)) as server:
        options = {"api_base": server.address, "account": "me", "password": "p"}
        assert "".join(map(str, Berlin.create_completion("", ASKED, **options))) == "hi"
    assert [seen.path for seen in server.seen] == ["/api/login", "/api/login", "/api/chat/completions"]
    assert server.seen[2].headers["token"] == "t"


@pytest.mark.parametrize("body", [LINE, b'{"content": 7}', b'{"content": ["x"]}', b"[1]", b"7"])
def test_the_type_of_an_answer_does_not_matter_but_its_content_does(body):
    """Whatever the content type says."""
    for kind in ("application/json", "text/event-stream", "text/html", "application/x-ndjson"):
        with web(lambda _, kind=kind: (200, body, kind)) as server:
            given = {"api_base": server.address, "token": "t", "max_retries": 0}
            if body == LINE:
                assert "".join(map(str, Berlin.create_completion("", ASKED, **given))) == "hi"
                continue
            with pytest.raises(errors.BerlinError, match="no JSON object with content"):
                list(Berlin.create_completion("", ASKED, **given))


# ---- the request -----------------------------------------------------------------------------------


def test_the_body_is_the_one_that_such_servers_take(server):
    """One prompt of lines, an id, and the options with their usual values."""
    ask(server)
    body = server.chats[0].body
    assert body["prompt"] == "System: Be kind\nUser: Hello, how are you?"
    assert len(body["parentMessageId"]) == 36
    assert body["options"] == {
        "model": "gpt-3.5-turbo",
        "temperature": 0,
        "presence_penalty": 0,
        "frequency_penalty": 0,
        "max_tokens": 1888,
    }
    ask(server, "gpt-4", temperature=0.5, max_tokens=7, stream=False)
    options = server.chats[1].body["options"]
    assert (options["model"], options["temperature"], options["max_tokens"]) == ("gpt-4", 0.5, 7)
    assert server.chats[1].body["parentMessageId"] != body["parentMessageId"]


def test_a_typo_is_refused_before_anything_is_sent(server):
    """With the nearest name; wrong types, too."""
    for more, words in [
        ({"temprature": 1}, "did you mean 'temperature'"),
        ({"tools": []}, "takes no parameter 'tools'"),
        ({"timeout": 0}, "timeout="),
        ({"account": 7}, "account= is a text"),
        ({"password": "a\nb"}, "password= holds a line end"),
        ({"proxy": "nonsense"}, "no address of a proxy"),
        ({"api_base": "nonsense"}, "no web address"),
    ]:
        with pytest.raises((errors.UnknownParameterError, errors.InvalidParameterError), match=words):
            ask(server, **more)
    assert server.requests == []


def test_the_proxy_is_used_for_login_and_chat(server):
    """Both requests come through it."""
    with local_proxy() as proxy:
        assert ask(server, proxy=proxy.url) == TEXT
        assert ask(server, token=server.new_token(), proxy=proxy.url) == TEXT
    assert {target.rpartition("/")[2] for _, target in proxy.seen} >= {"login"}
    assert len(server.logins) == 1
    assert server.wait_for(lambda seen: seen.open_connections == 0)


def test_calls_share_a_connection_and_a_caller_s_stays_open(server):
    """The pool is used; a connector is the caller's."""
    for _ in range(5):
        ask(server)
    assert server.connections == 1

    async def go():
        async with aiohttp.TCPConnector() as connector:
            text = await Berlin.create_async("", ASKED, connector=connector, **where(server))
            assert not connector.closed
            return text

    assert asyncio.run(go()) == TEXT


# ---- the answer ------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["gpt-3.5-turbo", "joined", "torn", "null", "drip-1"])
def test_text_is_the_sum_of_the_objects(server, model):
    """Joined, torn, or with nothing in some of them."""
    chunks = list(Berlin.create_completion(model, ASKED, **where(server)))
    assert chunks[0] == ProviderInfo("Berlin", model, server.api_base)
    assert chunks[1:] == ["Hello, ", "how ", "are ", "you?", FinishReason("stop")]


@pytest.mark.parametrize(
    ("model", "kind", "words", "partial"),
    [
        ("error-429", errors.RateLimitError, "asked for 429", None),
        ("error-500", errors.ServerError, "asked for 500", None),
        ("error-403", errors.PermissionDeniedError, "asked for 403", None),
        ("code-500", errors.BerlinError, "asked for", None),
        ("code-3", errors.BerlinError, "asked for", None),
        ("late-code-500", errors.BerlinError, "asked for", "Hello, how "),
        ("text", errors.BerlinError, "quota exceeded", "Hello, how "),
        ("html", errors.BerlinError, "Welcome", None),
        ("empty", errors.BerlinError, "answered with nothing", None),
        ("half", errors.StreamInterruptedError, "middle of an object", "Hello, how "),
        ("cut", errors.StreamInterruptedError, "broke off", "Hello, how "),
    ],
)
def test_whatever_goes_wrong_is_a_clear_error(server, model, kind, words, partial):
    """Statuses by the common table; what stands in the place of text as `BerlinError`, a RuntimeError too."""
    with pytest.raises(kind, match=words) as caught:
        ask(server, model)
    assert (caught.value.partial, caught.value.provider, caught.value.model) == (partial, "Berlin", model)
    assert isinstance(caught.value, RuntimeError) == (kind is errors.BerlinError)
    assert isinstance(caught.value, errors.ResponseError)


@pytest.mark.clock
def test_a_call_that_is_stopped_is_stopped(server):
    """The connection is closed at once; silence has its limit."""
    stream = Berlin.create_completion("stall", ASKED, **where(server))
    next(stream)
    stream.close()
    assert server.wait_for(lambda seen: seen.aborted == 1)
    with pytest.raises(errors.RequestTimeoutError) as caught:
        ask(server, "stall", timeout=0.3)
    assert caught.value.partial == "Hello, how "


# ---- every split -----------------------------------------------------------------------------------

WHOLE = 'Привет, "мир" }{ \\ 🙂\nи все'
RECORDED = "\n".join(
    orjson.dumps(each).decode()
    for each in [
        {"role": "assistant", "content": "Привет"},
        {"content": None},
        {"content": ', "мир" }{ \\ 🙂\n'},
        {"content": "", "id": [{"a": "}"}]},
        {"content": "и все"},
    ]
).encode()


def _read(pieces):
    reader = BerlinReader(provider="Berlin", model="m", url="http://x", secret=Secret("planted-token"))
    out = [chunk for piece in pieces for chunk in reader.feed(piece)] + reader.finish()
    return "".join(map(str, out))


@pytest.mark.parametrize("joined", [False, True])
def test_every_split_gives_the_same(joined):
    """Cut at any byte, with and without line ends between the objects."""
    data = RECORDED.replace(b"}\n{", b"}{") if joined else RECORDED
    for at in range(len(RECORDED) + 1):
        assert _read([data[:at], data[at:]]) == WHOLE, at


@given(st.lists(st.integers(0, len(RECORDED)), max_size=10))
def test_many_splits_give_the_same(cuts):
    """Cut anywhere, as often as one likes."""
    places = [0, *sorted(cuts), len(RECORDED)]
    assert _read([RECORDED[a:b] for a, b in pairwise(places)]) == WHOLE


@given(st.binary(max_size=60))
def test_no_bytes_break_the_reader(data):
    """Text or an error of our own, which does not show the token."""
    try:
        _read([data, b"planted-token"])
    except errors.G4FError as error:
        assert "planted" not in f"{error} {error.body}"  # noqa: PT017  # either outcome is right
