"""The rows as classes: each service of the catalog is an importable subclass of `OpenaiTemplate`."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Mapping
from types import MappingProxyType

from g4f_nb.providers.base import AbstractProvider
from g4f_nb.providers.openai_template import OpenaiTemplate
from g4f_nb.providers.services.rows import Row, dressed, rows


@functools.cache
def provider_of(name: str) -> type[AbstractProvider]:
    """The class of one row: made of its data, or the one with code of its own that the row names."""
    row = rows()[name]
    if not row.module:
        return make_class(row)
    module = importlib.import_module(f"g4f_nb.providers.{row.module}")
    cls: type[AbstractProvider] = getattr(module, row.class_name)
    return cls


def catalog() -> Mapping[str, type[AbstractProvider]]:
    """The classes of all rows, by class name."""
    return MappingProxyType({row.class_name: provider_of(name) for name, row in rows().items()})


def make_class(row: Row) -> type[OpenaiTemplate]:
    """A provider class for one row that differs from `OpenaiTemplate` in data alone."""
    return dressed(type(row.class_name, (OpenaiTemplate,), {"__module__": "g4f_nb.providers"}), row)
