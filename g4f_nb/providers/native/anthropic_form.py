"""From OpenAI's form to Anthropic's Messages: turns of blocks, the system prompt apart. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

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
    as_list,
    calls_in,
    cannot_take,
    chosen_function,
    function_of,
    numbered,
    parts_of,
    schema_of,
)

# What the thoughts of an answer are called in OpenAI's message of it: they go back unchanged with its tools.
THOUGHTS = "thinking_blocks"
_SERVICE = "Anthropic"
# The API wants a limit; all models in service allow this one, and `mended_limit` heeds those that do not.
DEFAULT_MAX_TOKENS = 8192
_BUDGETS = {"minimal": 1024, "low": 2048, "medium": 8192, "high": 16384, "xhigh": 32768, "max": 32768}
_EFFORTS = {"minimal": "low"}
_VERSION = re.compile(r"claude-(?:[a-z]+-)?(\d{1,2})(?:[-.](\d{1,2}))?(?![\d])")
_FIRST_ADAPTIVE = (4, 6)
_SAME = {
    "temperature", "top_p", "top_k", "service_tier", "metadata", "container", "cache_control", "thinking",
    "output_config", "inference_geo", "speed",
}  # fmt: skip


def body_of(
    model: str, messages: Sequence[Mapping[str, Any]], fields: Mapping[str, Any], *, stream: bool
) -> dict[str, Any]:
    """The whole body of a request."""
    system, turns = turns_of(messages)
    body: dict[str, Any] = {"model": model, "max_tokens": DEFAULT_MAX_TOKENS, "messages": turns}
    if system:
        body["system"] = system
    body.update((name, value) for name, value in fields.items() if name in _SAME)
    if "user" in fields:
        body["metadata"] = {"user_id": fields["user"], **body.get("metadata", {})}
    if "stop" in fields:
        body["stop_sequences"] = as_list(fields["stop"])
    if "tools" in fields:
        body["tools"] = [_tool(tool) for tool in fields["tools"]]
    _choose_tool(body, fields)
    if "reasoning_effort" in fields:
        _think(body, model, fields["reasoning_effort"])
    if "response_format" in fields:
        _format(body, fields["response_format"])
    body["max_tokens"] = fields.get("max_tokens") or _limit(body)
    if stream:
        body["stream"] = True
    return body


def turns_of(messages: Sequence[Mapping[str, Any]]) -> tuple[str, list[dict[str, Any]]]:
    """The system prompt, and the turns of user and assistant; what one side says in a row is one turn."""
    system: list[str] = []
    turns: list[dict[str, Any]] = []
    for where, role, message in numbered(messages):
        if role in SYSTEM_ROLES:
            system.append(content_text(message.get("content")))
        elif role == "assistant":
            _add(turns, "assistant", _said(message, where))
        elif role in ("tool", "function"):
            _add(turns, "user", [_result(message, where)])
        elif role == "user":
            blocks = [_block(part, where) for part in parts_of(message.get("content"), where)]
            _add(turns, "user", blocks)
        else:
            raise InvalidParameterError(
                f"{where} has the role {role!r}: the roles are system, user, assistant and tool"
            )
    for turn in turns:
        turn["content"] = _shortest(turn["content"])
    return "\n\n".join(filter(None, system)), turns


def mended_limit(body: Mapping[str, Any], words: str) -> int | None:
    """The limit that the service allows, where its complaint is that our own one is beyond it."""
    if body.get("max_tokens") != _limit(body):
        return None
    found = re.search(r"max_tokens: \d+ > (\d+)", words)
    limit = int(found[1]) if found else 0
    return limit if limit > _budget(body) else None


def _add(turns: list[dict[str, Any]], role: str, blocks: list[dict[str, Any]]) -> None:
    if not blocks:
        # The API refuses a turn without content.
        return
    if turns and turns[-1]["role"] == role:
        blocks = turns.pop()["content"] + blocks
    if role == "user":
        # Results come before whatever else the user says, or they are refused.
        blocks.sort(key=lambda block: block["type"] != "tool_result")
    turns.append({"role": role, "content": blocks})


def _shortest(blocks: list[dict[str, Any]]) -> str | list[dict[str, Any]]:
    (first, *more) = blocks
    return first["text"] if not more and first.keys() == {"type", "text"} else blocks


def _said(message: Mapping[str, Any], where: str) -> list[dict[str, Any]]:
    thoughts = message.get(THOUGHTS)
    blocks = [dict(block) for block in thoughts] if isinstance(thoughts, Sequence) else []
    for part in parts_of(message.get("content"), where):
        if not isinstance(part, Text):
            raise cannot_take(part, where, _SERVICE)
        if part.text:
            blocks.append({"type": "text", "text": part.text})
    blocks += [
        {"type": "tool_use", "id": call.id, "name": call.name, "input": call.arguments}
        for call in calls_in(message, where)
    ]
    return blocks


def _result(message: Mapping[str, Any], where: str) -> dict[str, Any]:
    blocks = [_block(part, where) for part in parts_of(message.get("content"), where)]
    content = _shortest(blocks) if blocks else ""
    return {"type": "tool_result", "tool_use_id": str(message.get("tool_call_id") or ""), "content": content}


def _block(part: Part, where: str) -> dict[str, Any]:
    match part:
        case Text():
            return {"type": "text", "text": part.text}
        case Image(url="") as image:
            source = {"type": "base64", "media_type": image.media_type, "data": image.data}
            return {"type": "image", "source": source}
        case Image():
            return {"type": "image", "source": {"type": "url", "url": part.url}}
        case File():
            title = {"title": part.name} if part.name else {}
            return {"type": "document", "source": _document(part), **title}
        case Audio() | Film():
            raise cannot_take(part, where, _SERVICE)


def _document(part: File) -> dict[str, Any]:
    if part.id:
        return {"type": "file", "file_id": part.id}
    return {"type": "base64", "media_type": part.media_type, "data": part.data}


def _tool(tool: object) -> dict[str, Any]:
    function = function_of(tool, _SERVICE)
    if function is None:
        # One of the service's own, such as its web search.
        return dict(tool) if isinstance(tool, Mapping) else {}
    made: dict[str, Any] = {"name": function["name"]}
    if function.get("description"):
        made["description"] = function["description"]
    made["input_schema"] = function.get("parameters") or {"type": "object", "properties": {}}
    if function.get("strict"):
        made["strict"] = True
    return made


def _choose_tool(body: dict[str, Any], fields: Mapping[str, Any]) -> None:
    choice = fields.get("tool_choice")
    name = chosen_function(choice)
    made: dict[str, Any] = {}
    if name is not None:
        made = {"type": "tool", "name": name}
    elif isinstance(choice, Mapping):
        made = dict(choice)
    elif choice is not None:
        kinds = {"auto": "auto", "none": "none", "required": "any", "any": "any"}
        if choice not in kinds:
            raise InvalidParameterError(
                f"tool_choice={choice!r}: it must be auto, none, required, or a function as in OpenAI's API",
                provider=_SERVICE,
            )
        made = {"type": kinds[choice]}
    if fields.get("parallel_tool_calls") is False and body.get("tools") and made.get("type") != "none":
        made = {"type": "auto", **made, "disable_parallel_tool_use": True}
    if made:
        body["tool_choice"] = made


def _think(body: dict[str, Any], model: str, effort: str) -> None:
    """Newer models decide themselves how long to think and take an effort; older ones take a budget."""
    if effort not in ("none", *_BUDGETS):
        raise InvalidParameterError(
            f"reasoning_effort={effort!r}: it must be none, minimal, low, medium, high, xhigh or max",
            provider=_SERVICE,
        )
    if "thinking" in body:
        return
    if effort == "none":
        body["thinking"] = {"type": "disabled"}
    elif is_adaptive(model):
        body["thinking"] = {"type": "adaptive", "display": "summarized"}
        body["output_config"] = {"effort": _EFFORTS.get(effort, effort), **body.get("output_config", {})}
    else:
        body["thinking"] = {"type": "enabled", "budget_tokens": _BUDGETS[effort]}


def is_adaptive(model: str) -> bool:
    """Whether a model takes an effort and no budget: Claude 4.6 and newer, and names without a version."""
    found = _VERSION.search(model)
    if found is None:
        return True
    return (int(found[1]), int(found[2] or 0)) >= _FIRST_ADAPTIVE


def _format(body: dict[str, Any], asked: Mapping[str, Any]) -> None:
    if asked.get("type") in (None, "text"):
        return
    schema = schema_of(asked)
    if schema is None:
        raise InvalidParameterError(
            f"response_format={dict(asked)!r}: Anthropic's API gives JSON by a schema only, as "
            '{"type": "json_schema", "json_schema": {"name": …, "schema": {…}}}',
            provider=_SERVICE,
        )
    form = {"type": "json_schema", "schema": closed(schema)}
    body["output_config"] = {**body.get("output_config", {}), "format": form}


def closed(schema: Any) -> Any:
    """A schema whose objects say that they hold nothing else, which the API insists on."""
    if isinstance(schema, Mapping):
        made = {name: closed(value) for name, value in schema.items()}
        if made.get("type") == "object":
            made.setdefault("additionalProperties", False)
        return made
    return [closed(part) for part in schema] if isinstance(schema, list) else schema


def _limit(body: Mapping[str, Any]) -> int:
    return DEFAULT_MAX_TOKENS + _budget(body)


def _budget(body: Mapping[str, Any]) -> int:
    thinking = body.get("thinking")
    budget = thinking.get("budget_tokens") if isinstance(thinking, Mapping) else 0
    return budget if isinstance(budget, int) else 0
