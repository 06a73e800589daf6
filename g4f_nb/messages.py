"""What is sent: a prompt or a list of messages, put into the one form that providers take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from g4f_nb.errors import InvalidParameterError, sort_of
from g4f_nb.halves import sound, sound_parts

_WAY_OUT = 'pass a text, or a list like [{"role": "user", "content": "…"}]'


def as_messages(prompt: str | Sequence[Mapping[str, Any]], system: str | None = None) -> list[dict[str, Any]]:
    """Make messages of a prompt, a system prompt in front; the given list is copied, not changed."""
    if not isinstance(system, str | None):
        raise InvalidParameterError(f"system is {sort_of(system)}: it must be a text")
    if isinstance(prompt, str):
        if not prompt.strip():
            raise InvalidParameterError(f"the prompt is empty: {_WAY_OUT}")
        messages: list[dict[str, Any]] = [{"role": "user", "content": sound(prompt)}]
    else:
        # Half of a surrogate pair cannot be sent.
        messages = [sound_parts(message) for message in check_messages(prompt)]
    if system:
        messages.insert(0, {"role": "system", "content": sound(system)})
    return messages


def check_messages(messages: object) -> list[dict[str, Any]]:
    """Copy a list of messages, or say which part of it is none."""
    if type(messages) is list and messages and all(map(_is_plain, messages)):
        return [message.copy() for message in messages]
    if isinstance(messages, str | bytes | Mapping) or not isinstance(messages, Sequence):
        raise InvalidParameterError(f"messages are {sort_of(messages)}: {_WAY_OUT}")
    if not messages:
        raise InvalidParameterError(f"there are no messages: {_WAY_OUT}")
    for index, message in enumerate(messages):
        if not isinstance(message, Mapping) or not isinstance(message.get("role"), str):
            raise InvalidParameterError(f"message {index} has no role: {_WAY_OUT}")
    return [dict(message) for message in messages]


def _is_plain(message: object) -> bool:
    return type(message) is dict and type(message.get("role")) is str


def last_user_text(messages: Sequence[Mapping[str, Any]]) -> str:
    """The text of the last user message, `""` if there is none."""
    for message in reversed(messages):
        if message.get("role") == "user":
            return content_text(message.get("content"))
    return ""


def content_text(content: object) -> str:
    """The text in a message's content, whether a string or a list of parts."""
    if isinstance(content, str):
        return content
    if isinstance(content, Sequence):
        parts = (part.get("text") if isinstance(part, Mapping) else part for part in content)
        return "".join(part for part in parts if isinstance(part, str))
    return ""
