"""A run as JSON, for a later kernel, and back: its grid, and the schema of its answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from g4f_nb.comparing import columns, tablejson, typed
from g4f_nb.comparing.given import as_texts
from g4f_nb.comparing.grid import Cells, Grid, Seat
from g4f_nb.errors import InvalidParameterError
from g4f_nb.kept.identity import TRAVEL
from g4f_nb.typed.wanted import Wanted


def plan_of(given: Grid, *, seed: int | None, prefix: str, wanted: Wanted | None) -> dict[str, Any]:
    """How a run is begun, as JSON: what is asked, whom, in which order; no key."""
    return {
        "seed": seed,
        "prompts": given.prompts,
        "system": given.system,
        "prefix": prefix,
        "varied": list(given.varied),
        "seats": [_seat(seat) for seat in given.seats],
        "cells": list(given.cells.places()),
        "schema": None if wanted is None else {"schema": wanted.schema, "wrapped": wanted.wrapped},
        "data": None if given.data is None else tablejson.as_json(given.data),
    }


def _seat(seat: Seat) -> dict[str, Any]:
    where, options = seat.place or (None, {})
    asked = {name: value for name, value in options.items() if name not in TRAVEL}
    lost = sorted(name for name, value in asked.items() if name == "tools" or not _is_json(value))
    return {
        "provider": seat.provider,
        "model": seat.model,
        "labelled": seat.labelled,
        "sent_as": seat.named if where is None else where.model,
        "host": None if where is None else where.host,
        "endpoint": getattr(where.address, "chat_url", None) if where is not None else None,
        "varied": {name: columns.shown(value) for name, value in seat.varied.items()},
        "options": {name: value for name, value in asked.items() if name not in lost},
        # Functions and pictures are nothing that a later kernel could have again.
        "lost": lost,
    }


def _is_json(value: Any) -> bool:
    try:
        orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY)
    except TypeError:
        return False
    return True


def grid_of(plan: Mapping[str, Any]) -> Grid:
    """The grid of a kept run, whose seats have no place yet."""
    try:
        return _grid_of(plan)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        what = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        failure = InvalidParameterError(
            f"what the store has of this run's plan is damaged ({what}): compare anew"
        )
    raise failure


def _grid_of(plan: Mapping[str, Any]) -> Grid:
    data = None if plan["data"] is None else tablejson.from_json(plan["data"])
    seats = [
        Seat(
            provider=each["provider"],
            model=each["model"],
            varied=each["varied"],
            labelled=each.get("labelled", False),
        )
        for each in plan["seats"]
    ]
    texts = {} if data is None else {name: as_texts(data[name]) for name in data.columns}
    return Grid(
        prompts=plan["prompts"], seats=seats, cells=Cells.of(plan["cells"]),
        varied=plan["varied"], data=data, system=plan["system"], texts=texts,
    )  # fmt: skip


def wanted_of(plan: Mapping[str, Any]) -> Wanted | None:
    """The schema of a kept run."""
    said = plan["schema"]
    if said is None:
        return None
    schema = said["schema"]
    if said["wrapped"]:
        inner = schema["properties"][typed.VALUE]
        schema = {**inner, "$defs": schema["$defs"]} if "$defs" in schema else inner
    return Wanted.of(schema)
