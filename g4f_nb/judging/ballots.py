"""Pairs of answers that a person judges without knowing whose they are, one after the other."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from g4f_nb.errors import InvalidParameterError, short
from g4f_nb.judging import verdicts
from g4f_nb.judging.asked import questions
from g4f_nb.judging.candidates import Candidates

if TYPE_CHECKING:
    import pandas as pd

Choice = Literal["left", "right", "tie", "bad"]
CHOICES: tuple[Choice, ...] = ("left", "right", "tie", "bad")
BOTH_BAD = "both bad"
_ALIKE = "the answers are the same"


@dataclass(frozen=True, slots=True)
class Ballot:
    """One pair as it is shown: the rows of the result that stand left and right."""

    left: int
    right: int
    # The earlier of the two in the result, which is `a` in the table of verdicts.
    first: int

    @property
    def pair(self) -> tuple[int, int]:
        """The two rows in the order of the table."""
        return (self.left, self.right) if self.left == self.first else (self.right, self.left)


class Ballots:
    """The pairs of one result in a shuffled order, sides shuffled, too; votes are kept as they are given.

    `order` names rows that stand in some order already: their pairs are judged as they stand.
    Which pairs this judge has voted on before is known from the store: they are not asked again. Two answers
    that are alike are a tie about which nobody is asked; it is noted with the first vote.
    """

    def __init__(
        self,
        frame: pd.DataFrame,
        *,
        judge: str = verdicts.HUMAN,
        seed: int | None = 0,
        question: str | None = None,
        order: Sequence[int] | None = None,
    ) -> None:
        self.frame = frame
        self.judge = judge
        self.candidates = Candidates.of(frame)
        self.questions = questions(self.candidates.names, question)
        self.answers: list[Any] = self.candidates.names["answer"].tolist()
        pairs, self._alike = self._pairs()
        ballots = self._shuffled(pairs, seed) if order is None else _in_place(pairs, order)
        self._before = self._votes()
        voted = [each for each in ballots if self._name(each) in self._before]
        self.total = len(ballots)
        self._waiting = [each for each in ballots if self._name(each) not in self._before]
        self._voted: list[tuple[Ballot, dict[str, Any]]] = [(each, {}) for each in voted]
        self._earlier = len(voted)

    @property
    def done(self) -> int:
        """How many pairs are voted on, earlier ones among them."""
        return len(self._voted)

    @property
    def current(self) -> Ballot | None:
        """The pair that is to be judged now; `None` when there is none left."""
        return self._waiting[0] if self._waiting else None

    @property
    def can_undo(self) -> bool:
        """Whether there is a vote of this sitting to take back."""
        return len(self._voted) > self._earlier

    def vote(self, choice: Choice, *, seconds: float | None = None) -> dict[str, Any]:
        """Keep a verdict on the current pair and go on to the next."""
        ballot = self.current
        if ballot is None:
            raise InvalidParameterError("every pair is voted on: there is nothing left to judge")
        if choice not in CHOICES:
            raise InvalidParameterError(f"a vote is one of {', '.join(CHOICES)}, and not {short(choice)}")
        if not self.can_undo and self._alike:
            verdicts.keep(self._tie(pair) for pair in self._alike)
            self._alike = []
        said = verdicts.place(self.candidates, *ballot.pair)
        winner = "tie"
        if choice in ("left", "right"):
            winner = "a" if getattr(ballot, choice) == ballot.first else "b"
        row = {
            **said, "judge": self.judge, "turn": 0, "winner": winner, "status": "ok",
            "winner_model": verdicts.winner_model(said, winner),
            "shown_first": "a" if ballot.left == ballot.first else "b",
            "reason": BOTH_BAD if choice == "bad" else None, "latency_s": seconds,
        }  # fmt: skip
        verdicts.keep([row])
        self._voted.append((self._waiting.pop(0), row))
        return row

    def skip(self) -> None:
        """Put the current pair behind all others."""
        if self._waiting:
            self._waiting.append(self._waiting.pop(0))

    def undo(self) -> None:
        """Take the last vote of this sitting back; its pair is the current one again."""
        if self.can_undo:
            ballot, row = self._voted.pop()
            verdicts.drop(row)
            self._waiting.insert(0, ballot)

    def label(self, row: int) -> str:
        """Whose answer a row is."""
        return str(self.candidates.label.iloc[row])

    def score(self) -> list[tuple[str, int, int, int]]:
        """Each model with how often it won, tied and lost in this judge's eyes, the best first."""
        counts = {name: [0, 0, 0] for name in self.candidates.order}
        for row in self._votes().values():
            for side in ("a", "b"):
                at = 1 if row["winner"] == "tie" else 0 if row["winner"] == side else 2
                counts[row[f"model_{side}"]][at] += 1
        score = [(name, won, tied, lost) for name, (won, tied, lost) in counts.items()]
        return sorted(score, key=lambda each: (-(each[1] - each[3]), -each[1]))

    def _votes(self) -> dict[str, Mapping[str, Any]]:
        kept = verdicts.kept(self.frame)
        mine = kept[(kept["judge"] == self.judge) & kept["winner"].notna()]
        rows: list[dict[Any, Any]] = mine.to_dict("records")
        return {str(row["pair"]): row for row in rows}

    def _name(self, ballot: Ballot) -> str:
        return str(verdicts.place(self.candidates, *ballot.pair)["pair"])

    def _pairs(self) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        names = self.candidates.names
        said = names["answer"].fillna("").str.strip()
        usable = ((names["status"] == "ok") & (said != "")).tolist()
        texts = said.tolist()
        pairs: list[tuple[int, int]] = []
        alike: list[tuple[int, int]] = []
        for one, other in self.candidates.meetings():
            if usable[one] and usable[other]:
                (alike if texts[one] == texts[other] else pairs).append((one, other))
        return pairs, alike

    @staticmethod
    def _shuffled(pairs: list[tuple[int, int]], seed: int | None) -> list[Ballot]:
        chance = random.Random(seed)
        chance.shuffle(pairs)
        return [
            Ballot(*(pair if chance.random() < 0.5 else pair[::-1]), pair[0])  # noqa: PLR2004  # a coin
            for pair in pairs
        ]

    def _tie(self, pair: tuple[int, int]) -> dict[str, Any]:
        said = verdicts.place(self.candidates, *pair)
        tie = {"judge": self.judge, "turn": 0, "winner": "tie", "status": "same", "reason": _ALIKE}
        return {**said, **tie}


def _in_place(pairs: list[tuple[int, int]], order: Sequence[int]) -> list[Ballot]:
    place = {row: at for at, row in enumerate(order)}
    made = []
    for pair in pairs:
        left, right = sorted(pair, key=lambda row: place.get(row, len(place)))
        made.append(Ballot(left, right, pair[0]))
    return sorted(made, key=lambda each: (place.get(each.left, 0), place.get(each.right, 0)))
