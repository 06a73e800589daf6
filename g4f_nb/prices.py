"""What tokens cost, and what an answer did: plain values, in US dollars."""

from __future__ import annotations

import numbers
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from g4f_nb.chunks import Usage
from g4f_nb.errors import InvalidParameterError, short

_MILLION = 1_000_000
_PARTS = ("input", "output", "cached", "cache_write")
_FORM = (
    "a pair like (0.15, 0.60), in US dollars for a million tokens in and out, or a table with input, output "
    "and, if they differ, cached and cache_write"
)
# What no float holds is no amount.
_TOO_MUCH = 10**300
_MONEY = re.compile(r"\s*\$?\s*(\d+(?:\.\d*)?|\.\d+)\s*(?:\$|usd)?\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """US dollars for a million tokens; `cached` and `cache_write` are parts of the input, `None` like it."""

    input: float
    output: float
    cached: float | None = None
    cache_write: float | None = None
    source: str = "your own price"
    date: str | None = None

    def of(self, usage: Usage) -> float | None:
        """What these tokens cost; `None` if they were not all told."""
        if usage.input_tokens is None or usage.output_tokens is None:
            return None
        cached, written = usage.cached_tokens or 0, usage.cache_write_tokens or 0
        plain = max(0, usage.input_tokens - cached - written)
        parts = (
            (plain, self.input),
            (cached, self.input if self.cached is None else self.cached),
            (written, self.input if self.cache_write is None else self.cache_write),
            (usage.output_tokens, self.output),
        )
        return sum(tokens * price for tokens, price in parts) / _MILLION


@dataclass(frozen=True, slots=True)
class Cost:
    """What one answer cost, by which table, and how new that is."""

    usd: float
    source: str
    date: str | None = None


def checked_price(given: Any, what: str, *, source: str = "your own price") -> Price:
    """A price from a pair, a table or a `Price`; what is none is refused with the form it has."""
    if isinstance(given, Price):
        return given
    table = given if isinstance(given, Mapping) else {}
    unknown = table.keys() - {*_PARTS, "date"}
    if unknown:
        raise InvalidParameterError(
            f"{what} has {min(map(str, unknown))!r}, which nothing reads: it must be {_FORM}"
        )
    values = {name: table[name] for name in _PARTS if table.get(name) is not None}
    if isinstance(given, tuple | list) and len(given) == 2:  # noqa: PLR2004  # in and out
        values = dict(zip(_PARTS, given, strict=False))
    if not all(map(_is_amount, values.values())) or "input" not in values or "output" not in values:
        raise InvalidParameterError(f"{what} is {short(given)}: it must be {_FORM}")
    date = str(table["date"]) if table.get("date") else None
    return Price(**{name: float(value) for name, value in values.items()}, source=source, date=date)


def dollars(given: Any, what: str) -> float | None:
    """An amount as a number of US dollars: 2, "2 USD", "$0.50"; `what` names it where it is none."""
    if given is None:
        return None
    value = -1.0
    if isinstance(given, str):
        found = _MONEY.fullmatch(given)
        value = float(found[1]) if found else value
    elif isinstance(given, numbers.Real) and not isinstance(given, bool):
        value = float(given) if given < _TOO_MUCH else -1.0
    if not 0 < value < float("inf"):
        raise InvalidParameterError(
            f'{what} is {short(given)}: it must be an amount of US dollars, like "2 USD" or 0.5'
        )
    return value


def _is_amount(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < _TOO_MUCH
