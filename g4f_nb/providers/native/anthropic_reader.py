"""Anthropic's Messages read: blocks that open, grow and close, or a whole message of them."""

from __future__ import annotations

from collections.abc import Mapping
from io import StringIO
from typing import Any, ClassVar

import orjson

from g4f_nb.chunks import (
    Chunk,
    FinishReason,
    Reasoning,
    Refusal,
    SendBack,
    Source,
    Sources,
    ToolCall,
    ToolCalls,
    Usage,
)
from g4f_nb.providers.native.anthropic_form import THOUGHTS
from g4f_nb.providers.reading.body_reader import BodyReader, items, string
from g4f_nb.wire.complaints import as_text

_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}


class AnthropicReader(BodyReader):
    """Reads one answer of the Messages API."""

    dialect = "Anthropic's Messages API"
    statuses: ClassVar[Mapping[str, int]] = {
        "invalid_request_error": 400,
        "authentication_error": 401,
        "billing_error": 402,
        "permission_error": 403,
        "not_found_error": 404,
        "conflict_error": 409,
        "request_too_large": 413,
        "rate_limit_error": 429,
        "api_error": 500,
        "timeout_error": 504,
        "overloaded_error": 529,
    }

    def __init__(self, media_type: str, **about: Any) -> None:
        super().__init__(media_type, **about)
        self._blocks: dict[Any, _Block] = {}
        self._calls: list[ToolCall] = []
        self._thoughts: list[dict[str, Any]] = []
        self._sources: dict[Source, None] = {}
        self._counts: dict[str, int] = {}

    def _frame(self, frame: dict[str, Any], out: list[str | Chunk]) -> None:
        index = frame.get("index")
        if not isinstance(index, int):
            # Whatever else stands there could not even be looked up.
            index = None
        match frame.get("type"):
            case "content_block_delta":
                self._grow(index, frame.get("delta"), out)
            case "content_block_start":
                self._open(index, frame.get("content_block"), out)
            case "content_block_stop":
                self._close(index)
            case "message_start":
                message = frame.get("message")
                message = message if isinstance(message, dict) else {}
                self.introduce(message.get("model"), out, said=message.get("id"))
                self._count(message.get("usage"))
            case "message_delta":
                delta = frame.get("delta")
                self._stop(delta if isinstance(delta, dict) else {})
                self._count(frame.get("usage"))
            case "message_stop":
                self.done = True

    def _answer(self, data: dict[str, Any], out: list[str | Chunk]) -> None:
        if not isinstance(data.get("content"), list):
            return
        self.introduce(data.get("model"), out, said=data.get("id"))
        for index, block in enumerate(items(data["content"])):
            self._open(index, block, out)
            self._close(index)
        self._count(data.get("usage"))
        self._stop(data)
        self.finish_reason = self.finish_reason or "stop"

    def _open(self, index: Any, given: Any, out: list[str | Chunk]) -> None:
        if not isinstance(given, dict):
            return
        block = self._blocks[index] = _Block(given)
        if block.kind == "text":
            self.say(given.get("text"), out)
            for citation in items(given.get("citations")):
                self._cite(citation)
        elif block.kind == "thinking":
            self._think(block, given.get("thinking"), out)
            block.signature = string(given.get("signature"))
        elif block.kind == "web_search_tool_result":
            for found in items(given.get("content")):
                self._cite(found)

    def _grow(self, index: Any, delta: Any, out: list[str | Chunk]) -> None:
        block = self._blocks.get(index)
        if not isinstance(delta, dict):
            return
        kind = delta.get("type")
        if kind == "text_delta":
            self.say(delta.get("text"), out)
        elif kind == "citations_delta":
            self._cite(delta.get("citation"))
        elif block is None:
            return
        elif kind == "thinking_delta":
            self._think(block, delta.get("thinking"), out)
        elif kind == "signature_delta":
            block.signature += string(delta.get("signature"))
        elif kind == "input_json_delta":
            self.held += 1
            block.text.write(string(delta.get("partial_json")))

    def _close(self, index: Any) -> None:
        block = self._blocks.pop(index, None)
        if block is None:
            return
        if block.kind == "tool_use":
            self._calls.append(block.call())
        elif block.kind == "thinking" and block.signature:
            self._thoughts.append(
                {"type": "thinking", "thinking": block.text.getvalue(), "signature": block.signature}
            )
        elif block.kind == "redacted_thinking":
            self._thoughts.append({"type": "redacted_thinking", "data": string(block.given.get("data"))})

    def _think(self, block: _Block, text: Any, out: list[str | Chunk]) -> None:
        if isinstance(text, str) and text:
            block.text.write(text)
            out.append(Reasoning(text))

    def _cite(self, citation: Any) -> None:
        if isinstance(citation, dict):
            url = citation.get("url") or citation.get("source")
            if isinstance(url, str) and url:
                self._sources[Source(url, string(citation.get("title")) or None)] = None

    def _stop(self, message: Mapping[str, Any]) -> None:
        reason = message.get("stop_reason")
        if not reason:
            return
        self.finish_reason = _REASONS.get(as_text(reason), as_text(reason))
        details = message.get("stop_details")
        if isinstance(details, dict):
            self.why_filtered = string(details.get("explanation"))

    def _count(self, usage: Any) -> None:
        """Counts come at the beginning and at the end; later ones are the sums so far."""
        if not isinstance(usage, dict):
            return
        details = usage.get("output_tokens_details")
        given = {**usage, **(details if isinstance(details, dict) else {})}
        self._counts.update(
            (name, value) for name, value in given.items() if type(value) is int and value >= 0
        )

    def _closing(self, out: list[str | Chunk]) -> None:
        for index in list(self._blocks):
            # Of a stream that was cut off after it had said why it ends.
            self._close(index)
        if self._calls:
            if self._thoughts:
                out.append(SendBack({THOUGHTS: self._thoughts}))
            out.append(ToolCalls(tuple(self._calls)))
        if self.why_filtered:
            out.append(Refusal(self.why_filtered))
        out.append(FinishReason(self.finish_reason or "stop"))
        if self._sources:
            out.append(Sources(tuple(self._sources)))
        usage = usage_of(self._counts)
        if usage is not None:
            out.append(usage)


class _Block:
    """A block that is still growing."""

    __slots__ = ("given", "kind", "signature", "text")

    def __init__(self, given: dict[str, Any]) -> None:
        self.given = given
        self.kind = given.get("type")
        self.text = StringIO()
        self.signature = ""

    def call(self) -> ToolCall:
        arguments = self.text.getvalue()
        if not arguments:
            given = self.given.get("input")
            arguments = orjson.dumps(given if isinstance(given, dict) else {}).decode()
        return ToolCall(string(self.given.get("id")), string(self.given.get("name")), arguments)


def usage_of(counts: Mapping[str, int]) -> Usage | None:
    """Counts as everywhere else: the input with what the cache gave and took, the output with thoughts."""
    if not counts:
        return None
    read, written = counts.get("cache_read_input_tokens"), counts.get("cache_creation_input_tokens")
    spent = counts.get("input_tokens")
    if spent is not None:
        spent += (read or 0) + (written or 0)
    made = counts.get("output_tokens")
    return Usage(
        input_tokens=spent,
        output_tokens=made,
        total_tokens=None if spent is None or made is None else spent + made,
        reasoning_tokens=counts.get("thinking_tokens"),
        cached_tokens=read,
        cache_write_tokens=written,
    )
