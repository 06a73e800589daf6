"""What the GigaChat test server says, and how that becomes bytes: the model's name chooses both."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import orjson

from .answers import sample
from .gigachat_rules import Json
from .travel import Leave, Pause, Step

_FORBIDDEN = "Давайте сменим тему."
# The trial models beside the service's own, and what each does.
TRIALS = {
    "blacklist": "a topic that the service does not talk about: finish_reason blacklist",
    "invalid-arguments": "finish_reason error, as for arguments that fit no function",
    "reasoning": "thinks before it answers, in reasoning_content",
    "null-finish": "each event of a stream has a finish_reason, which is null until the last",
    "no-space": "`data:` without a space behind it",
    "pretty": "whole answers and events are spread over many lines",
    "no-usage": "tells no counts",
    "error-midstream": "an error object in the middle of the stream",
    "error-N": "status N with the service's own words (429 with Retry-After: 1)",
    "html-502": "the page of a gateway in front of the service",
    "dies-once": "the token that asks first is over",
    "drip-N": "N milliseconds between two events",
    "stall": "a beginning, and then silence",
    "cut": "a beginning, and then the connection ends",
}


@dataclass(frozen=True, slots=True)
class Saying:
    """One answer before it becomes bytes."""

    text: str
    finish: str = "stop"
    call: Json | None = None
    state: str | None = None
    thought: str = ""


def saying(body: Json) -> Saying:
    """What is answered to a chat request that is in order."""
    model, messages = body["model"], body["messages"]
    last = messages[-1]
    if model == "blacklist":
        return Saying(_FORBIDDEN, "blacklist")
    if model == "invalid-arguments":
        return Saying("", "error")
    if last["role"] == "function":
        told = orjson.loads(last["content"])
        before = messages[-2]
        state = before.get("functions_state_id")
        known = f" (state {state})" if state else ""
        return Saying(f"Функция {last['name']} ответила: {orjson.dumps(told).decode()}{known}")
    functions, choice = body.get("functions"), body.get("function_call")
    text = next((message["content"] for message in reversed(messages) if message["role"] == "user"), "")
    if functions and choice != "none":
        return Saying("", "function_call", _call(functions, choice, text), str(uuid.uuid4()))
    form = body.get("response_format")
    if isinstance(form, dict) and form.get("type") == "json_schema":
        text = orjson.dumps(sample(form["schema"], text), option=orjson.OPT_INDENT_2).decode()
    words = re.findall(r"\S+\s*|\s+", text)
    limit = body.get("max_tokens")
    thought = "Подумаем. " if model == "reasoning" else ""
    if isinstance(limit, int) and len(words) > limit:
        return Saying("".join(words[:limit]), "length", thought=thought)
    return Saying(text, thought=thought)


def _call(functions: list[Json], choice: object, text: str) -> Json:
    name = choice.get("name") if isinstance(choice, dict) else None
    function = next((one for one in functions if one["name"] == name), functions[0])
    given = choice.get("partial_arguments") or {} if isinstance(choice, dict) else {}
    made = sample(function.get("parameters") or {"type": "object"}, text)
    return {"name": function["name"], "arguments": (made or {}) | given}


def usage(body: Json, answer: Saying) -> Json:
    """Words, which are this server's tokens; two of the prompt come from the service's own cache."""
    spent = sum(len(message["content"].split()) for message in body["messages"])
    made = len(answer.text.split()) + (answer.call is not None)
    return {
        "prompt_tokens": spent,
        "completion_tokens": made,
        "total_tokens": spent + made,
        "precached_prompt_tokens": 2,
    }


def whole(body: Json, answer: Saying) -> bytes:
    """The answer as one JSON object."""
    message: Json = {"content": answer.text, "role": "assistant", **_beside(answer)}
    data = _envelope(body) | {
        "choices": [{"message": message, "index": 0, "finish_reason": answer.finish}],
        "usage": usage(body, answer),
    }
    return orjson.dumps(data, option=orjson.OPT_INDENT_2 if body["model"] == "pretty" else 0)


def events(body: Json, answer: Saying) -> Iterator[Step]:
    """The answer as an event stream: deltas, the last one with the reason and the counts, then `[DONE]`."""
    model = body["model"]
    steps = list(_deltas(answer))
    for place, delta in enumerate(steps):
        if place == len(steps) // 2 and model in ("stall", "cut", "error-midstream"):
            yield from _interrupted(model)
            return
        yield _event(body, delta, model, finish=None)
        if model.startswith("drip-"):
            yield Pause(int(model.removeprefix("drip-")) / 1000)
    more = {} if model == "no-usage" else {"usage": usage(body, answer)}
    yield _event(body, {"content": ""}, model, finish=answer.finish, **more)
    yield b"data: [DONE]\n\n"


def _interrupted(model: str) -> Iterator[Step]:
    if model == "error-midstream":
        yield b'data: {"status":500,"message":"Internal Server Error"}\n\n'
    elif model == "stall":
        yield Pause(60)
    else:
        yield Leave.CUT


def _deltas(answer: Saying) -> Iterator[Json]:
    if answer.thought:
        yield {"content": "", "reasoning_content": answer.thought, "role": "assistant"}
    if answer.call is not None:
        yield {"content": "", "role": "assistant", **_beside(answer)}
        return
    for place, word in enumerate(re.findall(r"\S+\s*|\s+", answer.text)):
        yield {"content": word, "role": "assistant"} if place == 0 else {"content": word}


def _beside(answer: Saying) -> Json:
    more: Json = {}
    if answer.call is not None:
        more |= {"function_call": answer.call, "functions_state_id": answer.state}
    if answer.thought:
        more["reasoning_content"] = answer.thought
    return more


def _envelope(body: Json) -> Json:
    # A stream's events say the same: the service has no other word for them.
    return {"created": int(time.time()), "model": f"{body['model']}:2.0.28.2", "object": "chat.completion"}


def _event(body: Json, delta: Json, model: str, *, finish: str | None, **more: object) -> bytes:
    choice: Json = {"delta": delta, "index": 0}
    if finish is not None or model == "null-finish":
        choice["finish_reason"] = finish
    data = {"choices": [choice], **_envelope(body), **more}
    if model == "pretty":
        lines = orjson.dumps(data, option=orjson.OPT_INDENT_2).splitlines()
        return b"data:\n" + b"".join(b"data: %b\n" % line for line in lines) + b"\n"
    return b"data:%b%b\n\n" % (b"" if model == "no-space" else b" ", orjson.dumps(data))
