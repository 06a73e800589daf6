"""What tells one request from every other, and which requests share one service's limits; never by a key."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from g4f_nb.calls import Host
from g4f_nb.comparing.grid import Cell, Grid, Seat
from g4f_nb.dialogues.plans import Plan
from g4f_nb.providers.models.model import HOST_BOUND
from g4f_nb.providers.registry import Resolution
from g4f_nb.providers.sending.adapting import row_in_force

# What decides how a request travels, but not what it asks.
TRAVEL = HOST_BOUND | {"timeout", "total_timeout", "max_retries", "proxy", "api_endpoint", "max_streams"}


class Keys:
    """The keys of a grid's requests; what all cells of a seat have in common is looked up once."""

    def __init__(self, grid: Grid) -> None:
        self._grid = grid
        self._of_seats: dict[int, dict[str, Any] | None] = {}

    def of(self, cell: Cell) -> str | None:
        """What tells the request of one cell from every other; `None` if that cannot be told."""
        if cell.seat not in self._of_seats:
            seat = self._grid.seats[cell.seat]
            assert seat.place is not None  # noqa: S101  # the cells of a seat without a place are never asked
            self._of_seats[cell.seat] = _common(seat.place, seat.plan)
        common = self._of_seats[cell.seat]
        return None if common is None else _digest(common, self._grid.messages(cell), cell.repeat)


def key_of(
    place: tuple[Resolution, Mapping[str, Any]], plan: Plan, messages: Sequence[Mapping[str, Any]]
) -> str | None:
    """What tells this request from every other, without any key; `None` if that cannot be told."""
    common = _common(place, plan)
    return None if common is None else _digest(common, messages, 0)


def _common(place: tuple[Resolution, Mapping[str, Any]], plan: Plan) -> dict[str, Any] | None:
    """What all questions to one place under one plan have in common."""
    who = _who(*place)
    if who is None:
        return None
    return {
        **who,
        "tools": plan.tools.as_json() if plan.tools else None,
        "schema": plan.wanted.schema if plan.wanted is not None else None,
    }


def _digest(common: dict[str, Any], messages: Sequence[Mapping[str, Any]], repeat: int) -> str | None:
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


def lane_key(seat: Seat) -> tuple[Any, ...]:
    """What shares one service's limits: provider, address, key, and the model where they are per model."""
    assert seat.place is not None  # noqa: S101  # as above
    where = seat.place[0]
    secret = where.address.secret if where.address is not None else None
    row = row_of(seat)
    per_model = where.model if row is not None and row.limits == "model" else ""
    return where.provider, where.host, secret.fingerprint() if secret is not None else "", per_model


def row_of(seat: Seat) -> Any:
    """The catalog's row of a seat's service, as it is in force; `None` where there is none."""
    address = seat.place[0].address if seat.place is not None else None
    provider = seat.place[0].provider if seat.place is not None else None
    if not isinstance(address, Host) or getattr(provider, "row", None) is None:
        return None
    return row_in_force(provider, address)
