"""What was asked in a cell, in its own words: what a judge has to know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from g4f_nb.comparing.keeping import live
from g4f_nb.comparing.runjson import grid_of
from g4f_nb.comparing.slips import has_column, no_column
from g4f_nb.comparing.viewing import Names
from g4f_nb.errors import InvalidParameterError
from g4f_nb.store import store

if TYPE_CHECKING:
    from g4f_nb.comparing.grid import Grid


def questions(names: Names, column: str | None = None) -> list[str]:
    """The filled prompt of each row; `column` names one that holds it, where the run itself is gone."""
    frame = names.frame
    if column is None and f"{names.prefix}prompt" in frame.columns:
        column = f"{names.prefix}prompt"
    if column is not None:
        if not has_column(frame, column):
            raise no_column(names.frame, column)
        return frame[column].astype("string").fillna("").tolist()
    grids = {run_id: _grid(str(run_id)) for run_id in names["run_id"].unique().tolist()}
    return [
        grid.prompt_text(grid.cells[int(cell_id.rpartition("-")[2])])
        for grid, cell_id in zip(names["run_id"].map(grids), names["cell_id"], strict=True)
    ]


def _grid(run_id: str) -> Grid:
    known = live(run_id)
    if known is not None:
        return known.run.grid
    kept = store().runs.find(run_id)
    if kept is None:
        raise InvalidParameterError(
            f"what the run {run_id!r} asked is not kept any more: name a column that holds it, with question="
        )
    return grid_of(kept.plan)
