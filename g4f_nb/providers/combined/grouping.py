"""What `fallback=` and `race=` of one call name: the call's own model and theirs, as one provider."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from g4f_nb.errors import InvalidParameterError
from g4f_nb.providers.combined.members import ModelName
from g4f_nb.providers.combined.provider import FallbackProvider, RaceProvider
from g4f_nb.providers.finding.known import look_up
from g4f_nb.providers.models.model import Model, Provider


def grouped(
    model: str | Model | Provider | None,
    provider: str | Provider | None,
    *,
    fallback: Iterable[ModelName] | None,
    race: Iterable[ModelName] | None,
) -> tuple[str | Model | Provider | None, str | Provider | None]:
    """Model and provider of a call; where it names more of them, all of them as one, its own the first."""
    if fallback is not None and race is not None:
        raise InvalidParameterError("fallback= asks one after another, race= all at once: give one of them")
    named = fallback if race is None else race
    if named is None:
        return model, provider
    if isinstance(named, str | Model | type | Mapping) or not isinstance(named, Iterable):
        flag = "fallback" if race is None else "race"
        raise InvalidParameterError(
            f'{flag}= is of type {type(named).__name__}: it must be a list of models, like ["groq", "ollama"]'
        )
    members = [*first_named(model, provider), *named]
    return (FallbackProvider if race is None else RaceProvider)(members), None


def first_named(model: Any, provider: Any) -> list[Any]:
    """What a model and a provider name together, to stand before others."""
    if provider is None or model is None:
        return [each for each in (model, provider) if each is not None]
    if isinstance(model, str) and isinstance(provider, str):
        left, colon, _ = model.partition(":")
        named = look_up(left) if colon else None
        return [model if named is not None and named is look_up(provider) else f"{provider}:{model}"]
    raise InvalidParameterError(
        "a model of a class of yours cannot be one of several: nb.register('mine', Mine) gives the class a "
        "name, and mine:model is one of its models"
    )
