"""`schema=` gives an instance of a type: by JSON mode or in words, mended once, else told why."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any, Literal

import pytest
from shapes import Color, Film, Person, Point, Tree

import g4f_nb as nb
from g4f_nb import asking, providers, questions
from g4f_nb.chunks import FinishReason, Refusal, ToolCall, ToolCalls
from g4f_nb.errors import BadRequestError, InvalidParameterError, SchemaError
from g4f_nb.providers import AsyncGeneratorProvider, OpenaiTemplate
from g4f_nb.testing import serve
from g4f_nb.typed.wanted import UnfitError, Wanted

LINE = "name, age int, mood good|bad"


@pytest.fixture(scope="module")
def server():
    with serve() as server:
        yield server


@pytest.fixture
def served(server):
    """Make classes of the test server, with whichever JSON mode."""

    def make(mode):
        class Served(OpenaiTemplate):
            api_base = server.api_base
            api_key = None
            json_mode = mode

        return Served

    return make


def _scripted(*answers):
    class Scripted(AsyncGeneratorProvider):
        sent = []  # noqa: RUF012

        @classmethod
        async def create_async_generator(cls, model, messages, stream=True, **kwargs):
            cls.sent.append(messages)
            for chunk in answers[min(len(cls.sent), len(answers)) - 1]:
                yield chunk

    return Scripted


# ---- what can be asked for -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        (Person, Person),
        (Point, Point),
        (Film, dict),
        (LINE, dict),
        ({"name": str, "age": int}, dict),
        ({"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}, dict),
        ('{"type": "object", "properties": {"name": {"type": "string"}}}', dict),
        (list[int], list),
        ("[name, age int]", list),
        (list[Person], list),
        (tuple[int, int], tuple),
        (Color, Color),
        (Literal["a", "b"], str),
        (int, int),
        (float | None, float),
        (bool, bool),
        (str, str),
        (dt.date, dt.date),
        (dict[str, int], dict),
    ],
    ids=str,
)
@pytest.mark.parametrize("mode", ["schema", "none"])
def test_an_answer_is_an_instance_of_what_was_asked_for(served, schema, kind, mode):
    """Of every usual form, with JSON mode and without."""
    model = "json" if mode == "schema" else "json-prose"
    reply = nb.ask("Ann is 7", provider=served(mode), model=model, schema=schema)
    assert isinstance(reply.data, kind)
    assert reply.parse_error is None
    if schema == LINE:
        assert reply.data["age"] == 7
        assert reply.data["mood"] == "good"


def test_json_mode_is_told_the_schema(server, served):
    """`json_schema`, strict where the schema is; the prompt stays as it is."""
    nb.ask("Ann is 7", provider=served("schema"), model="json", schema=LINE)
    sent = server.requests[-1].body
    told = sent["response_format"]["json_schema"]
    assert sent["messages"] == [{"role": "user", "content": "Ann is 7"}]
    assert (sent["response_format"]["type"], told["strict"], told["name"]) == ("json_schema", True, "Answer")
    assert told["schema"]["required"] == ["name", "age", "mood"]
    nb.ask("Ann is 7", provider=served("schema"), model="json", schema=Point)
    assert server.requests[-1].body["response_format"]["json_schema"]["strict"] is False


def test_json_objects_are_asked_for_in_words_too(server, served):
    """A server that knows JSON, but no schema, is told the schema in the prompt."""
    reply = nb.ask("Ann is 7", provider=served("object"), model="json-prose", schema=LINE)
    sent = server.requests[-1].body
    assert sent["response_format"] == {"type": "json_object"}
    assert "JSON Schema" in sent["messages"][0]["content"]
    assert reply.data["age"] == 7


def test_without_json_mode_words_do(server, served):
    """Added to what the user said last; parts and a system prompt are left as they are."""
    parts = [{"type": "text", "text": "Ann is 7"}]
    messages = [{"role": "system", "content": "Be brief"}, {"role": "user", "content": parts}]
    reply = nb.ask(messages, provider=served("none"), model="json-prose", schema=LINE)
    sent = server.requests[-1].body
    assert "response_format" not in sent
    assert sent["messages"][0] == messages[0]
    assert sent["messages"][1]["content"][0] == parts[0]
    assert len(parts) == 1
    assert reply.data["age"] == 7


def test_a_row_tells_the_mode_at_home_only(server, served):
    """What OpenAI's row says holds for no other server that is reached through its class."""
    nb.ask("Ann is 7", "OpenaiTemplate:json-prose", api_base=server.api_base, schema=LINE)
    assert "response_format" not in server.requests[-1].body

    for name, told in (("OpenRouter", {"json_schema"}), ("DeepSeek", {"json_object"})):
        here = type("Here", (getattr(providers, name),), {"api_base": server.api_base, "api_key": None})
        nb.ask(
            "Ann is 7", provider=here, model="json-prose" if "object" in str(told) else "json", schema=LINE
        )
        assert {server.requests[-1].body["response_format"]["type"]} == told


def test_a_model_that_refuses_the_mode_is_asked_in_words(server, served):
    """Some models of a service cannot what the others can; any other refusal stays one."""
    reply = nb.ask("Ann is 7", provider=served("schema"), model="json-plain", schema=LINE)
    assert reply.data["age"] == 7
    first, second = server.requests[-2].body, server.requests[-1].body
    assert "response_format" in first
    assert "response_format" not in second
    with pytest.raises(BadRequestError):
        nb.ask("Ann is 7", provider=served("schema"), model="error-400", schema=LINE)


def test_the_callers_own_response_format_stays(server, served):
    """Whoever sets it knows why."""
    own = {"type": "json_object"}
    nb.ask("Ann is 7", provider=served("schema"), model="json-prose", schema=LINE, response_format=own)
    assert server.requests[-1].body["response_format"] == own


# ---- mending ---------------------------------------------------------------------------------------


def test_an_answer_that_does_not_fit_is_mended_once(server, served):
    """The model is told what is wrong; the good text is the reply's, the bad one stays in the steps."""
    reply = nb.ask("Ann is 7", provider=served("schema"), model="json-mended", schema=LINE)
    assert reply.data["age"] == 7
    assert "wrong" not in reply.text
    assert [step.retracted for step in reply.steps] == [True, False]
    hint = server.requests[-1].body["messages"][-1]
    assert hint["role"] == "user"
    assert "name: is missing" in hint["content"]
    assert [message["role"] for message in reply.messages] == ["user", "assistant", "user", "assistant"]
    assert reply.usage.output_tokens == sum(step.usage.output_tokens for step in reply.steps)


@pytest.mark.parametrize("form", ["ask", "ask_async"])
def test_an_answer_that_never_fits_is_an_error(server, served, form):
    """After one repair; it holds the text and the reply, and says why."""
    asked = len(server.requests)
    options = {"provider": served("none"), "model": "json-never", "schema": LINE}
    with pytest.raises(SchemaError, match="does not fit the schema: name: is missing") as caught:
        nb.ask("x", **options) if form == "ask" else asyncio.run(nb.ask_async("x", **options))
    assert len(server.requests) == asked + 2
    assert caught.value.partial == caught.value.reply.text == '{"wrong": true}'
    assert caught.value.reply.data is None
    assert caught.value.reply.usage


def test_who_fills_a_reply_reads_the_reason_there(server, served):
    """`answer` and `watch` raise nothing: a comparison wants a row, a cell the text."""
    question = questions.prepare("x", provider=served("none"), model="json-never", schema=LINE)
    for fill in (
        lambda reply: asyncio.run(asking.answer(question, reply)),
        lambda r: list(asking.watch(question, r)),
    ):
        reply = question.new_reply()
        fill(reply)
        assert reply.data is None
        assert "name: is missing" in reply.parse_error
        assert not reply.partial


@pytest.mark.parametrize(
    ("chunks", "words"),
    [
        (['{"name": "A'], "it is no JSON"),
        (['{"name": "A', FinishReason("length")], "cut off at its longest .* allow more with max_tokens="),
        ([Refusal("I will not.")], "the model declined: I will not"),
        ([""], "the answer is empty"),
        (["no"], "there is no JSON in it"),
    ],
)
def test_the_reason_is_told(chunks, words):
    """Cut off, declined, empty, or no JSON at all."""
    with pytest.raises(SchemaError, match=words):
        nb.ask("x", _scripted(chunks), schema=LINE)


@pytest.mark.parametrize("chunks", [[Refusal("no")], [""], ['{"a', FinishReason("length")]])
def test_what_cannot_be_mended_is_not_asked_again(chunks):
    """A refusal, nothing, or an answer that would be cut again."""
    provider = _scripted(chunks)
    with pytest.raises(SchemaError):
        nb.ask("x", provider, schema=LINE)
    assert len(provider.sent) == 1


# ---- with tools ------------------------------------------------------------------------------------


def test_tools_come_first_then_the_answer(server, served):
    """The last answer is the one that must fit; the wish is in words, for some services do not take both."""

    def age(name: str) -> int:
        """Tell somebody's age."""
        return 7

    provider = _scripted(
        [ToolCalls((ToolCall("1", "age", '{"name": "Ann"}'),))],
        ["Not yet."],
        ['{"name": "Ann", "age": 7, "mood": "good"}'],
    )
    reply = nb.ask("How old is Ann?", provider, schema=LINE, tools=[age])
    assert reply.data == {"name": "Ann", "age": 7, "mood": "good"}
    assert [result.content for result in reply.tool_results] == ["7"]
    with pytest.raises(SchemaError):
        nb.ask("x", provider=served("schema"), model="tools", schema=LINE, tools=[age])
    assert "response_format" not in server.requests[-1].body


def test_a_limit_leaves_the_answer_open(server, served):
    """The reply is partial and says so twice; nothing is raised, for there is something to go on with."""
    options = {"tools": [nb.tool(lambda: 1, name="one")], "tool_limits": nb.ToolLimits(rounds=1)}
    reply = nb.ask("x", provider=served("none"), model="agent-3", schema=LINE, **options)
    assert reply.partial
    assert reply.data is None
    assert "not finished" in reply.parse_error


# ---- reading ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schema", "text", "data"),
    [
        (Literal["positive", "negative"], "Positive", "positive"),
        (Literal["positive", "negative"], '{"value": "negative"}', "negative"),
        (Literal["positive", "negative"], '"negative"', "negative"),
        (Color, "red", Color.RED),
        (int, "42", 42),
        (int, '```json\n{"value": 42}\n```', 42),
        (str, "just words", "just words"),
        (str, "42", "42"),
        (list[int], "[1, 2]", [1, 2]),
        (list[int], '{"value": [1, 2]}', [1, 2]),
        (LINE, 'Sure: {"name": "A", "age": "3", "mood": "Good",}', {"name": "A", "age": 3, "mood": "good"}),
        ({"value": int}, '{"value": 1}', {"value": 1}),
        (Tree, '{"name": "a", "children": [{"name": "b"}]}', Tree("a", [Tree("b")])),
        (Any, "[1]", [1]),
    ],
    ids=str,
)
def test_what_a_model_writes_is_read(schema, text, data):
    """With and without the object around a plain value; a bare word where one is enough."""
    assert Wanted.of(schema).read(text) == data


@pytest.mark.parametrize(
    ("schema", "text"), [(int, "many"), (list[int], "none"), (Point, "[1]"), (Point, "5")]
)
def test_what_is_not_it_is_refused(schema, text):
    """Words are no list, a list is no record."""
    with pytest.raises(UnfitError):
        Wanted.of(schema).read(text)


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        (bytes, "schema= is no type for an answer: its type bytes"),
        (5, "schema= is 5: give a type"),
        ([], r"schema= is \[\]"),
        ({}, "an empty dict"),
        ("", "the schema is empty"),
        ("age itn", "did you mean 'int'"),
        ('{"type": ', "begins like JSON"),
        ({"city": bytes}, "city: its type bytes"),
    ],
)
def test_what_is_no_schema_is_told_before_sending(schema, words):
    """With what it can be."""
    with pytest.raises(InvalidParameterError, match=words):
        nb.ask("x", "Demo:demo-fast", schema=schema)


@pytest.mark.parametrize(
    "schema", [Person, LINE, list[Point], Tree, dict[str, int], Color, int | None], ids=str
)
def test_every_schema_sent_is_an_object(schema):
    """Servers want one at the root."""
    told = Wanted.of(schema).response_format("schema")["json_schema"]["schema"]
    assert told["type"] == "object"
