"""The template against a real server: every behaviour, every limit, and what is on the wire."""

from __future__ import annotations

import asyncio
import http.server
import inspect
import socket
import ssl
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import aiohttp
import orjson
import pytest
import trustme

from g4f_nb import errors, notices
from g4f_nb.chunks import FinishReason, ProviderInfo, Reasoning, Refusal, ToolCalls, Usage
from g4f_nb.errors import ConnectionFailedError, RequestTimeoutError, ResponseError, UnknownParameterError
from g4f_nb.files.dataurls import data_url
from g4f_nb.providers import OpenaiTemplate
from g4f_nb.providers.openai_template import EXTRA_PARAMETERS
from g4f_nb.reply import Reply
from g4f_nb.testing import describe, serve

TEXT = "Hello big wide world, how are you?"
ASKED = [{"role": "user", "content": TEXT}]
SEED = (
    "model messages proxy timeout media api_key api_endpoint api_base temperature max_tokens top_p stop "
    "stream prompt headers impersonate extra_parameters extra_data"
)


@pytest.fixture(scope="module")
def shared():
    """One server for the tests that leave no trace in it."""
    with serve() as server:
        yield server


@pytest.fixture
def server():
    """A server of the test's own."""
    with serve() as server:
        yield server


def _on(server, **own):
    base = server if isinstance(server, str) else server.api_base
    return type("Mine", (OpenaiTemplate,), {"api_base": base, "api_key": "class-key"} | own)


def _ask(server, model="echo", messages=ASKED, *, stream=True, **given) -> Reply:
    """The sum of one answer; a call that fails shall fail at once, unless a test says otherwise."""
    reply = Reply()
    given = {"max_retries": 0, "timeout": 5} | given
    for chunk in _on(server).create_completion(model, messages, stream=stream, **given):
        reply.add(chunk)
    return reply


def _sent(server) -> dict:
    return server.requests[-1].body


@contextmanager
def _web(answer):
    """A plain web server that answers what `answer(handler)` gives: status, headers, body."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            seen.append((self.path, dict(self.headers.items()), self.body))
            status, headers, body = answer(self)
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(body))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_):
            pass

    seen = []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as web:
        web.daemon_threads = True
        thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{web.server_port}", seen
        finally:
            web.shutdown()
            thread.join()


# ---- every behaviour of the server -----------------------------------------------------------------

ERRORS = {
    "error-401": "MissingAuthError",
    "error-402": "PaymentRequiredError",
    "error-403": "PermissionDeniedError",
    "error-404": "ModelNotFoundError",
    "error-408": "RequestTimeoutError",
    "error-413": "BadRequestError",
    "error-422": "BadRequestError",
    "error-429": "RateLimitError",
    "error-500": "ServerError",
    "error-503": "ServerError",
    "error-504": "RequestTimeoutError",
    "error-529": "ServerError",
    "error-200": "ServerError",
    "error-midstream": "ServerError",
    "choice-error": "ServerError",
    "error-as-events": "ServerError",
    "leak": "MissingAuthError",
    "context": "ConversationTooLongError",
    "flaky-2": "ServerError",
    "html": "UnreadableResponseError",
    "html-502": "ServerError",
    "empty-object": "UnreadableResponseError",
    "cut": "StreamInterruptedError",
    "reset": "StreamInterruptedError",
    "cut-clean": "StreamInterruptedError",
    "bad-json": "UnreadableResponseError",
    "stall": "RequestTimeoutError",
    "stall-after-headers": "RequestTimeoutError",
    "silent": "RequestTimeoutError",
    "no-such-model": "ModelNotFoundError",
}
PARTIAL = {"error-midstream", "choice-error", "cut", "reset", "cut-clean", "stall", "bad-json"}
TEXTS = {
    "upper": TEXT.upper(),
    "tools": "No tools were offered.",
    "two-tools": "No tools were offered.",
    "refuse": "",
    "legacy-call": "No functions were offered.",
    "empty": "",
    "memory": "user messages: 1\nsystem prompt: (none)",
    "slow-50": "ok",
    "one-byte": "ok",
    "filter": "Hello big wide ",
}
THINKING = {"reason", "reason-groq", "reason-details", "think"}
# What these say depends on the rounds before; the tests of dialogues ask them.
ROUNDS = {name for name in describe() if name.startswith(("agent-", "tool-", "json-"))}
LONG = {"paint", "markdown", "long", "long-2000", "json", "unicode", "tiny-20000", "split-utf8"}


def test_every_behaviour_is_expected_here():
    """A behaviour that the server learns is a case here, too."""
    echoes = set(describe()) - set(ERRORS) - set(TEXTS) - LONG - ROUNDS
    assert echoes >= {"echo", "parts", "think", "gzip", "br", "ndjson", "null-fields", "redirect", "crlf"}


@pytest.mark.parametrize("model", [name for name in describe() if not {name} & (ERRORS.keys() | ROUNDS)])
def test_every_behaviour_that_answers(shared, model):
    """The right text, however it travels, streamed and whole."""
    streamed = _ask(shared, model)
    whole = _ask(shared, model, stream=False)
    assert streamed.text == whole.text
    if model in LONG:
        assert len(streamed.text) > 50
    else:
        assert streamed.text.lstrip() == TEXTS.get(model, TEXT)
    assert (streamed.finish_reason, whole.finish_reason) == (
        ("content_filter",) * 2 if model == "filter" else ("stop",) * 2
    )
    assert streamed.usage == whole.usage
    assert bool(streamed.reasoning) == (model in THINKING)
    assert streamed.reasoning.strip() == whole.reasoning.strip()
    assert bool(streamed.refusal) == (model == "refuse")


@pytest.mark.clock
@pytest.mark.parametrize("model", ERRORS)
def test_every_behaviour_that_fails(server, model):
    """The right class, who failed, and what had arrived."""
    with pytest.raises(errors.G4FError) as caught:
        _ask(server, model, timeout=0.3)
    error = caught.value
    assert type(error).__name__ == ERRORS[model]
    assert (error.provider, error.model) == ("Mine", model)
    assert bool(error.partial) == (model in PARTIAL)
    asked = [request.path for request in server.requests]
    # Which models there are is asked once one is not among them.
    not_found = isinstance(error, errors.ModelNotFoundError)
    assert asked == ["/v1/chat/completions"] + ["/v1/models"] * not_found
    if model.startswith("error-4"):
        assert error.status == int(model[-3:])


def test_kinds_in_order(shared):
    """Who, thoughts, text, why it ended, what it cost; in a whole answer the reason comes last."""
    provider = _on(shared)
    for stream, last in ((True, [FinishReason, Usage]), (False, [Usage, FinishReason])):
        chunks = list(provider.create_completion("reason", ASKED, stream=stream))
        kinds = list(dict.fromkeys(map(type, chunks)))
        assert chunks[0] == ProviderInfo("Mine", "reason", shared.api_base)
        assert sorted(kinds[1:3], key=str) == sorted([Reasoning, str], key=str)
        assert kinds[3:] == last


@pytest.mark.parametrize("stream", [True, False])
def test_tool_calls_come_whole_and_once(shared, stream):
    """Two calls, their fragments interleaved on the way."""
    tool = {
        "type": "function",
        "function": {
            "name": "add",
            "parameters": {"properties": {"a": {"type": "integer"}}, "type": "object"},
        },
    }
    chunks = list(_on(shared).create_completion("two-tools", ASKED, stream=stream, tools=[tool]))
    (calls,) = [chunk for chunk in chunks if isinstance(chunk, ToolCalls)]
    assert [(call.name, call.arguments) for call in calls.calls] == [("add", '{"a":1}')] * 2
    assert FinishReason("tool_calls") in chunks
    assert not any(isinstance(chunk, Refusal) for chunk in chunks)


# ---- what is sent ----------------------------------------------------------------------------------


def test_the_signature_is_the_seed_s():
    """Its 18 parameters first, by name, order and kind; ours after them, by keyword only."""
    parameters = list(inspect.signature(OpenaiTemplate.create_async_generator).parameters.values())
    assert [one.name for one in parameters[:18]] == SEED.split()
    assert {one.kind for one in parameters[:18]} == {inspect.Parameter.POSITIONAL_OR_KEYWORD}
    assert {one.kind for one in parameters[18:-1]} == {inspect.Parameter.KEYWORD_ONLY}
    kinds = ["AsyncGeneratorProvider", "ProviderModelMixin", "RaiseErrorMixin"]
    assert [base.__name__ for base in OpenaiTemplate.__bases__] == kinds


def test_the_body_holds_what_was_given_and_nothing_else(server):
    """`None` is absent; the flag is always there; usage is asked for where a stream is."""
    _ask(server, stream=False)
    assert _sent(server) == {"model": "echo", "messages": ASKED, "stream": False}
    _ask(server)
    assert _sent(server).pop("stream_options") == {"include_usage": True}
    given = {
        "temperature": 0,
        "max_tokens": 5,
        "top_p": 0.5,
        "stop": ["x"],
        "seed": 0,
        "frequency_penalty": 0,
        "presence_penalty": 1,
        "response_format": {"type": "json_object"},
        "reasoning_effort": "low",
        "user": "me",
        "logit_bias": {5: 1},
        "parallel_tool_calls": False,
    }
    _ask(server, stream=False, **given)
    sent = _sent(server)
    assert sent.pop("logit_bias") == {"5": 1}
    del given["logit_bias"]
    assert sent == {"model": "echo", "messages": ASKED, "stream": False} | given


def test_extra_data_has_the_last_word_and_extra_parameters_let_through(server):
    """A field of a server's own arrives; a field of ours can be overridden."""
    _ask(server, extra_data={"temperature": 0.5, "mine": 1}, temperature=1)
    assert (_sent(server)["temperature"], _sent(server)["mine"]) == (0.5, 1)
    _ask(server, extra_parameters=["guided_json"], guided_json={}, logit_bias={})
    assert (_sent(server)["guided_json"], _sent(server)["logit_bias"]) == ({}, {})
    assert EXTRA_PARAMETERS[0] == "tools"
    assert len(EXTRA_PARAMETERS) == 7


def test_media_goes_into_the_last_user_message(server, tmp_path):
    """Before its text; the caller's messages stay as they are; what cannot be read is told before."""
    png = b"\x89PNG\r\n\x1a\n" + b"\0" * 20
    (tmp_path / "a.png").write_bytes(png)
    asked = [{"role": "system", "content": "x"}, {"role": "user", "content": TEXT}]
    assert _ask(server, messages=asked, media=[(tmp_path / "a.png", None), png]).text == TEXT
    sent = _sent(server)["messages"][1]["content"]
    assert [part["type"] for part in sent] == ["image_url", "image_url", "text"]
    assert sent[0] == sent[1] == {"type": "image_url", "image_url": {"url": data_url(png, "image/png")}}
    assert asked[1] == {"role": "user", "content": TEXT}
    before = len(server.requests)
    with pytest.raises(errors.InvalidParameterError, match="cannot be read"):
        _ask(server, media=["nowhere.png"])
    assert len(server.requests) == before


def test_thinking_tags_can_be_left_in_the_text(shared):
    """For one call, or on the class; streamed and whole."""
    for stream in (True, False):
        assert _ask(shared, "think", stream=stream).reasoning
        reply = _ask(shared, "think", stream=stream, splits_thinking=False)
        assert (reply.text[:7], reply.reasoning) == ("<think>", "")
        kept = _on(shared, splits_thinking=False).create_completion("think", ASKED, stream=stream)
        assert "".join(map(str, kept)).startswith("<think>")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"temprature": 1}, "takes no parameter 'temprature': did you mean 'temperature'"),
        ({"guided_json": 1}, "takes no parameter 'guided_json'"),
        ({"loop": None}, "takes no parameter 'loop'"),
    ],
)
def test_an_unknown_keyword_is_refused_before_anything_is_sent(server, given, words):
    """By name, with the nearest; it is a TypeError, too."""
    with pytest.raises(UnknownParameterError, match=words):
        _ask(server, **given)
    assert server.requests == []


@pytest.mark.parametrize(
    "given",
    [
        {"messages": []},
        {"messages": "hello"},
        {"extra_data": {"x": object()}},
        {"headers": {"X": "a\nb"}},
        {"headers": {1: "a"}},
        {"api_key": "two\nlines"},
    ],
)
def test_what_cannot_be_sent_is_told_before(server, given):
    """Messages that are none, values that are no JSON, headers of two lines."""
    with pytest.raises(errors.InvalidParameterError):
        _ask(server, **given)
    assert server.requests == []


def test_headers(server):
    """A caller's win over ours whatever their case, and there is only one of each."""
    _ask(server, headers={"authorization": "Bearer mine", "X-Mine": "1"})
    seen = server.requests[-1].headers
    assert seen.getall("Authorization") == ["Bearer mine"]
    assert (seen["X-Mine"], seen["Accept"], seen["User-Agent"]) == ("1", "text/event-stream", "g4f_nb")
    _ask(server, stream=False, impersonate="chrome", headers={"accept-language": "de"})
    seen = server.requests[-1].headers
    assert (seen["Accept"], seen["Content-Type"]) == ("application/json", "application/json")
    assert "Chrome" in seen["User-Agent"]
    assert seen.getall("Accept-Language") == ["de"]
    assert seen["Authorization"] == "Bearer class-key"


def test_the_examples_of_get_headers():
    """6 to 8 of the description."""
    assert OpenaiTemplate.get_headers(stream=True, api_key="your_api_key") == {
        "Accept": "text/event-stream",
        "Content-Type": "application/json",
        "Authorization": "Bearer your_api_key",
    }
    plain = {"Accept": "application/json", "Content-Type": "application/json"}
    assert OpenaiTemplate.get_headers(stream=False) == plain
    keyed = _on("http://h/v1")
    assert keyed.get_headers(False)["Authorization"] == "Bearer class-key"  # noqa: FBT003
    assert keyed.get_headers(False, "") == plain  # noqa: FBT003


def test_ten_calls_use_one_connection(server):
    """Streamed and whole, one after the other, from outside of any loop."""
    for number in range(10):
        assert _ask(server, stream=bool(number % 2)).text == TEXT
    assert (len(server.requests), server.connections) == (10, 1)


def test_a_chat_call_fetches_no_list_of_models(server):
    """The name is sent as it is."""
    _ask(server)
    assert [request.method for request in server.requests] == ["POST"]


def test_without_a_model_it_is_the_first_that_chats(monkeypatch, capsys):
    """One visible line says which; a default of the class is sent as it is."""
    with serve(models=["embed-1", "b-model", "a-whisper", "c-model"]) as server:
        assert _ask(server, "").text == TEXT
        assert _sent(server)["model"] == "b-model"
        assert "answers with its first, b-model" in capsys.readouterr().err
        named = _on(server, default_model="alias", model_aliases={"alias": "c-model"})
        assert next(iter(named.create_completion("", ASKED))).model == "c-model"


# ---- models ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "listing",
    [
        {"data": [{"id": "b"}, {"id": "a"}]},
        {"object": "list", "data": [{"id": "b", "name": "B"}, {"id": "a"}, {"id": "a"}]},
        {"models": [{"name": "b"}, {"name": "a"}]},
        {"models": ["b", "a"]},
        [{"id": "b"}, {"name": "a"}, {"other": 1}, None, 7, ""],
        ["b", "a"],
        {"data": None, "models": [{"id": "b"}, {"id": "a"}]},
    ],
)
def test_every_shape_of_listing(listing):
    """Names in `id` or `name`, the malformed left out; sorted, unless the class says otherwise."""
    with _web(lambda _: (200, {}, orjson.dumps(listing))) as (base, seen):
        assert _on(base).get_models() == ["a", "b"]
        assert _on(base, sort_models=False).get_models() == ["b", "a"]
        assert _on(base).get_models(refresh=True) == ["a", "b"]
        assert _on(base, sort_models=False).get_models() == ["b", "a"]
    assert seen[0][0] == "/models"
    assert seen[0][1]["Authorization"] == "Bearer class-key"


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, b"{}", "UnreadableResponseError"),
        (200, b"<html>Welcome</html>", "UnreadableResponseError"),
        (200, b'{"data": {"a": 1}}', "UnreadableResponseError"),
        (200, b"[" * 5000, "UnreadableResponseError"),
        (200, b'{"error": "no"}', "ResponseError"),
        (401, b'{"error": "no"}', "MissingAuthError"),
        (404, b"nothing here", "NotFoundError"),
    ],
)
def test_a_listing_that_is_none(status, body, kind, monkeypatch, capsys):
    """The error; or, where the class has a list in reserve, that with one visible line."""
    with _web(lambda _: (status, {}, body)) as (base, _):
        with pytest.raises(getattr(errors, kind)) as caught:
            _on(base).get_models()
        assert type(caught.value).__name__ == kind
        reserve = _on(base, fallback_models=["z", "y"])
        reserve.get_models().append("x")
        assert reserve.get_models() == ["z", "y"]
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "could not list its models" in told


def test_listings_are_kept_per_address_and_key(monkeypatch):
    """For some minutes; two keys, two lists; no class changes; a class's own list is given unfetched."""
    answers = iter([["a"], ["b"], ["c"], ["d"]])
    with _web(lambda _: (200, {}, orjson.dumps(next(answers)))) as (base, seen):
        cls = _on(base)
        assert [cls.get_models(), cls.get_models(), cls.get_models("other-key")] == [["a"], ["a"], ["b"]]
        cls.get_models().append("x")
        assert cls.get_models() == ["a"]
        assert cls.get_models(refresh=True) == ["c"]
        assert cls.models == []
        now = time.monotonic()
        monkeypatch.setattr("g4f_nb.providers.models.listing.time.monotonic", lambda: now + 301)
        assert cls.get_models() == ["d"]
        assert _on(base, models=["mine"]).get_models() == ["mine"]
    assert [headers["Authorization"] for _, headers, _ in seen] == [
        f"Bearer {key}" for key in ("class-key", "other-key", "class-key", "class-key")
    ]


def test_the_examples_of_get_models(monkeypatch):
    """1 to 3 of the description: the code unchanged, only the address set; in a running loop as well."""
    with serve(models=["gpt-4", "gpt-3.5-turbo"]) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.api_base)
        assert OpenaiTemplate.get_models(api_key="your_api_key") == ["gpt-3.5-turbo", "gpt-4"]
        monkeypatch.setattr(OpenaiTemplate, "api_key", "set_on_the_class")
        assert OpenaiTemplate.get_models() == ["gpt-3.5-turbo", "gpt-4"]

        async def in_a_cell():
            return OpenaiTemplate.get_models(api_key="third")

        assert asyncio.run(in_a_cell()) == ["gpt-3.5-turbo", "gpt-4"]
    keys = [request.headers["Authorization"] for request in server.requests]
    assert keys == ["Bearer your_api_key", "Bearer set_on_the_class", "Bearer third"]


# ---- retries ---------------------------------------------------------------------------------------


def test_a_failure_that_may_pass_is_tried_again(monkeypatch):
    """As often as `max_retries` says, at the pace the server asks for, and then it answers."""
    with _flaky(2, "retry-after-ms", "20") as (base, seen):
        assert _ask(base, max_retries=2).text == "ok"
        assert len(seen) == 3
    with _flaky(2, "retry-after-ms", "20") as (base, seen):
        with pytest.raises(errors.ServerError):
            _ask(base, max_retries=1)
        assert len(seen) == 2
    monkeypatch.setenv("G4F_NB_MAX_RETRIES", "0")
    with _flaky(2, "retry-after-ms", "20") as (base, seen):
        with pytest.raises(errors.ServerError):
            _ask(base, max_retries=None)
        assert len(seen) == 1


@contextmanager
def _flaky(times, *header, status=503):
    left = [times]

    def answer(_):
        left[0] -= 1
        if left[0] >= 0:
            return status, dict([header] if header else []), b'{"error": "busy"}'
        body = {"choices": [{"message": {"content": "ok"}, "finish_reason": "stop"}]}
        return 200, {"Content-Type": "application/json"}, orjson.dumps(body)

    with _web(answer) as found:
        yield found


@pytest.mark.parametrize(
    "model", ["error-401", "error-402", "error-404", "context", "html", "bad-json", "cut"]
)
def test_what_will_not_pass_is_not_tried_again(server, model):
    """Neither a refusal, nor an answer that is none, nor a stream whose content has begun."""
    with pytest.raises(errors.G4FError):
        _ask(server, model, max_retries=3)
    assert [request.method for request in server.requests].count("POST") == 1


@pytest.mark.clock
def test_the_server_s_advice_is_followed():
    """In seconds; a wait longer than a minute is not sat through."""
    begin = time.monotonic()
    with _flaky(1, "Retry-After", "0.3", status=429) as (base, _):
        assert _ask(base, max_retries=1).text == "ok"
    assert time.monotonic() - begin >= 0.3
    with _flaky(1, "Retry-After", "100", status=429) as (base, seen):
        with pytest.raises(errors.RateLimitError) as caught:
            _ask(base, max_retries=1)
        assert (caught.value.retry_after, len(seen)) == (100, 1)


@pytest.mark.clock
def test_the_total_time_holds_over_all_tries():
    """A wait that would end after it is not begun."""
    begin = time.monotonic()
    with _flaky(9, "Retry-After", "30") as (base, seen), pytest.raises(errors.ServerError):
        _ask(base, max_retries=5, total_timeout=0.5)
    assert time.monotonic() - begin < 5
    assert len(seen) == 1


def test_a_server_without_usage_in_streams_is_asked_again_without():
    """The field is left out, and the answer comes."""

    def answer(handler):
        if b"stream_options" in handler.body:
            return 400, {}, b'{"error": "Unknown field: stream_options"}'
        return 200, {"Content-Type": "application/json"}, b'{"choices":[{"message":{"content":"ok"}}]}'

    with _web(answer) as (base, seen):
        assert _ask(base).text == "ok"
    assert len(seen) == 2


# ---- time limits -----------------------------------------------------------------------------------


@pytest.mark.clock
@pytest.mark.parametrize("model", ["silent", "stall-after-headers", "stall"])
def test_silence_has_a_limit_at_each_place(server, model):
    """Before the headers, after them, in mid-stream; the server is let go."""
    begin = time.monotonic()
    with pytest.raises(RequestTimeoutError, match=r"was silent for 0.2 s .*timeout=") as caught:
        _ask(server, model, timeout=0.2)
    assert 0.15 < time.monotonic() - begin < 2
    assert isinstance(caught.value, TimeoutError)
    assert server.wait_for(lambda s: s.aborted == 1)


@pytest.mark.clock
def test_connecting_has_a_limit():
    """A host that takes no connection does not hold the caller up."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        clogs = []
        try:
            # The queue is full once connections are no longer answered.
            for _ in range(4):
                clog = socket.socket()
                clog.setblocking(False)  # noqa: FBT003
                clog.connect_ex(listener.getsockname())
                clogs.append(clog)
            begin = time.monotonic()
            with pytest.raises(RequestTimeoutError):
                _ask(f"http://127.0.0.1:{listener.getsockname()[1]}/v1", timeout=0.2)
            assert time.monotonic() - begin < 2
        finally:
            [clog.close() for clog in clogs]


@pytest.mark.clock
def test_a_slow_healthy_stream_lives(server):
    """`timeout` limits silence, not the whole; `total_timeout` limits the whole."""
    begin = time.monotonic()
    assert _ask(server, "drip-60", timeout=0.25).text == TEXT
    assert time.monotonic() - begin > 0.3
    with pytest.raises(
        RequestTimeoutError, match=r"the whole call .* was allowed 0.15 s .*total_timeout="
    ) as caught:
        _ask(server, "drip-60", timeout=5, total_timeout=0.15)
    assert caught.value.partial
    assert _ask(server, "slow-100", timeout=None).text == "ok"


# ---- connections -----------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["close", "break", "raise"])
def test_leaving_early_closes_the_connection(server, how):
    """The server stops working for nobody."""
    chunks = _on(server).create_completion("stall", ASKED)
    if how == "raise":
        with pytest.raises(ZeroDivisionError):
            [1 / 0 for chunk in chunks if isinstance(chunk, str)]
    else:
        for chunk in chunks:
            if isinstance(chunk, str):
                break
    chunks.close()
    assert server.wait_for(lambda s: s.aborted == 1)


def test_cancelling_closes_the_connection(server):
    """In the asynchronous form."""

    async def go():
        task = asyncio.create_task(_on(server).create_async("stall", ASKED))
        assert await server.until(lambda s: len(s.requests) == 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(go())
    assert server.wait_for(lambda s: s.aborted == 1)


def test_nothing_is_left_open_after_asyncio_run(server):
    """No `Unclosed` warning, no word on stderr, in a process where every warning is an error."""
    code = (
        "import asyncio, sys, gc\n"
        "from g4f_nb.providers import OpenaiTemplate\n"
        "class Mine(OpenaiTemplate): api_base = sys.argv[1]\n"
        "async def go():\n"
        "    chunks = Mine.create_async_generator('long', [{'role': 'user', 'content': 'x'}], stream=True)\n"
        "    async for chunk in chunks:\n"
        "        if str(chunk): break\n"
        "    return await Mine.create_async('echo', [{'role': 'user', 'content': 'hi'}])\n"
        "print(asyncio.run(go()), asyncio.run(go()))\n"
        "print(*Mine.create_completion('echo', [{'role': 'user', 'content': 'x'}]))\n"
        "gc.collect()\n"
    )
    command = [sys.executable, "-W", "error", "-c", code, server.api_base]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    assert done.stdout.split()[:2] == ["hi", "hi"]


def test_a_connector_is_used_and_stays_open(server):
    """It is the caller's; on another loop it is refused."""

    async def go():
        used = []
        connector = aiohttp.TCPConnector()
        connect = connector.connect

        def counted(*args, **more):
            used.append(1)
            return connect(*args, **more)

        connector.connect = counted
        for _ in range(2):
            assert await _on(server).create_async("echo", ASKED, connector=connector) == TEXT
        assert (len(used), connector.closed) == (2, False)
        with pytest.raises(errors.LoopError, match="leave connector= out"):
            await asyncio.to_thread(_ask, server, connector=connector)
        await connector.close()

    asyncio.run(go())
    assert server.connections == 1


# ---- redirects, proxies, TLS -----------------------------------------------------------------------


def test_a_redirect_to_the_same_origin_keeps_the_key(server):
    """And the prompt."""
    assert _ask(server, "redirect").text == TEXT
    assert [request.headers["Authorization"] for request in server.requests] == ["Bearer class-key"] * 2


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_another_origin_gets_neither_key_nor_prompt(server, status):
    """A prompt stops there, with a clear error; a listing goes on without the key."""
    away = {"Location": f"{server.api_base}/chat/completions"}
    complaint = r"redirects to another address.*give it as api_base="
    with (
        _web(lambda _: (status, away, b"")) as (base, _),
        pytest.raises(ConnectionFailedError, match=complaint),
    ):
        _ask(base)
    assert server.requests == []
    away = {"Location": f"{server.api_base}/models"}
    with _web(lambda _: (status, away, b"")) as (base, _):
        assert "echo" in _on(base).get_models()
    assert "Authorization" not in server.requests[0].headers


def test_a_redirect_in_a_circle_is_told():
    """Not followed for ever."""
    with (
        _web(lambda handler: (307, {"Location": handler.path}, b"")) as (base, seen),
        pytest.raises(ConnectionFailedError, match="redirects in a circle"),
    ):
        _ask(base)
    assert len(seen) < 10


def test_nobody_there_is_told():
    """The address, and what to do; it is a ConnectionError, too."""
    with pytest.raises(
        ConnectionError, match=r"nothing answers at 127.0.0.1:1 \(.*refused.*start the server"
    ):
        _ask("http://127.0.0.1:1/v1")


def test_certificates(monkeypatch, capsys):
    """One that nobody vouches for is refused; a context or `False` is the caller's word."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    with serve(ssl_context=context) as server:
        with pytest.raises(errors.CertificateError, match=r"cannot prove who it is.*cafile=") as caught:
            _ask(server, max_retries=3)
        assert isinstance(caught.value, ConnectionFailedError)
        assert server.requests == []
        assert _ask(server, ssl=trusting).text == TEXT
        assert list(_on(server, ssl=trusting).create_completion("echo", ASKED))[-1].input_tokens == 7
        assert "echo" in _on(server, ssl=trusting).get_models()
        assert capsys.readouterr().err == ""
        notices.forget()
        assert _ask(server, ssl=False).text == TEXT
        assert "ssl=False, so nobody checks" in capsys.readouterr().err


def test_an_error_of_an_answer_is_a_response_error(shared):
    """Old `except` clauses hold; a refused key is not one, as in the original."""
    with pytest.raises(ResponseError):
        _ask(shared, "error-500")
    with pytest.raises(errors.MissingAuthError) as caught:
        _ask(shared, "error-401")
    assert not isinstance(caught.value, ResponseError)


# ---- what a call takes -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("timeout", "5"),
        ("timeout", 0),
        ("timeout", float("nan")),
        ("timeout", True),
        ("total_timeout", "1"),
        ("total_timeout", -1),
        ("max_retries", "2"),
        ("max_retries", 1.5),
        ("max_retries", -1),
        ("headers", ["a"]),
        ("headers", "planted"),
        ("extra_data", "planted"),
        ("extra_parameters", 5),
        ("proxy", 5),
        ("proxy", b"planted"),
        ("ssl", "planted"),
        ("connector", "planted"),
        ("api_key", b"planted"),
        ("api_base", 5),
        ("api_base", b"planted"),
        ("api_endpoint", ["planted"]),
        ("stop", 5),
        ("stop", [5]),
        ("tools", {"planted": 1}),
        ("impersonate", 5),
        ("response_format", "json"),
    ],
)
def test_what_is_of_the_wrong_type_is_named(shared, name, value):
    """Before anything is sent, and without a value that may be a key."""
    before = len(shared.requests)
    with pytest.raises(errors.InvalidParameterError, match=f"{name}= is ") as caught:
        _ask(shared, **{name: value})
    assert "planted" not in str(caught.value)
    assert len(shared.requests) == before
    if name in ("timeout", "proxy", "ssl", "connector", "api_key", "api_base"):
        with pytest.raises(errors.InvalidParameterError, match=f"{name}= is "):
            _on(shared).get_models(**{name: value})


def test_numbers_of_other_libraries_are_numbers(shared):
    """Whatever says that it is one."""
    numpy = pytest.importorskip("numpy")
    assert _ask(shared, timeout=numpy.float32(5), max_retries=numpy.int64(0)).text == TEXT
    assert _ask(shared, stop=("§",), extra_parameters=("top_k",), top_k=1).text == TEXT


def test_a_query_of_the_address_is_sent_and_not_shown(server, capsys):
    """Some gateways take their key there."""
    base = f"{server.api_base}?k=planted"
    reply = _ask(base)
    assert reply.text == TEXT
    assert reply.url == server.api_base
    with pytest.raises(ConnectionError) as caught:
        _ask("http://127.0.0.1:1/v1?k=planted")
    assert "planted" not in f"{caught.value!r} {caught.value.__cause__!r}" + capsys.readouterr().err
