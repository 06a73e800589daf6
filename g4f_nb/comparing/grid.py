"""All calls of one comparison: for each its data row, its prompt, its model with parameters, its repeat."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Self, overload

from g4f_nb.comparing import templates
from g4f_nb.dialogues.plans import Plan
from g4f_nb.errors import G4FError
from g4f_nb.messages import as_messages, content_text
from g4f_nb.providers.registry import Resolution
from g4f_nb.questions import Question

if TYPE_CHECKING:
    import pandas as pd

Place = tuple[Resolution, dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """One model with one choice of parameters: where its questions go, or why they cannot."""

    provider: str
    model: str
    varied: Mapping[str, Any]
    place: Place | None = field(default=None, repr=False)
    plan: Plan = field(default_factory=Plan, repr=False)
    fault: G4FError | None = None
    # Whether `model` is what the user calls it.
    labelled: bool = False
    # The model's own name where there is no place, beside the label in `model`.
    named: str | None = None


class Cell(NamedTuple):
    """One call: which data row, prompt, seat and repeat."""

    row: int
    prompt: int
    seat: int
    repeat: int


class Cells(Sequence[Cell]):
    """All cells, in sixteen bytes each: a large comparison is to cost the memory of its answers."""

    __slots__ = ("prompts", "repeats", "rows", "seats")

    def __init__(self, rows: array[int], prompts: array[int], seats: array[int], repeats: array[int]) -> None:
        self.rows, self.prompts, self.seats, self.repeats = rows, prompts, seats, repeats

    @classmethod
    def of(cls, places: Iterable[tuple[int, int, int, int]]) -> Self:
        """From the places, one after the other."""
        columns = [array("i") for _ in Cell._fields]
        add = [column.append for column in columns]
        for row, prompt, seat, repeat in places:
            add[0](row)
            add[1](prompt)
            add[2](seat)
            add[3](repeat)
        return cls(*columns)

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, at: int) -> Cell: ...
    @overload
    def __getitem__(self, at: slice) -> Self: ...
    def __getitem__(self, at: int | slice) -> Cell | Self:
        if isinstance(at, slice):
            return type(self)(self.rows[at], self.prompts[at], self.seats[at], self.repeats[at])
        return Cell(self.rows[at], self.prompts[at], self.seats[at], self.repeats[at])

    def __iter__(self) -> Iterator[Cell]:
        return map(Cell, self.rows, self.prompts, self.seats, self.repeats)

    def places(self) -> Iterator[tuple[int, int, int, int]]:
        """What `of` makes them of again."""
        return zip(self.rows, self.prompts, self.seats, self.repeats, strict=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """What is asked, in the order of the result's rows."""

    prompts: Mapping[str, Any]
    seats: Sequence[Seat]
    cells: Cells
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

    def question(self, cell: Cell) -> Question:
        """What is sent for one cell."""
        seat = self.seats[cell.seat]
        assert seat.place is not None  # noqa: S101  # cells of a seat without a place are never asked
        return Question.of(seat.place, self.messages(cell), seat.plan)

    def messages(self, cell: Cell) -> list[dict[str, Any]]:
        """The messages of one cell, its places filled."""
        return as_messages(self.prompt(cell), self.system)

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
