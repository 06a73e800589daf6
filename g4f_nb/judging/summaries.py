"""A result in one row a model: how many calls, how fast, how dear, how good."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from g4f_nb.judging.candidates import Candidates
from g4f_nb.judging.contests import scores_of
from g4f_nb.judging.judges import known
from g4f_nb.judging.resampling import Draws

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

_COUNTS = ("calls", "ok", "failed", "cached")
_TIMES = ("ttft_s", "latency_s", "tokens_per_s")
# What a column of scores may be called, too: its mean has another name then.
_OWN = {"model", *_COUNTS, *_TIMES, "out_tokens", "cost_usd"}


def summary(frame: pd.DataFrame, by: str | None = None, *, draws: Draws | None = None) -> pd.DataFrame:
    """A row a model. With `by`, a column of scores, its mean with an interval over prompts, if they differ.

    Times are medians of what was not cached; `cost_usd` is the sum of what is known to have been paid for.
    """
    import pandas as pd

    candidates = Candidates.of(frame)
    names = candidates.names
    scores = None if by is None else scores_of(frame, by)
    mean = f"{by}_mean" if by in _OWN else f"{by}"
    rows = []
    for label in candidates.order:
        here = (candidates.label == label).to_numpy()
        status = names["status"][here]
        row: dict[str, Any] = {
            "model": label,
            "calls": len(status),
            "ok": int((status == "ok").sum()),
            "failed": int((status == "error").sum()),
            "cached": int(names["cached"][here].fillna(value=False).sum()),
        }
        if scores is not None:
            prompts = candidates.prompt.to_numpy()[here]
            ends = mean_over_prompts(scores[here], prompts, draws or Draws())
            row |= dict(zip((mean, f"{by}_low", f"{by}_high"), ends, strict=True))
        for name in _TIMES:
            row[name] = known(names[name][here].astype("Float64").median())
        row["out_tokens"] = known(names["out_tokens"][here].sum(min_count=1))
        row["cost_usd"] = known(names["cost_usd"][here].sum(min_count=1))
        rows.append(row)
    made = pd.DataFrame.from_records(rows)
    kinds = {"model": "string"} | dict.fromkeys((*_COUNTS, "out_tokens"), "Int64")
    return made.astype({name: kinds.get(str(name), "Float64") for name in made.columns})


def mean_over_prompts(
    values: NDArray[Any], prompts: NDArray[Any], draws: Draws
) -> tuple[float | None, float | None, float | None]:
    """A mean and its interval, prompts drawn anew; nothing where there is no value, or for all the same."""
    import numpy as np

    there = ~np.isnan(values)
    if not there.any():
        return None, None, None
    kept, place = np.unique(prompts[there], return_inverse=True)
    sums = np.bincount(place, values[there], len(kept))
    counts = np.bincount(place, minlength=len(kept))
    return float(sums.sum() / counts.sum()), *draws.mean_interval(sums, counts)
