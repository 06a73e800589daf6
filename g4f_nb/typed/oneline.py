"""A record in one line, `"name, age int"`, and JSON Schema itself: both become types like any other."""

from __future__ import annotations

import datetime as dt
import difflib
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, NotRequired, Optional, TypedDict, Union

from g4f_nb.errors import InvalidParameterError
from g4f_nb.typed.forms import BOUNDS, Bounds

_TYPES: Mapping[str, Any] = {
    "str": str, "string": str, "text": str, "int": int, "integer": int, "float": float, "number": float,
    "bool": bool, "boolean": bool, "date": dt.date, "datetime": dt.datetime, "any": Any, "dict": dict,
}  # fmt: skip
_JSON: Mapping[str, Any] = {
    "string": str, "integer": int, "number": float, "boolean": bool, "null": None, "array": list,
    "object": dict,
}  # fmt: skip
_HOW = 'write it like "name, age int, mood good|bad, score float: 0 to 1", several as "[name, age int]"'
# `name`, `name type`, `name type?`, `name: words`
_FIELD = re.compile(r"([^\W\d]\w*)(\?)?(?:\s+(.+?))?\s*$", re.DOTALL)
_RANGE = re.compile(r"(-?\d+(?:\.\d+)?)\s*(?:to|\.\.|-)\s*(-?\d+(?:\.\d+)?)$")
# A type as it is written behind the name of a field.
_KIND = r"(?:list of |list\[)?(?:" + "|".join(_TYPES) + r"|list|[\w.-]+(?:\s*\|\s*[\w.-]+)+)(?:\[\]|\])?\??"
_BEGINS_WITH_KIND = re.compile(rf"{_KIND}(?=\s|:|$)")
# A comma parts two fields; one in the words of a field is followed by something else.
_NEXT = re.compile(rf",(?=\s*[^\W\d]\w*\??(?:\s+{_KIND})?\s*(?:[,:]|$))")


def type_of_line(line: str) -> Any:
    """The type that one line describes: a `TypedDict`, or a list of it where the line is in brackets.

    A field is a name, then its type (`str` if none is named; `int float bool date datetime any`, choices
    like `good|bad`, `[]` behind it for a list, `?` if it may be missing), then words for the model after a
    colon. Fields are parted by commas or new lines.
    """
    text = line.strip()
    many = text.startswith("[") and text.endswith("]")
    text = text[1:-1].strip() if many else text
    if not text:
        raise InvalidParameterError(f"the schema is empty: {_HOW}")
    fields: dict[str, Any] = {}
    for part in _parts(text):
        name, annotation = _field(part, line)
        if name in fields:
            raise InvalidParameterError(f"the schema {line!r} names {name!r} twice: name each field once")
        fields[name] = annotation
    record = type_of_names(fields)
    return list[record] if many else record  # type: ignore[valid-type]  # made at run time


def leading_type(text: str) -> str | None:
    """The type that a text begins with as the line of a field does: `int` of `int: in years`."""
    found = _BEGINS_WITH_KIND.match(text)
    return found and found[0]


def type_of_names(fields: Mapping[str, Any]) -> Any:
    """`{"name": str, "age": int}` as a `TypedDict`."""
    return _record("Answer", fields)


def type_of_schema(schema: Mapping[str, Any]) -> Any:
    """A JSON Schema as a type, so that it is checked like the others; what is not understood is any value."""
    definitions = {**schema.get("definitions", {}), **schema.get("$defs", {})}
    return _type_of(schema, definitions, ())


def is_json_schema(given: Mapping[str, Any]) -> bool:
    """Whether a dict is a JSON Schema rather than names and types."""
    return bool(given.keys() & {"type", "properties", "$ref", "anyOf", "oneOf", "enum", "$defs"}) and all(
        isinstance(value, str | int | float | list | dict | None) for value in given.values()
    )


def _record(name: str, fields: Mapping[str, Any]) -> Any:
    # Type checkers want to see the fields, which are known only now.
    make: Any = TypedDict
    return make(name, dict(fields))


def _parts(text: str) -> list[str]:
    rows = text.splitlines()
    # Where each field has a line of its own, the commas are in its words.
    own_lines = len(rows) > 1
    pieces = [piece for row in rows for piece in ([row] if own_lines and ":" in row else _NEXT.split(row))]
    return [piece.strip().rstrip(",") for piece in pieces if piece.strip(" ,")]


def _field(part: str, line: str) -> tuple[str, Any]:
    head, colon, words = part.partition(":")
    match = _FIELD.match(head.strip())
    if match is None or "," in (match[3] or ""):
        # The comma did not part two fields, so what follows it is none: most often its type is mistyped.
        for piece in map(str.strip, head.split(",")):
            found = _FIELD.match(piece)
            if found is not None and found[3]:
                _type_of_words(found[3].removesuffix("?").strip(), line)
    if match is None:
        raise InvalidParameterError(f"the schema {line!r} has a field {part!r} without a name: {_HOW}")
    name, optional, kind = match[1], bool(match[2]), (match[3] or "str").strip()
    if kind.endswith("?"):
        optional, kind = True, kind[:-1].strip()
    annotation = _type_of_words(kind, line)
    notes: list[Any] = [words.strip()] if colon and words.strip() else []
    limits = _RANGE.match(words.strip()) if annotation in (int, float) else None
    if limits is not None:
        notes.append(Bounds(ge=float(limits[1]), le=float(limits[2])))
    if optional:
        annotation = Optional[annotation]  # noqa: UP045  # made at run time
    return name, Annotated[(annotation, *notes)] if notes else annotation


def _type_of_words(kind: str, line: str) -> Any:
    many = kind.endswith("[]") or (kind.startswith(("list[", "list of ")) and len(kind) > len("list["))
    if many:
        kind = re.sub(r"\[\]$|^list of |^list\[(.*)\]$", lambda match: match[1] or "", kind).strip()
    if kind == "list":
        return list
    if "|" in kind:
        choices = tuple(choice.strip().strip("\"'") for choice in kind.split("|"))
        annotation: Any = Literal[choices]
    elif kind.lower() in _TYPES:
        annotation = _TYPES[kind.lower()]
    else:
        near = difflib.get_close_matches(kind.lower(), _TYPES, n=1)
        hint = f"did you mean {near[0]!r}?" if near else _HOW
        raise InvalidParameterError(f"the schema {line!r} has the type {kind!r}, which is none: {hint}")
    return list[annotation] if many else annotation


def _type_of(schema: Any, definitions: Mapping[str, Any], within: tuple[str, ...]) -> Any:
    if not isinstance(schema, Mapping):
        return Any
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        # A schema that holds itself is checked to its first round.
        return Any if name in within else _type_of(definitions.get(name), definitions, (*within, name))
    if "const" in schema or schema.get("enum"):
        annotation: Any = Literal[tuple(schema.get("enum") or [schema["const"]])]
    elif schema.get("anyOf") or schema.get("oneOf"):
        arms = schema.get("anyOf") or schema["oneOf"]
        annotation = Union[tuple(_type_of(arm, definitions, within) for arm in arms)]  # noqa: UP007
    elif isinstance(schema.get("type"), list):
        arms = [_type_of({**schema, "type": name}, definitions, within) for name in schema["type"]]
        annotation = Union[tuple(arms)]  # noqa: UP007
    else:
        annotation = _single(schema, definitions, within)
    return _noted(annotation, schema)


def _single(schema: Mapping[str, Any], definitions: Mapping[str, Any], within: tuple[str, ...]) -> Any:
    name = schema.get("type") or ("object" if "properties" in schema else None)
    if name == "array":
        return list[_type_of(schema.get("items"), definitions, within)]  # type: ignore[misc]  # made at run time
    if name == "object" and schema.get("properties"):
        required = schema.get("required", ())
        fields = {
            key: (inner if key in required else NotRequired[inner])
            for key, part in schema["properties"].items()
            for inner in (_type_of(part, definitions, within),)
        }
        return _record(str(schema.get("title") or "Answer"), fields)
    if name == "object" and isinstance(schema.get("additionalProperties"), Mapping):
        return dict[str, _type_of(schema["additionalProperties"], definitions, within)]  # type: ignore[misc]
    return _JSON.get(str(name), Any)


def _noted(annotation: Any, schema: Mapping[str, Any]) -> Any:
    names = {"minimum": "ge", "maximum": "le", "minLength": "min_length", "maxLength": "max_length"}
    names |= {"minItems": "min_length", "maxItems": "max_length"}
    given = {name: schema[key] for key, name in names.items() if key in schema}
    given = {name: value for name, value in given.items() if name in BOUNDS}
    notes = [schema["description"]] if isinstance(schema.get("description"), str) else []
    notes += [Bounds(**given)] if given else []
    return Annotated[(annotation, *notes)] if notes and annotation is not None else annotation
