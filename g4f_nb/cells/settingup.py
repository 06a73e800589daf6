"""The subcommands of `%g4f` that set things up: keys, providers, models, settings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from g4f_nb import settings
from g4f_nb.cells.named import of_own_class
from g4f_nb.cells.words import IN_A_CELL, Place, Words
from g4f_nb.errors import InvalidParameterError, ProviderNotFoundError
from g4f_nb.keys import forget_key, list_keys, type_key
from g4f_nb.listings.modeltable import listed_by, lister
from g4f_nb.listings.surveying import list_providers
from g4f_nb.loops.ownloop import own_loop
from g4f_nb.providers.finding.known import look_up, nearest
from g4f_nb.providers.models.model import Model, Provider, used
from g4f_nb.providers.registry import options_for
from g4f_nb.providers.using import Using, use
from g4f_nb.tables import Table


def key_command(given: Words, place: Place) -> object:
    """Show where keys were found, ask for one, or forget it."""
    if {"--save", "--forget"} <= given.flags:
        raise InvalidParameterError("--save and --forget contradict each other: give one of them")
    whose = _provider(given.words[0], place) if given.words else None
    if "--forget" in given.flags:
        place.say(forget_key(whose))
        return None
    if whose is None:
        if given.flags:
            raise InvalidParameterError("--save needs a provider: %g4f key PROVIDER --save")
        return list_keys()
    place.say(type_key(whose, place.ask_secret, save="--save" in given.flags))
    return None


def _provider(word: str, place: Place) -> str | Model | Provider:
    named: str | Model | Provider = place.variable(word)
    if isinstance(named, str) and look_up(named.partition(":")[0]) is None:
        near = nearest(named)
        hint = f"did you mean {near[0]}?" if near else "%g4f providers lists them."
        # It is not shown: somebody may have written the key itself there.
        raise ProviderNotFoundError(f"there is no provider of that name: {hint} {IN_A_CELL}")
    return named


def use_command(given: Words, place: Place) -> Using:
    """Choose what answers where no provider is named, or show it."""
    if "--reset" in given.flags or given.words[:1] in (("none",), ("None",)):
        return use(None)
    if not given.words:
        return use()
    chosen = place.variable(given.words[0])
    model, provider = of_own_class(chosen, place.variable) if isinstance(chosen, str) else (chosen, None)
    return use(model, provider=provider)


def providers_command(given: Words, __: Place) -> Table:
    """List the providers, and where the key of each is found."""
    asked = "--local" in given.flags
    frame = list_providers(local=True) if asked else list_providers()
    rows = []
    filled: list[dict[Any, Any]] = frame.astype(object).where(frame.notna(), "").to_dict("records")
    for each in filled:
        key = each["key_from"] or each["problem"] or "none needed"
        runs = (_runs(each),) if asked else ()
        rows.append((each["name"], each["default_model"], *runs, key, each["host"]))
    headings = ("provider", "default model", *(("runs",) if asked else ()), "key", "address")
    note = "" if asked else "%g4f providers --local looks for servers that run on this machine."
    return Table(tuple(rows), headings, "", f"{note} nb.list_providers() tells more.".strip())


def _runs(each: Mapping[str, Any]) -> str:
    if not each["running"]:
        return "no"
    count = each["models"]
    return "yes" if count == "" else f"yes, {count} model{'' if count == 1 else 's'}"


def models_command(given: Words, place: Place) -> Table:
    """List what a provider offers."""
    whose: str | Model | Provider | None = place.variable(given.words[0]) if given.words else None
    options = options_for(whose, None, {})
    cls: Any = lister(whose)
    names = own_loop().submit(listed_by(cls, options)).result()
    note = f"%g4f use {cls.__name__}:NAME uses one of them from now on." if names else "It lists no models."
    return Table(tuple((name,) for name in names), (f"models of {cls.__name__}",) if names else (), "", note)


def config_command(_: Words, __: Place) -> Table:
    """Show every setting, and what sets it."""
    rows = [(name, repr(value), source) for name, value, source in settings.explained()]
    file = settings.config_folder() / "config.toml"
    there = "" if file.exists() else ", which is not there yet"
    note = f"They can be set in {_as_home(file)}{there}."
    if used():
        note = f"{note} nb.use comes before provider and model: {use()!r}"
    return Table(tuple(rows), ("option", "value", "set by"), "", note)


def _as_home(file: Path) -> str:
    """A path as one types it: what is shown is saved with the notebook, and is nobody's home."""
    file = file.absolute()
    home = Path.home()
    return f"~/{file.relative_to(home).as_posix()}" if file.is_relative_to(home) else str(file)
