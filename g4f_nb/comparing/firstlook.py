"""A result as a notebook shows it at first sight: the columns that one looks for, and how to see the rest.

The table itself stays a plain DataFrame with all of its columns. Only this very one is shown so: what pandas
makes of it, a part or a copy, is shown as pandas does.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from g4f_nb.comparing.columns import OUTCOME, PLACE
from g4f_nb.comparing.viewing import Names
from g4f_nb.errors import InvalidParameterError

if TYPE_CHECKING:
    import pandas as pd

# Of the columns that say what was asked, so many.
_MOST_GIVEN = 5
_LEADING = ("status", "error", "latency_s", "out_tokens", "cost_usd")
_STYLE = "margin: .3em 0; opacity: .8"


def show_at_first(frame: pd.DataFrame) -> None:
    """Have this table shown by its leading columns, as long as pandas would leave out some of them anyway."""
    held = weakref.ref(frame)

    def html() -> str | None:
        there = held()
        return None if there is None else _html(there)

    # Not with `frame._repr_html_ = …`: pandas warns of attributes that are no columns.
    object.__setattr__(frame, "_repr_html_", html)


def _html(frame: pd.DataFrame) -> str | None:
    import pandas as pd

    # Not documented: without it a table is shown as text.
    usual: Callable[[pd.DataFrame], str | None] = getattr(pd.DataFrame, "_repr_html_", lambda _: None)
    most = pd.get_option("display.max_columns")
    if not most or most >= len(frame.columns):
        # All of them are shown, as the user wants it.
        return usual(frame)
    try:
        leading = list(_leading(Names.of(frame)))
        shown = usual(frame[leading])
    except (InvalidParameterError, KeyError, ValueError):
        # What makes it a result was taken out, or has other names.
        return usual(frame)
    if shown is None:
        return None
    words = (
        f"{len(leading)} of {len(frame.columns)} columns are shown: <code>.llm.wide()</code> has the answers "
        "side by side, <code>.llm.view()</code> everything"
    )
    return f'{shown}<div style="{_STYLE}">{words}</div>'


def _leading(names: Names) -> Iterator[str]:
    """Whom, what, the answer, how it went; then what the user has added."""
    prefix, frame = names.prefix, names.frame
    yield from (prefix + name for name in ("provider", "model"))
    if len(names["prompt_id"].unique()) > 1:
        yield f"{prefix}prompt_id"
    yield from names.varied()[:_MOST_GIVEN]
    if len(names["repeat"].unique()) > 1:
        yield f"{prefix}repeat"
    yield f"{prefix}answer"
    own = {prefix + name for name in (*PLACE, *OUTCOME)} | {*names.varied()}
    every = [str(name) for name in frame.columns]
    behind = every.index(f"{prefix}answer")
    added = [name for name in every[behind + 1 :] if name not in own]
    yield from added[:_MOST_GIVEN]
    for name in _LEADING:
        column = prefix + name
        if column in every and (name != "error" or frame[column].notna().any()):
            yield column
