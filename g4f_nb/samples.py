"""A value that fits a JSON Schema, made without a model: for Demo, and for the server of `g4f_nb.testing`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

Json = Mapping[str, Any]

_FORMATS = {
    "date": "2025-12-31",
    "date-time": "2025-12-31T23:59:00",
    "time": "23:59:00",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


def sample(
    schema: Json, *, numbers: Iterable[float], text: Callable[[str], str], optional: bool = True
) -> Any:
    """A value that fits: numbers are taken in turn, then 1; `text` gives one for the name of its field.

    Without `optional`, what a schema has a default for is left out.
    """
    definitions = {**schema.get("definitions", {}), **schema.get("$defs", {})}
    return _Sampler(iter(numbers), text, definitions, optional=optional).value(schema, "", ())


class _Sampler:
    def __init__(
        self, numbers: Any, text: Callable[[str], str], definitions: Json, *, optional: bool
    ) -> None:
        self._numbers = numbers
        self._text = text
        self._definitions = definitions
        self._optional = optional

    def value(self, schema: Json, name: str, within: tuple[str, ...]) -> Any:  # noqa: PLR0911  # one arm a type
        """`within` are the definitions that are open: what holds itself must end."""
        settled = [schema[key] for key in ("const", "default") if key in schema]
        if settled or schema.get("enum"):
            return (settled or schema["enum"])[0]
        if "$ref" in schema:
            inner = schema["$ref"].rpartition("/")[2]
            return self.value(self._definitions.get(inner, {}), name, (*within, inner))
        either = schema.get("anyOf") or schema.get("oneOf")
        if either:
            return self.value(either[0], name, within)
        kind = schema.get("type", "object")
        match kind[0] if isinstance(kind, list) else kind:
            case "integer":
                return int(self._number(schema))
            case "number":
                return float(self._number(schema))
            case "string":
                return _FORMATS.get(schema.get("format", "")) or self._text(name)
            case "boolean":
                return True
            case "array":
                return self._array(schema, name, within)
            case "object":
                return self._object(schema, within)
            case _:
                return None

    def _number(self, schema: Json) -> Any:
        number = next(self._numbers, 1)
        return max(schema.get("minimum", number), min(schema.get("maximum", number), number))

    def _array(self, schema: Json, name: str, within: tuple[str, ...]) -> list[Any]:
        if "prefixItems" in schema:
            return [self.value(part, name, within) for part in schema["prefixItems"]]
        item = schema.get("items") or {}
        if item.get("$ref", "").rpartition("/")[2] in within:
            return []
        return [self.value(item, name, within) for _ in range(schema.get("minItems", 1))]

    def _object(self, schema: Json, within: tuple[str, ...]) -> dict[str, Any]:
        parts = schema.get("properties") or {}
        return {
            name: self.value(part, name, within)
            for name, part in parts.items()
            if self._optional or "default" not in part
        }
