"""`Screen`: what all views of a panel are told, and what its notebook keeps, whenever something changes.

It follows the conversation that is shown for as long as somebody may look: a panel whose last view has gone
from its page, as when its cell is run again, hears of no change until it is shown once more.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Protocol

from g4f_nb.conversations.conversation import Conversation
from g4f_nb.conversations.observing import Change
from g4f_nb.conversations.turns import Turn
from g4f_nb.panels.answers import Answers
from g4f_nb.panels.choosing import Choice
from g4f_nb.panels.offers import said
from g4f_nb.panels.room import Room
from g4f_nb.panels.transcript import Transcript
from g4f_nb.panels.underway import UnderWay
from g4f_nb.panels.views import Views
from g4f_nb.secret import redact


class Shown(Protocol):
    """The widget: the model in its picker, and the way to its views."""

    model: Any

    def send(self, content: Any, buffers: Any = None) -> None: ...  # noqa: D102


class Screen:
    """What is said here goes to every view; each change once."""

    answers: Answers

    def __init__(
        self, widget: Shown, lock: threading.RLock, room: Room, choice: Choice, transcript: Transcript
    ) -> None:
        self._widget, self._lock = widget, lock
        self._room, self._choice, self.transcript = room, choice, transcript
        self._views = Views()
        # The views on a page, by the names that they gave themselves.
        self._there: set[str] = set()
        # A question that could not be sent: what the views show of it, and itself, to send it again.
        self.unsent: dict[str, Any] | None = None
        self.failed: UnderWay | None = None
        self._unwatch: Callable[[], None] | None = None
        self.watch()

    # ---- who looks ---------------------------------------------------------------------------------

    def hello(self, view: str) -> None:
        """Tell one view everything: it is new, or has missed something."""
        with self._lock:
            self._there.add(view)
            self.watch()
            live = self.answers.in_conversation(self._room.current)
            turns = self._turns(None if live is None else live.before)
            state = self._views.whole(
                view, turns, self._room.current, self._around(), unsent=self.unsent, live=live
            )
            self._widget.send(state)

    def bye(self, view: str) -> None:
        """A view has gone from its page; after the last one nobody looks."""
        with self._lock:
            if view in self._there:
                self._there.discard(view)
                self.rest()

    def watch(self) -> None:
        """Follow the conversation that is shown."""
        with self._lock:
            if self._unwatch is None:
                self._unwatch = self._room.current.observe(self._changed)

    def rest(self) -> None:
        """Follow it no more, unless somebody looks."""
        with self._lock:
            if not self._there:
                self.unwatch()

    def unwatch(self) -> None:
        """Follow it no more."""
        with self._lock:
            if self._unwatch is not None:
                self._unwatch()
                self._unwatch = None

    def turn_to(self, conversation: Conversation) -> None:
        """Show another conversation; an answer on its way goes on in its own."""
        with self._lock:
            self.unwatch()
            self._room.show(conversation)
            self.watch()
            self.unsent = None
        self.refresh()

    # ---- what changes ------------------------------------------------------------------------------

    def begun(self, live: UnderWay) -> None:
        """A question was taken up."""
        self.unsent = None
        self._widget.send({**self._state(before=live.before), "live": live.whole()})

    def over(self, live: UnderWay, turn: Turn | None, html: str | None, error: Exception | None) -> None:
        """It came to its end; without a turn nothing was sent."""
        if turn is None and error is not None:
            self.unsent = {
                "id": f"{live.id}-unsent",
                "shown": live.shown,
                "files": list(live.files),
                "error": redact(said(error)),
                "unsent": True,
                "help": self._choice.help_for(error),
            }
            self.failed = live
        if turn is not None:
            way_out = "" if error is None else self._choice.help_for(error)
            self._views.items.put(turn, html, files=live.files, notes=live.notes, way_out=way_out)
            _drop_failed(live, turn)
        if live.conversation is self._room.current:
            self._widget.send(self._state(over=None if turn is None else (live, turn), ended=live.id))
            self.keep()

    def refresh(self) -> None:
        """Tell all views what there is now."""
        with self._lock:
            live = self.answers.in_conversation(self._room.current)
            state = self._state(before=None if live is None else live.before)
            self._widget.send({**state, "live": None if live is None else live.whole()})
            self._let_go()
        self.keep()

    def keep(self, *, here: bool = False) -> None:
        """Bring what the notebook keeps up to date; `here` as a message of the cell that runs now."""
        self.transcript.update(self._room.current.turns, here=here)

    def _changed(self, change: Change) -> None:
        # From a cell or another panel, or by one of the small changes here.
        if change.kind != "begun" and not self.answers.recording:
            self.refresh()

    def _let_go(self) -> None:
        """Hold nothing of turns and of models that no conversation in the list has."""
        talks = self._room.all
        turns = {turn.id for talk in talks for turn in talk.all_turns}
        self._views.items.keep(turns)
        self.transcript.keep(turns)
        self._choice.keep([self._widget.model, *(self._choice.name(talk) for talk in talks)])

    # ---- as messages -------------------------------------------------------------------------------

    def _state(
        self,
        *,
        before: tuple[str, ...] | None = None,
        over: tuple[UnderWay, Turn] | None = None,
        ended: str | None = None,
    ) -> dict[str, Any]:
        state = self._views.change(
            self._turns(before),
            self._room.current,
            self._around(),
            unsent=None if before else self.unsent,
            over=over,
        )
        return {**state, "over": ended} if ended else state

    def _turns(self, before: tuple[str, ...] | None) -> list[Turn]:
        turns = self._room.current.turns
        return [turn for turn in turns if before is None or turn.id in before]

    def _around(self) -> dict[str, Any]:
        live = self.answers.live
        elsewhere = "" if live is None or live.conversation is self._room.current else live.id
        return self._room.as_json(elsewhere=elsewhere)


def _drop_failed(live: UnderWay, turn: Turn) -> None:
    """Nobody wants a failure back as a branch, once there is an answer in its place."""
    if live.again is None or turn.error is not None:
        return
    for old in live.conversation.branches(turn):
        if old.id == live.again and old.reply is None:
            live.conversation.drop(old)
