"""Who is better, and how sure that is: Bradley-Terry strengths with intervals over prompts, ranks shared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from g4f_nb.judging.contests import contests_of
from g4f_nb.judging.few import tell_if_few
from g4f_nb.judging.intervals import with_ends
from g4f_nb.judging.resampling import Draws
from g4f_nb.judging.strengths import Contests

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

# Ends of intervals that are nearer than this are the same number.
_SAME = 1e-6


def rank(
    frame: pd.DataFrame,
    *,
    by: str | None = None,
    judge: str | Sequence[str] | None = None,
    control: str | Sequence[str] = (),
    draws: Draws | None = None,
) -> pd.DataFrame:
    """A row a model, the strongest first.

    `strength` is on the logit scale with mean 0: a model that is 1 ahead of another wins 73 % of the time.
    A model's rank is one more than how many lie wholly above it, with the whole of their intervals. Where a
    model has won or lost always, a few prompts more are taken into account over which coins decide.
    """
    draws = draws or Draws()
    contests = contests_of(frame, by, judge, [control] if isinstance(control, str) else control)
    tell_if_few(
        "the ranking rests", contests.prompts,
        "intervals from so few are rough; the p-values of .llm.test() are exact with few, too",
    )  # fmt: skip
    return _as_table(contests, *with_ends(contests, draws))


def _as_table(
    contests: Contests, strength: NDArray[Any], low: NDArray[Any], high: NDArray[Any]
) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    seats = np.arange(len(contests.names))[:, None]
    in_first, in_second = contests.first == seats, contests.second == seats
    met = in_first.sum(axis=1) + in_second.sum(axis=1)
    won = in_first @ contests.result + in_second @ (1 - contests.result)
    above = (low[None, :] > high[:, None] + _SAME).sum(axis=1)
    made = pd.DataFrame(
        {
            "rank": pd.array(above + 1, dtype="Int64"),
            "model": pd.array(list(contests.names), dtype="string"),
            "strength": pd.array(strength, dtype="Float64"),
            "low": pd.array(low, dtype="Float64"),
            "high": pd.array(high, dtype="Float64"),
            "win_rate": pd.array(won / np.maximum(met, 1), dtype="Float64"),
            "comparisons": pd.array(met, dtype="Int64"),
        }
    )
    # Equals stay in the order of the models, whatever their last digit says.
    order = made["strength"].round(6).sort_values(ascending=False, kind="stable").index
    return made.loc[order].reset_index(drop=True)
