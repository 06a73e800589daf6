"""The failed rows of a result, asked anew; the others stay as they are."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from g4f_nb.comparing import frames
from g4f_nb.comparing.budget import Budget
from g4f_nb.comparing.carrying import carry_out
from g4f_nb.comparing.columns import Outcomes
from g4f_nb.comparing.grid import Grid, Place, Seat
from g4f_nb.comparing.keeping import KnownRun, begin, outcomes_of, with_answers
from g4f_nb.comparing.manner import Manner
from g4f_nb.comparing.prices import pricing_of
from g4f_nb.comparing.runjson import grid_of, wanted_of
from g4f_nb.comparing.running import Comparison
from g4f_nb.comparing.seating import takes
from g4f_nb.errors import G4FError, InvalidParameterError
from g4f_nb.providers.calling import locate
from g4f_nb.questions import plan_of
from g4f_nb.secret import Veiled
from g4f_nb.store import store
from g4f_nb.typed.wanted import Wanted

if TYPE_CHECKING:
    import pandas as pd


def retry(run_id: str, *, progress: bool = True, **changes: Any) -> pd.DataFrame:
    """The run's result, whatever is not "ok" asked again; `changes` are `timeout=` and the like."""
    known = with_answers(run_id) or _kept(run_id)
    changes = Veiled(changes)
    old = known.run
    seats = [_changed(seat, changes) for seat in old.grid.seats] if changes else old.grid.seats
    again = Comparison(
        replace(old.grid, seats=seats), old.manner, old.store, old.budget,
        before=(run_id, _without_failures(old.columns)),
    )  # fmt: skip
    begin(again, prefix=known.prefix, wanted=known.wanted, noted=not changes)
    carry_out(again, shown=progress, title="retry")
    return frames.frame_of(again, prefix=known.prefix, wanted=known.wanted)


def _without_failures(values: Outcomes) -> Outcomes:
    status = values.lists["status"]
    kept = Outcomes.empty(values.rows)
    for at in range(values.rows):
        if status[at] == "ok":
            kept.put(at, values.record(at))
    return kept


def _changed(seat: Seat, changes: Veiled) -> Seat:
    if seat.place is None:
        return seat
    where, options = seat.place
    where.provider.check_parameters(changes)
    return replace(seat, place=(where, Veiled({**options, **changes})))


def _kept(run_id: str) -> KnownRun:
    """A run of an earlier kernel, whose models are looked up anew: their keys were never kept."""
    kept = store().runs.find(run_id)
    if kept is None or kept.kind != "compare":
        raise InvalidParameterError(f"the store has no run {run_id!r}: nb.runs() lists them")
    made = grid_of(kept.plan)
    wanted = wanted_of(kept.plan)
    seats = [_placed(seat, said, wanted) for seat, said in zip(made.seats, kept.plan["seats"], strict=True)]
    grid: Grid = replace(made, seats=seats)
    run = Comparison(
        grid,
        Manner(seed=kept.plan.get("seed")),
        store(),
        Budget(None, pricing_of(None)),
        before=(run_id, outcomes_of(kept, store())),
    )
    return KnownRun(run=run, prefix=kept.plan["prefix"], wanted=wanted)


def _placed(seat: Seat, said: dict[str, Any], wanted: Wanted | None) -> Seat:
    if said["lost"]:
        return replace(seat, fault=_not_again(f"{', '.join(said['lost'])}= of {seat.model} was not kept"))
    name = said["sent_as"] if said["sent_as"] is not None else seat.model
    try:
        where, given = _located(f"{seat.provider}:{name}" if name else seat.provider, said)
    except G4FError as error:
        return replace(seat, fault=error)
    if takes(where.provider, "max_retries"):
        given = Veiled({**given, "max_retries": 0})
    plan = plan_of((where, given), schema=None if wanted is None else wanted.given)
    return replace(seat, place=(where, given), plan=plan)


def _located(name: str, said: dict[str, Any]) -> Place:
    """Where the questions went before, and nowhere else: a retry sends no prompt to another host."""
    options = Veiled(said["options"])
    before = said["host"], said["endpoint"]
    if said["host"] is None:
        return locate(name, **options)
    with contextlib.suppress(G4FError):
        found = locate(name, **options)
        if _address(found) == before:
            return found
    found = locate(name, **Veiled({**options, "api_base": said["host"]}))
    if _address(found) != before:
        raise _not_again(f"{name} was asked at {said['host']}, and that is not where it is now")
    return found


def _address(place: Place) -> tuple[str | None, str | None]:
    where = place[0]
    return where.host, getattr(where.address, "chat_url", None)


def _not_again(why: str) -> G4FError:
    return InvalidParameterError(
        f"{why}: run nb.compare again with the same models instead; what was answered is kept"
    )
