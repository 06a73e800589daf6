"""The table of `genai-prices`: which model of it a name means, told quickly for a long listing, too.

It is in the package of the extra `prices`; nothing is fetched. The package remembers every name that it was
asked for, and tries a name against each of its models in turn: here only the provider is remembered, and a
name that can be none of its models costs one look.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.metadata
import importlib.util
import re
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

_PACKAGE = "genai-prices"
_DATE = re.compile(r"\d{8}")


def find(model: str, url: str | None) -> Any:
    """What the table knows of a model at an address; `None` if nothing."""
    provider = _provider_at(url) if url and _is_installed() else None
    return None if provider is None else _of(provider, model)


def find_anywhere(model: str) -> Any:
    """What the table knows of a model, whose address nobody knows, at the provider that its name tells."""
    if not _is_installed():
        return None
    name = model.lower()
    telling = (each for each in _providers() if each.model_match is not None)
    provider = next((each for each in telling if each.model_match.is_match(name)), None)
    return None if provider is None else _of(provider, model)


@functools.cache
def source() -> tuple[str, str | None]:
    """The table's name with its version, and the newest day that it has prices from."""
    today = datetime.now(tz=UTC).date()
    days = [
        day
        for provider in _providers()
        for found in provider.models
        if isinstance(found.prices, list)
        for day in (getattr(price.constraint, "start_date", None) for price in found.prices)
        if day is not None and day <= today
    ]
    said = f"{_PACKAGE} {importlib.metadata.version(_PACKAGE)}"
    return said, max(days).isoformat() if days else None


def look_ahead() -> None:
    """Load the table beside what goes on, if it is there: whoever needs it next does not wait for it."""
    if _is_installed() and "genai_prices" not in sys.modules:
        threading.Thread(target=_load, name="g4f_nb prices", daemon=True).start()


def _load() -> None:
    # Whoever needs it is told what is wrong with it.
    with contextlib.suppress(Exception):
        _providers()


@functools.cache
def _is_installed() -> bool:
    return importlib.util.find_spec("genai_prices") is not None


def _providers() -> list[Any]:
    from genai_prices import data_snapshot

    return data_snapshot.get_snapshot().providers


@functools.lru_cache(maxsize=64)
def _provider_at(url: str) -> Any:
    from genai_prices import data_snapshot

    try:
        return data_snapshot.get_snapshot().find_provider(None, None, url)
    except LookupError:
        return None


def _of(provider: Any, model: str) -> Any:
    model = model.lower()
    return provider.find_model(model, all_providers=_providers()) if _may_know(provider.id)(model) else None


@functools.cache
def _may_know(provider_id: str) -> Callable[[str], bool]:
    """Whether a name can be one of a provider's models, or of those that it falls back on: quickly told."""
    by_id = {each.id: each for each in _providers()}
    whose = [
        by_id[provider_id],
        *(by_id.get(each) for each in by_id[provider_id].fallback_model_providers or ()),
    ]
    rules = [
        rule for each in whose if each is not None for model in each.models for rule in _rules(model.match)
    ]
    whole = {rule for kind, rule in rules if kind == "equals"}
    try:
        found = re.compile("|".join(sorted({rule for kind, rule in rules if kind == "regex"} or {"(?!)"})))
    except re.error:
        return lambda _: True
    # The package reads a date without dashes as one with them.
    return lambda name: name in whole or found.search(name) is not None or _DATE.search(name) is not None


def _rules(clause: Any) -> Iterator[tuple[str, str]]:
    """What a name must be or hold to fit a clause, or more names than that."""
    match type(clause).__name__:
        case "ClauseEquals":
            yield "equals", clause.equals.lower()
        case "ClauseContains":
            yield "regex", re.escape(clause.contains.lower())
        case "ClauseStartsWith":
            yield "regex", f"^{re.escape(clause.starts_with.lower())}"
        case "ClauseEndsWith":
            yield "regex", f"{re.escape(clause.ends_with.lower())}$"
        case "ClauseRegex":
            yield "regex", f"(?:{clause.regex})"
        case "ClauseOr":
            for each in clause.or_:
                yield from _rules(each)
        case "ClauseAnd":
            yield from _rules(clause.and_[0])
        case _:
            # A kind of clause that came later: every name may fit.
            yield "regex", ""
