"""A table of a TOML file, or the keywords of `nb.register`: what is wrong with it, in words.

Faults are given, not raised: a value may be a key in the wrong place, and tracebacks can show locals.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import Any

from g4f_nb.credentials import origin
from g4f_nb.errors import G4FError, sort_of
from g4f_nb.headers import header_fault
from g4f_nb.secret import redact

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9._-]*")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_CHOICES: Mapping[str, Collection[str]] = {
    "auth": ("bearer", "api-key", "x-api-key", "x-goog-api-key", "none"),
    "limits": ("key", "model"),
    "json_mode": ("none", "object", "schema"),
}


def table_fault(name: object, values: Any, kinds: Mapping[str, str]) -> str | None:
    """What is wrong with a table, as the end of a sentence about it; `None` if nothing is."""
    if not isinstance(values, Mapping):
        return f" is {redact(repr(values))}: a provider is a table, like [{name}]"
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        return ": a provider's name is letters, digits, '.', '_' and '-', and begins with a letter"
    unknown = [str(key) for key in values if key not in kinds]
    if unknown:
        near = difflib.get_close_matches(unknown[0], kinds, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}?" if near else f"the keys are {', '.join(kinds)}"
        return f" has the key {unknown[0]!r}, which nothing reads: {hint}"
    for key, value in values.items():
        fault = _fault_of_headers(value) if key == "headers" else _fault(key, value, kinds[key])
        if fault is not None:
            return f": {key} {fault}"
    if not any(values.get(key) for key in ("api_base", "api_base_env", "api_host_env")):
        return " has no address: give api_base, everything before /chat/completions"
    return None


def converted(value: Any, key: str, kind: str) -> Any:
    """A value without fault in the form that a row keeps."""
    match kind:
        case "tuple[str, ...]":
            return (value,) if isinstance(value, str) else tuple(value)
        case "Mapping[str, str]" | "Mapping[str, int]":
            return MappingProxyType(dict(value))
    return value.rstrip("/") if key == "api_base" else value


def class_name_of(name: str) -> str:
    """`my-box` is imported as `MyBox`."""
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", name)) or name


def _fault(key: str, value: Any, kind: str) -> str | None:
    fits, expected = _KINDS[kind]
    if not fits(value):
        # A table may be headers, and a header a key.
        shown = redact(repr(value)) if isinstance(value, str | int | float | list) else sort_of(value)
        return f"is {shown}: it must be {expected}"
    if key in _CHOICES and value not in _CHOICES[key]:
        return f"is {value!r}: it must be one of {', '.join(_CHOICES[key])}"
    if key == "class_name" and not value.isidentifier():
        return f"is {value!r}: it must be what Python imports, like {class_name_of(value)!r}"
    if key.endswith("_env") and not all(
        map(_VARIABLE.fullmatch, [value] if isinstance(value, str) else value)
    ):
        # Whatever else stands there may be the key itself.
        return (
            "holds what is no variable's name: it names the variable that holds the value, like "
            "MYBOX_API_KEY, not the value itself"
        )
    return _address_fault(value) if key == "api_base" and value else None


def _fault_of_headers(value: Any) -> str | None:
    if not isinstance(value, Mapping):
        # It may be a key.
        return f"is {sort_of(value)}: it must be a table of texts"
    fault = header_fault(value, place="them")
    return None if fault is None else f"do not fit: {fault}"


def _address_fault(value: str) -> str | None:
    try:
        origin(value)
    except G4FError as error:
        return f"does not fit: {error}"
    return None


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _are_texts(value: Any) -> bool:
    return _is_text(value) or (
        isinstance(value, list | tuple) and all(text and _is_text(text) for text in value)
    )


def _maps_to(kind: type) -> Callable[[Any], bool]:
    return lambda value: (
        isinstance(value, Mapping)
        and all(
            isinstance(key, str) and isinstance(each, kind) and not isinstance(each, bool)
            for key, each in value.items()
        )
    )


_KINDS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "bool": (lambda value: isinstance(value, bool), "true or false"),
    "str": (_is_text, "a text"),
    "tuple[str, ...]": (_are_texts, "a list of texts"),
    "Mapping[str, str]": (_maps_to(str), "a table of texts"),
    "Mapping[str, int]": (_maps_to(int), "a table of whole numbers"),
}
