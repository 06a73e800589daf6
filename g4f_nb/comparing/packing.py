"""Many long texts as a column without having them twice: each part lets go of what it was made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

# So many characters at a time: small parts find room between what is still there, which the texts before
# them have left; in large ones two thirds of the memory would be new.
_AT_ONCE = 12_000


def packed(texts: list[str | None]) -> pd.api.extensions.ExtensionArray | None:
    """The column of these texts, which are gone from the list; `None` where pandas keeps texts as objects."""
    import pandas as pd

    if pd.StringDtype().storage != "pyarrow":
        return None
    import pyarrow as pa

    pool = pa.system_memory_pool()
    parts: list[Any] = []
    begin = size = 0
    for at, text in enumerate(texts):
        size += 0 if text is None else len(text)
        if size >= _AT_ONCE or at == len(texts) - 1:
            parts.append(pa.array(texts[begin : at + 1], type=pa.large_string(), memory_pool=pool))
            texts[begin : at + 1] = [None] * (at + 1 - begin)
            begin, size = at + 1, 0
    array: Any = pd.arrays.ArrowStringArray(pa.chunked_array(parts, type=pa.large_string()))
    made: pd.api.extensions.ExtensionArray = array
    return made
