"""A `Reply` as JSON and back: all that it is, but for what only its own kernel could know."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, fields
from types import NoneType
from typing import Any, TypeVar

import orjson

from g4f_nb.chunks import (
    Alternative,
    AudioResponse,
    Chunk,
    FinishReason,
    ProviderFailed,
    Reasoning,
    Source,
    ToolCall,
    ToolCalls,
    ToolResult,
    Usage,
)
from g4f_nb.errors import sort_of
from g4f_nb.prices import Cost
from g4f_nb.reply import Reply, Step
from g4f_nb.stored.packing import packed

T = TypeVar("T")
# What the fields of those values may hold, by what is written behind their names.
_TYPES: Mapping[Any, tuple[type, ...]] = {
    "str": (str,),
    "str | None": (str, NoneType),
    "bool": (bool,),
    "float": (int, float),
    "float | None": (int, float, NoneType),
    # Some services count in numbers with a point.
    "int | None": (int, float, NoneType),
    "dict[str, Any] | None": (dict, NoneType),
}


class DamagedError(ValueError):
    """Something is not of the form that it should have; the message says what."""


def reply_json(reply: Reply) -> dict[str, Any]:
    """A reply as JSON values; what is empty is left out. Its messages are left to whoever holds it."""
    made = {
        "provider": reply.provider,
        "model": reply.model,
        "url": reply.url,
        "steps": [_step_json(step) for step in reply.steps],
        "running": _step_json(reply.running),
        "finish_reason": reply.finish_reason,
        "sources": [[source.url, source.title] for source in reply.sources],
        "images": list(reply.images),
        "audio": None if reply.audio is None else _audio_json(reply.audio),
        "refusal": reply.refusal,
        "failed": [asdict(each) for each in reply.failed],
        "alternatives": [reply_json(other) for other in reply.alternatives],
        "ttft": reply.ttft,
        "seconds": reply.seconds,
        "partial": reply.partial,
        "cached": reply.cached,
        "stopped_by": reply.stopped_by,
        "parse_error": reply.parse_error,
        "returns_reasoning": reply.returns_reasoning,
        "cost": None if reply.cost is None else [reply.cost, reply.price_source, reply.price_date],
        # An instance of the user's own type comes back as the JSON values that it is made of.
        "data": None if reply.data is None else orjson.loads(packed({"data": reply.data}))["data"],
    }
    return {name: value for name, value in made.items() if value not in (None, [], {}, False)}


def reply_from_json(data: Mapping[str, Any]) -> Reply:
    """The reply again; raises `DamagedError` where something is of no form that a reply has."""
    reply = Reply(provider=text_or_none(data, "provider"), model=text_or_none(data, "model"))
    for step in listed(data, "steps"):
        _add_step(reply, step)
        reply.end_round(retract=step.get("retracted") is True)
    _add_step(reply, table(data.get("running", {}), "running"))
    reply.finish_reason = text_or_none(data, "finish_reason")
    reply.url = text_or_none(data, "url")
    reply.sources = tuple(
        _made(Source, dict(zip(("url", "title"), each, strict=True))) for each in data.get("sources", ())
    )
    reply.images = _texts(data, "images")
    reply.audio = _audio(table(data["audio"], "audio")) if "audio" in data else None
    reply.refusal = text_or_none(data, "refusal")
    reply.failed = tuple(_made(ProviderFailed, each) for each in listed(data, "failed"))
    reply.ttft, reply.seconds = number_or_none(data, "ttft"), number_or_none(data, "seconds")
    reply.partial = data.get("partial") is True
    reply.cached = data.get("cached") is True
    reply.stopped_by, reply.parse_error = text_or_none(data, "stopped_by"), text_or_none(data, "parse_error")
    reply.returns_reasoning = data.get("returns_reasoning") is True
    reply.data = data.get("data")
    if "cost" in data:
        usd, source, date = data["cost"]
        reply.settled_cost = _made(Cost, {"usd": usd, "source": source, "date": date})
    for number, other in enumerate(listed(data, "alternatives"), 1):
        for chunk in _chunks(table(other.get("running", {}), "running")):
            reply.add(Alternative(number, chunk))
    # The rounds made messages; what a dialogue is sent on with is kept beside the reply, as it was.
    reply.messages = []
    return reply


# ---- reading, strictly -----------------------------------------------------------------------------


def table(value: Any, name: str) -> Mapping[str, Any]:
    """A JSON object, or an error."""
    if not isinstance(value, Mapping):
        raise DamagedError(f"{name} is {sort_of(value)}, no object")
    return value


def listed(data: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """A list of JSON objects, empty if it is not there."""
    value = data.get(name, [])
    if not isinstance(value, list):
        raise DamagedError(f"{name} is {sort_of(value)}, no list")
    return [table(each, f"a part of {name}") for each in value]


def text_or_none(data: Mapping[str, Any], name: str) -> str | None:
    """A text, `None` if it is not there."""
    value = data.get(name)
    if not isinstance(value, str | None):
        raise DamagedError(f"{name} is {sort_of(value)}, no text")
    return value


def number_or_none(data: Mapping[str, Any], name: str) -> float | None:
    """A number, `None` if it is not there."""
    value = data.get(name)
    if not isinstance(value, int | float | None) or isinstance(value, bool):
        raise DamagedError(f"{name} is {sort_of(value)}, no number")
    return value


def _texts(data: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = data.get(name, [])
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise DamagedError(f"{name} is no list of texts")
    return tuple(value)


def _made(kind: Callable[..., T], data: Mapping[str, Any]) -> T:
    """One of our small values, each of its fields what it may be."""
    for each in fields(kind):  # type: ignore[arg-type]  # they are dataclasses
        value, types = data.get(each.name), _TYPES[each.type]
        if each.name not in data or (isinstance(value, types) and (type(value) is not bool or bool in types)):
            continue
        raise DamagedError(f"{each.name} is {sort_of(value)}")
    return kind(**data)


# ---- parts -----------------------------------------------------------------------------------------


def _step_json(step: Step) -> dict[str, Any]:
    made = {
        "text": step.text,
        "reasoning": step.reasoning,
        "tool_calls": [asdict(call) for call in step.tool_calls],
        "tool_results": [asdict(result) for result in step.tool_results],
        "usage": None if step.usage is None else asdict(step.usage),
        "finish_reason": step.finish_reason,
        "retracted": step.retracted,
    }
    return {name: value for name, value in made.items() if value}


def _add_step(reply: Reply, step: Mapping[str, Any]) -> None:
    for chunk in _chunks(step):
        reply.add(chunk)


def _chunks(step: Mapping[str, Any]) -> Iterator[str | Chunk]:
    thought, said = text_or_none(step, "reasoning"), text_or_none(step, "text")
    if thought:
        yield Reasoning(thought)
    if said:
        yield said
    calls = tuple(_made(ToolCall, call) for call in listed(step, "tool_calls"))
    if calls:
        yield ToolCalls(calls)
    for result in listed(step, "tool_results"):
        yield _made(ToolResult, result)
    if "usage" in step:
        yield _made(Usage, table(step["usage"], "usage"))
    reason = text_or_none(step, "finish_reason")
    if reason is not None:
        yield FinishReason(reason)


def _audio_json(audio: AudioResponse) -> dict[str, Any]:
    return {
        "data": base64.b64encode(audio.data).decode(),
        "format": audio.format,
        "transcript": audio.transcript,
        "id": audio.id,
    }


def _audio(data: Mapping[str, Any]) -> AudioResponse:
    try:
        sound = base64.b64decode(data["data"], validate=True)
    except binascii.Error:
        raise DamagedError("the sound is no base64") from None
    kind = text_or_none(data, "format") or "mp3"
    return AudioResponse(sound, kind, text_or_none(data, "transcript"), id=text_or_none(data, "id"))
