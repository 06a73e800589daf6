"""The same prompts to several models, as one tidy DataFrame; a failed call is a row."""

from __future__ import annotations

import asyncio
import contextlib
import difflib
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from g4f_nb import loops
from g4f_nb.comparing import frames
from g4f_nb.comparing.budget import Budget
from g4f_nb.comparing.building import build
from g4f_nb.comparing.given import ModelName, Prompts
from g4f_nb.comparing.grid import Grid
from g4f_nb.comparing.keeping import begin
from g4f_nb.comparing.manner import Cache, Manner, OnError, Timing
from g4f_nb.comparing.pacing import Limits
from g4f_nb.comparing.prices import check_prices, pricing_of
from g4f_nb.comparing.progress import Progress
from g4f_nb.comparing.running import Comparison
from g4f_nb.comparing.watching import Watcher
from g4f_nb.errors import InvalidParameterError, UnknownParameterError
from g4f_nb.loops import ownloop
from g4f_nb.notices import tell
from g4f_nb.prices import dollars
from g4f_nb.secret import Veiled
from g4f_nb.store import store
from g4f_nb.typed.wanted import Wanted

if TYPE_CHECKING:
    import pandas as pd

# How often the bar moves, in seconds.
_BEAT = 0.25
# What decides the manner of a comparison, in the words of its options.
_MANNER = ("cache", "concurrency", "limits", "retries", "timing", "on_error", "seed", "engine")


def compare(
    prompts: Prompts,
    models: Sequence[ModelName] | ModelName | None = None,
    *,
    data: Any = None,
    params: Mapping[str, Any] | None = None,
    repeats: int = 1,
    system: str | None = None,
    schema: Any = None,
    cross: bool = True,
    zip: Sequence[str] = (),  # noqa: A002  # the word for what it does
    cache: Cache = "use",
    concurrency: int = 64,
    limits: Mapping[str, Limits] | None = None,
    retries: int = 4,
    timing: Timing = "stream",
    budget: str | float | None = None,
    prices: Any = None,
    dry_run: bool = False,
    on_error: OnError = "row",
    seed: int | None = None,
    engine: str = "local",
    prefix: str = "",
    progress: bool = True,
    **parameters: Any,
) -> pd.DataFrame:
    """Ask every model every prompt, many at a time; one row a call, in the order of the grid.

    `prompts` is a text, a list or column of texts or message lists, or a dict of names to them. With `data`
    (a DataFrame, or a dict of lists) every row of it is asked about, and `{column}` in a prompt is its value.
    `params` vary where they are lists: `params={"temperature": [0, 1]}`; other parameters, `temperature=0`,
    go to every call. `zip=("models", "temperature")` takes those axes side by side instead of crossing them,
    `cross=False` all of them. With `schema`, a type or a line like "name, age int", answers become columns.

    A call that fails is a row with `status` "error" and the reason; `on_error="raise"` ends it there.
    Answers are kept: running it again asks only what is missing, also in another kernel (`cache="refresh"`
    asks anew). An interrupt returns what there is, the rest "cancelled". `budget="2 USD"` stops there;
    `dry_run=True` only shows what would be asked. `seed` mixes the order of the work, each time alike.
    """
    parameters = Veiled(parameters)
    run, wanted = _prepared(
        prompts, models, data=data, params=params, repeats=repeats, system=system, schema=schema, cross=cross,
        pair=zip, budget=budget, prices=prices, prefix=prefix, parameters=parameters,
        manner=Manner(
            cache=cache, concurrency=concurrency, limits={} if limits is None else limits, retries=retries,
            timing=timing, on_error=on_error, seed=seed, engine=engine,
        ),
    )  # fmt: skip
    if dry_run:
        run.plan()
        return frames.frame_of(run, prefix=prefix, wanted=wanted)
    begin(run, prefix=prefix, wanted=wanted)
    carry_out(run, shown=progress)
    return frames.frame_of(run, prefix=prefix, wanted=wanted)


async def compare_async(
    prompts: Prompts,
    models: Sequence[ModelName] | ModelName | None = None,
    *,
    data: Any = None,
    params: Mapping[str, Any] | None = None,
    repeats: int = 1,
    system: str | None = None,
    schema: Any = None,
    cross: bool = True,
    zip: Sequence[str] = (),  # noqa: A002  # the word for what it does
    cache: Cache = "use",
    concurrency: int = 64,
    limits: Mapping[str, Limits] | None = None,
    retries: int = 4,
    timing: Timing = "stream",
    budget: str | float | None = None,
    prices: Any = None,
    dry_run: bool = False,
    on_error: OnError = "row",
    seed: int | None = None,
    engine: str = "local",
    prefix: str = "",
    progress: bool = False,
    **parameters: Any,
) -> pd.DataFrame:
    """`compare` for `await`; cancelling it ends every call. Its bar is only shown where `progress=True`."""
    parameters = Veiled(parameters)
    run, wanted = _prepared(
        prompts, models, data=data, params=params, repeats=repeats, system=system, schema=schema, cross=cross,
        pair=zip, budget=budget, prices=prices, prefix=prefix, parameters=parameters,
        manner=Manner(
            cache=cache, concurrency=concurrency, limits={} if limits is None else limits, retries=retries,
            timing=timing, on_error=on_error, seed=seed, engine=engine,
        ),
    )  # fmt: skip
    if dry_run:
        run.plan()
        return frames.frame_of(run, prefix=prefix, wanted=wanted)
    begin(run, prefix=prefix, wanted=wanted)
    _tell_faults(run.grid)
    async with _moving(Progress(run, len(run.grid.cells), title="compare", shown=progress)):
        await loops.call(run.work())
    _raise_first(run)
    return frames.frame_of(run, prefix=prefix, wanted=wanted)


def _refuse_near_words(error: UnknownParameterError, given: Mapping[str, Any]) -> None:
    """`repaets=` is a slip of `repeats=`, which no provider's parameters would show."""
    for name in given:
        near = difflib.get_close_matches(name, list(compare.__kwdefaults__ or ()), n=1, cutoff=0.7)
        if near and repr(name) in str(error):
            raise UnknownParameterError(
                f"nb.compare takes no parameter {name!r}: did you mean {near[0]!r}?"
            ) from error


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
    total = len(run.grid.cells)
    with Progress(run, total, title=title, shown=shown) as bar:
        try:
            job.result(each_beat or bar.refresh, beat=beat)
        except KeyboardInterrupt:
            run.give_up()
            tell(
                f"interrupted: {run.done} of {total} calls were done, the others are cancelled; run the cell "
                "again to continue",
                once=False,
            )
    _raise_first(run)


def _tell_faults(grid: Grid) -> None:
    """Say at once which models cannot be asked at all: their rows say it, too, but who looks there first."""
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


def checked_run(
    prompts: Prompts, models: Sequence[ModelName] | ModelName | None, *, options: Mapping[str, Any]
) -> Comparison:
    """A comparison of which everything is checked and nothing noted or sent yet; options as of `compare`."""
    return _checked(prompts, models, options)[0]


def _checked(
    prompts: Prompts, models: Sequence[ModelName] | ModelName | None, options: Mapping[str, Any]
) -> tuple[Comparison, Wanted | None]:
    options = Veiled(options)
    return _prepared(
        prompts, models, data=None, schema=options.pop("schema", None), prefix="", **_taken_from(options),
        parameters=options,
    )  # fmt: skip


def watched_run(
    prompts: Prompts,
    models: Sequence[ModelName] | ModelName | None,
    watcher: Watcher | None,
    *,
    options: Mapping[str, Any],
) -> Comparison:
    """A comparison that is checked and noted and not begun, for whoever shows its answers as they come.

    `own_loop().submit(run.work())` begins it.
    """
    run, wanted = _checked(prompts, models, options)
    run.watcher = watcher
    begin(run, wanted=wanted)
    return run


def run_of(
    prompts: Prompts,
    models: Sequence[ModelName] | None,
    *,
    data: pd.DataFrame,
    schema: Any,
    prefix: str,
    progress: bool,
    options: Mapping[str, Any],
) -> Comparison:
    """A comparison that was carried out, for whoever makes a table of his own of it."""
    options = Veiled(options)
    run, wanted = _prepared(
        prompts, models, data=data, schema=schema, prefix=prefix, **_taken_from(options), parameters=options,
        fields_apart=True,
    )  # fmt: skip
    begin(run, prefix=prefix, wanted=wanted)
    carry_out(run, shown=progress, title="map")
    return run


def _taken_from(options: Veiled) -> dict[str, Any]:
    """What is no parameter of a model, taken out of the options of whoever has a comparison made."""
    given = {name: options.pop(name) for name in _MANNER if name in options}
    if given.get("limits", {}) is None:
        del given["limits"]
    beside = {name: options.pop(name, None) for name in ("params", "system", "budget", "prices")}
    return {"manner": Manner(**given), "repeats": 1, "cross": True, "pair": (), **beside}


_ELSEWHERE = {
    "provider": 'models= names it, like models=["groq:openai/gpt-oss-120b"]',
    "model": 'models= names them, like models=["groq:openai/gpt-oss-120b"]',
    "interactive": "leave it out",
    "approve": "nobody can be asked while many calls run; give tools that need no approval",
    "tool_limits": "leave it out",
}


def _prepared(
    prompts: Prompts,
    models: Sequence[ModelName] | ModelName | None,
    *,
    data: Any,
    params: Mapping[str, Any] | None,
    repeats: int,
    system: str | None,
    schema: Any,
    cross: bool,
    pair: Sequence[str],
    budget: str | float | None,
    prices: Any,
    prefix: str,
    manner: Manner,
    parameters: Veiled,
    fields_apart: bool = False,
) -> tuple[Comparison, Wanted | None]:
    manner.check()
    for name, way_out in _ELSEWHERE.items():
        if name in parameters:
            raise InvalidParameterError(f"{name}= has no meaning here: {way_out}")
    wanted = None if schema is None else Wanted.of(schema)
    try:
        grid = build(
            prompts, models, data=data, system=system, params=params, repeats=repeats, cross=cross, pair=pair,
            schema=schema, options=parameters,
        )  # fmt: skip
    except UnknownParameterError as error:
        _refuse_near_words(error, parameters)
        raise
    manner.check_limits({seat.provider.lower() for seat in grid.seats})
    if not fields_apart:
        frames.check_typed(grid, wanted, prefix=prefix)
    frames.check_names(grid, prefix=prefix)
    most, pricing = dollars(budget, "budget"), pricing_of(prices)
    if most is not None:
        check_prices(grid, pricing)
    return Comparison(grid, manner, store(), Budget(most, pricing)), wanted
