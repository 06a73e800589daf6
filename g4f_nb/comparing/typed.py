"""The columns that a schema gives: one a field, nullable, in the type that the schema says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from g4f_nb.typed.wanted import Wanted

if TYPE_CHECKING:
    import pandas as pd

# The name of the column where the answer is one value and not an object of several.
VALUE = "value"
_MOST_WHOLE = 2**63
_DATE, _MOMENT = "date", "date-time"
_KINDS = {"string": "string", "integer": "Int64", "number": "Float64", "boolean": "boolean"}


def fields_of(wanted: Wanted) -> dict[str, str]:
    """The names of the columns and their types; what is no text, number, truth or date is JSON text."""
    if not is_table(wanted) and not wanted.wrapped:
        return {VALUE: "string"}
    properties: Mapping[str, Any] = wanted.schema.get("properties") or {}
    definitions: Mapping[str, Any] = wanted.schema.get("$defs") or {}
    return {name: _kind(each, definitions) for name, each in properties.items()}


def is_table(wanted: Wanted) -> bool:
    """Whether an answer has fields by name; a number, a list, a dict of any keys is one value."""
    return not wanted.wrapped and bool(wanted.schema.get("properties"))


def columns_of(wanted: Wanted, parsed: Sequence[str | None]) -> dict[str, pd.Series[Any]]:
    """The columns for these answers, each the JSON that was read from one, or none."""
    import pandas as pd

    kinds = fields_of(wanted)
    values: dict[str, list[Any]] = {name: [] for name in kinds}
    for text in parsed:
        read = None if text is None else orjson.loads(text)
        if not is_table(wanted):
            read = {VALUE: read}
        for name, kind in kinds.items():
            value = read.get(name) if isinstance(read, dict) else None
            values[name].append(_cell(value, kind))
    return {
        name: _moments(column) if kinds[name] in (_DATE, _MOMENT) else pd.Series(column, dtype=kinds[name])
        for name, column in values.items()
    }


def _moments(texts: Sequence[str | None]) -> pd.Series[Any]:
    """Dates and moments in a type of pandas' own; where one of them has a zone, all are in UTC."""
    import pandas as pd

    read = [None if text is None else _moment(text) for text in texts]
    zoned = any(each is not None and each.tzinfo is not None for each in read)
    if zoned:
        read = [
            each if each is None or each.tzinfo is not None else each.replace(tzinfo=UTC) for each in read
        ]
    made = pd.Series(pd.to_datetime(pd.Series(read, dtype="object"), utc=zoned))
    # Microseconds: nanoseconds end in the year 2262.
    return made.astype("datetime64[us, UTC]" if zoned else "datetime64[us]")


def _moment(text: str) -> datetime | None:
    try:
        made = datetime.fromisoformat(text)
        return made if made.tzinfo is None else made.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _cell(value: Any, kind: str) -> Any:
    """A value that its column can hold; one row's odd number costs no other row anything."""
    match kind:
        case "date" | "date-time":
            return value if isinstance(value, str) else None
        case "string":
            return value if value is None or isinstance(value, str) else orjson.dumps(value).decode()
        case "Int64":
            return value if type(value) is int and abs(value) < _MOST_WHOLE else None
        case "Float64":
            return float(value) if type(value) in (int, float) else None
        case _:
            return value if isinstance(value, bool) else None


def _kind(schema: Any, definitions: Mapping[str, Any]) -> str:
    while isinstance(schema, Mapping) and "$ref" in schema:
        schema = definitions.get(str(schema["$ref"]).rpartition("/")[2])
    if not isinstance(schema, Mapping):
        return "string"
    arms = [
        arm
        for arm in schema.get("anyOf") or schema.get("oneOf") or ()
        if isinstance(arm, Mapping) and arm.get("type") != "null"
    ]
    if arms:
        kinds = {_kind(arm, definitions) for arm in arms}
        return kinds.pop() if len(kinds) == 1 else "Float64" if kinds == {"Int64", "Float64"} else "string"
    named = schema.get("type")
    if isinstance(named, list):
        some = [each for each in named if each != "null"]
        named = some[0] if len(some) == 1 else "number" if set(some) == {"integer", "number"} else "string"
    if named is None and schema.get("enum"):
        types = {type(value) for value in schema["enum"]}
        named = (
            {int: "integer", float: "number", bool: "boolean"}.get(types.pop()) if len(types) == 1 else None
        )
    if named == "string" and schema.get("format") in (_DATE, _MOMENT):
        return str(schema["format"])
    return _KINDS.get(str(named), "string")
