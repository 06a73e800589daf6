"""`Reply`, the running sum of a stream: one answer, or several rounds of calls and answers."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import reduce
from io import StringIO
from operator import add
from types import NoneType
from typing import TYPE_CHECKING, Any, ClassVar

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
from g4f_nb.prices import Cost, Price

if TYPE_CHECKING:
    from datetime import datetime

    import pandas as pd


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block of an answer."""

    language: str
    code: str


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
# What is no text for the eyes: what is sent on, the options, and bytes, in which no key could be read.
_NOT_SHOWN = ("messages", "asked_with", "images", "audio")
# Characters; so many of a text are in the one-line repr, and no key is longer than that.
_SHOWN, _LONGEST_KEY = 60, 4_000


class Reply:
    """The running sum of a stream: `add` each chunk, read the answer at any time.

    `str(reply)` is the text. `partial` says that the answer was cut off by an interrupt, an error or a limit;
    of a limit, `stopped_by` tells which. With tools there are several rounds; `steps` are the finished ones.
    """

    # Set from the top layer: how a notebook shows a reply, and what is read out of its text. The value
    # itself knows neither HTML nor Markdown.
    view: ClassVar[Callable[[Reply], dict[str, str]] | None] = None
    extract: ClassVar[Callable[[str, str], Any]]
    # What it cost, likewise: prices are looked up above.
    costing: ClassVar[Callable[[Reply], Cost | None]]
    # And what takes the keys out of its texts that are known above; no text is changed where there are none.
    masking: ClassVar[Callable[[Reply], Callable[[str], str]]]
    # The options that it was asked with, for one may be a key; never copied, written or shown.
    asked_with: tuple[Mapping[str, Any], ...] = ()

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
    def cost(self) -> float | None:
        """What the answer cost in US dollars; `None` if the price is not known, or the tokens are not."""
        made = self.settled_cost or type(self).costing(self)
        return None if made is None else made.usd

    @property
    def price_source(self) -> str | None:
        """Which table the cost is by."""
        made = self.settled_cost or type(self).costing(self)
        return None if made is None else made.source

    @property
    def price_date(self) -> str | None:
        """How new that table is, as far as it says."""
        made = self.settled_cost or type(self).costing(self)
        return None if made is None else made.date

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
    def code(self) -> str:
        """The code of the answer: its fenced blocks in the language of the first one; `""` if it has none."""
        return type(self).extract(self.text, "code")  # type: ignore[no-any-return]

    @property
    def blocks(self) -> list[Block]:
        """Every fenced block of the answer, with its language."""
        return type(self).extract(self.text, "blocks")  # type: ignore[no-any-return]

    @property
    def json(self) -> Any:
        """The first JSON object or list of the answer, whatever stands around it; `None` if there is none."""
        return type(self).extract(self.text, "json")

    @property
    def tables(self) -> list[pd.DataFrame]:
        """Every table of the answer, in Markdown or as a fenced block of CSV."""
        return type(self).extract(self.text, "tables")  # type: ignore[no-any-return]

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
            self._text = _text_of(self.text[: self._text_at])
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

    def __str__(self) -> str:
        return self.text

    def __len__(self) -> int:
        return len(self.text)

    def __bool__(self) -> bool:
        # An empty answer is still an answer: `if reply` must not depend on its length.
        return True

    def as_shown(self) -> Reply:
        """The same as it may be shown: without the keys that are known here. `text` stays what was said."""
        mask, found = type(self).masking(self), False

        def masked(text: str) -> str:
            nonlocal found
            made = mask(text)
            found = found or made != text
            return made

        shown = self._changed(masked)
        return shown if found else self

    def _changed(self, change: Callable[[str], str]) -> Reply:
        """A copy of which each text is changed, round by round."""
        made = copy.copy(self)
        made.asked_with = self.asked_with
        parts = {
            name: _through(value, change) for name, value in vars(self).items() if name not in _NOT_SHOWN
        }
        if self._text_at:
            # No key goes across the blank line between two rounds.
            parts["_text"], parts["_text_at"] = _joined(self.text, self._text_at, change)
        if self._reasoning_at:
            parts["_reasoning"], parts["_reasoning_at"] = _joined(self.reasoning, self._reasoning_at, change)
        vars(made).update(parts)
        return made

    def __getstate__(self) -> dict[str, Any]:
        # Neither a copy nor another process gets what may be a key.
        return {name: value for name, value in vars(self).items() if name != "asked_with"}

    def __repr__(self) -> str:
        text = self.text[: _SHOWN + _LONGEST_KEY]
        text = type(self).masking(self)(text)
        shown = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
        how = ", partial=True" * self.partial + ", cached=True" * self.cached
        return f"Reply({shown!r}, provider={self.provider!r}, model={self.model!r}{how})"

    def __rich_repr__(self) -> Iterator[Any]:
        """How rich sets it out: the whole text, and what is known beside it."""
        shown = self.as_shown()
        yield shown.text
        yield "provider", shown.provider
        yield "model", shown.model
        for name in ("reasoning", "tool_calls", "usage", "finish_reason", "partial", "cached"):
            if value := getattr(shown, name):
                yield name, value

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        del include, exclude
        view = type(self).view
        return {"text/plain": self.as_shown().text} if view is None else view(self)


def _through(value: Any, change: Callable[[str], str]) -> Any:
    """The same with each of its texts changed."""
    made: Any = value
    if isinstance(value, str):
        made = change(value)
    elif isinstance(value, StringIO):
        made = _text_of(change(value.getvalue()))
    elif isinstance(value, Reply):
        made = value._changed(change)  # noqa: SLF001  # one of us
    elif type(value) in (tuple, list):
        made = type(value)(_through(each, change) for each in value)
    elif type(value) is dict:
        made = {_through(name, change): _through(each, change) for name, each in value.items()}
    elif is_dataclass(value) and type(value).__module__.startswith("g4f_nb."):
        parts = {each.name: _through(getattr(value, each.name), change) for each in fields(value)}
        made = replace(value, **parts)  # type: ignore[type-var]
    return made


def _joined(text: str, at: int, mask: Callable[[str], str]) -> tuple[StringIO, int]:
    """Both parts of a text masked, and where the second one begins."""
    before = mask(text[:at])
    return _text_of(before + mask(text[at:])), len(before)


def _text_of(text: str) -> StringIO:
    made = StringIO()
    made.write(text)
    return made


def _next_paragraph(text: StringIO, piece: str) -> int | None:
    """Where a round's first piece begins, with a blank line before it; an empty piece begins nothing."""
    if not piece:
        return None
    before = text.getvalue()
    if before and not before.endswith("\n\n"):
        text.write("\n" if before.endswith("\n") else "\n\n")
    return text.tell()
