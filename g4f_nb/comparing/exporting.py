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
    made = frame.copy()
    for name in made.columns:
        column = made[name]
        if getattr(column.dtype, "tz", None) is not None:
            made[name] = column.dt.tz_localize(None)
        elif str(column.dtype) in ("string", "object", "str"):
            made[name] = column.map(_harmless, na_action="ignore")
    made.to_excel(path, **{"index": False, **options})


def _harmless(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    # Control characters have no place in the file's XML.
    value = "".join(char for char in value if char >= " " or char in "\n\t")[: _MOST - 1]
    return f"'{value}" if value.startswith(_FORMULA) else value
