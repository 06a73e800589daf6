"""Who answered what: the rows of a result as candidates that meet over the same prompts."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from g4f_nb.comparing.keeping import labelled
from g4f_nb.comparing.slips import nearest
from g4f_nb.comparing.viewing import Names, comparable, model_names
from g4f_nb.entering import check_text
from g4f_nb.errors import InvalidParameterError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Candidates:
    """A result, and for each of its rows the candidate, the prompt, and which rows meet each other."""

    names: Names
    # "provider:model" or the user's own name, and the varied parameters where there are several.
    label: pd.Series[Any]
    # A number for each prompt and data row: what is drawn as one in a bootstrap.
    prompt: pd.Series[Any]
    # A number for each prompt, data row and repeat: rows of one number meet.
    unit: pd.Series[Any]

    @classmethod
    def of(cls, frame: pd.DataFrame) -> Candidates:
        """From the result of `nb.compare`."""
        names = Names.of(frame)
        place = names.prefix
        label = model_names(names, labelled(frame))
        down = [place + "prompt_id", place + "row"]
        made = cls(
            names,
            label + _parameters(names, down),
            frame.groupby(down, dropna=False, sort=False).ngroup(),
            frame.groupby([*down, place + "repeat"], dropna=False, sort=False).ngroup(),
        )
        twice = [label for label, same in zip(made.label, _twice(made), strict=True) if same]
        if twice:
            raise InvalidParameterError(
                f"two models are both called {twice[0]!r}: name them apart, with nb.Model(..., label=...)"
            )
        return made

    @property
    def order(self) -> list[str]:
        """All candidates, as they first appear."""
        return [str(label) for label in self.label.unique()]

    def named(self, name: str) -> str:
        """The candidate that is called so, in full or by its model alone."""
        check_text("the name of a model", name, f"there are {', '.join(self.order)}")
        services = self.providers()
        short = {label.partition(":")[2]: label for label in self.order}
        found = [
            label
            for label in self.order
            if name in (label, label.partition(":")[2], f"{services[label]}:{label}")
        ]
        if len(found) != 1:
            near = None if found else nearest(name, [*self.order, *short], cutoff=0.5)
            hint = f"did you mean {near!r}? There" if near is not None else "there"
            raise InvalidParameterError(
                f"there is no one model {name!r} in this result: {hint} are {', '.join(self.order)}"
            )
        return found[0]

    def providers(self) -> dict[str, str]:
        """The provider of each, by its name."""
        return {str(label): str(each) for label, each in zip(self.label, self.names["provider"], strict=True)}

    def meetings(self) -> Iterator[tuple[int, int]]:
        """Every two rows, by position, in which two candidates answered the same; the earlier one first."""
        rank = {label: at for at, label in enumerate(self.order)}
        groups: dict[int, list[int]] = {}
        for at, unit in enumerate(self.unit.tolist()):
            groups.setdefault(unit, []).append(at)
        labels = self.label.tolist()
        for rows in groups.values():
            yield from itertools.combinations(sorted(rows, key=lambda at: rank[labels[at]]), 2)


def _twice(made: Candidates) -> list[bool]:
    import pandas as pd

    return pd.DataFrame({"unit": made.unit, "label": made.label}).duplicated().tolist()


def _parameters(names: Names, down: list[str]) -> Any:
    """What is said behind the model: parameters that differ within one prompt and data row."""
    columns = names.varied()
    if not columns:
        return ""
    # Dicts and lists of the data are told apart by their text.
    frame = names.frame.copy(deep=False)
    for name in columns:
        frame[name] = comparable(frame[name])
    differ = frame.groupby(down, dropna=False)[columns].nunique(dropna=False).max()
    said: Any = ""
    for name in columns:
        if differ[name] > 1:
            said = said + f" {name}=" + frame[name].astype("string").fillna("none")
    return said
