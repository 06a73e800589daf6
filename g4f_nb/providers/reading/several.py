"""The choices of one answer: the one that is it, and those beside it, where `n` were asked for."""

from __future__ import annotations

from typing import Any

from g4f_nb.chunks import Alternative, Chunk, FinishReason
from g4f_nb.providers.reading.answerer import Answerer
from g4f_nb.providers.reading.choices import ChoiceReader

# Each costs some memory; OpenAI allows 128.
_MOST_CHOICES = 4096


class Several:
    """Takes the choices of frames; number 0 is the answer, what comes of others is `Alternative`s."""

    def __init__(self, who: Answerer, *, think: bool, n: int) -> None:
        self.main = ChoiceReader(who, think=think)
        # Whether any choice has come, and whether the answer has.
        self.seen = False
        self.seen_main = False
        # Set once every choice has ended, so that nothing but the usage can still come.
        self.finish_reason: str | None = None
        # Whether it has been told why the answer ended, or is told by somebody else.
        self.told_finish = False
        self._who = who
        self._think = think
        self._n = n
        self._others: dict[int, ChoiceReader] = {}
        self._aside: list[Alternative] = []

    @property
    def held(self) -> int:
        """How much has come that is given when it is whole: fragments of calls, sound."""
        return self.main.held + sum(other.held for other in self._others.values())

    @property
    def all_ended(self) -> bool:
        """Whether each of them has said why."""
        return all(each.finish_reason for each in (self.main, *self._others.values()))

    def take(self, choices: list[Any], out: list[str | Chunk]) -> None:
        """Take what one frame holds of them."""
        choice = choices[0]
        if len(choices) == 1 and type(choice) is dict and not choice.get("index"):
            self._answer(choice, out)
        else:
            self._spread(choices, out)

    def _answer(self, choice: dict[str, Any], out: list[str | Chunk]) -> None:
        """What comes of the choice that is the answer."""
        main = self.main
        self.seen = self.seen_main = True
        main.take(choice, out)
        if self._aside:
            out += self._aside
            self._aside = []
        if main.finish_reason and not self.told_finish:
            self.told_finish = True
            main.close(out)
            out.append(FinishReason(main.finish_reason))
            self._note_end()

    def _spread(self, choices: list[Any], out: list[str | Chunk]) -> None:
        """Several choices in one frame, or one that is not the answer."""
        for place, choice in enumerate(choices):
            if not isinstance(choice, dict):
                continue
            self.seen = True
            index = index_of(choice, place)
            if index == 0:
                self._answer(choice, out)
                continue
            if index not in self._others:
                if len(self._others) >= _MOST_CHOICES:
                    raise self._who.unreadable("an answer of more choices than anybody asks for")
                self._others[index] = ChoiceReader(self._who, think=self._think)
            self._take_aside(index, choice)
        # An answer that counts from 1 is told from an alternative once its end is reached.
        if self.seen_main:
            out += self._aside
            self._aside = []

    def _take_aside(self, index: int, choice: dict[str, Any]) -> None:
        other, said = self._others[index], list[str | Chunk]()
        ended = other.finish_reason
        other.take(choice, said)
        if other.finish_reason and not ended:
            other.close(said)
            said.append(FinishReason(other.finish_reason))
            self._note_end()
        self._aside += [Alternative(index, chunk) for chunk in said]

    def _note_end(self) -> None:
        choices = [self.main, *self._others.values()]
        if len(choices) >= self._n and all(choice.finish_reason for choice in choices):
            self.finish_reason = self.main.finish_reason

    def close(self, out: list[str | Chunk]) -> None:
        """What may follow a reason to finish: more text, or a call that comes late."""
        self.main.close(out)
        for index, other in sorted(self._others.items()):
            late: list[str | Chunk] = []
            other.close(late)
            late += filter(None, [other.sources()])
            out += [Alternative(index, chunk) for chunk in late]

    def promote(self, out: list[str | Chunk]) -> None:
        """Where no choice was number 0 the lowest is the answer, and what came of it is its text."""
        if self.seen_main:
            return
        first = min(self._others)
        self.main = self._others.pop(first)
        out += [part.chunk if part.index == first else part for part in self._aside]
        self._aside = []
        self.told_finish = bool(self.main.finish_reason)


def index_of(choice: dict[str, Any], place: int) -> int:
    """The number of a choice; its place where it has none, 0 where it has one that is none."""
    index = choice.get("index")
    if index is None:
        return place
    if isinstance(index, str) and index.isdecimal() and len(index) < 10:  # noqa: PLR2004  # no number of choices
        return int(index)
    return index if type(index) is int and index > 0 else 0


def numbered(choices: list[Any]) -> list[dict[str, Any]]:
    """The choices of a whole answer, the first of them as number 0 if none is."""
    found = [choice for choice in choices if isinstance(choice, dict)]
    numbers = [index_of(choice, place) for place, choice in enumerate(found)]
    if len(set(numbers)) < len(numbers):
        numbers = list(range(len(found)))
    least = min(numbers)
    return [
        choice | {"index": 0 if number == least else number}
        for number, choice in zip(numbers, found, strict=True)
    ]
