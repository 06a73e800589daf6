"""A comparison is carried out and waited for: its bar meanwhile, what an interrupt leaves, what is told."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable

from g4f_nb import loops
from g4f_nb.comparing.grid import Grid
from g4f_nb.comparing.progress import Progress
from g4f_nb.comparing.running import Comparison
from g4f_nb.loops import ownloop
from g4f_nb.notices import tell

# How often the bar moves, in seconds.
_BEAT = 0.25


def carry_out(
    run: Comparison,
    *,
    shown: bool,
    title: str = "compare",
    each_beat: Callable[[], None] | None = None,
    beat: float = _BEAT,
) -> None:
    """Do a run on our own loop; an interrupt ends it and leaves what there is.

    A bar is `shown` meanwhile, or whatever `each_beat` paints.
    """
    _tell_faults(run.grid)
    job = ownloop.own_loop().submit(run.work())
    with Progress(run, len(run.grid.cells), title=title, shown=shown) as bar:
        try:
            job.result(each_beat or bar.refresh, beat=beat)
        except KeyboardInterrupt:
            _tell_interrupted(run, "interrupted")
    _raise_first(run)


async def carry_out_async(run: Comparison, *, shown: bool) -> None:
    """`carry_out` for `await`; cancelling it ends every call."""
    _tell_faults(run.grid)
    try:
        async with _moving(Progress(run, len(run.grid.cells), title="compare", shown=shown)):
            await loops.call(run.work())
    except asyncio.CancelledError:
        _tell_interrupted(run, "nb.compare_async was cancelled")
        raise
    _raise_first(run)


def _tell_interrupted(run: Comparison, what: str) -> None:
    """Nothing of it is lost, also where nobody has taken the result."""
    run.give_up()
    status = run.columns.lists["status"]
    done = sum(said != "cancelled" for said in status)
    tell(
        f"{what}: {done} of {len(status)} calls were done, the others are cancelled; run the cell again to "
        f"continue, or have what there is with nb.attach({run.run_id!r})",
        once=False,
    )


def _tell_faults(grid: Grid) -> None:
    """Say at once which models cannot be asked at all: their rows say it, too, but who looks there first."""
    models = list(dict.fromkeys(seat.model for seat in grid.seats))
    if len(models) > 1 and all(seat.provider == "Demo" for seat in grid.seats):
        tell(
            f"Demo has no model behind it: {' and '.join(models)} say the same, each at its own pace, so "
            'that only times can be compared; name models like "ollama:llama3.2" to compare answers'
        )
    for seat in grid.seats:
        if seat.fault is not None:
            tell(f"{seat.provider} is not asked, its rows say why: {seat.fault}", once=False)


def _raise_first(run: Comparison) -> None:
    """With `on_error="raise"` the first failure is the whole call's."""
    if run.error is not None:
        tell(
            f"{run.done} of {len(run.grid.cells)} calls were made; nb.attach({run.run_id!r}) has them, and "
            "what was answered is not asked again",
            once=False,
        )
        raise run.error


@contextlib.asynccontextmanager
async def _moving(progress: Progress) -> AsyncGenerator[None, None]:
    """A bar that moves while something else is awaited."""

    async def move(bar: Progress) -> None:
        while True:
            await asyncio.sleep(_BEAT)
            bar.refresh()

    with progress as bar:
        mover = asyncio.create_task(move(bar))
        try:
            yield
        finally:
            mover.cancel()
