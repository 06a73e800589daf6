"""One column of a table in one line: its type, what is missing, and what is in it."""

from __future__ import annotations

import contextlib
import datetime as dt
import math
import numbers
import uuid
from collections.abc import Callable, Iterator
from typing import Any

from g4f_nb.prompting.naming import TIMES
from g4f_nb.prompting.plain import short

_CELL = 40
_LONGEST_CELL = 80
_NAME = 60
_TOP = 5
_DIGITS = 4
# A number from which on one counts its digits.
_LONG = 1e12
_MOST_DISTINCT = 50


def column_line(name: object, column: Any, *, briefly: bool = False) -> str:
    """What a pandas column holds: `price: float64, 12 missing (1.2 %), min 0.1, …`; briefly, no numbers."""
    dtype = _dtype(column)
    told = [dtype]
    with contextlib.suppress(Exception):  # a type of somebody else's may not count what is missing
        missing = int(column.isna().sum())
        if missing:
            told.append(f"{missing:,} missing ({_percent(missing, len(column))})")
    # Each part alone: a column of unhashable or hostile values has a type all the same.
    for part in () if briefly else _parts(column):
        try:
            told.extend(part(column))
        except Exception:  # noqa: BLE001, S112  # values of any kind: what cannot be told is left out
            continue
        break
    return f"{short(name, _NAME)}: {', '.join(told)}"


def counted(count: int, what: str) -> str:
    """A number of things in words: `1 row`, `1,000 rows`."""
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def cell(value: Any) -> str:
    """What one cell holds: numbers of six digits, dates as one reads them, nothing for nothing."""
    if value is None or type(value).__name__ in ("NaTType", "NAType"):
        return ""
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.6g}"
    if isinstance(value, dt.date | dt.time | dt.timedelta | dt.tzinfo | numbers.Number | uuid.UUID):
        return short(str(value), _LONGEST_CELL)
    return short(value, _LONGEST_CELL)


def _shown(value: Any) -> str:
    """One value among words: a text in quotes, anything else as in a cell."""
    return repr(short(value, _CELL)) if isinstance(value, str) else short(cell(value), _CELL)


def number(value: Any) -> str:
    """A number as short as it is still of use."""
    if isinstance(value, float) or hasattr(value, "dtype"):
        value = value.item() if hasattr(value, "item") else value
    if isinstance(value, float):
        if value.is_integer() and abs(value) < _LONG:
            return f"{value:.0f}"
        return f"{value:.1f}" if 10**_DIGITS <= abs(value) < _LONG else f"{value:.{_DIGITS}g}"
    return short(value, _CELL)


def type_name(values: Any) -> str:
    """The type of a column or an index; texts are `str` also where pandas before 3 says `object`."""
    name = str(values.dtype)
    if name == "object":
        from pandas.api.types import infer_dtype

        with contextlib.suppress(Exception):  # values of any kind
            return "str" if infer_dtype(values, skipna=True) == "string" else name
    return name


def _dtype(column: Any) -> str:
    dtype = type_name(column)
    categories = getattr(column.dtype, "categories", None)
    if dtype == "category" and categories is not None:
        return f"{'ordered ' if column.dtype.ordered else ''}category of {len(categories):,}"
    return dtype


def _parts(column: Any) -> Iterator[Callable[[Any], list[str]]]:
    """The ways to tell of a column, the fittest first."""
    kind = getattr(column.dtype, "kind", "O")
    name = str(column.dtype)
    if name == "geometry":
        yield _geometry
    if kind == "b" or name == "boolean":
        yield _truths
    elif kind in "iuf" and name != "category":
        yield _numbers
    elif kind in "mM" or name.startswith(("datetime64", "period", "timestamp")):
        yield _span
    yield _values
    yield _examples


def _numbers(column: Any) -> list[str]:
    found = column.describe()
    if found["min"] == found["max"]:
        return [f"always {number(float(found['min']))}"]
    shown = {
        "min": "min",
        "25 %": "25%",
        "median": "50%",
        "75 %": "75%",
        "max": "max",
        "mean": "mean",
        "std": "std",
    }
    return [
        f"{label} {number(float(found[key]))}" for label, key in shown.items() if found[key] == found[key]
    ]


def _truths(column: Any) -> list[str]:
    true = int((column == True).sum())  # noqa: E712  # of a column, each cell
    return [f"{true:,} true ({_percent(true, len(column))})"]


def _span(column: Any) -> list[str]:
    return [f"{short(column.min(), _CELL)} to {short(column.max(), _CELL)}", f"{column.nunique():,} distinct"]


def _values(column: Any) -> list[str]:
    """How many distinct values, and the commonest where that says something."""
    counts = column.value_counts(dropna=True)
    distinct = len(counts)
    if not distinct:
        return []
    # A category that nothing belongs to is counted, too.
    top = counts[counts > 0].iloc[:_TOP]
    shown = [f"{_shown(value)} {TIMES}{int(count):,}" for value, count in top.items()]
    if int(top.iloc[0]) == 1:
        return ["all distinct", *_examples(column)] if distinct > 1 else _examples(column)
    if distinct == 1:
        return [f"always {_shown(counts.index[0])}"]
    return [f"{distinct:,} distinct", f"top {', '.join(shown)}"]


def _examples(column: Any) -> list[str]:
    found = column[column.notna()]
    kinds = {type(value).__name__ for value in found.iloc[:_MOST_DISTINCT]}
    told = [f"holds {', '.join(sorted(kinds))}"] if kinds - {"str"} and str(column.dtype) == "object" else []
    examples = [_shown(value) for value in found.iloc[:2]]
    return [*told, f"like {', '.join(examples)}"] if examples else told


def _geometry(column: Any) -> list[str]:
    counts = column.geom_type.value_counts()
    kinds = ", ".join(f"{name} {TIMES}{count:,}" for name, count in counts.iloc[:_TOP].items())
    box = ", ".join(number(float(side)) for side in column.total_bounds)
    crs = column.crs
    return [kinds, f"within ({box})", f"CRS {short(crs.to_string(), _CELL)}" if crs is not None else "no CRS"]


def _percent(count: int, of: int) -> str:
    share = 100 * count / of if of else 0.0
    return f"{share:.0f} %" if share >= 10 or share == int(share) else f"{share:.2g} %"  # noqa: PLR2004
