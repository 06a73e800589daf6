"""Messages, fields and schemas in GigaChat's form, and its answers in ours, however they are cut."""

from __future__ import annotations

import asyncio
import re
import uuid
from itertools import pairwise

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from g4f_nb.chunks import FinishReason, ProviderInfo, Reasoning, ToolCalls, Usage
from g4f_nb.errors import InvalidParameterError, MissingAuthError, StreamInterruptedError
from g4f_nb.providers import GigaChat
from g4f_nb.providers.gigachat.form import fields_of, messages_of
from g4f_nb.providers.gigachat.functions import call_id, plain_schema, result_of, state_of
from g4f_nb.providers.gigachat.reader import GigaChatReader, in_openai_form
from g4f_nb.testing import gigachat_rules, serve_gigachat

STATE = "77d3fb14-457a-46ba-937e-8d856156d003"


def _call(name, arguments, own_id):
    return {"id": own_id, "type": "function", "function": {"name": name, "arguments": arguments}}


# ---- messages --------------------------------------------------------------------------------------


def test_plain_messages_go_as_they_are():
    """And what other services say beside them is left out."""
    messages = [
        {"role": "system", "content": "s"},
        {"role": "user", "content": "a", "name": "me", "id": 7},
        {"role": "assistant", "content": "b", "refusal": None},
        {"role": "user", "content": [{"type": "text", "text": "c"}, "d"]},
    ]
    assert messages_of(messages) == [
        {"role": "system", "content": "s"},
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "b"},
        {"role": "user", "content": "cd"},
    ]


def test_system_messages_become_one_and_first():
    """The service refuses any other arrangement with a 422."""
    messages = [
        {"role": "user", "content": "a"},
        {"role": "system", "content": "one"},
        {"role": "developer", "content": "two"},
    ]
    assert messages_of(messages) == [
        {"role": "system", "content": "one\n\ntwo"},
        {"role": "user", "content": "a"},
    ]


def test_calls_and_results_become_pairs():
    """Two calls of one turn, ids that another service uses again, arguments as an object, results as JSON."""
    messages = [
        {"role": "user", "content": "?"},
        {
            "role": "assistant",
            "content": "let me see",
            "tool_calls": [_call("one", '{"a": 1}', "c1"), _call("two", "", "c2")],
        },
        {"role": "tool", "tool_call_id": "c2", "content": '{"b": 2}'},
        {"role": "tool", "tool_call_id": "c1", "content": "text"},
        {"role": "assistant", "content": None, "tool_calls": [_call("three", "no json", "c1")]},
        {"role": "tool", "tool_call_id": "c1", "content": "[1]"},
    ]
    assert messages_of(messages) == [
        {"role": "user", "content": "?"},
        {
            "role": "assistant",
            "content": "let me see",
            "function_call": {"name": "one", "arguments": {"a": 1}},
        },
        {"role": "function", "name": "one", "content": '{"result":"text"}'},
        {"role": "assistant", "content": "", "function_call": {"name": "two", "arguments": {}}},
        {"role": "function", "name": "two", "content": '{"b": 2}'},
        {
            "role": "assistant",
            "content": "",
            "function_call": {"name": "three", "arguments": {"arguments": "no json"}},
        },
        {"role": "function", "name": "three", "content": '{"result":[1]}'},
    ]


def test_the_api_s_own_form_is_taken_as_well():
    """Function messages, attachments and states written by hand."""
    messages = [
        {"role": "user", "content": "?", "attachments": ["file-id"]},
        {
            "role": "assistant",
            "content": "",
            "function_call": {"name": "f", "arguments": '{"a": 1}'},
            "functions_state_id": STATE,
        },
        {"role": "function", "name": "f", "content": "5"},
    ]
    assert messages_of(messages) == [
        {"role": "user", "content": "?", "attachments": ["file-id"]},
        {
            "role": "assistant",
            "content": "",
            "function_call": {"name": "f", "arguments": {"a": 1}},
            "functions_state_id": STATE,
        },
        {"role": "function", "name": "f", "content": '{"result":5}'},
    ]


@pytest.mark.parametrize(
    ("messages", "words"),
    [
        ("text", "messages are a str"),
        ([], "no messages"),
        ([{"content": "x"}], "no role"),
        ([{"role": "alien", "content": "x"}], "'alien'"),
        ([{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}], "image_url.*attachments"),
        ([{"role": "assistant", "tool_calls": ["x"]}], "tool_calls hold"),
    ],
)
def test_what_cannot_be_sent_is_told(messages, words):
    """Before anything is sent."""
    with pytest.raises(InvalidParameterError, match=words):
        messages_of(messages)


ROLES = st.sampled_from(["system", "developer", "user", "assistant", "tool", "function"])
CALLS = st.lists(
    st.builds(
        _call,
        st.sampled_from(["one", "two"]),
        st.sampled_from(['{"a": 1}', "", "no json", "[1]"]),
        st.sampled_from(["a", "b", f"gc_{uuid.UUID(STATE).hex}_0000"]),
    ),
    max_size=3,
)


@given(
    st.lists(
        st.fixed_dictionaries(
            {"role": ROLES, "content": st.one_of(st.none(), st.text(max_size=5))},
            optional={"tool_calls": CALLS, "tool_call_id": st.sampled_from(["a", "b"])},
        ),
        min_size=1,
        max_size=8,
    )
)
def test_whatever_a_dialogue_looks_like_it_has_the_api_s_form(messages):
    """One system message at most, and first; text everywhere; results are objects that follow their call."""
    made = messages_of(messages)
    # Results without a call, and functions without a name, are the user's own mistake.
    mistakes = r"function message|messages is empty|^$"
    refusal = ""
    try:
        gigachat_rules.check_chat({"messages": made})
    except gigachat_rules.NotTaken as refused:
        refusal = str(refused)
    assert re.search(mistakes, refusal), made


# ---- fields and schemas ----------------------------------------------------------------------------


def test_fields_get_the_api_s_names():
    """A schema for the answer loses its wrapper; a temperature of 0 becomes top_p 0; nothing goes unasked."""
    form = {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}, "strict": True}}
    assert fields_of({"temperature": 0, "top_p": None, "response_format": form}) == {
        "top_p": 0,
        "response_format": {"type": "json_schema", "schema": {"type": "object"}, "strict": True},
    }
    own = {"type": "json_schema", "schema": {"type": "object"}}
    assert fields_of({"temperature": 0, "top_p": 0.3, "response_format": own}) == {
        "top_p": 0.3,
        "response_format": own,
    }
    assert fields_of({"n": 2, "profanity_check": False, "tools": []}) == {"n": 2, "profanity_check": False}


def test_schemas_of_pydantic_become_plain():
    """References, optional parts, constants, lists, and a reference to itself."""
    pydantic = pytest.importorskip("pydantic")
    from typing import Literal, Optional

    class Part(pydantic.BaseModel):
        name: str
        size: Literal[1, 2] = 1
        parts: Optional[list[Part]] = None  # noqa: UP045  # the older form gives another schema

    class Whole(pydantic.BaseModel):
        part: Part
        kind: Literal["a", "b"]
        note: str | None = pydantic.Field(None, description="A note")
        table: dict[str, int] | None = None

    made = plain_schema(Whole.model_json_schema())
    text = orjson.dumps(made).decode()
    assert "$ref" not in text
    assert "anyOf" not in text
    gigachat_rules.check_schema(made, "")
    properties = made["properties"]
    assert properties["kind"]["enum"] == ["a", "b"]
    assert properties["note"] == {"type": "string", "default": None, "description": "A note"}
    assert properties["part"]["properties"]["size"]["description"] == "One of 1, 2."
    assert properties["part"]["properties"]["parts"]["items"] == {"type": "object", "properties": {}}
    assert properties["table"]["properties"] == {}
    assert made["required"] == ["part", "kind"]


def test_a_schema_of_many_references_to_itself_ends_soon():
    """Each place that leads to itself again is an object of anything."""
    tree = {"type": "object", "properties": {str(each): {"$ref": "#"} for each in range(30)}}
    made = plain_schema(tree)
    assert made["properties"]["0"]["properties"]["1"] == {"type": "object", "properties": {}}


JSON_SCHEMAS = st.recursive(
    st.one_of(
        st.just({}),
        st.builds(lambda kind: {"type": kind}, st.sampled_from(["string", "object", "integer", "array"])),
        st.just({"$ref": "#/$defs/x"}),
        st.just({"$ref": "#"}),
        st.just({"type": ["null", "integer"]}),
        st.just({"enum": [1, "a"]}),
        st.just({"const": None}),
        st.none(),
        st.booleans(),
    ),
    lambda inner: st.one_of(
        st.builds(lambda parts: {"anyOf": parts}, st.lists(inner, max_size=3)),
        st.builds(lambda parts: {"allOf": parts}, st.lists(inner, max_size=3)),
        st.builds(lambda part: {"type": "array", "items": part}, inner),
        st.builds(lambda part: {"properties": {"p": part}}, inner),
        st.builds(lambda part: {"type": "object", "additionalProperties": part}, inner),
    ),
    max_leaves=8,
)


@given(JSON_SCHEMAS)
def test_no_schema_breaks_the_plain_form(schema):
    """Whatever is given, what comes out has neither references nor alternatives, and ends."""
    made = plain_schema(
        {"type": "object", "properties": {"p": schema}, "$defs": {"x": {"$ref": "#/$defs/x"}}}
    )
    text = orjson.dumps(made).decode()
    assert "$ref" not in text
    assert "anyOf" not in text
    assert "allOf" not in text


@given(st.one_of(st.uuids().map(str), st.text(min_size=1, max_size=30)))
def test_a_state_comes_back_from_the_id_of_its_call(state):
    """Whatever its form; a UUID's id is short enough for other services."""
    made = call_id(state)
    assert state_of(made) == state
    assert made != call_id(state)
    if len(state) == 36:
        assert len(made) <= 40


@pytest.mark.parametrize("own_id", ["call_1", "call_gc_x_1", "", None, 7, "gc_", "gc__1234"])
def test_ids_of_other_services_hold_no_state(own_id):
    """So nothing of theirs is sent as one."""
    assert state_of(own_id) is None
    assert call_id(None).startswith("call_")
    assert result_of("") == '{"result":""}'


# ---- reading ---------------------------------------------------------------------------------------


def _event(delta, *, space=b" ", **more):
    choice = {
        "delta": delta,
        "index": 0,
        **{name: more.pop(name) for name in ("finish_reason",) if name in more},
    }
    about = {"created": 1768996176, "model": "GigaChat:2.0.28.2", "object": "chat.completion"}
    return b"data:" + space + orjson.dumps({"choices": [choice], **about, **more}) + b"\n\n"


USAGE = {"prompt_tokens": 17, "completion_tokens": 42, "total_tokens": 59, "precached_prompt_tokens": 2}
# As recorded from the service on 2026-01-21, with other words.
RECORDED = (
    _event({"content": "Раз\\, два 🙂\n\n**Разбор:", "role": "assistant"})
    + _event({"content": "**\n- считаем"})
    + _event({"content": " до трёх."}, finish_reason=None, space=b"")
    + _event({"content": ""}, finish_reason="stop", usage=USAGE)
    + b"data: [DONE]\n\n"
)
TEXT = "Раз\\, два 🙂\n\n**Разбор:**\n- считаем до трёх."
CALLED = (
    _event({"content": "", "role": "assistant", "reasoning_content": "Нужна функция."})
    + _event(
        {
            "content": "",
            "function_call": {"name": "погода", "arguments": {"город": "Москва", "дни": [1, 2]}},
            "functions_state_id": STATE,
        },
        finish_reason="function_call",
        usage=USAGE,
    )
    + b"data: [DONE]\n\n"
)


def _read(pieces, media_type="text/event-stream"):
    reader = GigaChatReader(media_type, provider="GigaChat", model="m", url="http://x")
    out = []
    for piece in pieces:
        out += reader.feed(piece)
        if reader.done:
            break
    return out + reader.finish()


def test_every_split_of_a_recorded_stream_gives_the_same():
    """Cut at any byte, inside of characters and line ends, too."""
    for at in range(1, len(RECORDED)):
        out = _read([RECORDED[:at], RECORDED[at:]])
        assert "".join(map(str, out)) == TEXT, at
        assert out[0] == ProviderInfo("GigaChat", "GigaChat:2.0.28.2", "http://x"), at
        assert out[-2:] == [FinishReason("stop"), Usage(17, 42, 59, None, 2)], at


@given(st.lists(st.integers(0, len(CALLED)), max_size=12))
def test_every_split_of_a_call_gives_the_same(cuts):
    """One call, whole, with its arguments as JSON text and its state in the id."""
    places = [0, *sorted(cuts), len(CALLED)]
    out = _read([CALLED[a:b] for a, b in pairwise(places)])
    assert [type(chunk) for chunk in out] == [ProviderInfo, Reasoning, ToolCalls, FinishReason, Usage]
    (call,) = out[2].calls
    assert (call.name, orjson.loads(call.arguments)) == ("погода", {"город": "Москва", "дни": [1, 2]})
    assert state_of(call.id) == STATE
    assert out[3] == FinishReason("tool_calls")


def test_a_stream_that_breaks_off_is_no_answer():
    """A null `finish_reason` ends nothing, so what comes without a real one is cut."""
    cut = RECORDED.partition(_event({"content": ""}, finish_reason="stop", usage=USAGE))[0]
    with pytest.raises(StreamInterruptedError) as caught:
        _read([cut])
    assert caught.value.partial == TEXT


def test_an_error_as_the_first_event_has_its_class():
    """Status and message without `error`: a dead token can be told in a stream, too."""
    with pytest.raises(MissingAuthError, match="Token has expired"):
        _read([b'data: {"status":401,"message":"Token has expired"}\n\n'])


@pytest.mark.parametrize(
    "frame", [None, 7, "x", [], {}, {"choices": None}, {"choices": ["x", {"delta": None}]}]
)
def test_a_frame_of_any_kind_is_put_into_form(frame):
    """Without an exception of Python's own."""
    assert in_openai_form(frame) == frame


@pytest.mark.parametrize(
    "call", [None, {}, {"name": ""}, "x", {"name": "f"}, {"name": "f", "arguments": '{"a":1}'}]
)
def test_a_call_of_any_kind_is_read(call):
    """Arguments that are missing are none, and text stays text."""
    frame = in_openai_form({"choices": [{"message": {"content": "", "function_call": call}}]})
    made = frame["choices"][0]["message"].get("tool_calls")
    if isinstance(call, dict) and call.get("name"):
        assert made[0]["function"] == {"name": "f", "arguments": call.get("arguments", "{}")}
    else:
        assert made is None


# ---- beside the chat -------------------------------------------------------------------------------


def test_chat_models_are_listed(server, where, capsys):
    """By their type, sorted, kept for some minutes, renewed on request; a copy each time."""
    names = GigaChat.get_models(**where(server))
    assert names == sorted(names)
    assert "GigaChat-2-Max" in names
    assert not {"Embeddings", "GigaFilter", "GigaCheckDetection"} & set(names)
    names.append("mine")
    assert "mine" not in GigaChat.get_models(**where(server))
    assert "mine" not in asyncio.run(GigaChat.get_models_async(**where(server)))
    seen = len(server.requests)
    GigaChat.get_models(refresh=True, **where(server))
    assert len(server.requests) == seen + 1
    assert capsys.readouterr().err == ""


def test_without_types_models_for_vectors_are_known_by_name(where):
    """Some of the service's hosts list no types."""
    with serve_gigachat(types=False) as server:
        names = GigaChat.get_models(**where(server))
    assert "GigaChat-2" in names
    assert not [name for name in names if "Embeddings" in name]


def test_the_package_s_list_steps_in_with_a_notice(server, where, capsys):
    """If the service cannot be asked, and if there is no key; wrong options are errors all the same."""
    assert GigaChat.get_models(**where(server, api_key="bm90OmtleQ==", max_retries=0)) == GigaChat.models
    assert "could not list its models" in capsys.readouterr().err
    assert GigaChat.get_models() == GigaChat.models
    assert "GIGACHAT_API_KEY" in capsys.readouterr().err
    with pytest.raises(InvalidParameterError):
        GigaChat.get_models(timeout=-1)


def test_tokens_are_counted_by_the_service(server, where):
    """A number for a text, a list for a list, in both forms."""
    assert GigaChat.count_tokens("раз два", **where(server)) == 2
    assert GigaChat.count_tokens(["раз два", "три"], "GigaChat-Pro", **where(server)) == [2, 1]
    assert asyncio.run(GigaChat.count_tokens_async("раз", **where(server))) == 1
    assert server.requests[2].body == {"model": "GigaChat-2-Pro", "input": ["раз два", "три"]}
    for wrong in ([], [1], 7):
        with pytest.raises((InvalidParameterError, TypeError)):
            GigaChat.count_tokens(wrong, **where(server))


def test_vectors(server, where):
    """One for a text, a list for a list; a model that makes none is refused."""
    assert GigaChat.embeddings("раз два", **where(server)) == [7.0, 1.0, 1.0]
    assert asyncio.run(GigaChat.embeddings_async(["a", "b c"], "Embeddings-2", **where(server))) == [
        [1.0, 0.0, 1.0],
        [3.0, 1.0, 1.0],
    ]
    assert [seen.body["model"] for seen in server.requests[1:]] == ["Embeddings", "Embeddings-2"]


def test_the_balance(server, where):
    """By model; a token that died is renewed here as well."""
    assert GigaChat.balance(**where(server))["GigaChat"] == 900_000
    server.end_tokens()
    assert asyncio.run(GigaChat.balance_async(**where(server)))["embeddings"] == 9_999_967
    assert len(server.token_requests) == 2
