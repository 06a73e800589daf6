"""One prompt asked of several models: its runs, and an answer for each column while it comes."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from g4f_nb.comparing.frames import frame_of
from g4f_nb.comparing.running import Comparison
from g4f_nb.errors import MissingAuthError
from g4f_nb.judging.ballots import Ballots
from g4f_nb.loops.ownloop import Job
from g4f_nb.panels.side import Side
from g4f_nb.reply import Reply

if TYPE_CHECKING:
    import pandas as pd


@dataclass(slots=True, eq=False)
class Asked:
    """A run of one prompt, and the side of each of its cells."""

    sides: Sequence[Side]
    run: Comparison | None = None
    job: Job[None] | None = None

    def stop(self, side: Side) -> None:
        """End one of its answers; what there is of it is kept."""
        if self.run is not None and self.job is not None:
            self.job.later(self.run.stop, self.sides.index(side))

    def lacks_key_of(self, side: Side) -> str | None:
        """The provider that could not be asked for want of a key."""
        assert self.run is not None  # noqa: S101  # asked of sides that have ended
        grid = self.run.grid
        seat = grid.seats[grid.cells[self.sides.index(side)].seat]
        return seat.provider if isinstance(seat.fault, MissingAuthError) else None

    def record(self, side: Side) -> dict[str, Any]:
        """What became of a side, as its row says."""
        assert self.run is not None  # noqa: S101  # asked of sides that have ended
        return self.run.columns.record(self.sides.index(side))

    def rows(self, sides: Sequence[Side]) -> pd.DataFrame:
        """The rows of those of these sides that are its own."""
        assert self.run is not None  # noqa: S101  # as above
        return frame_of(self.run).iloc[[at for at, each in enumerate(self.sides) if each in sides]]


@dataclass(frozen=True, slots=True)
class Ended:
    """The answers of a round that have ended, and its runs: taken under the panel's lock, read without it."""

    sides: Sequence[Side]
    asked: Sequence[Asked]
    # The rows in the order on the page, by their cells' names.
    cells: Sequence[str]

    def results(self) -> pd.DataFrame | None:
        """Their rows; `None` if nothing could be asked."""
        import pandas as pd

        frames = [each.rows(self.sides) for each in self.asked]
        found = [frame for frame in frames if len(frame)]
        return pd.concat(found, ignore_index=True) if found else None

    def ballots(self, judge: str) -> Ballots | None:
        """What is to be voted on, as they stand; `None` where there is nothing."""
        found = self.results()
        if found is None:
            return None
        place = {cell: at for at, cell in enumerate(found["cell_id"].tolist())}
        return Ballots(found, judge=judge, order=[place[cell] for cell in self.cells if cell in place])


@dataclass(frozen=True, slots=True)
class Fared:
    """What has come of the votes: each model with how often it won, tied, lost; how far judges agree."""

    score: Sequence[tuple[str, int, int, int]] = ()
    notes: Sequence[str] = ()


@dataclass(slots=True, eq=False)
class Round:
    """One prompt and its answers, in the order of the columns; in `shown`, in the order on the page."""

    prompt_id: str
    prompt: Any
    question: str
    blind: bool
    # By which the view that asked knows that it was taken up.
    request: str = ""
    sides: dict[str, Side] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    ballots: Ballots | None = None
    revealed: bool = False
    fared: Fared = Fared()
    _order: list[str] = field(default_factory=list)

    def shuffle(self, chance: random.Random) -> None:
        """Choose the order on the page, where nobody shall know whose answers they are."""
        self._order = list(self.sides)
        if self.blind:
            chance.shuffle(self._order)

    @property
    def shown(self) -> list[Side]:
        """The sides as they stand on the page, late ones last."""
        late = [column for column in self.sides if column not in self._order]
        return [self.sides[column] for column in (*self._order, *late) if column in self.sides]

    @property
    def is_settled(self) -> bool:
        """Whether nothing more will come."""
        return all(side.is_settled for side in self.sides.values())

    @property
    def hides_names(self) -> bool:
        """Whether names are still to be guessed."""
        return self.blind and not self.revealed

    def asked_of(self, side: Side) -> Asked | None:
        """The run that a side is of."""
        return next((each for each in self.asked if side in each.sides and each.run is not None), None)

    def ended(self) -> Ended:
        """Those of its answers that have ended, as they are now."""
        return Ended(
            [side for side in self.sides.values() if side.is_settled],
            [each for each in self.asked if each.run is not None],
            [cell for side in self.shown if (cell := self.cell_of(side)) is not None],
        )

    def open_ballots(self, ballots: Ballots | None) -> None:
        """Begin to judge; without two answers there is nothing to judge, and names are shown."""
        self.ballots = ballots
        self.revealed = ballots is None or ballots.current is None

    def cell_of(self, side: Side) -> str | None:
        """The row of a side, by its cell's name."""
        asked = self.asked_of(side)
        if asked is None or asked.run is None:
            return None
        return f"{asked.run.run_id}-{asked.sides.index(side)}"

    def side_of(self, row: int) -> Side | None:
        """The side of a row of what is judged."""
        assert self.ballots is not None  # noqa: S101  # asked while there are ballots
        cell = self.ballots.frame["cell_id"].iloc[row]
        return next((side for side in self.sides.values() if self.cell_of(side) == cell), None)


@dataclass(slots=True, eq=False)
class Watch:
    """What a run of the engine tells of its cells, told on as sides."""

    sides: Sequence[Side]
    began_one: Callable[[Side, Reply], None]
    grew_one: Callable[[Side], None]
    ended_one: Callable[[Side], None]

    def began(self, cells: Sequence[int], reply: Reply) -> None:
        """Hand the reply to each side that it answers."""
        for at in cells:
            self.began_one(self.sides[at], reply)

    def grew(self, cells: Sequence[int]) -> None:
        """Say of each side that there is more."""
        for at in cells:
            self.grew_one(self.sides[at])

    def ended(self, cells: Sequence[int]) -> None:
        """Say of each side that it is over."""
        for at in cells:
            self.ended_one(self.sides[at])


def failed(error: BaseException, said: str) -> Mapping[str, Any]:
    """What is recorded of an answer that could not even be asked for."""
    return {"status": "error", "error": said, "error_type": type(error).__name__}
