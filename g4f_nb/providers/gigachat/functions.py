"""OpenAI's tools as GigaChat's functions: plain schemas, one call a turn, calls known by their state."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from g4f_nb.errors import InvalidParameterError
from g4f_nb.wire.complaints import as_text

_STATE = "gc_"
_UUID_DIGITS = re.compile(r"[0-9a-f]{32}")
# What the service's own examples say of an argument; of the rest, much may refer to other schemas.
_KEYWORDS = (
    "type", "description", "properties", "required", "items", "enum", "const", "default", "format", "pattern",
    "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "nullable",
)  # fmt: skip
# Of a function's description, what GigaChat knows beside the schema.
_MORE_FIELDS = ("few_shot_examples", "return_parameters")


def functions_of(tools: Sequence[Any]) -> list[dict[str, Any]]:
    """The `functions` of a request from `tools` in OpenAI's form, or from bare functions."""
    made = []
    for tool in tools:
        function: Any = tool.get("function", tool) if isinstance(tool, dict) else tool
        if not isinstance(function, Mapping) or not isinstance(function.get("name"), str):
            raise InvalidParameterError(
                f'tools= holds {shown(tool)}: a tool is {{"type": "function", "function": {{"name": …, '
                '"description": …, "parameters": …}}',
                provider="GigaChat",
            )
        parameters = function.get("parameters") or {"type": "object", "properties": {}}
        one = {
            "name": function["name"],
            "description": function.get("description") or function["name"],
            "parameters": plain_schema(parameters),
        }
        one.update({name: function[name] for name in _MORE_FIELDS if name in function})
        made.append(one)
    return made


def function_call_of(choice: Any, functions: Sequence[Mapping[str, Any]]) -> str | dict[str, Any]:
    """The `function_call` of a request from `tool_choice`."""
    match choice:
        case "auto" | "none":
            return str(choice)
        case "required" if len(functions) == 1:
            return {"name": functions[0]["name"]}
        case {"function": {"name": str(name)}} | {"name": str(name)}:
            return {"name": name}
    hint = "name the one with tool_choice=" if choice == "required" else 'it is "auto", "none" or names one'
    raise InvalidParameterError(
        f"tool_choice={shown(choice)} is nothing that GigaChat can do: {hint}, like "
        '{"type": "function", "function": {"name": "…"}}',
        provider="GigaChat",
    )


def plain_schema(schema: Any) -> Any:
    """A JSON schema as GigaChat takes it: without references and alternatives, with `properties` everywhere.

    What pydantic and others write (`$ref`, `anyOf` with null, a list of types, numbers as choices) is refused
    there with a 422.
    """
    root = schema if isinstance(schema, Mapping) else {}
    return _plain(schema, root, frozenset())


def call_id(state: Any) -> str:
    """An id for a call: the API gives none, but the state of its functions, which it wants to see again."""
    text = state if isinstance(state, str) else ""
    if not text:
        return f"call_{uuid.uuid4().hex}"
    digits = text.replace("-", "")
    if _is_uuid(text):
        text = digits
    # Distinct although one state may serve several calls; 40 characters, the most that OpenAI takes.
    return f"{_STATE}{text}_{uuid.uuid4().hex[:4]}"


def state_of(call: Any) -> str | None:
    """The state that `call_id` put into a call's id, `None` for ids of other services."""
    if not isinstance(call, str) or not call.startswith(_STATE):
        return None
    text = call.removeprefix(_STATE).rpartition("_")[0]
    if _UUID_DIGITS.fullmatch(text):
        return str(uuid.UUID(text))
    return text or None


def arguments_of(text: Any) -> dict[str, Any]:
    """The arguments of a call as the object that the API takes; OpenAI's form is JSON text."""
    if isinstance(text, str):
        try:
            text = orjson.loads(text or "{}")
        except orjson.JSONDecodeError:
            # What a model wrote wrongly goes back as it was.
            text = {"arguments": text}
    return dict(text) if isinstance(text, Mapping) else {"arguments": text}


def result_of(text: str) -> str:
    """What a function gave, as the JSON object that the API takes in the place of any text."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        value = text
    return text if isinstance(value, dict) else orjson.dumps({"result": value}).decode()


def shown(value: Any) -> str:
    """A value in an error, cut short."""
    text = as_text(value)
    return text if len(text) <= 80 else text[:79] + "…"  # noqa: PLR2004


def _is_uuid(text: str) -> bool:
    digits = text.replace("-", "")
    return bool(_UUID_DIGITS.fullmatch(digits)) and text == str(uuid.UUID(digits))


def _plain(schema: Any, root: Mapping[str, Any], inside: frozenset[str]) -> Any:
    """One part; `inside` are the references that lead to it, for one that leads to itself has no end."""
    if not isinstance(schema, Mapping):
        return schema
    schema, inside = _resolved(schema, root, inside)
    made = {name: schema[name] for name in _KEYWORDS if name in schema}
    kind = made.get("type")
    if isinstance(kind, list):
        kind = made["type"] = next((each for each in kind if each != "null"), "string")
    if kind == "object" or "properties" in made:
        made["type"] = "object"
        properties = made.get("properties")
        made["properties"] = {
            name: _plain(each, root, inside)
            for name, each in (properties.items() if isinstance(properties, Mapping) else ())
        }
    if "items" in made:
        made["items"] = _plain(made["items"], root, inside)
    _settle_choices(made)
    return made


def _resolved(
    schema: Mapping[str, Any], root: Mapping[str, Any], inside: frozenset[str]
) -> tuple[Mapping[str, Any], frozenset[str]]:
    """The schema with what it refers to, and the first alternative that is not null, put in its place."""
    while True:
        beside = {
            name: value for name, value in schema.items() if name not in ("$ref", "anyOf", "oneOf", "allOf")
        }
        reference = schema.get("$ref")
        if isinstance(reference, str):
            found = _look_up(reference, root)
            if reference in inside:
                found = {"type": "object", "properties": {}} if "properties" in found else {}
            inside |= {reference}
            schema = {**found, **beside}
            continue
        arms = [arm for name in ("anyOf", "oneOf") for arm in _schemas(schema.get(name))]
        if arms:
            schema = {**next((arm for arm in arms if arm.get("type") != "null"), {}), **beside}
            continue
        joined: dict[str, Any] = {}
        for part in _schemas(schema.get("allOf")):
            found, inside = _resolved(part, root, inside)
            joined |= found
        return {**joined, **beside}, inside


def _schemas(value: Any) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def _look_up(reference: str, root: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Any = root
    for name in filter(None, reference.removeprefix("#").split("/")):
        found = found.get(name.replace("~1", "/").replace("~0", "~")) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _settle_choices(made: dict[str, Any]) -> None:
    """Only texts can be choices: others are told in the description."""
    choices = made.pop("enum", None)
    if "const" in made:
        choices = [made.pop("const")]
    if not isinstance(choices, list):
        return
    if all(isinstance(each, str) for each in choices):
        made["enum"] = choices
        made.setdefault("type", "string")
        return
    words = f"One of {', '.join(map(as_text, choices))}."
    made["description"] = f"{made['description']} {words}" if made.get("description") else words
