"""No key, token or password is shown by whatever goes wrong, on the way to a token or beside the chat."""

from __future__ import annotations

import socket

import pytest
from frames import everything_shown

from g4f_nb import errors
from g4f_nb.providers import Berlin, GigaChat
from g4f_nb.testing import serve_berlin, serve_gigachat
from g4f_nb.testing.gigachat import new_key

ASKED = [{"role": "user", "content": "x"}]


CALLS = {
    "chat": lambda **given: list(GigaChat.create_completion("GigaChat-2", ASKED, **given)),
    "tokens": lambda **given: GigaChat.count_tokens("x", **given),
    "vectors": lambda **given: GigaChat.embeddings("x", **given),
    "balance": GigaChat.balance,
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("fault", ["key", "scope", "tls", "nobody", "silence", "typo", "address", "page"])
def test_neither_key_nor_token_is_shown(call, fault, server, tls, where, capsys):
    """Whatever fails first."""
    key = new_key("planted")
    given = where(server, api_key=key, max_retries=0)
    silent = socket.create_server(("127.0.0.1", 0))
    if fault == "scope":
        server.keys[key] = ("GIGACHAT_API_PERS",)
        given["scope"] = "GIGACHAT_API_CORP"
    elif fault == "tls":
        given |= {"api_base": tls.api_base, "auth_url": tls.auth_url}
    elif fault == "nobody":
        given["auth_url"] = "http://127.0.0.1:1/oauth"
    elif fault == "silence":
        given |= {"auth_url": f"http://127.0.0.1:{silent.getsockname()[1]}/", "timeout": 0.2}
    elif fault == "typo":
        given["temprature"] = 1
    elif fault == "address":
        given["api_base"] = "nonsense"
    elif fault == "page":
        given["auth_url"] = server.api_base
    with silent, pytest.raises(errors.G4FError) as caught:
        CALLS[call](**given)
    shown = everything_shown(caught.value) + "".join(capsys.readouterr())
    assert key not in shown
    assert key[:16] not in shown


@pytest.mark.parametrize("call", CALLS)
def test_a_token_that_the_service_repeats_is_masked(call, where, server, capsys):
    """In no error of the API either."""
    list(GigaChat.create_completion("", ASKED, **where(server)))
    (token,) = server.tokens
    given = where(server, max_retries=0, headers={"X-Request-ID": "x"})
    server.end_tokens()
    server.token_seconds = -1
    with pytest.raises(errors.MissingAuthError) as caught:
        CALLS[call](**given)
    assert token[:12] not in everything_shown(caught.value) + "".join(capsys.readouterr())


@pytest.mark.parametrize("model", ["", "error-500", "code-500", "html", "cut"])
def test_berlin_shows_neither_password_nor_token(model):
    """Of a refused login, and of a login whose answer fails."""
    with serve_berlin(password="planted-password-1") as server:
        given = {"api_base": server.api_base, "account": server.account, "max_retries": 0}
        with pytest.raises(errors.MissingAuthError) as caught:
            list(Berlin.create_completion(model, ASKED, password="planted-password-2", **given))
        shown = everything_shown(caught.value)
        if model:
            with pytest.raises(errors.G4FError) as caught:
                list(Berlin.create_completion(model, ASKED, password="planted-password-1", **given))
            shown += everything_shown(caught.value)
            shown += repr(Berlin.look_up_host(password="planted-password-1", api_base=server.api_base))
            assert not any(seen.headers["token"] in shown for seen in server.chats)
    assert "planted" not in shown


def test_nothing_that_holds_a_key_shows_it(where):
    """The account, the line, the question, the resolution."""
    import g4f_nb as nb
    from g4f_nb.providers.gigachat.options import line_of
    from g4f_nb.questions import prepare

    key = new_key("planted")
    with serve_gigachat(keys={key: ["GIGACHAT_API_PERS"]}) as server:
        given = where(server)
        line = line_of(GigaChat, given)
        shown = [line, line.account, line.token_call(), nb.resolve("GigaChat", **given)]
        shown += [prepare("x", "GigaChat", **given), nb.Model("GigaChat", **given)]
    assert key[:16] not in repr(shown)
