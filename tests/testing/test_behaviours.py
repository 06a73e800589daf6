"""Each line of the behaviour table, seen from a raw HTTP client."""

from __future__ import annotations

import base64
import io
import time
import wave
import zlib

import brotli
import orjson
import pytest

from g4f_nb.testing import describe

TEXT = "Hello big wide world"
BEGINNING = "This answer breaks off "
ADD = {
    "type": "function",
    "function": {
        "name": "add",
        "parameters": {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}},
    },
}
CHECKS = {}


def behaviour(*names):
    """Register the check of these behaviours."""

    def register(check):
        CHECKS.update(dict.fromkeys(names, check))
        return check

    return register


@pytest.mark.parametrize("name", list(describe()))
def test_each_behaviour_does_what_the_table_says(name, server, ask):
    """Every name that `describe()` knows has a check here, and passes it."""
    CHECKS[name](server, ask, name)


def test_checks_and_table_name_the_same_behaviours():
    """A behaviour that is gone leaves no check behind."""
    assert set(CHECKS) == set(describe())
    assert all(line and "\n" not in line for line in describe().values())


def both(server, ask, name, text=TEXT, **body):
    """Ask streamed and whole, make sure that both say the same, and give the message and the stream."""
    stream = ask(server, name, text, **body)
    whole = ask(server, name, text, stream=False, **body)
    assert (stream.status, whole.status) == (200, 200)
    assert stream.headers["Content-Type"] == "text/event-stream"
    assert stream.raw.endswith(b"data: [DONE]\n\n")
    choice = whole.json["choices"][0]
    assert choice["finish_reason"] == stream.events[-1]["choices"][0]["finish_reason"]
    for field in ("content", "reasoning_content", "reasoning", "refusal"):
        if not isinstance(choice["message"].get(field), list):
            assert stream.joined(field) == (choice["message"].get(field) or "")
    return choice["message"], stream


# ---- what is said ----------------------------------------------------------------------------------


@behaviour("echo")
def _(server, ask, name):
    assert both(server, ask, name)[0]["content"] == TEXT


@behaviour("upper")
def _(server, ask, name):
    assert both(server, ask, name)[0]["content"] == TEXT.upper()


@behaviour("markdown")
def _(server, ask, name):
    content = both(server, ask, name)[0]["content"]
    assert all(mark in content for mark in ("# A", "- first", "| a ", "```python", "`inline", "$e^", "$$\n"))


@behaviour("long", "long-2000")
def _(server, ask, name):
    content = both(server, ask, name)[0]["content"]
    assert len(content.split()) == (2000 if name == "long-2000" else 200)
    assert len(both(server, ask, "long-7")[0]["content"].split()) == 7


@behaviour("json")
def _(server, ask, name):
    assert orjson.loads(both(server, ask, name)[0]["content"])["answer"] == TEXT
    inner = {"name": {"type": "string"}, "age": {"anyOf": [{"type": "integer"}, {"type": "null"}]}}
    inner |= {"tags": {"type": "array", "items": {"enum": ["x", "y"]}}, "size": {"type": ["number", "null"]}}
    inner |= {"ok": {"type": "boolean"}, "gone": {"type": "null"}, "kind": {"const": 5}}
    schema = {"name": "person", "schema": {"type": "object", "properties": inner}}
    asked = {"type": "json_schema", "json_schema": schema}
    content = both(server, ask, name, "Ada is 36", response_format=asked)[0]["content"]
    fitting = {
        "name": "Ada is 36",
        "age": 36,
        "tags": ["x"],
        "size": 1.0,
        "ok": True,
        "gone": None,
        "kind": 5,
    }
    assert orjson.loads(content) == fitting


@behaviour("reason", "reason-groq")
def _(server, ask, name):
    field = "reasoning" if name == "reason-groq" else "reasoning_content"
    message, stream = both(server, ask, name)
    assert message[field].startswith("The user wants")
    assert message["content"] == TEXT
    order = [next(iter(event["choices"][0]["delta"]), None) for event in stream.events]
    assert order.index(field) < order.index("content")


@behaviour("reason-details")
def _(server, ask, name):
    message, stream = both(server, ask, name)
    assert message["reasoning"].startswith("The user wants")
    assert "".join(detail["text"] for detail in message["reasoning_details"]) == message["reasoning"]
    assert stream.joined("reasoning") == message["reasoning"]


@behaviour("legacy-call")
def _(server, ask, name):
    whole = ask(server, name, "add 2 and 40", stream=False, functions=[ADD["function"]]).json["choices"][0]
    assert whole["message"]["function_call"] == {"name": "add", "arguments": '{"a":2,"b":40}'}
    assert whole["finish_reason"] == "function_call"
    stream = ask(server, name, "add 2 and 40", tools=[ADD])
    pieces = [event["choices"][0]["delta"].get("function_call", {}) for event in stream.events]
    assert "".join(piece.get("arguments", "") for piece in pieces) == '{"a":2,"b":40}'
    assert both(server, ask, name)[0]["content"] == "No functions were offered."


@behaviour("cite", "annotate")
def _(server, ask, name):
    message, stream = both(server, ask, name)
    assert message["content"] == TEXT
    pages = ["https://example.org/one", "https://example.org/two"]
    if name == "cite":
        assert ask(server, name, stream=False).json["citations"] == pages
        assert all(event["citations"] == pages for event in stream.events)
    else:
        assert [cited["url_citation"]["url"] for cited in message["annotations"]] == pages


@behaviour("paint")
def _(server, ask, name):
    message, _ = both(server, ask, name)
    assert message["content"] == f"Here it is. {TEXT}"
    head, _, data = message["images"][0]["image_url"]["url"].partition(",")
    assert head == "data:image/png;base64"
    assert base64.b64decode(data).startswith(b"\x89PNG")


@behaviour("speak")
def _(server, ask, name):
    message, stream = both(server, ask, name)
    assert (message["content"], message["audio"]["transcript"]) == (None, TEXT)
    with wave.open(io.BytesIO(base64.b64decode(message["audio"]["data"]))) as file:
        whole = file.readframes(file.getnframes())
    spoken = [event["choices"][0]["delta"].get("audio") or {} for event in stream.events]
    assert b"".join(base64.b64decode(piece.get("data", "")) for piece in spoken) == whole
    assert "".join(piece.get("transcript", "") for piece in spoken) == TEXT


@behaviour("vary")
def _(server, ask, name):
    choices = ask(server, name, stream=False, n=3).json["choices"]
    assert [choice["message"]["content"] for choice in choices] == [TEXT, f"1: {TEXT}", f"2: {TEXT}"]
    texts = ["", "", ""]
    for event in ask(server, name, n=3).events:
        for choice in event["choices"]:
            texts[choice["index"]] += choice["delta"].get("content") or ""
    assert texts == [TEXT, f"1: {TEXT}", f"2: {TEXT}"]


@behaviour("choice-error")
def _(server, ask, name):
    assert ask(server, name, stream=False).status == 500
    last = ask(server, name).events[-1]["choices"][0]
    assert (last["finish_reason"], last["error"]["code"]) == ("error", 502)


@behaviour("error-as-events")
def _(server, ask, name):
    reply = ask(server, name)
    assert (reply.status, reply.headers["Content-Type"]) == (200, "text/event-stream")
    assert "error" in orjson.loads(reply.raw)


@behaviour("think")
def _(server, ask, name):
    message, stream = both(server, ask, name)
    assert message["content"].startswith("<think>The user")
    assert message["content"].endswith(f"</think>\n\n{TEXT}")
    assert b"<think>" not in stream.raw
    assert b"</think>" not in stream.raw


@behaviour("tools")
def _(server, ask, name):
    message, stream = both(server, ask, name, "add 2 and 40", tools=[ADD])
    assert [call["function"] for call in message["tool_calls"]] == [
        {"name": "add", "arguments": '{"a":2,"b":40}'}
    ]
    assert stream.raw.count(b'"arguments"') > 3
    assert stream.events[-1]["choices"][0]["finish_reason"] == "tool_calls"
    assert message["content"] is None
    assert "No tools" in both(server, ask, name)[0]["content"]
    assert "No tools" in both(server, ask, name, tools=[ADD], tool_choice="none")[0]["content"]
    result = {"role": "tool", "tool_call_id": message["tool_calls"][0]["id"], "content": "42"}
    messages = [{"role": "user", "content": "add"}, message, result]
    assert both(server, ask, name, messages=messages, tools=[ADD])[0]["content"] == "The tool said: 42"


@behaviour("two-tools")
def _(server, ask, name):
    other = {"type": "function", "function": {"name": "other"}}
    message, stream = both(server, ask, name, tools=[ADD, other])
    assert [call["function"]["name"] for call in message["tool_calls"]] == ["add", "other"]
    assert len({call["id"] for call in message["tool_calls"]}) == 2
    calls = [event["choices"][0]["delta"].get("tool_calls") for event in stream.events]
    assert [call[0]["index"] for call in calls if call][:4] == [0, 1, 0, 1]
    forced = {"type": "function", "function": {"name": "other"}}
    message = both(server, ask, name, tools=[ADD, other], tool_choice=forced)[0]
    assert [call["function"]["name"] for call in message["tool_calls"]] == ["other", "other"]


def _dialogue(server, ask, name, tools, rounds):
    """Go so many rounds, each call answered with its number, and give the messages."""
    messages = [{"role": "user", "content": "add 2 and 40"}]
    for _ in range(rounds):
        message, _ = both(server, ask, name, messages=messages, tools=tools)
        results = [
            {"role": "tool", "tool_call_id": call["id"], "content": str(at)}
            for at, call in enumerate(message.get("tool_calls") or [], len(messages))
        ]
        messages += [message, *results]
        if not results:
            break
    return messages


def _said(messages):
    return [message for message in messages if message["role"] == "assistant"]


def _named(message):
    return [(call["function"]["name"], call["function"]["arguments"]) for call in message["tool_calls"]]


@behaviour("agent-3")
def _(server, ask, name):
    other = {"type": "function", "function": {"name": "other"}}
    said = _said(_dialogue(server, ask, name, [ADD, other], 5))
    assert [_named(message)[0][0] for message in said[:3]] == ["add", "other", "add"]
    assert said[3]["content"] == "Done after 3 calls: 1; 3; 5"
    assert "Done after 0 calls" in both(server, ask, name)[0]["content"]


@behaviour("tool-loop")
def _(server, ask, name):
    said = _said(_dialogue(server, ask, name, [ADD], 4))
    assert [_named(message) for message in said] == [[("add", '{"a":2,"b":40}')]] * 4
    assert "No tools" in both(server, ask, name)[0]["content"]


@behaviour("tool-misspelt")
def _(server, ask, name):
    said = _said(_dialogue(server, ask, name, [ADD], 3))
    assert [_named(message)[0][0] for message in said[:2]] == ["add_", "add"]
    assert said[2]["content"] == "The tool said: 3"


@behaviour("tool-garbled", "tool-garbage")
def _(server, ask, name):
    said = _said(_dialogue(server, ask, name, [ADD], 3))
    arguments = [_named(message)[0][1] for message in said if message.get("tool_calls")]
    half = '{"text": "half'
    assert arguments == ([half, '{"a":2,"b":40}'] if name == "tool-garbled" else [half] * 3)


@behaviour("tool-thoughts")
def _(server, ask, name):
    messages = _dialogue(server, ask, name, [ADD], 2)
    assert messages[1]["reasoning_content"] == messages[-1]["reasoning_content"] == "I need a tool. "
    assert messages[-1]["content"] == "The tool said: 1"
    del messages[1]["reasoning_content"]
    refused = ask(server, name, messages=messages[:3], tools=[ADD])
    assert refused.status == 400
    assert "must be passed back" in refused.json["error"]["message"]


@behaviour("tool-twins")
def _(server, ask, name):
    messages = _dialogue(server, ask, name, [ADD], 2)
    assert [call["id"] for call in messages[1]["tool_calls"]] == ["call_1", "call_1"]
    assert messages[-1]["content"] == "The tool said: 1; 2"


AGE = {
    "type": "object",
    "properties": {"age": {"type": "integer"}, "on": {"type": "string", "format": "date"}},
}
TOLD = {"type": "json_schema", "json_schema": {"name": "x", "schema": AGE}}


@behaviour("json-prose", "json-plain")
def _(server, ask, name):
    asked = (
        f"Ada is 36\n\nAnswer with one JSON object, fitting this JSON Schema:\n{orjson.dumps(AGE).decode()}"
    )
    content = both(server, ask, name, asked)[0]["content"]
    assert content.startswith("Sure")
    json = content.split("```json\n")[1].split("```")[0]
    assert orjson.loads(json) == {"age": 36, "on": "2025-12-31"}
    assert ask(server, name, response_format=TOLD).status == (200 if name == "json-prose" else 400)


@behaviour("json-mended", "json-never")
def _(server, ask, name):
    messages = [{"role": "user", "content": "Ada is 36"}]
    first = both(server, ask, name, messages=messages, response_format=TOLD)[0]
    assert orjson.loads(first["content"]) == {"wrong": True}
    messages += [first, {"role": "user", "content": "That does not fit."}]
    second = both(server, ask, name, messages=messages, response_format=TOLD)[0]
    assert (orjson.loads(second["content"]) == {"wrong": True}) is (name == "json-never")


@behaviour("refuse")
def _(server, ask, name):
    message = both(server, ask, name)[0]
    assert (message["content"], message["refusal"]) == (None, "I cannot help with that.")


@behaviour("empty")
def _(server, ask, name):
    assert both(server, ask, name)[0]["content"] == ""


@behaviour("unicode", "split-utf8")
def _(server, ask, name):
    message, stream = both(server, ask, name)
    assert all(sign in message["content"] for sign in ("你好", "שלום", "e\u0301", "👋🏽", "\U0001d4b3"))
    torn = any(read[0] & 0xC0 == 0x80 for read in stream.reads)
    assert torn == (name == "split-utf8")


@behaviour("memory")
def _(server, ask, name):
    users = [{"role": "user", "content": [{"type": "text", "text": "a"}]}] * 3
    messages = [{"role": "system", "content": "Be brief."}, *users]
    told = "user messages: 3\nsystem prompt: Be brief."
    assert both(server, ask, name, messages=messages)[0]["content"] == told
    assert "(none)" in both(server, ask, name)[0]["content"]


@behaviour("filter")
def _(server, ask, name):
    message, stream = both(server, ask, name)
    assert message["content"] == "Hello big "
    assert stream.events[-1]["choices"][0]["finish_reason"] == "content_filter"


@behaviour("parts")
def _(server, ask, name):
    message = ask(server, name, stream=False).json["choices"][0]["message"]
    assert "".join(part["text"] for part in message["content"]) == TEXT
    assert {"type": "text", "text": "big "} in ask(server, name).events[2]["choices"][0]["delta"]["content"]


# ---- pace ------------------------------------------------------------------------------------------


@behaviour("slow-50", "drip-20")
def _(server, ask, name):
    start = time.monotonic()
    reply = ask(server, name)
    assert time.monotonic() - start >= (0.05 if name == "slow-50" else 0.06)
    assert reply.joined() == ("ok" if name == "slow-50" else TEXT)
    assert len(reply.reads) == (4 if name == "slow-50" else 7)


@behaviour("tiny-20000")
def _(server, ask, name):
    assert ask(server, name).joined().split() == [str(i) for i in range(20000)]
    options = {"stream_options": {"include_usage": True}}
    few = both(server, ask, "tiny-3")[0]
    counted = ask(server, "tiny-3", **options)
    assert few["content"] == counted.joined() == "0 1 2 "
    assert counted.events[-1]["usage"]["completion_tokens"] == 3
    assert counted.raw.endswith(b"data: [DONE]\n\n")
    assert len(ask(server, name, max_tokens=5).events) == 7
    assert len(ask(server, "tiny-0").events) == 2
    assert len(ask(server, "tiny-3", n=2).events) == 10


@behaviour("stall", "stall-after-headers", "silent")
def _(server, ask, name):
    reply = ask(server, name, within=0.15)
    assert isinstance(reply.error, TimeoutError)
    assert reply.status == (0 if name == "silent" else 200)
    assert reply.joined() == (BEGINNING if name == "stall" else "")
    assert server.wait_for(lambda s: s.aborted == 1, timeout=1)


# ---- faults ----------------------------------------------------------------------------------------


@behaviour(*(name for name in describe() if name.startswith("error-") and name[6:].isdigit()))
def _(server, ask, name):
    for stream in (False, True):
        reply = ask(server, name, stream=stream)
        assert reply.status == int(name[6:])
        assert set(reply.json["error"]) == {"message", "type", "param", "code"}
        if name == "error-429":
            assert (reply.headers["Retry-After"], reply.headers["retry-after-ms"]) == ("1", "250")


@behaviour("leak")
def _(server, ask, name):
    reply = ask(server, name, headers={"Authorization": "Bearer sk-planted"})
    assert (reply.status, "sk-planted" in reply.json["error"]["message"]) == (401, True)


@behaviour("context")
def _(server, ask, name):
    reply = ask(server, name)
    assert (reply.status, reply.json["error"]["code"]) == (400, "context_length_exceeded")


@behaviour("flaky-2")
def _(server, ask, name):
    assert [ask(server, name).status for _ in range(4)] == [503, 503, 200, 200]
    assert [ask(server, "flaky-1").status for _ in range(2)] == [503, 200]


@behaviour("limited-3")
def _(server, ask, name):
    replies = [ask(server, name) for _ in range(4)]
    assert [reply.status for reply in replies] == [200, 200, 200, 429]
    assert replies[3].headers["Retry-After"] == "1"
    time.sleep(int(replies[3].headers["retry-after-ms"]) / 1000)
    assert ask(server, name).status == 200


@behaviour("html", "html-502")
def _(server, ask, name):
    reply = ask(server, name)
    assert reply.status == (502 if name == "html-502" else 200)
    assert reply.headers["Content-Type"].startswith("text/html")
    assert reply.raw.startswith(b"<!doctype html>")


@behaviour("empty-object", "error-200")
def _(server, ask, name):
    reply = ask(server, name)
    assert reply.status == 200
    assert list(reply.json) == ([] if name == "empty-object" else ["error"])


@behaviour("redirect")
def _(server, ask, name):
    assert both(server, ask, name)[0]["content"] == TEXT
    assert len(server.requests) == 4
    assert server.requests[1].body == server.requests[0].body


@behaviour("cut", "reset")
def _(server, ask, name):
    for stream in (True, False):
        reply = ask(server, name, stream=stream)
        assert reply.error is not None
        assert reply.raw
    assert ask(server, name).joined() == BEGINNING
    assert server.aborted == 0


@behaviour("cut-clean", "error-midstream", "no-done")
def _(server, ask, name):
    reply = ask(server, name)
    assert reply.error is None
    assert b"[DONE]" not in reply.raw
    assert reply.joined() == (TEXT if name == "no-done" else "Hello big ")
    assert (b'"finish_reason":"stop"' in reply.raw) == (name == "no-done")
    assert ("error" in reply.events[-1]) == (name == "error-midstream")
    whole = ask(server, name, stream=False)
    assert whole.status == (500 if name == "error-midstream" else 200)


@behaviour("bad-json")
def _(server, ask, name):
    for stream in (True, False):
        with pytest.raises(orjson.JSONDecodeError):
            _ = ask(server, name, stream=stream).events
    assert ask(server, name).raw.endswith(b"[DONE]\n\n")


# ---- forms -----------------------------------------------------------------------------------------


@behaviour("crlf", "cr", "no-space", "comments", "bom", "text-plain")
def _(server, ask, name):
    change = {
        "crlf": lambda raw: raw.replace(b"\r\n", b"\n"),
        "cr": lambda raw: raw.replace(b"\r", b"\n"),
        "no-space": lambda raw: raw.replace(b"data:", b"data: "),
        "comments": lambda raw: raw.replace(b": keep-alive\n\n", b""),
        "bom": lambda raw: raw.removeprefix(b"\xef\xbb\xbf"),
        "text-plain": lambda raw: raw,
    }[name]
    reply = ask(server, name)
    plain = change(reply.raw)
    assert (plain == reply.raw) == (name == "text-plain")
    assert reply.headers["Content-Type"] == ("text/plain" if name == "text-plain" else "text/event-stream")
    reply.raw = plain
    assert reply.joined() == TEXT


@behaviour("multiline-data")
def _(server, ask, name):
    block = ask(server, name).raw.split(b"\n\n")[1]
    lines = block.split(b"\n")
    assert len(lines) > 5
    whole = orjson.loads(b"\n".join(line.removeprefix(b"data: ") for line in lines))
    assert whole["choices"][0]["delta"] == {"content": "Hello "}


@behaviour("gzip", "deflate", "br")
def _(server, ask, name):
    for stream in (True, False):
        reply = ask(server, name, stream=stream)
        assert reply.headers["Content-Encoding"] == name
        reply.raw = brotli.decompress(reply.raw) if name == "br" else zlib.decompress(reply.raw, 47)
        assert (reply.joined() if stream else reply.json["choices"][0]["message"]["content"]) == TEXT


@behaviour("ndjson")
def _(server, ask, name):
    reply = ask(server, name)
    assert reply.headers["Content-Type"] == "application/x-ndjson"
    texts = [orjson.loads(line)["choices"][0]["delta"].get("content") for line in reply.raw.splitlines()]
    assert "".join(text or "" for text in texts) == TEXT


@behaviour("null-fields")
def _(server, ask, name):
    events = ask(server, name).events
    deltas = [event["choices"][0]["delta"] for event in events if event["choices"]]
    assert any(not event["choices"] and event["usage"] is None for event in events)
    assert None in deltas
    assert {"role": None, "content": None, "tool_calls": None} in deltas
    assert "".join((delta or {}).get("content") or "" for delta in deltas) == TEXT


@behaviour("one-byte")
def _(server, ask, name):
    message, stream = both(server, ask, name)
    assert message["content"] == "ok"
    assert {len(read) for read in stream.reads} == {1}
