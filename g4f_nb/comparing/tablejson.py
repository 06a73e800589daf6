"""A user's table as JSON and back: the same values in the same types, as far as JSON can tell them."""

from __future__ import annotations

import base64
import math
import uuid
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    import pandas as pd

# What is no JSON, by the name of its type: to text and back. A plain text stays for everything else.
_FORMS: Mapping[str, tuple[Callable[[Any], str], Callable[[str], Any]]] = {
    "datetime": (datetime.isoformat, datetime.fromisoformat),
    "date": (date.isoformat, date.fromisoformat),
    "time": (time.isoformat, time.fromisoformat),
    "Decimal": (str, Decimal),
    "UUID": (str, uuid.UUID),
    "bytes": (lambda value: base64.b64encode(value).decode(), base64.b64decode),
    "complex": (str, complex),
    "float": (str, float),
    "int": (str, int),
}
_MODULES = ("builtins", "datetime", "decimal", "uuid")
_MOST = 2**53


def as_json(data: pd.DataFrame) -> dict[str, Any]:
    """Each column with its type and its values."""
    return {str(name): _column(data[name]) for name in data.columns}


def from_json(packed: Mapping[str, Any]) -> pd.DataFrame:
    """The table again; a column whose type cannot be had any more is what its values make of it."""
    import pandas as pd

    return pd.DataFrame({name: _series(column) for name, column in packed.items()})


def _column(column: pd.Series[Any]) -> dict[str, Any]:
    import pandas as pd

    if isinstance(column.dtype, pd.CategoricalDtype):
        kind = column.dtype
        categories = _column(pd.Series(kind.categories))
        return {"categories": categories, "ordered": kind.ordered, "values": column.cat.codes.tolist()}
    if isinstance(column.dtype, pd.IntervalDtype):
        interval = column.array
        left, right = (_column(pd.Series(part)) for part in (interval.left, interval.right))
        return {"left": left, "right": right, "closed": column.dtype.closed}
    missing = column.isna().tolist()
    values = [
        None if gone is True else _plain(value) for value, gone in zip(column.tolist(), missing, strict=True)
    ]
    return {"dtype": str(column.dtype), "values": values}


def _series(packed: Mapping[str, Any]) -> pd.Series[Any]:
    import pandas as pd

    if "categories" in packed:
        categories = pd.Index(_series(packed["categories"]))
        return pd.Series(
            pd.Categorical.from_codes(packed["values"], categories=categories, ordered=packed["ordered"])
        )
    if "left" in packed:
        left, right = (_series(packed[side]) for side in ("left", "right"))
        return pd.Series(pd.arrays.IntervalArray.from_arrays(left, right, closed=packed["closed"]))
    values = pd.Series([_value(value) for value in packed["values"]], dtype="object")
    try:
        return values.astype(packed["dtype"])
    except (TypeError, ValueError):
        return values.convert_dtypes()


def _plain(value: Any) -> Any:
    """A value as JSON that gives the same value again, or else its text."""
    kind = type(value)
    if (
        kind in (str, bool)
        or (kind is int and abs(value) < _MOST)
        or (kind is float and math.isfinite(value))
    ):
        return value
    if kind.__name__ in _FORMS and kind.__module__ in _MODULES:
        return {kind.__name__: _FORMS[kind.__name__][0](value)}
    if kind.__name__ == "Timestamp":
        return {"Timestamp": value.isoformat()}
    if kind in (dict, list) and _is_same_as_json(value):
        return {"json": value}
    # One number of numpy's is the number.
    return _plain(value.item()) if getattr(value, "ndim", None) == 0 else str(value)


def _is_same_as_json(value: Any) -> bool:
    try:
        return bool(orjson.loads(orjson.dumps(value)) == value)
    except TypeError:
        return False


def _value(packed: Any) -> Any:
    import pandas as pd

    if not isinstance(packed, dict):
        return packed
    ((name, text),) = packed.items()
    if name == "json":
        return text
    return pd.Timestamp(text) if name == "Timestamp" else _FORMS[name][1](text)
