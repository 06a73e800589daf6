"""What OpenAI's messages are made of, as plain values that every dialect translates from."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from g4f_nb.errors import InvalidParameterError, sort_of
from g4f_nb.files.dataurls import is_data_url, read_data_url

_TEXTS = {"text", "input_text", "output_text"}
SYSTEM_ROLES = ("system", "developer")


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of text."""

    text: str


@dataclass(frozen=True, slots=True)
class Image:
    """A picture: its base64 text with a type, or the address it is at."""

    media_type: str = ""
    data: str = ""
    url: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Audio:
    """Sound, as base64 text."""

    format: str
    data: str


@dataclass(frozen=True, slots=True)
class File:
    """A document: its base64 text with a type, or the service's own name for it."""

    media_type: str = ""
    data: str = ""
    name: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class Film:
    """A film: its base64 text with a type, or the address it is at."""

    media_type: str = ""
    data: str = ""
    url: str = ""


Part = Text | Image | Audio | File | Film


@dataclass(frozen=True, slots=True)
class Asked:
    """A tool call of an earlier answer; arguments that are no JSON object are given as they were written."""

    id: str
    name: str
    arguments: dict[str, Any]


def parts_of(content: object, where: str) -> list[Part]:
    """The parts of a message's content; a kind that nobody knows is refused by name."""
    if content is None:
        return []
    if isinstance(content, str):
        return [Text(content)]
    if isinstance(content, Mapping) or not isinstance(content, Sequence):
        raise InvalidParameterError(
            f"the content of {where} is {sort_of(content)}: it must be a text or a list of parts"
        )
    return [_part(part, where) for part in content]


def text_of(parts: Sequence[Part], where: str, service: str) -> str:
    """Parts that can only be text, joined."""
    for part in parts:
        if not isinstance(part, Text):
            raise cannot_take(part, where, service)
    return "".join(part.text for part in parts if isinstance(part, Text))


def cannot_take(part: Part, where: str, service: str) -> InvalidParameterError:
    """The error for a kind of part that a service has no place for."""
    return InvalidParameterError(
        f"{where} holds {type(part).__name__.lower()}, which {service} does not take there: leave it out, "
        "or put it into a user message",
        provider=service,
    )


def calls_in(message: Mapping[str, Any], where: str) -> list[Asked]:
    """The tool calls of an assistant message."""
    calls = message.get("tool_calls") or []
    if not isinstance(calls, Sequence) or isinstance(calls, str):
        raise InvalidParameterError(f"tool_calls of {where} is {sort_of(calls)}: it must be a list of calls")
    found = []
    for call in calls:
        function = call.get("function") if isinstance(call, Mapping) else None
        if not isinstance(function, Mapping) or not isinstance(function.get("name"), str):
            raise InvalidParameterError(f"a tool call of {where} has no function with a name: {call!r}")
        found.append(
            Asked(str(call.get("id") or ""), function["name"], arguments_of(function.get("arguments")))
        )
    return found


def arguments_of(written: object) -> dict[str, Any]:
    """Arguments as an object; what a model wrote that is none is shown to it again as it was."""
    if isinstance(written, Mapping):
        return dict(written)
    if not isinstance(written, str) or not written.strip():
        return {}
    try:
        value = orjson.loads(written)
    except orjson.JSONDecodeError:
        value = None
    return value if isinstance(value, dict) else {"invalid_json": written}


def numbered(messages: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Each message with its role and the words that name it in an error."""
    for index, message in enumerate(messages):
        yield f"message {index}", str(message.get("role")), message


def function_of(tool: object, service: str) -> dict[str, Any] | None:
    """The function of a tool in OpenAI's form; `None` for a tool in the service's own form."""
    if not isinstance(tool, Mapping):
        raise InvalidParameterError(
            f"a tool is {sort_of(tool)}: it must be a dict like "
            '{"type": "function", "function": {"name": …, "parameters": …}}',
            provider=service,
        )
    if tool.get("type") != "function" or "function" not in tool:
        return None
    function = tool["function"]
    if not isinstance(function, Mapping) or not isinstance(function.get("name"), str):
        raise InvalidParameterError(f"the function of a tool has no name: {dict(tool)!r}", provider=service)
    return dict(function)


def chosen_function(choice: object) -> str | None:
    """The name in `{"type": "function", "function": {"name": …}}`; `None` for any other choice."""
    if isinstance(choice, Mapping) and choice.get("type") == "function":
        function = choice.get("function")
        name = function.get("name") if isinstance(function, Mapping) else choice.get("name")
        return name if isinstance(name, str) else None
    return None


def schema_of(response_format: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The JSON schema that an answer shall fit, in OpenAI's form of asking for it."""
    asked = response_format.get("json_schema")
    schema = asked.get("schema") if isinstance(asked, Mapping) else None
    return schema if isinstance(schema, Mapping) else None


def as_list(stop: str | Sequence[str]) -> list[str]:
    """One text or several, as a list."""
    return [stop] if isinstance(stop, str) else list(stop)


def _part(part: object, where: str) -> Part:
    if isinstance(part, str):
        return Text(part)
    if isinstance(part, Mapping):
        kind = part.get("type")
        if kind in _TEXTS or (kind is None and isinstance(part.get("text"), str)):
            return Text(str(part.get("text") or ""))
        if kind in _READERS:
            return _READERS[kind](part, where)
    else:
        kind = type(part).__name__
    raise InvalidParameterError(
        f"{where} has a part of the kind {kind!r}: there are text, image_url, video_url, input_audio, file"
    )


def _image(part: Mapping[str, Any], where: str) -> Image:
    url, about = _address(part, "image_url", where)
    media_type, data = _content(url, where) or ("", "")
    detail = str(about.get("detail") or part.get("detail") or "")
    return Image(media_type or "image/png", data, detail=detail) if data else Image(url=url, detail=detail)


def _film(part: Mapping[str, Any], where: str) -> Film:
    url, _ = _address(part, "video_url", where)
    media_type, data = _content(url, where) or ("", "")
    return Film(media_type or "video/mp4", data) if data else Film(url=url)


def _sound(part: Mapping[str, Any], where: str) -> Audio:
    del where
    about = _mapping(part.get("input_audio"))
    return Audio(str(about.get("format") or "wav"), str(about.get("data") or ""))


def _file(part: Mapping[str, Any], where: str) -> File:
    about = _mapping(part.get("file")) or part
    given = str(about.get("file_data") or "")
    media_type, data = _content(given, where) or ("", given)
    name, file_id = str(about.get("filename") or ""), str(about.get("file_id") or "")
    return File(media_type or "application/pdf", data, name, file_id)


def _refusal(part: Mapping[str, Any], where: str) -> Text:
    del where
    return Text(str(part.get("refusal") or ""))


_READERS: Mapping[Any, Callable[[Mapping[str, Any], str], Part]] = {
    "image_url": _image,
    "input_image": _image,
    "video_url": _film,
    "input_audio": _sound,
    "file": _file,
    "input_file": _file,
    "refusal": _refusal,
}


def _address(part: Mapping[str, Any], name: str, where: str) -> tuple[str, Mapping[str, Any]]:
    given = part.get(name)
    about = _mapping(given)
    url = about.get("url") if about else given
    if not isinstance(url, str) or not url:
        raise InvalidParameterError(
            f'a part of {where} has no address: {{"type": {name!r}, {name!r}: {{"url": …}}}}'
        )
    return url, about


def _content(url: str, where: str) -> tuple[str, str] | None:
    """Type and base64 text of a `data:` URL; `None` for any other address."""
    if not is_data_url(url):
        return None
    try:
        media_type, data = read_data_url(url)
    except ValueError:
        data = b""
    if not data:
        raise InvalidParameterError(
            f"a data: URL of {where} is empty or cannot be decoded: encode it in base64"
        )
    return media_type, base64.b64encode(data).decode()


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
