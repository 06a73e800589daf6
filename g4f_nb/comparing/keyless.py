"""Tables without keys, for files: those that the comparisons of this kernel used, and those found here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from g4f_nb.masking import masker, secrets_given
from g4f_nb.newest import Newest
from g4f_nb.secret import Secret

if TYPE_CHECKING:
    import pandas as pd

# Of so many texts in one file it is remembered what became of them: prompts and names stand in many rows.
_TEXTS = 4096
_used: Newest[Secret, None] = Newest(1000)


def note_keys(calls: Iterable[Mapping[str, Any]]) -> None:
    """Remember the keys in these options of calls until the kernel ends: no file shall hold them."""
    for options in calls:
        for secret in secrets_given(options):
            _used[secret] = None


def mask_of_files() -> Callable[[str], str]:
    """What takes keys out of the texts of one file that is about to be written."""
    return lru_cache(_TEXTS)(masker(list(_used)))


def keyless(frame: pd.DataFrame, mask: Callable[[str], str]) -> pd.DataFrame:
    """The table with its texts masked, and the names of its columns."""

    def plain(value: Any) -> Any:
        return mask(value) if isinstance(value, str) else value

    return frame.map(plain).rename(columns=plain)
