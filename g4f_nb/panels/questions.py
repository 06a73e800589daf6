"""`Questions`: what is asked in a panel, new, otherwise, once more or further, and with which options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from g4f_nb.conversations.turns import Turn
from g4f_nb.errors import InvalidParameterError, short
from g4f_nb.panels.answers import Answers
from g4f_nb.panels.choosing import Choice
from g4f_nb.panels.putting import Typed
from g4f_nb.panels.room import Room
from g4f_nb.panels.screen import Screen
from g4f_nb.panels.underway import UnderWay
from g4f_nb.providers.models.model import veiled
from g4f_nb.secret import Veiled


class Picker(Protocol):
    """The widget, whose picker says whom to ask."""

    model: Any


class Questions:
    """Each is asked in the conversation that is shown, and goes to the answers."""

    def __init__(
        self,
        picker: Picker,
        room: Room,
        choice: Choice,
        screen: Screen,
        answers: Answers,
        *,
        tools: Mapping[str, Any],
    ) -> None:
        self._picker, self._room, self._choice = picker, room, choice
        self._screen, self._answers = screen, answers
        self.tools = tools
        # What the picker showed when something was asked last, and in which conversation.
        self._asked = ("", "")

    def take(self, typed: Typed, request: str, *, again: str | None = None) -> None:
        """A new question, or one in the place of a turn."""
        turns = self._turns()
        if again is not None and again in turns:
            turns = turns[: turns.index(again)]
        live = UnderWay(
            request, self._room.current, typed.text, files=typed.names, before=tuple(turns), again=again,
            typed=typed,
        )  # fmt: skip
        self._ask(live)

    def named(self, turn: Turn | str | None) -> str:
        """The turn that is meant, by its id, the last one if none is; or an error that says what there is."""
        unsent, there = self._screen.unsent, self._turns()
        if unsent is not None and turn in (None, unsent["id"]):
            return str(unsent["id"])
        if turn is None and there:
            return there[-1]
        if turn is None:
            raise InvalidParameterError("nothing was asked in this panel yet: use panel.ask(…) first")
        id_ = turn.id if isinstance(turn, Turn) else turn
        if id_ not in there:
            raise InvalidParameterError(
                f"there is no turn {short(id_)} in what the panel shows: panel.turns lists those there are"
            )
        return str(id_)

    def again(self, request: str, turn: str | None) -> None:
        """The same question once more: one that failed before it was sent, or another version of a turn."""
        unsent = self._screen.unsent
        if turn is not None and unsent is not None and turn == unsent["id"]:
            self._send_again(request)
            return
        turns = self._turns()
        found = [each for each in self._room.current.turns if each.id == (turn or turns[-1])] if turns else []
        for old in found:
            before = tuple(turns[: turns.index(old.id)])
            live = UnderWay(
                request, self._room.current, old.shown, before=before, again=old.id, continues=old.continues
            )
            self._ask(live)

    def go_on(self, request: str) -> None:
        """What broke off shall go on."""
        before = tuple(self._turns())
        self._ask(UnderWay(request, self._room.current, "", before=before, continues=True))

    def _send_again(self, request: str) -> None:
        """What could not be sent, whichever way it was asked for."""
        failed = self._screen.failed
        if failed is None:
            return
        if failed.typed is not None:
            self.take(failed.typed, request, again=failed.again)
        elif failed.again is not None:
            self.again(request, failed.again)
        else:
            self.go_on(request)

    def _ask(self, live: UnderWay) -> None:
        tools = self.tools if self.tools["tools"] else {}
        place = {} if live.again is None else {"instead_of": live.again}
        model, own = self._choice.of(self._picker.model, self._room.current), Veiled()
        if live.continues and model is None and self._is_set_back():
            # Whom the conversation asks by itself is named now, with all that was given for it.
            talk = self._room.current
            model, own = talk.model, Veiled(talk.options, provider=talk.provider)
        self._asked = self._shown()
        self._answers.ask(live, model, veiled({**own, **tools, **self._room.values, **place}))

    def _is_set_back(self) -> bool:
        """Whether somebody has picked another model since the last question of this conversation."""
        (talk, before), (here, now) = self._asked, self._shown()
        return talk == here and before != now and bool(now)

    def _shown(self) -> tuple[str, str]:
        return self._room.current.id, str(self._picker.model or "")

    def _turns(self) -> list[str]:
        return [turn.id for turn in self._room.current.turns]
