"""A server that speaks the Gemini API, with the behaviours of the table."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import orjson

from .answers import Scripted
from .dialect import DialectServer, Named, calls_of, sign, steps_of, text_in
from .faults import Fault, ToldFault
from .question import ChatRequest, Json

if TYPE_CHECKING:
    from aiohttp.web import BaseRequest

_CHAT = re.compile(r"/v1beta/models/([^/:]+):(generateContent|streamGenerateContent)")
_FIELDS = {"contents", "systemInstruction", "generationConfig", "tools", "toolConfig", "safetySettings",
           "cachedContent", "labels"}  # fmt: skip
_REASONS = {"stop": "STOP", "length": "MAX_TOKENS", "tool_calls": "STOP", "content_filter": "SAFETY"}
_STATES = {
    400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED",
}  # fmt: skip
# Below these, every name is the user's.
_USERS = {"args", "response", "parameters", "parametersJsonSchema", "responseJsonSchema", "responseSchema"}
# What may stand in the place of the signature of a call that another model has made.
UNSIGNED = "skip_thought_signature_validator"


class GeminiServer(DialectServer):
    """`models/MODEL:generateContent`, its streaming twin and the list of models; give it `x-goog-api-key`."""

    key_header = "x-goog-api-key"

    @property
    def api_base(self) -> str:
        """The address to give to a client; still known after the end."""
        return f"{self.origin}/v1beta"

    def names_chat(self, path: str) -> bool:
        """The path of questions holds the model."""
        return _CHAT.fullmatch(path) is not None

    def listing(self, request: BaseRequest) -> Json | None:
        """A page of models, 50 unless `pageSize` says otherwise, and one that is not for chat."""
        if request.path != "/v1beta/models":
            return None
        start, size = int(request.query.get("pageToken") or 0), int(request.query.get("pageSize") or 50)
        names = ["embedding-001", *self.models]
        page: Json = {"models": [_card(name) for name in names[start : start + size]]}
        if start + size < len(names):
            page["nextPageToken"] = str(start + size)
        return page

    def read(self, request: BaseRequest, body: Json) -> tuple[Json, bool]:
        """Check a request and read it as OpenAI's form."""
        chat = _CHAT.fullmatch(request.path)
        if chat is None:
            raise Fault(404)
        stream = chat[2] == "streamGenerateContent"
        body = _camel(body)
        for name in body.keys() - _FIELDS:
            raise Fault(400, f'Invalid JSON payload received. Unknown name "{name}": Cannot find field.')
        config: Json = body.get("generationConfig") or {}
        functions = [
            one for tool in body.get("tools") or () for one in tool.get("functionDeclarations") or ()
        ]
        asked = {
            "model": chat[1],
            "messages": messages_of(body),
            "stream": stream,
            "max_tokens": config.get("maxOutputTokens"),
            "stop": config.get("stopSequences"),
            "tools": [_function(one) for one in functions],
            "tool_choice": _choice((body.get("toolConfig") or {}).get("functionCallingConfig")),
            "response_format": _format(config),
        }
        thinks = bool((config.get("thinkingConfig") or {}).get("includeThoughts"))
        if stream and request.query.get("alt") != "sse":
            raise Fault(400, "this server streams with alt=sse only")
        return {name: value for name, value in asked.items() if value}, thinks

    def status_of(self, status: int) -> int:
        """A wrong key is a wrong argument here."""
        return 400 if status == 401 else status

    def complaint(self, status: int, said: ToldFault) -> Json:
        """`{"error": {code, message, status, details}}`."""
        message, details = said.message, []
        if said.code == "invalid_api_key":
            message = f"API key not valid. Please pass a valid API key. {message}"
            details = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}]
        elif status == 429:
            details = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "0.25s"}]
        elif said.code == "model_not_found":
            name = message.partition("`")[2].partition("`")[0]
            message = f"models/{name} is not found for API version v1beta, or is not supported."
        elif said.code == "context_length_exceeded":
            message = "The input token count (5) exceeds the maximum number of tokens allowed (4)."
        state = _STATES.get(status, "INVALID_ARGUMENT" if status < 500 else "INTERNAL")
        return {"error": {"code": status, "message": message, "status": state, "details": details}}

    def whole(self, asked: ChatRequest, answer: Scripted) -> Json:
        """All parts in one candidate."""
        parts = [
            {"text": text} | ({"thought": True} if kinds == ("think",) else {})
            for kinds in (("think",), ("text", "refuse"))
            if (text := text_in(answer, *kinds))
        ]
        return _frame(asked, [*parts, *_calls(answer)], _usage(asked, answer), finish=_REASONS[answer.finish])

    def events(self, asked: ChatRequest, answer: Scripted) -> Iterator[Named]:
        """Each a whole object with one part more; calls come whole."""
        usage = _usage(asked, answer)
        for step in steps_of(answer):
            if step.kind in ("text", "think", "refuse"):
                part: Json = {"text": step.text}
                if step.kind == "think":
                    part["thought"] = True
                yield Named("", _frame(asked, [part], usage))
        parts = _calls(answer) or [{"text": ""}]
        yield Named("", _frame(asked, parts, usage, finish=_REASONS[answer.finish]))


def _frame(asked: ChatRequest, parts: list[Json], usage: Json, *, finish: str | None = None) -> Json:
    candidate: Json = {"content": {"role": "model", "parts": parts}, "index": 0}
    return {
        "candidates": [candidate | ({"finishReason": finish} if finish else {})],
        "usageMetadata": usage,
        "modelVersion": asked.model,
        "responseId": asked.id[-12:],
    }


def _usage(asked: ChatRequest, answer: Scripted) -> Json:
    said, thought = answer.words(), answer.words("reasoning_content", "reasoning")
    usage: Json = {"promptTokenCount": asked.prompt_words, "candidatesTokenCount": said - thought}
    usage |= {"totalTokenCount": asked.prompt_words + said}
    return usage | ({"thoughtsTokenCount": thought} if thought else {})


def messages_of(body: Json) -> list[Json]:
    """The system instruction and contents of a request as OpenAI's messages, or a `Fault`."""
    messages: list[Json] = []
    system = body.get("systemInstruction")
    if system:
        messages.append({"role": "system", "content": "".join(part["text"] for part in system["parts"])})
    if not isinstance(body.get("contents"), list) or not body["contents"]:
        raise Fault(400, "* GenerateContentRequest.contents: contents is not specified")
    ids: dict[str, list[str]] = {}
    for place, content in enumerate(body["contents"]):
        parts = content.get("parts") if isinstance(content, dict) else None
        if not parts or content.get("role", "user") not in ("user", "model"):
            raise Fault(400, "Please ensure that multiturn requests have a valid role and parts.")
        if content.get("role") == "model":
            messages.append(_model(parts, place, ids))
        else:
            messages += _user(parts, ids)
    return messages


def _model(parts: list[Json], place: int, ids: dict[str, list[str]]) -> Json:
    message: Json = {"role": "assistant", "content": "".join(part.get("text", "") for part in parts) or None}
    calls: list[Json] = []
    signatures: dict[str, str] = {}
    for part in parts:
        call = part.get("functionCall")
        if not call:
            continue
        call_id = call.get("id") or f"call-{place}-{len(calls)}"
        ids.setdefault(call["name"], []).append(call_id)
        signature = part.get("thoughtSignature")
        written = orjson.dumps(call.get("args") or {}).decode()
        if not calls and signature not in (sign(call["name"]), UNSIGNED):
            raise Fault(400, f"Function call `{call['name']}` is missing a thought_signature")
        if signature and signature != UNSIGNED:
            signatures[call_id] = signature
        function = {"name": call["name"], "arguments": written}
        calls.append({"id": call_id, "type": "function", "function": function})
    if calls:
        message["tool_calls"] = calls
    if signatures:
        message["thought_signatures"] = signatures
    return message


def _user(parts: list[Json], ids: dict[str, list[str]]) -> Iterator[Json]:
    others: list[Json] = []
    for part in parts:
        result = part.get("functionResponse")
        if result:
            waiting = ids.get(result["name"]) or [""]
            call_id = result.get("id") or waiting[0]
            if call_id in waiting:
                waiting.remove(call_id)
            response = result["response"]
            said = response["output"] if response.keys() == {"output"} else response
            content = said if isinstance(said, str) else orjson.dumps(said).decode()
            yield {"role": "tool", "tool_call_id": call_id, "content": content}
        elif "text" in part:
            others.append({"type": "text", "text": part["text"]})
        else:
            blob = part.get("inlineData") or {}
            url = part["fileData"]["fileUri"] if "fileData" in part else ""
            url = url or f"data:{blob.get('mimeType')};base64,{blob.get('data')}"
            others.append({"type": "image_url", "image_url": {"url": url}})
    if len(others) == 1 and others[0]["type"] == "text":
        yield {"role": "user", "content": others[0]["text"]}
    elif others:
        yield {"role": "user", "content": others}


def _camel(value: Any) -> Any:
    """Names may be written either way, `systemInstruction` or `system_instruction`; not so the users' own."""
    if isinstance(value, list):
        return [_camel(part) for part in value]
    if not isinstance(value, dict):
        return value
    found: Json = {}
    for name, part in value.items():
        first, *more = name.split("_")
        written = first + "".join(word.capitalize() for word in more)
        found[written] = part if written in _USERS else _camel(part)
    return found


def _card(name: str) -> Json:
    methods = ["embedContent"] if name.startswith("embedding") else ["generateContent", "countTokens"]
    about: Json = {"name": f"models/{name}", "displayName": name, "inputTokenLimit": 777}
    return about | {"supportedGenerationMethods": methods}


def _function(declared: Json) -> Json:
    schema = declared.get("parametersJsonSchema") or declared.get("parameters") or {}
    return {"type": "function", "function": {"name": declared["name"], "parameters": schema}}


def _choice(config: Json | None) -> Any:
    names = (config or {}).get("allowedFunctionNames")
    if names:
        return {"type": "function", "function": {"name": names[0]}}
    return {"NONE": "none", "ANY": "required"}.get((config or {}).get("mode", ""))


def _format(config: Json) -> Json | None:
    if config.get("responseMimeType") != "application/json":
        return None
    schema = config.get("responseJsonSchema")
    return {"type": "json_schema", "json_schema": {"schema": schema}} if schema else {"type": "json_object"}


def _calls(answer: Scripted) -> list[Json]:
    parts: list[Json] = []
    for _, name, written in calls_of(answer):
        part: Json = {"functionCall": {"name": name, "args": orjson.loads(written)}}
        if not parts:
            part["thoughtSignature"] = sign(name)
        parts.append(part)
    return parts
