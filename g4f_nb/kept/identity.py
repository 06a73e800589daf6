"""What tells one request from every other: provider, address, model, parameters, messages; never a key."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from g4f_nb.dialogues.plans import Plan
from g4f_nb.providers.models.model import HOST_BOUND
from g4f_nb.providers.registry import Resolution

# What decides how a request travels, but not what it asks.
TRAVEL = HOST_BOUND | {"timeout", "total_timeout", "max_retries", "proxy", "api_endpoint", "max_streams"}


def key_of(
    place: tuple[Resolution, Mapping[str, Any]], plan: Plan, messages: Sequence[Mapping[str, Any]]
) -> str | None:
    """What tells this request from every other, without any key; `None` if that cannot be told."""
    common = common_part(place, plan)
    return None if common is None else digest(common, messages, 0)


def common_part(place: tuple[Resolution, Mapping[str, Any]], plan: Plan) -> dict[str, Any] | None:
    """What all questions to one place under one plan have in common."""
    who = _who(*place)
    if who is None:
        return None
    return {
        **who,
        "tools": plan.tools.as_json() if plan.tools else None,
        "schema": plan.wanted.schema if plan.wanted is not None else None,
    }


def digest(common: dict[str, Any], messages: Sequence[Mapping[str, Any]], repeat: int) -> str | None:
    """The key of one request among those that have so much in common."""
    asked = {**common, "messages": messages, "repeat": repeat}
    try:
        packed = orjson.dumps(
            asked, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY
        )
    except TypeError:
        # An option that is no JSON (a picture, an object): nobody could tell whether it is the same again.
        return None
    return hashlib.sha256(packed).hexdigest()[:32]


def _who(where: Resolution, options: Mapping[str, Any]) -> dict[str, Any] | None:
    """Who is asked, and how; `None` if nobody could tell whether it is the same again."""
    if where.host is None and not where.provider.__module__.startswith("g4f_nb."):
        # A class of the user's, without a server: its code may be another one the next time.
        return None
    who: dict[str, Any] = {
        "provider": where.provider.__name__,
        "home": where.provider.__module__,
        "base": where.host,
        "model": where.model,
        "options": {name: value for name, value in options.items() if name not in TRAVEL and name != "tools"},
    }
    if where.places:
        # A provider that is made of others is what they are.
        who["kind"] = where.provider.__base__.__name__ if where.provider.__base__ else ""
        who["members"] = [
            _who(place.where, place.options) if place.where is not None else f"{place.name}: {place.fault}"
            for place in where.places
        ]
        if None in who["members"]:
            return None
    return who
