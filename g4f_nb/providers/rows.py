"""The services that are data: the rows of `catalog.toml`, read once."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A service as data: what tells it from every other OpenAI-compatible server."""

    name: str
    label: str
    url: str
    api_base: str
    class_name: str
    api_base_env: tuple[str, ...] = ()
    api_host_env: str | None = None
    api_key_env: tuple[str, ...] = ()
    needs_auth: bool = True
    default_model: str = ""
    stream_usage: bool = True
    dedicated: bool = True
    local: bool = False
    rename: Mapping[str, str] = field(default_factory=dict)


@functools.cache
def rows() -> Mapping[str, Row]:
    """Every row of the package's catalog, by name."""
    text = resources.files("g4f_nb.providers").joinpath("catalog.toml").read_text(encoding="utf-8")
    return MappingProxyType({name: _row(name, values) for name, values in tomllib.loads(text).items()})


def _row(name: str, values: Mapping[str, Any]) -> Row:
    given: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in values.items()
    }
    return Row(name=name, **given)
