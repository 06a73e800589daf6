"""`Columns`, the models that the next prompt goes to, each under a name that no other has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from g4f_nb.comparing.given import ModelName
from g4f_nb.errors import InvalidParameterError, short
from g4f_nb.masking import secrets_given
from g4f_nb.panels.offers import named
from g4f_nb.panels.rounds import ModelColumn
from g4f_nb.providers.models.model import HOST_BOUND, Model, laid_over, veiled
from g4f_nb.secret import Secret, Veiled

_NOT_HERE = ("schema", "data", "params", "repeats", "zip", "prefix", "dry_run", "progress")


class Columns:
    """In the order on the page; `bound` is what belongs to the server of those that are given at first."""

    def __init__(self, models: Sequence[ModelName] | ModelName, bound: Mapping[str, Any]) -> None:
        given = {name: _with(model, bound) for name, model in named(models).items()}
        self.all = [ModelColumn(name=name, model=model) for name, model in given.items()]

    @property
    def names(self) -> list[str]:
        """What they are called."""
        return [column.name for column in self.all]

    @property
    def models(self) -> list[ModelName]:
        """Whom they ask."""
        return [column.model for column in self.all]

    @property
    def secrets(self) -> Iterator[Secret]:
        """The keys that were given for them."""
        for model in self.models:
            if isinstance(model, Model):
                yield from secrets_given(model.options)

    def check_any(self) -> None:
        """Say that there is nobody to ask, if it is so."""
        if not self.all:
            raise InvalidParameterError("there is no model to ask: add one, like panel.add('Demo')")

    def find(self, key: str) -> ModelColumn | None:
        """The column of this id or name."""
        return next((each for each in self.all if key in (each.id, each.name)), None)

    def named(self, key: object) -> ModelColumn:
        """The column of this id or name, or an error that names those there are."""
        column = self.find(key) if isinstance(key, str) else None
        if column is not None:
            return column
        there = ", ".join(map(repr, self.names))
        way_out = f"the columns are {there}" if there else "there is none yet, panel.add(…) makes one"
        raise InvalidParameterError(f"there is no column {short(key)}: {way_out}")

    def add(self, model: ModelName) -> ModelColumn:
        """One more, at the end."""
        (name, model), *_ = named([model]).items()
        column = ModelColumn(name=self._unused(name), model=model)
        self.all.append(column)
        return column

    def remove(self, key: str) -> ModelColumn:
        """Take one away, or say that there is none."""
        column = self.named(key)
        self.all.remove(column)
        return column

    def _unused(self, name: str) -> str:
        number, made = 1, name
        while made in self.names:
            number += 1
            made = f"{name} ({number})"
        return made


def given_options(options: Mapping[str, Any]) -> tuple[Veiled, Veiled]:
    """The options that belong to the server of the first models, and those of every question."""
    options = veiled(options)
    for name in _NOT_HERE:
        if name in options:
            raise InvalidParameterError(f"{name}= has no meaning in a panel: use nb.compare(…, {name}=…)")
    bound = Veiled((name, value) for name, value in options.items() if name in HOST_BOUND)
    # Somebody sits in front of it, and can ask again.
    every = Veiled({"retries": 1})
    every.update((name, value) for name, value in options.items() if name not in HOST_BOUND)
    return bound, every


def _with(model: ModelName, bound: Mapping[str, Any]) -> ModelName:
    """A model that was given with the panel, and what belongs to its server: no other model gets that."""
    if not bound:
        return model
    if isinstance(model, Model):
        return Model(model.name, label=model.label, price=model.price, **laid_over(bound, model.options))
    return Model(model, **Veiled(bound))
