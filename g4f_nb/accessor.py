"""`.llm` on DataFrames and Series: what can be done with a result, and with any table of texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from g4f_nb.comparing import again, keeping, mapping
from g4f_nb.comparing.grid import ModelName
from g4f_nb.comparing.viewing import Names, against, errors, wide
from g4f_nb.secret import Veiled

if TYPE_CHECKING:
    import pandas as pd


class Frames:
    """The methods of `frame.llm`."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame

    def map(self, prompt: Any, model: ModelName | None = None, **options: Any) -> pd.DataFrame:
        """`nb.map_prompts` of this table: the answers as columns beside it."""
        return mapping.map_prompts(self._frame, prompt, model, **Veiled(options))

    def extract(
        self, column: str, schema: Any, model: ModelName | None = None, **options: Any
    ) -> pd.DataFrame:
        """Facts out of a column of texts: a column for each field of the schema."""
        return mapping.extract(self._frame, column, schema, model, **Veiled(options))

    def wide(self, values: str = "answer") -> pd.DataFrame:
        """A row a prompt (or data row), a column a model: the answers, or another column, side by side."""
        return wide(self._frame, values)

    def errors(self) -> pd.DataFrame:
        """The calls that gave no answer: who, what, why."""
        return errors(self._frame)

    def retry(self, *, progress: bool = True, **changes: Any) -> pd.DataFrame:
        """This result with everything asked again that failed; `timeout=` and the like may change.

        Columns that were added to the result stay, rows that were taken out stay out.
        """
        names = Names.of(self._frame)
        made = again.retry(names.run_id, progress=progress, **Veiled(changes))
        return names.as_before(made)

    def raw(self, cell_id: str) -> dict[str, Any]:
        """What was sent for one cell and what came."""
        return keeping.raw(cell_id)

    def against(self, old: pd.DataFrame) -> pd.DataFrame:
        """What changed since an older result: the same cells side by side, and whether they differ."""
        return against(self._frame, old)

    def to_excel(self, path: Any, **options: Any) -> None:
        """Write it to an Excel file: times without zones, and no text that Excel would run as a formula."""
        from g4f_nb.comparing.exporting import to_excel

        to_excel(self._frame, path, **options)


class Columns:
    """The methods of `series.llm`."""

    def __init__(self, series: pd.Series[Any]) -> None:
        self._series = series

    def map(self, prompt: Any, model: ModelName | None = None, **options: Any) -> pd.DataFrame:
        """`nb.map_prompts` of this column."""
        return mapping.map_prompts(self._series, prompt, model, **Veiled(options))


def register() -> None:
    """Put `.llm` on pandas' classes; doing it again changes nothing."""
    import pandas as pd

    # pandas warns of a second registration, and has no other way to ask.
    if "llm" not in getattr(pd.DataFrame, "_accessors", ()):
        pd.api.extensions.register_dataframe_accessor("llm")(Frames)
    if "llm" not in getattr(pd.Series, "_accessors", ()):
        pd.api.extensions.register_series_accessor("llm")(Columns)
