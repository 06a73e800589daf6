"""A server that speaks OpenAI's Responses API, with the behaviours of the table."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import TYPE_CHECKING, Any

from .answers import Scripted
from .dialect import DialectServer, Named, calls_of, sign, steps_of, text_in
from .faults import Fault, ToldFault
from .question import ChatRequest, Json

if TYPE_CHECKING:
    from aiohttp.web import BaseRequest

_FIELDS = {
    "model", "input", "instructions", "stream", "store", "temperature", "top_p", "max_output_tokens", "tools",
    "tool_choice", "parallel_tool_calls", "reasoning", "text", "metadata", "include", "user", "truncation",
    "previous_response_id", "service_tier", "prompt_cache_key", "safety_identifier", "max_tool_calls",
    "top_logprobs", "stream_options", "prompt", "conversation", "prompt_cache_retention",
}  # fmt: skip


class ResponsesServer(DialectServer):
    """`POST /v1/responses` and `GET /v1/models`; give it the key as a bearer's token."""

    key_header = "Authorization"

    def names_chat(self, path: str) -> bool:
        """The one path of questions."""
        return path == "/v1/responses"

    def listing(self, request: BaseRequest) -> Json | None:
        """The models, all at once."""
        if request.path != "/v1/models":
            return None
        return {"object": "list", "data": [self._card(name) for name in self.models]}

    def read(self, request: BaseRequest, body: Json) -> tuple[Json, bool]:
        """Check a request and read it as OpenAI's chat form."""
        del request
        for name in body.keys() - _FIELDS:
            raise Fault(400, f"Unknown parameter: '{name}'.", param=name, code="unknown_parameter")
        reasoning: Json = body.get("reasoning") or {}
        thinks = reasoning.get("effort") not in (None, "none")
        form = (body.get("text") or {}).get("format")
        if form and form["type"] == "json_schema":
            form = {"type": "json_schema", "json_schema": {"schema": form["schema"]}}
        asked = {
            "model": body["model"],
            "messages": messages_of(body, thinks=thinks),
            "stream": body.get("stream", False),
            "max_tokens": body.get("max_output_tokens"),
            "tools": [_function(tool) for tool in body.get("tools") or ()],
            "tool_choice": _choice(body.get("tool_choice")),
            "response_format": form,
        }
        return {name: value for name, value in asked.items() if value}, thinks

    def complaint(self, status: int, said: ToldFault) -> Json:
        """OpenAI's form of an error."""
        del status
        return {"error": {"message": said.message, "type": said.type, "param": None, "code": said.code}}

    def whole(self, asked: ChatRequest, answer: Scripted) -> Json:
        """The response with all its items."""
        return _response(asked, answer, "completed")

    def events(self, asked: ChatRequest, answer: Scripted) -> Iterator[Named]:
        """Items that are added, grow and are done, each event with its number."""
        numbers = count()
        for kind, data in _grown(asked, answer):
            yield Named(kind, {"type": kind, "sequence_number": next(numbers)} | data)


def messages_of(body: Json, *, thinks: bool = False) -> list[Json]:
    """Instructions and input of a request as OpenAI's chat messages, or a `Fault` for what is refused."""
    given = body.get("input")
    given = [{"role": "user", "content": given}] if isinstance(given, str) else given
    if not isinstance(given, list) or not given:
        raise Fault(400, "Missing required parameter: 'input'.", param="input")
    messages: list[Json] = []
    if body.get("instructions"):
        messages.append({"role": "system", "content": body["instructions"]})
    thoughts: list[Json] = []
    for item in given:
        match item.get("type", "message"):
            case "reasoning":
                if item.get("encrypted_content") != sign(_summary(item)):
                    raise Fault(400, f"Item '{item.get('id')}' could not be verified.", param="input")
                thoughts.append(item)
            case "function_call":
                if thinks and not thoughts and not _calling(messages):
                    message = f"Item '{item['call_id']}' of type 'function_call' was provided without its "
                    raise Fault(400, f"{message}required 'reasoning' item.", param="input")
                _add_call(messages, item, thoughts)
                thoughts = []
            case "function_call_output":
                content = _content(item["output"])
                messages.append({"role": "tool", "tool_call_id": item["call_id"], "content": content})
            case "message":
                messages.append({"role": item["role"], "content": _content(item["content"])})
            case kind:
                raise Fault(400, f"Invalid value: '{kind}'.", param="input")
    return messages


def _summary(item: Json) -> str:
    return "".join(part["text"] for part in item.get("summary") or ())


def _calling(messages: list[Json]) -> bool:
    return bool(messages) and bool(messages[-1].get("tool_calls"))


def _add_call(messages: list[Json], item: Json, thoughts: list[Json]) -> None:
    function = {"name": item["name"], "arguments": item["arguments"]}
    call = {"id": item["call_id"], "type": "function", "function": function}
    if not messages or messages[-1]["role"] != "assistant":
        messages.append({"role": "assistant", "content": None})
    messages[-1].setdefault("tool_calls", []).append(call)
    if thoughts:
        messages[-1]["reasoning_items"] = thoughts


def _content(given: str | list[Json]) -> str | list[Json]:
    if isinstance(given, str):
        return given
    parts: list[Json] = []
    for part in given:
        match part["type"]:
            case "input_text" | "output_text":
                parts.append({"type": "text", "text": part["text"]})
            case "input_image":
                parts.append({"type": "image_url", "image_url": {"url": part["image_url"]}})
            case "input_file":
                file = {"file_data": part["file_data"], "filename": part.get("filename", "")}
                parts.append({"type": "file", "file": file})
            case kind:
                raise Fault(400, f"Invalid value: '{kind}'.", param="input")
    return parts


def _function(tool: Json) -> Json:
    function = {"name": tool.get("name", ""), "parameters": tool.get("parameters") or {}}
    return {"type": "function", "function": function}


def _choice(choice: Any) -> Any:
    if isinstance(choice, dict) and choice.get("type") == "function":
        return {"type": "function", "function": {"name": choice["name"]}}
    return choice


def _response(asked: ChatRequest, answer: Scripted, status: str) -> Json:
    details = None
    if status == "completed" and answer.finish in ("length", "content_filter"):
        status = "incomplete"
        details = {"reason": {"length": "max_output_tokens"}.get(answer.finish, answer.finish)}
    over = status != "in_progress"
    return {
        "id": f"resp_{asked.id[-12:]}",
        "object": "response",
        "created_at": asked.created,
        "status": status,
        "error": None,
        "incomplete_details": details,
        "instructions": None,
        "model": asked.model,
        "output": _items(asked, answer) if over else [],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "temperature": 1.0,
        "top_p": 1.0,
        "metadata": {},
        "usage": _usage(asked, answer) if over else None,
    }


def _usage(asked: ChatRequest, answer: Scripted) -> Json:
    made = answer.words()
    return {
        "input_tokens": asked.prompt_words,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": made,
        "output_tokens_details": {"reasoning_tokens": answer.words("reasoning_content", "reasoning")},
        "total_tokens": asked.prompt_words + made,
    }


def _items(asked: ChatRequest, answer: Scripted) -> list[Json]:
    found: list[Json] = []
    thought = text_in(answer, "think")
    if thought:
        found.append(_reasoning(asked, thought))
    parts: list[Json] = [
        {"type": kind, field: text} | ({"annotations": []} if kind == "output_text" else {})
        for kind, field, step in (("output_text", "text", "text"), ("refusal", "refusal", "refuse"))
        if (text := text_in(answer, step))
    ]
    calls = calls_of(answer)
    if parts or not calls:
        found.append(_message(asked, parts or [{"type": "output_text", "text": "", "annotations": []}]))
    found += [_call(call_id, name, written) for call_id, name, written in calls]
    return found


def _reasoning(asked: ChatRequest, thought: str) -> Json:
    summary = [{"type": "summary_text", "text": thought}]
    about = {"id": f"rs_{asked.id[-12:]}", "type": "reasoning", "encrypted_content": sign(thought)}
    return about | {"summary": summary}


def _message(asked: ChatRequest, parts: list[Json], status: str = "completed") -> Json:
    about = {"id": f"msg_{asked.id[-12:]}", "type": "message", "role": "assistant"}
    return about | {"status": status, "content": parts}


def _call(call_id: str, name: str, written: str, status: str = "completed") -> Json:
    about = {"id": f"fc_{call_id[5:]}", "type": "function_call", "call_id": call_id, "name": name}
    return about | {"arguments": written, "status": status}


def _grown(asked: ChatRequest, answer: Scripted) -> Iterator[tuple[str, Json]]:
    """All events of one answer, without their numbers."""
    for kind in ("response.created", "response.in_progress"):
        yield kind, {"response": _response(asked, answer, "in_progress")}
    finished = _items(asked, answer)
    places = {item["type"]: place for place, item in reversed(list(enumerate(finished)))}
    called = places.get("function_call", 0)
    opened: set[int] = set()
    for step in steps_of(answer):
        kind = {"think": "reasoning", "text": "message", "refuse": "message"}.get(step.kind, "function_call")
        at = called + step.place if kind == "function_call" else places[kind]
        item = finished[at]
        if at not in opened:
            opened.add(at)
            yield "response.output_item.added", {"output_index": at, "item": _begun(asked, item)}
            yield from _part_begun(step.kind, item, at)
        if step.kind != "call":
            yield _grows(step.kind, item, at, step.text)
    for place, item in enumerate(finished):
        yield "response.output_item.done", {"output_index": place, "item": item}
    response = _response(asked, answer, "completed")
    yield f"response.{response['status']}", {"response": response}


def _begun(asked: ChatRequest, item: Json) -> Json:
    match item["type"]:
        case "message":
            return _message(asked, [], "in_progress")
        case "function_call":
            return _call(item["call_id"], item["name"], "", "in_progress")
        case _:
            return item | {"summary": [], "encrypted_content": None}


def _part_begun(kind: str, item: Json, at: int) -> Iterator[tuple[str, Json]]:
    about: Json = {"item_id": item["id"], "output_index": at}
    match kind:
        case "think":
            part: Json = {"type": "summary_text", "text": ""}
            yield "response.reasoning_summary_part.added", about | {"summary_index": 0, "part": part}
        case "text":
            part = {"type": "output_text", "text": "", "annotations": []}
            yield "response.content_part.added", about | {"content_index": 0, "part": part}
        case "refuse":
            part = {"type": "refusal", "refusal": ""}
            yield "response.content_part.added", about | {"content_index": 0, "part": part}


def _grows(kind: str, item: Json, at: int, text: str) -> tuple[str, Json]:
    about: Json = {"item_id": item["id"], "output_index": at, "delta": text}
    match kind:
        case "think":
            return "response.reasoning_summary_text.delta", about | {"summary_index": 0}
        case "arguments":
            return "response.function_call_arguments.delta", about
        case "refuse":
            return "response.refusal.delta", about | {"content_index": 0}
        case _:
            return "response.output_text.delta", about | {"content_index": 0, "logprobs": []}
