"""Bradley-Terry: strengths that say how often one beats the other, whatever else plays a part held fixed.

A tie counts as half a win for either. The fit is the maximum of the likelihood under a prior so wide
(standard deviation 100 on the logit scale) that it changes no digit that is shown; it keeps finite what has
no maximum, the strength of somebody who has won always.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PRIOR = 1e-4
_ROUNDS = 60
_LONGEST_STEP = 2.0
_CLOSE = 1e-9
# So many numbers at a time in the largest array of a fit.
_NUMBERS_AT_ONCE = 4_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Contests:
    """Who met whom, what came of it, and over which prompt."""

    names: tuple[str, ...]
    first: NDArray[Any]
    second: NDArray[Any]
    # 1 where the first won, 0 where the second did, 0.5 for a tie.
    result: NDArray[Any]
    # A number from 0 for each prompt.
    prompt: NDArray[Any]
    # What else may have decided: of the first, less that of the second.
    besides: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    @property
    def prompts(self) -> int:
        """How many different ones."""
        return int(self.prompt.max()) + 1 if len(self.prompt) else 0

    def design(self) -> NDArray[Any]:
        """A row a contest: 1 for the first, -1 for the second, then what else there is."""
        import numpy as np

        made = np.zeros((len(self.first), len(self.names) + len(self.besides)))
        rows = np.arange(len(self.first))
        made[rows, self.first] += 1
        made[rows, self.second] -= 1
        for at, values in enumerate(self.besides.values(), len(self.names)):
            made[:, at] = values
        return made


def fit(contests: Contests, weights: NDArray[Any] | None = None) -> NDArray[Any]:
    """A row of estimates for each row of `weights` over the prompts: strengths with mean 0, then the rest."""
    import numpy as np

    drawn = np.ones((1, contests.prompts)) if weights is None else weights
    # Contests of the same kind are one row with a weight: with few models there are few kinds.
    kinds, kind = np.unique(contests.design(), axis=0, return_inverse=True)
    kind = kind.ravel()
    squares = (kinds[:, :, None] * kinds[:, None, :]).reshape(len(kinds), -1)
    at_once = max(1, _NUMBERS_AT_ONCE // len(kind))
    # Resamples are near to the whole, so that is where their search begins.
    guess = np.zeros((1, kinds.shape[1]))
    parts = []
    if len(drawn) > 1:
        met = _per_kind(np.ones((1, len(kind))), kind, len(kinds))
        won = _per_kind(contests.result[None, :], kind, len(kinds))
        guess = _newton(kinds, squares, met, won, guess)
    for start in range(0, len(drawn), at_once):
        each = drawn[start : start + at_once][:, contests.prompt].astype(float)
        met, won = _per_kind(each, kind, len(kinds)), _per_kind(each * contests.result, kind, len(kinds))
        parts.append(_newton(kinds, squares, met, won, guess))
    made = np.concatenate(parts)
    count = len(contests.names)
    made[:, :count] -= made[:, :count].mean(axis=1, keepdims=True)
    return made


def _per_kind(values: NDArray[Any], kind: NDArray[Any], kinds: int) -> NDArray[Any]:
    import numpy as np

    order = np.argsort(kind, kind="stable")
    starts = np.searchsorted(kind[order], np.arange(kinds))
    summed: NDArray[Any] = np.add.reduceat(values[:, order], starts, axis=1)
    return summed


def _newton(
    kinds: NDArray[Any], squares: NDArray[Any], met: NDArray[Any], won: NDArray[Any], guess: NDArray[Any]
) -> NDArray[Any]:
    """Newton's steps for all resamples at once, none so long that it leaps over the maximum."""
    import numpy as np

    size = kinds.shape[1]
    guess = np.repeat(guess, len(met), axis=0)
    prior = _PRIOR * np.eye(size)
    for _ in range(_ROUNDS):
        chance = 1 / (1 + np.exp(-np.clip(guess @ kinds.T, -500, 500)))
        slope = (won - met * chance) @ kinds - _PRIOR * guess
        spread = met * chance * (1 - chance)
        curve = (spread @ squares).reshape(-1, size, size) + prior
        step = np.linalg.solve(curve, slope[..., None])[..., 0]
        step *= np.minimum(1, _LONGEST_STEP / np.maximum(abs(step).max(axis=1, keepdims=True), _CLOSE))
        guess += step
        if abs(step).max(initial=0) < _CLOSE:
            break
    return guess
