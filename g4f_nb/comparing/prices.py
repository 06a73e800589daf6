"""What answers cost: by the user's own prices, else a dated table; what is unknown is never 0."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from g4f_nb.chunks import Usage
from g4f_nb.comparing.budget import Cost, Pricing
from g4f_nb.comparing.grid import Grid
from g4f_nb.errors import InvalidParameterError

_FORM = 'prices={"openai:gpt-4o-mini": (0.15, 0.60)}, in US dollars a million tokens in and out'
_MILLION = 1_000_000
_PAIR = 2


def pricing_of(prices: Any) -> Pricing:
    """A function from an answer's usage to its price."""
    own = _checked(prices)

    def price(provider: str, model: str, usage: Usage) -> Cost | None:
        given = own.get(f"{provider}:{model}".lower()) or own.get(model.lower()) or own.get(provider.lower())
        if given is None or usage.input_tokens is None or usage.output_tokens is None:
            return None
        usd = (usage.input_tokens * given[0] + usage.output_tokens * given[1]) / _MILLION
        return Cost(usd, "prices=")

    return price


def check_prices(grid: Grid, pricing: Pricing) -> None:
    """Refuse a budget where nobody knows what an answer costs."""
    for seat in grid.seats:
        if seat.place is not None and pricing(seat.provider, seat.place[0].model, Usage(1, 1, 2)) is None:
            raise InvalidParameterError(
                f"budget= cannot be kept, for no price of {seat.provider}:{seat.model} is known: give {_FORM}"
            )


def _checked(prices: Any) -> dict[str, tuple[float, float]]:
    if prices is None:
        return {}
    if not isinstance(prices, Mapping):
        raise InvalidParameterError(f"prices is a {type(prices).__name__}: give {_FORM}")
    checked = {}
    for name, pair in prices.items():
        fine = isinstance(pair, tuple | list) and len(pair) == _PAIR
        if not fine or not all(isinstance(part, int | float) and part >= 0 for part in pair):
            raise InvalidParameterError(f"the price of {name!r} is {pair!r}: give {_FORM}")
        checked[str(name).lower()] = (float(pair[0]), float(pair[1]))
    return checked
