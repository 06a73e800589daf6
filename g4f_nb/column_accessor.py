"""`.llm` on Series: what can be done with a column of texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from g4f_nb.comparing import mapping
from g4f_nb.comparing.given import ModelName
from g4f_nb.comparing.slips import tells_slips
from g4f_nb.providers.models.model import one_named
from g4f_nb.secret import Veiled
from g4f_nb.tables import TableOfMethods

if TYPE_CHECKING:
    import pandas as pd


@tells_slips(".llm")
class ColumnMethods(TableOfMethods):
    """The methods of `series.llm`."""

    _title = ".llm: what can be done with this column"

    def __init__(self, series: pd.Series[Any]) -> None:
        self._series = series

    def map(self, prompt: Any, model: ModelName | None = None, **options: Any) -> pd.DataFrame:
        """`nb.map_prompts` of this column."""
        options, model = Veiled(options), one_named(model)
        return mapping.map_prompts(self._series, prompt, model, **options)

    def extract(self, schema: Any, model: ModelName | None = None, **options: Any) -> pd.DataFrame:
        """Facts out of these texts: a column for each field of the schema."""
        options, model = Veiled(options), one_named(model)
        return mapping.extract(self._series, None, schema, model, **options)
