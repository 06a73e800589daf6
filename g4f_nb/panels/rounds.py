"""The prompts of one panel, carried out by the comparison engine; views are told of answers as they grow."""

from __future__ import annotations

import asyncio
import threading
from asyncio import to_thread
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from g4f_nb.comparing import columns
from g4f_nb.comparing.budget import Budget
from g4f_nb.comparing.entry import watched_run
from g4f_nb.comparing.given import ModelName
from g4f_nb.comparing.running import Comparison
from g4f_nb.loops.ownloop import own_loop
from g4f_nb.panels.compare_messages import Step
from g4f_nb.panels.offers import said
from g4f_nb.panels.round import Asked, Ended, Round, Watch, failed
from g4f_nb.panels.side import Side, opaque
from g4f_nb.reply import Reply

if TYPE_CHECKING:
    from concurrent.futures import Future

    import pandas as pd

# Seconds between two deltas: at most 12 a second reach the browser, for all columns together.
_PACE = 1 / 10.5
# Characters a second that may go to a view; more columns or longer blocks are shown in larger steps.
_RATE = 80_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelColumn:
    """One model of a panel."""

    name: str
    model: ModelName
    id: str = field(default_factory=opaque)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Whom the rounds tell: all but `over` are called with the panel's lock held."""

    delta: Callable[[list[Step]], None]
    # An answer is all there, with its last step; of a round that is on the page.
    settled: Callable[[Round, Side, Step], None]
    # All answers of a round are there; on a worker thread.
    over: Callable[[Round, Ended], None]
    # Something else than texts has changed.
    changed: Callable[[], None]


class Rounds:
    """All that was asked, and which of it is on the page."""

    def __init__(self, told: Told, lock: threading.RLock, options: Mapping[str, Any]) -> None:
        self.all: list[Round] = []
        self.at = -1
        self._told, self._lock, self._options = told, lock, options
        self._budget: Budget | None = None
        self._due = False
        self._next = 0.0

    @property
    def current(self) -> Round | None:
        """The one on the page."""
        return self.all[self.at] if self.all else None

    @property
    def latest(self) -> Round | None:
        """The one that was begun last."""
        return self.all[-1] if self.all else None

    @property
    def busy(self) -> bool:
        """Whether any answer is on its way."""
        return any(not each.is_settled for each in self.all)

    def put(self, round_: Round) -> None:
        """One more, which is on the page now."""
        self.all.append(round_)
        self.at = len(self.all) - 1

    def results(self) -> pd.DataFrame:
        """All answers that have ended, a row each, with the columns of `nb.compare`."""
        import pandas as pd

        with self._lock:
            ended = [each.ended() for each in self.all]
        # Outside: the loop that answers come on takes the lock, too.
        found = [frame for each in ended if (frame := each.results()) is not None]
        if found:
            return pd.concat(found, ignore_index=True)
        kinds = {**columns.PLACE, "prompt": "string", **columns.OUTCOME}
        names = [name for name in kinds if name not in ("parsed", "parse_error")]
        return pd.DataFrame({name: pd.Series(dtype=kinds[name]) for name in names})

    def start(self, round_: Round, asked: Sequence[ModelColumn], *, anew: bool = False) -> None:
        """Ask these models, with `anew` also for what is kept.

        Belongs on the user's own thread, for looking for a key may need it.
        """
        options = dict(self._options)
        if anew and options.get("cache", True) in (True, "use"):
            options["cache"] = "refresh"
        sides = [round_.sides[column.id] for column in asked]
        watch = Watch(sides, self._began, self._grew, partial(self._ended, round_))
        try:
            models = [column.model for column in asked]
            run = watched_run({round_.prompt_id: round_.prompt}, models, watch, options=options)
        except Exception as error:  # noqa: BLE001  # whatever it is, the column is where the user looks
            if len(asked) > 1:
                # What is wrong with one model must not cost the answers of the others.
                for column in asked:
                    self.start(round_, [column], anew=anew)
            else:
                self._settle(round_, sides[0], failed(error, said(error)))
            return
        self._carry_out(round_, Asked(sides, run), run)

    def stop(self, sides: Iterable[Side]) -> None:
        """End these, as far as they are on their way, and keep what there is of them."""
        wanted = list(sides)
        with self._lock:
            for round_ in self.all:
                for side in round_.sides.values():
                    asked = round_.asked_of(side)
                    if side in wanted and asked is not None and not side.is_settled:
                        asked.stop(side)

    def stop_all(self) -> None:
        """End whatever is on its way."""
        self.stop([side for each in self.all for side in each.sides.values()])

    def _carry_out(self, round_: Round, asked: Asked, run: Comparison) -> None:
        with self._lock:
            round_.asked.append(asked)
            # One budget for the whole panel.
            self._budget = run.budget = self._budget or run.budget
            asked.job = own_loop().submit(run.work())
        asked.job.future.add_done_callback(partial(self._broken, round_, asked))

    def _broken(self, round_: Round, asked: Asked, future: Future[None]) -> None:
        error = None if future.cancelled() else future.exception()
        if error is not None:
            for side in asked.sides:
                self._settle(round_, side, failed(error, said(error)))

    # ---- told by the engine, on our own loop -----------------------------------------------------------

    def _began(self, side: Side, reply: Reply) -> None:
        with self._lock:
            side.begin(reply)
            if side.tries > 1:
                self._told.changed()
        self._grew(side)

    def _grew(self, _: Side) -> None:
        if not self._due:
            self._due = True
            loop = asyncio.get_running_loop()
            loop.call_later(max(0.0, self._next - loop.time()), self._flush)

    def _flush(self) -> None:
        loop = asyncio.get_running_loop()
        self._due = False
        with self._lock:
            shown = self.current.sides.values() if self.current else ()
            steps = [step for side in shown if not side.is_settled and (step := _step(side)) is not None]
            if steps:
                self._told.delta(steps)
        size = sum(len(step["open"]) + sum(map(len, step.get("finished", ()))) for step in steps)
        self._next = loop.time() + max(_PACE, size / _RATE)

    def _ended(self, round_: Round, side: Side) -> None:
        asked = round_.asked_of(side)
        if asked is not None:
            self._settle(round_, side, asked.record(side))

    def _settle(self, round_: Round, side: Side, record: Mapping[str, Any]) -> None:
        with self._lock:
            if side.is_settled:
                return
            step = side.settle(record)
            if round_ is self.current:
                self._told.settled(round_, side, step)
            over = round_.is_settled
        if over:
            # Reading verdicts takes time that the answers of other panels need.
            own_loop().submit(to_thread(self._over, round_))

    def _over(self, round_: Round) -> None:
        with self._lock:
            ended = round_.ended() if round_.is_settled else None
        if ended is not None:
            self._told.over(round_, ended)


def _step(side: Side) -> Step | None:
    try:
        return side.step()
    except Exception:  # noqa: BLE001  # a text that cannot be rendered must not end the run: see `settle`
        return None
