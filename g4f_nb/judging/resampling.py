"""The bootstrap: prompts are drawn anew, and with each everything that was said about it."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

from g4f_nb.errors import InvalidParameterError, short

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# So many prompts, and every way to flip their signs is tried instead of a sample of them.
_ALL_FLIPS = 12
_NUMBERS_AT_ONCE = 4_000_000
# The last digits of a number, as a share of it.
_SAME = 1e-9
# More draws tell nothing more, and take hours.
_MOST = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Draws:
    """How often to draw, from which seed, and how sure an interval shall be."""

    resamples: int = 1000
    seed: int = 0
    level: float = 0.95

    def __post_init__(self) -> None:
        if type(self.resamples) is not int or not 1 <= self.resamples <= _MOST:
            raise InvalidParameterError(
                f"resamples is {short(self.resamples)}: it must be a whole number from 1 to {_MOST}"
            )
        if not isinstance(self.seed, Integral) or self.seed < 0:
            raise InvalidParameterError(f"seed is {short(self.seed)}: it must be a whole number from 0")
        if not isinstance(self.level, Real) or not 0 < self.level < 1:
            raise InvalidParameterError(f"level is {short(self.level)}: it must be a share like 0.95")

    def generator(self) -> np.random.Generator:
        """Random numbers that are the same at every call."""
        import numpy as np

        return np.random.default_rng(self.seed)

    def weights(self, prompts: int) -> NDArray[Any]:
        """A row for each resample: how often it has each of so many prompts."""
        import numpy as np

        return self.generator().multinomial(prompts, np.full(prompts, 1 / prompts), size=self.resamples)

    def interval(self, values: NDArray[Any]) -> NDArray[Any]:
        """The lower and upper ends, along the first axis."""
        import numpy as np

        edge = (1 - self.level) / 2
        ends: NDArray[Any] = np.nanquantile(values, [edge, 1 - edge], axis=0)
        return ends

    def mean_interval(
        self, sums: NDArray[Any], counts: NDArray[Any]
    ) -> tuple[float, float] | tuple[None, None]:
        """The interval of a mean, from the sum and the count of each prompt.

        There is none where all prompts said the same, or there was one: that others would is not known.
        """
        import numpy as np

        drawn = self.weights(len(sums))
        with np.errstate(invalid="ignore", divide="ignore"):
            low, high = self.interval((drawn @ sums) / (drawn @ counts))
        return (float(low), float(high)) if has_width(low, high) else (None, None)


def has_width(low: float, high: float) -> bool:
    """Whether these ends are two numbers, or one and its last digits."""
    return bool(high - low > _SAME * max(abs(low), abs(high)))


def p_of_mean(differences: NDArray[Any], draws: Draws) -> float:
    """How often a mean so far from 0 comes about by chance alone, if each difference had either sign.

    A wild bootstrap with Rademacher weights, which holds at any number of prompts where the differences are
    symmetric; with few prompts every choice of signs is tried.
    """
    import numpy as np

    seen = abs(differences.sum())
    count = len(differences)
    if count <= _ALL_FLIPS:
        signs = 1 - 2 * ((np.arange(2**count)[:, None] >> np.arange(count)) & 1)
        return float(np.mean(_at_least(signs @ differences, seen)))
    generator = draws.generator()
    hits, left = 0, draws.resamples
    while left:
        some = min(left, max(1, _NUMBERS_AT_ONCE // count))
        signs = 2 * generator.integers(0, 2, (some, count)) - 1
        hits += int(_at_least(signs @ differences, seen).sum())
        left -= some
    return (hits + 1) / (draws.resamples + 1)


def _at_least(sums: Any, seen: float) -> Any:
    # The same sum in another order must count as the same.
    return abs(sums) >= seen - 1e-9 * max(seen, 1.0)


def holm(values: list[float]) -> list[float]:
    """Holm's correction: so that among all of them a false finding is as rare as the level says."""
    order = sorted(range(len(values)), key=values.__getitem__)
    made = [1.0] * len(values)
    worst = 0.0
    for at, place in enumerate(order):
        worst = max(worst, min(1.0, values[place] * (len(values) - at)))
        made[place] = worst
    return made
