"""A tool is a Python function as a model sees it; a toolbox holds those that one question may call."""

from __future__ import annotations

import difflib
import functools
import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from g4f_nb.errors import InvalidParameterError, short, shorten, sort_of
from g4f_nb.typed.docstrings import Documented, read_docstring
from g4f_nb.typed.fitting import fit_fields
from g4f_nb.typed.forms import MISSING, Field, NoFormError, form_of, hints_of, resolved
from g4f_nb.typed.schemas import Schema, schema_of_fields

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_LONGEST_DESCRIPTION = 1024
_SKIPPED = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A function that a model may call; made by `nb.tool`, or on the way by `nb.ask(…, tools=[function])`.

    It can be called like the function itself.
    """

    name: str
    description: str
    parameters: Schema
    # Not shown: a partial or a default may hold a key.
    function: Callable[..., Any] = field(repr=False)
    # What the arguments are checked against; without, whoever gets them checks them.
    fields: tuple[Field, ...] | None = field(default=None, repr=False)
    takes_others: bool = False
    positional: tuple[str, ...] = ()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:  # noqa: D102  # the class says it
        return self.function(*args, **kwargs)

    def as_json(self) -> Schema:
        """The wire form, as OpenAI's API wants it."""
        function = {"name": self.name, "description": self.description, "parameters": self.parameters}
        return {"type": "function", "function": {key: value for key, value in function.items() if value}}

    def fit(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments as the function wants them; a `MisfitError` tells the model what to mend."""
        if self.fields is None:
            return dict(arguments)
        return fit_fields(arguments, self.fields, others="keep" if self.takes_others else "refuse")

    def run(self, arguments: Mapping[str, Any]) -> Any:
        """Call the function; what an async one gives is to be awaited."""
        named = dict(arguments)
        first = [
            named.pop(each.name, each.default) for each in self.fields or () if each.name in self.positional
        ]
        return self.function(*first, **named)


def tool(
    function: Callable[..., Any] | None = None, *, name: str | None = None, description: str | None = None
) -> Any:
    """Make a function a tool, with a name or description of its own; also as a decorator.

    Its parameters are read from the signature, their meaning from the docstring or `Annotated[int, "words"]`.
    A parameter that JSON cannot express must have a default, which is then used.
    """
    for option, value in (("name", name), ("description", description)):
        if value is not None and not isinstance(value, str):
            raise InvalidParameterError(f"{option}= is {short(value)}: the {option} of a tool is a text")
    if function is None:
        return functools.partial(tool, name=name, description=description)
    if isinstance(function, Tool):
        return _renamed(function, name, description)
    if not callable(function):
        raise InvalidParameterError(
            f"a tool is a function, not {sort_of(function)}: pass functions, or dicts as OpenAI has"
        )
    chosen = name or _name_of(function)
    if not _NAME.fullmatch(chosen):
        raise InvalidParameterError(
            f"{chosen!r} is no name for a tool: give one of letters, digits, _ and -, with nb.tool(function, "
            'name="…")'
        )
    documented = _documentation(function)
    fields, positional, takes_others = _fields(function, documented, chosen)
    parameters = schema_of_fields(fields)
    if takes_others:
        parameters["additionalProperties"] = True
    return Tool(
        name=chosen,
        description=shorten(description or documented.summary, _LONGEST_DESCRIPTION),
        parameters=parameters,
        function=function,
        fields=fields,
        takes_others=takes_others,
        positional=positional,
    )


@dataclass(frozen=True, slots=True)
class Toolbox:
    """The tools of one question: those that are run here, and dicts that are passed on as they are."""

    tools: Mapping[str, Tool] = field(default_factory=dict)
    passed_on: tuple[Mapping[str, Any], ...] = ()

    @classmethod
    def of(cls, given: Any) -> Toolbox:
        """Sort what `tools=` holds: functions and tools, and dicts."""
        listed = given is None or (
            isinstance(given, Iterable) and not isinstance(given, Mapping | str | bytes)
        )
        if not listed or (callable(given) and not isinstance(given, Sequence)):
            raise InvalidParameterError(f"tools is {sort_of(given)}: it must be a list, like [function]")
        tools: dict[str, Tool] = {}
        dicts: list[Mapping[str, Any]] = []
        for one in _flat(() if given is None else given):
            if isinstance(one, Mapping):
                dicts.append(one)
                continue
            if one is None:
                # To `tool` it would mean that it decorates.
                raise InvalidParameterError(
                    "a tool is None, not a function: pass functions, or dicts as OpenAI has"
                )
            made = tool(one)
            if made.name in tools:
                raise InvalidParameterError(
                    f"two tools are named {made.name!r}: give one another name, with "
                    'nb.tool(function, name="…")'
                )
            tools[made.name] = made
        return cls(tools, tuple(dicts))

    def __bool__(self) -> bool:
        return bool(self.tools or self.passed_on)

    def as_json(self) -> list[Mapping[str, Any]]:
        """All of them in wire form."""
        return [*(one.as_json() for one in self.tools.values()), *self.passed_on]

    def is_passed_on(self, name: str) -> bool:
        """Whether a call of this name is the caller's business."""
        return any((one.get("function") or one).get("name") == name for one in self.passed_on)

    def unknown(self, name: str) -> str:
        """What a model is told that calls a tool which is not there."""
        near = difflib.get_close_matches(name, self.tools, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(self.tools)}."
        return f"There is no tool named {shorten(name, 80)!r}: {hint}"


def _flat(given: Sequence[Any]) -> Iterator[Any]:
    """The tools of a list; a sequence in it, as a tool server is one, is opened."""
    for one in given:
        if isinstance(one, Sequence) and not isinstance(one, str):
            yield from one
        else:
            yield one


def _renamed(made: Tool, name: str | None, description: str | None) -> Tool:
    import dataclasses

    return dataclasses.replace(
        made, name=name or made.name, description=made.description if description is None else description
    )


def _unwrapped(function: Any) -> Any:
    """The function that holds docstring and annotations."""
    while isinstance(function, functools.partial):
        function = function.func
    if inspect.isclass(function):
        return function.__init__ if "__init__" in vars(function) else function
    if not (inspect.isroutine(function) or hasattr(function, "__code__")):
        function = type(function).__call__
    return inspect.unwrap(getattr(function, "__func__", function))


def _name_of(function: Any) -> str:
    while isinstance(function, functools.partial):
        function = function.func
    name = getattr(function, "__name__", None) or type(function).__name__
    if name == "<lambda>":
        raise InvalidParameterError('a lambda has no name: give it one, with nb.tool(function, name="…")')
    return str(name)


def _documentation(function: Any) -> Documented:
    while isinstance(function, functools.partial):
        function = function.func
    inner = inspect.getdoc(_unwrapped(function))
    if inspect.isroutine(function) or inspect.isclass(function):
        own = inspect.getdoc(function)
    else:
        # An object that can be called: its method's words, else its class's.
        own = inner or inspect.getdoc(type(function))
    read = read_docstring(own or "")
    more = read_docstring(inner or "") if inner != own else read
    return Documented(read.summary, {**more.parameters, **read.parameters}, {**more.types, **read.types})


def _fields(
    function: Any, documented: Documented, name: str
) -> tuple[tuple[Field, ...], tuple[str, ...], bool]:
    try:
        signature = inspect.signature(function)
    except (ValueError, TypeError):
        raise InvalidParameterError(
            f"the tool {name!r} has no signature that Python could tell: wrap it in a function of your own"
        ) from None
    source = _unwrapped(function)
    hints, bound = hints_of(source), _bound(function)
    fields, positional, takes_others = [], [], False
    for parameter in signature.parameters.values():
        if parameter.name in bound:
            continue
        if parameter.kind in _SKIPPED:
            takes_others = takes_others or parameter.kind is inspect.Parameter.VAR_KEYWORD
            continue
        made = _field(parameter, hints, documented, source)
        problem = _problem(made)
        if problem is None:
            fields.append(made)
            if parameter.kind is inspect.Parameter.POSITIONAL_ONLY:
                positional.append(parameter.name)
        elif parameter.default is MISSING:
            raise InvalidParameterError(
                f"the tool {name!r} cannot be called by a model because of its parameter "
                f"{parameter.name!r}: {problem}; give it a default, or bind it with functools.partial"
            )
    return tuple(fields), tuple(positional), takes_others


def _bound(function: Any) -> set[str]:
    """What a partial has settled by name: not for a model to see or to change, for it may be a key."""
    names: set[str] = set()
    while isinstance(function, functools.partial):
        names |= function.keywords.keys()
        function = function.func
    return names


def _field(
    parameter: inspect.Parameter, hints: Mapping[str, Any], documented: Documented, source: Any
) -> Field:
    annotation = hints.get(parameter.name, parameter.annotation)
    if annotation is MISSING:
        written = documented.types.get(parameter.name)
        annotation = resolved(written, source) if written else Any
        if written and _problem(Field(parameter.name, annotation)):
            # A docstring's type is prose: it may be no type at all.
            annotation = Any
    if annotation is Any and parameter.default not in (MISSING, None):
        annotation = type(parameter.default) if isinstance(parameter.default, str | int | float) else Any
    if parameter.default is None and annotation is not Any:
        annotation = annotation | None if not isinstance(annotation, str) else annotation
    return Field(
        parameter.name,
        annotation,
        parameter.default is MISSING,
        parameter.default,
        documented.parameters.get(parameter.name, ""),
    )


def _problem(made: Field) -> str | None:
    """Why a parameter cannot be told to a model, all of its type looked at."""
    try:
        form_of(made.annotation)
        schema_of_fields([made])
    except NoFormError as error:
        return str(error).removeprefix(f"{made.name}: ")
    return None
