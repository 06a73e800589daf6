"""From a run, whether it has just been done or was done in an earlier kernel, to its DataFrame."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from g4f_nb.comparing import columns, grid, typed
from g4f_nb.typed.wanted import Wanted

if TYPE_CHECKING:
    import pandas as pd

    from g4f_nb.comparing.running import Run

# The one thing in `attrs`: pandas copies them with every method, and drops them on a merge.
RUN = "g4f_nb_run"


def frame_of(run: Run, *, prefix: str = "", wanted: Wanted | None = None) -> pd.DataFrame:
    """The result of a run: one row a cell, in the order of the grid."""
    places = grid.result_columns(run.grid, run.run_id, prefix=prefix)
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


def check_typed(given: grid.Grid, wanted: Wanted | None, *, prefix: str) -> None:
    """Refuse a schema whose fields would stand where another column does."""
    if wanted is None:
        return
    fields = typed.fields_of(wanted)
    taken = [prefix + name for name in (*columns.PLACE, *columns.OUTCOME)]
    columns.check_free(fields, taken, what="the field")
    others = [*given.varied, *(["prompt"] if given.data is None else map(str, given.data.columns))]
    columns.check_free(fields, others, what="the field")
