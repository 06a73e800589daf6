"""A result as an Excel file that opens without surprises."""

from __future__ import annotations

import importlib.util
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from g4f_nb.comparing.keyless import mask_of_files
from g4f_nb.errors import InvalidParameterError, MissingRequirementsError
from g4f_nb.files.placing import Kind, path_of, put
from g4f_nb.files.reading import read_regular

if TYPE_CHECKING:
    import pandas as pd

# Who made a file and who has changed it last; and how long one may be, in bytes.
_MADE_BY, _LONGEST = "g4f_nb", 2**30
# A cell holds no more, and what begins like this is a formula.
_MOST = 32_767
_Mask = Callable[[str], str]
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def to_excel(frame: pd.DataFrame, path: Any, *, overwrite: bool = False, **options: Any) -> Any:
    """Write a table and give the path; no keys, zones, ends of long texts or formulas are in it.

    A table that was written there before is replaced, any other file only with `overwrite`. Where a pandas
    `ExcelWriter` is given, or what can be written to, the table goes there.
    """
    if importlib.util.find_spec("openpyxl") is None:
        raise MissingRequirementsError('Excel files need the extra "excel": pip install "g4f_nb[excel]"')
    import pandas as pd

    # What numbers the rows alone is left out; names of rows, like those of `wide`, are kept.
    named = frame.index.nlevels > 1 or frame.columns.nlevels > 1 or frame.index.name is not None
    options = {"index": named, **options}
    mask = mask_of_files()
    if isinstance(path, pd.ExcelWriter) or hasattr(path, "write"):
        _harmless_table(frame, mask).to_excel(path, **options)
        return path
    file = path_of(path, like="result.xlsx")
    if file.suffix.lower() != ".xlsx":
        raise InvalidParameterError(f"{str(file)!r} does not end with .xlsx: call it {file.stem + '.xlsx'!r}")
    content = io.BytesIO()
    with pd.ExcelWriter(content, engine="openpyxl") as writer:
        _harmless_table(frame, mask).to_excel(writer, **options)
        # Whoever changes it with a program of his own is said there instead.
        writer.book.properties.creator = writer.book.properties.lastModifiedBy = _MADE_BY
    return put(file, content.getvalue(), _KIND, overwrite=overwrite)


def _is_ours(file: Path) -> bool:
    try:
        with zipfile.ZipFile(io.BytesIO(read_regular(file, most=_LONGEST))) as parts:
            said = parts.read("docProps/core.xml").decode()
    except (zipfile.BadZipFile, KeyError, ValueError):
        return False
    return f">{_MADE_BY}</cp:lastModifiedBy>" in said


_KIND = Kind(name="table that was written here", is_one=_is_ours)


def _harmless_table(frame: pd.DataFrame, mask: _Mask) -> pd.DataFrame:
    import pandas as pd

    made = pd.DataFrame({at: _plain(frame.iloc[:, at], mask).array for at in range(frame.shape[1])})
    made.index = _plain_names(frame.index, mask)
    made.columns = _plain_names(frame.columns, mask)
    return made


def _plain_names(names: pd.Index[Any], mask: _Mask) -> pd.Index[Any]:
    import pandas as pd

    given = [names.get_level_values(at) for at in range(names.nlevels)]
    levels = [_plain(pd.Series(level, dtype=level.dtype), mask).array for level in given]
    called = [_harmless(name, mask) for name in names.names]
    if len(levels) > 1:
        return pd.MultiIndex.from_arrays(levels, names=called)
    made: pd.Index[Any] = pd.Index(levels[0], name=called[0], dtype=levels[0].dtype, tupleize_cols=False)
    return made


def _plain(column: pd.Series[Any], mask: _Mask) -> pd.Series[Any]:
    import pandas as pd

    if getattr(column.dtype, "tz", None) is not None:
        local: pd.Series[Any] = column.dt.tz_localize(None)
        return local
    if pd.api.types.is_numeric_dtype(column) or column.dtype.kind in "mM":
        return column
    # Texts in whatever they are held, categories among them.
    return pd.Series(
        [_harmless(value, mask) for value in column.tolist()], index=column.index, dtype="object"
    )


def _harmless(value: Any, mask: _Mask) -> Any:
    if isinstance(value, dict | list | tuple | set):
        value = str(value)
    if not isinstance(value, str):
        return value
    value = mask(value)
    # Control characters have no place in the file's XML, nor has half of a surrogate pair.
    value = value.encode(errors="replace").decode()
    value = "".join(char for char in value if char >= " " or char in "\n\t")[: _MOST - 1]
    return f"'{value}" if value.startswith(_FORMULA) else value
