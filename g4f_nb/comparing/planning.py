"""What a call would take and cost, before it is made: estimates, which say that they are some."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import mean
from typing import Any

from g4f_nb.chunks import Usage
from g4f_nb.comparing.budget import Budget
from g4f_nb.comparing.columns import Outcomes
from g4f_nb.comparing.grid import Grid, Seat
from g4f_nb.costs.tokens import estimate_tokens
from g4f_nb.kept.records import Record
from g4f_nb.reply import Reply

# How long an answer is taken to be where nothing tells.
USUAL_ANSWER = 200
_LIMITS = ("max_tokens", "max_completion_tokens")


def planned(grid: Grid, cells: Sequence[int], known: Outcomes, budget: Budget) -> list[Record]:
    """For each of these cells its tokens and price; the answer as long as those that the model has given."""
    usual = _usual_lengths(grid, known)
    return [_planned(grid, at, usual, budget) for at in cells]


def _planned(grid: Grid, at: int, usual: Mapping[int, int], budget: Budget) -> Record:
    cell = grid.cells[at]
    seat = grid.seats[cell.seat]
    if seat.place is None:
        return {}
    where = seat.place[0]
    tools = seat.plan.tools.as_json() if seat.plan.tools else None
    asked = grid.messages(cell)
    into = int(estimate_tokens(asked, f"{seat.provider}:{where.model}", tools=tools))
    out = usual.get(cell.seat) or _allowed(seat) or USUAL_ANSWER
    reply = Reply(provider=where.provider.__name__, model=where.model)
    reply.url, reply.price = where.host, where.price
    reply.add(Usage(into, out, into + out))
    cost = budget.price_of(reply)
    made: Record = {"in_tokens": into, "out_tokens": out}
    if cost is not None:
        made |= {"cost_usd": cost.usd, "price_source": cost.source, "price_date": cost.date}
    return made


def _usual_lengths(grid: Grid, known: Outcomes) -> dict[int, int]:
    """How long the kept answers of each seat are."""
    lengths: dict[int, list[int]] = {}
    for cell, said, out in zip(grid.cells, known.lists["status"], known.lists["out_tokens"], strict=True):
        if said == "ok" and out:
            lengths.setdefault(cell.seat, []).append(out)
    return {seat: round(mean(some)) for seat, some in lengths.items()}


def _allowed(seat: Seat) -> int | None:
    options: Mapping[str, Any] = seat.place[1] if seat.place is not None else {}
    return next((options[name] for name in _LIMITS if type(options.get(name)) is int), None)
