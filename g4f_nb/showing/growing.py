"""An answer that grows, as safe HTML without keys: what is finished is given once, of the rest what is new.

So a long answer costs whoever is told of each step its length, and not the square of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from g4f_nb.reply import Reply
from g4f_nb.showing.keyless import GrowingKeyless
from g4f_nb.showing.rendering import HtmlStream


@dataclass(frozen=True, slots=True)
class Growth:
    """What is new since the step before: of the open block `kept` characters stay, and `open` follows."""

    kept: int
    open: str
    finished: list[str] = field(default_factory=list)
    reasoning: str = ""

    def as_json(self) -> dict[str, Any]:
        """The same as a message carries it."""
        made: dict[str, Any] = {"open": self.open}
        if self.kept:
            made["keep"] = self.kept
        if self.finished:
            made["finished"] = self.finished
        if self.reasoning:
            made["reasoning"] = self.reasoning
        return made


class GrowingAnswer:
    """One answer; what was given of it is in `finished`, `open` and `reasoning`, for whoever comes later."""

    __slots__ = ("_html", "_keyless", "_read", "broken", "finished", "open", "reasoning", "shown", "text")

    def __init__(self) -> None:
        self.finished: list[str] = []
        self.open = ""
        self.reasoning = ""
        # The text that was rendered, and the reply that it was taken from, both without keys.
        self.text = ""
        self.shown: Reply | None = None
        # Whether a text could not be rendered.
        self.broken = False
        self._html = HtmlStream()
        self._keyless = GrowingKeyless()
        self._read = 0

    @property
    def html(self) -> str:
        """All of it, as it stands."""
        return "".join((*self.finished, self.open))

    def grow(self, reply: Reply, *, last: bool = False) -> Growth | None:
        """Take in what has come of a reply; `None` if nothing has. The last step finishes the open block."""
        self.shown = shown = self._keyless.of(reply, whole=last)
        refusal = reply.as_shown().refusal if reply.refusal and not shown.text else ""
        return self.become(shown.text or refusal or "", shown.reasoning, last=last)

    def end(self, text: str, reply: Reply) -> Growth:
        """The last step, to a text without keys that is what counts of the reply."""
        growth = self.become(text, self._keyless.of(reply, whole=True).reasoning, last=True)
        return self.still() if growth is None else growth

    def become(self, text: str, reasoning: str = "", *, last: bool = False) -> Growth | None:
        """The same of a text without keys, which begins as the one before did."""
        new, thoughts = text[self._read :], reasoning[len(self.reasoning) :]
        if not (new or thoughts or last):
            return None
        self.text, self._read = text, len(text)
        self.reasoning += thoughts
        before, self.broken = self.open, True
        self._html.add(new)
        update = self._html.take(last=last)
        self.broken = False
        self.finished += update.finished
        self.open = update.open
        return self._growth("" if update.finished else before, update.finished, thoughts)

    def stand_in(self, html: str) -> Growth | None:
        """Show something in the place of the text that will come; `None` if that is what stands there."""
        if html == self.open:
            return None
        before, self.open = self.open, html
        return self._growth(before)

    def still(self) -> Growth:
        """Nothing new, for whoever is told of something else."""
        return self._growth(self.open)

    def put_down(self, html: str) -> None:
        """Add something that is finished, and no part of the text."""
        self.finished.append(html)

    def _growth(self, before: str, finished: list[str] | None = None, thoughts: str = "") -> Growth:
        kept = _common(before, self.open)
        return Growth(units(kept), self.open[len(kept) :], finished or [], thoughts)


def units(text: str) -> int:
    """Its length as JavaScript counts: a character beyond the first 65536 is two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _common(one: str, other: str) -> str:
    """How both begin; found by halves, for blocks are long and compared at every step."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one.startswith(other[:middle]) else (low, middle - 1)
    return one[:low]
