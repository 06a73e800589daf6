"""OpenAI's chat dialect: bytes of an answer to chunks, as pure state machines.

`ChatReader` takes the body piece by piece in whatever form the server chose: an event stream, NDJSON or one
JSON object. The content type decides, not what was asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from g4f_nb.chunks import Chunk, FinishReason, ProviderInfo, Usage
from g4f_nb.errors import G4FError, ResponseError
from g4f_nb.providers.reading.answerer import Answerer, id_of
from g4f_nb.providers.reading.citations import FIELDS
from g4f_nb.providers.reading.framing import Frames
from g4f_nb.providers.reading.lenient import read_json, rejoin
from g4f_nb.providers.reading.several import Several, numbered
from g4f_nb.secret import Secret
from g4f_nb.wire.sse import DEFAULT_LIMIT

_NO_JSON: Any = object()

# What a frame and a choice of mere text hold.
_USUAL_FRAME = frozenset({
    "id", "object", "created", "model", "choices", "usage", "system_fingerprint", "service_tier",
    "obfuscation",
})  # fmt: skip
_USUAL_CHOICE = frozenset({"index", "delta", "finish_reason", "logprobs"})


class ChatReader:
    """Reads one answer: `feed` pieces, then `finish`; `done` says that nothing more is to come.

    The choice of index 0 is the answer; what comes of others, where `n` were asked for, is `Alternative`s.
    """

    def __init__(
        self,
        media_type: str,
        *,
        provider: str,
        model: str,
        url: str,
        secret: Secret | None = None,
        think: bool = True,
        n: int = 1,
        limit: int = DEFAULT_LIMIT,
    ) -> None:
        self.done = False
        self.started = False
        self.failure: G4FError | None = None
        # Set once every choice has ended, so that nothing but the usage can still come.
        self.finish_reason: str | None = None
        self._who = Answerer(provider=provider, model=model, url=url, media_type=media_type, secret=secret)
        self._frames = Frames(media_type, limit=limit)
        self._choices = Several(self._who, think=think, n=n)
        self._held: list[str | Chunk] = []
        self._introduced = False
        # How text goes on to the answer, once nothing but more of it is to be expected.
        self._write: Callable[[str], object] | None = None
        # A frame whose text ends with half a character; the other half begins the next one.
        self._torn = b""
        self._usage: Usage | None = None

    @property
    def partial(self) -> str:
        """The text that has arrived so far."""
        return self._choices.main.text

    @property
    def held(self) -> int:
        """How much has come that is given when it is whole: fragments of calls, sound."""
        return self._choices.held

    def feed(self, piece: bytes) -> list[str | Chunk]:
        """Take the next piece of the body and give the chunks that it completes."""
        out, self._held = self._held, []
        try:
            datas = self._frames.feed(piece)
            if datas:
                self._read(datas, out)
            elif self._frames.form == "none":
                raise self._who.unreadable(bytes(self._frames.head))
        except G4FError as error:
            self._fail(error, out)
        if not self.started and len(out) == 1 and isinstance(out[0], ProviderInfo):
            # Who answers is told with the first content: until then a broken stream may be asked again.
            self._held = out
            return []
        if out:
            self.started = True
        return out

    def finish(self) -> list[str | Chunk]:
        """The body has ended: give what was held back, or raise if the answer is none or not whole."""
        out, self._held = self._held, []
        try:
            if self._frames.form == "json" and not self.done:
                self._end_value(out)
            else:
                if not self.done:
                    self._read_rest(out)
                self._end_stream(out)
        except G4FError as error:
            self._fail(error, out)
        self.started = True
        return out

    def _read_rest(self, out: list[str | Chunk]) -> None:
        try:
            self._read(self._frames.flush(), out)
            if self._torn:
                self._frame(self._mended(self._torn), out)
        except G4FError:
            # The answer is whole; half a frame behind it takes nothing away.
            if not self.finish_reason:
                raise

    def _fail(self, error: G4FError, out: list[str | Chunk]) -> None:
        """Raise, but not before what came ahead of the fault has been given on."""
        error.provider, error.model = self._who.provider, self._who.model
        error.partial = self.partial or None
        self.done = True
        if all(isinstance(chunk, ProviderInfo) for chunk in out):
            raise error
        self.failure = error.alone()

    def _read(  # noqa: C901  # hot: one frame for all of it
        self, datas: list[bytes], out: list[str | Chunk], *, joined: bool = False
    ) -> None:
        if self._torn:
            datas, torn = rejoin([self._torn, *datas])
            self._torn = b""
            self._read(datas, out, joined=True)
            self._torn = torn
            return
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
                frame = _NO_JSON
            # Outside of the handler, for the parser's error holds the whole text.
            if frame is _NO_JSON:
                if data.strip() == b"[DONE]":
                    self.done = True
                    break
                if not joined and b"\\u" in data:
                    datas, torn = rejoin(datas[datas.index(data) :])
                    self._read(datas, out, joined=True)
                    self._torn = torn
                    return
                frame = self._mended(data)
            more = None if self._write is None else _more_text(frame)
            if more is None or self._write is None:
                self._frame(frame, out)
            else:
                self._write(more)
                out.append(more)

    def _mended(self, data: bytes) -> Any:
        try:
            return read_json(data)
        except ValueError:
            pass
        # Outside of the handler: nothing that holds the text shall hang on to the error.
        raise self._who.unreadable(data)

    def _frame(self, frame: Any, out: list[str | Chunk]) -> None:
        if not isinstance(frame, dict):
            self._who.complain(frame)
            return
        usage = frame.get("usage")
        if usage and isinstance(usage, dict):
            self._usage = Usage.from_json(usage)
        if not FIELDS.isdisjoint(frame):
            self._choices.main.citations.add_fields(frame)
        choices = frame.get("choices")
        if choices:
            if type(choices) is not list:
                raise self._who.unreadable(frame)
            if not self._introduced:
                self._introduce(frame, out)
            try:
                self._choices.take(choices, out)
            except ResponseError:
                # A choice may only say that it failed, and the frame around it why.
                self._who.complain(frame)
                raise
            finally:
                self.finish_reason = self._choices.finish_reason
                if self._choices.seen_main:
                    self._write = self._choices.main.write
        if not choices or "error" in frame:
            # Text that came with the error was said before it.
            self._who.complain(frame)

    def _introduce(self, frame: dict[str, Any], out: list[str | Chunk]) -> None:
        self._introduced = True
        self._frames.keeps_head = False
        model = frame.get("model")
        name = model if isinstance(model, str) and model else self._who.model
        out.append(ProviderInfo(self._who.provider, name, self._who.url, id_of(frame)))

    def _end_stream(self, out: list[str | Chunk]) -> None:
        if self.failure is not None and not self.finish_reason:
            return
        if not self._choices.seen:
            self._refuse_head()
        self._choices.promote(out)
        main = self._choices.main
        self._choices.close(out)
        if not self.done and not self._choices.all_ended:
            raise self._who.interrupted(main.text)
        if main.empty:
            raise self._who.unreadable(bytes(self._frames.head) or b"an empty answer")
        out += filter(None, [main.sources(), self._usage])

    def _refuse_head(self) -> None:
        """No answer came: the error that the body tells in its own way, else that it is none."""
        head = bytes(self._frames.head).strip()
        for line in head.splitlines():
            if line.startswith((b"{", b"[")):
                try:
                    said = read_json(line)
                except ValueError:
                    continue
                self._who.complain(said)
        raise self._who.unreadable(head)

    def _end_value(self, out: list[str | Chunk]) -> None:
        """One JSON value: content, tool calls, sources, usage, finish, in this order."""
        body = self._frames.whole()
        try:
            data = read_json(body)
        except ValueError:
            data = _NO_JSON
        if data is _NO_JSON:
            self._end_misnamed(body, out)
            return
        if isinstance(data, list) and data:
            data = data[0]
        if not isinstance(data, dict) or not data.get("choices") or data.get("error"):
            self._who.complain(data)
        choices = data.get("choices") if isinstance(data, dict) else None
        if not isinstance(choices, list) or not any(isinstance(choice, dict) for choice in choices):
            raise self._who.unreadable(body)
        # Held back here: in a whole answer the reason to finish comes last.
        self._choices.told_finish = True
        self._frame(data | {"choices": numbered(choices)}, out)
        self._choices.close(out)
        main = self._choices.main
        if main.empty:
            raise self._who.unreadable(body)
        out += filter(None, [main.sources(), self._usage])
        if main.finish_reason:
            out.append(FinishReason(main.finish_reason))
        self.finish_reason, self.done = main.finish_reason, True

    def _end_misnamed(self, body: bytes, out: list[str | Chunk]) -> None:
        """What was called one JSON value is none: a stream under its name, else nothing."""
        datas = self._frames.read_again()
        try:
            if len(datas) > 1:
                read_json(datas[0])
        except ValueError:
            datas = []
        if len(datas) <= 1:
            raise self._who.unreadable(body)
        self._read(datas, out)
        self._end_stream(out)


def _more_text(frame: Any) -> str | None:
    """The text of the commonest frame by far, some of it and nothing beside; `None` for any other."""
    if type(frame) is not dict or not frame.keys() <= _USUAL_FRAME or frame.get("usage"):
        return None
    choices = frame.get("choices")
    if type(choices) is not list or len(choices) != 1:
        return None
    choice = choices[0]
    if type(choice) is not dict or not choice.keys() <= _USUAL_CHOICE:
        return None
    delta = choice.get("delta")
    if type(delta) is not dict or len(delta) != 1 or choice.get("index") or choice.get("finish_reason"):
        return None
    content = delta.get("content")
    return content if type(content) is str and content else None
