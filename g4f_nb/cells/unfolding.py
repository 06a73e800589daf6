"""A reply while it grows: the parts of it that stay, each given once, and the part that changes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from g4f_nb.controls import clean
from g4f_nb.showing.formats import verbatim
from g4f_nb.showing.parts import call_folds, login_line, reasoning_fold, small, wrapped
from g4f_nb.showing.splitting import LONG, SafePieces, Splitter

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from g4f_nb.reply import Reply, Step

# Characters of a running thought that are shown.
_GLIMPSE = 90


@dataclass(frozen=True, slots=True)
class Growth:
    """What is new: parts that stay, and the part that grows. `anew`: everything given before is void."""

    finished: list[str]
    open: str
    anew: bool = False


class Unfolding(Protocol):
    """One reply, looked at now and then."""

    mime: str

    def joined(self, parts: Sequence[str]) -> str:
        """Parts as one output."""

    def take(self, reply: Reply) -> Growth:
        """Give what is new since the last time."""


class MarkdownUnfolding:
    """As it will be in the end: thoughts and calls folded, safe Markdown, in the order of the rounds."""

    mime = "text/markdown"

    def __init__(self) -> None:
        self._rounds = 0
        self._safe = SafePieces()
        self._begin()

    def _begin(self) -> None:
        self._splitter = Splitter()
        self._length = 0
        self._thought = False

    def take(self, reply: Reply) -> Growth:
        """Give what is new since the last time."""
        steps = reply.steps
        # The text of a round that was taken back has to go; what is beside it comes again.
        anew = bool(self._length) and any(step.retracted for step in steps[self._rounds : self._rounds + 1])
        if anew:
            self.__init__()  # type: ignore[misc]
        finished: list[str] = []
        for step in steps[self._rounds :]:
            finished += self._whole(step)
            self._rounds += 1
            self._begin()
        running = reply.running
        finished += self._text_of(running)
        return Growth(finished, "\n\n".join(filter(None, self._open(running, reply))), anew)

    def joined(self, parts: Sequence[str]) -> str:
        """Parts as one output."""
        return wrapped("\n\n".join(filter(None, parts)))

    def _whole(self, step: Step) -> Iterator[str]:
        if step.reasoning.strip() and not self._thought:
            yield self._fold(step.reasoning)
        if not step.retracted:
            self._splitter.add(step.text[self._length :])
            yield from map(self._safe.finished, self._splitter.take(last=True)[0])
        yield from call_folds(step.tool_calls, step.tool_results)

    def _fold(self, reasoning: str) -> str:
        self._thought = True
        return reasoning_fold(reasoning)

    def _text_of(self, running: Step) -> Iterator[str]:
        if not running.text:
            return
        if running.reasoning.strip() and not self._thought:
            yield self._fold(running.reasoning)
        self._splitter.add(running.text[self._length :])
        self._length = len(running.text)
        pieces, self._rest = self._splitter.take()
        yield from map(self._safe.finished, pieces)

    def _open(self, running: Step, reply: Reply) -> Iterator[str]:
        if running.text:
            yield self._safe.open(self._rest)
        elif running.reasoning:
            yield small([f"Thinking … {_glimpse(running.reasoning)}"])
        yield from call_folds(running.tool_calls, running.tool_results)
        if reply.waits_for_login:
            yield login_line(reply)
        elif not (running.text or running.reasoning or running.tool_calls):
            yield "*…*"


def _glimpse(text: str) -> str:
    """The end of a text, from a word on."""
    words = " ".join(re.sub(r"[*_#`|]+", " ", text[-4 * _GLIMPSE :]).split())
    return words if len(words) <= _GLIMPSE else words[-_GLIMPSE:].partition(" ")[2]


class VerbatimUnfolding:
    """The text alone, as it is, cut between lines or words."""

    mime = "text/html"

    def __init__(self) -> None:
        self._length = 0
        self._text = ""
        self._rounds = 0

    def joined(self, parts: Sequence[str]) -> str:
        """Parts as one output."""
        return "".join(parts)

    def take(self, reply: Reply) -> Growth:
        """Give what is new since the last time."""
        text = reply.text
        anew = len(text) < self._length or any(step.retracted for step in reply.steps[self._rounds :])
        self._rounds = len(reply.steps)
        if anew:
            self._length, self._text = 0, ""
        self._text += text[self._length :]
        self._length = len(text)
        finished = []
        cut = max(self._text.rfind("\n"), self._text.rfind(" ") if len(self._text) > LONG else -1) + 1
        if cut > 1:
            # A `pre` ends with its last line anyway.
            finished.append(verbatim(self._text[:cut].removesuffix("\n")))
            self._text = self._text[cut:]
        open_ = clean(self._text) or ("" if self._length else "…")
        if reply.waits_for_login and reply.login is not None:
            open_ += f"\nLog in to go on: {reply.login.label}, {reply.login.login_url}"
        return Growth(finished, verbatim(open_) if open_ else "", anew)
