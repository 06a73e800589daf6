"""GigaChat's answers read as OpenAI's dialect: calls, reasons to stop and counts have other names here."""

from __future__ import annotations

from typing import Any

import orjson

from g4f_nb.chunks import Chunk
from g4f_nb.providers.gigachat.functions import call_id
from g4f_nb.providers.reading.openai_dialect import ChatReader

# `blacklist`: a topic that the service does not talk about; what it says instead is the answer's text.
# What the reason `error` means, by the API's reference.
_INVALID = {"message": "the model called a function with arguments that do not fit it", "code": "error"}
_REASONS = {"function_call": "tool_calls", "blacklist": "content_filter"}


class GigaChatReader(ChatReader):
    """Reads one answer, whole or streamed, pretty-printed or not."""

    def _frame(self, frame: Any, out: list[str | Chunk]) -> None:
        super()._frame(in_openai_form(frame), out)


def in_openai_form(frame: Any) -> Any:
    """A frame of a stream, or a whole answer, with the names that OpenAI's dialect has; changed in place."""
    if not isinstance(frame, dict):
        return frame
    choices = frame.get("choices")
    for choice in choices if isinstance(choices, list) else ():
        if isinstance(choice, dict):
            reason = choice.get("finish_reason")
            if isinstance(reason, str):
                choice["finish_reason"] = _REASONS.get(reason, reason)
                if reason == "error":
                    choice.setdefault("error", _INVALID)
            for part in (choice.get("delta"), choice.get("message")):
                if isinstance(part, dict):
                    _take_call(part)
    usage = frame.get("usage")
    if isinstance(usage, dict) and "precached_prompt_tokens" in usage:
        usage.setdefault("prompt_tokens_details", {"cached_tokens": usage["precached_prompt_tokens"]})
    return frame


def _take_call(part: dict[str, Any]) -> None:
    call = part.get("function_call")
    if not isinstance(call, dict) or not call.get("name"):
        return
    arguments = call.get("arguments")
    if not isinstance(arguments, str):
        arguments = orjson.dumps({} if arguments is None else arguments).decode()
    one = {"id": call_id(part.get("functions_state_id")), "type": "function"}
    part["tool_calls"] = [{"index": 0, **one, "function": {"name": call["name"], "arguments": arguments}}]
