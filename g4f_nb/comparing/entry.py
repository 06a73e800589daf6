"""The same prompts to several models, as one tidy DataFrame; a failed call is a row."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from g4f_nb import loops
from g4f_nb.comparing import frames, grid
from g4f_nb.comparing.budget import Budget
from g4f_nb.comparing.grid import ModelName, Prompts
from g4f_nb.comparing.keeping import begin
from g4f_nb.comparing.pacing import Limits
from g4f_nb.comparing.prices import check_prices, pricing_of
from g4f_nb.comparing.progress import Progress
from g4f_nb.comparing.running import Cache, Manner, Run
from g4f_nb.comparing.watching import Watcher
from g4f_nb.errors import InvalidParameterError
from g4f_nb.loops import ownloop
from g4f_nb.notices import tell
from g4f_nb.prices import dollars
from g4f_nb.providers.registry import find_provider
from g4f_nb.secret import Veiled
from g4f_nb.store import store
from g4f_nb.typed.wanted import Wanted

if TYPE_CHECKING:
    import pandas as pd

_CACHES = ("use", "refresh", "only", "off")
# Of the options of `compare` those that are no parameters of a model, and what they are if not given.
_USUAL: Mapping[str, Any] = {
    "system": None, "cache": "use", "concurrency": 64, "limits": None, "retries": 4, "timing": "stream",
    "budget": None, "prices": None,
}  # fmt: skip


def compare(
    prompts: Prompts,
    models: Sequence[ModelName] | ModelName | None = None,
    *,
    data: Any = None,
    params: Mapping[str, Any] | None = None,
    repeats: int = 1,
    system: str | None = None,
    schema: Any = None,
    zip: Sequence[str] = (),  # noqa: A002  # the word for what it does
    cache: Cache = "use",
    concurrency: int = 64,
    limits: Mapping[str, Limits] | None = None,
    retries: int = 4,
    timing: Literal["stream", "fast"] = "stream",
    budget: str | float | None = None,
    prices: Any = None,
    dry_run: bool = False,
    prefix: str = "",
    progress: bool = True,
    **parameters: Any,
) -> pd.DataFrame:
    """Ask every model every prompt, many at a time; one row a call, in the order of the grid.

    `prompts` is a text, a list or column of texts or message lists, or a dict of names to them. With `data`
    (a DataFrame, or a dict of lists) every row of it is asked about, and `{column}` in a prompt is its value.
    `params` vary where they are lists: `params={"temperature": [0, 1]}`; other parameters, `temperature=0`,
    go to every call. With `schema`, a type or a line like "name, age int", the answers become columns.

    A call that fails is a row with `status` "error" and the reason. Answers are kept: running it again asks
    only what is missing, also in another kernel (`cache="refresh"` asks anew). An interrupt returns what
    there is, the rest "cancelled". `budget="2 USD"` stops there; `dry_run=True` only shows what would
    be asked.
    """
    parameters = Veiled(parameters)
    run, wanted = _prepared(
        prompts, models, data=data, params=params, repeats=repeats, system=system, schema=schema, pair=zip,
        cache=cache, concurrency=concurrency, limits=limits, retries=retries, timing=timing, budget=budget,
        prices=prices, prefix=prefix, parameters=parameters,
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
    zip: Sequence[str] = (),  # noqa: A002  # the word for what it does
    cache: Cache = "use",
    concurrency: int = 64,
    limits: Mapping[str, Limits] | None = None,
    retries: int = 4,
    timing: Literal["stream", "fast"] = "stream",
    budget: str | float | None = None,
    prices: Any = None,
    dry_run: bool = False,
    prefix: str = "",
    progress: bool = False,
    **parameters: Any,
) -> pd.DataFrame:
    """`compare` for `await`; cancelling it ends every call. It shows no bar: `progress` is for symmetry."""
    del progress
    parameters = Veiled(parameters)
    run, wanted = _prepared(
        prompts, models, data=data, params=params, repeats=repeats, system=system, schema=schema, pair=zip,
        cache=cache, concurrency=concurrency, limits=limits, retries=retries, timing=timing, budget=budget,
        prices=prices, prefix=prefix, parameters=parameters,
    )  # fmt: skip
    if dry_run:
        run.plan()
    else:
        begin(run, prefix=prefix, wanted=wanted)
        await loops.call(run.work())
    return frames.frame_of(run, prefix=prefix, wanted=wanted)


def carry_out(run: Run, *, shown: bool, title: str = "compare") -> None:
    """Do a run on our own loop; an interrupt ends it and leaves what there is."""
    job = ownloop.own_loop().submit(run.work())
    total = len(run.grid.cells)
    with Progress(run, total, title=title, shown=shown) as bar:
        try:
            job.result(bar.refresh, beat=0.25)
        except KeyboardInterrupt:
            run.give_up()
            tell(
                f"interrupted: {run.done} of {total} calls were done, the others are cancelled; run the cell "
                "again to continue",
                once=False,
            )


def watched_run(
    prompts: Prompts,
    models: Sequence[ModelName] | ModelName | None,
    watcher: Watcher | None,
    *,
    options: Mapping[str, Any],
) -> Run:
    """A comparison that is checked and noted and not begun, for whoever shows its answers as they come.

    `own_loop().submit(run.work())` begins it.
    """
    options = Veiled(options)
    given = Veiled({name: options.pop(name, usual) for name, usual in _USUAL.items()})
    run, _ = _prepared(
        prompts, models, data=None, params=None, repeats=1, schema=None, pair=(), prefix="",
        parameters=options, **given,
    )  # fmt: skip
    run.watcher = watcher
    begin(run)
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
) -> Run:
    """A comparison that was carried out, for whoever makes a table of his own of it."""
    options = Veiled(options)
    given = Veiled({name: options.pop(name, usual) for name, usual in _USUAL.items()})
    run, wanted = _prepared(
        prompts, models, data=data, params=None, repeats=1, schema=schema, pair=(), prefix=prefix,
        parameters=options, fields_apart=True, **given,
    )  # fmt: skip
    begin(run, prefix=prefix, wanted=wanted)
    carry_out(run, shown=progress, title="map")
    return run


_ELSEWHERE = {
    "provider": 'models= names it, like models=["groq:openai/gpt-oss-120b"]',
    "model": 'models= names them, like models=["groq:openai/gpt-oss-120b"]',
    "interactive": "leave it out",
    "approve": "nobody can be asked while many calls run; give tools that need no approval",
    "tool_limits": "leave it out",
}


def _check_limits(limits: Any, asked: Collection[str]) -> None:
    """Refuse limits that would be overlooked: a misspelt provider would not be limited at all."""
    if limits is None:
        return
    form = 'limits= holds nb.Limits by provider, like {"mistral": nb.Limits(rpm=60)}'
    if not isinstance(limits, Mapping) or not all(isinstance(each, Limits) for each in limits.values()):
        raise InvalidParameterError(form)
    for name in limits:
        # A model's own limits are under its whole name.
        provider = str(name).partition(":")[0]
        if provider.lower() not in asked:
            find_provider(provider)


def _prepared(
    prompts: Prompts,
    models: Sequence[ModelName] | ModelName | None,
    *,
    data: Any,
    params: Mapping[str, Any] | None,
    repeats: int,
    system: str | None,
    schema: Any,
    pair: Sequence[str],
    cache: Cache,
    concurrency: int,
    limits: Mapping[str, Limits] | None,
    retries: int,
    timing: str,
    budget: str | float | None,
    prices: Any,
    prefix: str,
    parameters: Veiled,
    fields_apart: bool = False,
) -> tuple[Run, Wanted | None]:
    if type(concurrency) is not int or concurrency < 1:
        raise InvalidParameterError(f"concurrency is {concurrency!r}: it is a whole number from 1")
    if type(retries) is not int or retries < 0:
        raise InvalidParameterError(f"retries is {retries!r}: it is a whole number, 0 or more")
    if str(cache) not in _CACHES:
        raise InvalidParameterError(f"cache is {cache!r}: it is one of {', '.join(_CACHES)}")
    if str(timing) not in ("stream", "fast"):
        raise InvalidParameterError(f"timing is {timing!r}: it is stream or fast")
    for name, way_out in _ELSEWHERE.items():
        if name in parameters:
            raise InvalidParameterError(f"{name}= has no meaning here: {way_out}")
    wanted = None if schema is None else Wanted.of(schema)
    made = grid.build(
        prompts, models, data=data, system=system, params=params, repeats=repeats, pair=pair, schema=schema,
        options=parameters,
    )  # fmt: skip
    _check_limits(limits, {seat.provider.lower() for seat in made.seats})
    if not fields_apart:
        frames.check_typed(made, wanted, prefix=prefix)
    grid.check_names(made, prefix=prefix)
    manner = Manner(
        cache=cache, concurrency=concurrency, limits=limits or {}, retries=retries, stream=timing == "stream"
    )
    most, pricing = dollars(budget, "budget"), pricing_of(prices)
    if most is not None:
        check_prices(made, pricing)
    return Run(made, manner, store(), Budget(most, pricing)), wanted
