"""A service as data: what a row may say, how it is read and checked; `catalog.toml` has the package's own."""

from __future__ import annotations

import functools
import inspect
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from importlib import resources
from types import MappingProxyType
from typing import Any, TypeVar

from g4f_nb.errors import InvalidParameterError
from g4f_nb.providers.services.rowfaults import class_name_of, converted, table_fault
from g4f_nb.secret import Veiled

_Class = TypeVar("_Class", bound=type)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A service as data: what tells it from every other OpenAI-compatible server.

    `catalog.toml` explains each field; `None` and `""` mean "not known".
    """

    name: str
    label: str
    class_name: str
    url: str = ""
    api_base: str = ""
    module: str = ""
    # Where it is.
    api_base_env: tuple[str, ...] = ()
    api_host_env: str | None = None
    api_path: str = "/v1"
    models_path: str = ""
    lists_models: bool = True
    # Who may call it.
    api_key_env: tuple[str, ...] = ()
    needs_auth: bool = True
    auth: str = "bearer"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    dedicated: bool = True
    local: bool = False
    gateway: bool = False
    # What it takes and gives.
    default_model: str = ""
    rename: Mapping[str, str] = field(default_factory=dict)
    drop: tuple[str, ...] = ()
    returns_reasoning: bool = False
    stream_usage: bool = True
    tools: bool | None = None
    vision: bool | None = None
    image_models: tuple[str, ...] = ()
    json_mode: str = ""
    limits: str = "key"
    context: Mapping[str, int] = field(default_factory=dict)
    context_date: str = ""
    # What a user should know.
    quirks: str = ""
    unverified: tuple[str, ...] = ()

    @property
    def checked(self) -> bool:
        """Whether documentation or another client's source bears out all that the row says."""
        return not self.unverified


_KINDS = {each.name: str(each.type).removesuffix(" | None") for each in fields(Row) if each.name != "name"}


@functools.cache
def rows() -> Mapping[str, Row]:
    """Every row of the package's catalog, by name."""
    text = resources.files("g4f_nb.providers").joinpath("catalog.toml").read_text(encoding="utf-8")
    tables = tomllib.loads(text)
    return MappingProxyType(
        {name: make_row(name, values, where=f"catalog.toml, [{name}]") for name, values in tables.items()}
    )


def of_row(name: str) -> Callable[[_Class], _Class]:
    """Dress a class with what its row in `catalog.toml` says: `@of_row("deepseek")`."""
    return lambda cls: dressed(cls, rows()[name])


def dressed(cls: _Class, row: Row) -> _Class:
    """The class, with the row's data on it where it does not say otherwise itself, and in its docstring."""
    said: dict[str, Any] = {
        "row": row,
        "url": row.url or None,
        "label": row.label,
        "api_base": row.api_base,
        "default_model": row.default_model,
        "stream_usage": row.stream_usage,
        "returns_reasoning": row.returns_reasoning,
    }
    own = vars(cls)
    for name, value in said.items():
        if name not in own:
            setattr(cls, name, value)
    cls.__doc__ = describe(row, own.get("__doc__"))
    return cls


def describe(row: Row, told: str | None = None) -> str:
    """What a provider's docstring says: the service, its peculiarities, and what nobody has checked."""
    where = row.url or row.api_base
    parts = [f"{row.label}, over its OpenAI-compatible API{f' ({where})' if where else ''}."]
    if told:
        parts = [inspect.cleandoc(told)] if row.label in told else [*parts, inspect.cleandoc(told)]
    if row.quirks:
        parts.append(row.quirks)
    if row.unverified:
        parts.append(f"Not verified: {', '.join(row.unverified)}.")
    return "\n\n".join(parts)


def make_row(name: str, values: Any, *, where: str) -> Row:
    """Check a table and make it a row; what is wrong is told with the place, `where`, and the key."""
    values = Veiled(values) if isinstance(values, Mapping) else values
    fault = table_fault(name, values, _KINDS)
    if fault is not None:
        raise InvalidParameterError(f"{where}{fault}")
    given = Veiled(label=name, class_name=class_name_of(name))
    given.update((key, converted(value, key, _KINDS[key])) for key, value in values.items())
    return Row(name=name, **given)
