"""How sure strengths are: each prompt is left out in turn, for all that is said about one hangs together.

What leaving out a prompt changes tells how much other prompts would have changed (the jackknife); Student's
distribution makes up for knowing that from so many prompts only. In simulations (docs/judging.md has a table)
such intervals hold the truth as often as they say with half a dozen prompts, too; the percentiles of a
bootstrap, corrected or not, do so too seldom, and with Student's distribution they are up to twice as wide.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from g4f_nb.judging.strengths import fit
from g4f_nb.judging.unlimited import is_limited, with_coins

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from g4f_nb.judging.resampling import Draws
    from g4f_nb.judging.strengths import Contests

# With more prompts than this some are left out together, at random: that is faster and tells the same.
_MOST_GROUPS = 500
_STEPS = 20_001
# A spread of this and less is the last digit of a fit.
_NONE = 1e-6


def with_ends(contests: Contests, draws: Draws) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """The strengths, and the lower and the upper end of each."""
    import numpy as np

    count = len(contests.names)
    if contests.prompts < 2 or not is_limited(contests):  # noqa: PLR2004  # of one, none can be left out
        return _by_coins(contests, draws)
    found = fit(contests)[0]
    group = _groups(contests.prompts, draws)
    groups = int(group.max()) + 1
    without = fit(contests, (group[None, :] != np.arange(groups)[:, None]).astype(float))
    spread = np.sqrt((groups - 1) / groups * ((without - found) ** 2).sum(axis=0))
    if spread[:count].min() < _NONE:
        # Nothing but ties, say: that all prompts were alike does not mean that all others are.
        return _by_coins(contests, draws)
    reach = student(groups - 1, draws.level) * spread
    return found[:count], (found - reach)[:count], (found + reach)[:count]


def _by_coins(contests: Contests, draws: Draws) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    more, even, weights = with_coins(contests, draws)
    count = len(contests.names)
    low, high = draws.interval(fit(more, weights)[:, :count])
    return fit(more, even)[0, :count], low, high


def _groups(prompts: int, draws: Draws) -> NDArray[Any]:
    """For each prompt the group that it is left out with: its own, if there are not too many."""
    import numpy as np

    group = np.arange(prompts) % _MOST_GROUPS
    return group if prompts <= _MOST_GROUPS else draws.generator().permutation(group)


def student(freedom: int, level: float) -> float:
    """How far to both sides of its middle Student's distribution holds this share.

    With t = sqrt(freedom) tan(x) its density is a power of the cosine.
    """
    import numpy as np

    angle = np.linspace(0.0, math.pi / 2, _STEPS)
    density = np.cos(angle) ** (freedom - 1)
    share = np.concatenate([[0.0], np.cumsum(density[1:] + density[:-1])])
    return math.sqrt(freedom) * math.tan(float(np.interp(level, share / share[-1], angle)))
