"""Messages and fields of a call in the form that GigaChat's API takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from g4f_nb.errors import InvalidParameterError
from g4f_nb.messages import check_messages, content_text
from g4f_nb.providers.gigachat.functions import (
    arguments_of,
    function_call_of,
    functions_of,
    result_of,
    shown,
    state_of,
)

# What the API reads of a message beside role and content, and what goes back to it as it came.
_OWN_FIELDS = ("function_call", "functions_state_id", "attachments", "reasoning_content")
_ROLES = {"developer": "system", "tool": "function"}
_KNOWN_ROLES = ("system", "user", "assistant", "function", "search_result", "function_in_progress")


def messages_of(messages: object) -> list[dict[str, Any]]:
    """One system message and that first, contents as text, each call of a function followed by its result."""
    given = check_messages(messages)
    system: list[str] = []
    made: list[dict[str, Any]] = []
    place = 0
    while place < len(given):
        message = given[place]
        role = _ROLES.get(message["role"], message["role"])
        if role not in _KNOWN_ROLES:
            raise InvalidParameterError(
                f"message {place} has the role {role!r}: GigaChat knows {', '.join(_KNOWN_ROLES[:4])}",
                provider="GigaChat",
            )
        text = _text(message, place)
        place += 1
        if role == "system":
            system.append(text)
        elif message.get("tool_calls"):
            results: dict[str, str] = {}
            while place < len(given) and given[place]["role"] == "tool":
                results[str(given[place].get("tool_call_id"))] = _text(given[place], place)
                place += 1
            made += _calls(message, text, results)
        else:
            made.append(_plain_message(message, role, text))
    if system:
        made.insert(0, {"role": "system", "content": "\n\n".join(filter(None, system))})
    return made


def fields_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """The other fields of a request, from the names that all providers share and the API's own."""
    fields = {name: value for name, value in given.items() if value is not None}
    tools, choice = fields.pop("tools", None), fields.pop("tool_choice", None)
    if tools:
        functions = functions_of(tools)
        fields["functions"] = functions
        fields["function_call"] = "auto" if choice is None else function_call_of(choice, functions)
    form = fields.get("response_format")
    if form is not None:
        fields["response_format"] = _response_format(form)
    if fields.get("temperature") == 0:
        # Zero is refused; the same is meant by taking nothing but the likeliest word.
        del fields["temperature"]
        fields.setdefault("top_p", 0)
    return fields


def _plain_message(message: Mapping[str, Any], role: str, text: str) -> dict[str, Any]:
    one: dict[str, Any] = {"role": role, "content": text}
    one.update({name: message[name] for name in _OWN_FIELDS if message.get(name) is not None})
    if role == "function":
        one["content"] = result_of(text)
        if message.get("name"):
            one["name"] = message["name"]
    call = one.get("function_call")
    if isinstance(call, Mapping):
        one["function_call"] = {**call, "arguments": arguments_of(call.get("arguments"))}
    return one


def _calls(message: Mapping[str, Any], text: str, results: Mapping[str, str]) -> list[dict[str, Any]]:
    """A message with calls as one message for each: GigaChat makes, and reads, one call a turn."""
    made: list[dict[str, Any]] = []
    for call in message["tool_calls"]:
        function = call.get("function") if isinstance(call, Mapping) else None
        if not isinstance(function, Mapping):
            raise InvalidParameterError(
                f"a message's tool_calls hold {shown(call)}: a call is "
                '{"id": …, "type": "function", "function": {"name": …, "arguments": …}}',
                provider="GigaChat",
            )
        name, own_id = str(function.get("name") or ""), str(call.get("id") or "")
        one: dict[str, Any] = {
            "role": "assistant",
            "content": "" if made else text,
            "function_call": {"name": name, "arguments": arguments_of(function.get("arguments"))},
        }
        state = state_of(own_id)
        if state is not None:
            one["functions_state_id"] = state
        made.append(one)
        if own_id in results:
            made.append({"role": "function", "name": name, "content": result_of(results[own_id])})
    return made


def _text(message: Mapping[str, Any], place: int) -> str:
    content = message.get("content")
    if isinstance(content, list | tuple):
        for part in content:
            kind = part.get("type") if isinstance(part, Mapping) else None
            if not isinstance(part, str) and kind not in (None, "text", "input_text", "output_text"):
                raise InvalidParameterError(
                    f"message {place} holds a part of type {kind!r}: this provider sends text to GigaChat; a "
                    'file that is there already goes by its id, as "attachments": ["…"] of the message',
                    provider="GigaChat",
                )
    return content_text(content)


def _response_format(form: Any) -> Any:
    """OpenAI's form of a schema as GigaChat's, any other as it is."""
    match form:
        case {"type": "json_schema", "json_schema": {"schema": schema, **more}}:
            made: dict[str, Any] = {"type": "json_schema", "schema": schema}
            if more.get("strict") is not None:
                made["strict"] = more["strict"]
            return made
    return form
