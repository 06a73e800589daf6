"""`Reply`, the running sum of a stream: one answer, or several rounds of calls and answers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from io import StringIO
from operator import add
from types import NoneType
from typing import TYPE_CHECKING, Any

from g4f_nb.chunks import (
    Alternative,
    AudioResponse,
    Chunk,
    FinishReason,
    ImageResponse,
    ProviderFailed,
    ProviderInfo,
    Reasoning,
    Refusal,
    RequestLogin,
    SendBack,
    Source,
    Sources,
    ToolCall,
    ToolCalls,
    ToolResult,
    Usage,
)
from g4f_nb.presentable import Presentable, text_of
from g4f_nb.prices import Cost, Price

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One finished round of a reply: what the model said and asked for, and what its calls gave.

    `retracted` says that its text is not part of the answer, for the model was asked to mend it.
    """

    text: str = ""
    reasoning: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_results: tuple[ToolResult, ...] = ()
    usage: Usage | None = None
    finish_reason: str | None = None
    retracted: bool = False


_BEFORE_THE_ANSWER = (ProviderInfo, ProviderFailed, RequestLogin, NoneType)


class Reply(Presentable):
    """The running sum of a stream: `add` each chunk, read the answer at any time.

    `str(reply)` is the text. `partial` says that the answer was cut off by an interrupt, an error or a limit;
    of a limit, `stopped_by` tells which. With tools there are several rounds; `steps` are the finished ones.
    """

    def __init__(self, *, provider: str | None = None, model: str | None = None) -> None:
        # StringIO: one thread may add while another reads, and tiny chunks cost no object each.
        self._text = StringIO()
        self._reasoning = StringIO()
        # Where the running round begins in both; a round that has said nothing yet has no beginning.
        self._text_at: int | None = 0
        self._reasoning_at: int | None = 0
        self._calls: tuple[ToolCall, ...] = ()
        self._results: tuple[ToolResult, ...] = ()
        self._usage: Usage | None = None
        self._send_back: dict[str, Any] = {}
        self._alternatives: dict[int, Reply] = {}
        self.steps: tuple[Step, ...] = ()
        self.finish_reason: str | None = None
        self.sources: tuple[Source, ...] = ()
        self.images: tuple[str, ...] = ()
        self.audio: AudioResponse | None = None
        self.refusal: str | None = None
        # Who was to answer before, or beside, the one that did.
        self.failed: tuple[ProviderFailed, ...] = ()
        self.login: RequestLogin | None = None
        self._login_asked_at = 0
        self.provider = provider
        self.model = model
        self.url: str | None = None
        # What the server calls its (last) answer.
        self.request_id: str | None = None
        # The user's own price of this model; `None` leaves it to the tables.
        self.price: Price | None = None
        # Of a reply from a file or the store: what it cost when it was answered.
        self.settled_cost: Cost | None = None
        self.ttft: float | None = None
        self.seconds: float | None = None
        # Whether it is an answer that was kept, and since when: nothing was sent for it.
        self.cached = False
        self.kept_since: datetime | None = None
        self.partial = False
        self.stopped_by: str | None = None
        # The dialogue, ready to be sent on: what was sent, and every finished round.
        self.messages: list[dict[str, Any]] = []
        # Whether this provider wants reasoning back in the messages of a dialogue with tools.
        self.returns_reasoning = False
        # The answer as an instance of what `schema=` named, or the reason why it is none.
        self.data: Any = None
        self.parse_error: str | None = None

    @property
    def text(self) -> str:
        """The answer so far, verbatim; a blank line stands between the texts of two rounds."""
        return self._text.getvalue()

    @property
    def reasoning(self) -> str:
        """What the model thought, apart from the answer."""
        return self._reasoning.getvalue()

    @property
    def last_text(self) -> str:
        """What the model said in its last round alone."""
        return self.steps[-1].text if self._text_at is None else self.running_text

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """Every call that the model asked for, in order."""
        if len(self.steps) <= 1:
            return self.steps[0].tool_calls + self._calls if self.steps else self._calls
        return tuple(call for step in self.steps for call in step.tool_calls) + self._calls

    @property
    def tool_results(self) -> tuple[ToolResult, ...]:
        """What the calls gave, in order; a call of a tool that was given as a dict has no result."""
        return tuple(result for step in self.steps for result in step.tool_results) + self._results

    @property
    def usage(self) -> Usage | None:
        """The tokens of all rounds; what one round did not tell is not known of the whole."""
        if len(self.steps) <= 1 and (self._usage is None or not self.steps):
            # One round, running or finished, as nearly always.
            return self._usage or (self.steps[0].usage if self.steps else None)
        told = [step.usage for step in self.steps]
        if self._usage is not None or not told:
            told.append(self._usage)
        if not any(told):
            return None
        return reduce(add, (usage or Usage() for usage in told))

    @property
    def last_usage(self) -> Usage | None:
        """The tokens of the last round: those of the whole dialogue so far, as the model read it."""
        return self._usage or (self.steps[-1].usage if self.steps else None)

    @property
    def alternatives(self) -> tuple[Reply, ...]:
        """The other answers, where several were asked for with `n=`, in the server's order."""
        for other in self._alternatives.values():
            other.partial = self.partial and other.finish_reason is None
        return tuple(other for _, other in sorted(self._alternatives.items()))

    @property
    def waits_for_login(self) -> bool:
        """Whether a login was asked for, and nothing of the answer has come since."""
        return self.login is not None and self._said == self._login_asked_at

    @property
    def _said(self) -> int:
        return self._text.tell() + self._reasoning.tell() + len(self.tool_calls) + len(self.refusal or "")

    def add(self, chunk: str | Chunk | None, *, at: float | None = None) -> None:  # noqa: C901, PLR0912  # one arm a kind
        """Take one chunk in; `at` is the time in seconds since the question was asked."""
        if self.ttft is None and at is not None and not isinstance(chunk, _BEFORE_THE_ANSWER):
            self.ttft = at
        match chunk:
            case str():
                if self._text_at is None:
                    self._text_at = _next_paragraph(self._text, chunk)
                self._text.write(chunk)
            case Reasoning():
                if self._reasoning_at is None:
                    self._reasoning_at = _next_paragraph(self._reasoning, chunk.text)
                self._reasoning.write(chunk.text)
            case ToolCalls():
                self._calls += chunk.calls
            case ToolResult():
                self._results += (chunk,)
            case Usage():
                self._usage = chunk
            case FinishReason():
                self.finish_reason = chunk.reason
            case Sources():
                self.sources += chunk.items
            case ImageResponse():
                self.images += chunk.urls
                self.add(str(chunk))
            case AudioResponse():
                self.audio = chunk
            case Refusal():
                self.refusal = (self.refusal or "") + chunk.text
            case RequestLogin():
                self.login, self._login_asked_at = chunk, self._said
            case ProviderInfo():
                self.provider, self.url = chunk.name, chunk.url
                self.model = chunk.model or self.model
                self.request_id = chunk.request_id
            case Alternative():
                self._take_alternative(chunk)
            case ProviderFailed():
                self.failed += (chunk,)
            case SendBack():
                self._send_back |= chunk.fields
            case None:
                pass
            case _:
                self.add(str(chunk))

    def add_all(self, chunks: Iterable[str | Chunk], *, at: float | None = None) -> None:
        """`add` for what arrived together; text upon text, which nearly all of it is, takes a short way."""
        for chunk in chunks:
            if type(chunk) is str and self.ttft is not None and self._text_at is not None:
                self._text.write(chunk)
            else:
                self.add(chunk, at=at)

    def _take_alternative(self, part: Alternative) -> None:
        other = self._alternatives.get(part.index)
        if other is None:
            other = self._alternatives[part.index] = Reply(provider=self.provider, model=self.model)
            other.url, other.messages = self.url, self.messages
        other.add(part.chunk)

    @property
    def running_text(self) -> str:
        """What the model has said in the running round; `""` before its first word."""
        return "" if self._text_at is None else self.text[self._text_at :]

    @property
    def running_calls(self) -> tuple[ToolCall, ...]:
        """The calls that the running round asks for."""
        return self._calls

    @property
    def running(self) -> Step:
        """The running round, as it would be kept if it ended now."""
        return self._step()

    def _step(self, *, retracted: bool = False) -> Step:
        return Step(
            text=self.running_text,
            reasoning="" if self._reasoning_at is None else self.reasoning[self._reasoning_at :],
            tool_calls=self._calls,
            tool_results=self._results,
            usage=self._usage,
            finish_reason=self.finish_reason,
            retracted=retracted,
        )

    def replace_calls(self, calls: tuple[ToolCall, ...]) -> None:
        """Give the calls of the running round ids of their own, and arguments that are JSON."""
        self._calls = calls

    def end_round(self, *, retract: bool = False) -> Step:
        """Keep the running round as a step and as messages; what is added from now on is the next one.

        `retract` takes its text out of the answer, but not out of the dialogue.
        """
        step = self._step(retracted=retract)
        self.messages = [*self.messages, *self._messages(step)]
        if retract and self._text_at is not None:
            self._text = text_of(self.text[: self._text_at])
        self._calls, self._results, self._usage, self._send_back = (), (), None, {}
        self.steps += (step,)
        self._text_at = self._reasoning_at = None
        return step

    def _messages(self, step: Step) -> list[dict[str, Any]]:
        if not step.text and not step.tool_calls:
            return []
        message: dict[str, Any] = {"role": "assistant", "content": step.text or None}
        if step.tool_calls:
            message["tool_calls"] = [call.as_json() for call in step.tool_calls]
        if self.returns_reasoning and self.tool_calls:
            message["reasoning_content"] = step.reasoning
        message.update(self._send_back)
        return [message, *(result.as_message() for result in step.tool_results)]


def _next_paragraph(text: StringIO, piece: str) -> int | None:
    """Where a round's first piece begins, with a blank line before it; an empty piece begins nothing."""
    if not piece:
        return None
    before = text.getvalue()
    if before and not before.endswith("\n\n"):
        text.write("\n" if before.endswith("\n") else "\n\n")
    return text.tell()
