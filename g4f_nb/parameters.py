"""What a provider takes: the names a call may carry, their defaults and examples, read from a signature."""

from __future__ import annotations

import builtins
import copy
import difflib
import inspect
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, Union, get_args, get_origin

from g4f_nb.chunks import BaseConversation
from g4f_nb.errors import UnknownParameterError
from g4f_nb.secret import MASK

SAFE_PARAMETERS: tuple[str, ...] = (
    "model", "messages", "stream", "timeout", "proxy", "media", "response_format", "prompt",
    "negative_prompt", "tools", "conversation", "history_disabled", "temperature", "top_k", "top_p",
    "frequency_penalty", "presence_penalty", "max_tokens", "stop", "api_key", "api_base", "seed", "width",
    "height", "max_retries", "web_search", "guidance_scale", "num_inference_steps", "randomize_seed",
    "safe", "enhance", "private", "aspect_ratio", "n", "reasoning_effort", "total_timeout",
)  # fmt: skip

BASIC_PARAMETERS: Mapping[str, Any] = MappingProxyType(
    {
        "provider": None,
        "model": "",
        "messages": [],
        "stream": False,
        "timeout": None,
        "response_format": None,
        "max_tokens": None,
        "stop": None,
    }
)

PARAMETER_EXAMPLES: Mapping[str, Any] = MappingProxyType(
    {
        "proxy": "http://user:password@127.0.0.1:3128",
        "temperature": 1,
        "top_k": 1,
        "top_p": 1,
        "frequency_penalty": 1,
        "presence_penalty": 1,
        "messages": [{"role": "system", "content": ""}, {"role": "user", "content": ""}],
        "media": [["data:image/jpeg;base64,...", "filename.jpg"]],
        "response_format": {"type": "json_object"},
        "conversation": {
            "conversation_id": "550e8400-e29b-11d4-a716-...",
            "message_id": "550e8400-e29b-11d4-a716-...",
        },
        "seed": 42,
        "tools": [],
        "timeout": 120,
        "max_tokens": 4096,
        "stop": ["stop1", "stop2"],
    }
)

_SECRET_NAMES = {"api_key", "token", "password"}


def safe_parameters(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """The parameters of a provider's main method that a call may carry, in the signature's order."""
    signature = inspect.signature(function)
    return {name: value for name, value in signature.parameters.items() if name in SAFE_PARAMETERS}


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterRow:
    """One parameter as a form shows it; what stands in `example` is never sent by itself."""

    name: str
    kind: str
    default: Any
    example: Any

    @property
    def value(self) -> Any:
        """What a filled-in request shows: the default, else the example."""
        return self.example if self.default is None else self.default


def parameter_row(
    parameter: inspect.Parameter, function: Callable[..., Any], *, system_message: bool = True
) -> ParameterRow:
    """Name, type as written, default and example (else the zero of the type) of a parameter, as copies."""
    default = None if parameter.default is inspect.Parameter.empty else parameter.default
    if default is not None:
        default = MASK if parameter.name in _SECRET_NAMES else copy.deepcopy(default)
    if parameter.name in PARAMETER_EXAMPLES:
        example = copy.deepcopy(PARAMETER_EXAMPLES[parameter.name])
        if parameter.name == "messages" and not system_message:
            example = example[-1:]
    else:
        example = _zero(parameter.annotation, function)
    untyped = parameter.annotation is inspect.Parameter.empty
    kind = "" if untyped else _written(parameter.annotation)
    return ParameterRow(name=parameter.name, kind=kind, default=default, example=example)


def describe(parameters: Mapping[str, inspect.Parameter], *, name: str, default_model: str) -> str:
    """The text of `Provider.params`: names, types as written, defaults; secrets masked."""
    lines = []
    for parameter in parameters.values():
        line = f"    {parameter.name}"
        if parameter.annotation is not inspect.Parameter.empty:
            line += f": {_written(parameter.annotation)}"
        if parameter.default is not inspect.Parameter.empty:
            default = parameter.default
            if parameter.name == "model":
                default = default_model or default
            if parameter.name in _SECRET_NAMES and default:
                default = MASK
            shown = f'"{default}"' if isinstance(default, str) else repr(default)
            line += f" = {shown}"
        lines.append(line + ",")
    return "\n".join([f"{name} supports: (", *lines, ")"])


def resolve_annotation(annotation: Any, function: Callable[..., Any]) -> Any:
    """An annotation that is text becomes its type, alone; what cannot be resolved stays its text."""
    if not isinstance(annotation, str):
        return annotation
    try:
        return eval(annotation, _names_of(function))  # noqa: S307  # the author's own annotation, as the interpreter would
    except Exception:  # noqa: BLE001  # an unresolvable annotation may raise anything; its text is shown instead
        return annotation


def _names_of(function: Callable[..., Any]) -> dict[str, Any]:
    plain = inspect.unwrap(getattr(function, "__func__", function))
    return {**vars(typing), **getattr(plain, "__globals__", {})}


def refuse_slips(given: Iterable[str], own: Iterable[str], *, of: str) -> None:
    """A keyword that nearly is one of these is no parameter of a provider's, which take names of their own.

    `models` and `mode` are such names, and not nearly `model`.
    """
    own = tuple(own)
    for name in given:
        near = difflib.get_close_matches(name, own, n=1, cutoff=0.8)
        if near and name not in SAFE_PARAMETERS and name != f"{near[0]}s" and not near[0].startswith(name):
            raise UnknownParameterError(
                f"{of} takes no parameter {name!r}: did you mean {near[0]!r}?", parameter=name
            )


def refuse_unknown(given: Iterable[str], known: Iterable[str], *, provider: str) -> None:
    """Raise for the first keyword that nobody reads, naming the nearest one."""
    known = list(known)
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"it takes {', '.join(sorted(known))}"
            raise UnknownParameterError(
                f"{provider} takes no parameter {name!r}: {hint}", parameter=name, provider=provider
            )


class _Unknown(type):
    """Stands in for a name that is imported for type checkers only: what is around it can still be read."""

    def __getattr__(cls, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return cls

    def __call__(cls, *_: object, **__: object) -> type:
        return cls

    def __getitem__(cls, item: object) -> type:
        return cls


class _Anything(metaclass=_Unknown):
    pass


class _Names(dict[str, Any]):
    """A function's names, where whatever is missing is `_Anything`."""

    def __missing__(self, name: str) -> Any:
        return getattr(builtins, name, _Anything)


def _readable(annotation: Any, function: Callable[..., Any]) -> Any:
    """An annotation as a type, as far as its text can be read at all."""
    if isinstance(annotation, typing.ForwardRef):
        annotation = annotation.__forward_arg__
    annotation = resolve_annotation(annotation, function)
    if not isinstance(annotation, str):
        return annotation
    try:
        return eval(annotation, {}, _Names(_names_of(function)))  # noqa: S307  # as in `resolve_annotation`
    except Exception:  # noqa: BLE001  # as in `resolve_annotation`
        return annotation


def _zero(annotation: Any, function: Callable[..., Any]) -> Any:
    annotation = _readable(annotation, function)
    origin = get_origin(annotation)
    if origin is Literal:
        return get_args(annotation)[0]
    inner = _inner(annotation)
    if inner is not annotation:
        return _zero(inner, function)
    kind = origin or annotation
    if not isinstance(kind, type):
        return None
    # bool first: it is an int, too.
    for base, zero in ((bool, False), (int, 0), (float, 0.0), (str, ""), (dict, {}), (list, [])):
        if issubclass(kind, base):
            return copy.copy(zero)
    return {} if issubclass(kind, BaseConversation) else None


def _inner(annotation: Any) -> Any:
    """The first arm of a union that is not None; what is annotated, or has been given a name; else itself."""
    origin = get_origin(annotation)
    if origin in (Union, types.UnionType):
        return next((arm for arm in get_args(annotation) if arm is not type(None)), None)
    if origin is typing.Annotated:
        return get_args(annotation)[0]
    named = origin or annotation
    try:
        # A `NewType`, or a `type X = …`, whose value is read only now and may name what is not there.
        return getattr(named, "__supertype__", None) or getattr(named, "__value__", annotation)
    except NameError:
        return None


def _written(annotation: Any) -> str:
    if isinstance(annotation, str):
        return annotation
    if isinstance(annotation, type) and not get_args(annotation):
        return annotation.__name__
    text = str(annotation)
    return text.replace("typing.", "")
