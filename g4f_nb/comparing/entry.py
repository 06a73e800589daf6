"""The same prompts to several models, as one tidy DataFrame; a failed call is a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from g4f_nb.comparing import frames
from g4f_nb.comparing.budget import Budget
from g4f_nb.comparing.building import build
from g4f_nb.comparing.carrying import carry_out, carry_out_async
from g4f_nb.comparing.given import ModelName, Prompts
from g4f_nb.comparing.keeping import begin
from g4f_nb.comparing.manner import Cache, Manner, OnError, Timing
from g4f_nb.comparing.pacing import Limits
from g4f_nb.comparing.prices import check_prices, pricing_of
from g4f_nb.comparing.running import Comparison
from g4f_nb.comparing.slips import nearest
from g4f_nb.comparing.watching import Watcher
from g4f_nb.entering import check_switch
from g4f_nb.errors import InvalidParameterError, UnknownParameterError, shorten
from g4f_nb.prices import dollars
from g4f_nb.providers.models.model import several_named
from g4f_nb.providers.sending.checks import what_is_wrong
from g4f_nb.secret import Veiled, redact, unshown
from g4f_nb.store import store
from g4f_nb.typed.wanted import Wanted

if TYPE_CHECKING:
    import pandas as pd

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
    asks anew). An interrupt returns what there is, the rest "cancelled" (before anything is asked it ends the
    call). `budget="2 USD"` stops there; `dry_run=True` only shows what would be asked. `seed` mixes the order
    of the work, each time alike.
    """
    parameters = Veiled(parameters)
    models, prices = several_named(models), unshown(prices)
    given = Veiled(locals())
    # A traceback with locals would show keys that were written in a wrong place.
    del params, models, limits, parameters
    job = _Job.of(given)
    if job.is_asked:
        carry_out(job.run, shown=progress)
    return job.frame()


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
    models, prices = several_named(models), unshown(prices)
    given = Veiled(locals())
    # A traceback with locals would show keys that were written in a wrong place.
    del params, models, limits, parameters
    job = _Job.of(given)
    if job.is_asked:
        await carry_out_async(job.run, shown=progress)
    return job.frame()


@dataclass(frozen=True, slots=True)
class _Job:
    """What `compare` was asked for, checked and noted; carried out by whoever called it, in his way."""

    run: Comparison
    prefix: str
    wanted: Wanted | None
    # A dry run asks nobody.
    is_asked: bool

    @classmethod
    def of(cls, given: Veiled) -> Self:
        """From the arguments of `compare`, by their names."""
        manner = Veiled((name, given[name]) for name in _MANNER)
        check_switch("dry_run", given["dry_run"])
        manner["limits"] = {} if manner["limits"] is None else manner["limits"]
        names = ("data", "repeats", "system", "schema", "cross", "budget", "prices", "prefix")
        params = given["params"]
        if isinstance(params, Mapping):
            # What belongs to a model may have been written there, a key among it.
            params = Veiled(params)
        run, wanted = _prepared(
            given["prompts"], given["models"], pair=given["zip"], manner=Manner(**manner), params=params,
            parameters=given["parameters"], **{name: given[name] for name in names},
        )  # fmt: skip
        job = cls(run, given["prefix"], wanted, not given["dry_run"])
        if job.is_asked:
            begin(run, prefix=job.prefix, wanted=wanted)
        else:
            run.plan()
        return job

    def frame(self) -> pd.DataFrame:
        """The result, as far as there is one."""
        return frames.frame_of(self.run, prefix=self.prefix, wanted=self.wanted)


def _refuse_near_words(error: UnknownParameterError, given: Mapping[str, Any]) -> None:
    """`repaets=` is a slip of `repeats=`, which no provider's parameters would show."""
    name = error.parameter
    near = nearest(name, compare.__kwdefaults__ or (), cutoff=0.7) if name in given else None
    if near is not None:
        raise UnknownParameterError(
            f"nb.compare takes no parameter {name!r}: did you mean {near!r}?", parameter=name
        ) from error


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
    "max_retries": "retries= says how often a call that failed is sent again, like retries=2",
}


# Of these nobody takes a list; of others, like `stop`, somebody does.
_SINGLE = (
    "temperature", "top_p", "top_k", "max_tokens", "seed", "frequency_penalty", "presence_penalty", "timeout",
    "total_timeout", "reasoning_effort", "n",
)  # fmt: skip


def _check_scalars(parameters: Mapping[str, Any]) -> None:
    """What is the same for all calls is one value, and no list of what to vary."""
    for name in _SINGLE:
        value = parameters.get(name)
        if isinstance(value, list | tuple | range):
            shown, listed = (shorten(redact(repr(each)), 60) for each in (value, list(value)))
            raise InvalidParameterError(
                f"{name}= is a list, {shown}: what is varied goes into params=, like "
                f"params={{{name!r}: {listed}}}"
            )
    fault = what_is_wrong({name: parameters[name] for name in _SINGLE if name in parameters})
    if fault is not None:
        raise InvalidParameterError(fault)


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
        if name in parameters or (name == "max_retries" and isinstance(params, Mapping) and name in params):
            raise InvalidParameterError(f"{name}= has no meaning here: {way_out}")
    _check_scalars(parameters)
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
