"""What is asked: every combination of data row, prompt, model, parameters and repeat, checked first."""

from __future__ import annotations

import itertools
import math
import numbers
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from g4f_nb import asking
from g4f_nb.comparing import columns, templates
from g4f_nb.dialogues.plans import Plan
from g4f_nb.errors import G4FError, InvalidParameterError, MissingAuthError, ProviderNotWorkingError
from g4f_nb.messages import as_messages, content_text
from g4f_nb.providers.calling import locate
from g4f_nb.providers.models.model import HOST_BOUND, Model, Provider
from g4f_nb.providers.registry import Resolution, choose
from g4f_nb.secret import Veiled

if TYPE_CHECKING:
    import pandas as pd

Prompts = str | Iterable[Any] | Mapping[str, Any]
ModelName = str | Model | Provider
Place = tuple[Resolution, dict[str, Any]]
# More would fill the memory before the first question is sent.
_MOST_CELLS = 10_000_000
_AXES = ("prompts", "models", "data")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """One model with one choice of parameters: where its questions go, or why they cannot."""

    provider: str
    model: str
    varied: Mapping[str, Any]
    place: Place | None = field(default=None, repr=False)
    plan: Plan = field(default_factory=Plan, repr=False)
    fault: G4FError | None = None
    # The model's own name where there is no place, beside the label in `model`.
    named: str | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    """One call: which data row, prompt, seat and repeat."""

    row: int
    prompt: int
    seat: int
    repeat: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """All calls of one comparison, in the order of its rows."""

    prompts: Mapping[str, Any]
    seats: Sequence[Seat]
    cells: Sequence[Cell]
    varied: Sequence[str] = ()
    data: pd.DataFrame | None = None
    system: str | None = None
    texts: Mapping[str, Sequence[str | None]] = field(default_factory=dict, repr=False)
    # The prompts with the columns that each of them needs.
    _templates: Sequence[tuple[templates.Prompt, tuple[str, ...]]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        found = [
            (prompt, tuple(name for name in self.texts if name in templates.names_in(prompt)))
            for prompt in self.prompts.values()
        ]
        object.__setattr__(self, "_templates", found)

    def question(self, cell: Cell) -> asking.Question:
        """What is sent for one cell."""
        seat = self.seats[cell.seat]
        assert seat.place is not None  # noqa: S101  # cells of a seat without a place are never asked
        return asking.Question.of(seat.place, self.messages(cell), seat.plan)

    def messages(self, cell: Cell) -> list[dict[str, Any]]:
        """The messages of one cell, its places filled."""
        prompt = self.prompt(cell)
        return as_messages(prompt, self.system)

    def prompt(self, cell: Cell) -> templates.Prompt:
        """The prompt of one cell, its places filled."""
        template, needed = self._templates[cell.prompt]
        if not needed:
            return template
        return templates.fill(template, {name: self.texts[name][cell.row] or "" for name in needed})

    def missing(self, cell: Cell) -> str | None:
        """The column that this cell's prompt needs and that is empty in its row."""
        for name in self._templates[cell.prompt][1]:
            if self.texts[name][cell.row] is None:
                return name
        return None

    def prompt_text(self, cell: Cell) -> str:
        """What stands in the column `prompt`."""
        prompt = self.prompt(cell)
        if isinstance(prompt, str):
            return prompt
        return "\n".join(content_text(message.get("content")) for message in prompt)


def build(
    prompts: Prompts,
    models: Sequence[ModelName] | ModelName | None,
    *,
    data: Any = None,
    system: str | None = None,
    params: Mapping[str, Any] | None = None,
    repeats: int = 1,
    pair: Sequence[str] = (),
    schema: Any = None,
    options: Mapping[str, Any] | None = None,
) -> Grid:
    """Check everything before anything is sent: a mistyped name must not cost half a run."""
    if type(repeats) is not int or repeats < 1:
        raise InvalidParameterError(f"repeats is {repeats!r}: it is a whole number from 1")
    if not isinstance(system, str | None):
        raise InvalidParameterError(f"system is a {type(system).__name__}: it is a text")
    named = named_prompts(prompts)
    frame = as_frame(data)
    texts: dict[str, list[str | None]] = {}
    if frame is not None:
        names = [str(name) for name in frame.columns]
        for prompt_id, prompt in named.items():
            if not isinstance(prompt, str):
                _check_prompt(prompt_id, prompt, system)
            templates.check_names(prompt_id, prompt, names)
        needed = set[str]().union(*map(templates.names_in, named.values()))
        texts = {str(name): as_texts(frame[name]) for name in frame.columns if str(name) in needed}
    else:
        for prompt_id, prompt in named.items():
            _check_prompt(prompt_id, prompt, system)
    options = Veiled(options or {})
    axes = _axes_of(params, options)
    varied = [name for name, value in axes.items() if value[1]]
    seats, per_model = _seats(models, axes, options, schema)
    cells = _cells(named, seats, per_model, frame, repeats, _checked_pair(pair, frame))
    if not cells:
        raise InvalidParameterError("there is nothing to ask: the data has no rows")
    return Grid(
        prompts=named, seats=seats, cells=cells, varied=varied, data=frame, system=system, texts=texts
    )


def named_prompts(prompts: Prompts) -> dict[str, Any]:
    """The prompts by name: a dict's keys, a column's index, else numbers."""
    if isinstance(prompts, str):
        return {"0": prompts}
    if isinstance(prompts, bytes | bytearray):
        raise InvalidParameterError("prompts is bytes: give a text, prompts.decode()")
    given: object = prompts
    if not isinstance(given, Iterable) or hasattr(given, "columns"):
        way_out = " as data=, with a prompt that names its columns" if hasattr(given, "columns") else ""
        raise InvalidParameterError(
            f"prompts is a {type(given).__name__}: give a text, a list or column of texts, or a dict"
            + (f"; a table goes in{way_out}" if way_out else "")
        )
    if isinstance(prompts, Mapping) and isinstance(prompts.get("role"), str) and "content" in prompts:
        return {"0": [prompts]}
    if isinstance(prompts, Mapping):
        named = {str(name): prompt for name, prompt in prompts.items()}
        if len(named) < len(prompts):
            raise InvalidParameterError("two names of prompts are the same as text: name them apart")
    elif hasattr(prompts, "items") and hasattr(prompts, "index"):
        # A Series: its index names the prompts, so that the answers can be joined to it again.
        named = {str(name): prompt for name, prompt in prompts.items()}
        if len(named) < len(prompts):  # type: ignore[arg-type]  # a Series has a length
            raise InvalidParameterError("the index of the prompts is not unique: use reset_index(drop=True)")
    else:
        # A list, a generator, whatever gives prompts.
        items = list(prompts)
        # One list of messages is one prompt.
        one = bool(items) and isinstance(items[0], Mapping)
        named = {"0": items} if one else {str(place): prompt for place, prompt in enumerate(items)}
    if not named:
        raise InvalidParameterError("prompts is empty: give a text, a list of texts, or a dict of them")
    return named


def as_frame(data: Any) -> pd.DataFrame | None:
    """The data as a frame with an index of its own; `None` where there is none."""
    if data is None:
        return None
    import pandas as pd

    if isinstance(data, pd.Series):
        data = data.to_frame(data.name if data.name is not None else "value")
    if not isinstance(data, pd.DataFrame | Mapping) and not isinstance(data, list):
        raise InvalidParameterError(f"data is a {type(data).__name__}: give a DataFrame, or a dict of lists")
    try:
        frame = data if isinstance(data, pd.DataFrame) else pd.DataFrame(data)
    except (TypeError, ValueError) as error:
        raise InvalidParameterError(f"data makes no table ({error}): give lists of one length") from error
    names = [str(name) for name in frame.columns]
    if len(set(names)) < len(names):
        raise InvalidParameterError("two columns of the data have the same name: name them apart")
    return frame


def as_texts(column: pd.Series[Any]) -> list[str | None]:
    """The values of a column as they stand in a prompt; `None` where there is none."""
    import pandas as pd

    missing = column.isna().tolist()
    # A half or single float's own text is 0.1; as a Python float it would be 0.10000000149011612.
    short = str(column.dtype) in ("float16", "float32")
    values = column.to_numpy() if short else column.tolist()
    return [
        None if gone is True else value.isoformat() if isinstance(value, pd.Timestamp) else str(value)
        for value, gone in zip(values, missing, strict=True)
    ]


def chosen_models(models: Sequence[ModelName] | ModelName | None) -> list[ModelName]:
    """The models as a list; none is an error that lists what is ready."""
    if models is None:
        # Nothing falls to Demo by itself: what nothing names raises there, and lists what is ready.
        cls, name, _ = choose(None)
        return [f"{cls.__name__}:{name}" if name else cls]
    if isinstance(models, Mapping):
        raise InvalidParameterError("models is a dict: give a list; a label goes into nb.Model(…, label=…)")
    if not isinstance(models, str | Model | type | Iterable):
        raise InvalidParameterError(f'models is a {type(models).__name__}: it is a list like ["Demo"]')
    chosen: list[ModelName] = [models] if isinstance(models, str | Model | type) else list(models)
    if not chosen:
        raise InvalidParameterError('models is empty: name at least one, like models=["Demo"]')
    return chosen


def _check_prompt(prompt_id: str, prompt: Any, system: str | None) -> None:
    nan = isinstance(prompt, float) and math.isnan(prompt)
    if nan or prompt is None or type(prompt).__name__ == "NAType":
        raise InvalidParameterError(
            f"prompt {prompt_id!r} is missing: leave it out (dropna()), or give the table as data= with a "
            "prompt that names its column, where an empty row is only skipped"
        )
    try:
        as_messages(prompt, system)
    except InvalidParameterError as error:
        raise InvalidParameterError(f"prompt {prompt_id!r}: {error}") from None


def _axes_of(params: Any, options: Veiled) -> dict[str, tuple[list[Any], bool]]:
    """The parameters of `params=`; whatever tells a host, a key or a model apart belongs to a model."""
    if params is None:
        return {}
    if not isinstance(params, Mapping):
        raise InvalidParameterError(
            f'params is a {type(params).__name__}: it is a dict like {{"temperature": [0, 1]}}'
        )
    for name in map(str, params):
        if name in HOST_BOUND or name in ("model", "models"):
            raise InvalidParameterError(
                f"params= holds {name!r}: that belongs to a model, so give a list of models, like "
                f"models=[nb.Model(…, {name}=…, label=…)]"
                if name in HOST_BOUND
                else f"params= holds {name!r}: the models to compare are models=[…]"
            )
        if name in options:
            raise InvalidParameterError(f"{name} is given twice, in params= and as {name}=: leave one out")
    return {str(name): _axis(value) for name, value in params.items()}


def _axis(value: Any) -> tuple[list[Any], bool]:
    """The values of one parameter, and whether it varies: a list does, anything else is fixed."""
    if isinstance(value, list | tuple | range | set | frozenset) or hasattr(value, "tolist"):
        values = value.tolist() if hasattr(value, "tolist") else list(value)
        if not isinstance(values, list):
            # One number of numpy's.
            return [values], False
        if not values:
            raise InvalidParameterError("a list of values in params= is empty: give at least one")
        return values, True
    return [value], False


def _seats(
    models: Sequence[ModelName] | ModelName | None,
    axes: Mapping[str, tuple[list[Any], bool]],
    options: Mapping[str, Any],
    schema: Any,
) -> tuple[list[Seat], int]:
    """A seat for each model and combination of parameters, and how many combinations there are."""
    options = Veiled(options)
    combinations = [
        dict(zip(axes, values, strict=True)) for values in itertools.product(*(v for v, _ in axes.values()))
    ]
    seats = []
    for model in chosen_models(models):
        for combination in combinations:
            varied = {name: value for name, value in combination.items() if axes[name][1]}
            seats.append(_seat(model, Veiled({**options, **combination}), varied, schema))
    return _told_apart(seats, len(combinations)), len(combinations)


def _told_apart(seats: list[Seat], per_model: int) -> list[Seat]:
    """Models of one name are numbered, so that no grouping by `model` mixes their answers."""
    met: dict[tuple[str, str], int] = {}
    made = []
    for start in range(0, len(seats), per_model):
        of_one = seats[start : start + per_model]
        name = of_one[0].provider, of_one[0].model
        number = met[name] = met.get(name, 0) + 1
        if number > 1:
            of_one = [replace(seat, model=f"{seat.model} ({number})".strip()) for seat in of_one]
        made += of_one
    return made


def _seat(model: ModelName, options: Veiled, varied: Mapping[str, Any], schema: Any) -> Seat:
    """Where a model's questions go; a provider that is not ready fails its own rows only."""
    label = model.label if isinstance(model, Model) else None
    try:
        place = locate(model, **options)
    except (MissingAuthError, ProviderNotWorkingError) as error:
        name = model.name if isinstance(model, Model) else model
        cls, named, _ = choose(name)
        return Seat(provider=cls.__name__, model=label or named, varied=varied, fault=error, named=named)
    where, given = place
    if "max_retries" not in given and takes(where.provider, "max_retries"):
        # One owner of trying again: the lanes, which also let everybody else wait.
        given = Veiled({**given, "max_retries": 0})
    plan = asking.plan_of((where, given), schema=schema)
    return Seat(
        provider=where.provider.__name__,
        model=label or where.model,
        varied=varied,
        place=(where, given),
        plan=plan,
    )


def takes(provider: Provider, name: str) -> bool:
    """Whether a provider takes this keyword."""
    try:
        provider.check_parameters([name])
    except G4FError:
        return False
    return True


def _checked_pair(pair: Sequence[str], frame: pd.DataFrame | None) -> frozenset[str]:
    given = [pair] if isinstance(pair, str) else pair
    if not isinstance(given, list | tuple | set | frozenset) or not all(
        isinstance(name, str) for name in given
    ):
        raise InvalidParameterError(f"zip= is {pair!r}: it is a list of axes, like ['prompts', 'data']")
    names = frozenset(given)
    unknown = sorted(names - set(_AXES))
    if unknown:
        raise InvalidParameterError(f"zip= names {unknown[0]!r}: the axes are {', '.join(_AXES)}")
    if "data" in names and frame is None:
        raise InvalidParameterError("zip= names 'data', and there is none: give data=")
    if len(names) == 1:
        raise InvalidParameterError("zip= names one axis: name the two or three that go together")
    return names


def _cells(
    named: Mapping[str, Any],
    seats: Sequence[Seat],
    per_model: int,
    frame: pd.DataFrame | None,
    repeats: int,
    pair: frozenset[str],
) -> list[Cell]:
    lengths = {
        "data": 1 if frame is None else len(frame),
        "prompts": len(named),
        "models": len(seats) // per_model,
    }
    if pair and len({lengths[name] for name in pair}) > 1:
        told = ", ".join(f"{name} has {lengths[name]}" for name in sorted(pair))
        raise InvalidParameterError(f"zip= pairs axes of one length, but {told}")
    together = [lengths[name] for name in sorted(pair)[:1]]
    apart = [length for name, length in lengths.items() if name not in pair]
    count = math.prod([*together, *apart, per_model, repeats])
    if count > _MOST_CELLS:
        raise InvalidParameterError(
            f"that is {count:,} calls: at most {_MOST_CELLS:,} make one comparison, so ask in parts"
        )
    return [
        Cell(row, prompt, model * per_model + choice, repeat)
        for row, prompt, model in _places(lengths, pair)
        for choice in range(per_model)
        for repeat in range(repeats)
    ]


def _places(lengths: Mapping[str, int], pair: frozenset[str]) -> Iterator[tuple[int, int, int]]:
    order = ("data", "prompts", "models")
    for row, prompt, model in itertools.product(*(range(lengths[name]) for name in order)):
        paired = {at for at, name in zip((row, prompt, model), order, strict=True) if name in pair}
        if len(paired) <= 1:
            yield row, prompt, model


def shown(value: Any) -> Any:
    """A varied parameter as it stands in a column: numbers, texts and truth as they are, the rest as text."""
    if value is None or isinstance(value, str | bool | numbers.Number):
        return value
    return str(value)


def check_names(grid: Grid, *, prefix: str) -> None:
    """Refuse parameters and data that would stand where a result column does."""
    if not isinstance(prefix, str):
        raise InvalidParameterError(f"prefix is {prefix!r}: it is a text like 'llm_'")
    if columns.text(prefix) != prefix:
        raise InvalidParameterError(
            f"prefix is {prefix!r}, half of a surrogate pair: it is a text like 'llm_'"
        )
    taken = [prefix + name for name in (*columns.PLACE, *columns.OUTCOME)]
    columns.check_free(grid.varied, [*taken, f"{prefix}prompt"], what="the parameter")
    if grid.data is not None:
        columns.check_free(map(str, grid.data.columns), [*taken, *grid.varied], what="the column")


def result_columns(grid: Grid, run_id: str, *, prefix: str) -> dict[str, Any]:
    """The columns before the outcome: which cell, its parameters, its data."""
    import pandas as pd

    made: dict[str, Any] = {
        prefix + "run_id": columns.series("run_id", [run_id] * len(grid.cells)),
        prefix + "cell_id": columns.series("cell_id", [f"{run_id}-{at}" for at in range(len(grid.cells))]),
        prefix + "row": columns.series(
            "row", [None if grid.data is None else cell.row for cell in grid.cells]
        ),
        prefix + "repeat": columns.series("repeat", [cell.repeat for cell in grid.cells]),
    }
    names = list(grid.prompts)
    for name, values in (
        ("provider", [grid.seats[cell.seat].provider for cell in grid.cells]),
        ("model", [grid.seats[cell.seat].model or None for cell in grid.cells]),
        ("prompt_id", [names[cell.prompt] for cell in grid.cells]),
    ):
        made[prefix + name] = columns.series(name, values)
    for name in grid.varied:
        made[name] = pd.Series(
            [shown(grid.seats[cell.seat].varied[name]) for cell in grid.cells]
        ).convert_dtypes()
    if grid.data is None:
        texts = [columns.text(grid.prompt_text(cell)) for cell in grid.cells]
        made[prefix + "prompt"] = pd.Series(texts, dtype="string")
        return made
    at = [cell.row for cell in grid.cells]
    for name in grid.data.columns:
        made[str(name)] = grid.data[name].iloc[at].reset_index(drop=True)
    return made
