"""Answers beside the chat, and of the token host, that are not as documented: an error, or one more try."""

from __future__ import annotations

import pytest
from small_server import web

from g4f_nb import errors
from g4f_nb.providers import GigaChat

TOKEN = {"access_token": "t", "expires_at": 4102444800000}


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr("g4f_nb.wire.attempts.random.uniform", lambda *_: 0.01)


def _given(server, **more):
    return {"api_base": f"{server.address}/v1", "auth_url": f"{server.address}/oauth", "api_key": "k"} | more


CALLS = {
    "models": (lambda **given: GigaChat.get_models(refresh=True, **given), "lists no models"),
    "tokens": (lambda **given: GigaChat.count_tokens(["a", "b"], **given), "counts not the tokens of 2"),
    "vectors": (lambda **given: GigaChat.embeddings(["a", "b"], **given), "gives not the vectors of 2"),
    "balance": (GigaChat.balance, "tells no balance"),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    "body", [{}, [], {"data": None}, {"data": [{}, {"id": 7}]}, {"balance": "x"}, [{"tokens": 1}]]
)
def test_a_shape_that_is_another_is_told(call, body, capsys):
    """With what came, and what to check; a list of models falls back, saying so."""
    ask, words = CALLS[call]
    with web(lambda seen: (200, TOKEN if seen.path == "/oauth" else body)) as server:
        if call == "models" and isinstance(body, dict) and isinstance(body.get("data"), list):
            assert ask(**_given(server)) == []
        elif call == "models":
            assert ask(**_given(server)) == GigaChat.models
            assert words in capsys.readouterr().err
        else:
            with pytest.raises(errors.UnreadableResponseError, match=words):
                ask(**_given(server))


def test_vectors_come_in_the_order_of_their_texts():
    """Whatever their order in the answer."""
    data = [{"index": 1, "embedding": [2]}, {"index": 0, "embedding": [1]}]
    with web(lambda seen: (200, TOKEN if seen.path == "/oauth" else {"data": data})) as server:
        assert GigaChat.embeddings(["a", "b"], **_given(server)) == [[1], [2]]


@pytest.mark.parametrize("body", [b"<html><body>hello</body></html>", b"no json", b""])
def test_what_is_no_json_is_told(body):
    """Of the API, and of the token host."""
    refused = pytest.raises(errors.UnreadableResponseError, match="sent no JSON but")
    with web(lambda seen: (200, TOKEN if seen.path == "/oauth" else body)) as server, refused:
        GigaChat.balance(**_given(server))
    with web(lambda _: (200, body)) as server, pytest.raises(errors.UnreadableResponseError):
        GigaChat.balance(**_given(server))


def test_a_passing_fault_is_tried_again():
    """Of the token host and of the API alike, as often as `max_retries` says."""
    answers = [(503, {"status": 503, "message": "x"}), (200, TOKEN), (429, {"status": 429, "message": "x"})]
    answers += [(200, {"balance": [{"usage": "GigaChat", "value": 1.5}, {"usage": "odd", "value": None}]})]
    with web(lambda _: answers.pop(0)) as server:
        assert GigaChat.balance(**_given(server)) == {"GigaChat": 1.5}
    assert [seen.path for seen in server.seen] == ["/oauth", "/oauth", "/v1/balance", "/v1/balance"]
    with web(lambda _: (503, {"status": 503, "message": "x"})) as server, pytest.raises(errors.ServerError):
        GigaChat.balance(**_given(server, max_retries=0))
    assert len(server.seen) == 1


@pytest.mark.parametrize("status", [402, 404, 418, 500, 502])
def test_a_status_of_the_token_host_that_says_nothing_of_keys(status):
    """It is told as it is, without advice about scopes and keys."""
    refused = pytest.raises(errors.ResponseError, match=f"Error {status}: words")
    with web(lambda _: (status, {"status": status, "message": "words"})) as server, refused as caught:
        GigaChat.balance(**_given(server, max_retries=0))
    assert "authorization key" not in str(caught.value)


@pytest.mark.parametrize("tool", ["text", 7, {}, {"type": "function"}, {"function": {"name": 7}}])
def test_what_is_no_tool_is_told(tool):
    """By showing it, before anything is sent."""
    with (
        web(lambda _: (200, TOKEN)) as server,
        pytest.raises(errors.InvalidParameterError, match="tools= holds"),
    ):
        list(
            GigaChat.create_completion("", [{"role": "user", "content": "x"}], tools=[tool], **_given(server))
        )
    assert server.seen == []
