"""Gemini's answers read: candidates of parts, in a stream of whole objects or as one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import orjson

from g4f_nb.chunks import (
    AudioResponse,
    Chunk,
    FinishReason,
    ImageResponse,
    Reasoning,
    SendBack,
    Source,
    Sources,
    ToolCall,
    ToolCalls,
    Usage,
)
from g4f_nb.files.dataurls import from_base64
from g4f_nb.providers.native.gemini_form import OWN_ID, SIGNATURES
from g4f_nb.providers.reading.body_reader import BodyReader, items, string
from g4f_nb.wire.complaints import as_text

_FILTERED = {
    "SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY", "IMAGE_RECITATION",
    "IMAGE_PROHIBITED_CONTENT", "MODEL_ARMOR", "ESCALATION", "LANGUAGE", "PUP_LIMITED_DISABLED",
}  # fmt: skip
_REASONS = {"STOP": "stop", "MAX_TOKENS": "length"}


class GeminiReader(BodyReader):
    """Reads one answer of `generateContent` or `streamGenerateContent`."""

    dialect = "the Gemini API"
    statuses: ClassVar[Mapping[str, int]] = {
        "invalid_argument": 400,
        "failed_precondition": 400,
        "unauthenticated": 401,
        "permission_denied": 403,
        "not_found": 404,
        "resource_exhausted": 429,
        "internal": 500,
        "unavailable": 503,
        "deadline_exceeded": 504,
    }

    def __init__(self, media_type: str, **about: Any) -> None:
        super().__init__(media_type, **about)
        self._calls: list[ToolCall] = []
        self._signatures: dict[str, str] = {}
        self._sources: dict[Source, None] = {}
        # Each frame counts anew; what the last one said is read at the end.
        self._counts: Mapping[str, Any] | None = None
        self._answer_id = ""

    def _frame(self, frame: dict[str, Any], out: list[str | Chunk]) -> None:
        if "candidates" not in frame and "promptFeedback" not in frame and "usageMetadata" not in frame:
            return
        self._answer_id = self._answer_id or string(frame.get("responseId"))
        self.introduce(frame.get("modelVersion"), out, said=self._answer_id)
        if isinstance(frame.get("usageMetadata"), dict):
            self._counts = frame["usageMetadata"]
        feedback = frame.get("promptFeedback")
        if isinstance(feedback, dict) and feedback.get("blockReason"):
            self.finish_reason = "content_filter"
            self.why_filtered = f"the question was blocked: {as_text(feedback['blockReason'])}"
        for candidate in items(frame.get("candidates")):
            # Further answers of n > 1 are not this one.
            if not candidate.get("index"):
                self._candidate(candidate, out)

    def _answer(self, data: dict[str, Any], out: list[str | Chunk]) -> None:
        self._frame(data, out)
        if self._understood:
            self.finish_reason = self.finish_reason or "stop"

    def _candidate(self, candidate: dict[str, Any], out: list[str | Chunk]) -> None:
        content = candidate.get("content")
        for part in items(content.get("parts") if isinstance(content, dict) else None):
            self._part(part, out)
        self._cite(candidate)
        reason = candidate.get("finishReason")
        if reason:
            name = as_text(reason).upper()
            self.finish_reason = "content_filter" if name in _FILTERED else _REASONS.get(name, name.lower())
            if name in _FILTERED:
                words = candidate.get("finishMessage")
                self.why_filtered = f"{name}: {as_text(words)}" if words else name

    def _part(self, part: dict[str, Any], out: list[str | Chunk]) -> None:
        text = part.get("text")
        if isinstance(text, str) and text:
            if part.get("thought"):
                out.append(Reasoning(text))
            else:
                self.say(text, out)
        call = part.get("functionCall")
        if isinstance(call, dict):
            self._call(call, part)
        data = part.get("inlineData")
        if isinstance(data, dict) and not part.get("thought"):
            self._media(data, out)
        code, result = part.get("executableCode"), part.get("codeExecutionResult")
        if isinstance(code, dict):
            language = string(code.get("language")).lower()
            self.say(f"\n```{language}\n{string(code.get('code')).rstrip()}\n```\n", out)
        if isinstance(result, dict) and result.get("output"):
            self.say(f"\n```\n{string(result.get('output')).rstrip()}\n```\n", out)

    def _call(self, call: dict[str, Any], part: dict[str, Any]) -> None:
        call_id = string(call.get("id")) or f"{OWN_ID}{self._answer_id}-{len(self._calls)}"
        arguments = call.get("args")
        written = orjson.dumps(arguments if isinstance(arguments, dict) else {}).decode()
        self.held += 1
        self._calls.append(ToolCall(call_id, string(call.get("name")), written))
        if part.get("thoughtSignature"):
            self._signatures[call_id] = string(part["thoughtSignature"])

    def _media(self, data: dict[str, Any], out: list[str | Chunk]) -> None:
        media_type, body = string(data.get("mimeType")), string(data.get("data"))
        if media_type.startswith("image/"):
            out.append(ImageResponse((f"data:{media_type};base64,{body}",)))
        elif media_type.startswith("audio/"):
            try:
                out.append(
                    AudioResponse(from_base64(body), media_type.removeprefix("audio/").partition(";")[0])
                )
            except ValueError:
                raise self.unreadable(body[:64].encode()) from None

    def _cite(self, candidate: dict[str, Any]) -> None:
        grounding, citations = candidate.get("groundingMetadata"), candidate.get("citationMetadata")
        if isinstance(grounding, dict):
            for chunk in items(grounding.get("groundingChunks")):
                page = chunk.get("web") or chunk.get("retrievedContext")
                if isinstance(page, dict) and isinstance(page.get("uri"), str):
                    self._sources[Source(page["uri"], string(page.get("title")) or None)] = None
        if isinstance(citations, dict):
            for place in items(citations.get("citationSources") or citations.get("citations")):
                if isinstance(place.get("uri"), str):
                    self._sources[Source(place["uri"])] = None

    def _closing(self, out: list[str | Chunk]) -> None:
        if self._calls:
            if self._signatures:
                out.append(SendBack({SIGNATURES: self._signatures}))
            out.append(ToolCalls(tuple(self._calls)))
            if self.finish_reason == "stop":
                self.finish_reason = "tool_calls"
        out.append(FinishReason(self.finish_reason or "stop"))
        if self._sources:
            out.append(Sources(tuple(self._sources)))
        if self._counts is not None:
            out.append(usage_of(self._counts))


def usage_of(counts: Mapping[str, Any]) -> Usage:
    """Counts as everywhere else: the output with the thoughts, the input with what tools gave."""

    def count(name: str) -> int | None:
        value = counts.get(name)
        return value if type(value) is int and value >= 0 else None

    spent, tools = count("promptTokenCount"), count("toolUsePromptTokenCount")
    made, thought = count("candidatesTokenCount"), count("thoughtsTokenCount")
    total = count("totalTokenCount")
    if made is None and thought is None and total is not None and spent is not None:
        made = total - spent - (tools or 0)
    return Usage(
        input_tokens=None if spent is None else spent + (tools or 0),
        output_tokens=None if made is None and thought is None else (made or 0) + (thought or 0),
        total_tokens=total,
        reasoning_tokens=thought,
        cached_tokens=count("cachedContentTokenCount"),
    )
