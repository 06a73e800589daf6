"""Services whose row is not enough: the few lines of code that each needs besides.

What the code does is said in each class; the addresses, keys and names are in `catalog.toml` all the same.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from g4f_nb.calls import Headers, Host
from g4f_nb.notices import tell
from g4f_nb.providers.openai_template import OpenaiTemplate
from g4f_nb.providers.services.rows import of_row

_MISTRAL_ID = re.compile(r"[A-Za-z0-9]{9}")
_MISTRAL_EFFORTS = {"minimal": "none", "low": "none", "medium": "high", "xhigh": "high", "max": "high"}


@of_row("mistral")
class Mistral(OpenaiTemplate):
    """Mistral's ids of tool calls have nine characters, and it reasons either fully or not at all.

    The ids of a dialogue that another service began are replaced, each by the same one everywhere.
    """

    @classmethod
    def _fitted(cls, messages: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
        return [_with_short_ids(message) for message in messages]

    @classmethod
    def _body(cls, model: str, messages: Any, fields: Mapping[str, Any], **rest: Any) -> dict[str, Any]:
        effort = fields.get("reasoning_effort")
        if effort in _MISTRAL_EFFORTS:
            known = _MISTRAL_EFFORTS[effort]
            tell(f"{cls.__name__} knows reasoning_effort high and none: {effort!r} becomes {known!r}")
            fields = {**fields, "reasoning_effort": known}
        return super()._body(model, messages, fields, **rest)


@of_row("moonshot")
class Moonshot(OpenaiTemplate):
    """Kimi wants the name of the tool beside each result of it."""

    @classmethod
    def _fitted(cls, messages: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
        names = {call.get("id"): (call.get("function") or {}).get("name") for call in _calls_in(messages)}
        return [
            {**message, "name": names[message["tool_call_id"]]}
            if message.get("role") == "tool"
            and not message.get("name")
            and names.get(message.get("tool_call_id"))
            else message
            for message in messages
        ]


@of_row("gemini-compat")
class GeminiCompat(OpenaiTemplate):
    """Gemini lists its models as `models/…`, and is asked for them without."""

    @classmethod
    def _listed(cls, names: list[str]) -> list[str]:
        return [name.removeprefix("models/") for name in names]


@of_row("anthropic-compat")
class AnthropicCompat(OpenaiTemplate):
    """Anthropic's list of models belongs to its own API: another header for the key, and a version."""

    @classmethod
    def _listing_headers(cls, host: Host) -> Headers:
        key = host.secret.reveal() if host.secret else ""
        headers = Headers({"x-api-key": key, "anthropic-version": "2023-06-01", "Accept": "application/json"})
        del key
        return headers


def _calls_in(messages: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [
        call for message in messages for call in message.get("tool_calls") or () if isinstance(call, Mapping)
    ]


def _with_short_ids(message: Mapping[str, Any]) -> Mapping[str, Any]:
    if isinstance(message.get("tool_call_id"), str):
        return {**message, "tool_call_id": _short(message["tool_call_id"])}
    calls = message.get("tool_calls")
    if not isinstance(calls, list) or not calls:
        return message
    return {**message, "tool_calls": [_with_short_id(call) for call in calls]}


def _with_short_id(call: Any) -> Any:
    own = call.get("id") if isinstance(call, Mapping) else None
    return {**call, "id": _short(own)} if isinstance(own, str) else call


def _short(own: str) -> str:
    if _MISTRAL_ID.fullmatch(own):
        return own
    return hashlib.sha256(own.encode()).hexdigest()[:9]
