"""`Asking`, one question of a conversation on its way: ready to be answered, and then to be recorded."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Protocol

from g4f_nb.conversations.preparing import Given
from g4f_nb.conversations.spots import Spot
from g4f_nb.conversations.turns import Content, Turn, said_in
from g4f_nb.halves import sound
from g4f_nb.masking import masked
from g4f_nb.notices import tell
from g4f_nb.questions import Question
from g4f_nb.reply import Reply

# What ends a question from without: the user's own doing, and no failure.
_STOPS = (KeyboardInterrupt, asyncio.CancelledError, GeneratorExit)


_KEPT = "What had arrived is kept in the conversation: its .ask(continues=True) goes on with it."


class Record(Protocol):
    """Whoever keeps what became of a question; `failed` says that an error ended it."""

    def __call__(self, done: Asking, *, failed: bool) -> Turn: ...  # noqa: D102


class Asking:
    """One question on its way: `question` and `reply` for whoever lets it happen, who then calls `finish`.

    `notices` tell what was done to what is sent, as that the oldest turns were left out.
    """

    def __init__(
        self,
        question: Question,
        turn: Turn,
        spot: Spot,
        *,
        given: Given,
        notices: tuple[str, ...] = (),
        record: Record,
    ) -> None:
        self.question = question
        self.reply: Reply = question.new_reply()
        self.notices = notices
        self.turn = turn
        self.spot = spot
        self.given = given
        self._record: Record | None = record
        self._sent = len(question.messages)

    @property
    def prompt(self) -> Content:
        """What is asked."""
        return self.turn.prompt

    def finish(self, error: BaseException | None = None) -> Turn:
        """Record what became of it, as far as it came; a second time changes nothing.

        `error` is what ended it, `None` if nothing did. A stop by the user is no error.
        """
        record, self._record = self._record, None
        if record is None:
            return self.turn
        words = self._words(error)
        self.turn = _ended(self.turn, self.reply, self._sent, words)
        self.turn = record(self, failed=words is not None)
        return self.turn

    def tell_notices(self) -> None:
        """Say what was done to the question, to a user who has nothing but the reply."""
        for notice in self.notices:
            tell(notice, once=False)

    @contextlib.contextmanager
    def told(self) -> Iterator[Asking]:
        """Say the notices, and record whatever becomes of the question within."""
        self.tell_notices()
        try:
            yield self
        except BaseException as error:
            if self.finish(error).text:
                error.add_note(_KEPT)
            raise
        self.finish()

    def _words(self, error: BaseException | None) -> str | None:
        if error is None or isinstance(error, _STOPS):
            return None
        # A provider of the user's own may have put a key into its words.
        keys = (self.question.options, *self.question.plan.members)
        return sound(masked(str(error) or type(error).__name__, keys))

    def __repr__(self) -> str:
        state = "on its way" if self._record is not None else "finished"
        return f"<Asking {self.question.label}, {state}>"


def _ended(turn: Turn, reply: Reply, sent: int, error: str | None) -> Turn:
    if error is not None and not reply.text and not reply.steps and not reply.reasoning:
        return replace(turn, reply=None, error=error)
    return replace(turn, reply=reply, dialogue=said_in(reply, sent), error=error)
