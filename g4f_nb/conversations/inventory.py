"""The conversations of this notebook and those that were kept on disk, as one table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from g4f_nb.controls import clean
from g4f_nb.conversations.keyless import mask_of
from g4f_nb.conversations.names import mended_name
from g4f_nb.conversations.preserving import kept_talks
from g4f_nb.conversations.searching import find_turns
from g4f_nb.conversations.shelf import shelf
from g4f_nb.errors import InvalidParameterError, short

if TYPE_CHECKING:
    import pandas as pd

_TYPES = {
    "name": "string", "title": "string", "turns": "Int64", "model": "string", "cost_usd": "Float64",
    "changed_at": "datetime64[ns, UTC]", "here": "boolean", "id": "string",
}  # fmt: skip


# No store has so many.
_ALL = 2**31


def list_conversations(most: int = 100, *, search: str | None = None) -> pd.DataFrame:
    """The conversations there are, the latest first: `here` in this notebook, the others kept on disk.

        nb.list_conversations(search="sky blue")  # those with both words in one question or its answer

    `nb.Conversation.named("x")` gives one that is here, `nb.Conversation.restore("x")` one that was kept; of
    several with one name, its id tells which.
    """
    import pandas as pd

    if type(most) is not int or most < 1:
        raise InvalidParameterError(f"most is {short(most)}: it must be a number of conversations, from 1")
    there = shelf()
    here = {each.id: each for each in (there.all if there is not None else ())}
    rows: dict[str, tuple[Any, ...]] = {}
    wanted = None if search is None else {found.id for found in find_turns(search)}
    for kept in kept_talks(min(most, _ALL) if wanted is None else _ALL):
        rows[kept.id] = (
            mended_name(kept.name), clean(kept.title), kept.turns, _clean(kept.model), kept.cost,
            kept.changed_at, False, kept.id,
        )  # fmt: skip
    for talk in here.values():
        turns, mask = talk.turns, mask_of(talk)
        model = turns[-1].model if turns else None
        at = turns[-1].asked_at if turns else None
        changed = rows[talk.id][5] if talk.id in rows else at
        rows[talk.id] = (
            talk.name, clean(mask(talk.title)), len(talk.all_turns), _clean(model), talk.cost, changed, True,
            talk.id,
        )  # fmt: skip
    if wanted is not None:
        rows = {key: row for key, row in rows.items() if key in wanted}
    frame = pd.DataFrame.from_records(list(rows.values()), columns=list(_TYPES)).astype(_TYPES)
    return frame.sort_values("changed_at", ascending=False, na_position="first", ignore_index=True).head(
        min(most, _ALL)
    )


def _clean(text: str | None) -> str | None:
    # As a server says it, and a terminal that shows the table must obey nothing.
    return None if text is None else clean(text)
