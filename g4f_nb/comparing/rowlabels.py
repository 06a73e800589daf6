"""What rows of answers side by side are called: what was asked, and a number only where that is needed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

# Characters of a label: a document in front of each row would leave no room for the answers.
_LONGEST = 100


def called_by_what_was_asked(
    made: pd.DataFrame, data: pd.DataFrame, down: Sequence[str], fixed: Sequence[str], *, prompt: str
) -> pd.DataFrame:
    """The table in the order of `data`, its rows called by prompts and by the columns that tell rows apart.

    `made` has the numbers `down` for an index: that of the data row, if there is data, and that of the
    prompt. `fixed` are the columns that are the same all along a row, among them `prompt`.
    """
    import pandas as pd

    first = data.drop_duplicates([*down])
    made = made.loc[pd.MultiIndex.from_frame(first[[*down]]) if down[1:] else pd.Index(first[down[0]])]
    levels = _of_prompts(first, down[-1], prompt if prompt in fixed and not down[1:] else None)
    if down[1:]:
        of_rows = _of_rows(first, down[0], fixed)
        # One prompt without a name of its own says nothing beside its rows.
        alone = len(set(first[down[-1]].tolist())) == 1 and _is_numbered(first[down[-1]])
        levels = of_rows if alone else [*of_rows, *levels]
    made.index = pd.Index(levels[0]) if not levels[1:] else pd.MultiIndex.from_arrays(levels)
    return made


def _of_prompts(first: pd.DataFrame, number: str, text: str | None) -> list[pd.Series[Any]]:
    if text is None or not _is_numbered(first[number]):
        return [first[number]]
    is_enough = first[text].is_unique and not _are_long(first[text])
    return [_short(first[text])] if is_enough else [first[number], _short(first[text])]


def _of_rows(first: pd.DataFrame, number: str, fixed: Sequence[str]) -> list[pd.Series[Any]]:
    """As many of the user's columns, from the first on, as it takes to tell the rows apart."""
    rows = first[number].nunique()
    chosen: list[str] = []
    # One kind of value in many rows tells nothing apart; of one row it is what can be said.
    told = 0 if rows == 1 else 1
    for name in fixed:
        apart = len(first[[*chosen, name]].drop_duplicates())
        if apart > told:
            chosen.append(name)
            told = apart
        if told == rows:
            break
    is_enough = told == rows and not any(_are_long(first[name]) for name in chosen)
    short = [_short(first[name]) for name in chosen or fixed[:1]]
    return short if is_enough else [first[number], *short]


def _are_long(column: pd.Series[Any]) -> bool:
    return any(isinstance(value, str) and len(value) > _LONGEST for value in column.tolist())


def _short(column: pd.Series[Any]) -> pd.Series[Any]:
    """The column, its long texts cut; one of categories could not hold those."""
    return column.astype("object").map(_cut) if _are_long(column) else column


def _cut(value: Any) -> Any:
    return f"{value[: _LONGEST - 1]}…" if isinstance(value, str) and len(value) > _LONGEST else value


def _is_numbered(names: pd.Series[Any]) -> bool:
    """Whether nobody has named them: prompts of a list have numbers, which a table in CSV has as such."""
    return all(str(name).isdecimal() for name in names.drop_duplicates().tolist())
