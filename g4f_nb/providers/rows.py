"""A service as data: what a row may say, how it is read and checked; `catalog.toml` has the package's own."""

from __future__ import annotations

import difflib
import functools
import inspect
import re
import tomllib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, fields
from importlib import resources
from types import MappingProxyType
from typing import Any, TypeVar

from g4f_nb.errors import G4FError, InvalidParameterError
from g4f_nb.secret import redact

_Class = TypeVar("_Class", bound=type)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9._-]*")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_CHOICES: Mapping[str, Collection[str]] = {
    "auth": ("bearer", "api-key", "x-api-key", "none"),
    "limits": ("key", "model"),
    "json_mode": ("", "none", "object", "schema"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A service as data: what tells it from every other OpenAI-compatible server.

    `catalog.toml` explains each field; `None` and `""` mean "not known".
    """

    name: str
    label: str
    class_name: str
    url: str = ""
    api_base: str = ""
    module: str = ""
    # Where it is.
    api_base_env: tuple[str, ...] = ()
    api_host_env: str | None = None
    api_path: str = "/v1"
    models_path: str = ""
    lists_models: bool = True
    # Who may call it.
    api_key_env: tuple[str, ...] = ()
    needs_auth: bool = True
    auth: str = "bearer"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    dedicated: bool = True
    local: bool = False
    # What it takes and gives.
    default_model: str = ""
    rename: Mapping[str, str] = field(default_factory=dict)
    drop: tuple[str, ...] = ()
    returns_reasoning: bool = False
    stream_usage: bool = True
    tools: bool | None = None
    vision: bool | None = None
    json_mode: str = ""
    limits: str = "key"
    context: Mapping[str, int] = field(default_factory=dict)
    context_date: str = ""
    # What a user should know.
    quirks: str = ""
    unverified: tuple[str, ...] = ()

    @property
    def checked(self) -> bool:
        """Whether documentation or another client's source bears out all that the row says."""
        return not self.unverified


_KINDS = {each.name: str(each.type) for each in fields(Row) if each.name != "name"}


@functools.cache
def rows() -> Mapping[str, Row]:
    """Every row of the package's catalog, by name."""
    text = resources.files("g4f_nb.providers").joinpath("catalog.toml").read_text(encoding="utf-8")
    tables = tomllib.loads(text)
    return MappingProxyType(
        {name: make_row(name, values, source="catalog.toml") for name, values in tables.items()}
    )


def of_row(name: str) -> Callable[[_Class], _Class]:
    """Dress a class with what its row in `catalog.toml` says: `@of_row("deepseek")`."""
    return lambda cls: dressed(cls, rows()[name])


def dressed(cls: _Class, row: Row) -> _Class:
    """The class, with the row's data on it where it does not say otherwise itself, and in its docstring."""
    said: dict[str, Any] = {
        "row": row,
        "url": row.url or None,
        "label": row.label,
        "api_base": row.api_base,
        "default_model": row.default_model,
        "stream_usage": row.stream_usage,
        "returns_reasoning": row.returns_reasoning,
    }
    own = vars(cls)
    for name, value in said.items():
        if name not in own:
            setattr(cls, name, value)
    cls.__doc__ = describe(row, own.get("__doc__"))
    return cls


def describe(row: Row, told: str | None = None) -> str:
    """What a provider's docstring says: the service, its peculiarities, and what nobody has checked."""
    where = row.url or row.api_base
    parts = [f"{row.label}, over its OpenAI-compatible API{f' ({where})' if where else ''}."]
    if told:
        parts = [inspect.cleandoc(told)] if row.label in told else [*parts, inspect.cleandoc(told)]
    if row.quirks:
        parts.append(row.quirks)
    if row.unverified:
        parts.append(f"Not verified: {', '.join(row.unverified)}.")
    return "\n\n".join(parts)


def make_row(name: str, values: Mapping[str, Any], *, source: str) -> Row:
    """Check a table and make it a row; what is wrong is told with the file (or call) and the key."""
    where = f"{source}, [{name}]"
    if not isinstance(values, Mapping):
        raise InvalidParameterError(f"{where} is {values!r}: a provider is a table, like [{name}]")
    if not _NAME.fullmatch(name):
        raise InvalidParameterError(
            f"{where}: a provider's name is letters, digits, '.', '_' and '-', and begins with a letter"
        )
    given: dict[str, Any] = {"label": name, "class_name": _class_name(name)}
    for key, value in values.items():
        if key not in _KINDS:
            near = difflib.get_close_matches(key, _KINDS, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]!r}?" if near else f"the keys are {', '.join(_KINDS)}"
            raise InvalidParameterError(f"{where} has the key {key!r}, which nothing reads: {hint}")
        given[key] = _checked(value, key, where)
    row = Row(name=name, **given)
    if not row.api_base and not row.api_base_env and not row.api_host_env:
        raise InvalidParameterError(
            f"{where} has no address: give api_base, everything before /chat/completions"
        )
    return row


def _checked(value: Any, key: str, where: str) -> Any:
    kind = _KINDS[key].removesuffix(" | None")
    # A table may hold headers, and a header may hold a key.
    shown = (
        f"a {type(value).__name__}" if isinstance(value, Mapping) or key == "headers" else redact(repr(value))
    )
    wrong = f"{where}: {key} is {shown}"
    match kind:
        case "bool" if isinstance(value, bool):
            return value
        case "str" if isinstance(value, str):
            return _checked_text(value, key, wrong)
        case "tuple[str, ...]" if isinstance(value, str | list | tuple):
            texts = (value,) if isinstance(value, str) else tuple(value)
            if all(isinstance(text, str) and text for text in texts):
                _check_variables(texts, key, wrong)
                return texts
        case "Mapping[str, str]" if _maps(value, str):
            return MappingProxyType(dict(value))
        case "Mapping[str, int]" if _maps(value, int):
            return MappingProxyType(dict(value))
    expected = {
        "bool": "true or false", "str": "a text", "tuple[str, ...]": "a list of texts",
        "Mapping[str, str]": "a table of texts", "Mapping[str, int]": "a table of whole numbers",
    }[kind]  # fmt: skip
    raise InvalidParameterError(f"{wrong}: it is {expected}")


def _checked_text(value: str, key: str, wrong: str) -> str:
    if key in _CHOICES and value not in _CHOICES[key]:
        raise InvalidParameterError(f"{wrong}: it is one of {', '.join(filter(None, _CHOICES[key]))}")
    if key == "class_name" and not value.isidentifier():
        raise InvalidParameterError(f"{wrong}: it is what Python imports, like {_class_name(value)!r}")
    if key == "api_host_env":
        _check_variables((value,), key, wrong)
    if key == "api_base" and value:
        _check_address(value, wrong)
        return value.rstrip("/")
    return value


def _check_variables(names: Collection[str], key: str, wrong: str) -> None:
    """Names of variables; whatever else stands there may be the key itself, so it is not shown."""
    if key.endswith("_env") and not all(map(_VARIABLE.fullmatch, names)):
        where = wrong.partition(f": {key} is ")[0]
        raise InvalidParameterError(
            f"{where}: {key} holds what is no variable's name: it names the variable that holds the value, "
            "like MYBOX_API_KEY, not the value itself"
        )


def _check_address(value: str, wrong: str) -> None:
    # Imported here: this module is read before anything is connected to anything.
    from g4f_nb.credentials import origin

    try:
        origin(value)
        fault = None
    except G4FError as error:
        fault = str(error)
    if fault is not None:
        raise InvalidParameterError(f"{wrong.partition(': api_base is ')[0]}: {fault}")


def _maps(value: Any, kind: type) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(key, str) and isinstance(each, kind) and not isinstance(each, bool)
        for key, each in value.items()
    )


def _class_name(name: str) -> str:
    """`my-box` is imported as `MyBox`."""
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", name)) or name
