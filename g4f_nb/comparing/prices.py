"""What answers cost: by the prices that the call gives, else as everywhere; what is unknown is never 0."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from g4f_nb.chunks import Usage
from g4f_nb.comparing.budget import Pricing
from g4f_nb.comparing.grid import Grid
from g4f_nb.costs.pricing import rate_of
from g4f_nb.errors import InvalidParameterError, sort_of
from g4f_nb.prices import Cost, Price, checked_price
from g4f_nb.providers.registry import Resolution
from g4f_nb.reply import Reply

_FORM = 'prices={"openai:gpt-4o-mini": (0.15, 0.60)}, in US dollars a million tokens in and out'


def pricing_of(prices: Any) -> Pricing:
    """A function from an answer to its price; a model is found under its name, or its provider's."""
    given = _checked(prices)
    # A run has a few models, and thousands of answers of each.
    rates: dict[tuple[str, str, str | None, Price | None], Callable[[Usage | None], Cost | None]] = {}

    def price(reply: Reply) -> Cost | None:
        provider, model = reply.provider or "", reply.model or ""
        asked = (provider, model, reply.url, reply.price)
        rate = rates.get(asked)
        if rate is None:
            names = (f"{provider}:{model}", model, provider)
            own = next((given[name.lower()] for name in names if name.lower() in given), None)
            rate = rate_of(provider=provider, model=model, url=reply.url, own=own or reply.price)
            rates[asked] = rate
        return rate(reply.usage)

    return price


def reply_of(record: Mapping[str, Any], where: Resolution) -> Reply:
    """As much of a kept answer as its price depends on."""
    reply = Reply(provider=where.provider.__name__, model=record.get("model_returned") or where.model)
    reply.url, reply.price = where.host, where.price
    names = ("in_tokens", "out_tokens", "reasoning_tokens", "cached_tokens")
    into, out, reasoning, cached = (record.get(name) for name in names)
    reply.add(Usage(into, out, None, reasoning, cached))
    return reply


def check_prices(grid: Grid, pricing: Pricing) -> None:
    """Refuse a budget where nobody knows what an answer costs."""
    for seat in grid.seats:
        if seat.place is None:
            continue
        where = seat.place[0]
        tried = Reply(provider=where.provider.__name__, model=where.model)
        tried.url, tried.price = where.host, where.price
        tried.add(Usage(1, 1, 2))
        if pricing(tried) is None:
            raise InvalidParameterError(
                f"budget= cannot be kept, for no price of {seat.provider}:{seat.model} is known: give {_FORM}"
            )


def _checked(prices: Any) -> dict[str, Price]:
    if prices is None:
        return {}
    if not isinstance(prices, Mapping):
        raise InvalidParameterError(f"prices is {sort_of(prices)}: give {_FORM}")
    return {
        str(name).lower(): checked_price(given, f"the price of {name!r}", source="prices=")
        for name, given in prices.items()
    }
