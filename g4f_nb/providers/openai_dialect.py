"""OpenAI's chat dialect: bytes of an answer to chunks, as pure state machines.

`ChatReader` takes the body piece by piece in whatever form the server chose: an event stream, NDJSON or one
JSON object. The content type decides, not what was asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from io import StringIO
from typing import Any

import orjson

from g4f_nb.chunks import (
    Chunk,
    FinishReason,
    ProviderInfo,
    Reasoning,
    Refusal,
    Source,
    Sources,
    ToolCall,
    ToolCalls,
    Usage,
)
from g4f_nb.errors import G4FError, StreamInterruptedError, UnreadableResponseError
from g4f_nb.failures import as_text, error_for, excerpt, read_complaint
from g4f_nb.providers.reading import HEAD, form_of, read_json, sniff, string
from g4f_nb.providers.thinking import ThinkSplitter
from g4f_nb.secret import Secret, redact
from g4f_nb.sse import DEFAULT_LIMIT, EventStreamDecoder, LineDecoder, too_long


def plain_answer(body: bytes, *, provider: str, model: str, url: str) -> list[str | Chunk] | None:
    """The chunks of the commonest whole answer, one text and nothing beside it; `None` for any other.

    A small request spends more on the reader below than on the network; this is a fifth of it.
    """
    try:
        data = orjson.loads(body)
        (choice,) = data["choices"]
        message, usage = choice["message"], data.get("usage")
        text, reason = message["content"], choice["finish_reason"]
        usual = data.get("error") is None and not choice.get("index") and "citations" not in data
        if not usual or type(text) is not str or type(reason) is not str or not text or "<" in text[:64]:
            return None
        if len(message) > 2 and any(message[name] for name in message.keys() - {"role", "content"}):  # noqa: PLR2004
            return None
        named = data.get("model")
        who = ProviderInfo(provider, named if isinstance(named, str) and named else model, url)
        told = [Usage.from_json(usage)] if isinstance(usage, dict) and usage else []
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError):
        return None
    return [who, text, *told, FinishReason(reason)]


class ChatReader:
    """Reads one answer: `feed` pieces, then `finish`; `done` says that nothing more is to come."""

    def __init__(
        self,
        media_type: str,
        *,
        provider: str,
        model: str,
        url: str,
        secret: Secret | None = None,
        think: bool = True,
        limit: int = DEFAULT_LIMIT,
    ) -> None:
        self.done = False
        self.started = False
        self.finish_reason: str | None = None
        self._about: dict[str, Any] = {"provider": provider, "model": model, "secret": secret}
        self._url = url
        self._model = model
        self._form = form_of(media_type)
        self._media_type = media_type
        self._limit = limit
        self._head = bytearray()
        self._held: list[str | Chunk] = []
        self._events: EventStreamDecoder | None = None
        self._lines: LineDecoder | None = None
        self._whole: list[bytes] = []
        self._whole_size = 0
        self._seen_choices = False
        self._introduced = False
        self._told_finish = False
        self._text = StringIO()
        self._think = ThinkSplitter() if think else None
        self._calls: dict[tuple[int, int], _Call] = {}
        self._renewed: dict[int, int] = {}
        self._usage: Usage | None = None
        self._sources: tuple[Source, ...] = ()

    @property
    def partial(self) -> str:
        """The text that has arrived so far."""
        return self._text.getvalue()

    def feed(self, piece: bytes) -> list[str | Chunk]:
        """Take the next piece of the body and give the chunks that it completes."""
        if self._form == "unknown":
            self._head += piece
            self._form = sniff(bytes(self._head))
            if self._form == "unknown":
                if len(self._head) > HEAD:
                    raise self._unreadable(bytes(self._head))
                return []
            piece = bytes(self._head)
            self._head.clear()
        if self._form == "events":
            if self._events is None:
                self._events = EventStreamDecoder(limit=self._limit)
            events = self._events.feed(piece)
            if not self._seen_choices and len(self._head) < HEAD:
                self._head += piece[:HEAD]
            return self._frames([event.data for event in events]) if events else []
        if self._form == "lines":
            if self._lines is None:
                self._lines = LineDecoder(limit=self._limit)
            return self._frames(self._lines.feed(piece))
        self._whole.append(piece)
        self._whole_size += len(piece)
        if self._whole_size > self._limit:
            raise too_long(self._limit)
        return []

    def finish(self) -> list[str | Chunk]:
        """The body has ended: give what was held back, or raise if the answer is none or not whole."""
        if self._events is not None and not self.done:
            out = self._frames([event.data for event in self._events.flush()])
        elif self._lines is not None:
            out = self._frames(self._lines.flush())
        elif self._form == "json":
            return self._answer(b"".join(self._whole))
        elif self._form == "unknown" and self._head:
            raise self._unreadable(bytes(self._head))
        else:
            out = []
        if not self._seen_choices:
            return out + self._no_answer()
        out, self._held = self._held + out, []
        self._tell_held(out)
        if self.finish_reason is None and not self.done:
            raise StreamInterruptedError(
                f"the stream from {self._about['provider']} ended in the middle of the answer, after "
                f"{len(self.partial)} characters: ask again; .partial holds what had arrived",
                provider=self._about["provider"],
                model=self._about["model"],
                partial=self.partial,
            )
        out += self._closing()
        if self._sources:
            out.append(Sources(self._sources))
        if self._usage is not None:
            out.append(self._usage)
        return out

    def _frames(self, datas: list[bytes]) -> list[str | Chunk]:
        out, self._held = self._held, []
        for data in datas:
            if self.done:
                break
            if data == b"[DONE]":
                self.done = True
                break
            if not data or data.isspace():
                continue
            try:
                frame = orjson.loads(data)
            except orjson.JSONDecodeError:
                if data.strip() == b"[DONE]":
                    self.done = True
                    break
                frame = self._salvage(data)
            self._frame(frame, out)
        if not self.started and len(out) == 1 and isinstance(out[0], ProviderInfo):
            # Who answers is told with the first content: until then a broken stream may be asked again.
            self._held = out
            return []
        if out:
            self.started = True
        return out

    def _frame(self, frame: Any, out: list[str | Chunk]) -> None:  # noqa: C901  # hot: no calls to save lines
        if not isinstance(frame, dict) or "error" in frame:
            self._complain(frame)
            if not isinstance(frame, dict):
                return
        if frame.get("usage"):
            self._take_usage(frame["usage"])
        if frame.get("citations") or frame.get("search_results"):
            self._sources = _sources(frame) or self._sources
        choices = frame.get("choices")
        if not choices:
            if "detail" in frame or "message" in frame or "error_message" in frame:
                self._complain(frame)
            return
        if not isinstance(choices, list):
            raise self._unreadable(as_text(frame).encode())
        if not self._introduced:
            self._introduce(frame, out)
        for choice in choices:
            # Further answers of n > 1 are not this one.
            if isinstance(choice, dict) and not choice.get("index"):
                self._choice(choice, out)

    def _choice(self, choice: dict[str, Any], out: list[str | Chunk]) -> None:
        self._seen_choices = True
        delta = choice.get("delta")
        if delta is None:
            delta = choice.get("message")
        if delta:
            if not isinstance(delta, dict):
                raise self._unreadable(as_text(choice).encode())
            content = delta.get("content")
            if content:
                if type(content) is str:
                    self._say(content, out)
                else:
                    self._parts(content, out)
            if len(delta) > 2 or content is None or "role" not in delta:  # noqa: PLR2004  # role and content
                self._beside(delta, out)
        reason = choice.get("finish_reason")
        if reason:
            if choice.get("error"):
                self._complain(choice)
            self.finish_reason = as_text(reason)
            if not self._told_finish:
                self._tell_held(out)
                out += self._closing()

    def _say(self, text: str, out: list[str | Chunk]) -> None:
        think = self._think
        if think is not None:
            if think.over:
                self._think = None
            else:
                self._tell(think.feed(text), out)
                return
        self._text.write(text)
        out.append(text)

    def _tell_held(self, out: list[str | Chunk]) -> None:
        if self._think is not None:
            self._tell(self._think.flush(), out)

    def _tell(self, parts: list[str | Chunk], out: list[str | Chunk]) -> None:
        for part in parts:
            if isinstance(part, str):
                self._text.write(part)
            out.append(part)

    def _parts(self, content: Any, out: list[str | Chunk]) -> None:
        """Content as a list of parts: text, and with some services the thinking."""
        if not isinstance(content, list):
            raise self._unreadable(as_text(content).encode())
        for part in content:
            if isinstance(part, str):
                self._say(part, out)
            elif isinstance(part, dict):
                text = part.get("text")
                thinking = part.get("thinking")
                if isinstance(text, str) and text:
                    self._say(text, out)
                elif isinstance(thinking, str) and thinking:
                    out.append(Reasoning(thinking))
                elif isinstance(thinking, list):
                    words = "".join(string(item.get("text")) for item in thinking if isinstance(item, dict))
                    if words:
                        out.append(Reasoning(words))

    def _beside(self, delta: dict[str, Any], out: list[str | Chunk]) -> None:
        for name in ("reasoning_content", "reasoning"):
            thought = delta.get(name)
            if isinstance(thought, dict):
                thought = thought.get("content") or thought.get("text")
            if isinstance(thought, str) and thought:
                out.append(Reasoning(thought))
                break
        refusal = delta.get("refusal")
        if isinstance(refusal, str) and refusal:
            out.append(Refusal(refusal))
        calls = delta.get("tool_calls")
        if isinstance(calls, list):
            for position, call in enumerate(calls):
                if isinstance(call, dict):
                    self._tool_call(position, call)

    def _tool_call(self, position: int, call: dict[str, Any]) -> None:
        """Join the fragments of a call by its index; id and name come whole, arguments in pieces."""
        index = call.get("index")
        if not isinstance(index, int):
            index = position
        own_id = string(call.get("id"))
        known = self._calls.get((index, self._renewed.get(index, 0)))
        if known is None or (own_id and known.id and own_id != known.id):
            # Some services give every call of an answer the same index, or none.
            if known is not None:
                self._renewed[index] = self._renewed.get(index, 0) + 1
            known = self._calls[index, self._renewed.get(index, 0)] = _Call()
        function = call.get("function")
        function = function if isinstance(function, dict) else {}
        known.id = known.id or own_id
        known.name = known.name or string(function.get("name"))
        known.arguments.write(string(function.get("arguments")))

    def _closing(self) -> list[str | Chunk]:
        out: list[str | Chunk] = []
        if self._calls:
            out.append(ToolCalls(tuple(self._calls[place].whole() for place in sorted(self._calls))))
            self._calls = {}
        if self.finish_reason and not self._told_finish:
            self._told_finish = True
            out.append(FinishReason(self.finish_reason))
        return out

    def _answer(self, body: bytes) -> list[str | Chunk]:
        """One JSON object: content, tool calls, usage, finish, in this order."""
        try:
            data = orjson.loads(body)
        except orjson.JSONDecodeError:
            data = self._salvage(body)
        if isinstance(data, list) and data:
            data = data[0]
        if not isinstance(data, dict) or not data.get("choices") or data.get("error"):
            self._complain(data)
        out: list[str | Chunk] = []
        if not isinstance(data, dict) or not data.get("choices"):
            raise self._unreadable(body)
        # Held back here: in a whole answer the reason to finish comes last.
        self._told_finish = True
        self._frame(data, out)
        if not self._seen_choices:
            raise self._unreadable(body)
        self._tell_held(out)
        if self._calls:
            out += self._closing()
        if self._sources:
            out.append(Sources(self._sources))
        if self._usage is not None:
            out.append(self._usage)
        if self.finish_reason:
            out.append(FinishReason(self.finish_reason))
        self.started = self.done = True
        return out

    def _introduce(self, frame: Mapping[str, Any], out: list[str | Chunk]) -> None:
        self._introduced = True
        model = frame.get("model")
        name = model if isinstance(model, str) and model else self._model
        out.append(ProviderInfo(self._about["provider"], name, self._url))

    def _take_usage(self, usage: Any) -> None:
        if isinstance(usage, dict):
            self._usage = Usage.from_json(usage)

    def _complain(self, frame: Any) -> None:
        complaint = read_complaint(frame)
        if complaint is None:
            return
        error: G4FError = error_for(complaint, body=as_text(frame), **self._about)
        error.partial = self.partial or None
        raise error

    def _salvage(self, data: bytes) -> Any:
        """JSON with bytes that are no UTF-8, half a surrogate pair, or NaN; else an error with an excerpt."""
        try:
            return read_json(data)
        except ValueError:
            pass
        # Outside of the handler: the parser's error holds the whole text, which may repeat the key.
        raise self._unreadable(data)

    def _no_answer(self) -> list[str | Chunk]:
        head = bytes(self._head).strip()
        if head.startswith((b"{", b"[")):
            return self._answer(head)
        raise self._unreadable(head)

    def _unreadable(self, data: bytes) -> UnreadableResponseError:
        text = redact(data[:HEAD].decode(errors="replace"), self._about["secret"])
        shown = excerpt(text, secret=self._about["secret"])
        return UnreadableResponseError(
            f"{self._about['provider']} sent no chat answer but {shown!r} "
            f"({self._media_type or 'no content type'}): "
            f"check that {self._url} is an OpenAI-compatible server",
            provider=self._about["provider"],
            model=self._about["model"],
            body=text,
            partial=self.partial or None,
        )


class _Call:
    """A tool call whose fragments are still coming in."""

    __slots__ = ("arguments", "id", "name")

    def __init__(self) -> None:
        self.id = ""
        self.name = ""
        self.arguments = StringIO()

    def whole(self) -> ToolCall:
        return ToolCall(self.id, self.name, self.arguments.getvalue())


def _sources(frame: Mapping[str, Any]) -> tuple[Source, ...]:
    found = frame.get("search_results") or frame.get("citations")
    if not isinstance(found, list):
        return ()
    sources = []
    for item in found:
        if isinstance(item, str):
            sources.append(Source(item))
        elif isinstance(item, dict) and isinstance(item.get("url"), str):
            sources.append(Source(item["url"], string(item.get("title")) or None))
    return tuple(sources)
