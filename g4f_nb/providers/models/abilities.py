"""What servers' own listings say of their models: which make or read images, how much they read at once."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

from g4f_nb.newest import Newest
from g4f_nb.providers.services.rows import rows

T = TypeVar("T")

# How much a model reads at once, under the names that servers give it.
_WINDOWS = (
    "context_length", "context_window", "max_context_length", "max_model_len", "context_size",
    "max_input_tokens", "inputTokenLimit", "n_ctx", "n_ctx_train",
)  # fmt: skip
_MAKERS = {"image", "images", "image_generation", "image-generation", "text-to-image"}


class Flags(NamedTuple):
    """The models of one address that its last listing marked."""

    image_models: frozenset[str] = frozenset()
    vision_models: frozenset[str] = frozenset()
    contexts: Mapping[str, int] = MappingProxyType({})
    # Seconds since the epoch.
    created: Mapping[str, int] = MappingProxyType({})
    owners: Mapping[str, str] = MappingProxyType({})


# By address: what a model can do does not depend on who asks.
_known: Newest[str, Flags] = Newest(256)
_NONE = Flags()


def note_flags(base: str, entries: list[Any]) -> None:
    """Remember what a listing says of its models."""
    _known[base] = Flags(
        _marked(entries, _makes_images),
        _marked(entries, _reads_images),
        _told(entries, _context, int),
        _told(entries, lambda entry: entry.get("created"), int),
        _told(entries, lambda entry: entry.get("owned_by"), str),
    )


def flags_of(base: str) -> Flags:
    """What is known of the models at an address; nothing before its first listing."""
    return _known.get(base, _NONE)


def makes_images(base: str, model: str) -> bool:
    """Whether a model makes images, as its service's row or the last listing of its address says."""
    if base in _known and model in _known[base].image_models:
        return True
    patterns = _patterns().get(base)
    return patterns is not None and any(fnmatchcase(model, pattern) for pattern in patterns)


@functools.cache
def _patterns() -> Mapping[str, tuple[str, ...]]:
    return {row.api_base: row.image_models for row in rows().values() if row.image_models}


def _marked(entries: list[Any], is_marked: Callable[[Mapping[str, Any]], bool]) -> frozenset[str]:
    found = (entry for entry in entries if isinstance(entry, dict) and is_marked(entry))
    names = (entry.get("id") or entry.get("name") for entry in found)
    return frozenset(name for name in names if isinstance(name, str))


def _told(entries: list[Any], read: Callable[[Mapping[str, Any]], Any], kind: type[T]) -> Mapping[str, T]:
    found: dict[str, T] = {}
    for entry in entries:
        if isinstance(entry, dict):
            name, value = entry.get("id") or entry.get("name"), read(entry)
            if isinstance(name, str) and isinstance(value, kind) and not isinstance(value, bool) and value:
                found[name] = value
    return MappingProxyType(found)


def _context(entry: Mapping[str, Any]) -> Any:
    for place in (entry, entry.get("meta"), entry.get("top_provider"), entry.get("limits")):
        if isinstance(place, dict):
            for name in _WINDOWS:
                if place.get(name):
                    return place[name]
    return None


def _makes_images(entry: Mapping[str, Any]) -> bool:
    # Models that answer with images in a chat list text among what they give: they are asked by chat.
    kinds = (entry.get("type"), entry.get("mode"), entry.get("task"))
    return entry.get("image") is True or any(isinstance(kind, str) and kind in _MAKERS for kind in kinds)


def _reads_images(entry: Mapping[str, Any]) -> bool:
    for place in (entry, entry.get("capabilities"), entry.get("features")):
        if isinstance(place, dict) and (place.get("vision") is True or place.get("supports_vision") is True):
            return True
        if isinstance(place, list) and "vision" in place:
            return True
    for place in (entry, entry.get("architecture"), entry.get("modalities")):
        if isinstance(place, dict):
            taken = place.get("input_modalities") or place.get("input")
            if isinstance(taken, list) and "image" in taken:
                return True
    return False
