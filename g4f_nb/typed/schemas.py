"""Python types to JSON Schema: what a server is told of a function's parameters and of the wanted answer."""

from __future__ import annotations

import enum
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson

from g4f_nb.secret import SECRET_WORDS, redact
from g4f_nb.typed.docstrings import read_docstring
from g4f_nb.typed.forms import (
    MISSING,
    Anything,
    Choice,
    Either,
    Field,
    Fixed,
    Foreign,
    Listed,
    Mapped,
    NoFormError,
    Noted,
    Record,
    Scalar,
    form_of,
)

Schema = dict[str, Any]
_LONGEST_DEFAULT = 200

_BOUNDS = {
    "ge": "minimum",
    "le": "maximum",
    "gt": "exclusiveMinimum",
    "lt": "exclusiveMaximum",
    "multiple_of": "multipleOf",
    "pattern": "pattern",
}
_JSON_TYPES = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}
# Formats that are no words of JSON Schema's; they are told as a description.
_OWN_FORMATS = {"seconds": "in seconds", "path": "a path"}
# What the strict mode of OpenAI's API takes beside types, properties and the like.
_STRICT = {
    "type", "properties", "required", "additionalProperties", "items", "enum", "const", "anyOf", "$ref",
    "$defs", "description", "title",
}  # fmt: skip


def schema_of(annotation: Any) -> Schema:
    """The JSON Schema of a type; raises `NoFormError`, with the place, for what JSON cannot say."""
    writer = _Writer()
    schema = writer.write(annotation)
    return writer.finish(schema)


def schema_of_fields(fields: Sequence[Field], *, description: str = "") -> Schema:
    """The JSON Schema of an object with these parts: a function's parameters."""
    writer = _Writer()
    return writer.finish(writer.record(fields, description))


def is_strict(schema: Any) -> bool:
    """Whether a server's strict mode takes this schema: every property required, nothing but the basics."""
    if isinstance(schema, list):
        return all(map(is_strict, schema))
    if not isinstance(schema, Mapping):
        return True
    if not schema.keys() <= _STRICT or not schema:
        return False
    properties = schema.get("properties", {})
    if schema.get("type") == "object" and (
        schema.get("additionalProperties") is not False or set(schema.get("required", ())) != set(properties)
    ):
        return False
    inner = [*properties.values(), *schema.get("$defs", {}).values(), *schema.get("anyOf", ())]
    return all(map(is_strict, [*inner, *([schema["items"]] if "items" in schema else [])]))


class _Writer:
    """Writes one schema; a record that holds itself becomes a definition."""

    def __init__(self) -> None:
        self._open: list[Any] = []
        self._recursive: dict[str, Any] = {}
        self._definitions: dict[str, Schema] = {}

    def finish(self, schema: Schema) -> Schema:
        return {**schema, "$defs": self._definitions} if self._definitions else schema

    def write(self, annotation: Any) -> Schema:  # noqa: C901, PLR0911  # one arm a form
        form = form_of(annotation)
        match form:
            case Anything():
                return {}
            case Scalar(_, name, None):
                return {"type": name}
            case Scalar(_, name, str() as own) if own in _OWN_FORMATS:
                return {"type": name, "description": _OWN_FORMATS[own]}
            case Scalar(_, name, known):
                return {"type": name, "format": known}
            case Choice(written):
                return _choice(written)
            case Listed(item, _, unique):
                schema = {"type": "array", "items": self.write(item)}
                return schema | {"uniqueItems": True} if unique else schema
            case Fixed(items):
                schemas = [self.write(item) for item in items]
                same = schemas[:1] * len(schemas) == schemas
                inner: Schema = {"items": schemas[0]} if same and schemas else {"prefixItems": schemas}
                return {"type": "array", **inner, "minItems": len(items), "maxItems": len(items)}
            case Mapped(_, value):
                return {"type": "object", "additionalProperties": self.write(value) or True}
            case Either(arms):
                return _either([self.write(arm) for arm in arms])
            case Noted(inner, description, bounds):
                return _noted(self.write(inner), description, bounds)
            case Foreign(model):
                return self._foreign(model)
            case Record(source, fields, _):
                return self._record(source, fields)

    def record(self, fields: Sequence[Field], description: str = "") -> Schema:
        properties = {}
        for field in fields:
            try:
                schema = self._field(field)
            except NoFormError as error:
                raise NoFormError(f"{field.name}: {error}") from None
            if field.description and "description" not in schema:
                schema = {**schema, "description": field.description}
            default = _told_default(field)
            properties[field.name] = schema if default is None else {**schema, "default": default}
        required = [field.name for field in fields if field.required]
        about = {"description": description} if description else {}
        return {
            "type": "object", **about, "properties": properties, "required": required,
            "additionalProperties": False,
        }  # fmt: skip

    def _field(self, field: Field) -> Schema:
        if field.required:
            return self.write(field.annotation)
        # What may be left out need not be null, too: fewer servers understand that.
        form = form_of(field.annotation)
        if isinstance(form, Noted):
            inner = self._field(replace(field, annotation=form.inner))
            return _noted(inner, form.description, form.bounds)
        if isinstance(form, Either):
            arms = [arm for arm in form.arms if arm not in (None, type(None))]
            return _either([self.write(arm) for arm in arms or form.arms])
        return self.write(field.annotation)

    def _record(self, source: Any, fields: Sequence[Field]) -> Schema:
        name = source.__name__
        if source in self._open:
            self._recursive[name] = source
            return {"$ref": f"#/$defs/{name}"}
        self._open.append(source)
        schema = self.record(fields, _about(source))
        self._open.pop()
        if self._recursive.get(name) is source:
            self._definitions[name] = schema
            return {"$ref": f"#/$defs/{name}"}
        return schema

    def _foreign(self, model: Any) -> Schema:
        schema: Schema = dict(model.model_json_schema())
        definitions = schema.pop("$defs", {})
        written = _inlined(schema, definitions)
        for name in _references(written):
            self._take_definition(name, definitions)
        return dict(_untitled(written))

    def _take_definition(self, name: str, definitions: Mapping[str, Any]) -> None:
        if name in self._definitions or name not in definitions:
            return
        self._definitions[name] = {}
        schema = {key: _inlined(value, definitions) for key, value in definitions[name].items()}
        self._definitions[name] = _untitled(schema)
        for other in _references(schema):
            self._take_definition(other, definitions)


def _told_default(field: Field) -> Any:
    """A default that a model should know: short, in JSON, and nobody's key; else `None`."""
    value = field.default.value if isinstance(field.default, enum.Enum) else field.default
    if value is MISSING or any(word in field.name.lower() for word in SECRET_WORDS):
        return None
    try:
        written = orjson.dumps(value)
    except TypeError:
        return None
    text = written.decode()
    return orjson.loads(written) if len(text) <= _LONGEST_DEFAULT and redact(text) == text else None


def _choice(written: Sequence[Any]) -> Schema:
    kinds = {_JSON_TYPES.get(type(value)) for value in written}
    name = kinds.pop() if len(kinds) == 1 else None
    return {"type": name, "enum": list(written)} if name else {"enum": list(written)}


def _either(schemas: list[Schema]) -> Schema:
    kept = [schema for at, schema in enumerate(schemas) if schema not in schemas[:at]]
    return kept[0] if len(kept) == 1 else {"anyOf": kept}


def _noted(schema: Schema, description: str, bounds: Mapping[str, Any]) -> Schema:
    schema = dict(schema)
    if description:
        schema["description"] = description
    counted = {"array": "Items", "object": "Properties"}.get(schema.get("type", ""), "Length")
    for name, value in bounds.items():
        if name in ("min_length", "max_length"):
            schema[name.removesuffix("_length") + counted] = value
        else:
            schema[_BOUNDS[name]] = value
    return schema


def _about(source: Any) -> str:
    """The docstring of a class, unless Python wrote it."""
    words = inspect.cleandoc(vars(source).get("__doc__") or "")
    if words.startswith(f"{source.__name__}(") or issubclass(source, enum.Enum):
        return ""
    return read_docstring(words).summary


def _inlined(schema: Any, definitions: Mapping[str, Any]) -> Any:
    """References replaced by what they refer to, but where that would never end: few servers know them."""
    if isinstance(schema, list):
        return [_inlined(part, definitions) for part in schema]
    if not isinstance(schema, dict):
        return schema
    name = str(schema.get("$ref", "")).removeprefix("#/$defs/")
    if name in definitions and not _reaches(name, name, definitions, set()):
        rest = {key: value for key, value in schema.items() if key != "$ref"}
        return _inlined({**definitions[name], **rest}, definitions)
    return {key: _inlined(value, definitions) for key, value in schema.items()}


def _reaches(start: str, wanted: str, definitions: Mapping[str, Any], seen: set[str]) -> bool:
    for name in _references(definitions.get(start, {})):
        if name == wanted:
            return True
        if name not in seen:
            seen.add(name)
            if _reaches(name, wanted, definitions, seen):
                return True
    return False


def _references(schema: Any) -> set[str]:
    if isinstance(schema, list):
        return set().union(*map(_references, schema))
    if not isinstance(schema, dict):
        return set()
    own = {str(schema["$ref"]).removeprefix("#/$defs/")} if "$ref" in schema else set()
    return own.union(*map(_references, schema.values()))


def _untitled(schema: Any) -> Any:
    """Without the titles that pydantic gives to everything: they cost tokens and say nothing new."""
    if isinstance(schema, list):
        return [_untitled(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: {name: _untitled(part) for name, part in value.items()}
        if key == "properties"
        else _untitled(value)
        for key, value in schema.items()
        if key != "title" or not isinstance(value, str)
    }
