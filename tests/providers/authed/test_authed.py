"""A provider behind a login: proven before it is kept, renewed once, seen while it is waited for."""

from __future__ import annotations

import asyncio
import copy
import pickle
import sys
import threading
import urllib.request

import pytest
from login_server import (
    ANN,
    BOB,
    CALLS,
    HELLO,
    PLANTED,
    Forgetful,
    asked,
    file_of,
    kept,
    service,
    shown,
    streamed,
    sync,
    text,
    whole,
)

import g4f_nb as nb
from g4f_nb import settings
from g4f_nb.chunks import (
    AuthResult,
    ImageResponse,
    ProviderInfo,
    Reasoning,
    RequestLogin,
    ToolCall,
    ToolCalls,
)
from g4f_nb.errors import MissingAuthError, RateLimitError, ServerError, UnknownParameterError
from g4f_nb.providers import AsyncAuthedProvider, AsyncGeneratorProvider, AuthFileMixin
from g4f_nb.providers.authed import logins
from g4f_nb.secret import Secret


def test_the_login_that_is_given_asks_for_a_key():
    """`None` and `""` are none; a coroutine, awaited or through `on_auth`."""
    for nothing in ({}, {"api_key": None}, {"api_key": ""}):
        with pytest.raises(MissingAuthError, match="AsyncAuthedProvider needs a key: pass api_key="):
            asyncio.run(AsyncAuthedProvider.on_auth_async(**nothing))
        with pytest.raises(MissingAuthError):
            AsyncAuthedProvider.on_auth(**nothing)
    login = asyncio.run(AsyncAuthedProvider.on_auth_async(api_key="planted-key"))
    assert isinstance(login, AuthResult)
    assert login.get_dict() == {}
    assert AsyncAuthedProvider.on_auth(api_key="planted-key") == login


def test_a_key_alone_is_a_login():
    """The login that is given is a coroutine, and every kind of call can use it."""

    class ByKey(AsyncAuthedProvider):
        @classmethod
        async def create_authed(cls, model, messages, auth_result, api_key):
            yield f"{auth_result!r} {api_key}"

    for call in CALLS:
        assert text(call(ByKey, api_key="planted-key")) == "AuthResult() planted-key"
        with pytest.raises(MissingAuthError, match="ByKey needs a key"):
            call(ByKey)
    assert "planted-key" not in "".join(map(str, settings.config_folder().rglob("*")))


@pytest.mark.parametrize("login", ["coroutine", "generator"])
def test_on_auth_works_where_a_loop_runs(server, login):
    """It gives what the login gives: the result, or an iterator that ends with it."""
    cls = service(server, login=login)

    async def cell():
        return cls.on_auth(**ANN)

    for given in (cls.on_auth(**ANN), asyncio.run(cell())):
        if login == "coroutine":
            assert given.token.startswith("planted")
    if login == "generator":

        async def cell_of_steps():
            return list(cls.on_auth(**ANN))

        for steps in (list(cls.on_auth(**ANN)), asyncio.run(cell_of_steps())):
            assert [type(step) for step in steps] == [RequestLogin, AuthResult]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("answer", ["coroutine", "generator"])
@pytest.mark.parametrize("login", ["coroutine", "generator"])
def test_one_login_serves_many_calls(server, login, answer, call):
    """The first call logs in and keeps the login, the second uses the file."""
    cls = service(server, login=login, answer=answer)
    for _ in range(2):
        assert text(call(cls, **ANN)) == "ann said hello"
    assert server.logins == ["ann"]
    assert server.questions == ["planted-token-1"] * 2
    assert kept(cls) == {"token": "planted-token-1"}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("login", ["coroutine", "generator"])
def test_a_refused_login_is_renewed_once(server, login, call):
    """One more login, one more question, no error, and the new login is in the file."""
    cls = service(server, login=login)
    call(cls, **ANN)
    server.expire()
    assert text(call(cls, **ANN)) == "ann said hello"
    assert server.logins == ["ann"] * 2
    assert server.questions == ["planted-token-1", "planted-token-1", "planted-token-2"]
    assert kept(cls) == {"token": "planted-token-2"}
    call(cls, **ANN)
    assert server.logins == ["ann"] * 2


@pytest.mark.parametrize("call", CALLS)
def test_a_login_that_fails_leaves_no_file(server, call):
    """What was refused is deleted, and nothing is written in its place."""
    cls = service(server)
    sync(cls, **ANN)
    server.expire()
    with pytest.raises(MissingAuthError, match="wrong password"):
        call(cls, account="ann", password="planted-key")
    assert not file_of(cls).exists()
    assert server.logins == ["ann"] * 2
    assert text(call(cls, **ANN)) == "ann said hello"


@pytest.mark.parametrize("call", CALLS)
def test_a_fresh_login_that_is_refused_is_not_renewed(server, call, monkeypatch):
    """One login and one question a call, and no file."""
    cls = service(server)
    monkeypatch.setattr(server, "tokens", Forgetful())
    with pytest.raises(MissingAuthError, match="expired"):
        call(cls, **ANN)
    assert (len(server.logins), len(server.questions)) == (1, 1)
    assert not file_of(cls).exists()
    with pytest.raises(MissingAuthError, match="expired"):
        call(cls, **ANN)
    assert (len(server.logins), len(server.questions)) == (2, 2)


@pytest.mark.parametrize("call", CALLS)
def test_only_what_was_accepted_is_kept(server, call):
    """After a fault of the server the login is neither written nor lost: the next call uses it."""
    cls = service(server)
    server.fault = 503
    with pytest.raises(ServerError):
        call(cls, **ANN)
    assert not file_of(cls).exists()
    server.fault = None
    assert text(call(cls, **ANN)) == "ann said hello"
    assert server.logins == ["ann"]
    assert kept(cls) == {"token": "planted-token-1"}


def test_two_accounts_never_meet(server):
    """Each has a file and a session of its own."""
    cls = service(server)
    for account in (ANN, BOB, ANN, BOB):
        assert text(sync(cls, **account)) == f"{account['account']} said hello"
    assert server.logins == ["ann", "bob"]
    assert kept(cls, "ann") != kept(cls, "bob")


def test_a_session_stays_with_the_server_that_gave_it(server):
    """The same account at another address is another login."""
    cls = service(server)
    sync(cls, **ANN)
    sync(cls, api_base="http://elsewhere.invalid", **ANN)
    assert server.questions == ["planted-token-1", "planted-token-2"]
    assert cls.get_account(account="ann") == Secret("ann") != cls.get_account(account="ann", api_base="x")
    assert cls.get_account(api_base="x") != cls.get_account(api_base="y")
    assert cls.get_account(password="p", api_key="k") == Secret("k")


def test_classes_with_one_parent_share_a_login(server):
    """And others do not."""
    one, two, other = (service(server, name=name) for name in ("One", "Two", "Other"))
    one.parent = two.parent = "Family"
    for cls in (one, two, other):
        sync(cls, **ANN)
    assert server.logins == ["ann"] * 2


def test_deleting_the_file_logs_out(server):
    """No copy of a kept login stays in memory."""
    cls = service(server)
    sync(cls, **ANN)
    file_of(cls).unlink()
    sync(cls, **ANN)
    assert server.logins == ["ann"] * 2


@pytest.mark.parametrize(
    ("content", "again"),
    [
        ("text", False),
        (Reasoning("hm"), False),
        (ToolCalls((ToolCall("1", "f", "{}"),)), False),
        (ImageResponse(("u",)), False),
        ("", True),
        (None, True),
        (ProviderInfo("Late"), True),
        (RequestLogin("Late", "http://x.invalid"), True),
    ],
    ids=str,
)
@pytest.mark.parametrize("call", [sync, streamed])
def test_nothing_is_said_twice(call, content, again):
    """Once content came, a refusal is the caller's: no login, no second beginning."""
    seen = []

    class Late(AsyncAuthedProvider):
        @classmethod
        async def on_auth_async(cls, **kwargs):
            seen.append("login")
            return AuthResult(number=len(seen))

        @classmethod
        async def create_authed(cls, model, messages, auth_result, **kwargs):
            seen.append("question")
            yield content
            if auth_result.number < 3:
                raise MissingAuthError("too late")

    Late.write_cache_file(Late.get_cache_file(), AuthResult(number=0))
    if again:
        seen += ["", ""]
        assert call(Late) == [content] * 2
        assert seen[2:] == ["question", "login", "question"]
        assert kept(Late, None) == {"number": 4}
    else:
        with pytest.raises(MissingAuthError, match="too late"):
            call(Late)
        assert seen == ["question"]
        assert kept(Late, None) == {"number": 0}


def test_other_errors_renew_nothing(server):
    """Only a refused login does."""
    cls = service(server)
    sync(cls, **ANN)
    server.fault = 500
    with pytest.raises(ServerError):
        sync(cls, **ANN)
    assert server.logins == ["ann"]
    assert file_of(cls).exists()


def test_a_login_renewed_in_use_is_kept_as_it_is_then():
    """Services roll their tokens: what `create_authed` put into the login is in the file."""

    class Rolling(AsyncAuthedProvider):
        @classmethod
        async def on_auth_async(cls, **kwargs):
            return AuthResult(turn=0)

        @classmethod
        async def create_authed(cls, model, messages, auth_result, **kwargs):
            yield str(auth_result.turn)
            auth_result.turn += 1

    assert [text(sync(Rolling)) for _ in range(3)] == ["0", "1", "2"]
    assert kept(Rolling, None) == {"turn": 3}


def test_a_login_that_gives_nothing_is_an_error():
    """It says what the method should have done."""

    class Empty(AsyncAuthedProvider):
        @classmethod
        async def on_auth_async(cls, **kwargs):
            yield RequestLogin("Empty", "http://x.invalid")

        @classmethod
        async def create_authed(cls, model, messages, auth_result, **kwargs):
            yield "never"

    with pytest.raises(MissingAuthError, match="login of Empty ended without credentials: on_auth_async"):
        sync(Empty)


def test_an_abstract_one_cannot_answer():
    """Its first step raises, and nothing is instantiated."""
    with pytest.raises(NotImplementedError, match="AsyncAuthedProvider does not define create_authed"):
        sync(AsyncAuthedProvider, api_key="planted-key")
    with pytest.raises(TypeError):
        AsyncAuthedProvider()
    assert AsyncAuthedProvider.__mro__[1:3] == (AsyncGeneratorProvider, AsyncGeneratorProvider.__mro__[1])
    assert issubclass(AsyncAuthedProvider, AuthFileMixin)
    assert AsyncAuthedProvider.get_create_function() == AsyncAuthedProvider.create_completion
    assert AsyncAuthedProvider.get_async_create_function() == AsyncAuthedProvider.create_async_generator


# ---- logins that cannot be saved -------------------------------------------------------------------


def test_a_login_that_cannot_be_saved_only_warns(capsys):
    """The answer is whole, the line names the field, and the login serves until Python ends."""
    seen = []

    class Odd(AsyncAuthedProvider):
        @classmethod
        async def on_auth_async(cls, **kwargs):
            seen.append("login")
            return AuthResult(token="planted-token-0", session=object())

        @classmethod
        async def create_authed(cls, model, messages, auth_result, **kwargs):
            yield "fine"

    for call in CALLS:
        assert text(call(Odd)) == "fine"
    assert seen == ["login"]
    said = capsys.readouterr().err
    assert said.count("Odd: this login is forgotten when Python ends") == 1
    assert "field 'session' is no JSON" in said
    assert "planted" not in said


def test_a_file_that_cannot_be_written_only_warns(server, capsys):
    """A folder stands where the file should be."""
    cls = service(server)
    file_of(cls).mkdir(parents=True)
    for _ in range(2):
        assert text(sync(cls, **ANN)) == "ann said hello"
    assert server.logins == ["ann"]
    said = capsys.readouterr().err
    assert "Service: this login is forgotten when Python ends, for it cannot be saved: Is a dir" in said


def test_a_file_that_cannot_be_deleted_is_not_tried_again(server):
    """The refused login in it is known, and does not come back."""

    class Stuck(service(server)):
        @classmethod
        def write_cache_file(cls, cache_file, auth_result=None):
            raise PermissionError(1, "not permitted")

    AsyncAuthedProvider.write_cache_file(file_of(Stuck), AuthResult(token="planted-token-0"))
    for _ in range(2):
        assert text(sync(Stuck, **ANN)) == "ann said hello"
    assert server.questions == ["planted-token-0", "planted-token-1", "planted-token-1"]
    assert server.logins == ["ann"]


def test_logins_can_be_kept_elsewhere(server):
    """Two methods decide where, for a keyring or a vault."""
    vault = {}

    class Vaulted(service(server)):
        @classmethod
        def read_cache_file(cls, cache_file):
            return AuthResult(**vault[cache_file]) if cache_file in vault else None

        @classmethod
        def write_cache_file(cls, cache_file, auth_result=None):
            vault.pop(cache_file, None)
            if auth_result is not None:
                vault[cache_file] = auth_result.get_dict()

    for _ in range(2):
        sync(Vaulted, **ANN)
        assert list(vault.values()) == [{"token": "planted-token-1"}]
    server.expire()
    sync(Vaulted, **ANN)
    assert list(vault.values()) == [{"token": "planted-token-2"}]
    assert not file_of(Vaulted).exists()


# ---- the login is seen -----------------------------------------------------------------------------


def follow(url):
    """What the user does with a link."""
    urllib.request.urlopen(url, timeout=10).read()  # noqa: S310  # our own server


@pytest.mark.parametrize("stream", [True, False])
def test_the_link_is_seen_while_it_is_waited_for(server, stream):
    """In a script, in a cell and awaited, whatever `stream` says."""
    cls = service(server, login="device")
    for step in (chunks := cls.create_completion("m", HELLO, stream=stream)):
        if isinstance(step, RequestLogin):
            follow(step.login_url)
    assert chunks.close() is None
    file_of(cls, None).unlink()
    server.approved.clear()

    async def go():
        said = []
        async for step in cls.create_async_generator("m", HELLO, stream=stream):
            if isinstance(step, RequestLogin):
                await asyncio.to_thread(follow, step.login_url)
            said.append(str(step))
        return "".join(said).strip()

    assert asyncio.run(go()) == "device said hello"


class _Reader:
    """Stands in for the user's terminal: follows each link that appears in it."""

    def __init__(self):
        self.text = ""

    def write(self, text):
        self.text += text
        url = text.strip().rpartition("login: ")[2]
        if url.startswith("http"):
            threading.Thread(target=follow, args=(url,)).start()

    def flush(self):
        pass


@pytest.mark.parametrize("call", [whole, asked])
def test_the_link_is_told_where_only_the_whole_is_given(server, call, monkeypatch):
    """In one line, however many calls wait for it."""
    monkeypatch.setattr(sys, "stderr", _Reader())
    assert text(call(service(server, login="device"))) == "device said hello"
    assert sys.stderr.text == f"g4f_nb: Service waits for your login: {server.base}/approve\n"


def test_a_comparison_logs_in_once_and_tells_once(server, monkeypatch):
    """Twenty rows, one link."""
    monkeypatch.setattr(sys, "stderr", _Reader())
    cls = service(server, login="device")
    frame = nb.compare(["hello"] * 20, cls, progress=False)
    assert set(frame["answer"].str.strip()) == {"device said hello"}
    assert sys.stderr.text.count("waits for your login") == 1
    assert server.logins == ["device"]


# ---- parameters ------------------------------------------------------------------------------------


def test_its_parameters_are_those_of_create_authed():
    """The login is no part of a request."""

    class Asks(AsyncAuthedProvider):
        @classmethod
        async def create_authed(
            cls, model: str, messages: list, auth_result, temperature: float = 0.5, top_k=1
        ):
            yield "x"

    assert list(Asks.get_parameters()) == ["model", "messages", "temperature", "top_k"]
    assert Asks.get_parameters(as_json=True)["temperature"] == 0.5
    assert Asks.params.splitlines()[1:-1] == [
        "    model: str,",
        "    messages: list,",
        "    temperature: float = 0.5,",
        "    top_k = 1,",
    ]


def test_a_typo_is_refused_before_a_login(server):
    """By name; what either the login or the answer takes is taken, and goes where it is read."""
    seen = {}

    class Strict(AsyncAuthedProvider):
        @classmethod
        async def on_auth_async(cls, account, password):
            seen["login"] = (account, password)
            return AuthResult()

        @classmethod
        async def create_authed(cls, model, messages, auth_result, temperature=None):
            seen["answer"] = temperature
            yield "x"

    for call in CALLS:
        with pytest.raises(
            UnknownParameterError, match=r"Strict takes no parameter 'temprature'.*'temperature'"
        ):
            call(Strict, account="ann", password="p", temprature=1)
    assert not seen
    for call in CALLS:
        assert text(call(Strict, account="ann", password="p", temperature=1)) == "x"
    assert seen == {"login": ("ann", "p"), "answer": 1}


# ---- secrets ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("login", ["coroutine", "generator"])
@pytest.mark.parametrize("fault", ["password", "expired", "server", "typo", "bug"])
def test_no_failure_shows_a_secret(server, call, login, fault, monkeypatch, capfd):
    """Neither password nor token, whatever goes wrong and however it is shown."""
    cls = service(server, login=login)
    given = ANN | {"api_key": "planted-key"}
    if fault == "password":
        given["password"] = "planted-key"
    elif fault == "expired":
        monkeypatch.setattr(server, "tokens", Forgetful())
    elif fault == "server":
        server.fault = 500
    elif fault == "typo":
        monkeypatch.setattr(cls, "create_authed", _no_keywords)
        given["on"] = 1
    else:
        monkeypatch.setattr(cls, "create_authed", lambda *_, **__: {}["no such key"])
    with pytest.raises(Exception) as caught:  # noqa: PT011  # whatever it is
        call(cls, **given)
    assert not any(part in shown(caught.value) for part in PLANTED)
    assert not any(part in "".join(capfd.readouterr()) for part in PLANTED)


async def _no_keywords(model, messages, auth_result):
    raise RateLimitError("not now")


def test_a_login_shows_itself_nowhere(server):
    """Neither in a repr nor in what is kept in memory; it is copied, and not pickled."""
    login = AuthResult(token="planted-token-0", nested={"token": "planted-token-1"})
    assert repr(login) == "AuthResult(token='***', nested='***')"
    assert copy.copy(login) == copy.deepcopy(login) == login
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(login)
    cls = service(server)
    server.fault = 500
    with pytest.raises(ServerError):
        sync(cls, **ANN)
    assert "planted" not in repr(logins._accounts) + repr([vars(one) for one in logins._accounts.values()])
