"""GigaChat's class: what it promises, what it sends, what it gives."""

from __future__ import annotations

import asyncio
import inspect
import json

import aiohttp
import pytest
from local_proxy import local_proxy

import g4f_nb as nb
from g4f_nb import errors
from g4f_nb.chunks import FinishReason, ProviderInfo, Reasoning, ToolCalls, Usage
from g4f_nb.providers import (
    AsyncGeneratorProvider,
    GigaChat,
    ProviderModelMixin,
    RaiseErrorMixin,
)
from g4f_nb.providers.gigachat.account import API_BASE
from g4f_nb.reply import Reply
from g4f_nb.testing import serve_gigachat
from g4f_nb.testing.gigachat import new_key

ASKED = [{"role": "user", "content": "Привет, мир, как дела?"}]
ADD = {
    "type": "function",
    "function": {
        "name": "add",
        "description": "Adds",
        "parameters": {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}},
    },
}


def ask(model="", messages=ASKED, **given) -> Reply:
    """One answer, as the sum of its stream."""
    reply = Reply()
    for chunk in GigaChat.create_completion(model, messages, **({"max_retries": 0} | given)):
        reply.add(chunk)
    return reply


# ---- the class -------------------------------------------------------------------------------------


def test_the_class_is_what_it_was():
    """Bases, attributes and the signature's first names, in their order."""
    assert GigaChat.__mro__[1:4] == (AsyncGeneratorProvider, *AsyncGeneratorProvider.__mro__[1:3])
    assert issubclass(GigaChat, ProviderModelMixin)
    assert issubclass(GigaChat, RaiseErrorMixin)
    assert GigaChat.url == "https://developers.sber.ru/gigachat"
    flags = (
        "working",
        "needs_auth",
        "supports_stream",
        "supports_message_history",
        "supports_system_message",
    )
    assert [getattr(GigaChat, flag) for flag in flags] == [True] * 5
    assert GigaChat.default_model == "GigaChat:latest"
    assert GigaChat.models[:3] == ["GigaChat:latest", "GigaChat-Plus", "GigaChat-Pro"]
    assert "GigaChat-2-Max" in GigaChat.models
    parameters = inspect.signature(GigaChat.create_async_generator).parameters
    first = [
        "model", "messages", "stream", "proxy", "api_key", "connector", "scope", "update_interval",
    ]  # fmt: skip
    assert list(parameters)[:8] == first
    assert {parameters[name].kind for name in first} == {inspect.Parameter.POSITIONAL_OR_KEYWORD}
    rest = [each.kind for name, each in parameters.items() if name not in first]
    assert rest == [inspect.Parameter.KEYWORD_ONLY] * (len(rest) - 1) + [inspect.Parameter.VAR_KEYWORD]
    assert (parameters["stream"].default, parameters["update_interval"].default) == (True, 0)
    assert "    temperature: float | None = None," in GigaChat.params
    assert "planted" not in GigaChat.params


def test_it_is_found_by_name_everywhere(server, where, monkeypatch):
    """As a provider, before a colon, in `ask`, in a comparison, in any case."""
    for name, given in {
        "API_BASE": server.api_base,
        "AUTH_URL": server.auth_url,
        "API_KEY": server.key,
    }.items():
        monkeypatch.setenv(f"GIGACHAT_{name}", given)
    assert str(nb.ask("раз", "gigachat:GigaChat-2-Max")) == "раз"
    assert server.chat_requests[-1].body["model"] == "GigaChat-2-Max"
    assert str(nb.ask("два", provider="GigaChat")) == "два"
    assert server.chat_requests[-1].body["model"] == "GigaChat-2"
    frame = nb.compare(["три"], models=["GigaChat", "gigachat:GigaChat-2-Pro"])
    assert list(frame["status"]) == ["ok", "ok"]
    assert nb.resolve("GigaChat").host == server.api_base
    # Nothing else being chosen, the only key that is set chooses.
    assert nb.resolve().provider is GigaChat


def test_resolve_shows_the_host_and_where_the_key_comes_from(monkeypatch):
    """Without sending anything, and without the key."""
    found = nb.resolve("GigaChat")
    assert (found.host, found.key, found.model) == (API_BASE, None, "GigaChat-2")
    assert "set the environment variable GIGACHAT_API_KEY" in found.missing
    monkeypatch.setenv("GIGACHAT_CREDENTIALS", "planted-key")
    found = nb.resolve("gigachat:GigaChat-3-Ultra")
    assert (found.key, found.model) == ("the environment variable GIGACHAT_CREDENTIALS", "GigaChat-3-Ultra")
    assert "planted" not in repr(found)


# ---- what is sent ----------------------------------------------------------------------------------


def test_the_token_request_is_as_documented(server, where):
    """A form with the scope, the key as `Basic`, and an id of its own that is a random UUID."""
    ask(**where(server))
    (seen,) = server.token_requests
    assert (seen.method, seen.body) == ("POST", {"scope": "GIGACHAT_API_PERS"})
    assert seen.headers["Authorization"] == f"Basic {server.key}"
    assert seen.headers["Content-Type"] == "application/x-www-form-urlencoded"
    ids = {seen.headers["RqUID"]}
    server.end_tokens()
    ask(**where(server))
    assert len(ids | {server.token_requests[1].headers["RqUID"]}) == 2


@pytest.mark.parametrize("scope", ["GIGACHAT_API_PERS", "GIGACHAT_API_B2B", "GIGACHAT_API_CORP"])
def test_the_scope_is_the_call_s_or_the_variable_s(scope, where, monkeypatch):
    """And a person's if nobody says."""
    with serve_gigachat(keys={new_key(): [scope]}) as server:
        ask(**where(server, scope=scope))
        monkeypatch.setenv("GIGACHAT_SCOPE", scope)
        server.end_tokens()
        ask(**where(server))
    assert [seen.body["scope"] for seen in server.token_requests] == [scope, scope]


def test_the_body_of_a_stream(server, where):
    """Model, messages, the interval, and only what was given."""
    ask(max_tokens=9, temperature=0.5, profanity_check=False, update_interval=0.2, **where(server))
    (seen,) = server.chat_requests
    assert seen.body == {
        "model": "GigaChat-2",
        "messages": ASKED,
        "stream": True,
        "max_tokens": 9,
        "temperature": 0.5,
        "profanity_check": False,
        "update_interval": 0.2,
    }
    assert seen.headers["Accept"] == "text/event-stream"
    assert seen.headers["Cache-Control"] == "no-store"
    assert seen.headers["Authorization"].startswith("Bearer eyJ")
    assert server.key not in repr(seen.headers)


def test_the_body_of_a_whole_answer(server, where):
    """No interval, for there are no pieces; a temperature of 0, which is refused there, as top_p 0."""
    ask(stream=False, temperature=0, headers={"X-Session-ID": "s-1"}, **where(server))
    (seen,) = server.chat_requests
    assert seen.body == {"model": "GigaChat-2", "messages": ASKED, "stream": False, "top_p": 0}
    assert (seen.headers["Accept"], seen.headers["X-Session-ID"]) == ("application/json", "s-1")


@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        ("", "GigaChat-2"),
        ("GigaChat:latest", "GigaChat-2"),
        ("latest", "GigaChat-2"),
        ("GigaChat-Plus", "GigaChat-2"),
        ("GigaChat-Pro", "GigaChat-2-Pro"),
        ("GigaChat-3-Ultra", "GigaChat-3-Ultra"),
        ("GigaChat-Max", "GigaChat-Max"),
    ],
)
def test_old_names_go_on_and_new_ones_are_sent(server, where, asked, sent):
    """No list is asked: a name that is newer than this package works."""
    assert ask(asked, **where(server)).text == ASKED[0]["content"]
    assert [seen.body["model"] for seen in server.chat_requests] == [sent]
    assert len(server.requests) == 2
    assert GigaChat.last_model == sent


def test_a_typo_is_refused_before_anything_is_sent(server, where):
    """By name, with the nearest one; wrong types, too; and what the service does not know at all."""
    for given, words in [
        ({"temprature": 1}, "did you mean 'temperature'"),
        ({"stop": "x"}, "takes no parameter 'stop'"),
        ({"api_endpoint": "http://x"}, "takes no parameter 'api_endpoint'"),
        ({"timeout": -1}, "timeout= is"),
        ({"scope": 7}, "scope= is"),
        ({"max_streams": 0}, "1 or more"),
        ({"tools": "add"}, "tools= is"),
        ({"api_base": "nonsense"}, "no web address"),
        ({"proxy": "nonsense"}, "no address of a proxy"),
        ({"headers": {"X": "a\nb"}}, "one line"),
        ({"verify_ssl_certs": "no"}, "verify_ssl_certs= is True or False"),
    ]:
        with pytest.raises((errors.UnknownParameterError, errors.InvalidParameterError), match=words):
            ask(**(where(server) | given))
    with pytest.raises(errors.UnknownParameterError, match=r"did you mean 'scope'"):
        GigaChat.balance(scop="x")
    assert server.requests == []


# ---- what is given ---------------------------------------------------------------------------------


def _kinds(model, server, where, **given):
    chunks = GigaChat.create_completion(model, ASKED, **where(server, max_retries=0, **given))
    return [type(chunk) for chunk in chunks]


def test_a_stream_tells_who_answers_then_the_text_then_why_it_ended(server, where):
    """Usage is the service's own; `"".join(map(str, …))` is the answer."""
    chunks = list(GigaChat.create_completion("", ASKED, **where(server)))
    assert chunks[0] == ProviderInfo("GigaChat", "GigaChat-2:2.0.28.2", server.api_base)
    assert "".join(map(str, chunks)) == ASKED[0]["content"]
    assert chunks[-2:] == [FinishReason("stop"), Usage(4, 4, 8, None, 2)]
    assert len(chunks) > 5


def test_a_whole_answer_has_the_same_in_it(server, where):
    """Text, then usage, then why it ended."""
    assert _kinds("", server, where, stream=False) == [ProviderInfo, str, Usage, FinishReason]
    assert ask(stream=False, **where(server)).text == ASKED[0]["content"]


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("model", "reason"),
    [
        ("GigaChat-2", "stop"),
        ("blacklist", "content_filter"),
        ("null-finish", "stop"),
        ("no-space", "stop"),
        ("pretty", "stop"),
        ("no-usage", "stop"),
    ],
)
def test_every_reason_and_every_form(server, where, model, reason, stream):
    """Each reason to stop; a null one ends nothing; pretty-printed or not."""
    reply = ask(model, stream=stream, **where(server))
    assert reply.finish_reason == reason
    if model != "blacklist":
        assert reply.text == ASKED[0]["content"]


@pytest.mark.parametrize("stream", [True, False])
def test_arguments_that_fit_no_function_are_an_error(server, where, stream):
    """The reason `error` comes without a text: it is told what it means."""
    with pytest.raises(errors.ResponseError, match="called a function with arguments that do not fit"):
        ask("invalid-arguments", stream=stream, **where(server))


def test_the_limit_of_tokens_is_told(server, where):
    """`length`, and the text so far."""
    reply = ask(max_tokens=2, **where(server))
    assert (reply.text, reply.finish_reason) == ("Привет, мир, ", "length")


def test_reasoning_is_kept_out_of_the_text(server, where):
    """It has a chunk of its own."""
    reply = ask("reasoning", **where(server))
    assert (reply.reasoning, reply.text) == ("Подумаем. ", ASKED[0]["content"])
    assert Reasoning in _kinds("reasoning", server, where)


@pytest.mark.parametrize("stream", [True, False])
def test_functions_are_tools_and_their_state_goes_back(server, where, stream):
    """A call with an id of its own; the result goes back with name and state, and the answer follows."""
    asked = [{"role": "user", "content": "add 2 and 40"}]
    reply = ask("", asked, tools=[ADD], stream=stream, **where(server))
    (call,) = reply.tool_calls
    assert (call.name, call.arguments, reply.finish_reason) == ("add", '{"a":2,"b":40}', "tool_calls")
    said = {"role": "assistant", "content": reply.text, "tool_calls": [call.as_json()]}
    told = {"role": "tool", "tool_call_id": call.id, "content": "42"}
    after = ask("", [*asked, said, told], tools=[ADD], stream=stream, **where(server))
    sent = server.chat_requests[-1].body["messages"]
    assert sent[1]["function_call"] == {"name": "add", "arguments": {"a": 2, "b": 40}}
    assert sent[2] == {"role": "function", "name": "add", "content": '{"result":42}'}
    assert after.text == f'Функция add ответила: {{"result":42}} (state {sent[1]["functions_state_id"]})'
    assert ToolCalls in _kinds("", server, where, tools=[ADD], stream=stream)


def test_tool_choice_is_a_function_call(server, where):
    """None of them, or this one; with one tool alone, `required` means that one."""
    assert ask(tools=[ADD], tool_choice="none", **where(server)).text == ASKED[0]["content"]
    other = {"name": "other", "parameters": {"type": "object", "properties": {}}}
    named = {"type": "function", "function": {"name": "other"}}
    assert ask(tools=[ADD, other], tool_choice=named, **where(server)).tool_calls[0].name == "other"
    assert ask(tools=[ADD], tool_choice="required", **where(server)).tool_calls[0].name == "add"
    with pytest.raises(errors.InvalidParameterError, match="name the one"):
        ask(tools=[ADD, other], tool_choice="required", **where(server))


def test_a_schema_for_the_answer_loses_its_wrapper(server, where):
    """OpenAI's form is put into the API's, and what comes fits the schema."""
    schema = {"type": "object", "properties": {"text": {"type": "string"}}}
    form = {"type": "json_schema", "json_schema": {"name": "n", "schema": schema, "strict": True}}
    assert json.loads(ask(response_format=form, **where(server)).text) == {"text": ASKED[0]["content"]}
    assert server.chat_requests[-1].body["response_format"] == {
        "type": "json_schema",
        "schema": schema,
        "strict": True,
    }


def test_a_user_s_schema_is_made_plain(server, where):
    """References, alternatives and numbers as choices, which the service refuses with a 422."""
    schema = {
        "type": "object",
        "properties": {
            "data": {"$ref": "#/$defs/Data"},
            "unit": {"anyOf": [{"type": "string", "enum": ["m", "s"]}, {"type": "null"}]},
            "size": {"enum": [1, 2], "type": "integer"},
        },
        "$defs": {"Data": {"type": "object"}},
    }
    reply = ask(tools=[{"name": "f", "parameters": schema}], **where(server))
    assert reply.tool_calls[0].name == "f"
    sent = server.chat_requests[-1].body["functions"][0]["parameters"]["properties"]
    assert sent["data"] == {"type": "object", "properties": {}}
    assert sent["unit"] == {"type": "string", "enum": ["m", "s"]}
    assert sent["size"] == {"type": "integer", "description": "One of 1, 2."}


# ---- what goes wrong -------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("model", "kind", "words"),
    [
        ("error-400", errors.BadRequestError, "Bad request"),
        ("error-402", errors.PaymentRequiredError, "Payment Required"),
        ("error-403", errors.PermissionDeniedError, "Permission denied"),
        ("error-413", errors.ConversationTooLongError, "longer than the model's context"),
        ("error-422", errors.BadRequestError, "Invalid params"),
        ("error-429", errors.RateLimitError, "wait 1 s"),
        ("error-500", errors.ServerError, "Internal Server Error"),
        ("error-503", errors.ServerError, "Service Unavailable"),
        ("html-502", errors.ServerError, "502 Bad Gateway"),
        ("no-such-model", errors.ModelNotFoundError, "No such model"),
    ],
)
def test_each_refusal_is_the_error_it_means(server, where, model, kind, words, stream):
    """Status and words become one class with a way out."""
    with pytest.raises(kind, match=words) as caught:
        ask(model, stream=stream, **where(server))
    assert (caught.value.provider, caught.value.model) == ("GigaChat", model)
    assert caught.value.status == int(model[-3:]) if model[-1].isdigit() else 404


def test_an_error_in_the_middle_keeps_what_had_arrived(server, where):
    """The error object has no `error` in it: status and message alone."""
    with pytest.raises(errors.ServerError) as caught:
        ask("error-midstream", **where(server))
    assert caught.value.partial == "Привет, мир, "
    with pytest.raises(errors.StreamInterruptedError) as caught:
        ask("cut", **where(server))
    assert caught.value.partial == "Привет, мир, "


@pytest.mark.parametrize(
    ("given", "kind", "words"),
    [
        ({"api_key": "bm90OmtleQ=="}, errors.MissingAuthError, "authorization key that your project shows"),
        ({"api_key": "no key at all"}, errors.BadRequestError, "authorization key that your project shows"),
        ({"scope": "GIGACHAT_API_CORP"}, errors.BadRequestError, r"scope is 'GIGACHAT_API_CORP'; set scope="),
        ({"scope": "NONSENSE"}, errors.BadRequestError, "scope data format invalid"),
    ],
)
def test_a_refused_token_is_explained(server, where, given, kind, words):
    """Codes of the token host, in words; the key is in none of them."""
    with pytest.raises(kind, match=words) as caught:
        ask(**(where(server) | given))
    assert len(server.token_requests) == 1
    assert "key at all" not in f"{caught.value!r} {caught.value.body}"
    assert server.chat_requests == []


def test_a_function_needs_a_model_that_has_functions(server, where):
    """The service's own words."""
    with pytest.raises(errors.BadRequestError, match="does not support functions"):
        ask("GigaChat", tools=[ADD], **where(server))


def test_without_a_key_nothing_is_sent(server):
    """The error names the variable and the way without a key."""
    with pytest.raises(errors.MissingAuthError, match=r"GIGACHAT_API_KEY.*\.env.*Demo"):
        ask()
    with pytest.raises(errors.MissingAuthError, match="pass api_key= beside the address"):
        ask(api_base=server.api_base, auth_url=server.auth_url)
    assert server.requests == []


# ---- the way there ---------------------------------------------------------------------------------


def test_the_proxy_is_used_for_token_and_chat(tls, where, monkeypatch):
    """Both hosts are reached through it, whether the call names it or the environment."""
    elsewhere = tls.auth_url.replace("127.0.0.1", "localhost")
    given = where(tls, auth_url=elsewhere, ca_bundle_file=tls.ca_file)
    hosts = [("CONNECT", f"localhost:{tls.port}"), ("CONNECT", f"127.0.0.1:{tls.port}")]
    with local_proxy() as proxy:
        assert ask(proxy=proxy.url, **given).text == ASKED[0]["content"]
    assert proxy.seen == hosts
    tls.end_tokens()
    # The environment's proxy is not for this machine, where the tests' servers are.
    monkeypatch.setattr("g4f_nb.wire.proxies.is_here", lambda host: False)
    with local_proxy() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        assert ask(**given).text == ASKED[0]["content"]
    assert sorted(set(proxy.seen)) == sorted(hosts)


def test_a_caller_s_connector_carries_both_and_stays_open(server, where):
    """It is used on its loop, never closed, and refused on another."""

    async def go():
        connector = aiohttp.TCPConnector()
        text = await GigaChat.create_async("", ASKED, connector=connector, **where(server))
        assert text == ASKED[0]["content"]
        assert not connector.closed
        await connector.close()
        return connector

    connector = asyncio.run(go())
    assert server.connections == 1
    with pytest.raises(errors.LoopError, match="another event loop"):
        ask(connector=connector, **where(server))


def test_ten_answers_share_one_connection(server, where):
    """The pool of the loop is used, for tokens and chats alike."""
    for _ in range(10):
        ask(**where(server))
    assert (server.connections, len(server.token_requests)) == (1, 1)
