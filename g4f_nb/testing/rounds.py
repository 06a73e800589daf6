"""Answers that take several rounds, told by the messages alone: calls in turn, faults mended after a hint."""

from __future__ import annotations

import re

import orjson

from .answers import Say, Scripted, call_deltas, sample, spoken
from .question import ChatRequest, Json, text_of

_HALF_OBJECT = '{"text": "half'


def agent(question: ChatRequest) -> Scripted:
    """Call the tools one after another, one a round, for N rounds; then tell the last result."""
    done = _results(question)
    if len(done) >= question.number or not question.tools:
        return Scripted.of(f"Done after {len(done)} calls: {'; '.join(done[-question.number :])}")
    tool = question.tools[len(done) % len(question.tools)]
    return _calling(question, [tool])


def again(question: ChatRequest) -> Scripted:
    """Make the same call for ever."""
    return _calling(question, question.tools[:1]) if question.tools else Scripted.of("No tools were offered.")


def misspelt(question: ChatRequest) -> Scripted:
    """Call a tool that is not there; after the complaint the right one; then quote it."""
    done = _results(question)
    if not question.tools or len(done) > 1:
        return Scripted.of(f"The tool said: {done[-1] if done else 'nothing'}")
    tool = question.tools[0]
    name = tool["function"]["name"]
    chosen = tool if done else {**tool, "function": {**tool["function"], "name": f"{name}_"}}
    return _calling(question, [chosen])


def garbled(times: int | None) -> Say:
    """Send half of the arguments so many times (`None`: always), then whole ones; then quote the result."""

    def say(question: ChatRequest) -> Scripted:
        done = _results(question)
        if not question.tools or (times is not None and len(done) > times):
            return Scripted.of(f"The tool said: {done[-1] if done else 'nothing'}")
        wrong = times is None or len(done) < times
        return _calling(question, question.tools[:1], arguments=_HALF_OBJECT if wrong else None)

    return say


def thinking(question: ChatRequest) -> Scripted:
    """Think, then call the first tool; think again, then quote the result."""
    done = _results(question)
    if question.tools and not done:
        said = _calling(question, question.tools[:1])
    else:
        said = Scripted.of(f"The tool said: {'; '.join(done)}")
    return Scripted((*spoken("I need a tool. ", "reasoning_content"), *said.deltas), said.finish)


def twins(question: ChatRequest) -> Scripted:
    """Call the first tool twice under one id; then quote both results."""
    done = _results(question)
    if done or not question.tools:
        return Scripted.of(f"The tool said: {'; '.join(done)}")
    return _calling(question, [question.tools[0]] * 2, ids=["call_1", "call_1"])


def in_words(question: ChatRequest) -> Scripted:
    """Give JSON in a fence with prose around it, fitting the JSON Schema that the prompt holds."""
    return Scripted.of(f"Sure, here it is:\n\n```json\n{_fitting(question)}\n```\nAnything else?")


def mended(question: ChatRequest) -> Scripted:
    """Give JSON that does not fit; once it was told so, JSON that does."""
    if _was_corrected(question):
        return Scripted.of(_fitting(question))
    return Scripted.of('{"wrong": true}')


def never(_: ChatRequest) -> Scripted:
    """Give JSON that fits nothing."""
    return Scripted.of('{"wrong": true}')


def _results(question: ChatRequest) -> list[str]:
    """What the tools said since the user last spoke."""
    found: list[str] = []
    for message in question.messages:
        if message["role"] == "user":
            found = []
        elif message["role"] == "tool":
            found.append(text_of(message))
    return found


def _was_corrected(question: ChatRequest) -> bool:
    return len(question.messages) > 1 and question.messages[-2]["role"] == "assistant"


def _calling(
    question: ChatRequest,
    tools: list[Json] | tuple[Json, ...],
    *,
    arguments: str | None = None,
    ids: list[str] | None = None,
) -> Scripted:
    deltas: list[Json] = []
    for index, tool in enumerate(tools):
        own = ids[index] if ids else None
        deltas += call_deltas(tool, question, index, arguments=arguments, call_id=own)
    return Scripted(tuple(deltas), "tool_calls")


def _fitting(question: ChatRequest) -> str:
    """JSON for the schema in `response_format`, else for the last one in the prompt."""
    asked = question.response_format or {}
    schema = (asked.get("json_schema") or {}).get("schema")
    prompt = question.text
    in_prompt = re.search(r"JSON Schema:\n(\{.*\})", prompt)
    if schema is None and in_prompt is not None:
        schema = orjson.loads(in_prompt[1])
    # What was asked stands in the first question; a correction asks for the schema alone.
    first = next((text_of(m) for m in question.messages if m["role"] == "user"), "")
    said = re.sub(r"\s*Answer with one JSON object.*", "", first, flags=re.DOTALL)
    return orjson.dumps(sample(schema, said) if schema else {"answer": said}).decode()
