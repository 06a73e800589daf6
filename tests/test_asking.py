"""One question to one reply: options checked before sending, in one place; errors that keep text."""

from __future__ import annotations

import asyncio
import sys
import threading
import traceback
import types

import pytest

import g4f_nb as nb
from g4f_nb import asking, questions
from g4f_nb.chunks import FinishReason, Reasoning, Usage
from g4f_nb.errors import (
    InvalidParameterError,
    MissingAuthError,
    ProviderNotWorkingError,
    RequestTimeoutError,
    StreamInterruptedError,
    UnknownParameterError,
)
from g4f_nb.providers import AbstractProvider, AsyncGeneratorProvider, AsyncProvider, OpenaiTemplate
from g4f_nb.testing import serve


@pytest.fixture(scope="module")
def server():
    with serve() as server:
        yield server


def test_a_reply_is_the_sum_of_its_stream(server):
    """Text, reasoning, usage, finish, who answered and how long it took are in one value."""
    reply = nb.ask("hello", "OpenaiTemplate:reason", api_base=server.api_base)
    assert str(reply) == "hello"
    assert reply.reasoning
    assert reply.finish_reason == "stop"
    assert reply.usage.output_tokens > 0
    assert (reply.provider, reply.model, reply.url) == ("OpenaiTemplate", "reason", server.api_base)
    assert 0 < reply.ttft <= reply.seconds
    assert not reply.partial
    assert reply.messages == [
        {"role": "user", "content": "hello"},
        {"role": "assistant", "content": "hello"},
    ]


def test_tool_calls_are_passed_through(server):
    """Tools go to the server as they are, and its calls come back complete."""
    function = {"name": "add", "parameters": {"type": "object", "properties": {"a": {"type": "integer"}}}}
    tools = [{"type": "function", "function": function}]
    reply = nb.ask("add 7", "OpenaiTemplate:tools", api_base=server.api_base, tools=tools)
    assert [call.name for call in reply.tool_calls] == ["add"]
    assert reply.finish_reason == "tool_calls"
    assert server.requests[-1].body["tools"] == tools


def test_every_kind_of_provider_can_be_asked():
    """A class of the user's, synchronous, asynchronous or streaming, is a model like any other."""

    class Sync(AbstractProvider):
        @classmethod
        def create_completion(cls, model, messages, stream, **kwargs):
            yield from ("a", "b")

    class Once(AsyncProvider):
        @staticmethod
        async def create_async(model, messages, **kwargs):
            return "ab"

    class Stream(AsyncGeneratorProvider):
        @staticmethod
        async def create_async_generator(model, messages, stream=True, **kwargs):
            for word in ("a", "b"):
                yield word

    assert [str(nb.ask("x", kind)) for kind in (Sync, Once, Stream)] == ["ab"] * 3


def test_the_forms_agree(server):
    """`ask` in a script, `ask` inside a running loop and `ask_async` give the same."""

    async def main():
        one = nb.ask("hi", "OpenaiTemplate:upper", api_base=server.api_base)
        two = await nb.ask_async("hi", "OpenaiTemplate:upper", api_base=server.api_base)
        return str(one), str(two)

    assert asyncio.run(main()) == ("HI", "HI")
    assert str(nb.ask("hi", provider="OpenaiTemplate", model="upper", api_base=server.api_base)) == "HI"


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"temprature": 1}, UnknownParameterError, "did you mean 'temperature'"),
        ({"stream": True}, UnknownParameterError, "create_completion"),
        ({"api_base": "localhost:8000"}, InvalidParameterError, "must begin with http"),
    ],
)
def test_a_mistake_is_an_error_before_sending(server, options, error, words):
    """A mistyped keyword, a `stream=` and a wrong address raise in words, and nothing is sent."""
    asked = len(server.requests)
    given = {"api_base": server.api_base, **options}
    with pytest.raises(error, match=words):
        nb.ask("hi", "OpenaiTemplate:upper", **given)
    with pytest.raises(error, match=words):
        nb.compare("hi", nb.Model("OpenaiTemplate:upper", **given), progress=False)
    assert len(server.requests) == asked


@pytest.mark.parametrize(
    ("slip", "meant"),
    [("cach", "cache"), ("shema", "schema"), ("fall_back", "fallback"), ("aprove", "approve")],
)
def test_a_slip_of_a_keyword_of_ask_s_own_is_told(slip, meant):
    """Its providers do not know it: theirs are no help."""
    talk = nb.Conversation()
    for call in (nb.ask, nb.stream, talk.ask):
        with pytest.raises(UnknownParameterError, match=rf"\b{slip}\b.*: did you mean '?{meant}\b"):
            call("hi", "Demo:demo-fast", **{slip: True})


def test_an_endpoint_is_an_address_like_a_base(server):
    """`api_endpoint=` reaches the server without a base, and `resolve` says so."""
    endpoint = f"{server.api_base}/chat/completions"
    assert str(nb.ask("hi", "OpenaiTemplate:upper", api_endpoint=endpoint)) == "HI"
    assert nb.resolve("OpenaiTemplate:upper", api_endpoint=endpoint).host == server.api_base


def test_the_calls_own_options_win_and_its_address_comes_without_the_models_key(server):
    """A call's options stand over the Model's; the Model's key does not follow to another address."""
    model = nb.Model("OpenaiTemplate:upper", api_base="http://127.0.0.1:9/v1", api_key="planted", top_p=0.5)
    reply = nb.ask("hi", model, api_base=server.api_base, temperature=0.1)
    assert str(reply) == "HI"
    seen = server.requests[-1]
    assert "Authorization" not in seen.headers
    assert (seen.body["top_p"], seen.body["temperature"]) == (0.5, 0.1)
    assert nb.resolve(model, api_base=server.api_base).host == server.api_base
    assert nb.resolve(model).host == "http://127.0.0.1:9/v1"


def test_a_key_is_looked_for_once_and_on_the_users_thread(monkeypatch, server):
    """Twenty calls of a comparison ask the keyring once."""
    asked = []
    ring = types.ModuleType("keyring")
    ring.errors = types.ModuleType("keyring.errors")
    ring.errors.KeyringError = type("KeyringError", (Exception,), {})
    ring.get_password = lambda service, name: asked.append(name) or "planted"
    monkeypatch.setitem(sys.modules, "keyring", ring)
    monkeypatch.setitem(sys.modules, "keyring.errors", ring.errors)
    monkeypatch.setenv("OPENAI_BASE_URL", server.api_base)
    frame = nb.compare(["x"] * 20, "OpenaiTemplate:upper", progress=False)
    assert set(frame["answer"]) == {"X"}
    assert asked == ["OPENAI_API_KEY"]
    assert server.requests[-1].headers["Authorization"] == "Bearer planted"


def test_the_setting_limits_silence_and_none_is_no_limit(monkeypatch, server):
    """G4F_NB_TIMEOUT holds for `ask`; a call's own value wins, `None` among them."""
    monkeypatch.setenv("G4F_NB_TIMEOUT", "0.2")
    with pytest.raises(RequestTimeoutError, match=r"0\.2 s"):
        nb.ask("hi", "OpenaiTemplate:silent", api_base=server.api_base)
    for limit in (5, None):
        reply = nb.ask("hi", "OpenaiTemplate:slow-500", api_base=server.api_base, timeout=limit)
        assert str(reply) == "ok"


def test_what_had_arrived_is_in_the_error(server):
    """A stream that breaks off raises, and the error holds the text so far."""
    with pytest.raises(StreamInterruptedError) as caught:
        nb.ask("hi", "OpenaiTemplate:cut", api_base=server.api_base)
    assert caught.value.partial.startswith("This answer breaks off")
    question = questions.prepare("hi", "OpenaiTemplate:cut", api_base=server.api_base)
    reply = question.new_reply()
    with pytest.raises(StreamInterruptedError):
        list(asking.watch(question, reply))
    assert reply.partial
    assert reply.text.startswith("This answer breaks off")


def test_no_key_is_in_the_repr_of_a_question():
    """Question, Resolution and Model show where a key comes from, never the key."""
    model = nb.Model("openai:x", api_key="planted-key-1", headers={"x-api-key": "planted-key-2"})
    question = questions.prepare("hi", model)
    for value in (question, question.where, model):
        assert "planted-key" not in repr(value)


def test_openai_template_alone_says_which_key_it_wants():
    """`ask(…, "OpenaiTemplate")` without a key names the variable and the way without one."""
    with pytest.raises(MissingAuthError, match=r"OPENAI_API_KEY.*Demo"):
        nb.ask("hi", "OpenaiTemplate")
    assert OpenaiTemplate.api_key is None


@pytest.mark.parametrize("model", [["OpenAI:gpt-4o"], b"Demo", 5, {"model": "x"}])
def test_a_wrong_kind_of_model_goes_nowhere_else(monkeypatch, model):
    """What is no model is an error, not a reason to ask whoever is chosen otherwise."""
    monkeypatch.setenv("G4F_NB_PROVIDER", "Demo")
    with pytest.raises(InvalidParameterError, match="the model is a"):
        nb.ask("private", model)
    with pytest.raises(InvalidParameterError, match="the model is a"):
        nb.Model(model)


def test_nothing_of_a_synchronous_provider_is_lost():
    """Reasoning, tool calls, usage and the reason to finish of a plain generator are in the reply."""

    class Plain(AbstractProvider):
        @classmethod
        def create_completion(cls, model, messages, stream, **kwargs):
            yield Reasoning("hm")
            yield "hi"
            yield Usage(1, 2, 3)
            yield FinishReason("length")

    reply = nb.ask("x", Plain)
    assert (str(reply), reply.reasoning, reply.usage, reply.finish_reason) == (
        "hi",
        "hm",
        Usage(1, 2, 3),
        "length",
    )


def test_a_synchronous_provider_stops_at_its_next_chunk():
    """Leaving its stream early runs its `finally`; an exception of any kind arrives."""
    ended = threading.Event()

    class Endless(AbstractProvider):
        @classmethod
        def create_completion(cls, model, messages, stream, **kwargs):
            try:
                while True:
                    yield "x"
            finally:
                ended.set()

    class Wrong(AbstractProvider):
        @classmethod
        def create_completion(cls, model, messages, stream, **kwargs):
            yield "x"
            next(iter(()))

    question = questions.prepare("x", Endless)
    reply = question.new_reply()
    for _ in asking.watch(question, reply):
        if len(reply) > 10:
            break
    assert ended.wait(5)
    with pytest.raises(RuntimeError):
        nb.ask("x", Wrong)


@pytest.mark.parametrize("form", ["ask", "ask_async", "compare", "Model", "ChatPanel"])
def test_no_option_is_shown_by_a_traceback_with_locals(server, form):
    """Keys, headers and proxies given to a call are in no local variable of ours that is shown."""
    given = {
        "api_key": "PLANTED-1",
        "headers": {"x-key": "PLANTED-2"},
        "proxy": "http://u:PLANTED-3@127.0.0.1:9",
    }
    try:
        if form == "ask_async":
            asyncio.run(nb.ask_async("hi", "OpenaiTemplate:upper", api_base=server.api_base, **given))
        elif form == "Model":
            nb.Model(5, **given)
        elif form == "compare":
            nb.compare("", "OpenaiTemplate:upper", api_base=server.api_base, **given)
        elif form == "ChatPanel":
            nb.ChatPanel("OpenaiTemplate:upper", height=5, api_base=server.api_base, **given)
        else:
            nb.ask("hi", "OpenaiTemplate:upper", api_base=server.api_base, max_retries=0, **given)
    except Exception as error:  # noqa: BLE001  # each form fails in its own way
        shown = traceback.TracebackException.from_exception(error, capture_locals=True)
        for each in _chain(shown):
            for frame in each.stack:
                if "g4f_nb" in frame.filename and "tests" not in frame.filename:
                    assert "PLANTED" not in str(frame.locals), (frame.name, frame.locals)
            assert "PLANTED" not in "".join(each.format_exception_only())
    else:
        pytest.fail("nothing was raised")


def _chain(error):
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def test_a_class_of_no_stream_is_told_how_to_make_one():
    """A coroutine that returns and a plain generator, by the class's name; nothing is left unawaited."""

    class Returns(AsyncGeneratorProvider):
        @classmethod
        async def create_async_generator(cls, model, messages, **kwargs):
            return "hello"

    class Plain(AsyncGeneratorProvider):
        @classmethod
        def create_async_generator(cls, model, messages, **kwargs):
            yield "hello"

    for provider, kind in ((Returns, "coroutine"), (Plain, "generator")):
        words = rf"{provider.__name__}\.create_async_generator gave a {kind}, .*`async def` that uses `yield`"
        with pytest.raises(ProviderNotWorkingError, match=words):
            nb.ask("hello", provider)


@pytest.mark.parametrize("prompt", ["a\ud800b", [{"role": "user", "content": "a\ud800b"}]])
def test_half_a_surrogate_pair_is_sent_as_what_it_is(server, prompt):
    """What is no character cannot be sent: U+FFFD stands for it, whoever is asked; two halves are one."""
    reply = nb.ask(
        prompt, "OpenaiTemplate:echo", api_base=server.api_base, system="\ud83d\ude00", user="\udfff"
    )
    assert reply.text == "a\ufffdb"
    body = server.requests[-1].body
    assert [each["content"] for each in body["messages"]] == ["\U0001f600", "a\ufffdb"]
    assert body["user"] == "\ufffd"
    assert nb.ask(prompt, "Demo:demo-fast").messages[0]["content"] == "a\ufffdb"
    said = OpenaiTemplate.create_completion(
        "echo", [{"role": "user", "content": "x\udfff"}], api_base=server.api_base
    )
    assert "".join(each for each in said if isinstance(each, str)) == "x\ufffd"
