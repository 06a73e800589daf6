"""What can be picked: providers with their keys and hosts, and the models of one, fetched when asked for."""

from __future__ import annotations

from asyncio import to_thread
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from g4f_nb.comparing.given import ModelName
from g4f_nb.errors import G4FError, InvalidParameterError, sort_of
from g4f_nb.listings.modeltable import listed_by
from g4f_nb.listings.surveying import list_providers
from g4f_nb.panels.served import Served
from g4f_nb.providers.models.model import Model, check_model
from g4f_nb.providers.registry import find_provider
from g4f_nb.secret import redact

_ORDER = ("found", "none", "local", "missing")


async def tell_providers(widget: Served, view: str) -> None:
    """Answer a view's `providers`: every provider that can be named, the ready ones first."""
    rows: list[dict[str, str]] = []
    error = None
    try:
        rows = await to_thread(provider_rows)
    except Exception as caught:  # noqa: BLE001  # shown where the list would stand
        error = said(caught)
    widget.send({"type": "providers", "view": view, "rows": rows, "error": error})


async def tell_models(widget: Served, view: str, provider: str) -> None:
    """Answer a view's `models`: what one provider offers, from its server where it has a list."""
    names: list[str] = []
    error = None
    try:
        names = await listed_by(find_provider(provider), {})
    except Exception as caught:  # noqa: BLE001  # shown where the list would stand
        error = said(caught)
    widget.send({"type": "models", "view": view, "provider": provider, "names": names, "error": error})


def provider_rows() -> list[dict[str, str]]:
    """Name, label, host and the state of the key of every provider; nobody is contacted."""
    frame = list_providers()
    known: list[dict[Any, Any]] = frame.astype(object).where(frame.notna(), None).to_dict("records")
    rows = [_row(each) for each in known]
    return sorted(rows, key=lambda row: _ORDER.index(row["key"]))


def _row(known: Mapping[Any, Any]) -> dict[str, str]:
    key = "missing" if known["problem"] else "local" if known["local"] else "none"
    if known["key"]:
        key = "found"
    return {
        "name": known["name"],
        "label": known["label"] or known["name"],
        "host": known["host"] or "",
        "key": key,
        "told": known["problem"] or known["key_from"] or "",
    }


def said(error: BaseException) -> str:
    """An error as a view may show it: ours in its own words, any other with its type; never with a key."""
    words = str(error)
    return redact(words if isinstance(error, G4FError) and words else f"{type(error).__name__}: {words}")


def name_of(model: ModelName) -> str:
    """A model as a picker shows it: its label, or what a user would write."""
    if isinstance(model, Model):
        return model.label or name_of(model.name)
    check_model(model)
    return model.__name__ if isinstance(model, type) else model


def named(models: Sequence[ModelName] | ModelName) -> dict[str, ModelName]:
    """Models by the names that a picker shows; two of one name are numbered."""
    given: object = models
    if isinstance(given, Mapping):
        raise InvalidParameterError("models is a dict: give a list; a label goes into nb.Model(…, label=…)")
    if isinstance(given, bytes) or not isinstance(given, str | Model | type | Iterable):
        raise InvalidParameterError(f'models is {sort_of(given)}: it must be a list like ["Demo"]')
    made: dict[str, ModelName] = {}
    for model in [models] if isinstance(models, str | Model | type) else models:
        name = wanted = name_of(model)
        number = 1
        while name in made:
            number += 1
            name = f"{wanted} ({number})"
        made[name] = model
    return made
