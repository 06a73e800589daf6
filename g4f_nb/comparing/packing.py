"""Many texts, another one in each row, without having them twice: packed block by block while they come.

As Python's own texts they would take half as much again, and a second time their room while a column is made
of them at the end. Rows are asked in their order, so that soon after the first of a block the last is done.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

# So many rows are packed at a time.
BLOCK = 32


class Texts:
    """A column that grows, a text or nothing in each row; `pack` says that a block of it is done."""

    __slots__ = ("_blocks", "_texts")

    def __init__(self, rows: int) -> None:
        self._texts: list[str | None] = [None] * rows
        self._blocks: list[Any] = [None] * -(-rows // BLOCK)

    def __len__(self) -> int:
        return len(self._texts)

    def __setitem__(self, at: int, text: str | None) -> None:
        if self._blocks[at // BLOCK] is not None:
            self._unpack(at // BLOCK)
        self._texts[at] = text

    def __getitem__(self, at: int) -> str | None:
        # The text first: another thread may be packing it.
        text, block = self._texts[at], self._blocks[at // BLOCK]
        if block is None:
            return text
        found: str | None = block[at % BLOCK].as_py()
        return found

    def pack(self, block: int) -> None:
        """The texts of this block are complete: they are kept in the form of the column."""
        if self._blocks[block] is None:
            begin, texts = block * BLOCK, self._of(block)
            self._blocks[block] = _packed(texts)
            self._texts[begin : begin + BLOCK] = [None] * len(texts)

    def column(self) -> pd.api.extensions.ExtensionArray:
        """All of them, in the type of pandas' texts."""
        import pandas as pd
        import pyarrow as pa

        parts = []
        for block in range(len(self._blocks)):
            texts = self._of(block)
            packed = self._blocks[block]
            parts.append(_packed(texts) if packed is None else packed)
        array: Any = pd.arrays.ArrowStringArray(pa.chunked_array(parts, type=pa.large_string()))
        made: pd.api.extensions.ExtensionArray = array
        return made

    def _of(self, block: int) -> list[str | None]:
        return self._texts[block * BLOCK : (block + 1) * BLOCK]

    def _unpack(self, block: int) -> None:
        self._texts[block * BLOCK : (block + 1) * BLOCK] = self._blocks[block].to_pylist()
        self._blocks[block] = None


def can_pack() -> bool:
    """Whether pandas keeps texts in Arrow's form here; else they stay as they are."""
    import pandas as pd

    return pd.StringDtype().storage == "pyarrow"


def _packed(texts: Sequence[str | None]) -> Any:
    import pyarrow as pa

    return pa.array(texts, type=pa.large_string())
