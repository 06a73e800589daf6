"""A result as an Excel file that opens without surprises."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any

from g4f_nb.errors import InvalidParameterError, MissingRequirementsError

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

    if path is None:
        raise InvalidParameterError("path is None: it must be the file to write, like 'result.xlsx'")
    # What numbers the rows alone is left out; names of rows, like those of `wide`, are kept.
    named = frame.index.nlevels > 1 or frame.columns.nlevels > 1 or frame.index.name is not None
    made = pd.DataFrame({at: _plain(frame.iloc[:, at]).array for at in range(frame.shape[1])})
    made.index = _plain_names(frame.index)
    made.columns = _plain_names(frame.columns)
    made.to_excel(path, **{"index": named, **options})


def _plain_names(names: pd.Index[Any]) -> pd.Index[Any]:
    import pandas as pd

    given = [names.get_level_values(at) for at in range(names.nlevels)]
    levels = [_plain(pd.Series(level, dtype=level.dtype)).array for level in given]
    called = [_harmless(name) for name in names.names]
    if len(levels) > 1:
        return pd.MultiIndex.from_arrays(levels, names=called)
    made: pd.Index[Any] = pd.Index(levels[0], name=called[0], dtype=levels[0].dtype, tupleize_cols=False)
    return made


def _plain(column: pd.Series[Any]) -> pd.Series[Any]:
    import pandas as pd

    if getattr(column.dtype, "tz", None) is not None:
        local: pd.Series[Any] = column.dt.tz_localize(None)
        return local
    if pd.api.types.is_numeric_dtype(column) or column.dtype.kind in "mM":
        return column
    # Texts in whatever they are held, categories among them.
    return pd.Series([_harmless(value) for value in column.tolist()], index=column.index, dtype="object")


def _harmless(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    # Control characters have no place in the file's XML, nor has half of a surrogate pair.
    value = value.encode(errors="replace").decode()
    value = "".join(char for char in value if char >= " " or char in "\n\t")[: _MOST - 1]
    return f"'{value}" if value.startswith(_FORMULA) else value
