"""`FallbackProvider`: in the given order, only before content, and everybody sees who answered and why."""

from __future__ import annotations

import asyncio
import copy
import pickle

import pytest
from frames import everything_shown
from players import CALLS, HELLO, asked, says, streamed, sync, text

import g4f_nb as nb
from g4f_nb import errors
from g4f_nb.chunks import (
    AudioResponse,
    FinishReason,
    ImageResponse,
    ProviderFailed,
    ProviderInfo,
    Reasoning,
    Refusal,
    RequestLogin,
    Source,
    Sources,
    ToolCall,
    ToolCalls,
    Usage,
)
from g4f_nb.errors import (
    InvalidParameterError,
    MissingAuthError,
    NoProviderAnsweredError,
    ProviderNotFoundError,
    ProviderNotWorkingError,
    RateLimitError,
    ServerError,
    StreamInterruptedError,
    UnknownParameterError,
)
from g4f_nb.providers import AbstractProvider, AsyncProvider, FallbackProvider, IterListProvider
from g4f_nb.showing.bundles import mimebundle
from g4f_nb.testing import serve

CALL = ToolCalls((ToolCall("1", "add", "{}"),))


# ---- order -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", CALLS)
def test_the_first_that_answers(server, at, call):
    """In the given order, each once, and nobody after the one that answers; however it is called."""
    combined = FallbackProvider([at("error-503"), at("html"), at("upper"), at("echo")])
    assert text(call(combined)) == "HELLO"
    assert [seen.body["model"] for seen in server.requests] == ["error-503", "html", "upper"]


def test_the_order_is_the_same_each_time(server, at):
    """Nothing is shuffled unless that is asked for; then all are, and each call anew."""
    combined = FallbackProvider([at(f"error-50{n}") for n in range(5)], failures=1000)
    for _ in range(3):
        with pytest.raises(NoProviderAnsweredError):
            sync(combined, max_retries=0)
    seen = [request.body["model"][-1] for request in server.requests]
    assert seen == list("01234") * 3
    shuffled = IterListProvider([at(f"error-50{n}") for n in range(5)], True)  # noqa: FBT003
    for _ in range(8):
        with pytest.raises(NoProviderAnsweredError):
            sync(shuffled, max_retries=0)
    orders = {tuple(r.body["model"] for r in server.requests[at : at + 5]) for at in range(15, 55, 5)}
    assert len(orders) > 1
    assert all(sorted(order) == [f"error-50{n}" for n in range(5)] for order in orders)


def test_every_kind_of_provider_can_be_a_member():
    """A synchronous one, one with a single result, a combined one."""

    class Sync(AbstractProvider):
        @classmethod
        def create_completion(cls, model, messages, stream, **kwargs):
            yield from ("a", "b")

    class Single(AsyncProvider):
        @staticmethod
        async def create_async(model, messages, **kwargs):
            return "c"

    fails = says(ServerError("no"))
    assert text(sync(FallbackProvider([fails, Sync]))) == "ab"
    assert text(sync(FallbackProvider([fails, Single]))) == "c"
    inner = FallbackProvider([fails, says("d")], name="Inner")
    chunks = sync(FallbackProvider([says(ServerError("first"), name="Outer"), inner]))
    assert text(chunks) == "d"
    assert [one.name for one in chunks if isinstance(one, ProviderFailed)] == ["Outer", "Says"]


def test_a_declared_combination(server, at):
    """As a class, with its members in it; and an instance there is none."""

    class Careful(FallbackProvider):
        members = (at("error-500"), at("upper"))
        patience = 5

    assert text(sync(Careful)) == "HELLO"
    assert isinstance(FallbackProvider([at("upper")]), type)
    assert issubclass(FallbackProvider([at("upper")]), FallbackProvider)
    assert IterListProvider is FallbackProvider


# ---- only before the first content -----------------------------------------------------------------

CONTENT = [
    "half",
    " ",
    Reasoning("hm"),
    CALL,
    ImageResponse(("u",)),
    AudioResponse(b"x"),
    Sources((Source("u"),)),
    Refusal("no"),
]


@pytest.mark.parametrize("content", CONTENT, ids=lambda chunk: type(chunk).__name__)
def test_what_has_begun_is_the_answer(content):
    """After content nobody else is asked: what was shown would be said twice."""
    other = says("other")
    combined = FallbackProvider([says(ProviderInfo("A"), content, ServerError("late")), other])
    with pytest.raises(ServerError, match="late"):
        sync(combined)
    assert other.calls == []


@pytest.mark.parametrize(
    "before", [(), (ProviderInfo("A"),), (Usage(1, 2, 3), FinishReason("stop")), ("", None)], ids=str
)
@pytest.mark.parametrize("end", [ServerError("no"), None, ValueError("a bug of its own")], ids=repr)
def test_what_is_no_content_is_held_back(before, end):
    """Who fails, or says nothing, leaves no trace in the stream but the reason."""
    combined = FallbackProvider([says(*before, *([end] if end else []), name="First"), says("b")])
    chunks = sync(combined)
    assert [type(one) for one in chunks] == [ProviderFailed, ProviderInfo, str]
    assert chunks[0].name == "First"
    assert chunks[1] == ProviderInfo("Says", None, None)


def test_tool_calls_are_an_answer(server, at):
    """Though there is no text, the next one is not asked."""
    function = {"name": "add", "parameters": {"type": "object", "properties": {}}}
    tools = [{"type": "function", "function": function}]
    reply = nb.ask("add", FallbackProvider([at("error-500"), at("tools"), at("echo")]), tools=tools)
    assert [call.name for call in reply.tool_calls] == ["add"]
    assert len(server.requests) == 2
    assert all(request.body["tools"] == tools for request in server.requests)


def test_functions_are_called_by_whoever_answers(server, at):
    """The rounds of a dialogue with tools go the same way as the first."""

    def add(a: int) -> int:
        """Add one."""
        return a + 1

    reply = nb.ask("add 7", FallbackProvider([at("error-500"), at("tools")]), tools=[add])
    assert reply.tool_results[0].name == "add"
    assert reply.text
    assert [request.body["model"] for request in server.requests] == ["error-500", "tools"] * 2


def test_a_stream_that_breaks_in_the_middle(server, at):
    """Its text is kept, and the error is its own."""
    with pytest.raises(StreamInterruptedError) as caught:
        asked(FallbackProvider([at("error-500"), at("cut"), at("echo")]))
    assert caught.value.partial == "This answer breaks off "
    assert len(server.requests) == 2


# ---- who answered, and why the others did not ------------------------------------------------------


def test_everybody_sees_who_answered_and_why_the_others_did_not(at, capsys):
    """In the reply, in one line for each, and in what a cell or a panel shows."""
    combined = FallbackProvider([at("error-429"), "groq:some-model", at("upper")])
    reply = nb.ask("hello", combined)
    assert (reply.provider, reply.model, reply.text) == ("OpenaiTemplate", "upper", "HELLO")
    assert [(one.label, one.error) for one in reply.failed] == [
        ("OpenaiTemplate:error-429", "RateLimitError"),
        ("Groq:some-model", "MissingAuthError"),
    ]
    assert "Rate limit reached" in reply.failed[0].reason
    assert "GROQ_API_KEY" in reply.failed[1].reason
    shown = mimebundle(reply)["text/markdown"]
    assert "instead of OpenaiTemplate" in shown
    assert "Rate limit reached" in shown
    said = capsys.readouterr().err
    assert said.count("OpenaiTemplate:error-429 did not answer (RateLimitError), so another one does") == 1
    assert said.count("Groq:some-model did not answer (MissingAuthError), so another one does") == 1
    nb.ask("hello", combined)
    assert capsys.readouterr().err == ""


def test_a_stream_tells_it_before_the_answer(at):
    """Silent in text, so that joining it is still the answer."""
    chunks = streamed(FallbackProvider([at("error-500"), at("upper")]))
    assert isinstance(chunks[0], ProviderFailed)
    assert isinstance(chunks[1], ProviderInfo)
    assert text(chunks) == "HELLO"


def test_a_first_one_that_answers_needs_no_words(at, capsys):
    """The stream is as if it had been asked alone."""
    alone = sync(FallbackProvider([at("upper")]))
    assert alone == sync(FallbackProvider([at("upper"), at("echo")]))
    assert not [one for one in alone if isinstance(one, ProviderFailed)]
    assert capsys.readouterr().err == ""


# ---- nobody answers --------------------------------------------------------------------------------


def test_when_nobody_answers_each_reason_is_told(server, at):
    """In order, with the way out; as values, too; the error travels and shows no key."""
    combined = FallbackProvider(
        [at("error-429"), at("leak", api_key="planted-key-4711"), "groq", at("empty")], name="Careful"
    )
    with pytest.raises(NoProviderAnsweredError) as caught:
        asked(combined, max_retries=0)
    error = caught.value
    lines = str(error).splitlines()
    assert lines[0] == "none of 4 models answered:"
    assert [line.split(": ")[0].strip() for line in lines[1:5]] == [
        "OpenaiTemplate:error-429",
        "OpenaiTemplate:leak",
        "Groq",
        "OpenaiTemplate:empty",
    ]
    assert lines[5] == "mend one of these reasons, or add another model to the list [Careful]"
    kinds = ["RateLimitError", "MissingAuthError", "MissingAuthError", "ResponseError"]
    assert [one.error for one in error.failures] == kinds
    assert error.provider == "Careful"
    assert error.status is None
    assert error.retry_after == 0.25
    assert "planted" not in everything_shown(error)
    for other in (pickle.loads(pickle.dumps(error)), copy.copy(error)):  # noqa: S301
        assert other.failures == error.failures
        assert str(other) == str(error)
    assert issubclass(NoProviderAnsweredError, errors.G4FError)


def test_one_status_for_all(at):
    """Where all failed alike, the error says so, for whoever looks at `.status`."""
    with pytest.raises(NoProviderAnsweredError) as caught:
        sync(FallbackProvider([at("error-503"), at("error-503")]), max_retries=0)
    assert caught.value.status == 503


def test_the_call_s_own_mistake_is_told_as_itself(server, at):
    """Wrong messages, a wrong value: nobody could answer that, and nothing is sent."""
    combined = FallbackProvider([at("upper"), at("echo")])
    with pytest.raises(InvalidParameterError, match="role"):
        list(combined.create_completion("", [{"content": "x"}]))
    with pytest.raises(InvalidParameterError, match="stop= is a text"):
        sync(combined, stop=5)
    assert server.requests == []


# ---- members and options ---------------------------------------------------------------------------


def test_a_mistyped_member_is_an_error_at_once():
    """With the nearest name; so are an empty list, a text, and a prompt in the wrong place."""
    with pytest.raises(ProviderNotFoundError, match="did you mean 'Groq'"):
        FallbackProvider(["Demo", "grok:x"])
    with pytest.raises(ProviderNotFoundError, match="llama3"):
        FallbackProvider(["llama3:8b"])
    with pytest.raises(InvalidParameterError, match="has no members"):
        FallbackProvider([])
    for one in ("Demo", nb.Model("Demo"), 5, None):
        with pytest.raises(InvalidParameterError, match=r"takes a list of models, like .*\[.groq"):
            FallbackProvider(one)
    with pytest.raises(InvalidParameterError, match="the model is an int"):
        FallbackProvider([5])
    with pytest.raises(ProviderNotWorkingError, match="combines nothing"):
        asked(FallbackProvider)
    for wrong in ({"patience": 0}, {"cool_down": -1}, {"failures": "x"}, {"patience": True}):
        with pytest.raises(InvalidParameterError, match="it must be a number above 0"):
            FallbackProvider(["Demo"], **wrong)


def test_options_of_members_and_of_the_call(server, at):
    """A member's own, the call's for all; the call's win."""
    combined = FallbackProvider([at("error-500", temperature=0.1, top_p=0.5), at("upper", seed=7)])
    asked(combined, temperature=0.9)
    first, second = (request.body for request in server.requests)
    assert (first["temperature"], first["top_p"], "seed" in first) == (0.9, 0.5, False)
    assert (second["temperature"], second["seed"], "top_p" in second) == (0.9, 7, False)


def test_the_call_s_model_is_for_those_who_name_none(server):
    """A bare provider takes it; a member with a model of its own keeps that."""
    plain = says(ServerError("no"))
    named = FallbackProvider([plain, "Demo:demo-fast"])
    list(named.create_completion("chosen", HELLO))
    assert plain.calls[0]["model"] == "chosen"
    assert nb.ask("hi", named, provider=None).model == "demo-fast"


@pytest.mark.parametrize("name", ["api_key", "api_base", "headers", "connector", "account", "password"])
def test_what_belongs_to_one_server_is_not_given_to_several(server, at, name):
    """The error says where it belongs; nothing is sent."""
    combined = FallbackProvider([at("upper"), "Demo"])
    for call in CALLS:
        with pytest.raises(InvalidParameterError, match=f"{name}= belongs to one server.*nb.Model"):
            call(combined, **{name: "planted"})
    assert server.requests == []


def test_keys_never_cross(monkeypatch):
    """Each server sees its own key, from its model or from its variable, and no other."""
    with serve() as one, serve() as two, serve() as three:
        monkeypatch.setenv("GROQ_API_KEY", "planted-groq")
        monkeypatch.setenv("GROQ_BASE_URL", two.api_base)
        monkeypatch.setenv("OPENAI_API_KEY", "planted-openai")
        mine = nb.Model("OpenaiTemplate:error-500", api_base=one.api_base, api_key="planted-mine")
        bare = nb.Model("OpenaiTemplate:upper", api_base=three.api_base)
        combined = FallbackProvider([mine, "groq:error-500", bare])
        for call in CALLS:
            assert text(call(combined)) == "HELLO"
            nb.FallbackProvider.forget_failures()
        seen = [server.requests for server in (one, two, three)]
        keys = [{request.headers.get("Authorization") for request in requests} for requests in seen]
        assert keys == [{"Bearer planted-mine"}, {"Bearer planted-groq"}, {None}]


def test_a_parameter_that_nobody_takes_is_refused(server, at):
    """By name; one that a member does not take leaves that member out."""
    combined = FallbackProvider([at("upper"), "Demo"])
    with pytest.raises(UnknownParameterError, match="'temprature': did you mean 'temperature'"):
        asked(combined, temprature=1)

    class Narrow(AsyncProvider):
        @staticmethod
        async def create_async(model, messages):
            return "narrow"

    mixed = FallbackProvider([Narrow, at("upper")])
    assert asked(mixed) == ["narrow"]
    reply = nb.ask("hello", mixed, temperature=0)
    assert reply.text == "HELLO"
    assert "takes no parameter 'temperature'" in reply.failed[0].reason


def test_its_parameters_are_those_of_all_members(at):
    """Without those that belong to one server."""
    combined = FallbackProvider([at("upper"), "Demo"])
    names = combined.get_parameters()
    assert list(names)[:3] == ["model", "messages", "stream"]
    assert {"temperature", "tools", "seed", "max_retries"} <= set(names)
    assert not {"api_key", "api_base"} & set(names)
    assert "temperature: float | None = None" in combined.params
    assert combined.get_parameters(as_json=True)["provider"] == combined.__name__
    assert (combined.supports_system_message, combined.supports_stream) == (True, True)


def test_the_last_one_is_tried_again_and_the_others_are_not(server, at, monkeypatch):
    """While there is somebody else to ask, a fault is no reason to wait; a model's own number is its own."""
    monkeypatch.setattr("g4f_nb.providers.combined.outcomes._PAUSE", 0.02)
    assert asked(FallbackProvider([at("flaky-1"), at("flaky-1")])) == ["hello"]
    assert [request.body["model"] for request in server.requests] == ["flaky-1"] * 2
    assert asked(FallbackProvider([at("error-500"), at("flaky-2")])) == ["hello"]
    assert [request.body["model"] for request in server.requests[2:]] == ["error-500", *["flaky-2"] * 3]
    assert asked(FallbackProvider([at("flaky-1", max_retries=1), "Demo"])) == ["hello"]


# ---- time ------------------------------------------------------------------------------------------


def test_patience_is_for_the_beginning_only(server, at):
    """Who says nothing in time has failed; who has begun may take longer."""
    reply = nb.ask("one two three", FallbackProvider([at("silent"), at("drip-400")], patience=1.0))
    assert reply.text == "one two three"
    assert reply.failed[0].error == "RequestTimeoutError"
    assert "said nothing within 1 s: allow more with patience=" in reply.failed[0].reason
    # And the other one, where nobody waited for what came behind the answer's end.
    assert server.wait_for(lambda seen: seen.aborted)


def test_a_login_is_not_hurried():
    """The user sees it at once, and patience waits."""
    login = RequestLogin("Service", "https://a.invalid")
    combined = FallbackProvider([says(login, 0.4, "in"), says("other")], patience=0.1)
    chunks = sync(combined)
    assert chunks[0] is login
    assert text(chunks) == "in"


@pytest.mark.clock
def test_the_whole_has_one_limit(at):
    """`total_timeout` is for all of them together."""
    combined = FallbackProvider([at("silent"), at("silent"), at("silent")])
    begun = asyncio.new_event_loop()
    before = begun.time()
    with pytest.raises(NoProviderAnsweredError):
        sync(combined, total_timeout=0.3)
    assert begun.time() - before < 2.5
    begun.close()


def test_leaving_early_ends_what_was_begun(server, at):
    """Closing the iterator, or cancelling the task that awaits, closes the connection."""
    combined = FallbackProvider([at("error-500"), at("drip-50")])
    chunks = combined.create_completion("", [{"role": "user", "content": "word " * 100}])
    assert any(isinstance(next(chunks), str) for _ in range(5))
    chunks.close()
    assert server.wait_for(lambda seen: seen.aborted == 1)

    async def go():
        task = asyncio.create_task(nb.ask_async("hi", FallbackProvider([at("silent"), at("upper")])))
        assert await asyncio.to_thread(server.wait_for, lambda seen: len(seen.requests) == 3, timeout=5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return len(asyncio.all_tasks())

    assert asyncio.run(go()) == 1
    assert server.wait_for(lambda seen: seen.aborted == 2, timeout=3)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(3)])
def test_an_interrupt_asks_nobody_else(error):
    """It is the user's, not a failure."""
    other = says("other")
    with pytest.raises(type(error)):
        sync(FallbackProvider([says(error), other]))
    assert other.calls == []


def test_who_cancels_itself_has_failed():
    """It does not end the others."""
    chunks = sync(FallbackProvider([says(asyncio.CancelledError(), name="Odd"), says("fine")]))
    assert text(chunks) == "fine"
    assert "Odd cancelled its own call" in chunks[0].reason


def test_errors_of_every_kind_lead_on():
    """A wrong key, no credit, a full context: another one may do."""
    kinds = [MissingAuthError, errors.PaymentRequiredError, errors.ConversationTooLongError, RateLimitError]
    failing = [says(kind("no"), name=kind.__name__) for kind in kinds]
    chunks = sync(FallbackProvider([*failing, says("yes")]))
    assert [one.error for one in chunks[: len(kinds)]] == [kind.__name__ for kind in kinds]
    assert text(chunks) == "yes"


# ---- as values -------------------------------------------------------------------------------------


def test_it_is_pickled_as_what_it_was_made_of(server, at):
    """Another process makes the same of it; a key that a member holds is not written."""
    made = nb.RetryProvider(["Demo", nb.Model("groq:x", temperature=0)], max_retries=1, patience=3)
    for combined in (made, FallbackProvider(["Demo"], name="Careful"), type("Own", (FallbackProvider,), {})):
        if combined.__name__ == "Own":
            with pytest.raises(pickle.PicklingError, match="Own"):
                pickle.dumps(combined)
            continue
        again = pickle.loads(pickle.dumps(combined))  # noqa: S301
        assert (again.__name__, again.label) == (combined.__name__, combined.label)
        assert (again.patience, again.members) == (combined.patience, combined.members)
    assert pickle.loads(pickle.dumps(made)).max_retries == 1  # noqa: S301
    assert pickle.loads(pickle.dumps(FallbackProvider)) is FallbackProvider  # noqa: S301
    assert pickle.loads(pickle.dumps(nb.Model(made))).name.members == made.members  # noqa: S301
    with pytest.raises(TypeError, match="may hold a key"):
        pickle.dumps(FallbackProvider([nb.Model("groq:x", api_key="planted-0123")]))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"name": 5}, "name= is 5: it must be a text"),
        ({"patience": 10**400}, "patience is 1000"),
        ({"patience": float("nan")}, "patience is nan"),
        ({"cool_down": 10**400}, "cool_down is 1000"),
    ],
)
def test_what_it_cannot_be_made_of_is_told(given, words):
    """By name, and with the way out."""
    with pytest.raises(errors.InvalidParameterError, match=words):
        FallbackProvider(["Demo"], **given)
    assert FallbackProvider(["Demo"], patience=float("inf")).label == "FallbackProvider of Demo"
