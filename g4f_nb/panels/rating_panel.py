"""Answers of a finished comparison, two at a time, for a person to judge without knowing whose they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from g4f_nb.comparing.columns import OUTCOME
from g4f_nb.comparing.keyless import mask_of_files
from g4f_nb.errors import InvalidParameterError, short, shorten
from g4f_nb.judging import verdicts
from g4f_nb.judging.ballots import Ballots
from g4f_nb.judging.judges import known
from g4f_nb.panels.compare_messages import State
from g4f_nb.panels.given import checked_seed, checked_word
from g4f_nb.panels.kept_columns import pair_html, score_html
from g4f_nb.panels.side import Side
from g4f_nb.panels.side_by_side import SideBySide, agreed, ballot_state, letter_name, side_state

if TYPE_CHECKING:
    import pandas as pd


class RatingPanel(SideBySide):
    """`result.llm.rate()`: pairs of answers to the same prompt, shuffled, voted on with the keyboard.

    Each vote is in the table of verdicts as soon as it is given, so a later panel goes on where this one was
    left, and `.llm.rank()`, `.llm.agreement()` and `.llm.bias()` of the same result take it into account.
    """

    def __init__(
        self,
        frame: pd.DataFrame,
        *,
        blind: bool = True,
        judge: str = verdicts.HUMAN,
        seed: int | None = 0,
        question: str | None = None,
        height: str = "34rem",
    ) -> None:
        judge = checked_word("judge", judge, example="Ann")
        self._ballots = Ballots(frame, judge=judge, seed=checked_seed(seed), question=question)
        if not self._ballots.total:
            raise InvalidParameterError(
                "there is nothing to judge: it takes two models with different answers to the same prompt"
            )
        if not isinstance(blind, bool):
            raise InvalidParameterError(f"blind is {short(blind)}: it must be True or False")
        self._blind = blind
        self._pair: tuple[Side, ...] = ()
        super().__init__(_kind="rate", height=height)
        self._turn()

    def __repr__(self) -> str:
        if not hasattr(self, "_ballots"):
            # A traceback shows one that could not be made.
            return "<RatingPanel, not made>"
        done, total = self._ballots.done, self._ballots.total
        return f"<RatingPanel, {done} of {total} pairs judged: shown in a live notebook>"

    @property
    def verdicts(self) -> pd.DataFrame:
        """All verdicts on these answers, of people and of models."""
        return verdicts.kept(self._ballots.frame)

    @property
    def done(self) -> int:
        """How many pairs are judged."""
        return self._ballots.done

    @property
    def total(self) -> int:
        """How many pairs there are."""
        return self._ballots.total

    def _sides(self) -> list[Side]:
        """The two that are judged now."""
        return list(self._pair)

    def _voting(self) -> Ballots:
        """All pairs, and the votes on them."""
        return self._ballots

    def _voted(self) -> None:
        """Show the next pair, or what has come of it all."""
        self._turn()
        self._tell_state(contents=self._pair)
        self._keep()

    def _to_keep(self) -> tuple[str, str]:
        """How far it is; behind the last pair, the score."""
        told = f"{self.done} of {self.total} pairs judged"
        over = self._ballots.current is None
        score = self._ballots.score() if over or not self._blind else []
        lines = [f"{told}."] + (agreed(self._ballots.frame, self._ballots.judge) if over else [])
        html, text = self._kept_pair()
        if html:
            lines.append("The next pair: run this cell, and vote; what was voted is kept.")
        rows = [f"{name}: won {won}, tied {tied}, lost {lost}" for name, won, tied, lost in score]
        return score_html(score, lines) + html, "\n".join([*lines, *rows, *text])

    def _kept_pair(self) -> tuple[str, list[str]]:
        """The pair that is judged next, as HTML and as lines."""
        now, mask = self._ballots.current, mask_of_files()
        if now is None:
            return "", []
        names = [letter_name(at) if self._blind else side.name for at, side in enumerate(self._pair)]
        question = mask(self._ballots.questions[now.left])
        texts = [shorten(mask(side.text), 500) for side in self._pair]
        lines = [f"{name}: {text}" for name, text in zip(names, texts, strict=True)]
        return pair_html(question, self._pair, names, mask), [f"> {shorten(question, 500)}", *lines]

    def _state(self) -> State:
        """The pair that is judged now; behind the last one the score."""
        now = self._ballots.current
        hidden = self._blind
        shown = [side_state(side, hidden=hidden, at=at) for at, side in enumerate(self._pair)]
        left, right = (*self._pair, None, None)[:2]
        state: State = {
            "sides": shown,
            "question": self._ballots.questions[now.left] if now is not None else None,
            "ballot": ballot_state(self._ballots, left, right),
            "blind": hidden,
        }
        if now is None:
            score = self._ballots.score()
            notes = agreed(self._ballots.frame, self._ballots.judge)
            state["summary"] = {"score": score, "notes": notes}
        return state

    def _turn(self) -> None:
        now = self._ballots.current
        rows = () if now is None else (now.left, now.right)
        self._pair = tuple(Side.settled(self._ballots.label(row), self._record(row)) for row in rows)

    def _record(self, row: int) -> dict[str, Any]:
        names = self._ballots.candidates.names
        there = [name for name in OUTCOME if names.prefix + name in names.frame.columns]
        found = {name: known(names[name].iloc[row]) for name in there}
        return {name: value for name, value in found.items() if value is not None}
