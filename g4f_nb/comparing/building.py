"""From what is given to a comparison to its grid; whatever is wrong is told before anything is sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from g4f_nb.comparing import axes, templates
from g4f_nb.comparing.given import (
    ModelName,
    Prompts,
    as_frame,
    as_texts,
    check_prompt,
    chosen_models,
    named_prompts,
)
from g4f_nb.comparing.grid import Cells, Grid
from g4f_nb.comparing.seating import Choice, seated
from g4f_nb.errors import InvalidParameterError, short, sort_of
from g4f_nb.secret import Veiled

if TYPE_CHECKING:
    import pandas as pd


def build(
    prompts: Prompts,
    models: Sequence[ModelName] | ModelName | None,
    *,
    data: Any = None,
    system: str | None = None,
    params: Mapping[str, Any] | None = None,
    repeats: int = 1,
    cross: bool = True,
    pair: Sequence[str] = (),
    schema: Any = None,
    options: Mapping[str, Any] | None = None,
) -> Grid:
    """Check everything before anything is sent: a mistyped name must not cost half a run."""
    if type(repeats) is not int or repeats < 1:
        raise InvalidParameterError(f"repeats is {short(repeats)}: it must be a whole number from 1")
    if not isinstance(system, str | None):
        raise InvalidParameterError(f"system is {sort_of(system)}: it must be a text")
    named = named_prompts(prompts)
    frame = as_frame(data)
    texts = _texts(named, frame, system)
    options = Veiled(options or {})
    values = axes.values_of(params, options)
    chosen = chosen_models(models)
    varied = {name: len(each) for name, (each, varies) in values.items() if varies}
    lengths = {
        "data": 1 if frame is None else len(frame), "prompts": len(named), "models": len(chosen), **varied,
    }  # fmt: skip
    paired = axes.together(pair, lengths, cross=cross, has_data=frame is not None)
    axes.check_count(lengths, paired, repeats)
    fixed = [name in varied for name in values]
    choices: dict[Choice, int] = {}

    made = Cells.of(_cells(axes.places(lengths, paired), fixed, choices, repeats=repeats))
    if not made:
        raise InvalidParameterError("there is nothing to ask: the data has no rows")
    seats = seated(chosen, values, list(choices), options, schema)
    return Grid(
        prompts=named, seats=seats, cells=made, varied=list(varied), data=frame, system=system, texts=texts
    )


def _cells(
    places: Iterable[tuple[int, ...]], varies: Sequence[bool], choices: dict[Choice, int], *, repeats: int
) -> Iterator[tuple[int, int, int, int]]:
    """Row, prompt, choice and repeat of each cell; every choice of a model and its parameters is numbered."""
    for row, prompt, model, *varying in places:
        at = iter(varying)
        choice = (model, *(next(at) if each else 0 for each in varies))
        seat = choices.setdefault(choice, len(choices))
        for repeat in range(repeats):
            yield row, prompt, seat, repeat


def _texts(
    named: Mapping[str, Any], frame: pd.DataFrame | None, system: str | None
) -> dict[str, list[str | None]]:
    """The values of each column that some prompt needs, as they stand in it."""
    if frame is None:
        for prompt_id, prompt in named.items():
            check_prompt(prompt_id, prompt, system)
        return {}
    names = [str(name) for name in frame.columns]
    for prompt_id, prompt in named.items():
        if not isinstance(prompt, str):
            check_prompt(prompt_id, prompt, system)
        templates.check_names(prompt_id, prompt, names)
        templates.tell_of_names(prompt_id, prompt, names)
    needed = set[str]().union(*map(templates.names_in, named.values()))
    return {str(name): as_texts(frame[name]) for name in frame.columns if str(name) in needed}
