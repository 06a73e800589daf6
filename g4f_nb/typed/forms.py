"""What a Python type asks of JSON: one of a few forms, for whoever writes or reads it."""

from __future__ import annotations

import collections
import collections.abc
import dataclasses
import datetime as dt
import decimal
import enum
import inspect
import pathlib
import types
import typing
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ForwardRef, Literal, TypeVar, Union, get_args, get_origin

# No default; a dataclass cannot have its own sentinel for one.
MISSING: Any = inspect.Parameter.empty


class NoFormError(TypeError):
    """A type of which JSON has nothing to say."""


@dataclass(frozen=True, slots=True)
class Anything:
    """Any JSON value, taken as it is."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text, a number, a truth value, null, or what is written as one."""

    kind: type
    json: str
    format: str | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few values: `written` in JSON, `meant` in Python."""

    written: tuple[Any, ...]
    meant: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """Any number of items of one kind."""

    item: Any
    make: Callable[[list[Any]], Any]
    unique: bool = False


@dataclass(frozen=True, slots=True)
class Fixed:
    """So many items, each of its own kind."""

    items: tuple[Any, ...]
    make: Callable[[list[Any]], Any]


@dataclass(frozen=True, slots=True)
class Mapped:
    """Names to values of one kind."""

    key: Any
    value: Any
    make: Callable[[dict[Any, Any]], Any]


@dataclass(frozen=True, slots=True)
class Either:
    """One of several."""

    arms: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Field:
    """One part of a record."""

    name: str
    annotation: Any
    required: bool = True
    default: Any = MISSING
    description: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """Named parts, each of its own kind."""

    source: Any
    fields: tuple[Field, ...]
    make: Callable[[dict[str, Any]], Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Foreign:
    """A pydantic model, which knows itself how it is written and read."""

    model: Any


@dataclass(frozen=True, slots=True)
class Noted:
    """A type with words for the reader, and bounds."""

    inner: Any
    description: str = ""
    bounds: Mapping[str, Any] = field(default_factory=dict)


Form = Anything | Scalar | Choice | Listed | Fixed | Mapped | Either | Record | Foreign | Noted


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Limits to put beside a type in `Annotated`; the ones of annotated-types and pydantic do as well."""

    ge: float | None = None
    le: float | None = None
    min_length: int | None = None
    max_length: int | None = None


# What may stand in `Annotated` beside a type, by the names that annotated-types and pydantic gave it.
BOUNDS = ("ge", "gt", "le", "lt", "multiple_of", "min_length", "max_length", "pattern")

_SCALARS: dict[type, Scalar] = {
    str: Scalar(str, "string"),
    int: Scalar(int, "integer"),
    float: Scalar(float, "number"),
    bool: Scalar(bool, "boolean"),
    types.NoneType: Scalar(types.NoneType, "null"),
    decimal.Decimal: Scalar(decimal.Decimal, "number"),
    dt.datetime: Scalar(dt.datetime, "string", "date-time"),
    dt.date: Scalar(dt.date, "string", "date"),
    dt.time: Scalar(dt.time, "string", "time"),
    dt.timedelta: Scalar(dt.timedelta, "number", "seconds"),
    uuid.UUID: Scalar(uuid.UUID, "string", "uuid"),
    pathlib.PurePath: Scalar(pathlib.Path, "string", "path"),
}
_LISTS: dict[Any, Callable[[list[Any]], Any]] = {
    list: list,
    tuple: tuple,
    set: set,
    frozenset: frozenset,
    collections.deque: collections.deque,
    collections.abc.Sequence: list,
    collections.abc.MutableSequence: list,
    collections.abc.Collection: list,
    collections.abc.Iterable: list,
    collections.abc.Set: set,
    collections.abc.MutableSet: set,
}
_MAPPINGS = (dict, collections.abc.Mapping, collections.abc.MutableMapping, collections.OrderedDict)
# By name, for typing-extensions has its own of those that came with a later Python.
_WRAPPERS = ("Required", "NotRequired", "Final", "ReadOnly")
# What an annotation may name although its module imports it for type checkers only.
_USUAL = {
    **vars(collections.abc),
    **vars(typing),
    **{name: value for name, value in vars(dt).items() if isinstance(value, type)},
    "Decimal": decimal.Decimal,
    "UUID": uuid.UUID,
    "Path": pathlib.Path,
    "Enum": enum.Enum,
}


def form_of(annotation: Any) -> Form:  # noqa: C901, PLR0911, PLR0912  # one arm a kind of annotation
    """The form of one annotation; raises `NoFormError` for a type that cannot be written in JSON."""
    if annotation in (Any, object, inspect.Parameter.empty) or isinstance(annotation, TypeVar):
        return Anything()
    if annotation is None:
        return _SCALARS[types.NoneType]
    if isinstance(annotation, str | ForwardRef):
        raise NoFormError(f"its type {_name(annotation)} is not found: define or import it before")
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _noted(annotation)
    if origin is Literal:
        return Choice(tuple(map(_written, arguments)), arguments)
    if origin in (Union, types.UnionType):
        return Either(arguments)
    if getattr(origin, "_name", None) in _WRAPPERS:
        return form_of(arguments[0])
    alias = getattr(annotation, "__value__", None) or getattr(annotation, "__supertype__", None)
    if alias is not None and not isinstance(annotation, type):
        return form_of(alias)
    kind = origin or annotation
    if not isinstance(kind, type):
        raise NoFormError(f"its type {_name(annotation)} cannot be written in JSON")
    if issubclass(kind, enum.Enum):
        return Choice(tuple(map(_written, kind)), tuple(kind))
    if typing.is_typeddict(kind):
        return _typed_dict(kind)
    if hasattr(kind, "model_validate") and hasattr(kind, "model_json_schema"):
        return Foreign(kind)
    if dataclasses.is_dataclass(kind):
        return _dataclass(kind)
    if issubclass(kind, tuple) and hasattr(kind, "_fields"):
        return _named_tuple(kind)
    return _plain(kind, arguments, annotation)


def _plain(kind: type, arguments: tuple[Any, ...], annotation: Any) -> Form:
    if kind is tuple and arguments and arguments[-1] is not ...:
        return Fixed(() if arguments == ((),) else arguments, tuple)
    if kind in _LISTS:
        item = arguments[0] if arguments else Any
        return Listed(item, _LISTS[kind], unique=issubclass(kind, collections.abc.Set))
    if kind in _MAPPINGS:
        key, value = arguments or (str, Any)
        return Mapped(key, value, collections.OrderedDict if kind is collections.OrderedDict else dict)
    for base in kind.__mro__:
        # Of a kind of date like pandas.Timestamp an instance of that kind is made.
        known = _SCALARS.get(base)
        if known is not None:
            own = kind if kind is not pathlib.PurePath else pathlib.Path
            return dataclasses.replace(known, kind=own)
    raise NoFormError(f"its type {_name(annotation)} cannot be written in JSON")


def _written(value: Any) -> Any:
    return value.value if isinstance(value, enum.Enum) else value


def _noted(annotation: Any) -> Form:
    inner, *notes = get_args(annotation)
    description, bounds = "", {}
    for note in notes:
        if isinstance(note, str):
            description = description or note
            continue
        words = getattr(note, "description", None) or getattr(note, "documentation", None)
        if isinstance(words, str):
            description = description or words
        # pydantic's Field keeps its bounds in a list of its own.
        for part in (note, *(getattr(note, "metadata", None) or ())):
            bounds.update(
                {name: getattr(part, name) for name in BOUNDS if getattr(part, name, None) is not None}
            )
    return Noted(inner, description, bounds)


def _typed_dict(kind: Any) -> Record:
    hints, words = hints_of(kind), _described(kind)
    fields = []
    for name, hint in hints.items():
        wrapped = get_origin(hint)
        required = name in kind.__required_keys__ if wrapped is not typing.NotRequired else False
        fields.append(
            Field(name, hint, required or wrapped is typing.Required, description=words.get(name, ""))
        )
    return Record(kind, tuple(fields), dict)


def _dataclass(kind: Any) -> Record:
    hints, words = hints_of(kind), _described(kind)
    fields = []
    for each in dataclasses.fields(kind):
        if each.init:
            required = each.default is each.default_factory is dataclasses.MISSING
            default = MISSING if each.default is dataclasses.MISSING else each.default
            note = each.metadata.get("description", "") or words.get(each.name, "")
            fields.append(Field(each.name, hints[each.name], required, default, note))
    return Record(kind, tuple(fields), lambda values: kind(**values))


def _named_tuple(kind: Any) -> Record:
    hints, words = hints_of(kind), _described(kind)
    fields = tuple(
        Field(
            name,
            hints.get(name, Any),
            name not in kind._field_defaults,
            kind._field_defaults.get(name, MISSING),
            words.get(name, ""),
        )
        for name in kind._fields
    )
    return Record(kind, fields, lambda values: kind(**values))


def _described(kind: Any) -> dict[str, str]:
    from g4f_nb.typed.docstrings import read_docstring

    return read_docstring(kind.__doc__ or "").parameters


def hints_of(source: Any) -> dict[str, Any]:
    """The annotations of a class or function, resolved one by one; what cannot be is a `ForwardRef`."""
    try:
        return typing.get_type_hints(source, include_extras=True)
    except Exception:  # noqa: BLE001  # one name that is not there spoils them all, in any way
        hints: dict[str, Any] = {}
    for owner in reversed(getattr(source, "__mro__", (source,))):
        for name, annotation in inspect.get_annotations(owner).items():
            hints[name] = resolved(annotation, owner)
    return hints


def resolved(annotation: Any, source: Any) -> Any:
    """One annotation that is a text becomes its type, if its names are known where it was written."""
    if not isinstance(annotation, str):
        return annotation
    module = inspect.getmodule(source)
    names = {**_USUAL, **vars(module or typing), **getattr(source, "__globals__", {})}
    if inspect.isfunction(source):
        names |= inspect.getclosurevars(source).nonlocals
    names |= {source.__name__: source} if inspect.isclass(source) else {}
    try:
        return eval(annotation, names)  # noqa: S307  # the author's own annotation, as the interpreter would
    except Exception:  # noqa: BLE001  # whatever it raises, its text is told instead
        return ForwardRef(annotation)


def _name(annotation: Any) -> str:
    if isinstance(annotation, ForwardRef):
        annotation = annotation.__forward_arg__
    return (
        repr(annotation) if isinstance(annotation, str) else getattr(annotation, "__name__", str(annotation))
    )
