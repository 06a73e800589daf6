"""What the names in a line stand for: models, tools and types among the user's own variables."""

from __future__ import annotations

import ast
import builtins
import difflib
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from g4f_nb.cells.parsing import Options
from g4f_nb.errors import InvalidParameterError
from g4f_nb.providers.base import AbstractProvider
from g4f_nb.providers.combined.grouping import first_named
from g4f_nb.providers.finding.entries import Known
from g4f_nb.providers.finding.known import look_up
from g4f_nb.providers.models.model import Model, Provider
from g4f_nb.secret import redact
from g4f_nb.typed.oneline import leading_type

Names = Mapping[str, Any]


def variable(names: Names, name: Any) -> Any:
    """The `nb.Model` or provider class that the user keeps under this name, else the name itself."""
    value = names.get(name) if isinstance(name, str) else None
    return value if is_model(value) else name


def is_model(value: Any) -> bool:
    """Whether a value is something that can be asked."""
    return isinstance(value, Model) or (inspect.isclass(value) and issubclass(value, AbstractProvider))


def nearest_model(written: Any, names: Names) -> str | None:
    """The variable that was probably meant by the name of a model."""
    if not isinstance(written, str):
        return None
    known = [name for name, value in names.items() if is_model(value)]
    return next(iter(difflib.get_close_matches(written, known, n=1)), None)


def who_answers(options: Options, names: Names) -> tuple[Any, Any]:
    """The model and the provider of a line, variables among them."""
    model, provider = _one(options, names)
    if provider is None and isinstance(model, str):
        model, provider = of_own_class(model, partial(variable, names))
        if provider is not None:
            return model, provider
    if options.fallback or options.race:
        return model, provider
    return model, _with_address(options, model, provider)


def of_own_class(model: str, variable: Callable[[str], Any]) -> tuple[str, Provider | None]:
    """`Mine:echo` as a model of a class that the user keeps under a name, else the text itself."""
    left, colon, right = model.partition(":")
    own: Any = variable(left) if colon else None
    if isinstance(own, type) and issubclass(own, AbstractProvider):
        return right, own
    return model, None


def _one(options: Options, names: Names) -> tuple[Any, Any]:
    """The model and the provider; where -p names another than a variable's, it is the model of that name."""
    model, provider = variable(names, options.model), variable(names, options.provider)
    if provider is None or isinstance(model, str | None):
        return model, provider
    whose = look_up(provider) if isinstance(provider, str) else provider
    its = _provider_of(model)
    elsewhere = its is not None and _class(its) is not _class(whose)
    return options.model if elsewhere else model, provider


def _class(known: Any) -> Any:
    return known.load() if isinstance(known, Known) and known.fault is None else known


def group_of(options: Options, names: Names) -> dict[str, list[Any]]:
    """The models beside it of which one answers, as `fallback=` or `race=` of `nb.ask`."""
    provider = variable(names, options.provider)
    groups = {"fallback": options.fallback, "race": options.race}
    return {
        flag: [_of(provider, variable(names, name)) for name in group]
        for flag, group in groups.items()
        if group
    }


def several(options: Options, names: Names) -> list[str | Model | Provider]:
    """The models of a comparison, each once; -p alone is whose those are that name no provider."""
    model, provider = _one(options, names)
    compared = [variable(names, name) for name in options.compare]
    known = look_up(provider) if isinstance(provider, str) else None
    # One more model it is only where none of those named is one of it.
    alone = model is None and known is not None and {known, None} & {_provider_of(each) for each in compared}
    together = [*first_named(model, None if alone else provider), *(_of(provider, each) for each in compared)]
    return [each for at, each in enumerate(together) if each not in together[:at]]


def _of(provider: Any, model: Any) -> Any:
    """A model that names no provider is one of -p's."""
    if isinstance(provider, str) and isinstance(model, str) and _provider_of(model) is None:
        return f"{provider}:{model}"
    return model


def _provider_of(model: Any) -> Any:
    """What is known of the provider that a model names; `None` if it names none."""
    name = model.name if isinstance(model, Model) else model
    return look_up(name.partition(":")[0] if isinstance(name, str) else name.__name__) or (
        None if isinstance(name, str) else name
    )


def _with_address(options: Options, model: Any, provider: Any) -> Any:
    """An address alone is that of an OpenAI-compatible server."""
    if options.api_base is None or provider is not None or not isinstance(model, str | None):
        return provider
    named = model is not None and look_up(model.partition(":")[0]) is not None
    return None if named else "OpenaiTemplate"


def tools_of(written: Iterable[str], names: Names) -> list[Any]:
    """The functions that `--tool` names; a list of tools, or an open tool server, is all of its tools."""
    return [_tool(each, names) for each in written]


def _tool(written: str, names: Names) -> Any:
    found = _value(written, names, "--tool", callable)
    sequence = isinstance(found, Sequence) and not isinstance(found, str | bytes)
    if not (callable(found) or sequence or isinstance(found, Mapping)):
        raise InvalidParameterError(
            f"--tool {written} is of type {type(found).__name__}: name a function, or a list of them"
        )
    return found


def schema_of(options: Options, names: Names) -> Any:
    """The type that `--schema` names, else the line itself; a name that nobody knows is an error."""
    written = options.schema or ""
    if not _is_type_expression(written) or _is_one_field(written.strip(), names):
        if _torn_type(options, names) == options.behind_schema:
            raise InvalidParameterError(
                f"{_torn(options, options.behind_schema)}; a prompt that begins like a type stands behind "
                "--. Nothing was sent"
            )
        return written
    found = _value(written, names, "--schema", inspect.isclass)
    if isinstance(found, str | Mapping) or inspect.isclass(found) or hasattr(found, "__origin__"):
        return found
    if type(found).__module__ in ("typing", "types"):
        return found
    raise InvalidParameterError(
        f"--schema {written} is of type {type(found).__name__}: it must be a type of yours, or a line like "
        '"name, age int"'
    )


def notices_of(options: Options, names: Names) -> tuple[str, ...]:
    """What the user should know of how the line was read, now that its names are known."""
    kind = _torn_type(options, names)
    torn = () if kind is None else (_torn(options, f"{kind} …"),)
    return (*options.notices, *torn, *_no_flag(options))


def _no_flag(options: Options) -> tuple[str, ...]:
    """That `groq:some-model` before the prompt is sent with it, and chooses nobody."""
    whose, _, model = options.first_word.partition(":")
    if not model or options.model or options.provider or look_up(whose) is None:
        return ()
    return (f"the prompt begins with {redact(options.first_word)!r}: to ask that model write -m before it",)


def _torn_type(options: Options, names: Names) -> str | None:
    """The type behind the name of a field which is the whole schema: perhaps a line without its quotes."""
    written = (options.schema or "").strip()
    return leading_type(options.behind_schema) if _is_one_field(written, names) else None


def _torn(options: Options, meant: str) -> str:
    written, kind = options.schema, leading_type(options.behind_schema)
    return (
        f"--schema is {written!r} alone, and the prompt begins with {kind!r}: a line of several words stands "
        f'in quotes, --schema "{written} {meant}"'
    )


def _is_one_field(written: str, names: Names) -> bool:
    """Whether it is the line of one field, `name`, and no type that is missing or mistyped."""
    if written in names or hasattr(builtins, written) or not (written.isidentifier() and written.islower()):
        return False
    types = [name.lower() for name, value in names.items() if inspect.isclass(value)]
    return not difflib.get_close_matches(written, types, n=1)


def _is_type_expression(written: str) -> bool:
    """Whether this is Python for a type (`Person`, `list[Person]`, `int | None`), and no line."""
    node = _parsed(written)
    while isinstance(node, ast.Attribute | ast.Subscript | ast.BinOp):
        if isinstance(node, ast.BinOp) and not isinstance(node.op, ast.BitOr):
            return False
        node = node.left if isinstance(node, ast.BinOp) else node.value
    return isinstance(node, ast.Name)


def _parsed(written: str) -> ast.AST | None:
    try:
        return ast.parse(written.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _value(written: str, names: Names, flag: str, fits: Callable[[Any], bool]) -> Any:
    """What the user's own expression gives, in the user's own namespace."""
    try:
        return eval(written.strip(), {"__builtins__": builtins}, dict(names))  # noqa: S307  # the user's own line
    except Exception as error:  # noqa: BLE001  # whatever their objects raise
        root = written.strip().split(".")[0].split("[")[0].split("|")[0].strip()
        if root not in names and not hasattr(builtins, root):
            near = difflib.get_close_matches(
                root, [name for name, value in names.items() if fits(value)], n=1
            )
            hint = f"did you mean {near[0]}?" if near else f"define it first{_OR_A_LINE.get(flag, '')}."
            raise InvalidParameterError(f"{flag} names {root!r}, which is nothing of yours: {hint}") from None
        raise InvalidParameterError(
            f"{flag} {written} cannot be had ({type(error).__name__}: {error}): name something that is there"
        ) from None


_OR_A_LINE = {"--schema": ', or write a line like "name, age int"'}
