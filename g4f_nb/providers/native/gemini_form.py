"""From OpenAI's form to Gemini's: contents of parts, declarations of functions, a generation config. Pure."""

from __future__ import annotations

import re
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
    as_list,
    calls_in,
    cannot_take,
    chosen_function,
    function_of,
    numbered,
    parts_of,
    schema_of,
)

# What the signatures of tool calls are called in OpenAI's message: they go back with their calls.
SIGNATURES = "thought_signatures"
# How the ids begin that we give to calls which came without one; the service never sees them.
OWN_ID = "gemini-call-"
_SERVICE = "Gemini"
# The documented word for a call that another model has made, so that there is no signature.
_UNSIGNED = "skip_thought_signature_validator"
_SIGNS = re.compile(r"gemini-(?:[3-9]|\d\d)")
_CONFIG = {
    "temperature": "temperature", "top_p": "topP", "top_k": "topK", "max_tokens": "maxOutputTokens",
    "seed": "seed", "n": "candidateCount", "presence_penalty": "presencePenalty",
    "frequency_penalty": "frequencyPenalty", "response_modalities": "responseModalities",
    "media_resolution": "mediaResolution", "speech_config": "speechConfig", "image_config": "imageConfig",
    "thinking_config": "thinkingConfig",
}  # fmt: skip
_BESIDE = {"safety_settings": "safetySettings", "cached_content": "cachedContent"}
_BUDGETS = {"none": 0, "minimal": 512, "low": 1024, "medium": 8192, "high": 24576}
_BUDGETED = re.compile(r"gemini-2\.5|gemini-(?:flash|pro)[\w-]*-2\.5")


def body_of(model: str, messages: Sequence[Mapping[str, Any]], fields: Mapping[str, Any]) -> dict[str, Any]:
    """The whole body of a request; the model and whether it streams are told in the address."""
    system, contents = contents_of(messages, signs=_SIGNS.search(model) is not None)
    body: dict[str, Any] = {"contents": contents}
    if system:
        body["systemInstruction"] = {"parts": [{"text": system}]}
    config = {name: fields[given] for given, name in _CONFIG.items() if given in fields}
    if "stop" in fields:
        config["stopSequences"] = as_list(fields["stop"])
    if "reasoning_effort" in fields:
        config.setdefault("thinkingConfig", _thinking(model, fields["reasoning_effort"]))
    if "response_format" in fields:
        config.update(_format(fields["response_format"]))
    if config:
        body["generationConfig"] = config
    if "tools" in fields:
        body["tools"] = tools_of(fields["tools"])
    if "tool_choice" in fields:
        body["toolConfig"] = {"functionCallingConfig": _choice(fields["tool_choice"])}
    body.update((name, fields[given]) for given, name in _BESIDE.items() if given in fields)
    return body


def contents_of(
    messages: Sequence[Mapping[str, Any]], *, signs: bool = False
) -> tuple[str, list[dict[str, Any]]]:
    """The system prompt, and the contents; messages of one side in a row become one.

    `signs` says that the model refuses calls of its own side without a signature.
    """
    system: list[str] = []
    contents: list[dict[str, Any]] = []
    names: dict[str, str] = {}
    for where, role, message in numbered(messages):
        if role in SYSTEM_ROLES:
            system.append(content_text(message.get("content")))
        elif role == "assistant":
            names.update((call.id, call.name) for call in calls_in(message, where))
            _add(contents, "model", _said(message, where, signs=signs))
        elif role in ("tool", "function"):
            _add(contents, "user", _result(message, where, names))
        elif role == "user":
            _add(contents, "user", [_part(part) for part in parts_of(message.get("content"), where)])
        else:
            raise InvalidParameterError(
                f"{where} has the role {role!r}: the roles are system, user, assistant and tool"
            )
    return "\n\n".join(filter(None, system)), contents


def tools_of(tools: Sequence[Any]) -> list[dict[str, Any]]:
    """All functions in one list of declarations, and the service's own tools as they are."""
    declared, others = [], []
    for tool in tools:
        function = function_of(tool, _SERVICE)
        if function is None:
            others.append(dict(tool))
            continue
        made = {"name": function["name"], "description": str(function.get("description") or "")}
        if function.get("parameters"):
            made["parametersJsonSchema"] = function["parameters"]
        declared.append(made)
    return [*([{"functionDeclarations": declared}] if declared else []), *others]


def _add(contents: list[dict[str, Any]], role: str, parts: list[dict[str, Any]]) -> None:
    if not parts:
        return
    if contents and contents[-1]["role"] == role:
        contents[-1]["parts"] += parts
    else:
        contents.append({"role": role, "parts": parts})


def _said(message: Mapping[str, Any], where: str, *, signs: bool) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = []
    for part in parts_of(message.get("content"), where):
        if not isinstance(part, Text):
            raise cannot_take(part, where, _SERVICE)
        if part.text:
            parts.append({"text": part.text})
    signatures = message.get(SIGNATURES)
    signatures = signatures if isinstance(signatures, Mapping) else {}
    for place, call in enumerate(calls_in(message, where)):
        made: dict[str, Any] = {"functionCall": {"name": call.name, "args": call.arguments, **_id(call.id)}}
        signature = signatures.get(call.id) or (_UNSIGNED if signs and not signatures and place == 0 else "")
        if signature:
            made["thoughtSignature"] = signature
        parts.append(made)
    return parts


def _result(message: Mapping[str, Any], where: str, names: Mapping[str, str]) -> list[dict[str, Any]]:
    call_id = str(message.get("tool_call_id") or "")
    name = str(message.get("name") or names.get(call_id) or "")
    if not name:
        raise InvalidParameterError(
            f"{where} answers the call {call_id!r}, which no message before it makes: Gemini wants to know "
            "the name of the function, so give it as name",
            provider=_SERVICE,
        )
    parts = parts_of(message.get("content"), where)
    text = "".join(part.text for part in parts if isinstance(part, Text))
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        value = text
    response = value if isinstance(value, dict) else {"output": value}
    made = {"functionResponse": {"name": name, "response": response, **_id(call_id)}}
    return [made, *(_part(part) for part in parts if not isinstance(part, Text))]


def _id(call_id: str) -> dict[str, str]:
    return {} if not call_id or call_id.startswith(OWN_ID) else {"id": call_id}


def _part(part: Part) -> dict[str, Any]:
    match part:
        case Text():
            return {"text": part.text}
        case Image(url="") | Film(url="") | File(id=""):
            return {"inlineData": {"mimeType": part.media_type, "data": part.data}}
        case Film():
            return {"fileData": {"mimeType": "video/mp4", "fileUri": part.url}}
        case Image():
            return {"fileData": {"mimeType": _type_of(part.url), "fileUri": part.url}}
        case File():
            return {"fileData": {"mimeType": part.media_type, "fileUri": part.id}}
        case Audio():
            return {"inlineData": {"mimeType": f"audio/{part.format}", "data": part.data}}


def _type_of(url: str) -> str:
    ending = url.partition("?")[0].rpartition(".")[2].lower()
    known = {"jpg": "jpeg", "jpeg": "jpeg", "png": "png", "webp": "webp", "gif": "gif", "heic": "heic"}
    return f"image/{known.get(ending, 'jpeg')}"


def _thinking(model: str, effort: str) -> dict[str, Any]:
    """Gemini 2.5 takes a budget of tokens, newer models a level; both give their thoughts when asked to."""
    if effort not in (*_BUDGETS, "xhigh"):
        raise InvalidParameterError(
            f"reasoning_effort={effort!r}: it must be none, minimal, low, medium, high or xhigh",
            provider=_SERVICE,
        )
    shown = {"includeThoughts": effort != "none"}
    if _BUDGETED.search(model) or effort == "none":
        return {**shown, "thinkingBudget": _BUDGETS.get(effort, _BUDGETS["high"])}
    return {**shown, "thinkingLevel": effort.upper()}


def _format(asked: Mapping[str, Any]) -> dict[str, Any]:
    if asked.get("type") in (None, "text"):
        return {}
    schema = schema_of(asked)
    return {
        "responseMimeType": "application/json",
        **({} if schema is None else {"responseJsonSchema": schema}),
    }


def _choice(choice: object) -> dict[str, Any]:
    name = chosen_function(choice)
    if name is not None:
        return {"mode": "ANY", "allowedFunctionNames": [name]}
    if isinstance(choice, Mapping):
        return dict(choice)
    modes = {"auto": "AUTO", "none": "NONE", "required": "ANY", "any": "ANY"}
    if choice not in modes:
        raise InvalidParameterError(
            f"tool_choice={choice!r}: it must be auto, none, required, or a function as in OpenAI's API",
            provider=_SERVICE,
        )
    return {"mode": modes[str(choice)]}
