"""Where somebody has won always: the contests set no limit to the strength, so a few more prompts do.

The bootstrap knows what it has seen and nothing else: of 8 wins out of 8 every resample is the same, and the
interval would have no width, as if it were certain that a ninth would be won, too. So prompts are added over
which coins decide: one for the strength itself, three for its interval. With three, where two models meet,
the ends are those of the exact interval of Clopper and Pearson: of 8 wins out of 8 the lower end is 63 %.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from g4f_nb.judging.strengths import Contests

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from g4f_nb.judging.resampling import Draws


def is_limited(contests: Contests) -> bool:
    """Whether everybody has taken something from somebody who leads back to everybody else."""
    import numpy as np

    count = len(contests.names)
    beaten = np.eye(count, dtype=bool)
    beaten[contests.first[contests.result > 0], contests.second[contests.result > 0]] = True
    beaten[contests.second[contests.result < 1], contests.first[contests.result < 1]] = True
    met = np.unique(np.concatenate([contests.first, contests.second]))
    reach = beaten[np.ix_(met, met)]
    for _ in range(max(1, len(met)).bit_length()):
        reach = (reach.astype(int) @ reach.astype(int)) > 0
    return bool(reach.all())


# For so many prompts coins decide when prompts are drawn.
_COINS = 3


def with_coins(contests: Contests, draws: Draws) -> tuple[Contests, NDArray[Any], NDArray[Any]]:
    """The contests with what coins decide, the weights for the estimate, and those for the resamples.

    That is two prompts more for each pair of models, one that either wins.
    """
    import numpy as np

    pairs = np.unique(np.sort(np.stack([contests.first, contests.second], axis=1), axis=1), axis=0)
    real, extra = contests.prompts, len(pairs)
    # As many verdicts on a pair as an ordinary prompt has.
    usual = len(contests.first) / max(1, len(np.unique(_pair_and_prompt(contests), axis=0)))
    one, other = pairs.T
    made = Contests(
        names=contests.names,
        first=np.concatenate([contests.first, one, one]),
        second=np.concatenate([contests.second, other, other]),
        result=np.concatenate([contests.result, np.ones(extra), np.zeros(extra)]),
        prompt=np.concatenate([contests.prompt, real + np.arange(2 * extra)]),
    )
    besides = {
        name: np.concatenate([values, np.zeros(2 * extra)]) for name, values in contests.besides.items()
    }
    drawn = draws.weights(real + _COINS)
    tossed = drawn[:, real:].sum(axis=1, keepdims=True)
    won = draws.generator().binomial(tossed, 0.5, size=(len(drawn), extra))
    coins = np.concatenate([won, tossed - won], axis=1) * usual
    even = np.concatenate([np.ones(real), np.full(2 * extra, usual / 2)])[None, :]
    return replace(made, besides=besides), even, np.concatenate([drawn[:, :real], coins], axis=1)


def _pair_and_prompt(contests: Contests) -> NDArray[Any]:
    import numpy as np

    low, high = np.minimum(contests.first, contests.second), np.maximum(contests.first, contests.second)
    return np.stack([low, high, contests.prompt], axis=1)
