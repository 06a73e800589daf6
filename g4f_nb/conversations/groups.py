"""Several models as one, by their names: what is kept of a `FallbackProvider` and how it is had again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from g4f_nb.conversations.replyjson import DamagedError, table, text_or_none
from g4f_nb.conversations.turnjson import kept_options
from g4f_nb.errors import G4FError
from g4f_nb.prices import checked_price
from g4f_nb.providers.finding.known import look_up
from g4f_nb.providers.models.model import Model, Provider, says_where

# How several are asked: kept where it is not as usual.
_USUAL: Mapping[str, Any] = {
    "shuffle": False, "patience": None, "failures": 3, "cool_down": 60.0, "max_retries": 3,
}  # fmt: skip


def group_json(chosen: Any) -> dict[str, Any] | None:
    """Several as one, as JSON values without keys; `None` where it is one, or names do not tell who it is."""
    cls = chosen.name if isinstance(chosen, Model) else chosen
    if not isinstance(cls, type):
        return None
    from g4f_nb.providers.combined.provider import CombinedProvider

    made = cls.made_of() if issubclass(cls, CombinedProvider) else None
    kind = None if made is None else next((name for name, each in _kinds().items() if each is made[0]), None)
    if made is None or kind is None:
        return None
    _, models, name, how = made
    members = [_member_json(each) for each in models]
    if None in members:
        return None
    unusual = {each: value for each, value in how.items() if value != _USUAL.get(each)}
    return {"kind": kind, "models": members, **({"name": name} if name else {}), **unusual}


def group_from_json(data: Mapping[str, Any]) -> Provider:
    """The provider again; an error where it is of no such form, or one of the names is nobody's here."""
    kind = _kinds().get(text_or_none(data, "kind") or "")
    models = data.get("models")
    if kind is None or not isinstance(models, list):
        raise DamagedError(f"several models are asked as {data.get('kind')!r}")
    how = {name: data[name] for name in _USUAL if name in data}
    made: Provider = kind([_member(each) for each in models], name=text_or_none(data, "name"), **how)
    return made


def is_nameless(chosen: Any) -> bool:
    """Whether it is a class that no later kernel finds by a name: the user's own, or several with one."""
    cls = chosen.name if isinstance(chosen, Model) else chosen
    return isinstance(cls, type) and group_json(cls) is None and _name_of(cls) is None


def _kinds() -> Mapping[str, Any]:
    from g4f_nb.providers.combined.provider import FallbackProvider, RaceProvider, RetryProvider

    return {"fallback": FallbackProvider, "race": RaceProvider, "retry": RetryProvider}


def _name_of(cls: Any) -> str | None:
    known = look_up(cls.__name__)
    try:
        return cls.__name__ if known is not None and known.load() is cls else None
    except (G4FError, ImportError):
        return None


def _member_json(member: Any) -> Any:
    """A name; with options a table; `None` of what has none, or has an address, which no file holds."""
    if isinstance(member, str):
        return member
    if isinstance(member, type):
        return _name_of(member) or group_json(member)
    name = _member_json(member.name)
    if name is None or says_where(member.options):
        return None
    price = None if member.price is None else asdict(member.price) | {"source": None}
    made = {"model": name, "label": member.label, "options": kept_options(member.options), "price": price}
    return {each: value for each, value in made.items() if value}


def _member(data: Any) -> Any:
    if isinstance(data, str):
        return data
    if "kind" in table(data, "a model"):
        return group_from_json(data)
    price = data.get("price")
    own = None if price is None else checked_price(_without_nothing(table(price, "price")), "its price")
    options = kept_options(table(data.get("options", {}), "options"))
    return Model(_member(data.get("model")), label=text_or_none(data, "label"), price=own, **options)


def _without_nothing(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if value is not None}
