"""The parameters of a provider as a form: which input each needs, and what was filled in as values.

An example is what an empty field shows in grey. It is never sent.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from g4f_nb.errors import InvalidParameterError, short
from g4f_nb.parameters import ParameterRow
from g4f_nb.providers.models.model import HOST_BOUND, SECRETS, Provider

# What the panel has another place for, or what has no place in it: keys, addresses, whole messages.
_ELSEWHERE = HOST_BOUND | frozenset(SECRETS) | {
    "model", "messages", "stream", "media", "prompt", "tools", "conversation", "response_format", "provider",
    "proxy",
}  # fmt: skip
_LITERAL = re.compile(r"Literal\[([^\]]*)\]")
_LONGEST = 200
_KINDS = {"integer": "a whole number", "number": "a number", "yesno": "True or False"}


def rows_of(provider: Provider, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One row a parameter: its name, input, choices, default, example and value, each as a text."""
    return [
        {
            "name": row.name,
            "input": input_of(row),
            "choices": _choices(row),
            "default": _text(row.default),
            "example": _text(row.example),
            "value": _text(values.get(row.name)),
        }
        for row in provider.get_parameter_rows()
        if row.name not in _ELSEWHERE
    ]


def input_of(row: ParameterRow) -> str:
    """Which input a parameter needs: number, integer, yesno, choice, text, list or json."""
    kind = row.kind
    if _LITERAL.search(kind):
        return "choice"
    names = set(re.findall(r"\w+", kind)) - {"None", "Optional", "Union", "NoneType"}
    if "bool" in names:
        return "yesno"
    if "float" in names:
        return "number"
    if "int" in names:
        return "integer"
    if "list" in {name.lower() for name in names}:
        return "list" if names <= {"list", "List", "str"} else "json"
    return "text" if names <= {"str"} else "json"


def values_of(provider: Provider, texts: Mapping[str, str]) -> dict[str, Any]:
    """What was filled in, as the provider takes it; an empty field is no value. Or which one is wrong."""
    rows = {row.name: row for row in provider.get_parameter_rows() if row.name not in _ELSEWHERE}
    values = {}
    for name, text in texts.items():
        if name in rows and text.strip():
            values[name] = _value(rows[name], text.strip())
    return values


def checked_values(provider: Provider, values: Mapping[Any, Any]) -> dict[str, Any]:
    """What was set from Python; a name that has another place, or none, and a wrong kind are errors."""
    for name in values:
        if not isinstance(name, str):
            raise InvalidParameterError(f"a parameter is named {short(name)}: names are texts")
        if name in _ELSEWHERE:
            raise InvalidParameterError(
                f"{name}= is no parameter of the drawer: give it to the panel, nb.ChatPanel(…, {name}=…)"
            )
    provider.check_parameters(values)
    rows = {row.name: row for row in provider.get_parameter_rows()}
    kept = {name: value for name, value in values.items() if value is not None}
    for name, value in kept.items():
        _check_kind(name, value, input_of(rows[name]) if name in rows else "")
    return kept


def _check_kind(name: str, value: object, wanted: str) -> None:
    right: dict[str, type | tuple[type, ...]] = {"number": (int, float), "integer": int, "yesno": bool}
    kinds = right.get(wanted)
    if kinds is None or (isinstance(value, kinds) and (wanted == "yesno" or not isinstance(value, bool))):
        return
    raise InvalidParameterError(f"{name} is {short(value)}: it must be {_KINDS[wanted]}")


def _value(row: ParameterRow, text: str) -> Any:
    wanted = input_of(row)
    try:
        if wanted == "integer":
            return int(text)
        if wanted == "number":
            number = float(text)
            if not math.isfinite(number):
                raise ValueError(text)  # noqa: TRY301  # the same as a text that is no number
            return int(text) if re.fullmatch(r"[+-]?\d+", text) else number
        if wanted == "yesno":
            return {"yes": True, "no": False}[text]
        if wanted == "list":
            return [part.strip() for part in text.split(",") if part.strip()]
        if wanted == "json":
            return json.loads(text)
    except (ValueError, KeyError):
        words = {**_KINDS, "yesno": "yes or no"}.get(wanted, "JSON")
        raise InvalidParameterError(f"{row.name} is {text[:80]!r}: it must be {words}") from None
    return text


def _choices(row: ParameterRow) -> list[str]:
    found = _LITERAL.search(row.kind)
    if found is not None:
        return re.findall(r"""["']([^"']*)["']""", found[1])
    return ["yes", "no"] if input_of(row) == "yesno" else []


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return ", ".join(value)
    if isinstance(value, str | int | float):
        return str(value)[:_LONGEST]
    try:
        return json.dumps(value, ensure_ascii=False)[:_LONGEST]
    except (TypeError, ValueError):
        return ""
