"""Values of packages that need no column or array code: polars, xarray, scikit-learn, lazy tables."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable
from itertools import islice
from typing import Any

from g4f_nb.prompting.columns import cell, counted, number
from g4f_nb.prompting.limits import as_many, cut, fits, one_line, room_for
from g4f_nb.prompting.naming import TIMES, home_of, is_a, shape_of
from g4f_nb.prompting.plain import short
from g4f_nb.prompting.speaking import said_by
from g4f_nb.prompting.summary import Summary
from g4f_nb.prompting.veiling import is_secret_name
from g4f_nb.secret import MASK

_CELL = 60
_FITTED = 40
_EXACT = 1_000_000
_ROWS = 8
_WHOLE = 500
_LAZY = ("dask", "pyspark", "ibis", "duckdb", "modin", "vaex", "cudf", "snowflake")


def foreign(value: Any, budget: int) -> Summary | None:  # noqa: PLR0911  # one a kind
    """The summary of a value of one of these packages; `None` of everything else."""
    home = home_of(value)
    if home == "polars":
        return _polars(value, budget)
    if home in _LAZY and hasattr(value, "columns"):
        return _lazy(value, budget)
    if home == "xarray" and hasattr(value, "dims"):
        # Its own text is a summary: dimensions, coordinates, types, and no value that is not loaded.
        return Summary(f"xarray {type(value).__name__}", cut(said_by(value, room_for(budget)), budget))
    if home == "pyarrow" and hasattr(value, "schema"):
        schema = cut(said_by(value.schema, room_for(budget)), budget)
        return Summary(f"pyarrow {type(value).__name__}{_of_shape(value)}", schema)
    if hasattr(value, "get_params") and (hasattr(value, "fit") or hasattr(value, "predict")):
        return _estimator(value, budget)
    if is_a(value, "torch", "Module"):
        return _network(value, budget)
    return None


def _of_shape(value: Any) -> str:
    shape = shape_of(value)
    return "" if shape is None else f", {f' {TIMES} '.join(f'{side:,}' for side in shape)}"


def _polars(value: Any, budget: int) -> Summary | None:
    if is_a(value, "polars", "DataFrame"):
        return _polars_frame(value.with_columns(map(_polars_veiled, value.iter_columns())), budget)
    if is_a(value, "polars", "Series"):
        value = _polars_veiled(value)
        head = f"polars Series {short(value.name, _CELL)!r}, {counted(len(value), 'value')}"
        return Summary(head, "\n".join([_polars_column(value), *_polars_values(value, budget)]))
    if is_a(value, "polars", "LazyFrame"):
        # Its schema may have to be read from files, and rows would have to be computed.
        return Summary(
            "polars LazyFrame, not collected; its plan", cut(value.explain(optimized=False), budget)
        )
    return None


def _polars_veiled(column: Any) -> Any:
    """A column of texts by the name of a secret as `***`."""
    if str(column.dtype) != "String" or not is_secret_name(column.name):
        return column
    return column.str.replace_all("(?s)^.+$", MASK)


def _polars_frame(frame: Any, budget: int) -> Summary:
    rows, width = frame.shape
    head = f"polars DataFrame, {counted(rows, 'row')} {TIMES} {counted(width, 'column')}"
    if not width:
        return Summary(head, "empty")
    looked = frame if rows <= _EXACT else frame.sample(_EXACT // 10, seed=0)
    told = "columns" if looked is frame else f"columns (numbers from a sample of {len(looked):,} rows)"
    share = round(budget * 0.65)
    lines, left = as_many(frame.columns, lambda name: f"  {_polars_column(looked[name])}", share)
    more = [f"  and {counted(width - len(lines), 'more column')}"] if len(lines) < width else []
    few = frame.columns[: len(lines)]
    top = frame.select(few).head(_WHOLE if width == len(few) else _ROWS)
    shown, _ = as_many([tuple(few), *top.iter_rows()], _polars_row, left + budget - share, at_least=2)
    which = "all rows" if len(shown) == rows + 1 else f"the first {counted(len(shown) - 1, 'row')}"
    return Summary(head, "\n".join([f"{told}:", *lines, *more, f"{which}:", *shown]))


def _polars_row(row: tuple[Any, ...]) -> str:
    return ", ".join(map(cell, row))


def _polars_values(series: Any, budget: int) -> list[str]:
    for count in (_WHOLE, 100, 20, 5):
        text = ", ".join(cell(value) or "missing" for value in series.head(count))
        if fits(text, budget):
            return [f"all values: {text}" if count >= len(series) else f"the first {count} values: {text}"]
    return []


def _polars_column(column: Any) -> str:
    told = [str(column.dtype)]
    with contextlib.suppress(Exception):  # not every type can be counted or ordered
        missing = column.null_count()
        told += [f"{missing:,} missing"] if missing else []
        if column.dtype.is_numeric():
            told += [
                f"{name} {number(getattr(column, name)())}"
                for name in ("min", "median", "max", "mean", "std")
            ]
        elif column.dtype.is_temporal():
            told += [f"{column.min()} to {column.max()}"]
        else:
            counts = column.drop_nulls().value_counts(sort=True).head(5)
            told += [f"{column.n_unique():,} distinct"]
            told += [
                "top "
                + ", ".join(
                    f"{short(value, _CELL)!r} {TIMES}{count:,}" for value, count in counts.iter_rows()
                )
            ]
    return f"{short(column.name, _CELL)}: {', '.join(told)}"


def _lazy(value: Any, budget: int) -> Summary:
    """A table that is computed when it is asked for: its columns only."""
    types: Any = getattr(value, "dtypes", None)
    try:
        pairs: Iterable[Any] = types.items() if hasattr(types, "items") else types
        lines, _ = as_many([f"  {short(name, _CELL)}: {dtype}" for name, dtype in pairs], str, budget)
    except Exception:  # noqa: BLE001  # each of them is different
        lines = [one_line(", ".join(map(str, islice(value.columns, 200))), 2_000)]
    head = f"{home_of(value)} {type(value).__name__}, not computed; its columns"
    return Summary(head, "\n".join(lines))


def _estimator(value: Any, budget: int) -> Summary:
    head = f"{home_of(value)} {one_line(said_by(value, 2_000), 600)}"
    fitted = {
        name: item
        for name, item in getattr(value, "__dict__", {}).items()
        if name.endswith("_") and not name.startswith("_")
    }
    if not fitted:
        return Summary(f"{head}, {'' if _is_fitted(value) else 'not '}fitted")
    lines, _ = as_many(
        islice(fitted.items(), _FITTED), lambda pair: f"  {pair[0]} = {_value(pair[1])}", budget
    )
    return Summary(f"{head}, fitted", "\n".join(lines))


def _is_fitted(value: Any) -> bool:
    """Whether scikit-learn says so, of one whose steps were fitted and not itself; it is there already."""
    validation = sys.modules.get("sklearn.utils.validation")
    if validation is None:
        return False
    try:
        validation.check_is_fitted(value)
    except Exception:  # noqa: BLE001  # its own NotFittedError, or anything of a class that is only like one
        return False
    return True


def _value(value: Any) -> str:
    if is_a(value, "numpy", "ndarray") and value.size <= 20:  # noqa: PLR2004
        return one_line(said_by(value.tolist(), 200), 200)
    return short(value, 120)


def _network(value: Any, budget: int) -> Summary:
    head = f"{home_of(value)} {type(value).__name__}"
    with contextlib.suppress(Exception):  # lazy parameters have no size yet
        count = sum(each.numel() for each in value.parameters())
        head += f", {count:,} parameters"
    return Summary(head, cut(said_by(value, room_for(budget)), budget))
