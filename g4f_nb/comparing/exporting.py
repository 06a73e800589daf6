"""A result as an Excel file that opens without surprises."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any

from g4f_nb.errors import MissingRequirementsError

if TYPE_CHECKING:
    import pandas as pd

# A cell holds no more, and what begins like this is a formula.
_MOST = 32_767
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def to_excel(frame: pd.DataFrame, path: Any, **options: Any) -> None:
    """Write a table; dates lose their zone, long texts their end, and no answer runs as a formula."""
    if importlib.util.find_spec("openpyxl") is None:
        raise MissingRequirementsError('Excel files need the extra "excel": pip install "g4f_nb[excel]"')
    import pandas as pd

    # What numbers the rows alone is left out; names of rows, like those of `wide`, are kept.
    named = frame.index.nlevels > 1 or frame.columns.nlevels > 1 or frame.index.name is not None
    made = pd.DataFrame({at: _plain(frame.iloc[:, at]) for at in range(frame.shape[1])}, index=frame.index)
    made.columns = frame.columns.map(_harmless_name) if len(frame.columns) else frame.columns
    made.columns.names = frame.columns.names
    if named:
        made.index = made.index.map(_harmless_name) if len(made) else made.index
        made.index.names = frame.index.names
    made.to_excel(path, **{"index": named, **options})


def _plain(column: pd.Series[Any]) -> pd.Series[Any]:
    if getattr(column.dtype, "tz", None) is not None:
        local: pd.Series[Any] = column.dt.tz_localize(None)
        return local
    if str(column.dtype) in ("string", "object", "str", "category"):
        return column.astype("object").map(_harmless, na_action="ignore")
    return column


def _harmless_name(name: Any) -> Any:
    return tuple(map(_harmless, name)) if isinstance(name, tuple) else _harmless(name)


def _harmless(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    # Control characters have no place in the file's XML.
    value = "".join(char for char in value if char >= " " or char in "\n\t")[: _MOST - 1]
    return f"'{value}" if value.startswith(_FORMULA) else value
