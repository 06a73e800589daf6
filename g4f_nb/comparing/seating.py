"""A seat for each model with each choice of parameters: where its questions go, or why they cannot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from g4f_nb.comparing.given import ModelName
from g4f_nb.comparing.grid import Seat
from g4f_nb.entering import is_given
from g4f_nb.errors import G4FError, MissingAuthError, ProviderNotWorkingError
from g4f_nb.providers.calling import locate
from g4f_nb.providers.models.model import Model, Provider
from g4f_nb.providers.registry import choose
from g4f_nb.questions import plan_of
from g4f_nb.secret import Veiled

Values = Mapping[str, tuple[list[Any], bool]]
# Which model, and which of each parameter's values.
Choice = tuple[int, ...]


def seated(
    models: Sequence[ModelName],
    values: Values,
    choices: Sequence[Choice],
    options: Mapping[str, Any],
    schema: Any,
) -> list[Seat]:
    """The seats of these choices; one that no call is for is not looked up."""
    options = Veiled(options)
    seats = []
    for model, *chosen in choices:
        combination = {name: each[0][at] for (name, each), at in zip(values.items(), chosen, strict=True)}
        varied = {name: value for name, value in combination.items() if values[name][1]}
        seats.append(_seat(models[model], Veiled({**options, **combination}), varied, schema))
    return _told_apart(seats, [choice[0] for choice in choices])


def _told_apart(seats: list[Seat], models: list[int]) -> list[Seat]:
    """Models of one name are numbered, so that no grouping by `model` mixes their answers."""
    met: dict[tuple[str, str], list[int]] = {}
    made = []
    for seat, model in zip(seats, models, strict=True):
        same = met.setdefault((seat.provider, seat.model), [])
        if model not in same:
            same.append(model)
        number = same.index(model) + 1
        made.append(seat if number == 1 else replace(seat, model=f"{seat.model} ({number})".strip()))
    return made


def _seat(model: ModelName, options: Veiled, varied: Mapping[str, Any], schema: Any) -> Seat:
    """Where a model's questions go; a provider that is not ready fails its own rows only."""
    label = model.label if isinstance(model, Model) else None
    try:
        place = locate(model, **options)
    except (MissingAuthError, ProviderNotWorkingError) as error:
        name = model.name if isinstance(model, Model) else model
        cls, named, _ = choose(name, addressed=is_given(options.get("api_base")))
        return Seat(
            provider=cls.__name__,
            model=label or named,
            varied=varied,
            fault=error,
            named=named,
            labelled=label is not None,
        )
    where, given = place
    if "max_retries" not in given and takes(where.provider, "max_retries"):
        # One owner of trying again: the lanes, which also let everybody else wait.
        given = Veiled({**given, "max_retries": 0})
    plan = plan_of((where, given), schema=schema)
    return Seat(
        provider=where.provider.__name__,
        model=label or where.model,
        varied=varied,
        labelled=label is not None,
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
