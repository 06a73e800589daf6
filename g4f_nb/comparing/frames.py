"""From a run, whether it has just been done or was done in an earlier kernel, to its DataFrame."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from g4f_nb.comparing import columns, typed
from g4f_nb.comparing.grid import Grid
from g4f_nb.errors import InvalidParameterError
from g4f_nb.kept.records import text
from g4f_nb.typed.wanted import Wanted

if TYPE_CHECKING:
    import pandas as pd

    from g4f_nb.comparing.running import Comparison

# The one thing in `attrs`: pandas copies them with every method, and drops them on a merge.
RUN = "g4f_nb_run"


def frame_of(run: Comparison, *, prefix: str = "", wanted: Wanted | None = None) -> pd.DataFrame:
    """The result of a run: one row a cell, in the order of the grid."""
    places = result_columns(run.grid, run.run_id, prefix=prefix)
    return assembled(places, run.columns.lists, run.run_id, prefix=prefix, wanted=wanted)


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
    frame = pd.DataFrame(made)
    frame.attrs[RUN] = run_id
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
        raise InvalidParameterError(f"prefix is {prefix!r}: it must be a text like 'llm_'")
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


def result_columns(grid: Grid, run_id: str, *, prefix: str) -> dict[str, Any]:
    """The columns before the outcome: which cell, its parameters, its data."""
    import pandas as pd

    cells, seats, names = grid.cells, grid.seats, list(grid.prompts)
    made: dict[str, Any] = {}
    for name, values in (
        ("run_id", [run_id] * len(cells)),
        ("cell_id", _numbered(run_id, len(cells))),
        ("row", [None] * len(cells) if grid.data is None else list(cells.rows)),
        ("repeat", list(cells.repeats)),
        ("provider", [seats[seat].provider for seat in cells.seats]),
        ("model", [text(seats[seat].model or None) for seat in cells.seats]),
        ("prompt_id", [names[prompt] for prompt in cells.prompts]),
    ):
        made[prefix + name] = columns.series(name, values)
    for name in grid.varied:
        shown = [columns.shown(seat.varied[name]) for seat in seats]
        made[name] = pd.Series([shown[seat] for seat in cells.seats]).convert_dtypes()
    if grid.data is None:
        texts = [text(grid.prompt_text(cell)) for cell in cells]
        made[prefix + "prompt"] = pd.Series(texts, dtype="string")
        return made
    at = list(cells.rows)
    for name in grid.data.columns:
        made[str(name)] = grid.data[name].iloc[at].reset_index(drop=True)
    return made
