"""From a run, whether it has just been done or was done in an earlier kernel, to its DataFrame."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from g4f_nb.comparing import columns, typed
from g4f_nb.comparing.firstlook import show_at_first
from g4f_nb.comparing.grid import Cell, Grid
from g4f_nb.errors import InvalidParameterError, short
from g4f_nb.kept.records import text
from g4f_nb.typed.wanted import Wanted

if TYPE_CHECKING:
    import pandas as pd

    from g4f_nb.comparing.running import Comparison

# The one thing in `attrs`: pandas copies them with every method, and drops them on a merge.
RUN = "g4f_nb_run"


def frame_of(run: Comparison, *, prefix: str = "", wanted: Wanted | None = None) -> pd.DataFrame:
    """The result of a run: one row a cell, in the order of the grid; what is still to come is planned."""
    places = result_columns(run.grid, run.run_id, prefix=prefix)
    values = run.columns.lists
    if None in values["status"]:
        values = copy.copy(values)
        values["status"] = [said or "planned" for said in values["status"]]
    return assembled(places, values, run.run_id, prefix=prefix, wanted=wanted)


def assembled(
    places: Mapping[str, Any],
    values: Mapping[str, list[Any]],
    run_id: str,
    *,
    prefix: str,
    wanted: Wanted | None,
) -> pd.DataFrame:
    """The columns of the places, then those of the outcome."""
    import pandas as pd

    made = dict(places)
    for name in columns.NAMES:
        if name == "finish_reason" and wanted is not None:
            for field, column in typed.columns_of(wanted, values["parsed"]).items():
                # `map_prompts` may have asked about a column of the same name.
                made[field if field not in made else f"parsed_{field}"] = column
        if wanted is not None or name not in ("parsed", "parse_error"):
            made[prefix + name] = columns.series(name, values[name])
    # Not copied: nobody else has these columns.
    frame = pd.DataFrame(made, copy=False)
    frame.attrs[RUN] = run_id
    show_at_first(frame)
    return frame


def check_typed(given: Grid, wanted: Wanted | None, *, prefix: str) -> None:
    """Refuse a schema whose fields would stand where another column does."""
    if wanted is None:
        return
    fields = typed.fields_of(wanted)
    taken = [prefix + name for name in (*columns.PLACE, *columns.OUTCOME)]
    columns.check_free(fields, taken, what="the field")
    others = [*given.varied, *(["prompt"] if given.data is None else map(str, given.data.columns))]
    columns.check_free(fields, others, what="the field")


def check_names(grid: Grid, *, prefix: str) -> None:
    """Refuse parameters and data that would stand where a result column does."""
    if not isinstance(prefix, str):
        raise InvalidParameterError(f"prefix is {short(prefix)}: it must be a text like 'llm_'")
    if text(prefix) != prefix:
        raise InvalidParameterError(
            f"prefix is {prefix!r}, half of a surrogate pair: it must be a text like 'llm_'"
        )
    taken = [prefix + name for name in (*columns.PLACE, *columns.OUTCOME)]
    columns.check_free(grid.varied, [*taken, f"{prefix}prompt"], what="the parameter")
    if grid.data is not None:
        columns.check_free(map(str, grid.data.columns), [*taken, *grid.varied], what="the column")


def _numbered(run_id: str, count: int) -> Any:
    """The ids of all cells, which were never all there as texts of Python's."""
    import pandas as pd

    numbers = pd.Series(range(count)).astype("string")
    return (f"{run_id}-" + numbers).array


def _chosen(texts: Sequence[str | None], places: Any) -> Any:
    """A column of a few texts, each in many rows, by their places among the few."""
    import pandas as pd

    return pd.Series(pd.array(list(texts), dtype="string").take(places))


def result_columns(grid: Grid, run_id: str, *, prefix: str) -> dict[str, Any]:
    """The columns before the outcome: which cell, its parameters, its data."""
    import numpy as np
    import pandas as pd

    cells, seats = grid.cells, grid.seats
    rows, prompt, seat = (np.array(each) for each in (cells.rows, cells.prompts, cells.seats))
    place = {
        "run_id": _chosen([run_id], np.zeros(len(cells), int)),
        "cell_id": pd.Series(_numbered(run_id, len(cells))),
        "row": pd.Series(rows) if grid.data is not None else pd.Series(pd.NA, range(len(cells))),
        "repeat": pd.Series(np.array(cells.repeats)),
        "provider": _chosen([each.provider for each in seats], seat),
        "model": _chosen([text(each.model or None) for each in seats], seat),
        "prompt_id": _chosen(list(grid.prompts), prompt),
    }
    made = {prefix + name: values.astype(columns.PLACE[name]) for name, values in place.items()}
    for name in grid.varied:
        shown = [columns.shown(each.varied[name]) for each in seats]
        made[name] = pd.Series([shown[each] for each in cells.seats]).convert_dtypes()
    if grid.data is None:
        texts = [text(grid.prompt_text(Cell(0, at, 0, 0))) for at in range(len(grid.prompts))]
        made[prefix + "prompt"] = _chosen(texts, prompt)
        return made
    for name in grid.data.columns:
        made[str(name)] = grid.data[name].iloc[rows].reset_index(drop=True)
    return made
