"""OpenAI's Responses read: named events over items that grow, or a whole response of them."""

from __future__ import annotations

from collections.abc import Mapping
from io import StringIO
from typing import Any, ClassVar

from g4f_nb.chunks import (
    Chunk,
    FinishReason,
    ImageResponse,
    Reasoning,
    Refusal,
    SendBack,
    Source,
    Sources,
    ToolCall,
    ToolCalls,
    Usage,
)
from g4f_nb.providers.native.responses_form import THOUGHTS
from g4f_nb.providers.reading.body_reader import BodyReader, items, string
from g4f_nb.wire.complaints import as_text

_UNFINISHED = {"max_output_tokens": "length", "content_filter": "content_filter"}
_THINKS = ("response.reasoning_summary_text.delta", "response.reasoning_text.delta")
# A response that is over, whole or not.
_ENDS = ("response.completed", "response.incomplete")


class ResponsesReader(BodyReader):
    """Reads one answer of the Responses API."""

    dialect = "OpenAI's Responses API"
    statuses: ClassVar[Mapping[str, int]] = {
        "invalid_request_error": 400,
        "invalid_prompt": 400,
        "context_length_exceeded": 400,
        "image_content_policy_violation": 400,
        "bio_policy": 400,
        "misalignment_policy_violation": 400,
        "invalid_api_key": 401,
        "model_not_found": 404,
        "rate_limit_exceeded": 429,
        "insufficient_quota": 429,
        "server_error": 500,
        "vector_store_timeout": 504,
    }

    def __init__(self, media_type: str, **about: Any) -> None:
        super().__init__(media_type, **about)
        self._written: dict[Any, StringIO] = {}
        self._open: dict[Any, dict[str, Any]] = {}
        self._calls: dict[Any, ToolCall] = {}
        self._thoughts: list[dict[str, Any]] = []
        self._sources: dict[Source, None] = {}
        self._usage: Usage | None = None
        self._thought = False
        self._in_pieces = False

    def _take(self, frame: Any, out: list[str | Chunk]) -> None:
        if isinstance(frame, dict):
            if frame.get("type") == "error" and not frame.get("error"):
                # Here the error is the frame itself.
                frame = {"type": "error", "error": frame}
            elif isinstance(frame.get("response"), dict):
                self.complain(frame["response"])
        super()._take(frame, out)

    def _frame(self, frame: dict[str, Any], out: list[str | Chunk]) -> None:  # noqa: C901  # one arm a kind
        kind, place = frame.get("type"), frame.get("output_index")
        if not isinstance(place, int | str):
            place = None
        if kind == "response.output_text.delta":
            self.say(frame.get("delta"), out)
        elif kind in _THINKS:
            self._think(frame.get("delta"), out)
        elif kind == "response.function_call_arguments.delta":
            self.held += 1
            self._written.setdefault(place, StringIO()).write(string(frame.get("delta")))
        elif kind == "response.reasoning_summary_part.added" and self._thought:
            self._think("\n\n", out)
        elif kind == "response.refusal.delta":
            self._refuse(frame.get("delta"), out)
        elif kind == "response.output_text.annotation.added":
            self._cite(frame.get("annotation"))
        elif kind == "response.output_item.added":
            self._in_pieces = True
            if isinstance(frame.get("item"), dict):
                self._open[place] = frame["item"]
        elif kind == "response.output_item.done":
            self._item(place, frame.get("item"), out, streamed=True)
        elif isinstance(frame.get("response"), dict):
            self._response(as_text(kind), frame["response"], out)

    def _response(self, kind: str, response: dict[str, Any], out: list[str | Chunk]) -> None:
        self.introduce(response.get("model"), out, said=response.get("id"))
        if kind in _ENDS:
            if not self._in_pieces and not self.partial:
                # Nothing came piece by piece, so it is all in here.
                for place, item in enumerate(items(response.get("output"))):
                    self._item(place, item, out, streamed=False)
            self._end(response)
            self.done = True

    def _answer(self, data: dict[str, Any], out: list[str | Chunk]) -> None:
        if not isinstance(data.get("output"), list):
            # An event that came alone: some gateways complain like this.
            self._take(data, out)
            return
        self.introduce(data.get("model"), out, said=data.get("id"))
        for place, item in enumerate(items(data["output"])):
            self._item(place, item, out, streamed=False)
        self._end(data)

    def _item(self, place: Any, item: Any, out: list[str | Chunk], *, streamed: bool) -> None:
        """Take a finished item; what came of it piece by piece is not said again."""
        self._open.pop(place, None)
        if not isinstance(item, dict):
            return
        kind = item.get("type")
        if kind == "function_call":
            written = string(item.get("arguments")) or self._written_at(place)
            self._calls[place] = ToolCall(
                string(item.get("call_id") or item.get("id")), string(item.get("name")), written
            )
        elif kind == "reasoning":
            self._reasoning(item, out, streamed=streamed)
        elif kind == "image_generation_call" and item.get("result"):
            form = string(item.get("output_format")) or "png"
            out.append(ImageResponse((f"data:image/{form};base64,{string(item['result'])}",)))
        elif kind == "message":
            self._message(item, out, streamed=streamed)

    def _reasoning(self, item: dict[str, Any], out: list[str | Chunk], *, streamed: bool) -> None:
        if item.get("encrypted_content"):
            # Without it the service would look for the item, which it has not kept.
            self._thoughts.append({name: value for name, value in item.items() if value is not None})
        if not streamed:
            told = items(item.get("summary")) or items(item.get("content"))
            self._think("\n\n".join(string(part.get("text")) for part in told), out)

    def _message(self, item: dict[str, Any], out: list[str | Chunk], *, streamed: bool) -> None:
        for part in items(item.get("content")):
            if not streamed:
                self.say(part.get("text"), out)
                self._refuse(part.get("refusal"), out)
            for annotation in items(part.get("annotations")):
                self._cite(annotation)

    def _written_at(self, place: Any) -> str:
        return self._written[place].getvalue() if place in self._written else ""

    def _think(self, text: Any, out: list[str | Chunk]) -> None:
        if isinstance(text, str) and text:
            self._thought = True
            out.append(Reasoning(text))

    def _refuse(self, text: Any, out: list[str | Chunk]) -> None:
        if isinstance(text, str) and text:
            out.append(Refusal(text))

    def _cite(self, annotation: Any) -> None:
        if isinstance(annotation, dict) and isinstance(annotation.get("url"), str):
            self._sources[Source(annotation["url"], string(annotation.get("title")) or None)] = None

    def _end(self, response: dict[str, Any]) -> None:
        if isinstance(response.get("usage"), dict):
            self._usage = Usage.from_json(response["usage"])
        details = response.get("incomplete_details")
        reason = as_text(details.get("reason")) if isinstance(details, dict) and details.get("reason") else ""
        if response.get("status") == "incomplete" or reason:
            self.finish_reason = _UNFINISHED.get(reason, reason or "incomplete")
            self.why_filtered = reason if self.finish_reason == "content_filter" else ""
        elif response.get("status") in (None, "completed"):
            self.finish_reason = "tool_calls" if self._calls else "stop"
        else:
            self.finish_reason = as_text(response["status"])

    def _closing(self, out: list[str | Chunk]) -> None:
        for place in list(self._open):
            # Of an answer that was cut at its limit.
            item = self._open[place]
            if item.get("type") == "function_call":
                self._item(place, {**item, "arguments": self._written_at(place)}, out, streamed=True)
        if self._calls:
            if self._thoughts:
                out.append(SendBack({THOUGHTS: self._thoughts}))
            out.append(ToolCalls(tuple(self._calls.values())))
        out.append(FinishReason(self.finish_reason or "stop"))
        if self._sources:
            out.append(Sources(tuple(self._sources)))
        if self._usage is not None:
            out.append(self._usage)
