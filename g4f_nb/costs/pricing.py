"""Which price a model has: the user's own, none where nobody is paid, else the table of `genai-prices`.

What is not known is `None`, never 0. The table is in the package of the extra `prices`; nothing is fetched.
"""

from __future__ import annotations

import functools
import time
import tomllib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from g4f_nb import settings
from g4f_nb.chunks import Usage
from g4f_nb.costs import pricetable
from g4f_nb.environment import variable
from g4f_nb.errors import InvalidParameterError
from g4f_nb.prices import Cost, Price, checked_price
from g4f_nb.providers.finding.entries import Known
from g4f_nb.providers.finding.known import look_up
from g4f_nb.providers.models.model import Model, Provider, check_model, one_named
from g4f_nb.providers.services.rows import Row

FILE = "prices.toml"
# How often, in seconds, to look whether the file has changed: a comparison asks for thousands of prices.
_LOOK_AGAIN = 0.5
_HERE = {"localhost", "127.0.0.1", "::1"}


def cost_of(
    usage: Usage | None,
    *,
    provider: str | None,
    model: str | None,
    url: str | None = None,
    own: Price | None = None,
) -> Cost | None:
    """What these tokens cost at this provider; `url` is the address that answered.

    The order: `own`, the user's file `prices.toml`, nothing to pay, the table.
    """
    return rate_of(provider=provider, model=model, url=url, own=own)(usage)


def rate_of(
    *, provider: str | None, model: str | None, url: str | None = None, own: Price | None = None
) -> Callable[[Usage | None], Cost | None]:
    """`cost_of` for whoever has many answers of one model: what it costs is looked up once."""
    price = own or _own_price(provider or "", model or "")
    if price is not None:
        return functools.partial(_cost_by, price)
    free = _why_free(provider or "", model or "", url)
    if free is not None:
        nothing = Cost(0.0, free)
        return lambda _: nothing
    if not model or not _is_priced(pricetable.find(model, url)):
        return lambda _: None
    return functools.partial(_table_cost, model, url)


def _cost_by(price: Price, usage: Usage | None) -> Cost | None:
    usd = None if usage is None else price.of(usage)
    return None if usd is None else Cost(usd, price.source, price.date)


def price_of(model: str | Model | Provider) -> Price | None:
    """What a model's tokens cost, as far as is known: `price_of("openai:gpt-4o-mini")`.

    Prices that grow with the length of a question are given as they begin.
    """
    model = one_named(model)
    named = model.name if isinstance(model, Model) else model
    check_model(named)
    if isinstance(model, Model) and model.price is not None:
        return model.price
    if named is None:
        raise InvalidParameterError('price_of() takes a model, like "openai:gpt-4o-mini", not None')
    model = named if isinstance(named, str) else f"{named.__name__}:"
    left, colon, right = model.strip().partition(":")
    known = look_up(left)
    # A service named alone is no model, while a class may have but one.
    is_service_alone = known is not None and known.row is not None and not colon
    if known is None or is_service_alone:
        return _own_price("", model.strip())
    row = known.row
    name = right or (row.default_model if row is not None else "")
    own = _own_price(known.name, name) or (_own_price(known.short, name) if known.short else None)
    if own is not None:
        return own
    free = _why_free(known.name, name, _address_of(known))
    if free is not None:
        return Price(input=0.0, output=0.0, source=free)
    return None if row is None else _table_price(name, row.api_base)


def _address_of(known: Known) -> str | None:
    """Where a local server's calls go, as things are set: it may be on another machine."""
    if known.row is None or not known.row.local:
        return None
    try:
        host = known.load().look_up_host()
    except InvalidParameterError:
        # An address that none can be reached at is told by whoever asks there.
        return None
    return None if host is None else host.base


def known_context(model: str, url: str | None) -> int | None:
    """How many tokens a model takes, as the table says; `None` without it, or where it does not say."""
    found = pricetable.find(model, url) if url else pricetable.find_anywhere(model)
    size = found.context_window if found is not None else None
    return size if isinstance(size, int) else None


def own_prices() -> Mapping[str, Price]:
    """The user's own prices, by `provider:model`, model or provider: `prices.toml` in the config folder."""
    return _look(variable("G4F_NB_CONFIG_DIR"), int(time.monotonic() / _LOOK_AGAIN))


@functools.lru_cache(maxsize=2)
def _look(_folder: str | None, _moment: int) -> Mapping[str, Price]:
    file = settings.config_folder() / FILE
    try:
        stamp = file.stat()
    except OSError:
        return {}
    return _read(file, stamp.st_mtime_ns, stamp.st_size)


@functools.lru_cache(maxsize=4)
def _read(file: Path, _changed: int, _size: int) -> Mapping[str, Price]:
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidParameterError(f"{file} cannot be read ({error}): mend it or delete it") from error
    return {
        name.lower(): checked_price(given, f"the price of {name!r} in {file}", source=FILE)
        for name, given in tables.items()
    }


def _own_price(provider: str, model: str) -> Price | None:
    own = own_prices()
    if not own:
        return None
    known = look_up(provider) if provider else None
    names = [provider, *(known.names if known is not None else ())]
    for name in (*(f"{each}:{model}" for each in names if each), model, *names):
        if name and name.lower() in own:
            return own[name.lower()]
    return None


def _why_free(provider: str, model: str, url: str | None) -> str | None:
    """Where there is nothing to pay by the nature of the thing, the reason; `None` anywhere else."""
    if provider == "Demo":
        return "Demo: there is no model behind it"
    known = look_up(provider) if provider else None
    row: Row | None = known.row if known is not None else None
    if row is None:
        return None
    if row.local and not row.gateway and _is_here(url) and not model.endswith("cloud"):
        return "a model on this machine"
    if row.name == "openrouter" and model.endswith(":free"):
        return "OpenRouter's models :free"
    return None


def _is_here(url: str | None) -> bool:
    try:
        return urlsplit(url or "").hostname in _HERE
    except ValueError:
        return False


# ---- the table of genai-prices ---------------------------------------------------------------------


def _table_cost(model: str, url: str | None, usage: Usage | None) -> Cost | None:
    if usage is None or usage.input_tokens is None or usage.output_tokens is None:
        return None
    import genai_prices

    counted = genai_prices.Usage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cached_tokens,
        cache_write_tokens=usage.cache_write_tokens,
    )
    try:
        made = genai_prices.calc_price(counted, model, provider_api_url=url)
    except (LookupError, ValueError):
        # The table knows the model, and not the price of one of these parts.
        return None
    return Cost(float(made.total_price), *pricetable.source())


def _table_price(model: str, url: str) -> Price | None:
    found = pricetable.find(model, url)
    if not _is_priced(found):
        return None
    prices = found.get_prices(datetime.now(tz=UTC))
    parts = {
        name: _base(getattr(prices, f"{theirs}_mtok", None))
        for name, theirs in (
            ("input", "input"),
            ("output", "output"),
            ("cached", "cache_read"),
            ("cache_write", "cache_write"),
        )
    }
    source, date = pricetable.source()
    return Price(
        **{name: value for name, value in parts.items() if value is not None}, source=source, date=date
    )


def _base(value: Any) -> float | None:
    """A price that grows in steps begins with its base."""
    value = getattr(value, "base", value)
    return None if value is None else float(value)


def _is_priced(found: Any) -> bool:
    """A model without prices is one whose prices the table does not know, not one that is free."""
    prices = None if found is None else found.get_prices(datetime.now(tz=UTC))
    return prices is not None and all(
        getattr(prices, name, None) is not None for name in ("input_mtok", "output_mtok")
    )
