"""The columns that a schema gives: one a field, nullable, in the type that the schema says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import orjson

from g4f_nb.wanted import Wanted

if TYPE_CHECKING:
    import pandas as pd

# The name of the column where the answer is one value and not an object of several.
VALUE = "value"
_KINDS = {"string": "string", "integer": "Int64", "number": "Float64", "boolean": "boolean"}


def fields_of(wanted: Wanted) -> dict[str, str]:
    """The names of the columns and their types; what is neither text, number nor truth is JSON text."""
    properties: Mapping[str, Any] = wanted.schema.get("properties") or {}
    definitions: Mapping[str, Any] = wanted.schema.get("$defs") or {}
    return {name: _kind(each, definitions) for name, each in properties.items()}


def columns_of(wanted: Wanted, parsed: Sequence[str | None]) -> dict[str, pd.Series[Any]]:
    """The columns for these answers, each the JSON that was read from one, or none."""
    import pandas as pd

    kinds = fields_of(wanted)
    values: dict[str, list[Any]] = {name: [] for name in kinds}
    for text in parsed:
        read = None if text is None else orjson.loads(text)
        if wanted.wrapped:
            read = {VALUE: read}
        for name, kind in kinds.items():
            value = read.get(name) if isinstance(read, dict) else None
            if kind == "string" and value is not None and not isinstance(value, str):
                value = orjson.dumps(value).decode()
            values[name].append(value)
    return {name: pd.Series(column, dtype=kinds[name]) for name, column in values.items()}


def _kind(schema: Any, definitions: Mapping[str, Any]) -> str:
    while isinstance(schema, Mapping) and "$ref" in schema:
        schema = definitions.get(str(schema["$ref"]).rpartition("/")[2])
    if not isinstance(schema, Mapping):
        return "string"
    for arm in schema.get("anyOf") or schema.get("oneOf") or ():
        if isinstance(arm, Mapping) and arm.get("type") != "null":
            return _kind(arm, definitions)
    named = schema.get("type")
    if isinstance(named, list):
        named = next((each for each in named if each != "null"), None)
    if named is None and schema.get("enum"):
        kinds = {type(value) for value in schema["enum"]}
        named = (
            {int: "integer", float: "number", bool: "boolean"}.get(kinds.pop()) if len(kinds) == 1 else None
        )
    return _KINDS.get(str(named), "string")
