"""From OpenAI's chat form to its Responses API: items instead of messages, flat tools, other names. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from g4f_nb.errors import InvalidParameterError
from g4f_nb.messages import content_text
from g4f_nb.providers.native.parts import (
    SYSTEM_ROLES,
    Audio,
    File,
    Film,
    Image,
    Part,
    Text,
    calls_in,
    cannot_take,
    chosen_function,
    function_of,
    numbered,
    parts_of,
    schema_of,
)

# What the thoughts of an answer are called in OpenAI's message of it: encrypted, they go back with its calls.
THOUGHTS = "reasoning_items"
_SERVICE = "OpenAI"
SAME = frozenset(
    {"temperature", "top_p", "top_logprobs", "parallel_tool_calls", "previous_response_id", "include",
     "metadata", "truncation", "user", "safety_identifier", "prompt_cache_key", "prompt_cache_retention",
     "service_tier", "max_tool_calls", "store", "prompt", "conversation"}
)  # fmt: skip


def body_of(
    model: str, messages: Sequence[Mapping[str, Any]], fields: Mapping[str, Any], *, stream: bool
) -> dict[str, Any]:
    """The whole body of a request; the service keeps nothing of it unless `store` says so."""
    instructions, given = items_of(messages)
    body: dict[str, Any] = {"model": model, "input": given, "store": False}
    if instructions:
        body["instructions"] = instructions
    body.update((name, value) for name, value in fields.items() if name in SAME)
    if "max_tokens" in fields:
        body["max_output_tokens"] = fields["max_tokens"]
    if "tools" in fields:
        body["tools"] = [_tool(tool) for tool in fields["tools"]]
    if "tool_choice" in fields:
        name = chosen_function(fields["tool_choice"])
        body["tool_choice"] = fields["tool_choice"] if name is None else {"type": "function", "name": name}
    body.update(
        (name, value) for name, value in (("reasoning", _thinking(fields)), ("text", _text(fields))) if value
    )
    if stream:
        body["stream"] = True
    return body


def items_of(messages: Sequence[Mapping[str, Any]]) -> tuple[str, list[dict[str, Any]]]:
    """The instructions, which are what the system says before anybody else, and the items of the input."""
    instructions: list[str] = []
    found: list[dict[str, Any]] = []
    for where, role, message in numbered(messages):
        content = message.get("content")
        if role in SYSTEM_ROLES and not found:
            instructions.append(content_text(content))
        elif role in SYSTEM_ROLES:
            found.append({"role": "developer", "content": content_text(content)})
        elif role == "assistant":
            found += _said(message, where)
        elif role in ("tool", "function"):
            found.append(_result(message, where))
        elif role == "user":
            found.append({"role": "user", "content": _content(content, where)})
        else:
            raise InvalidParameterError(
                f"{where} has the role {role!r}: the roles are system, user, assistant and tool"
            )
    return "\n\n".join(filter(None, instructions)), found


def without_summary(body: Mapping[str, Any], words: str) -> dict[str, Any] | None:
    """The request without the summary of thoughts, which not every account may ask for."""
    reasoning = body.get("reasoning")
    if not isinstance(reasoning, Mapping) or "summary" not in reasoning or "summar" not in words.lower():
        return None
    return {**body, "reasoning": {name: value for name, value in reasoning.items() if name != "summary"}}


def _thinking(fields: Mapping[str, Any]) -> dict[str, Any]:
    given = dict(fields.get("reasoning") or {})
    if "reasoning_effort" not in fields:
        return given
    shown = {} if fields["reasoning_effort"] == "none" else {"summary": "auto"}
    return {"effort": fields["reasoning_effort"], **shown, **given}


def _text(fields: Mapping[str, Any]) -> dict[str, Any]:
    given = dict(fields.get("text") or {})
    if "verbosity" in fields:
        given["verbosity"] = fields["verbosity"]
    if "response_format" in fields:
        given["format"] = _format(fields["response_format"])
    return given


def _content(content: object, where: str) -> str | list[dict[str, Any]]:
    if isinstance(content, str):
        return content
    return [_part(part, where) for part in parts_of(content, where)]


def _part(part: Part, where: str) -> dict[str, Any]:
    match part:
        case Text():
            return {"type": "input_text", "text": part.text}
        case Image():
            url = part.url or f"data:{part.media_type};base64,{part.data}"
            return {"type": "input_image", "image_url": url, "detail": part.detail or "auto"}
        case File():
            named = {"filename": part.name} if part.name else {}
            if part.id:
                return {"type": "input_file", "file_id": part.id}
            return {"type": "input_file", "file_data": f"data:{part.media_type};base64,{part.data}", **named}
        case Film():
            raise cannot_take(part, where, _SERVICE)
        case Audio():
            return {"type": "input_audio", "input_audio": {"format": part.format, "data": part.data}}


def _said(message: Mapping[str, Any], where: str) -> list[dict[str, Any]]:
    thoughts = message.get(THOUGHTS)
    found = [dict(item) for item in thoughts] if isinstance(thoughts, Sequence) else []
    words = ""
    for part in parts_of(message.get("content"), where):
        if not isinstance(part, Text):
            raise cannot_take(part, where, _SERVICE)
        words += part.text
    if words:
        found.append({"role": "assistant", "content": words})
    for call in calls_in(message, where):
        written = orjson.dumps(call.arguments).decode()
        found.append({"type": "function_call", "call_id": call.id, "name": call.name, "arguments": written})
    return found


def _result(message: Mapping[str, Any], where: str) -> dict[str, Any]:
    call_id = str(message.get("tool_call_id") or "")
    output = _content(message.get("content") or "", where)
    return {"type": "function_call_output", "call_id": call_id, "output": output}


def _tool(tool: object) -> dict[str, Any]:
    function = function_of(tool, _SERVICE)
    if function is None:
        return dict(tool) if isinstance(tool, Mapping) else {}
    # Here a schema is strict unless it says that it is not; in the chat form it is the other way round.
    return {
        "type": "function",
        "name": function["name"],
        "parameters": function.get("parameters") or {"type": "object", "properties": {}},
        "strict": bool(function.get("strict")),
        **({"description": function["description"]} if function.get("description") else {}),
    }


def _format(asked: Mapping[str, Any]) -> dict[str, Any]:
    if schema_of(asked) is None:
        return dict(asked)
    given: Mapping[str, Any] = asked["json_schema"]
    return {"type": "json_schema", "name": "answer", **given}
