"""A panel and its views: a question is taken up and told, and so is whatever changes in a conversation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from g4f_nb.conversations.conversation import Conversation
from g4f_nb.conversations.observing import Change
from g4f_nb.conversations.turns import Turn
from g4f_nb.panels.answering import Answering
from g4f_nb.panels.choosing import Choice
from g4f_nb.panels.looking import Looking
from g4f_nb.panels.offers import said
from g4f_nb.panels.putting import Typed
from g4f_nb.panels.room import Room
from g4f_nb.panels.transcript import Transcript
from g4f_nb.panels.underway import UnderWay
from g4f_nb.panels.views import Views
from g4f_nb.providers.models.model import veiled
from g4f_nb.secret import redact


class Telling(Answering):
    """The part of a panel that asks in a conversation, and tells every view what that holds."""

    # What a subclass has as a trait.
    model: Any

    def __init__(
        self, room: Room, choice: Choice, *, tools: Mapping[str, Any], transcript: Transcript, **state: Any
    ) -> None:
        self._room, self._choice, self._transcript = room, choice, transcript
        self._tools = tools
        self._values: dict[str, Any] = {}
        self._views = Views()
        # A question that could not be sent: what the views show of it, and itself, to send it again.
        self._unsent: dict[str, Any] | None = None
        self._failed: UnderWay | None = None
        self._looking = Looking(self, choice, self)
        self._unwatch = room.current.observe(self._conversation_changed)
        super().__init__(transcript=transcript.mark, **state)

    @property
    def conversation(self) -> Conversation:
        """The conversation that is shown."""
        return self._room.current

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The turns of the conversation that is shown."""
        return self.conversation.turns

    @property
    def parameters(self) -> dict[str, Any]:
        """What was filled in in the drawer; setting it replaces it."""
        return dict(self._values)

    @parameters.setter
    def parameters(self, values: Mapping[str, Any]) -> None:
        self._values = dict(values)
        self._refresh()

    def _turn_to(self, conversation: Conversation) -> None:
        """Show another conversation; an answer on its way goes on in its own."""
        with self._lock:
            self._unwatch()
            self._room.show(conversation)
            self._unwatch = conversation.observe(self._conversation_changed)
            self._unsent = None
        self._refresh()

    # ---- asking ------------------------------------------------------------------------------------

    def _take(self, typed: Typed, request: str, *, again: str | None = None) -> None:
        """A new question, or one in the place of a turn."""
        turns = [turn.id for turn in self.turns]
        if again is not None and again in turns:
            turns = turns[: turns.index(again)]
        live = UnderWay(
            request, self.conversation, typed.text, files=typed.names, before=tuple(turns), again=again
        )
        self._ask(live, typed, {} if again is None else {"instead_of": again})

    def _again(self, request: str, turn: str | None) -> None:
        """The same question once more: one that failed before it was sent, or another version of a turn."""
        if turn is not None and self._unsent is not None and turn == self._unsent["id"]:
            self._send_again(request)
            return
        found = [each for each in self.turns if each.id == turn] if turn else list(self.turns[-1:])
        if not found:
            return
        old = found[0]
        turns = [each.id for each in self.turns]
        live = UnderWay(
            request,
            self.conversation,
            old.shown,
            before=tuple(turns[: turns.index(old.id)]),
            again=old.id,
            continues=old.continues,
        )
        self._ask(live, None, {"instead_of": old.id})

    def _send_again(self, request: str) -> None:
        """What could not be sent, whichever way it was asked for."""
        failed = self._failed
        if failed is None:
            return
        if failed.typed is not None:
            self._take(failed.typed, request, again=failed.again)
        elif failed.again is not None:
            self._again(request, failed.again)
        else:
            self._go_on(request)

    def _go_on(self, request: str) -> None:
        before = tuple(turn.id for turn in self.turns)
        live = UnderWay(request, self.conversation, "", before=before, continues=True)
        self._ask(live, None, {})

    def _asked_model(self) -> Any:
        return self._choice.of(self.model, self.conversation)

    def _how(self) -> Mapping[str, Any]:
        tools = self._tools if self._tools["tools"] else {}
        return veiled({**tools, **self._values})

    # ---- what the views are told -------------------------------------------------------------------

    def _begun(self, live: UnderWay) -> None:
        self._unsent = None
        state = self._state(before=live.before)
        self.send({**state, "live": live.whole()})

    def _over(self, live: UnderWay, turn: Turn | None, html: str | None, error: Exception | None) -> None:
        if turn is None and error is not None:
            self._unsent = {
                "id": f"{live.id}-unsent",
                "shown": live.shown,
                "files": list(live.files),
                "error": redact(said(error)),
                "unsent": True,
                "help": self._choice.help_for(error),
            }
            self._failed = live
        if turn is not None:
            way_out = "" if error is None else self._choice.help_for(error)
            self._views.items.put(turn, html, files=live.files, notes=live.notes, way_out=way_out)
            self._drop_failed(live, turn)
        if live.conversation is self.conversation:
            self.send(self._state(over=None if turn is None else (live, turn), ended=live.id))
            self._transcript.update(self.turns)

    def _drop_failed(self, live: UnderWay, turn: Turn) -> None:
        """Nobody wants a failure back as a branch, once there is an answer in its place."""
        if live.again is None or turn.error is not None:
            return
        for old in live.conversation.branches(turn):
            if old.id == live.again and old.reply is None:
                live.conversation.drop(old)

    def _conversation_changed(self, change: Change) -> None:
        # From a cell or another panel, or by one of the small changes here.
        if change.kind != "begun" and not self._recording:
            self._refresh()

    def _refresh(self) -> None:
        with self._lock:
            live = self._place_of(self.conversation)
            state = self._state(before=None if live is None else live.before)
            self.send({**state, "live": None if live is None else live.whole()})
            self._let_go()
        self._transcript.update(self.turns)

    def _let_go(self) -> None:
        """Hold nothing of turns and of models that no conversation in the list has."""
        talks = self._room.all
        turns = {turn.id for talk in talks for turn in talk.all_turns}
        self._views.items.keep(turns)
        self._transcript.keep(turns)
        self._choice.keep([self.model, *(self._choice.name(talk) for talk in talks)])

    def _state(
        self,
        *,
        before: tuple[str, ...] | None = None,
        over: tuple[UnderWay, Turn] | None = None,
        ended: str | None = None,
    ) -> dict[str, Any]:
        turns = self._shown_turns(before)
        state = self._views.change(
            turns, self.conversation, self._room_now(), unsent=None if before else self._unsent, over=over
        )
        return {**state, "over": ended} if ended else state

    def _shown_turns(self, before: tuple[str, ...] | None) -> list[Turn]:
        if before is None:
            return list(self.turns)
        shown = set(before)
        return [turn for turn in self.turns if turn.id in shown]

    def _room_now(self) -> dict[str, Any]:
        live = self._live
        elsewhere = "" if live is None or live.conversation is self.conversation else live.id
        return self._room.as_json(filled=len(self._values), elsewhere=elsewhere)

    def _is_meant(self, request: str) -> bool:
        """Whether the answer on its way is the one of this request, or without a name the one in sight."""
        live = self._live
        if live is None:
            return False
        return live.id == request or (not request and live.conversation is self.conversation)
