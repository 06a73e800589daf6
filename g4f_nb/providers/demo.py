"""`Demo`: answers without key, network or model, so that every feature can be tried offline.

It is deterministic and says what it is. Words in the prompt choose what it shows: `list`, `table`, `code`,
`math`, `long`, `json`, `think`, `tool`, `stall`, `error 429` (any status), `error timeout`,
`error connection`, `error interrupted`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from g4f_nb import parameters
from g4f_nb.chunks import FinishReason, ProviderInfo, Reasoning, ToolCall, ToolCalls, Usage
from g4f_nb.errors import (
    ConnectionFailedError,
    G4FError,
    InvalidParameterError,
    RequestTimeoutError,
    StreamInterruptedError,
    shorten,
)
from g4f_nb.messages import check_messages, content_text, last_user_text
from g4f_nb.providers.base import AsyncGeneratorProvider
from g4f_nb.providers.mixins import ProviderModelMixin
from g4f_nb.providers.sending.checks import what_is_wrong
from g4f_nb.samples import sample
from g4f_nb.typing import AsyncResult, Messages
from g4f_nb.wire.complaints import Complaint
from g4f_nb.wire.failures import error_for

# Seconds before the first word and between two words.
_PACES = {"demo": (0.25, 0.015), "demo-fast": (0.02, 0.001), "demo-slow": (0.8, 0.08)}

_LIST = "- a point\n- another one\n  - and one below it\n\n1. first\n2. second\n"
_TABLE = "| planet | moons | day in hours |\n|---|---:|---:|\n| Mercury | 0 | 1408 |\n| Mars | 2 | 25 |\n"
_CODE = (
    "```python\ndef fibonacci(n):\n    a, b = 0, 1\n    for _ in range(n):\n        a, b = b, a + b\n"
    "    return a\n\nprint([fibonacci(n) for n in range(10)])\n```\n"
)
_MATH = (
    "The roots are $x = \\frac{-b \\pm \\sqrt{b^2 - 4ac}}{2a}$, and\n\n"
    "$$\\int_0^1 x^2\\,dx = \\frac{1}{3}$$\n"
)
_JSON = '{"provider": "Demo", "model_behind_it": false, "planets": [{"name": "Mars", "moons": 2}]}'
_SENTENCE = "The quick brown fox jumps over the lazy dog, and sentence {} of this long text ends here. "
_SECTIONS: Mapping[str, tuple[str, str]] = {
    "list": ("A list", _LIST),
    "table": ("A table", _TABLE),
    "code": ("Code", _CODE),
    "math": ("Math", _MATH),
    "long": ("A long text", "".join(_SENTENCE.format(i + 1) for i in range(60)) + "\n"),
}
# What is called where the prompt asks for a tool call and none was offered.
_TOOL = {"function": {"name": "demo_tool", "parameters": {"properties": {"text": {"type": "string"}}}}}
_EXAMPLE = "No model is here: this example fits the schema, and is made of the prompt's words and numbers."
_THOUGHTS = (
    "The user wants to see reasoning. There is no model here, so this text stands in for its thoughts."
)


class Demo(AsyncGeneratorProvider, ProviderModelMixin):
    """The embedded provider: no key, no network, no model; every kind of answer on request."""

    label = "Demo (offline)"
    working = True
    supports_message_history = True
    supports_system_message = True
    default_model = "demo"
    json_mode = "schema"
    models = list(_PACES)  # noqa: RUF012  # class API

    @classmethod
    def check_parameters(cls, names: Iterable[str]) -> None:
        """Take every name that a call may carry, so that Demo can stand in for any other provider."""
        parameters.refuse_unknown(names, parameters.SAFE_PARAMETERS, provider=cls.__name__)

    @classmethod
    async def create_async_generator(
        cls,
        model: str,
        messages: Messages,
        stream: bool = True,
        temperature: float | None = None,
        max_tokens: int | None = None,
        stop: str | list[str] | None = None,
        tools: list[dict[str, Any]] | None = None,
        response_format: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> AsyncResult:
        """Answer with what the prompt's words ask for; `temperature` changes nothing."""
        cls.check_parameters(kwargs)
        given = {"temperature": temperature, "max_tokens": max_tokens, "stop": stop, "tools": tools, **kwargs}
        wrong = what_is_wrong({**given, "response_format": response_format})
        if wrong:
            raise InvalidParameterError(wrong, provider=cls.__name__)
        model = cls.get_model(model)
        messages = check_messages(messages)
        prompt, schema = _asked(last_user_text(messages), response_format)
        first, between = _PACES[model]
        await asyncio.sleep(first)
        yield ProviderInfo(cls.__name__, model)
        words = set(re.findall(r"[a-z]+", prompt.lower()))
        failure = _failure(prompt)
        if failure is not None and not isinstance(failure, StreamInterruptedError):
            raise failure
        spent = sum(len(content_text(message.get("content")).split()) for message in messages)
        if words & {"tool", "tools"}:
            tools = tools or [_TOOL]
        if tools and not _has_results(messages):
            calls = _calls(tools, prompt)
            yield ToolCalls(calls)
            yield FinishReason("tool_calls")
            yield Usage(spent, len(calls), spent + len(calls))
            return
        thoughts = _THOUGHTS if words & {"think", "reason", "reasoning"} else ""
        if schema is not None:
            thoughts += _EXAMPLE
        for word in _words(thoughts):
            await asyncio.sleep(between)
            yield Reasoning(word)
        if schema is not None:
            text = orjson.dumps(_example(schema, prompt), option=orjson.OPT_INDENT_2).decode()
        else:
            text = _answer(prompt, words, messages, wants_json=bool(response_format))
        text, reason = _cut(text, max_tokens, stop)
        pieces = _words(text)
        stalls = "stall" in words
        if stream or stalls or failure is not None:
            async for chunk in _paced(pieces, between, stalls=stalls, failure=failure):
                yield chunk
        else:
            yield text
        yield FinishReason(reason)
        yield Usage(spent, len(pieces), spent + len(pieces))


async def _paced(
    pieces: Sequence[str], between: float, *, stalls: bool, failure: G4FError | None
) -> AsyncResult:
    half = len(pieces) // 2
    for position, piece in enumerate(pieces):
        if position == half and failure is not None:
            failure.partial = "".join(pieces[:half])
            raise failure
        if position == half and stalls:
            await asyncio.sleep(3600)
        await asyncio.sleep(between)
        yield piece


def _answer(prompt: str, words: set[str], messages: Messages, *, wants_json: bool) -> str:
    if wants_json or "json" in words:
        return _JSON
    last = messages[-1]
    if last.get("role") == "tool":
        return "\n".join(_told(message) for message in _results(messages))
    asked = [(title, text) for word, (title, text) in _SECTIONS.items() if word in words]
    quoted = " ".join(shorten(prompt, 80).split())
    opening = f"This is **Demo**: no model is behind it, so it cannot really answer “{quoted}”."
    if not asked:
        return (
            f"{opening} It shows what answers look like: ask for a *list*, a *table*, *code*, *math*, "
            "*json*, a *long* text, or let it *think*."
        )
    return "\n".join([f"{opening}\n", *(f"### {title}\n\n{text}" for title, text in asked)])


def _failure(prompt: str) -> G4FError | None:
    asked = re.search(r"\berror (\d{3}|timeout|connection|interrupted)\b", prompt.lower())
    if asked is None:
        return None
    kind = asked[1]
    if kind == "timeout":
        return RequestTimeoutError("Demo was asked to time out: ask without the word", provider="Demo")
    if kind == "connection":
        return ConnectionFailedError(
            "Demo was asked for a failed connection: ask without it", provider="Demo"
        )
    if kind == "interrupted":
        return StreamInterruptedError("Demo was asked to break off: ask without the word", provider="Demo")
    return error_for(Complaint("Demo was asked for this error"), status=int(kind), provider="Demo")


def _cut(text: str, max_tokens: int | None, stop: str | list[str] | None) -> tuple[str, str]:
    for word in filter(None, [stop] if isinstance(stop, str) else stop or []):
        text = text.partition(word)[0]
    pieces = _words(text)
    if max_tokens is not None and len(pieces) > max_tokens:
        return "".join(pieces[:max_tokens]), "length"
    return text, "stop"


def _words(text: str) -> list[str]:
    return re.findall(r"\S+\s*|\s+", text)


def _asked(prompt: str, response_format: Mapping[str, Any] | None) -> tuple[str, Any]:
    """What the user said, and the JSON Schema that the answer shall fit, told apart or in words."""
    told = ((response_format or {}).get("json_schema") or {}).get("schema")
    said, mark, schema = prompt.partition("JSON Schema:\n")
    if not mark:
        return prompt, told
    try:
        return said.rpartition("\n\n")[0], told or orjson.loads(schema)
    except orjson.JSONDecodeError:
        return prompt, told


def _results(messages: Messages) -> list[dict[str, Any]]:
    """What tools said since the user last spoke."""
    spoke = max((at for at, message in enumerate(messages) if message.get("role") == "user"), default=-1)
    return [message for message in messages[spoke + 1 :] if message.get("role") == "tool"]


def _has_results(messages: Messages) -> bool:
    return bool(_results(messages))


def _told(message: Mapping[str, Any]) -> str:
    name = f"`{message['name']}`" if message.get("name") else "The tool"
    return f"{name} answered: {shorten(content_text(message.get('content')), 200)}"


def _calls(tools: Sequence[Mapping[str, Any]], prompt: str) -> tuple[ToolCall, ...]:
    """Calls of the tools that the prompt names, else of the first, with its numbers and names."""
    functions = [tool.get("function") or tool for tool in tools]
    said = set(re.findall(r"\w+", prompt.lower()))
    named = [one for one in functions if set(str(one.get("name")).lower().split("_")) <= said]
    return tuple(
        ToolCall(
            f"call_demo{at or ''}",
            str(one.get("name") or "tool"),
            orjson.dumps(_example(one.get("parameters") or {}, prompt, optional=False)).decode(),
        )
        for at, one in enumerate(named or functions[:1])
    )


def _example(schema: Mapping[str, Any], prompt: str, *, optional: bool = True) -> Any:
    """A value that fits: the prompt's numbers, and what it quotes or writes with a capital, in order."""
    quoted = re.findall(r"[\"“]([^\"”]{1,80})[\"”]", prompt)
    # Every sentence begins with a capital; only before such verbs it is a name.
    capitals = re.findall(r"(?<=[a-z,] )[A-Z][\w-]*|\b[A-Z][\w-]*(?= (?:is|was|has|lives)\b)", prompt)
    texts = iter([*quoted, *capitals])
    numbers = map(float, re.findall(r"-?\d+(?:\.\d+)?", prompt))
    return sample(schema, numbers=numbers, text=lambda _: next(texts, "demo"), optional=optional)
