"""`Wish`, what somebody wants to ask and where the answer shall stand: checked, and no turn yet."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from g4f_nb.conversations.preparing import Given
from g4f_nb.conversations.turns import Content, Turn, check_turn, check_words, prompt_text
from g4f_nb.entering import check_switch
from g4f_nb.errors import InvalidParameterError
from g4f_nb.halves import sound
from g4f_nb.questions import Question

# `after=None` is the beginning, so "not said" needs a word of its own.
END = "end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One question before it is begun; its fields are the arguments of `Conversation.begin`."""

    prompt: Any
    given: Given
    shown: str | None = None
    place: str | None = None
    instead_of: Turn | str | None = None
    after: Turn | str | None = END
    continues: bool = False

    def __post_init__(self) -> None:
        check_words(shown=self.shown, place=self.place)
        check_switch("continues", self.continues)
        for name in ("after", "instead_of"):
            check_turn(name, getattr(self, name))
        if self.place is not None:
            object.__setattr__(self, "place", sound(self.place))
        if self.instead_of is not None and self.after != END:
            raise InvalidParameterError("instead_of= and after= are two spots for one turn: give one of them")

    def again(self, old: Turn) -> Wish:
        """The same in the place of a turn, whose own question it is where it has none."""
        made = replace(self, place=self.place or old.place)
        if self.prompt is not None:
            return made
        return replace(made, prompt=old.prompt, continues=old.continues, shown=self.shown or old.shown)

    def turn(self, content: Content, question: Question) -> Turn:
        """The turn that it will be, as far as that is known."""
        return Turn(
            id=uuid.uuid4().hex,
            prompt=content,
            shown=prompt_text(content) if self.shown is None else sound(self.shown),
            place=self.place,
            asked_at=datetime.now(UTC),
            continues=self.continues,
            model=sound(question.label),
            system=self.given.system,
        )
