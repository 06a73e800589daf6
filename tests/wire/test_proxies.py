"""Proxies: which one is used, what becomes of one that misbehaves, and that no password is shown."""

from __future__ import annotations

import ssl as tls
import sys
import time

import pytest
import trustme
from proxying import HttpProxy, SocksProxy, proxy

from g4f_nb import errors
from g4f_nb.providers import OpenaiTemplate
from g4f_nb.secret import Secret
from g4f_nb.testing import serve
from g4f_nb.wire.proxies import proxy_fault

ASKED = [{"role": "user", "content": "hello"}]
PASSWORD = "Planted0Password"
HOST = "h.invalid"


@pytest.fixture(scope="module")
def server():
    """The server behind all the proxies."""
    with serve() as server:
        yield server


def _ask(base, **given):
    given = {"api_base": base, "max_retries": 0, "timeout": 5, "stream": True, "api_key": "k"} | given
    return "".join(map(str, OpenaiTemplate.create_completion("echo", ASKED, **given)))


def _port(server):
    return int(server.api_base.rpartition(":")[2].partition("/")[0])


def _failure(base, **given):
    begin = time.monotonic()
    with pytest.raises(errors.G4FError) as caught:
        _ask(base, **given)
    assert time.monotonic() - begin < 4
    return caught.value


# ---- which one -------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["argument", "environment", "all", "small"])
def test_an_http_proxy_is_used(server, how, monkeypatch):
    """By argument or by the environment's variables, in capitals or not; the host's name is the proxy's."""
    with proxy(HttpProxy, port=_port(server)) as way:
        names = {"environment": "HTTP_PROXY", "all": "ALL_PROXY", "small": "http_proxy"}
        if how != "argument":
            monkeypatch.setenv(names[how], f"http://{way.address}")
        given = {"proxy": f"http://{way.address}"} if how == "argument" else {}
        assert _ask(f"http://{HOST}/v1", **given) == "hello"
    assert way.seen == [f"POST http://{HOST}/v1/chat/completions"]


@pytest.mark.parametrize("listed", [HOST, ".invalid", "other.example,h.invalid", "*"])
def test_no_proxy_takes_hosts_out(listed, monkeypatch):
    """By name, by domain, or all."""
    with proxy(HttpProxy) as way:
        monkeypatch.setenv("HTTP_PROXY", f"http://{way.address}")
        monkeypatch.setenv("NO_PROXY", listed)
        assert "no host named h.invalid" in str(_failure(f"http://{HOST}/v1"))
    assert way.seen == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_this_machine_is_never_behind_the_environment_s_proxy(server, host, monkeypatch):
    """A model server here is not what a company's proxy is for; `proxy=` is meant as it is given."""
    base = f"http://{host}:{_port(server)}/v1"
    with proxy(HttpProxy, port=_port(server)) as way:
        monkeypatch.setenv("HTTP_PROXY", f"http://{way.address}")
        assert _ask(base) == "hello"
        assert way.seen == []
        assert _ask(base, proxy=f"http://{way.address}") == "hello"
        assert len(way.seen) == 1


def test_the_argument_wins(server, monkeypatch):
    """Over the environment's, also over `NO_PROXY`."""
    with proxy(HttpProxy, port=_port(server)) as way, proxy(HttpProxy) as other:
        monkeypatch.setenv("HTTP_PROXY", f"http://{other.address}")
        monkeypatch.setenv("NO_PROXY", "*")
        assert _ask(f"http://{HOST}/v1", proxy=f"http://{way.address}") == "hello"
    assert (len(way.seen), len(other.seen)) == (1, 0)


# ---- tunnels ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def secure():
    """A server of TLS for one host name, and the context that trusts it."""
    authority = trustme.CA()
    context = tls.SSLContext(tls.PROTOCOL_TLS_SERVER)
    authority.issue_cert(HOST).configure_cert(context)
    trusting = tls.create_default_context()
    authority.configure_trust(trusting)
    with serve(ssl_context=context) as server:
        yield server, trusting


@pytest.mark.clock
@pytest.mark.parametrize("how", ["argument", "environment"])
def test_tls_goes_through_a_tunnel(secure, how, monkeypatch):
    """The proxy learns the host's name and nothing else; the certificate is checked at this end."""
    server, trusting = secure
    with proxy(HttpProxy, port=_port(server)) as way:
        if how == "environment":
            monkeypatch.setenv("HTTPS_PROXY", f"http://{way.address}")
        given = {"proxy": f"http://{way.address}"} if how == "argument" else {}
        for _ in range(2):
            assert _ask(f"https://{HOST}/v1", ssl=trusting, **given) == "hello"
        assert "cannot prove who it is" in str(_failure(f"https://{HOST}/v1", **given))
    # The tunnel is used again; a call that trusts otherwise has one of its own.
    assert way.seen == [f"CONNECT {HOST}:443"] * 2


@pytest.mark.clock
@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(
    ("way", "says"),
    [
        ("refuses", "403"),
        ("hangs up", ""),
        ("babbles", ""),
        ("stalls", "was silent for 0.5 s"),
        ("wants a password", "407"),
    ],
)
def test_a_proxy_that_misbehaves(scheme, way, says):
    """One error, in time, that tells what the proxy did; nothing is left open."""
    with proxy(HttpProxy, way=way) as bad:
        error = _failure(f"{scheme}://{HOST}/v1", proxy=f"http://{bad.address}", timeout=0.5)
    assert says in str(error)
    assert isinstance(error, errors.ConnectionFailedError | errors.RequestTimeoutError | errors.ResponseError)


def test_a_proxy_s_password_is_sent(secure, server):
    """For requests that are passed on and for tunnels."""
    with proxy(HttpProxy, port=_port(server), way="wants a password") as way:
        assert _ask(f"http://{HOST}/v1", proxy=f"http://user:p%40ss@{way.address}") == "hello"
    target, trusting = secure
    with proxy(HttpProxy, port=_port(target), way="wants a password") as way:
        given = {"ssl": trusting, "proxy": f"http://user:p%40ss@{way.address}"}
        assert _ask(f"https://{HOST}/v1", **given) == "hello"


def test_a_proxy_that_is_not_there_is_told():
    """By what to check."""
    with pytest.raises(errors.ConnectionFailedError, match=r"the proxy http://127.0.0.1:1 refused .*proxy="):
        _ask(f"http://{HOST}/v1", proxy="http://127.0.0.1:1")
    with pytest.raises(errors.ConnectionFailedError, match=r"no host named nobody.invalid: check proxy="):
        _ask("http://127.0.0.1:1/v1", proxy="http://nobody.invalid:1")


# ---- SOCKS -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["argument", "environment"])
def test_a_socks_proxy_is_used(server, how, monkeypatch):
    """By argument or by the environment, with the host's name for the proxy to look up."""
    with proxy(SocksProxy, port=_port(server)) as way:
        if how == "environment":
            monkeypatch.setenv("ALL_PROXY", f"socks5h://{way.address}")
        given = {"proxy": f"socks5h://{way.address}"} if how == "argument" else {}
        for _ in range(2):
            assert _ask(f"http://{HOST}/v1", **given) == "hello"
    assert way.seen == [HOST]


@pytest.mark.clock
def test_tls_through_socks(secure):
    """The certificate is checked at this end."""
    server, trusting = secure
    with proxy(SocksProxy, port=_port(server), way="wants a password") as way:
        address = f"socks5h://user:p%40ss@{way.address}"
        assert _ask(f"https://{HOST}/v1", proxy=address, ssl=trusting) == "hello"
        assert "cannot prove who it is" in str(_failure(f"https://{HOST}/v1", proxy=address))


@pytest.mark.clock
@pytest.mark.parametrize(
    ("way", "user", "says"),
    [
        ("refuses", "", "refused the way"),
        ("stalls", "", "was silent for 0.5 s"),
        ("wants a password", f"user:{PASSWORD}@", "refused the way"),
        ("wants a password", "", "refused the way"),
    ],
)
def test_a_socks_proxy_that_misbehaves(way, user, says):
    """One error, in time, without the password."""
    with proxy(SocksProxy, way=way) as bad:
        error = _failure(f"http://{HOST}/v1", proxy=f"socks5h://{user}{bad.address}", timeout=0.5)
    assert says in str(error)
    assert PASSWORD not in f"{error} {error!r} {error.__cause__!r} {error.__context__!r}"


def test_a_socks_proxy_without_the_extra(monkeypatch):
    """The error names what to install."""
    monkeypatch.setitem(sys.modules, "aiohttp_socks", None)
    with pytest.raises(errors.MissingRequirementsError, match=r"g4f_nb\[socks\]"):
        _ask(f"http://{HOST}/v1", proxy="socks5://127.0.0.1:9")


@pytest.mark.clock
def test_a_socks_proxy_that_is_not_there_is_told():
    """By its address."""
    assert "socks5://127.0.0.1:1" in str(_failure(f"http://{HOST}/v1", proxy="socks5://127.0.0.1:1"))


# ---- what is shown ---------------------------------------------------------------------------------


@pytest.mark.clock
@pytest.mark.parametrize("url", ["https://h.invalid/v1", "http://h.invalid/v1"])
@pytest.mark.parametrize("environment", [True, False])
def test_a_proxy_that_refuses_shows_no_password(url, environment, monkeypatch):
    """Neither the message nor what is beneath it; the password comes in each of its spellings."""
    with proxy(HttpProxy, way="wants a password") as bad:
        address = f"http://other:{PASSWORD}@{bad.address}"
        if environment:
            monkeypatch.setenv("HTTPS_PROXY", address)
            monkeypatch.setenv("HTTP_PROXY", address)
        error = _failure(url, proxy=None if environment else address)
    shown = f"{error} {error!r} {vars(error)} {error.__cause__!r} {error.__context__!r}"
    assert "407" in str(error)
    assert PASSWORD not in shown
    assert "Authorization" not in shown


@pytest.mark.parametrize(
    "address",
    [
        "u:Planted0Password@127.0.0.1:9",
        "http://u:Planted0Password@bad host:1",
        "http://u:Planted0Password@127.0.0.1:99999",
        "http://u:Planted0Password@127.0.0.1:port",
        "http://u:Planted0Password@:9",
        "http://u:Planted/0Password@h:9",
        "http://u:Planted0Password@[bad",
        "ftp://u:Planted0Password@127.0.0.1:9",
        "nonsense",
        "127.0.0.1:3128",
    ],
)
def test_a_malformed_proxy_is_told_before_anything_is_sent(address, monkeypatch):
    """By its own name, and masked; also one of the environment."""
    with pytest.raises(errors.G4FError) as caught:
        OpenaiTemplate.get_models("k", "http://h.invalid", proxy=address)
    for error in (_failure(f"http://{HOST}/v1", proxy=address), caught.value):
        assert isinstance(error, errors.InvalidParameterError)
        assert str(error).startswith("proxy= is no address of a proxy")
        assert "Planted" not in f"{error!r} {error.__cause__!r} {error.__context__!r}"
    monkeypatch.setenv("HTTP_PROXY", address)
    error = _failure(f"http://{HOST}/v1")
    assert "HTTP_PROXY" in str(error)
    assert "Planted" not in f"{error!r} {error.__cause__!r} {error.__context__!r}"


@pytest.mark.parametrize("scheme", ["http", "socks5", "ftp"])
def test_the_path_of_a_proxy_is_not_shown(scheme):
    """Whatever stands behind host and port may be what lets somebody in."""
    error = _failure(f"http://{HOST}/v1", proxy=f"{scheme}://127.0.0.1:1/x/{PASSWORD}")
    assert f"{scheme}://127.0.0.1:1" in str(error)
    assert PASSWORD not in f"{error!r} {error.__cause__!r} {error.__context__!r}"


def test_a_well_formed_proxy():
    """Any scheme that is spoken, with or without port and password."""
    for scheme in ("http", "https", "socks4", "socks5", "socks5h", "HTTP"):
        for rest in ("h", "h:1", "u:p@h:1", "u@[::1]:1", "u:p%40@h/"):
            assert proxy_fault(Secret(f"{scheme}://{rest}")) is None
