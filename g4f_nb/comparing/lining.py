"""Which questions wait in which lane, in which order, and how fast each lane may go."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict, deque
from collections.abc import Iterator
from typing import Any

from g4f_nb.comparing.batch import Lane
from g4f_nb.comparing.grid import Grid, Seat
from g4f_nb.comparing.identity import lane_key, row_of
from g4f_nb.comparing.manner import Manner
from g4f_nb.comparing.mishaps import Tries
from g4f_nb.comparing.pacing import Limits, Pace
from g4f_nb.reply import Reply

# How long an answer is taken to be where nothing limits it, in tokens.
_USUAL_ANSWER = 200


class Inquiry(Tries):
    """One question that is asked once, and all cells that it answers.

    There is one for nearly every row before the first is asked: it is small.
    """

    __slots__ = ("_others", "answering", "first", "key", "stopped")

    def __init__(self, first: int, key: str | None) -> None:
        super().__init__()
        self.first = first
        self.key = key
        self._others: list[int] | None = None
        # Only where somebody watches: the try that is on its way, and whether it is wanted no more.
        self.answering: asyncio.Task[Reply] | None = None
        self.stopped = False

    @property
    def cells(self) -> list[int]:
        """The cells that it answers, the first of them as it was met."""
        return [self.first] if self._others is None else [self.first, *self._others]

    def answers_too(self, cell: int) -> None:
        """Another cell asks the same."""
        if self._others is None:
            self._others = []
        self._others.append(cell)


def lanes_of(grid: Grid, manner: Manner, inquiries: list[Inquiry]) -> list[Lane[Inquiry]]:
    """A lane for each service under one key, with its questions in the order of the rows, or of the seed."""
    if manner.seed is not None:
        random.Random(manner.seed).shuffle(inquiries)
    keys = {number: lane_key(seat) for number, seat in enumerate(grid.seats) if seat.place is not None}
    by_lane: dict[tuple[Any, ...], deque[Inquiry]] = defaultdict(deque)
    seats: dict[tuple[Any, ...], Seat] = {}
    for inquiry in inquiries:
        number = grid.cells.seats[inquiry.first]
        by_lane[keys[number]].append(inquiry)
        seats.setdefault(keys[number], grid.seats[number])
    return [_lane(grid, manner, _limits(manner, seats[key]), waiting) for key, waiting in by_lane.items()]


def _lane(grid: Grid, manner: Manner, limits: Limits, waiting: deque[Inquiry]) -> Lane[Inquiry]:
    pace, jobs = Pace(limits, manner.concurrency), _taken_from(waiting)
    return Lane(pace, jobs) if limits.tpm is None else Lane(pace, jobs, lambda each: _tokens(grid, each))


def _limits(manner: Manner, seat: Seat) -> Limits:
    given = {name.lower(): limits for name, limits in manner.limits.items()}
    # A label is a name for it as good as its own.
    models = (seat.model, seat.place[0].model if seat.place else "")
    names = (*(f"{seat.provider}:{model}".lower() for model in models), seat.provider.lower())
    found = next((given[name] for name in names if name in given), None)
    if found is None:
        row = row_of(seat)
        found = given.get(row.name.lower()) if row is not None else None
    at_once = seat.place[0].provider.most_at_once(seat.place[1]) if seat.place else None
    return found or Limits(concurrency=at_once)


def _tokens(grid: Grid, inquiry: Inquiry) -> int:
    """About how many tokens one takes, for a limit on tokens a minute: a quarter of its characters."""
    cell = grid.cells[inquiry.first]
    place = grid.seats[cell.seat].place
    most = place[1].get("max_tokens") if place else None
    return len(grid.prompt_text(cell)) // 4 + (most if isinstance(most, int) else _USUAL_ANSWER)


def _taken_from(waiting: deque[Inquiry]) -> Iterator[Inquiry]:
    """One after the other, each gone from there when it is taken: what is done is to cost no memory."""
    while waiting:
        yield waiting.popleft()
