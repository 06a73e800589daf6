"""Tools are called round by round, where the asker is, and within limits; every way of it ends."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import functools
import os
import threading
import time
import traceback

import orjson
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from thorough import examples

import g4f_nb as nb
from g4f_nb import asking, credentials, providers, questions
from g4f_nb.chunks import FinishReason, Reasoning, SendBack, ToolCall, ToolCalls, ToolResult, Usage
from g4f_nb.dialogues.dialogue import converse
from g4f_nb.dialogues.plans import Outcome, PendingCall, Plan, Run, Send
from g4f_nb.errors import (
    BadRequestError,
    InvalidParameterError,
    RateLimitError,
    SchemaError,
    UnknownParameterError,
)
from g4f_nb.providers import AsyncGeneratorProvider
from g4f_nb.reply import Reply
from g4f_nb.secret import Secret
from g4f_nb.testing import serve
from g4f_nb.tools import Toolbox

PASSED = {"type": "function", "function": {"name": "elsewhere", "parameters": {"type": "object"}}}


@pytest.fixture(scope="module")
def server():
    with serve() as server:
        yield server


def _ask(server, model, prompt="add 2 and 3", **options):
    return nb.ask(prompt, f"OpenaiTemplate:{model}", api_base=server.api_base, **options)


def _scripted(*rounds):
    """A provider that gives these chunks round by round, and keeps what it was sent."""

    class Scripted(AsyncGeneratorProvider):
        sent = []  # noqa: RUF012
        offered = []  # noqa: RUF012

        @classmethod
        async def create_async_generator(cls, model, messages, stream=True, **kwargs):
            cls.sent.append(messages)
            cls.offered.append(kwargs)
            for chunk in rounds[min(len(cls.sent), len(rounds)) - 1]:
                if isinstance(chunk, Exception):
                    raise chunk
                yield chunk

    return Scripted


def _calls(*calls):
    return ToolCalls(tuple(ToolCall(*call) for call in calls))


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def _times(a: int, b: int):
    return a * b


# ---- the way it goes -------------------------------------------------------------------------------


def test_a_function_is_called_and_its_result_is_used(server):
    """The model asks for a call, the function gives the result, the model answers with it."""
    reply = _ask(server, "tools", tools=[add])
    assert reply.text == "The tool said: 5"
    (result,) = reply.tool_results
    assert (result.name, result.content, result.error) == ("add", "5", False)
    assert result.seconds >= 0
    assert [call.name for call in reply.tool_calls] == ["add"]
    assert not reply.partial
    sent = server.requests[-2].body, server.requests[-1].body
    assert sent[0]["tools"] == sent[1]["tools"] == [nb.tool(add).as_json()]
    assert [message["role"] for message in sent[1]["messages"]] == ["user", "assistant", "tool"]


def test_a_reply_keeps_every_round(server):
    """Steps, calls, results, the sum of the tokens, and the dialogue that can be sent on."""
    reply = _ask(server, "agent-3", "add 4 and 5", tools=[add, nb.tool(add, name="plus")])
    assert [call.name for call in reply.tool_calls] == ["add", "plus", "add"]
    assert [result.content for result in reply.tool_results] == ["9"] * 3
    assert [len(step.tool_calls) for step in reply.steps] == [1, 1, 1, 0]
    assert reply.text == reply.last_text == "Done after 3 calls: 9; 9; 9"
    assert reply.usage.input_tokens == sum(step.usage.input_tokens for step in reply.steps)
    assert reply.last_usage == reply.steps[-1].usage
    assert reply.seconds >= reply.ttft > 0
    roles = [message["role"] for message in reply.messages]
    assert roles == ["user", *["assistant", "tool"] * 3, "assistant"]
    again = [*reply.messages, {"role": "user", "content": "and now?"}]
    assert _ask(server, "memory", again).text.startswith("user messages: 2")


def test_calls_of_one_answer_are_run_in_order(server):
    """Two calls at once give two results, each under its own id."""
    reply = _ask(server, "two-tools", tools=[add, nb.tool(_times, name="times")])
    assert reply.text == "The tool said: 5; 6"
    assert [result.id for result in reply.tool_results] == [call.id for call in reply.tool_calls]
    assert [result.content for result in reply.tool_results] == ["5", "6"]


def test_dicts_are_passed_on(server):
    """With dicts alone nothing is run: the calls are the caller's, verbatim."""
    reply = _ask(server, "tools", tools=[PASSED])
    assert [call.name for call in reply.tool_calls] == ["elsewhere"]
    assert (reply.tool_results, reply.finish_reason, reply.partial) == ((), "tool_calls", False)
    assert server.requests[-1].body["tools"] == [PASSED]
    assert reply.messages[-1]["tool_calls"][0]["function"]["name"] == "elsewhere"


def test_functions_and_dicts_mix(server):
    """The function is run; the dict's call is left to the caller, who can go on with the messages."""
    reply = _ask(server, "two-tools", tools=[add, PASSED])
    assert [call.name for call in reply.tool_calls] == ["add", "elsewhere"]
    assert [result.name for result in reply.tool_results] == ["add"]
    assert not reply.partial
    pending = reply.tool_calls[1]
    more = ToolResult(pending.id, pending.name, "mine").as_message()
    assert _ask(server, "two-tools", [*reply.messages, more], tools=[add]).text == "The tool said: 5; mine"


def test_tools_run_on_the_thread_that_asks(server):
    """So that they may touch a notebook's state, widgets, figures."""
    seen = []

    def where(a: int, b: int):
        seen.append(threading.current_thread())

    _ask(server, "tools", tools=[where])
    worker = threading.Thread(target=lambda: _ask(server, "tools", tools=[where]))
    worker.start()
    worker.join()
    assert seen == [threading.main_thread(), worker]


def test_a_cell_that_awaits_runs_tools_on_its_own_loop(server):
    """Synchronous ones on the loop's thread, asynchronous ones are awaited there."""
    seen = []

    async def later(a: int, b: int):
        await asyncio.sleep(0)
        seen.append(asyncio.get_running_loop())
        return a * b

    def now(a: int, b: int):
        seen.append(asyncio.get_running_loop())
        return a + b

    async def main():
        options = {"api_base": server.api_base, "tools": [later, now]}
        reply = await nb.ask_async("add 2 and 3", "OpenaiTemplate:two-tools", **options)
        return reply, asyncio.get_running_loop()

    reply, loop = asyncio.run(main())
    assert seen == [loop, loop]
    assert [result.content for result in reply.tool_results] == ["6", "5"]


def test_an_async_tool_works_without_await(server):
    """In a script, and in a notebook's running loop; generators of both kinds give a list."""

    async def later(a: int, b: int):
        await asyncio.sleep(0)
        return a + b

    async def some(a: int, b: int):
        yield a
        yield b

    def others(a: int, b: int):
        yield from (a, b)

    async def main():
        return _ask(server, "tools", tools=[later]).text

    assert _ask(server, "tools", tools=[later]).text == asyncio.run(main()) == "The tool said: 5"
    assert _ask(server, "two-tools", tools=[some, others]).text == "The tool said: [2,3]; [2,3]"


def test_a_watched_answer_grows_between_rounds(server):
    """Calls are seen before they run, results as soon as they are there."""
    question = questions.prepare("add 2 and 3", "OpenaiTemplate:tools", api_base=server.api_base, tools=[add])
    reply = question.new_reply()
    seen = [
        (len(reply.tool_calls), len(reply.tool_results), bool(reply.text))
        for _ in asking.watch(question, reply)
    ]
    assert (1, 0, False) in seen
    assert seen[-1] == (1, 1, True)
    assert reply.text == "The tool said: 5"
    assert not reply.partial


@pytest.mark.clock
def test_a_comparison_runs_tools_on_threads_of_its_own(server):
    """They must not hold up the other calls, which share one loop."""
    seen = []

    def slow(a: int, b: int):
        time.sleep(0.2)
        seen.append(threading.current_thread() is threading.main_thread())
        return a + b

    begun = time.monotonic()
    model = nb.Model("OpenaiTemplate:tools", api_base=server.api_base, tools=[slow])
    frame = nb.compare([f"add {number} and 3" for number in range(10)], model, progress=False)
    assert list(frame["answer"]) == [f"The tool said: {number + 3}" for number in range(10)]
    assert seen == [False] * 10
    assert time.monotonic() - begun < 2


def test_a_tool_may_ask_a_model_itself(server):
    """A question within a tool."""

    def nested(a: int, b: int):
        return _ask(server, "upper", "inner").text

    assert _ask(server, "tools", tools=[nested]).text == "The tool said: INNER"


# ---- what a model gets wrong -----------------------------------------------------------------------


def test_an_unknown_tool_is_told_and_mended(server):
    """The model hears which tools there are, and calls the right one."""
    reply = _ask(server, "tool-misspelt", tools=[add])
    wrong, right = reply.tool_results
    assert (wrong.error, right.content) == (True, "5")
    assert "no tool named 'add_': did you mean 'add'?" in wrong.content
    assert reply.text == "The tool said: 5"


def test_arguments_that_are_no_json_get_one_hint(server):
    """Then the model mends them; they go back as an object, for some servers read them."""
    reply = _ask(server, "tool-garbled", tools=[add])
    assert "not understood" in reply.tool_results[0].content
    assert reply.text == "The tool said: 5"
    sent = server.requests[-1].body["messages"][1]["tool_calls"][0]["function"]["arguments"]
    assert sent == "{}"


def test_arguments_that_stay_no_json_end_it(server):
    """Two in a row are enough; the reply says why, and every call has a result, so that it can be sent on."""
    reply = _ask(server, "tool-garbage", tools=[add])
    assert reply.partial
    assert "no JSON, again" in reply.stopped_by
    assert len(reply.tool_results) == len(reply.tool_calls) == 2
    assert reply.messages[-1]["role"] == "tool"


def test_one_id_for_two_calls_becomes_two(server):
    """Each result belongs to one call; calls of later rounds have ids of their own, too."""
    reply = _ask(server, "tool-twins", tools=[add])
    assert len({call.id for call in reply.tool_calls}) == 2
    assert [result.id for result in reply.tool_results] == [call.id for call in reply.tool_calls]
    provider = _scripted([_calls(("", "add", '{"a": 1, "b": 1}'), ("x", "add", '{"a": 1, "b": 2}'))], ["ok"])
    ids = [call.id for call in nb.ask("x", provider, tools=[add]).tool_calls]
    assert ids[0]
    assert ids[1] == "x"


def test_wrong_arguments_are_told(server):
    """The function is not called; all that is wrong is in the message."""
    called = []

    def strict(a: int, b: list[int]):
        called.append(a)

    provider = _scripted([_calls(("1", "strict", '{"a": "x", "c": 1}'))], ["ok"])
    reply = nb.ask("x", provider, tools=[strict])
    assert called == []
    assert reply.tool_results[0].error
    for words in ("a: a whole number", "b: is missing", "c: is not known"):
        assert words in reply.tool_results[0].content


@pytest.mark.parametrize("arguments", ["", "null", "{}", "```json\n{}\n```", '"{}"'])
def test_no_arguments_are_an_empty_object(arguments):
    """Models write it in many ways."""
    provider = _scripted([_calls(("1", "ping", arguments))], ["ok"])

    def ping():
        return "pong"

    reply = nb.ask("x", provider, tools=[ping])
    assert reply.tool_results[0].content == "pong"
    assert provider.sent[1][1]["tool_calls"][0]["function"]["arguments"] in ("{}", arguments)


def test_an_exception_is_told_in_one_line(server):
    """Its kind and words, no traceback, no locals, no key; and the dialogue goes on."""

    def fails(a: int, b: int):
        planted = "planted-local"
        raise ValueError(f"no such city: sk-abcdefgh12345678 {len(planted)}")

    reply = _ask(server, "tools", tools=[fails])
    assert reply.tool_results[0].content == "ValueError: no such city: *** 13"
    assert reply.tool_results[0].error
    assert reply.text.startswith("The tool said: ValueError")
    assert "planted" not in str(server.requests[-1].body)


@pytest.mark.parametrize("form", ["ask", "ask_async", "compare"])
@pytest.mark.parametrize("kind", ["def", "async", "generator"])
def test_an_exit_of_a_tool_is_told_as_well(server, form, kind):
    """A tool that ends with `sys.exit`, as a script's function may, ends neither the cell nor our loop."""

    def leaves(a: int, b: int):
        raise SystemExit(a - b)

    async def leaves_later(a: int, b: int):
        await asyncio.sleep(0)
        raise SystemExit(a - b)

    async def leaves_between(a: int, b: int):
        yield a
        raise SystemExit(a - b)

    tool = {"def": leaves, "async": leaves_later, "generator": leaves_between}[kind]
    options = {"tools": [tool], "api_base": server.api_base}
    if form == "ask":
        text = nb.ask("add 2 and 3", "OpenaiTemplate:tools", **options).text
    elif form == "ask_async":
        text = asyncio.run(nb.ask_async("add 2 and 3", "OpenaiTemplate:tools", **options)).text
    else:
        text = nb.compare("add 2 and 3", "OpenaiTemplate:tools", progress=False, **options).answer[0]
    assert text == "The tool said: SystemExit: -1"


def test_long_results_are_cut(server):
    """To `result_chars`; the model is told so."""

    def much(a: int, b: int):
        return "x" * 100_000

    reply = _ask(server, "tools", tools=[much], tool_limits=nb.ToolLimits(result_chars=10))
    assert reply.tool_results[0].content == "x" * 10 + "\n… (cut: 10 of 100,000 characters)"


# ---- limits ----------------------------------------------------------------------------------------


def test_the_rounds_are_limited(server, capsys):
    """The reply is partial, says why, and its messages can be sent on: every call has a result."""
    reply = _ask(server, "agent-5", tools=[add], tool_limits=nb.ToolLimits(rounds=2))
    assert reply.partial
    assert reply.stopped_by == "the limit of 2 rounds is reached"
    assert [result.error for result in reply.tool_results] == [False, True]
    assert "not finished: the limit of 2 rounds" in capsys.readouterr().err
    assert _ask(server, "agent-5", reply.messages, tools=[add]).text.startswith("Done after 5 calls")


def test_one_answer_does_not_start_calls_without_end():
    """Beyond a hundred in all of a question none is run; the model is told so of each, and may answer."""
    made = []

    def note(a: int):
        made.append(a)

    many = [(f"c{number}", "note", f'{{"a":{number}}}') for number in range(3000)]
    model = _scripted([_calls(*many)], ["I know enough."])
    reply = nb.ask("go", model, tools=[note])
    assert made == list(range(100))
    assert str(reply) == "I know enough."
    assert reply.stopped_by is None
    assert [result.error for result in reply.tool_results] == [False] * 100 + [True] * 2900
    told = "Not run: the limit of 100 calls is reached. Go on with what you have."
    assert model.sent[1][-1]["content"] == told


def test_a_model_that_calls_on_after_the_limit_is_stopped():
    """Calls of all rounds are counted; once told, it is asked no more, and the reply says why."""
    made = []

    def note(a: int):
        made.append(a)

    rounds = [[_calls((f"c{number}", "note", f'{{"a":{number}}}'))] for number in range(9)]
    model = _scripted(*rounds)
    reply = nb.ask("go", model, tools=[note], tool_limits=nb.ToolLimits(calls=2))
    assert made == [0, 1]
    assert len(model.sent) == 4
    assert reply.partial
    assert reply.stopped_by == "the limit of 2 calls is reached"
    assert reply.tool_results[-1].content == "Not run: the limit of 2 calls is reached."


def test_the_same_call_is_not_made_for_ever(server):
    """After three times the same result it is no longer made, and then the dialogue ends."""
    made = []

    def once(a: int, b: int):
        made.append(a)
        return "same"

    reply = _ask(server, "tool-loop", tools=[once], tool_limits=nb.ToolLimits(rounds=50))
    assert len(made) == 3
    assert "again and again" in reply.stopped_by
    assert "made 3 times" in reply.tool_results[-1].content


def test_a_call_whose_result_changes_may_be_repeated(server):
    """Whoever waits for something asks again and again."""
    made = []

    def poll(a: int, b: int):
        made.append(a)
        return len(made)

    reply = _ask(server, "tool-loop", tools=[poll], tool_limits=nb.ToolLimits(rounds=8))
    assert len(made) == 7
    assert "8 rounds" in reply.stopped_by


@pytest.mark.clock
def test_time_is_limited(server):
    """No call and no round begins after it; what runs on the user's thread is finished."""

    def slow(a: int, b: int):
        time.sleep(0.2)
        return "done"

    reply = _ask(server, "agent-5", tools=[slow], tool_limits=nb.ToolLimits(seconds=0.1))
    assert reply.stopped_by == "0.1 s are over"
    assert [result.content for result in reply.tool_results] == ["done"]


@pytest.mark.clock
@pytest.mark.parametrize("form", ["ask", "ask_async", "answer"])
def test_an_async_tool_is_stopped_when_the_time_is_over(server, form):
    """It is cancelled, and the model would be told; in every form of asking."""
    cancelled = []

    async def endless(a: int, b: int):
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    options = {"api_base": server.api_base, "tools": [endless], "tool_limits": nb.ToolLimits(seconds=0.3)}
    if form == "ask":
        reply = nb.ask("add 1", "OpenaiTemplate:tools", **options)
    elif form == "ask_async":
        reply = asyncio.run(nb.ask_async("add 1", "OpenaiTemplate:tools", **options))
    else:
        question = questions.prepare("add 1", "OpenaiTemplate:tools", **options)
        reply = asyncio.run(asking.answer(question, question.new_reply()))
    assert cancelled == [True]
    assert "not done within" in reply.tool_results[0].content
    assert "0.3 s are over" in reply.stopped_by


def test_the_order_to_call_holds_for_one_round(server):
    """`tool_choice="required"` for ever would never let the model answer."""
    _ask(server, "tools", tools=[add], tool_choice="required")
    first, second = server.requests[-2].body, server.requests[-1].body
    assert (first["tool_choice"], second["tool_choice"]) == ("required", "auto")
    _ask(server, "tools", tools=[add])
    assert "tool_choice" not in server.requests[-1].body


# ---- approval --------------------------------------------------------------------------------------


def test_a_call_is_made_when_it_is_approved(server):
    """Yes, no, and why not; whoever approves sees name and arguments."""
    seen = []

    def yes(call):
        seen.append((call.name, dict(call.arguments), str(call), isinstance(call, PendingCall)))
        return True

    assert _ask(server, "tools", tools=[add], approve=yes).text == "The tool said: 5"
    assert seen == [("add", {"a": 2, "b": 3}, "add(a=2, b=3)", True)]
    for answer, told in (
        (False, "did not allow this call."),
        (None, "call."),
        ("too dear", "call: too dear"),
    ):
        reply = _ask(server, "tools", tools=[add], approve=lambda _, answer=answer: answer)
        assert reply.tool_results[0].content.endswith(told)
        assert reply.tool_results[0].error


def test_other_arguments_are_used_and_told(server):
    """The model learns what was run; arguments that do not fit are the approver's mistake."""
    reply = _ask(server, "tools", tools=[add], approve=lambda call: {**call.arguments, "b": "40"})
    assert reply.tool_results[0].content.splitlines()[1] == "42"
    assert "The user changed the arguments" in reply.tool_results[0].content
    with pytest.raises(InvalidParameterError, match="approve= gave other arguments for add"):
        _ask(server, "tools", tools=[add], approve=lambda _: {"a": "x"})


def test_approval_may_be_awaited(server):
    """By `ask_async` on the caller's loop, by `ask` on ours, by a comparison on ours, too."""

    async def later(call):
        await asyncio.sleep(0)
        return call.name == "add"

    options = {"api_base": server.api_base, "tools": [add], "approve": later}
    assert nb.ask("add 2 and 3", "OpenaiTemplate:tools", **options).text == "The tool said: 5"
    assert (
        asyncio.run(nb.ask_async("add 2 and 3", "OpenaiTemplate:tools", **options)).text == "The tool said: 5"
    )
    question = questions.prepare("add 2 and 3", "OpenaiTemplate:tools", **options)
    assert asyncio.run(asking.answer(question, question.new_reply())).text == "The tool said: 5"


def test_what_cannot_run_is_not_asked_for(server):
    """Nobody is asked to approve arguments that do not fit."""
    asked = []
    provider = _scripted([_calls(("1", "add", '{"a": "x"}'))], ["ok"])
    nb.ask("x", provider, tools=[add], approve=asked.append)
    assert asked == []


# ---- interrupts and errors -------------------------------------------------------------------------


def test_an_interrupt_in_a_tool_ends_it(server):
    """It reaches the user; what there was is kept and marked."""

    def stops(a: int, b: int):
        raise KeyboardInterrupt

    question = questions.prepare(
        "add 2 and 3", "OpenaiTemplate:tools", api_base=server.api_base, tools=[stops]
    )
    reply = question.new_reply()
    with pytest.raises(KeyboardInterrupt):
        list(asking.watch(question, reply))
    assert reply.partial
    assert [call.name for call in reply.tool_calls] == ["stops"]
    with pytest.raises(KeyboardInterrupt) as caught:
        _ask(server, "tools", tools=[stops])
    assert caught.value.reply.partial
    assert caught.value.reply.tool_calls


def test_an_error_leads_to_what_there_was():
    """Rounds that were paid for are not lost: `.reply` has them."""
    provider = _scripted([_calls(("1", "add", '{"a": 1, "b": 2}'))], ["half", RateLimitError("slow down")])
    with pytest.raises(RateLimitError) as caught:
        nb.ask("x", provider, tools=[add])
    reply = caught.value.reply
    assert [result.content for result in reply.tool_results] == ["3"]
    assert (reply.text, caught.value.partial, reply.partial) == ("half", "half", True)


@pytest.mark.clock
def test_cancelling_stops_the_tool(server):
    """`ask_async` that is cancelled in the middle of a tool cancels that tool."""
    cancelled = []

    async def endless(a: int, b: int):
        try:
            await asyncio.sleep(60)
        finally:
            cancelled.append(True)

    async def main():
        options = {"api_base": server.api_base, "tools": [endless]}
        task = asyncio.create_task(nb.ask_async("add 1", "OpenaiTemplate:tools", **options))
        await asyncio.sleep(0.3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert cancelled == [True]


# ---- what providers need ---------------------------------------------------------------------------


def test_reasoning_goes_back_where_the_service_wants_it():
    """In every message of the dialogue with calls, an empty one too; nowhere else."""
    rounds = ([Reasoning("hm"), _calls(("1", "add", '{"a": 1, "b": 2}'))], ["ok", Usage(1, 2, 3)])
    provider = _scripted(*rounds)
    provider.returns_reasoning = True
    reply = nb.ask("x", provider, tools=[add])
    assert provider.sent[1][1]["reasoning_content"] == "hm"
    assert reply.messages[-1]["reasoning_content"] == ""
    plain = _scripted(*rounds)
    nb.ask("x", plain, tools=[add])
    assert "reasoning_content" not in plain.sent[1][1]


def test_the_row_says_who_wants_its_reasoning(server):
    """DeepSeek refuses a dialogue without it; whoever knows no such field is not sent any."""
    for name, works in (("DeepSeek", True), ("Mistral", False)):
        here = type("Here", (getattr(providers, name),), {"api_base": server.api_base, "api_key": None})
        if works:
            reply = nb.ask("add 2 and 3", provider=here, model="tool-thoughts", tools=[add])
            assert reply.text == "The tool said: 5"
            assert reply.reasoning == "I need a tool. \n\nI need a tool. "
        else:
            with pytest.raises(BadRequestError, match="must be passed back"):
                nb.ask("add 2 and 3", provider=here, model="tool-thoughts", tools=[add])


def test_several_providers_in_one_go_through_a_dialogue_like_any(server):
    """Who answers may fail first, may want its reasoning back, and need not be asked to call for ever."""

    def member(name):
        return nb.Model(name, api_base=server.api_base, api_key="planted", max_retries=0)

    careful = providers.FallbackProvider(
        [member("OpenaiTemplate:error-500"), member("DeepSeek:tool-thoughts")]
    )
    reply = nb.ask("add 2 and 3", careful, tools=[add], tool_choice="required")
    assert (reply.text, reply.provider, len(reply.steps)) == ("The tool said: 5", "DeepSeek", 2)
    careful = providers.FallbackProvider(
        [member("OpenaiTemplate:error-500"), member("OpenaiTemplate:json-prose")]
    )
    assert nb.ask("Ann is 7", careful, schema="name, age int").data["age"] == 7


def test_what_a_provider_wants_back_goes_back():
    """Signatures that it gave are in the message of that round."""
    provider = _scripted([SendBack({"signature": "s"}), _calls(("1", "add", '{"a": 1, "b": 2}'))], ["ok"])
    nb.ask("x", provider, tools=[add])
    assert provider.sent[1][1]["signature"] == "s"


def test_a_provider_without_tools_says_so():
    """Before anything is sent; other mistakes are told as ever."""

    class Plain(AsyncGeneratorProvider):
        @staticmethod
        async def create_async_generator(model, messages, stream=True):
            yield "hi"

    with pytest.raises(InvalidParameterError, match="Plain takes no tools: leave tools= out"):
        nb.ask("x", Plain, tools=[add])
    with pytest.raises(UnknownParameterError, match="'nonsense'"):
        nb.ask("x", Plain, nonsense=1)
    assert nb.ask("x", Plain).text == "hi"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"tools": add}, "tools is a function"),
        ({"tools": [5]}, "a tool is a function"),
        ({"tools": [add], "approve": True}, "approve= is True"),
        ({"tools": [add], "tool_limits": 5}, "tool_limits= is 5"),
    ],
)
def test_mistakes_are_told_before_sending(server, options, words):
    """By name, with the way out."""
    asked = len(server.requests)
    with pytest.raises(InvalidParameterError, match=words):
        _ask(server, "tools", **options)
    assert len(server.requests) == asked


@pytest.mark.parametrize(
    "given",
    [
        {"rounds": 0}, {"rounds": True}, {"rounds": ""}, {"rounds": None}, {"rounds": 2.5}, {"seconds": -1},
        {"seconds": "5"}, {"seconds": 10**400}, {"seconds": float("nan")}, {"result_chars": 0},
        {"result_chars": None}, {"calls": 0}, {"calls": None},
    ],
)  # fmt: skip
def test_limits_are_numbers(given):
    """Told when they are made, not in the middle of a dialogue; for the time alone `None` is no limit."""
    with pytest.raises(InvalidParameterError, match=r"it must be a (whole )?number from"):
        nb.ToolLimits(**given)
    assert nb.ToolLimits(seconds=None).seconds is None


def test_the_first_call_may_come_with_words():
    """They are part of the answer, with a blank line before what follows."""
    provider = _scripted(
        ["Let me see.", _calls(("1", "add", '{"a": 1, "b": 2}')), FinishReason("tool_calls")], ["It is 3."]
    )
    reply = nb.ask("x", provider, tools=[add])
    assert reply.text == "Let me see.\n\nIt is 3."
    assert provider.sent[1][1]["content"] == "Let me see."


@pytest.mark.parametrize("way", ["definition", "answer", "tool"])
def test_what_a_partial_holds_is_not_shown(way):
    """A key in it is in no local variable of our frames, whatever goes wrong."""

    def fetch(path: str, *, api_key: str, frame: bytes = b""):
        raise KeyboardInterrupt

    def wrong(frame: bytes, *, api_key: str):
        pass

    call = _calls(("1", "fetch", '{"path": "x"}'))
    provider = _scripted([RateLimitError("slow down")] if way == "answer" else [call])
    function = functools.partial(wrong if way == "definition" else fetch, api_key="PLANTED-1")
    with pytest.raises((InvalidParameterError, RateLimitError, KeyboardInterrupt)) as caught:
        nb.ask("x", provider, tools=[function])
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    for frame in shown.stack:
        if "tests" not in frame.filename:
            assert "PLANTED" not in str(frame.locals), (frame.name, frame.locals)
    assert "PLANTED" not in "".join(shown.format_exception_only())


@examples(100)
@given(st.lists(st.tuples(st.text(max_size=5), st.sampled_from(["add", "", "x"]), st.text()), max_size=4))
@example([("1", "add", '{"a": 123456789012345678901234567890, "b": 1}')])
@example([("1", "add", "{'a': 123456789012345678901234567890, 'b': 1}")])
@example([("1", "add", '{"a": "\\ud800", "b": "\\ud800"}')])
@example([("1", "add", "[" * 100_000)])
def test_whatever_a_model_writes_has_a_result(calls):
    """Each call has one, under an id of its own, in messages that can be sent."""
    reply = Reply()
    reply.messages = [{"role": "user", "content": "x"}]
    steps = converse(reply, Plan(tools=Toolbox.of([add])), {})
    outcome = None
    asked = 0
    with contextlib.suppress(StopIteration):
        while True:
            step = steps.send(outcome)
            outcome = None
            if isinstance(step, Send):
                asked += 1
                reply.add(ToolCalls(tuple(ToolCall(*call) for call in calls)) if asked == 1 else "done")
            else:
                assert isinstance(step, Run)
                outcome = Outcome(step.tool.run(step.arguments))
    assert len({call.id for call in reply.tool_calls}) == len(calls)
    assert [result.id for result in reply.tool_results] == [call.id for call in reply.tool_calls]
    for call in reply.tool_calls:
        assert isinstance(orjson.loads(call.arguments), dict)
    assert orjson.dumps(reply.messages)


def test_an_empty_list_is_no_tools(server):
    """It is not sent: some services refuse it."""
    assert _ask(server, "upper", "hi", tools=[]).text == "HI"
    assert "tools" not in server.requests[-1].body


def test_names_that_are_no_utf8_can_be_sent(server):
    """A folder may hold some; a tool lists them, and an exception names one."""

    def files(a: int, b: int):
        return os.fsdecode(b"caf\xe9.txt")

    def missing(a: int, b: int):
        raise FileNotFoundError(os.fsdecode(b"caf\xe9.txt"))

    reply = _ask(server, "two-tools", tools=[files, missing])
    assert reply.text == "The tool said: caf?.txt; FileNotFoundError: caf?.txt"


def test_a_date_that_came_as_a_number_is_asked_for_again():
    """The model is told once; then it is an error like every other misfit."""
    provider = _scripted(['{"when": 20250101}'], ['{"when": "2025-01-01"}'])
    assert nb.ask("x", provider, schema="when date").data["when"] == dt.date(2025, 1, 1)
    assert "a date like 2025-12-31 is wanted, not 20250101" in provider.sent[1][-1]["content"]
    for answer in ('{"when": 5}', '{"when": true}', '{"when": [2025]}'):
        with pytest.raises(SchemaError, match="a date like 2025-12-31"):
            nb.ask("x", _scripted([answer]), schema="when date")
    with pytest.raises(SchemaError, match="a date like 2025-12-31"):
        nb.ask("x", _scripted(["20250101"]), schema=dt.date)


_KEY = "Zq8-SECRETKEY/plant+ed=77"


@pytest.mark.parametrize(
    "options",
    [
        {"api_key": _KEY},
        {"headers": {"X-Key": _KEY}},
        {"headers": {"Authorization": f"Bearer {_KEY}"}},
        {"extra_data": {"token": _KEY}},
    ],
    ids=["key", "header", "bearer", "field"],
)
@pytest.mark.parametrize("fails", [True, False], ids=["raised", "shown"])
def test_no_tool_tells_the_model_a_key_of_the_call(server, options, fails):
    """Not even one that looks like none: neither in what it raises nor in the words of its result."""

    class Connection:
        def __str__(self):
            return f"connected with {_KEY}"

    def connect(a: int, b: int):
        if fails:
            raise ValueError(f"refused: {_KEY}")
        return Connection()

    reply = _ask(server, "tools", tools=[connect], **options)
    words = "ValueError: refused: ***" if fails else '"connected with ***"'
    assert reply.tool_results[0].content == words
    assert _KEY not in str(server.requests[-1].body["messages"])
    assert _KEY not in str(asyncio.run(_ask_async(server, connect, options)).tool_results)


async def _ask_async(server, tool, options):
    return await nb.ask_async(
        "x 2 3", "OpenaiTemplate:tools", api_base=server.api_base, tools=[tool], **options
    )


def test_no_tool_tells_the_model_a_key_of_another_service(server, monkeypatch, tmp_path):
    """Of the environment, of `.env`, typed in this session, or of a member of several providers."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GROQ_API_KEY", "Zq8-ENVIRONMENT/1+")
    (tmp_path / ".env").write_text("MISTRAL_API_KEY=Zq8-DOTENV/2+\n", encoding="utf-8")
    monkeypatch.setattr(credentials, "_typed", {})
    credentials.keep_typed("MINE", Secret("Zq8-TYPED/3+"), frozenset())

    def fails(a: int, b: int):
        raise ValueError("Zq8-ENVIRONMENT/1+ Zq8-DOTENV/2+ Zq8-TYPED/3+ Zq8-MEMBER/4+")

    member = nb.Model("OpenaiTemplate:tools", api_base=server.api_base, api_key="Zq8-MEMBER/4+")
    reply = nb.ask("add 2 and 3", nb.FallbackProvider([member]), tools=[fails])
    assert reply.tool_results[0].content == "ValueError: *** *** *** ***"
    (tmp_path / ".env").write_bytes(b"\xff\xfe")
    reply = _ask(server, "tools", tools=[fails])
    assert reply.tool_results[0].content == "ValueError: *** Zq8-DOTENV/2+ *** Zq8-MEMBER/4+"


@pytest.mark.parametrize(
    ("made", "told"),
    [
        ("{member} {known}", "*** ***"),
        ({"a": ["{known}"], "{member}": 1}, '{"a":["***"],"***":1}'),
        (pd.DataFrame({"key": ["{known}"]}), "DataFrame, 1 rows x 1 columns:\nkey\n***"),
        (["postgres://me:pass-word@host/x"], '["postgres://me:***@host/x"]'),
        ("none of sk-learn, pk_customer_id", "none of sk-learn, pk_customer_id"),
        ("{known}" * 10_000, "*" * 100),
    ],
    ids=["text", "JSON", "table", "address", "no key", "cut"],
)
@pytest.mark.parametrize("way", ["one", "several"])
def test_no_result_of_a_tool_tells_the_model_a_key(server, monkeypatch, made, told, way):
    """What a tool has read is masked like any value in a prompt, with the keys of the call besides."""
    keys = {"member": "Zq8-MEMBER/4+", "known": "Zq8-ENVIRONMENT/1+"}
    monkeypatch.setenv("GROQ_API_KEY", keys["known"])

    def filled(value):
        for name, key in keys.items():
            value = value.replace(f"{{{name}}}", key)
        return value

    def read(a: int, b: int):
        if isinstance(made, pd.DataFrame):
            return made.map(filled)
        return filled(made) if isinstance(made, str) else orjson.loads(filled(orjson.dumps(made).decode()))

    model = nb.Model("OpenaiTemplate:tools", api_base=server.api_base, api_key=keys["member"])
    model = model if way == "one" else nb.FallbackProvider([model])
    reply = nb.ask("add 2 and 3", model, tools=[read], tool_limits=nb.ToolLimits(result_chars=100))
    assert reply.tool_results[0].content.startswith(told)
    assert not [key for key in keys.values() if key[:8] in str(server.requests[-1].body["messages"])]


def test_a_word_in_the_place_of_a_key_is_masked_in_no_result(server):
    """`none` and the like are given to servers that want no key."""
    reply = _ask(server, "tools", tools=[_reading("none of the local models")], api_key="none")
    assert reply.tool_results[0].content == "none of the local models"


def _reading(text):
    def read(a: int, b: int):
        return text

    return read
