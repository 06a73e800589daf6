"""Every provider that can be named, in one table.

Names are found whatever their case and with or without `-`, `_`, `.` and spaces: `LM Studio` is `lmstudio`.
"""

from __future__ import annotations

import difflib
import functools
import importlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial

from g4f_nb.providers.base import AbstractProvider
from g4f_nb.providers.catalog import provider_of
from g4f_nb.providers.homes import PROVIDERS
from g4f_nb.providers.rows import Row, rows


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Known:
    """A provider that can be named; its class is loaded when it is called for."""

    name: str
    source: str
    load: Callable[[], type[AbstractProvider]] = field(repr=False)
    row: Row | None = None
    short: str = ""


def look_up(name: str) -> Known | None:
    """The provider of that name, or `None`."""
    return _package().get(fold(name))


def everything() -> list[Known]:
    """All providers, each once, in the order of listings."""
    return list(dict.fromkeys(_package().values()))


def nearest(name: str, *, cutoff: float = 0.5) -> str | None:
    """The name that was probably meant."""
    names = {fold(each): known.name for known in everything() for each in (known.name, known.short) if each}
    near = difflib.get_close_matches(fold(name), names, n=1, cutoff=cutoff)
    return names[near[0]] if near else None


def fold(name: str) -> str:
    """What of a name counts when it is looked up."""
    return re.sub(r"[-_.\s]", "", name).lower()


@functools.cache
def _package() -> Mapping[str, Known]:
    found = [
        Known(name=name, source="g4f_nb", load=partial(_from_module, module, name))
        for name, module in PROVIDERS.items()
    ]
    found += [
        Known(name=row.class_name, short=name, source="g4f_nb", load=partial(provider_of, name), row=row)
        for name, row in rows().items()
    ]
    return by_name(found)


def by_name(found: Iterable[Known]) -> dict[str, Known]:
    """A table to look names up in; the first of a name counts."""
    table: dict[str, Known] = {}
    for known in found:
        for name in filter(None, (known.name, known.short)):
            table.setdefault(fold(name), known)
    return table


def _from_module(module: str, name: str) -> type[AbstractProvider]:
    cls: type[AbstractProvider] = getattr(importlib.import_module(f"g4f_nb.providers.{module}"), name)
    return cls
