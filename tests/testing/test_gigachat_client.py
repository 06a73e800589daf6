"""The judge of the GigaChat test server is the service's own client: it must find nothing unusual."""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
import time

import gigachat
import pytest
from gigachat import exceptions
from gigachat.models import Chat, Function, FunctionParameters, Messages, MessagesRole

from g4f_nb.errors import MissingRequirementsError
from g4f_nb.testing import certificates, serve_gigachat
from g4f_nb.testing.gigachat import new_key

ADD = Function(
    name="add",
    description="Adds",
    parameters=FunctionParameters(
        type="object", properties={"a": {"type": "integer"}, "b": {"type": "integer"}}
    ),
)


@pytest.fixture(scope="module")
def server():
    """Over HTTPS, as the service is."""
    with serve_gigachat(tls=True) as server:
        yield server


@pytest.fixture
def client(server):
    """The official client, told where the service is and whom to trust."""
    with _client(server) as client:
        yield client


def _client(server, **more):
    return gigachat.GigaChat(
        **{
            "credentials": server.key,
            "base_url": server.api_base,
            "auth_url": server.auth_url,
            "ssl_context": server.ca_file and ssl.create_default_context(cafile=server.ca_file),
            "model": "GigaChat-2",
            "timeout": 5,
        }
        | more
    )


def _chat(text="сложи 2 и 40", **more):
    return Chat(messages=[Messages(role=MessagesRole.USER, content=text)], **more)


def test_a_token_is_fetched_once_and_ends_in_half_an_hour(client, server):
    """In milliseconds of Unix time; the client keeps it."""
    before = len(server.token_requests)
    token = client.get_token()
    assert 1700 < token.expires_at / 1000 - time.time() < 1801
    client.chat(_chat())
    client.chat(_chat())
    assert len(server.token_requests) == before + 1


def test_a_whole_answer_has_every_field(client):
    """Message, reason, counts with those from the service's cache, the ids in the headers."""
    answer = client.chat(_chat())
    (choice,) = answer.choices
    assert (choice.message.role, choice.message.content, choice.finish_reason) == (
        "assistant",
        "сложи 2 и 40",
        "stop",
    )
    assert (answer.object_, answer.model) == ("chat.completion", "GigaChat-2:2.0.28.2")
    assert (answer.usage.prompt_tokens, answer.usage.total_tokens) == (4, 8)
    assert answer.usage.precached_prompt_tokens == 2
    assert answer.x_headers["x-request-id"]


def test_a_stream_ends_with_reason_and_counts(client):
    """Deltas first; the last one has no text."""
    chunks = list(client.stream(_chat()))
    assert "".join(chunk.choices[0].delta.content for chunk in chunks) == "сложи 2 и 40"
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [chunk.choices[0].finish_reason for chunk in chunks] == [None] * (len(chunks) - 1) + ["stop"]
    assert [chunk.usage is not None for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
    assert {chunk.object_ for chunk in chunks} == {"chat.completion"}


def test_the_asynchronous_client_agrees(server):
    """It is another code path of the client."""

    async def go():
        async with _client(server) as client:
            whole = await client.achat(_chat())
            parts = [chunk.choices[0].delta.content async for chunk in client.astream(_chat())]
            return whole.choices[0].message.content, "".join(parts)

    assert asyncio.run(go()) == ("сложи 2 и 40", "сложи 2 и 40")


@pytest.mark.parametrize("streamed", [False, True])
def test_functions_are_called_and_their_results_answered(client, streamed):
    """Arguments are an object, the state has an id, and the round trip ends in text."""
    asked = _chat(functions=[ADD], function_call="auto")
    if streamed:
        chunks = [chunk.choices[0] for chunk in client.stream(asked)]
        said, reason = chunks[0].delta, chunks[-1].finish_reason
    else:
        choice = client.chat(asked).choices[0]
        said, reason = choice.message, choice.finish_reason
    assert (said.function_call.name, said.function_call.arguments) == ("add", {"a": 2, "b": 40})
    assert reason == "function_call"
    assert len(said.functions_state_id) == 36
    back = Messages(
        role=MessagesRole.ASSISTANT,
        content="",
        function_call=said.function_call,
        functions_state_id=said.functions_state_id,
    )
    result = Messages(role=MessagesRole.FUNCTION, name="add", content='{"sum": 42}')
    answer = client.chat(Chat(messages=[*asked.messages, back, result], functions=[ADD]))
    assert answer.choices[0].message.content == (
        f'Функция add ответила: {{"sum":42}} (state {said.functions_state_id})'
    )


def test_a_schema_shapes_the_answer(client):
    """`response_format` holds the schema itself, without the wrapper that others have."""
    schema = {"type": "object", "properties": {"sum": {"type": "integer"}, "text": {"type": "string"}}}
    asked = _chat(response_format={"type": "json_schema", "schema": schema, "strict": True})
    assert json.loads(client.chat(asked).choices[0].message.content) == {"sum": 2, "text": "сложи 2 и 40"}
    with pytest.raises(exceptions.UnprocessableEntityError, match="response_format"):
        client.chat(_chat(response_format={"type": "json_schema", "json_schema": {"schema": schema}}))


def test_a_function_can_be_forced_and_forbidden(client):
    """With some of its arguments given."""
    forced = _chat(functions=[ADD], function_call={"name": "add", "partial_arguments": {"a": 7}})
    assert client.chat(forced).choices[0].message.function_call.arguments == {"a": 7, "b": 40}
    none = client.chat(_chat(functions=[ADD], function_call="none")).choices[0]
    assert (none.message.content, none.finish_reason) == ("сложи 2 и 40", "stop")


def test_models_counts_vectors_and_balance(client):
    """The shapes of everything beside the chat."""
    models = {model.id_: model.owned_by for model in client.get_models().data}
    assert models["GigaChat-2-Max"] == "salutedevices"
    assert client.get_model("GigaChat-2").id_ == "GigaChat-2"
    assert [(each.tokens, each.characters) for each in client.tokens_count(["a b", "c"], "GigaChat-2")] == [
        (2, 3),
        (1, 1),
    ]
    vectors = client.embeddings(["a b", "c"])
    assert [(each.index, len(each.embedding), each.usage.prompt_tokens) for each in vectors.data] == [
        (0, 3, 2),
        (1, 3, 1),
    ]
    assert {each.usage: each.value for each in client.get_balance().balance}["GigaChat"] == 900_000


@pytest.mark.parametrize("legacy", [False, True])
def test_a_token_that_is_over_is_renewed_by_the_client(legacy):
    """Once, and in both forms that tokens have."""
    with serve_gigachat(legacy_tokens=legacy) as server, _client(server) as client:
        client.chat(_chat())
        server.end_tokens()
        assert client.chat(_chat()).choices[0].finish_reason == "stop"
        assert len(server.token_requests) == 2
        statuses = [seen.path for seen in server.requests]
        assert len(statuses) == 5


@pytest.mark.parametrize(
    ("model", "error"),
    [
        ("error-400", exceptions.BadRequestError),
        ("error-403", exceptions.ForbiddenError),
        ("error-413", exceptions.RequestEntityTooLargeError),
        ("error-422", exceptions.UnprocessableEntityError),
        ("error-429", exceptions.RateLimitError),
        ("error-500", exceptions.ServerError),
        ("html-502", exceptions.ServerError),
        ("no-such-model", exceptions.NotFoundError),
        ("error-402", exceptions.ResponseError),
    ],
)
def test_errors_are_the_ones_the_client_knows(client, model, error):
    """Each status becomes the client's own error class."""
    with pytest.raises(error) as caught:
        client.chat(_chat(model=model))
    if model == "error-429":
        assert caught.value.retry_after == 1


@pytest.mark.parametrize(
    ("messages", "words"),
    [
        ([("user", "a"), ("system", "b")], "system message must be the first"),
        ([("system", "a"), ("system", "b")], "system message must be the first"),
        ([("user", "a"), ("function", "{}")], "function message"),
    ],
)
def test_what_the_service_refuses_is_refused(client, messages, words):
    """A second system message, a result without its call."""
    chat = Chat(messages=[Messages(role=role, content=content) for role, content in messages])
    with pytest.raises(exceptions.UnprocessableEntityError, match=words):
        client.chat(chat)


def test_wrong_keys_and_scopes_are_refused_by_the_token_host(server):
    """Each with the code of its own."""
    for more, kind, code in [
        ({"credentials": new_key()}, exceptions.AuthenticationError, 6),
        ({"scope": "GIGACHAT_API_CORP"}, exceptions.BadRequestError, 7),
        ({"scope": "nonsense"}, exceptions.BadRequestError, 1),
        ({"credentials": "nonsense"}, exceptions.BadRequestError, 4),
    ]:
        with _client(server, **more) as client, pytest.raises(kind, match=f'"code":{code}'):
            client.chat(_chat())


def test_no_balance_for_those_who_pay_afterwards():
    """As the service does it: 403."""
    keys = {new_key(): ["GIGACHAT_API_CORP"]}
    with (
        serve_gigachat(keys=keys) as server,
        _client(server, scope="GIGACHAT_API_CORP") as client,
        pytest.raises(exceptions.ForbiddenError),
    ):
        client.get_balance()


def test_a_person_has_one_stream_and_a_business_ten(server):
    """More than that is refused with 429, which is what the provider's own lane prevents."""

    async def go(served, **more):
        async with _client(served, **more) as client:
            await client.aget_token()
            busy = client.astream(_chat(model="stall"))
            await anext(busy)
            chats = (client.achat(_chat()) for _ in range(3))
            found = [type(each) for each in await asyncio.gather(*chats, return_exceptions=True)]
            await busy.aclose()
            return found

    assert asyncio.run(go(server)) == [exceptions.RateLimitError] * 3
    keys = {new_key(): ["GIGACHAT_API_B2B"]}
    with serve_gigachat(keys=keys) as served:
        assert exceptions.RateLimitError not in asyncio.run(go(served, scope="GIGACHAT_API_B2B"))


def test_an_unknown_authority_is_noticed(server):
    """The certificate is really checked."""
    with _client(server, ssl_context=None) as client, pytest.raises(Exception, match="CERTIFICATE_VERIFY"):
        client.chat(_chat())


def test_https_without_its_package_says_which_extra_brings_it(monkeypatch):
    """And that it can do without."""
    monkeypatch.setitem(sys.modules, "trustme", None)
    with pytest.raises(MissingRequirementsError, match=r"g4f_nb\[test\].*without tls=True"):
        certificates.new_certificates()
