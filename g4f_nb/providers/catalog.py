"""The rows as classes: each service of the catalog is an importable subclass of `OpenaiTemplate`."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from types import MappingProxyType

from g4f_nb.providers.openai_template import OpenaiTemplate
from g4f_nb.providers.rows import Row, rows


@functools.cache
def catalog() -> Mapping[str, type[OpenaiTemplate]]:
    """The classes of all rows, by class name."""
    made = (make_class(row) for row in rows().values())
    return MappingProxyType({cls.__name__: cls for cls in made})


def make_class(row: Row) -> type[OpenaiTemplate]:
    """A provider class for one row."""
    return type(
        row.class_name,
        (OpenaiTemplate,),
        {
            "__doc__": f"{row.label}, over its OpenAI-compatible API ({row.url}).",
            "__module__": "g4f_nb.providers",
            "row": row,
            "url": row.url,
            "label": row.label,
            "api_base": row.api_base,
            "default_model": row.default_model,
            "stream_usage": row.stream_usage,
        },
    )
