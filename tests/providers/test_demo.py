"""`Demo` shows every kind of answer, the same each time, without a key, a network or a model."""

from __future__ import annotations

import asyncio
import time

import numpy as np
import orjson
import pytest

import g4f_nb as nb
from g4f_nb import errors
from g4f_nb.chunks import FinishReason, ProviderInfo, Reasoning, ToolCall, ToolCalls
from g4f_nb.providers import Demo
from g4f_nb.reply import Reply

TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {
            "properties": {
                "city": {"type": "string"},
                "days": {"type": "integer"},
                "unit": {"type": "string", "enum": ["C", "F"]},
            }
        },
    },
}


def _messages(prompt):
    return [{"role": "user", "content": prompt}]


def _ask(prompt="hi", model="demo-fast", *, stream=True, messages=None, **given) -> Reply:
    reply = Reply()
    for chunk in Demo.create_completion(model, messages or _messages(prompt), stream=stream, **given):
        reply.add(chunk)
    return reply


def test_it_is_deterministic_and_says_what_it_is():
    """The same text each time, streamed or whole, by either function."""
    text = _ask().text
    assert "no model is behind it" in text
    assert "“hi”" in text
    assert text == _ask().text == _ask(stream=False).text == _ask(temperature=2).text
    assert text == "".join(map(str, Demo.get_create_function()("demo-fast", _messages("hi"))))
    assert text == asyncio.run(Demo.create_async("demo-fast", _messages("hi")))

    async def streamed():
        return [str(one) async for one in Demo.get_async_create_function()("demo-fast", _messages("hi"))]

    assert "".join(asyncio.run(streamed())) == text


@pytest.mark.parametrize(
    ("word", "shown"),
    [
        ("list", "- a point\n"),
        ("table", "|---|---:|---:|"),
        ("code", "```python\n"),
        ("math", "$$\\int_0^1"),
        ("long", "sentence 60 of this long text"),
        ("json", '"provider": "Demo"'),
    ],
)
def test_every_word_shows_its_kind_of_text(word, shown):
    """In any case, in a sentence, and not as a part of another word."""
    assert shown in _ask(f"Please show me a {word.upper()}!").text
    assert shown not in _ask(f"x{word}x").text


def test_several_words_at_once():
    """Each in a section of its own."""
    text = _ask("a list, a table, code and math").text
    assert [line for line in text.splitlines() if line.startswith("### ")] == [
        "### A list",
        "### A table",
        "### Code",
        "### Math",
    ]


def test_json_on_request():
    """By the word and by `response_format`: the text is JSON and nothing else."""
    assert orjson.loads(_ask("json").text)["model_behind_it"] is False
    assert orjson.loads(_ask(response_format={"type": "json_object"}).text)


@pytest.mark.parametrize("word", ["think", "reason", "reasoning"])
def test_reasoning_is_apart(word):
    """Thoughts come first and are no part of the text."""
    reply = _ask(f"{word} about it")
    assert "stands in for its thoughts" in reply.reasoning
    assert "thoughts" not in reply.text
    assert "thoughts" not in asyncio.run(Demo.create_async("demo-fast", _messages(word)))


def test_kinds_in_order():
    """Who, thoughts, words, why it ended, what it cost."""
    chunks = list(Demo.create_completion("demo-fast", _messages("think")))
    assert list(dict.fromkeys(type(one).__name__ for one in chunks)) == [
        "ProviderInfo",
        "Reasoning",
        "str",
        "FinishReason",
        "Usage",
    ]
    assert chunks[0] == ProviderInfo("Demo", "demo-fast")
    assert chunks[-2] == FinishReason("stop")
    assert chunks[-1].input_tokens == 1
    assert chunks[-1].output_tokens == sum(isinstance(one, str) for one in chunks)
    assert sum(isinstance(one, Reasoning) for one in chunks) > 5


def test_tools():
    """An offered tool is called with values of its types; its result is quoted; the word alone does, too."""
    reply = _ask(tools=[TOOL])
    assert reply.tool_calls == (ToolCall("call_demo", "weather", '{"city":"demo","days":1,"unit":"C"}'),)
    assert (reply.finish_reason, reply.text) == ("tool_calls", "")
    asked = [
        *_messages("hi"),
        {"role": "assistant", "content": None, "tool_calls": ToolCalls(reply.tool_calls).get_list()},
    ]
    answered = [*asked, {"role": "tool", "tool_call_id": "call_demo", "content": "sunny"}]
    assert _ask(messages=answered, tools=[TOOL]).text == "The tool answered: sunny"
    assert _ask("use a tool").tool_calls[0].name == "demo_tool"


def test_tools_that_the_prompt_names_are_called():
    """With its numbers and names; what has a default is left to the function; without any, the first."""

    def add_up(a: int, b: int, note: str = "x") -> int:
        return a + b

    def weather(city: str) -> str:
        return f"sunny in {city}"

    prompt = "Please add up 2 and 40, and tell the weather in Oslo"
    reply = nb.ask(prompt, "Demo:demo-fast", tools=[weather, add_up])
    assert [(call.name, call.arguments) for call in reply.tool_calls] == [
        ("weather", '{"city":"Oslo"}'),
        ("add_up", '{"a":2,"b":40}'),
    ]
    assert reply.text == "`weather` answered: sunny in Oslo\n`add_up` answered: 42"
    assert nb.ask("hello", "Demo:demo-fast", tools=[weather]).text == "`weather` answered: sunny in demo"


@pytest.mark.parametrize("tools", [False, True], ids=["alone", "with tools"])
def test_a_schema_is_fitted_and_said_to_be_an_example(tools):
    """From the prompt's words and numbers, the same each time; Demo says what it is."""
    given = {"tools": [nb.tool(lambda: 1, name="one")]} if tools else {}
    reply = nb.ask("Ann is 7", "Demo:demo-fast", schema="name, age int, mood good|bad", **given)
    assert reply.data == {"name": "Ann", "age": 7, "mood": "good"}
    assert "No model is here" in reply.reasoning
    assert nb.ask("How many?", "Demo:demo-fast", schema=list[int]).data == [1]


@pytest.mark.parametrize(
    ("what", "kind", "status"),
    [
        ("400", "BadRequestError", 400),
        ("401", "MissingAuthError", 401),
        ("402", "PaymentRequiredError", 402),
        ("403", "PermissionDeniedError", 403),
        ("404", "NotFoundError", 404),
        ("429", "RateLimitError", 429),
        ("500", "ServerError", 500),
        ("529", "ServerError", 529),
        ("timeout", "RequestTimeoutError", None),
        ("connection", "ConnectionFailedError", None),
        ("interrupted", "StreamInterruptedError", None),
    ],
)
def test_every_error_on_request(what, kind, status):
    """In both ways of calling; the one in mid-stream keeps what had arrived."""
    for call in (
        lambda: _ask(f"error {what}"),
        lambda: asyncio.run(Demo.create_async("demo-fast", _messages(f"Error {what}"))),
    ):
        with pytest.raises(getattr(errors, kind)) as caught:
            call()
        assert type(caught.value).__name__ == kind
        assert (caught.value.status, caught.value.provider) == (status, "Demo")
        if what == "interrupted":
            assert caught.value.partial is None or caught.value.partial.startswith("This is **Demo**")


def test_an_interrupted_stream_has_a_first_half():
    """Its words are out before the error, and in it."""
    reply = Reply()
    with pytest.raises(errors.StreamInterruptedError) as caught:
        [reply.add(chunk) for chunk in Demo.create_completion("demo-fast", _messages("error interrupted"))]
    assert reply.text == caught.value.partial
    assert len(reply.text) > 20


@pytest.mark.clock
def test_a_stall_is_cut_by_the_time_limit():
    """The whole call has one in `create_async`; `total` silence does not hold up the test."""
    begin = time.monotonic()
    with pytest.raises(errors.RequestTimeoutError):
        asyncio.run(Demo.create_async("demo-fast", _messages("stall"), stream=True, timeout=0.3))
    assert time.monotonic() - begin < 3


@pytest.mark.parametrize(
    ("given", "end", "reason"),
    [
        ({"max_tokens": 3}, "This is **Demo**: ", "length"),
        ({"stop": "no model"}, "This is **Demo**: ", "stop"),
        ({"stop": ["zzz", "no model", ""]}, "This is **Demo**: ", "stop"),
        ({"max_tokens": 10_000}, "let it *think*.", "stop"),
    ],
)
def test_the_limits_of_an_answer(given, end, reason):
    """`max_tokens` counts words, `stop` ends before its text; an empty one stops nothing."""
    reply = _ask(**given)
    assert reply.text.endswith(end)
    assert reply.finish_reason == reason


def test_no_key_and_no_unknown_name():
    """A key is not needed and not complained of; a typo is refused, a wrong model told."""
    assert _ask(api_key="planted", max_retries=3, timeout=5).text
    with pytest.raises(errors.UnknownParameterError, match=r"'temprature'.*'temperature'"):
        _ask(temprature=1)
    with pytest.raises(errors.ModelNotSupportedError, match="demo-fast"):
        _ask(model="demo-fats")
    with pytest.raises(errors.InvalidParameterError):
        list(Demo.create_completion("demo-fast", []))


@pytest.mark.parametrize("wrong", ["hot", True, [1]])
def test_a_temperature_that_is_no_number_is_refused(wrong):
    """As every service would, and before it costs something there."""
    with pytest.raises(errors.InvalidParameterError, match="temperature= is a finite number"):
        nb.ask("Hello", "Demo:demo-fast", temperature=wrong)
    assert nb.ask("Hello", "Demo:demo-fast", temperature=np.float32(0.5)).text


@pytest.mark.clock
def test_it_has_a_pace():
    """It streams: the first word is out long before the last."""
    begin = time.monotonic()
    chunks = Demo.create_completion("demo", _messages("hi"))
    assert isinstance(next(chunks), ProviderInfo)
    assert 0.2 < time.monotonic() - begin < 2
    chunks.close()
    assert Demo.get_models() == ["demo", "demo-fast", "demo-slow"]
