"""One question on its way, with what the views have been sent of its answer: each thing once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from g4f_nb.loops.ownloop import Job
from g4f_nb.panels.calls import CallCard, cards_of
from g4f_nb.reply import Reply
from g4f_nb.showing.growing import GrowingAnswer, Growth
from g4f_nb.showing.rendering import login_line, safe_html

if TYPE_CHECKING:
    from g4f_nb.conversations.asked import Asking
    from g4f_nb.conversations.conversation import Conversation
    from g4f_nb.panels.approving import Waiting
    from g4f_nb.panels.putting import Typed


@dataclass(slots=True, eq=False)
class UnderWay:
    """A question, and the answer on its way in `growing`."""

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
    growing: GrowingAnswer = field(default_factory=GrowingAnswer)
    waiting: dict[str, Waiting] = field(default_factory=dict)
    _cards: tuple[CallCard, ...] = ()

    @property
    def reply(self) -> Reply | None:
        """The answer so far, once there is one to come."""
        return None if self.asking is None else self.asking.reply

    def cancel(self) -> None:
        """Let nothing more of it reach a view, and end the work."""
        self.stopped = True
        if self.job is not None:
            self.job.cancel()

    def step(self, *, last: bool = False) -> dict[str, Any] | None:
        """Render what has come since the last step; the last one finishes the block in progress."""
        if self.reply is None:
            return None
        growth = self.growing.grow(self.reply, last=last)
        cards = cards_of(self.growing.shown or self.reply, self.waiting)
        more = {} if cards == self._cards else {"calls": [card.as_json() for card in cards]}
        self._cards = cards
        if growth is None:
            growth = self.growing.still() if more else self._login()
        if growth is None:
            return None
        n, self.n = self.n, self.n + 1
        return {"request": self.id, "n": n, **growth.as_json(), **more}

    def _login(self) -> Growth | None:
        """The login that is waited for, in the place of the text that will come."""
        if self.reply is None or not self.reply.waits_for_login:
            return None
        return self.growing.stand_in(safe_html(login_line(self.reply)))

    def whole(self) -> dict[str, Any]:
        """The question, and all that the steps gave, for a view that comes later or begins to show it."""
        return {
            "request": self.id,
            "shown": self.shown,
            "files": list(self.files),
            "again": self.again,
            "continues": self.continues,
            "n": self.n - 1,
            "finished": self.growing.finished,
            "open": self.growing.open,
            "reasoning": self.growing.reasoning,
            "calls": [card.as_json() for card in self._cards],
        }
