"""Whether one model is better than another, or whether such a difference comes about by chance."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from g4f_nb.errors import InvalidParameterError
from g4f_nb.judging.candidates import Candidates
from g4f_nb.judging.contests import contests_of, scores_of
from g4f_nb.judging.few import tell_if_few
from g4f_nb.judging.resampling import Draws, holm, p_of_mean

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

_MOST_FOR_ENDS = 2000
# Rounding errors: as a share of a mean, and of a number of prompts.
_SAME, _EVEN = 1e-12, 1e-9
Found = Iterator[tuple[str, str, Any]]


def differences(
    frame: pd.DataFrame,
    *,
    by: str | None = None,
    judge: str | Sequence[str] | None = None,
    draws: Draws | None = None,
) -> pd.DataFrame:
    """A row for every two models: how far apart they are over the same prompts, and how sure that is.

    Of scores `difference` is that of the means; of verdicts it is the share of wins less that of losses.
    `p_holm` takes into account how many pairs there are. There is no interval where all prompts agree.
    """
    import numpy as np
    import pandas as pd

    draws = draws or Draws(resamples=10_000)
    found = list(_of_verdicts(frame, judge) if by is None else _of_scores(frame, by))
    if not found:
        raise InvalidParameterError("no two models have answered the same prompt: nothing to compare")
    # An end of an interval needs fewer resamples than a small p.
    ends = replace(draws, resamples=min(draws.resamples, _MOST_FOR_ENDS))
    _tell_if_few(min(len(each) for _, _, each in found), len(found), draws.level)
    rows: list[tuple[Any, ...]] = []
    for one, other, each in found:
        low, high = ends.mean_interval(each, np.ones(len(each)))
        chance = p_of_mean(each, draws)
        rows.append((one, other, float(each.mean()), low, high, chance, len(each)))
    made = pd.DataFrame.from_records(
        rows, columns=["model_a", "model_b", "difference", "low", "high", "p_value", "prompts"]
    )
    made.insert(6, "p_holm", holm(made["p_value"].tolist()))
    made["significant"] = made["p_holm"] <= 1 - draws.level + 1e-12
    kinds = {"model_a": "string", "model_b": "string", "prompts": "Int64", "significant": "boolean"}
    return made.astype({name: kinds.get(name, "Float64") for name in made.columns})


def _tell_if_few(prompts: int, pairs: int, level: float) -> None:
    """Say from how many prompts on anything can be significant, where there are fewer."""
    # The least p that so many prompts can give: all of them on one side.
    needed = math.ceil(1 + math.log2(pairs / (1 - level)) - _EVEN)
    then = "its p-values are exact, intervals from so few are rough"
    if prompts < needed:
        then = f"no difference can be significant with so few, however large it is; it takes {needed}"
    tell_if_few("the test rests", prompts, then)


def _of_scores(frame: pd.DataFrame, by: str) -> Found:
    import pandas as pd

    candidates = Candidates.of(frame)
    rows = pd.DataFrame(
        {"prompt": candidates.prompt, "label": candidates.label, "score": scores_of(frame, by)}
    )
    means: Any = rows.groupby(["prompt", "label"])["score"].mean()
    means = means.unstack("label")  # noqa: PD010  # each model once a prompt, so nothing to aggregate
    for one, other in itertools.combinations(candidates.order, 2):
        both = means[[one, other]].dropna().to_numpy(dtype=float)
        each: NDArray[Any] = both[:, 0] - both[:, 1]
        # Means that are equal but for their last digits are equal.
        each[abs(each) <= _SAME * abs(both).max(axis=1)] = 0.0
        if len(each):
            yield one, other, each


def _of_verdicts(frame: pd.DataFrame, judge: str | Sequence[str] | None) -> Found:
    import numpy as np

    contests = contests_of(frame, None, judge)
    gained = 2 * contests.result - 1
    for one, other in itertools.combinations(range(len(contests.names)), 2):
        along = (contests.first == one) & (contests.second == other)
        against = (contests.first == other) & (contests.second == one)
        here = along | against
        if not here.any():
            continue
        # All that was said about one prompt counts as one, however many judges and orders there were.
        prompts, place = np.unique(contests.prompt[here], return_inverse=True)
        values = np.where(along, gained, -gained)[here]
        each = np.bincount(place, values, len(prompts)) / np.bincount(place, minlength=len(prompts))
        yield contests.names[one], contests.names[other], each
