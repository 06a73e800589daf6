"""A server that speaks Anthropic's Messages API, with the behaviours of the table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import orjson

from .answers import Scripted
from .dialect import DialectServer, Named, calls_of, sign, steps_of, text_in
from .faults import Fault, ToldFault
from .question import ChatRequest, Json

if TYPE_CHECKING:
    from aiohttp.web import BaseRequest

_FIELDS = {
    "model", "messages", "max_tokens", "system", "stream", "temperature", "top_p", "top_k", "stop_sequences",
    "tools", "tool_choice", "thinking", "metadata", "output_config", "service_tier", "cache_control",
    "container", "inference_geo", "speed",
}  # fmt: skip
_REASONS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "content_filter": "refusal"}
_TYPES = {
    400: "invalid_request_error", 401: "authentication_error", 402: "billing_error", 403: "permission_error",
    404: "not_found_error", 413: "request_too_large", 429: "rate_limit_error", 504: "timeout_error",
    529: "overloaded_error",
}  # fmt: skip


class AnthropicServer(DialectServer):
    """`POST /v1/messages` and `GET /v1/models`, checked as the service does; give it `x-api-key`."""

    key_header = "x-api-key"

    def names_chat(self, path: str) -> bool:
        """The one path of questions."""
        return path == "/v1/messages"

    def listing(self, request: BaseRequest) -> Json | None:
        """A page of models, 20 unless `limit` says otherwise."""
        if request.path != "/v1/models":
            return None
        size, after = int(request.query.get("limit", 20)), request.query.get("after_id")
        start = self.models.index(after) + 1 if after in self.models else 0
        names = self.models[start : start + size]
        about: Json = {"type": "model", "created_at": "2026-01-01T00:00:00Z", "lifecycle": "active"}
        about |= {"max_input_tokens": 777}
        return {
            "data": [{"id": name, "display_name": name} | about for name in names],
            "has_more": start + size < len(self.models),
            "first_id": names[0] if names else None,
            "last_id": names[-1] if names else None,
        }

    def read(self, request: BaseRequest, body: Json) -> tuple[Json, bool]:
        """Check a request and read it as OpenAI's form."""
        if "anthropic-version" not in request.headers:
            raise Fault(400, "anthropic-version: header is required")
        for name in body.keys() - _FIELDS:
            raise Fault(400, f"{name}: Extra inputs are not permitted")
        limit = body.get("max_tokens")
        if not isinstance(limit, int) or limit < 1:
            raise Fault(400, "max_tokens: Field required")
        thinks = (body.get("thinking") or {}).get("type") in ("enabled", "adaptive")
        format_ = (body.get("output_config") or {}).get("format")
        asked = {
            "model": body["model"],
            "messages": messages_of(body),
            "stream": body.get("stream", False),
            "max_tokens": limit,
            "stop": body.get("stop_sequences"),
            "tools": [_function(tool) for tool in body.get("tools") or ()],
            "tool_choice": _choice(body.get("tool_choice")),
            "response_format": format_
            and {"type": "json_schema", "json_schema": {"schema": format_["schema"]}},
        }
        return {name: value for name, value in asked.items() if value}, thinks

    def complaint(self, status: int, said: ToldFault) -> Json:
        """`{"type": "error", "error": {…}}`, as everywhere in this API."""
        kind = _TYPES.get(status, "invalid_request_error" if status < 500 else "api_error")
        message = said.message
        if said.code == "model_not_found":
            message = f"model: {message.partition('`')[2].partition('`')[0]}"
        elif said.code == "context_length_exceeded":
            message = "prompt is too long: 5 tokens > 4 maximum"
        return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}

    def whole(self, asked: ChatRequest, answer: Scripted) -> Json:
        """The message with all its blocks."""
        thought = text_in(answer, "think")
        blocks: list[Json] = []
        if thought:
            blocks.append({"type": "thinking", "thinking": thought, "signature": sign(thought)})
        said = text_in(answer, "text", "refuse")
        if said:
            blocks.append({"type": "text", "text": said, "citations": None})
        blocks += [
            {"type": "tool_use", "id": call_id, "name": name, "input": orjson.loads(written)}
            for call_id, name, written in calls_of(answer)
        ]
        return self._message(asked) | {
            "content": blocks,
            "stop_reason": _REASONS[answer.finish],
            "usage": self._usage(asked) | {"output_tokens": answer.words()},
        }

    def events(self, asked: ChatRequest, answer: Scripted) -> Iterator[Named]:
        """Blocks that open, grow and close, a ping among them."""
        message = self._message(asked) | {"usage": self._usage(asked) | {"output_tokens": 1}}
        yield _event("message_start", message=message)
        yield _event("ping")
        at, last, thought = -1, "", ""
        block: Json
        for step in steps_of(answer):
            kind = "text" if step.kind == "refuse" else step.kind
            if kind not in ("text", "think"):
                continue
            if kind != last:
                yield from _closed(at, last, thought)
                at, last = at + 1, kind
                block = (
                    {"type": "text", "text": ""} if kind == "text" else {"type": "thinking", "thinking": ""}
                )
                yield _event("content_block_start", index=at, content_block=block)
            thought += step.text if kind == "think" else ""
            yield _event("content_block_delta", index=at, delta=_delta(kind, step.text))
        yield from _closed(at, last, thought)
        for place, (call_id, name, written) in enumerate(calls_of(answer), at + 1):
            # One after the other, whatever the order in which they were thought of.
            block = {"type": "tool_use", "id": call_id, "name": name, "input": {}}
            yield _event("content_block_start", index=place, content_block=block)
            for piece in ("", written[:3], written[3:]):
                grown = {"type": "input_json_delta", "partial_json": piece}
                yield _event("content_block_delta", index=place, delta=grown)
            yield _event("content_block_stop", index=place)
        delta = {"stop_reason": _REASONS[answer.finish], "stop_sequence": None}
        yield _event("message_delta", delta=delta, usage={"output_tokens": answer.words()})
        yield _event("message_stop")

    def _message(self, asked: ChatRequest) -> Json:
        return {
            "id": f"msg_{asked.id[-12:]}",
            "type": "message",
            "role": "assistant",
            "model": asked.model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
        }

    def _usage(self, asked: ChatRequest) -> Json:
        return {
            "input_tokens": asked.prompt_words,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
        }


def messages_of(body: Json) -> list[Json]:
    """The system prompt and turns of a request as OpenAI's messages, or a `Fault` for what is refused."""
    messages: list[Json] = []
    system = body.get("system")
    if system:
        messages.append({"role": "system", "content": system if isinstance(system, str) else _text(system)})
    if not isinstance(body.get("messages"), list) or not body["messages"]:
        raise Fault(400, "messages: at least one message is required")
    thinks = (body.get("thinking") or {}).get("type") in ("enabled", "adaptive")
    for place, turn in enumerate(body["messages"]):
        content = turn.get("content") if isinstance(turn, dict) else None
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
        if not isinstance(blocks, list) or not blocks or turn.get("role") not in ("user", "assistant"):
            raise Fault(400, f"messages.{place}: a role and content are required")
        if turn["role"] == "assistant":
            messages.append(_assistant(blocks, place, thinks=thinks))
        else:
            messages += _user(blocks)
    return messages


def _assistant(blocks: list[Json], place: int, *, thinks: bool) -> Json:
    thoughts = [block for block in blocks if block["type"] in ("thinking", "redacted_thinking")]
    for block in thoughts:
        if block["type"] == "thinking" and block.get("signature") != sign(block["thinking"]):
            raise Fault(400, f"messages.{place}.content.0: Invalid `signature` in `thinking` block")
    used = [block for block in blocks if block["type"] == "tool_use"]
    if thinks and used and not thoughts:
        raise Fault(400, f"messages.{place}.content.0.type: Expected `thinking`, but found `tool_use`")
    message: Json = {"role": "assistant", "content": _text(blocks) or None}
    if used:
        message["tool_calls"] = [
            {
                "id": block["id"],
                "type": "function",
                "function": {"name": block["name"], "arguments": orjson.dumps(block["input"]).decode()},
            }
            for block in used
        ]
    if thoughts:
        message["thinking_blocks"] = thoughts
    return message


def _user(blocks: list[Json]) -> Iterator[Json]:
    results = [block for block in blocks if block["type"] == "tool_result"]
    for block in results:
        content = block.get("content") or ""
        yield {"role": "tool", "tool_call_id": block["tool_use_id"], "content": _content(content)}
    others = [block for block in blocks if block["type"] != "tool_result"]
    if others:
        yield {"role": "user", "content": _content(others)}


def _content(given: str | list[Json]) -> str | list[Json]:
    if isinstance(given, str):
        return given
    parts: list[Json] = []
    for block in given:
        source: Json = block.get("source") or {}
        match block["type"], source.get("type"):
            case "text", _:
                parts.append({"type": "text", "text": block["text"]})
            case "image", "url":
                parts.append({"type": "image_url", "image_url": {"url": source["url"]}})
            case "image", _:
                parts.append({"type": "image_url", "image_url": {"url": _data_url(source)}})
            case "document", _:
                file = {"file_data": _data_url(source), "filename": block.get("title", "")}
                parts.append({"type": "file", "file": file})
            case kind, _:
                raise Fault(400, f"messages: Input tag {kind!r} is not known")
    return parts[0]["text"] if len(parts) == 1 and parts[0]["type"] == "text" else parts


def _data_url(source: Json) -> str:
    return f"data:{source['media_type']};base64,{source['data']}"


def _text(blocks: list[Json]) -> str:
    texts = [block["text"] for block in blocks if block["type"] == "text"]
    if "" in texts:
        raise Fault(400, "messages: text content blocks must be non-empty")
    return "".join(texts)


def _function(tool: Json) -> Json:
    function = {"name": tool.get("name", ""), "parameters": tool.get("input_schema") or {}}
    return {"type": "function", "function": function}


def _choice(choice: Json | None) -> Any:
    match (choice or {}).get("type"):
        case "tool":
            return {"type": "function", "function": {"name": (choice or {})["name"]}}
        case "any":
            return "required"
        case kind:
            return kind


def _delta(kind: str, text: str) -> Json:
    if kind == "think":
        return {"type": "thinking_delta", "thinking": text}
    return {"type": "text_delta", "text": text}


def _closed(at: int, kind: str, thought: str) -> Iterator[Named]:
    if at < 0:
        return
    if kind == "think":
        delta = {"type": "signature_delta", "signature": sign(thought)}
        yield _event("content_block_delta", index=at, delta=delta)
    yield _event("content_block_stop", index=at)


def _event(kind: str, **data: Any) -> Named:
    return Named(kind, {"type": kind} | data)
