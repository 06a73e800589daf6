"""What a comparison has cost so far, and how much it may."""

from __future__ import annotations

from collections.abc import Callable

from g4f_nb.prices import Cost
from g4f_nb.reply import Reply

# An answer to its price; `None` where none is known.
Pricing = Callable[[Reply], Cost | None]


class Budget:
    """Adds up what answers cost; `limit` in US dollars, `None` for none."""

    def __init__(self, limit: float | None, pricing: Pricing) -> None:
        self.limit = limit
        self.spent = 0.0
        self._pricing = pricing

    @property
    def spent_up(self) -> bool:
        """Whether nothing more may be asked."""
        return self.limit is not None and self.spent >= self.limit

    @property
    def words(self) -> str:
        """Why a cell was not asked."""
        return f"not asked, for the budget of {self.limit:g} USD is spent ({self.spent:.4f} USD so far)"

    def price_of(self, reply: Reply) -> Cost | None:
        """What an answer costs, without spending it."""
        return self._pricing(reply)

    def add(self, reply: Reply) -> Cost | None:
        """Take one answer into account; `None` if its price is unknown."""
        cost = self._pricing(reply)
        if cost is not None:
            self.spent += cost.usd
        return cost
