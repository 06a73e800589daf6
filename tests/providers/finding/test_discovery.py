"""Servers on this machine are found by what they answer, on loopback only, within a third of a second."""

from __future__ import annotations

import asyncio
import socket
import time
from dataclasses import replace

import pytest
from small_server import web

from g4f_nb.providers.finding.discovery import find_local, local_base
from g4f_nb.providers.services.rows import rows
from g4f_nb.testing import serve


def _row(name, address, path="/v1"):
    return replace(rows()[name], api_base=f"{address}{path}")


def _find(*found, **given):
    # Longer than a person waits: this machine may be busy.
    return asyncio.run(find_local(found, **{"within": 10, **given}))


def _server(models, signs=()):
    """A server that lists these models, and answers these paths besides."""

    def answer(seen):
        if seen.path.endswith("/models") and seen.path not in signs:
            return (200, models) if not isinstance(models, int) else (models, {"error": "key"})
        return (200, {}) if seen.path in signs else (404, {})

    return web(answer)


def _owned(owner):
    return {"object": "list", "data": [{"id": "m", "object": "model", "owned_by": owner}, {"id": "n"}]}


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        ("library", "ollama"),
        ("organization_owner", "lmstudio"),
        ("vllm", "vllm"),
        ("llamacpp", "llamacpp"),
        ("koboldcpp", "koboldcpp"),
    ],
)
def test_a_server_is_known_by_whom_its_models_belong_to(owner, name):
    """One request is enough for these."""
    with _server(_owned(owner)) as server:
        (found,) = _find(_row(name, server.address))
        assert [seen.path for seen in server.seen] == ["/v1/models"]
    assert (found.row, found.models, found.owner) == (name, ("m", "n"), owner)
    assert found.base == f"{server.address}/v1"


@pytest.mark.parametrize(
    ("models", "signs", "name"),
    [
        (_owned("llamacpp"), (), "llamacpp"),
        ({"data": [{"id": "m"}]}, ("/readyz",), "localai"),
        ({"data": [{"id": "m"}]}, ("/props",), "llamacpp"),
        ({"data": []}, ("/readyz",), "localai"),
        (401, ("/props",), "llamacpp"),
        ({"data": [{"id": "m"}]}, (), "llamafile"),
    ],
)
def test_servers_that_share_a_port_are_told_apart(models, signs, name):
    """llama.cpp, LocalAI and llamafile listen on 8080, all of them."""
    with _server(models, signs) as server:
        candidates = [_row(each, server.address) for each in ("llamacpp", "llamafile", "localai")]
        (found,) = _find(*candidates)
    assert found.row == name
    assert found.models == (None if models == 401 else tuple(each["id"] for each in models["data"]))


@pytest.mark.parametrize(("signs", "name"), [(("/v1/providers",), "g4f"), ((), "jan")])
def test_jan_and_g4f_are_told_apart(signs, name):
    """Both listen on 1337."""
    with _server({"data": [{"id": "m"}]}, signs) as server:
        (found,) = _find(_row("jan", server.address), _row("g4f", server.address))
    assert found.row == name


def test_what_a_server_calls_itself_is_text_and_not_long():
    """No terminal obeys it, and no table is filled with it."""
    with _server(_owned("\x1b]0;mine\x07" + "x" * 10_000)) as server:
        (found,) = _find(_row("vllm", server.address))
    assert found.owner.isprintable()
    assert len(found.owner) <= 100


def test_some_other_model_server_is_told_as_that():
    """It speaks the dialect, and is not what usually listens there."""
    with serve(models=["m"]) as server:
        (found,) = _find(_row("vllm", server.api_base, path=""))
    assert (found.row, found.owner, found.models) == (None, "g4f_nb", ("m",))


@pytest.mark.parametrize(
    "answer",
    [
        (200, b"<html>a page</html>", "text/html"),
        (404, {}),
        (500, {}),
        (200, {"data": "no list"}),
        (200, b""),
    ],
)
def test_what_is_no_model_server_is_left_alone(answer):
    """Some web server that runs there is asked once, and not listed."""
    with web(lambda _: answer) as server:
        assert _find(_row("llamacpp", server.address), _row("localai", server.address)) == []
        assert len(server.seen) == 1


def test_no_key_is_sent_and_no_redirect_followed(monkeypatch):
    """Whoever listens there may be anybody."""
    monkeypatch.setenv("VLLM_API_KEY", "planted")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    with _server(_owned("vllm")) as server:
        assert len(_find(_row("vllm", server.address))) == 1
        assert "planted" not in str(server.seen)
    with _server(_owned("x")) as away:

        def lead_away(seen):
            return 302, {}

        with web(lead_away) as server:
            assert _find(_row("vllm", server.address)) == []
        assert away.seen == []


def test_only_loopback_is_asked(monkeypatch):
    """A base that is moved elsewhere is no server of this machine."""
    assert local_base(rows()["ollama"]) == "http://localhost:11434/v1"
    monkeypatch.setenv("OLLAMA_HOST", "box.invalid:11434")
    assert local_base(rows()["ollama"]) is None
    assert local_base(rows()["openai"]) is None
    assert _find(rows()["ollama"], rows()["openai"]) == []
    monkeypatch.setenv("OLLAMA_HOST", "0.0.0.0:2")
    assert local_base(rows()["ollama"]) == "http://127.0.0.1:2/v1"


@pytest.mark.clock
def test_a_silent_port_holds_nobody_up():
    """The whole is limited; what answers in time is found."""
    with socket.create_server(("127.0.0.1", 0)) as silent, _server(_owned("library")) as server:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        asyncio.run(find_local([]))
        start = time.perf_counter()
        found = _find(_row("vllm", address), _row("ollama", server.address), within=1)
        took = time.perf_counter() - start
    assert [each.row for each in found] == ["ollama"]
    assert took < 3


def test_nothing_listens_anywhere():
    """That is no error."""
    assert _find(_row("ollama", "http://127.0.0.1:1")) == []
