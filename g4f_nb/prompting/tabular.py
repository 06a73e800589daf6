"""DataFrames, Series and indexes of pandas: their columns in lines, and a sample of rows; small ones whole.

Of a table of more than `EXACT` rows the numbers are those of a sample, always the same one, and that is said.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from g4f_nb.prompting.columns import cell, column_line, counted, type_name
from g4f_nb.prompting.limits import as_many, fits, one_line, room_for, tokens_of
from g4f_nb.prompting.naming import TIMES, is_a
from g4f_nb.prompting.plain import short
from g4f_nb.prompting.summary import Summary
from g4f_nb.prompting.veiling import any_secret_name, is_secret_name
from g4f_nb.secret import MASK

# Rows; of more, a sample is looked at.
EXACT = 100_000
_SAMPLE = 20_000
_CELL = 80
_ROWS = 8
_FEWER_ROWS = (_ROWS, 5, 3)
# The share of the budget for the lines about columns.
_FOR_COLUMNS = 0.65
_MOST_COLUMNS = 200
_COLUMNS_OF_ROWS = 40
# Rows: what is no longer is given whole where that fits.
_WHOLE_ROWS = 2_000
_NAMES = 30
_TEXTS = ("object", "str", "string", "category")
# Characters of them.
_NAMED = 600


def table(value: Any, budget: int) -> Summary | None:
    """The summary of a DataFrame, Series or Index of pandas, or of a kind of one; `None` of all else."""
    if is_a(value, "pandas", "DataFrame"):
        return _frame(value, budget)
    if is_a(value, "pandas", "Series"):
        return _series(value, budget)
    if is_a(value, "pandas", "Index"):
        return _index(value, budget)
    if is_a(value, "pandas", "Styler"):
        return _frame(value.data, budget)
    if any(is_a(value, "pandas", name) for name in ("DataFrameGroupBy", "SeriesGroupBy")):
        return _groups(value)
    return None


def _frame(frame: Any, budget: int) -> Summary:
    rows, width = frame.shape
    name = type(frame).__name__
    head = f"{name}, {counted(rows, 'row')} {TIMES} {counted(width, 'column')}{_about_index(frame)}"
    if not rows or not width:
        names = [
            one_line(f"{short(each, _CELL)}: {dtype}", _CELL)
            for each, dtype in zip(frame.columns, frame.dtypes, strict=True)
        ]
        lines, _ = as_many(names, str, budget)
        return Summary(head, "\n".join(["empty", *lines, *_and_more(width - len(lines), "columns")]))
    looked = _veiled(_sampled(frame))
    lines, left = as_many(
        range(min(width, _MOST_COLUMNS)),
        lambda at: f"  {column_line(frame.columns[at], looked.iloc[:, at], briefly=rows <= _ROWS)}",
        round(budget * _FOR_COLUMNS),
    )
    left += budget - round(budget * _FOR_COLUMNS)
    told = "columns" if len(looked) == rows else f"columns (numbers from a sample of {len(looked):,} rows)"
    more = _other_columns(frame, len(lines), length=min(_NAMED, budget))
    left -= sum(map(tokens_of, more))
    return Summary(head, "\n".join([f"{told}:", *lines, *more, *_rows_of(frame, left)]))


def _sampled(value: Any) -> Any:
    """The value, or rows from all over it in their order, the same each time."""
    rows = len(value)
    if rows <= EXACT:
        return value
    import numpy as np

    chosen = np.random.default_rng(0).integers(0, rows, _SAMPLE)
    return value.iloc[np.unique(chosen)]


def _veiled(frame: Any) -> Any:
    """The table with `***` in rows, and in columns of texts, that go by the name of a secret."""
    labels = frame.index
    rows = [
        at
        for at, label in enumerate(labels if _may_name(labels) and any_secret_name(labels) else ())
        if is_secret_name(label)
    ]
    # A number of a column `cookies` is one that is counted.
    columns = [
        at
        for at, name in enumerate(frame.columns)
        if is_secret_name(name) and str(frame.dtypes.iloc[at]) in _TEXTS
    ]
    if not rows and not columns:
        return frame
    veiled = frame.copy(deep=False)
    for at in range(frame.shape[1]) if rows else columns:
        values = frame.iloc[:, at].astype(object).copy()
        there = values.notna().to_numpy(dtype=bool)
        if at not in columns:
            named = there & False
            named[rows] = there[rows]
            there = named
        values.iloc[there.nonzero()[0]] = MASK
        veiled.isetitem(at, values)
    return veiled


def _may_name(labels: Any) -> bool:
    return labels.nlevels > 1 or str(labels.dtype) in _TEXTS


def _other_columns(frame: Any, told: int, *, length: int) -> list[str]:
    width = frame.shape[1]
    if told >= width:
        return []
    names = ", ".join(short(name, _CELL) for name in frame.columns[told : told + _NAMES])
    rest = width - told - _NAMES
    return [
        f"  and {width - told:,} more columns: {one_line(names, length)}"
        + (f", and {rest:,} more" if rest > 0 else "")
    ]


def _rows_of(frame: Any, budget: int) -> list[str]:
    """Rows as CSV: all of a small table, else the first, and some from all over it."""
    rows, width = frame.shape
    if rows <= _WHOLE_ROWS and width <= _COLUMNS_OF_ROWS:
        whole = _as_csv(frame, range(rows), width, room_for(budget))
        if whole is not None and fits(whole, budget):
            return ["all rows, as CSV:", whole]
    columns = min(width, _COLUMNS_OF_ROWS)
    for count in (*_FEWER_ROWS, *(1 for _ in range(_COLUMNS_OF_ROWS.bit_length()))):
        places = _spread(rows, count)
        text = _as_csv(frame, places, columns, None) or ""
        if fits(text, budget):
            break
        columns = columns if count > 1 else max(1, columns // 2)
    of = f", their first {counted(columns, 'column')}" if columns < width else ""
    where = " from all over it" if len(places) > 1 else ""
    return [f"{counted(len(places), 'row')}{where}{of}, as CSV:", text]


def _spread(rows: int, count: int) -> Sequence[int]:
    """The first rows, and some evenly from the rest to the last."""
    if rows <= count:
        return range(rows)
    first = max(1, count // 2)
    rest = count - first
    return [*range(first), *(first + (rows - 1 - first) * (at + 1) // rest for at in range(rest))]


def _as_csv(frame: Any, rows: Sequence[int], columns: int, room: int | None) -> str | None:
    """These rows and the first columns; `None` if there is no room for them."""
    into = io.StringIO()
    writer = csv.writer(into, lineterminator="\n")
    counts = _only_counts(frame.index)
    names = [] if counts else _levels(frame.index)
    writer.writerow([*names, *(short(name, _CELL) for name in frame.columns[:columns])])
    part = _veiled(frame.iloc[list(rows), :columns])
    for at, row in enumerate(_cells(part)):
        label = [] if counts else _label(part.index, at)
        writer.writerow([*label, *(cell(value) for value in row)])
        if room is not None and into.tell() > room:
            return None
    return into.getvalue().rstrip("\n")


def _cells(part: Any) -> Iterable[tuple[Any, ...]]:
    columns = [list(part.iloc[:, at]) for at in range(part.shape[1])]
    return zip(*columns, strict=True)


def _levels(index: Any) -> list[str]:
    """What the columns of a table's labels are called."""
    several = index.nlevels > 1
    return [
        short(name, _CELL) if name is not None else f"level {at}" if several else "index"
        for at, name in enumerate(index.names)
    ]


def _label(index: Any, at: int) -> list[str]:
    return [cell(each) for each in index[at]] if index.nlevels > 1 else [cell(index[at])]


def _only_counts(index: Any) -> bool:
    return (
        type(index).__name__ == "RangeIndex" and index.start == 0 and index.step == 1 and index.name is None
    )


def _about_index(value: Any) -> str:
    index = value.index
    if _only_counts(index):
        return ""
    unnamed = all(name is None for name in index.names)
    names = [] if unnamed else _levels(index)
    named = f" by {', '.join(map(repr, names))}" if names else ""
    kind = type(index).__name__ if type(index).__name__ != "Index" else f"Index of {type_name(index)}"
    span = ""
    if len(index) and type(index).__name__ in (
        "DatetimeIndex",
        "PeriodIndex",
        "TimedeltaIndex",
        "RangeIndex",
    ):
        freq = getattr(index, "freqstr", None)
        span = f" from {short(index[0], _CELL)} to {short(index[-1], _CELL)}" + (
            f", each {freq}" if freq else ""
        )
    return f", {kind}{named}{span}"


def _series(series: Any, budget: int) -> Summary:
    name = f" {short(series.name, _CELL)!r}" if series.name is not None else ""
    head = f"Series{name}, {counted(len(series), 'value')}{_about_index(series)}"
    if not len(series):
        return Summary(f"{head}, {series.dtype}")
    told = _numbers_of(series)
    rows = _in_a_row(series, budget) if _only_counts(series.index) else _rows_of(series.to_frame(), budget)
    return Summary(head, "\n".join([told, *rows]))


def _index(index: Any, budget: int) -> Summary:
    names = [short(name, _CELL) for name in index.names if name is not None]
    head = f"{type(index).__name__}{f' {names!r}' if names else ''}, {counted(len(index), 'label')}"
    if not len(index):
        return Summary(f"{head}, {index.dtype}")
    if type(index).__name__ == "RangeIndex":
        return Summary(f"{head}, from {index[0]} to {index[-1]}, step {index.step}")
    frame = index.to_frame(index=False)
    if frame.shape[1] > 1:
        return Summary(head, _frame(frame, budget).body)
    return Summary(head, "\n".join([_numbers_of(frame.iloc[:, 0]), *_in_a_row(frame.iloc[:, 0], budget)]))


def _numbers_of(series: Any) -> str:
    looked = _veiled(_sampled(series).to_frame()).iloc[:, 0]
    told = column_line("values", looked)
    return told if len(looked) == len(series) else f"{told} (from a sample of {len(looked):,})"


def _in_a_row(series: Any, budget: int) -> list[str]:
    """The values with commas between them: all of them, or some from all over."""
    for count in (_WHOLE_ROWS, 100, 20, 5):
        places = _spread(len(series), count)
        part = _veiled(series.iloc[list(places)].to_frame()).iloc[:, 0]
        text = ", ".join(cell(value) or "missing" for value in part)
        if fits(text, budget):
            break
    told = "all values" if len(places) == len(series) else f"{counted(len(places), 'value')} from all over it"
    return [f"{told}: {text}"]


def _groups(groups: Any) -> Summary:
    keys = groups.keys if isinstance(groups.keys, str | list | tuple) else "a key"
    size = f"{counted(groups.ngroups, 'group')} of {counted(len(groups.obj), 'row')}"
    return Summary(f"{type(groups).__name__} by {short(keys, _CELL)}: {size}")


def _and_more(count: int, what: str) -> list[str]:
    return [f"… and {count:,} more {what}"] if count > 0 else []
