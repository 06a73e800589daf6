"""What a client asked: the body of a chat request, checked the way OpenAI checks it."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from .faults import Fault

if TYPE_CHECKING:
    from collections.abc import Mapping

Json = dict[str, Any]

ROLES = ("system", "developer", "user", "assistant", "tool", "function")
_TEXT_PARTS = ("text", "input_text")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest:
    """One chat request that is in order; `number` is the N of a model such as `long-N`."""

    model: str
    messages: tuple[Json, ...]
    stream: bool = False
    include_usage: bool = False
    limit: int | None = None
    stops: tuple[str, ...] = ()
    n: int = 1
    tools: tuple[Json, ...] = ()
    functions: tuple[Json, ...] = ()
    tool_choice: str | Json | None = None
    response_format: Json | None = None
    number: int = 0
    key: str = field(default="", repr=False)
    redirected: bool = False
    id: str = field(default_factory=lambda: f"chatcmpl-{uuid.uuid4().hex[:24]}")
    created: int = field(default_factory=lambda: int(time.time()))

    @property
    def text(self) -> str:
        """The text of the last user message, or `""`."""
        return next((text_of(m) for m in reversed(self.messages) if m["role"] == "user"), "")

    @property
    def prompt_words(self) -> int:
        """How many words all messages have together."""
        return sum(len(text_of(message).split()) for message in self.messages)


def text_of(message: Mapping[str, Any]) -> str:
    """Give a message's text; parts that are no text (images, files) are left out."""
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return "".join(part["text"] for part in content if part["type"] in _TEXT_PARTS)


def parse(raw: bytes, *, default_model: str | None = None) -> Json:
    """Read the JSON object of a request, or raise a 400 `Fault`; some requests need name no model."""
    body: Any
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        raise Fault(400, "We could not parse the JSON body of your request.")
    if default_model is not None:
        body = {"model": default_model} | body
    if not isinstance(body.get("model"), str) or not body["model"]:
        raise Fault(400, "You must provide a model parameter.", param="model")
    return dict(body)


def question(body: Json, *, number: int, key: str, redirected: bool) -> ChatRequest:
    """Check the body of a chat request and give its `ChatRequest`, or raise a 400 `Fault`."""
    for name, (fits, expected) in _SHAPES.items():
        if body.get(name) is not None and not fits(body[name]):
            raise Fault(
                400,
                f"Invalid value for '{name}': expected {expected}, but got {body[name]!r} instead.",
                param=name,
                code="invalid_value",
            )
    _check_messages(body.get("messages"))
    stream = bool(body.get("stream"))
    options = body.get("stream_options") or {}
    if options and not stream:
        message = "The 'stream_options' parameter is only allowed when 'stream' is enabled."
        raise Fault(400, message, param="stream_options")
    stop = body.get("stop") or ()
    return ChatRequest(
        model=body["model"],
        messages=tuple(body["messages"]),
        stream=stream,
        include_usage=bool(options.get("include_usage")),
        limit=body.get("max_completion_tokens") or body.get("max_tokens"),
        stops=(stop,) if isinstance(stop, str) else tuple(stop),
        n=body.get("n") or 1,
        tools=tuple(body.get("tools") or ()),
        functions=tuple(body.get("functions") or ()),
        tool_choice=body.get("tool_choice"),
        response_format=body.get("response_format"),
        number=number,
        key=key,
        redirected=redirected,
    )


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def is_number(value: object) -> bool:
    """Whether it is one in JSON, where `true` is none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_stop(value: object) -> bool:
    stops = [value] if isinstance(value, str) else value
    return isinstance(stops, list) and len(stops) <= 4 and all(isinstance(s, str) and s for s in stops)


def _is_tool(value: object) -> bool:
    function = value.get("function") if isinstance(value, dict) else None
    return isinstance(function, dict) and isinstance(function.get("name"), str)


def _is_function(value: object) -> bool:
    return isinstance(value, dict) and isinstance(value.get("name"), str)


# Parameter -> what it must be, as a test and in words.
_SHAPES: dict[str, tuple[Any, str]] = {
    "stream": (lambda v: isinstance(v, bool), "a boolean"),
    "stream_options": (lambda v: isinstance(v, dict), "an object"),
    "max_tokens": (_is_count, "an integer of at least 1"),
    "max_completion_tokens": (_is_count, "an integer of at least 1"),
    "n": (lambda v: _is_count(v) and v <= 128, "an integer from 1 to 128"),
    "stop": (_is_stop, "a string or up to 4 strings"),
    "temperature": (lambda v: is_number(v) and 0 <= v <= 2, "a number from 0 to 2"),
    "top_p": (lambda v: is_number(v) and 0 <= v <= 1, "a number from 0 to 1"),
    "tools": (lambda v: isinstance(v, list) and all(map(_is_tool, v)), "a list of function tools"),
    "functions": (lambda v: isinstance(v, list) and all(map(_is_function, v)), "a list of functions"),
    "modalities": (lambda v: isinstance(v, list) and set(v) <= {"text", "audio"}, "text, audio or both"),
    "audio": (lambda v: isinstance(v, dict) and isinstance(v.get("format"), str), "an object with a format"),
    "tool_choice": (lambda v: isinstance(v, str | dict), "a string or an object"),
    "response_format": (lambda v: isinstance(v, dict) and isinstance(v.get("type"), str), "an object"),
}


def _check_messages(messages: object) -> None:
    if messages is None:
        message = "Missing required parameter: 'messages'."
        raise Fault(400, message, param="messages", code="missing_required_parameter")
    if not isinstance(messages, list):
        message = "Invalid type for 'messages': expected an array of objects."
        raise Fault(400, message, param="messages", code="invalid_type")
    if not messages:
        message = "Invalid 'messages': empty array. Expected an array with minimum length 1."
        raise Fault(400, message, param="messages", code="empty_array")
    called: set[object] = set()
    for place, one in enumerate(messages):
        _check_message(one, f"messages[{place}]", called)


def _check_message(message: object, place: str, called: set[object]) -> None:
    """Check one message; `called` gathers the ids of the tool calls made so far."""
    if not isinstance(message, dict):
        raise Fault(400, f"Invalid type for '{place}': expected an object.", param=place, code="invalid_type")
    role, content, calls = message.get("role"), message.get("content"), message.get("tool_calls")
    if role not in ROLES:
        text = f"Invalid value: {role!r}. Supported values are: {', '.join(map(repr, ROLES))}."
        raise Fault(400, text, param=f"{place}.role", code="invalid_value")
    if not _is_content(content) and not (content is None and role == "assistant"):
        text = f"Invalid value for 'content': expected a string or a list of parts, got {content!r}."
        raise Fault(400, text, param=f"{place}.content", code="invalid_type")
    if calls is not None:
        if not isinstance(calls, list) or not all(map(_is_tool, calls)):
            text = f"Invalid '{place}.tool_calls': expected a list of calls."
            raise Fault(400, text, param=f"{place}.tool_calls", code="invalid_type")
        called.update(call.get("id") for call in calls)
    if role == "tool" and message.get("tool_call_id") not in called:
        text = "Messages with role 'tool' must be a response to a preceding message with 'tool_calls'."
        raise Fault(400, text, param=f"{place}.role")


def _is_content(value: object) -> bool:
    if isinstance(value, str):
        return True
    return isinstance(value, list) and all(map(_is_part, value))


def _is_part(value: object) -> bool:
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        return False
    return value["type"] not in _TEXT_PARTS or isinstance(value.get("text"), str)
