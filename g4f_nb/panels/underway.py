"""One question on its way, with what the views have been sent of its answer: each thing once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from g4f_nb.loops.ownloop import Job
from g4f_nb.panels.calls import CallCard, cards_of
from g4f_nb.panels.growing import common, units
from g4f_nb.reply import Reply
from g4f_nb.showing.rendering import HtmlStream, login_line, safe_html

if TYPE_CHECKING:
    from g4f_nb.conversations.asked import Asking
    from g4f_nb.conversations.conversation import Conversation
    from g4f_nb.panels.approving import Waiting
    from g4f_nb.panels.putting import Typed


@dataclass(slots=True, eq=False)
class UnderWay:
    """A question and the answer on its way.

    What is `finished` is never sent again. Of the block that is `open` and grows, only what is new since the
    step before is sent: it keeps so many characters of what stood there.
    """

    id: str
    conversation: Conversation
    shown: str
    files: tuple[str, ...] = ()
    # Of the conversation, the turns before the question: all, or those before the one that is asked anew.
    before: tuple[str, ...] = ()
    again: str | None = None
    continues: bool = False
    typed: Typed | None = None
    # What its user should know of what was sent, as that old turns were left out.
    notes: tuple[str, ...] = ()
    asking: Asking | None = None
    job: Job[Reply] | None = None
    stopped: bool = False
    due: bool = False
    last: float = 0.0
    n: int = 0
    finished: list[str] = field(default_factory=list)
    open: str = ""
    broken: bool = False
    waiting: dict[str, Waiting] = field(default_factory=dict)
    _html: HtmlStream = field(default_factory=HtmlStream)
    _read: int = 0
    _thought: int = 0
    _cards: tuple[CallCard, ...] = ()

    @property
    def reply(self) -> Reply | None:
        """The answer so far, once there is one to come."""
        return None if self.asking is None else self.asking.reply

    @property
    def text(self) -> str:
        """What was said so far; a refusal counts, for the model may be asked about it."""
        return (self.reply.text or self.reply.refusal or "") if self.reply else ""

    def cancel(self) -> None:
        """Let nothing more of it reach a view, and end the work."""
        self.stopped = True
        if self.job is not None:
            self.job.cancel()

    def step(self, *, last: bool = False) -> dict[str, Any] | None:
        """Render what has come since the last step; the last one finishes the block in progress."""
        if self.reply is None:
            return None
        text, thoughts = self.text[self._read :], self.reply.reasoning[self._thought :]
        cards = cards_of(self.reply, self.waiting)
        if not text and not thoughts and cards == self._cards and not last:
            return self._login()
        self._read += len(text)
        self._thought += len(thoughts)
        before = self.open
        self.broken = True
        self._html.add(text)
        update = self._html.take(last=last)
        self.broken = False
        self.finished += update.finished
        self.open = update.open
        more = {} if cards == self._cards else {"calls": [card.as_json() for card in cards]}
        self._cards = cards
        return self._delta("" if update.finished else before, update.finished, thoughts, more)

    def _login(self) -> dict[str, Any] | None:
        """The login that is waited for, in the place of the text that will come."""
        if self.reply is None or not self.reply.waits_for_login:
            return None
        html = safe_html(login_line(self.reply))
        if html == self.open:
            return None
        self.open = html
        return self._delta("", [], "", {})

    def _delta(
        self, before: str, finished: list[str], thoughts: str, more: Mapping[str, Any]
    ) -> dict[str, Any]:
        kept = common(before, self.open)
        n, self.n = self.n, self.n + 1
        delta: dict[str, Any] = {"request": self.id, "n": n, "open": self.open[len(kept) :], **more}
        if finished:
            delta["finished"] = finished
        if kept:
            delta["keep"] = units(kept)
        if thoughts:
            delta["reasoning"] = thoughts
        return delta

    def whole(self) -> dict[str, Any]:
        """The question, and all that the steps gave, for a view that comes later or begins to show it."""
        return {
            "request": self.id,
            "shown": self.shown,
            "files": list(self.files),
            "again": self.again,
            "continues": self.continues,
            "n": self.n - 1,
            "finished": self.finished,
            "open": self.open,
            "reasoning": self.reply.reasoning[: self._thought] if self.reply else "",
            "calls": [card.as_json() for card in self._cards],
        }
