"""Many long texts as a column without having them twice: each part lets go of what it was made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

# So many characters at a time: what the texts leave behind is taken again for the next part, which is asked
# of the same allocator and small enough not to get pages of its own.
_AT_ONCE = 80_000


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
