"""Runs that can be had again: in this kernel with everything, in a later one as the store has them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from g4f_nb.comparing import columns, frames
from g4f_nb.comparing.columns import Outcomes
from g4f_nb.comparing.grid import Seat
from g4f_nb.comparing.keyless import mask_of_files, note_keys
from g4f_nb.comparing.runjson import grid_of, plan_of, wanted_of
from g4f_nb.comparing.running import Comparison
from g4f_nb.errors import InvalidParameterError, short, shorten, sort_of
from g4f_nb.forking import ModuleLock
from g4f_nb.kept.records import MOST, text
from g4f_nb.store import Store, store
from g4f_nb.stored.runs import KeptRun
from g4f_nb.typed.wanted import Wanted

if TYPE_CHECKING:
    import pandas as pd

# A position with more digits is none, and no number for the store.
_DIGITS = 16
# Runs of this kernel that can be gone on with, and how many answers of theirs stay in memory, too: those of
# the others are read again from the store. The latest run has all of its own.
_MOST, _MOST_ANSWERS = 20, 10_000
# Characters of a prompt in the list of runs.
_BEGINNING = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownRun:
    """A run, and how its frame is made."""

    run: Comparison
    prefix: str = ""
    wanted: Wanted | None = None


_live: dict[str, KnownRun] = {}
# Cells, panels and threads of the user's begin runs and look for them.
_lock = ModuleLock()


def begin(run: Comparison, *, prefix: str = "", wanted: Wanted | None = None, noted: bool = False) -> None:
    """Note a run before its first question, so that nothing of it is lost with this kernel.

    `noted` is for one that goes on: what the store says of it was true from the beginning.
    """
    with _lock:
        _live[run.run_id] = KnownRun(run=run, prefix=prefix, wanted=wanted)
        while len(_live) > _MOST:
            del _live[next(iter(_live))]
        _let_go()
    for seat in run.grid.seats:
        if seat.place is not None:
            note_keys((seat.place[1], *seat.plan.members))
    if run.store is not None and not noted:
        plan = plan_of(run.grid, seed=run.manner.seed, prefix=prefix, wanted=wanted)
        run.store.runs.begin(run.run_id, "compare", cells=len(run.grid.cells), plan=plan)


def forget() -> None:
    """Let go of this kernel's runs, as its end would: what the store has of them stays."""
    with _lock:
        _live.clear()


def live(run_id: str) -> KnownRun | None:
    """A run of this kernel."""
    return _live.get(run_id)


def with_answers(run_id: str) -> KnownRun | None:
    """A run of this kernel and what has become of its cells; of an older one that is read again."""
    with _lock:
        known = live(run_id)
        if known is not None and known.run.let_go:
            run = known.run
            kept = None if run.store is None else run.store.runs.find(run_id)
            if kept is None or run.store is None:
                # It was purged.
                _live.pop(run_id, None)
                return None
            run.columns, run.let_go = outcomes_of(kept, run.store), False
            run.give_up()
        return known


def _let_go() -> None:
    """Keep the answers of the latest runs alone: a cell that is run again and again fills no memory."""
    held = 0
    for run_id, known in list(_live.items())[::-1]:
        run = known.run
        held += len(run.columns.lists["status"])
        if run.is_over and run.store is not None and held > _MOST_ANSWERS and not run.let_go:
            _live[run_id] = replace(known, run=run.without_answers())


def attach(run_id: str) -> pd.DataFrame:
    """The result of an earlier run, as far as it came, also after a kernel's restart.

    `nb.runs()` lists them. What was not finished is "cancelled"; `.llm.retry()` asks it.
    """
    if not isinstance(run_id, str):
        raise InvalidParameterError(f"run_id is {sort_of(run_id)}: it must be a text, see nb.runs()")
    known = with_answers(run_id)
    if known is not None:
        return frames.frame_of(known.run, prefix=known.prefix, wanted=known.wanted)
    kept = store().runs.find(text(run_id) or "")
    if kept is None or kept.kind != "compare":
        there = ", ".join(row[0] for row in store().runs.latest(5)) or "none"
        raise InvalidParameterError(
            f"the store has no run {run_id!r}: nb.runs() lists them; there are {there}"
        )
    return _frame(kept)


def runs(most: int = 100) -> pd.DataFrame:
    """The latest comparisons that the store has, newest first, with how many of their calls are finished.

    `prompt` is how the first of them begins, `models` who was asked.
    """
    import pandas as pd

    if type(most) is not int or not 1 <= most < MOST:
        raise InvalidParameterError(f"most is {short(most)}: it must be a number of runs, from 1")
    there, mask = store(), mask_of_files()
    rows = []
    for run_id, _, began_at, cells, done in there.runs.latest(most):
        prompt, models = (_in_a_line(mask(words or "")) for words in there.runs.words(run_id))
        began = datetime.fromtimestamp(began_at, UTC)
        rows.append((run_id, began, prompt, models.replace(",", ", "), cells, done))
    kinds = {
        "run_id": "string", "began_at": "datetime64[ns, UTC]", "prompt": "string", "models": "string",
        "calls": "Int64", "finished": "Int64",
    }  # fmt: skip
    return pd.DataFrame.from_records(rows, columns=list(kinds)).astype(kinds)


def _in_a_line(text: str) -> str:
    """The beginning of a text, without what no list could show."""
    seen = "".join(char if char.isprintable() else " " for char in text[: 4 * _BEGINNING])
    return shorten(" ".join(seen.split()), _BEGINNING)


def seed_of(frame: pd.DataFrame) -> int:
    """The seed of the run that a table is of; 0 where it had none, or where there are several runs."""
    found = _runs_of(frame)
    if len(found) != 1:
        return 0
    (run_id,) = found
    known = live(run_id)
    seed = known.run.manner.seed if known is not None else (store().runs.plan(run_id) or {}).get("seed")
    return seed or 0


def labelled(frame: pd.DataFrame) -> set[tuple[str, str]]:
    """The providers and models of a table that have a name of the user's own."""
    seats: list[Seat] = []
    for run_id in _runs_of(frame):
        known = live(run_id)
        plan = None if known is not None else store().runs.plan(run_id)
        seats += known.run.grid.seats if known is not None else grid_of(plan).seats if plan else []
    return {(seat.provider, seat.model) for seat in seats if seat.labelled}


def _runs_of(frame: pd.DataFrame) -> set[str]:
    names = [name for name in frame.columns if str(name).endswith("run_id")]
    return {str(run_id) for name in names for run_id in frame[name].unique()}


def raw(cell_id: str) -> dict[str, Any]:
    """What was sent for one cell, and what came: messages, parameters, answer, reasoning, times; no key."""
    if not isinstance(cell_id, str):
        raise InvalidParameterError(
            f"cell_id is {sort_of(cell_id)}: it must be a text, from the column cell_id"
        )
    run_id, _, position = (text(cell_id) or "").rpartition("-")
    found = (
        store().cells.find(run_id, int(position))
        if position.isdecimal() and len(position) < _DIGITS
        else None
    )
    kept = store().runs.plan(run_id)
    if found is None or kept is None:
        raise InvalidParameterError(
            f"the store has nothing of the cell {cell_id!r}: it was not finished, or was purged"
        )
    record, more = found
    made = grid_of(kept)
    cell = made.cells[int(position)]
    seat = kept["seats"][cell.seat]
    request = {
        "provider": seat["provider"],
        "host": seat["host"],
        "model": seat["sent_as"],
        "messages": made.messages(cell),
        "parameters": seat["options"],
    }
    return {"request": request, "response": {**record, **more}}


def _frame(kept: KeptRun) -> pd.DataFrame:
    plan = kept.plan
    made = grid_of(plan)
    if len(made.cells) != kept.cells:
        raise InvalidParameterError(
            f"the run {kept.run_id!r} is damaged in the store: it has {kept.cells:,} cells, and its plan "
            f"{len(made.cells):,}; compare anew, what the store has of answers is taken from there"
        )
    values = outcomes_of(kept, store())
    status = values.lists["status"]
    values.lists["status"] = [said or "cancelled" for said in status]
    places = frames.result_columns(made, kept.run_id, prefix=plan["prefix"])
    return frames.assembled(places, values.lists, kept.run_id, prefix=plan["prefix"], wanted=wanted_of(plan))


def outcomes_of(kept: KeptRun, there: Store) -> Outcomes:
    """What the store has of a run's cells; those that were not finished are empty."""
    made = Outcomes.empty(kept.cells)
    for position, record in there.cells.records(kept):
        known = {name: value for name, value in record.items() if name in columns.OUTCOME}
        made.put(position, columns.shared(known))
    return made


def purge_store(*, older_than_days: float = 0.0) -> int:
    """Delete what was kept and is older than so many days, or all of it; counts the rows.

    That is answers and runs of comparisons, verdicts, and conversations. Without an age, what this kernel
    still holds of its comparisons goes, too.
    """
    if type(older_than_days) not in (int, float) or not older_than_days >= 0:
        raise InvalidParameterError(
            f"older_than_days is {short(older_than_days)}: it must be a number of days, 0 or more"
        )
    gone = store().purge(older_than_days=older_than_days)
    if not older_than_days:
        forget()
    return gone
