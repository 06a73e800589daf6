"""Functions, classes and modules: their source where there is one, else signature and first words."""

from __future__ import annotations

import ast
import contextlib
import functools
import inspect
import linecache
import textwrap
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from g4f_nb.prompting.limits import as_many, cut, one_line
from g4f_nb.prompting.plain import short
from g4f_nb.prompting.summary import Summary

_LINE = 100
# Tokens: a model knows the modules of others, and one's own has its source.
_MODULE = 800
_FUNCTIONS = (
    types.FunctionType, types.BuiltinFunctionType, types.MethodType, types.MethodDescriptorType,
    types.WrapperDescriptorType, types.MethodWrapperType, types.ClassMethodDescriptorType,
)  # fmt: skip


def code(value: Any, budget: int) -> Summary | None:
    """The summary of a function, class or module; `None` of everything else."""
    if isinstance(value, types.ModuleType):
        return _module(value, budget)
    if isinstance(value, functools.partial):
        given = short([value.args, value.keywords], _LINE)
        return Summary(f"functools.partial of {short(value.func, _LINE)}, with {given}")
    if isinstance(value, type):
        return _source(value, "class", budget) or _class(value, budget)
    if isinstance(value, _FUNCTIONS) or _is_wrapped(value):
        return _source(value, "function", budget) or _told(value, budget)
    return None


def _is_wrapped(value: Any) -> bool:
    """What a decorator has made of a function: `lru_cache`, `numpy.vectorize`, numba's `njit`."""
    return callable(value) and isinstance(getattr(value, "__wrapped__", None), types.FunctionType)


def _source(value: Any, kind: str, budget: int) -> Summary | None:
    try:
        text = inspect.getsource(inspect.unwrap(value))
    except (OSError, TypeError, ValueError, SyntaxError, IndexError):
        text = _source_in_cells(value) if isinstance(value, type) else ""
    if not text:
        return None
    where = getattr(value, "__module__", None)
    home = f" of {where}" if where and where != "__main__" else ""
    return Summary(
        f"{kind}{home}", cut(textwrap.dedent(text).rstrip(), budget, of="its source"), fence="python"
    )


def _source_in_cells(value: type) -> str:
    """The source of a class that a cell has defined, which `inspect` looks for in a file."""
    for name in reversed(list(linecache.cache)):
        if Path(name).exists():
            continue
        source = "".join(linecache.getlines(name))
        if f"class {value.__name__}" not in source:
            continue
        with contextlib.suppress(SyntaxError, ValueError):
            for node in ast.walk(ast.parse(source)):
                if isinstance(node, ast.ClassDef) and node.name == value.__name__:
                    lines = source.splitlines()[_first_line(node) - 1 : node.end_lineno]
                    return "\n".join(lines)
    return ""


def _first_line(node: ast.ClassDef) -> int:
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])


def _class(value: type, budget: int) -> Summary:
    told = _signature(value)
    bases = ", ".join(base.__name__ for base in value.__bases__ if base is not object)
    lines, _ = as_many(_members(vars(value), value.__name__ + "."), str, budget // 2, at_least=0)
    words = cut(inspect.getdoc(value) or "", budget // 2, of="its documentation")
    head = f"class {value.__module__}.{told}" + (f", made of {bases}" if bases else "")
    return Summary(head, "\n".join(filter(None, [words, *lines])))


def _told(value: Any, budget: int) -> Summary:
    where = getattr(value, "__module__", None)
    head = f"function {f'{where}.' if where and where != 'builtins' else ''}{_signature(value)}"
    return Summary(head, cut(inspect.getdoc(value) or "", budget, of="its documentation"))


def _module(module: types.ModuleType, budget: int) -> Summary:
    words = (inspect.getdoc(module) or "").strip().partition("\n\n")[0]
    own = vars(module)
    version = own.get("__version__")
    head = f"module {module.__name__}" + (f" {version}" if isinstance(version, str) else "")
    file = own.get("__file__")
    if isinstance(file, str):
        head += f" ({Path(file).name})"
    budget = min(budget, _MODULE)
    public = own.get("__all__")
    names = sorted(filter(_is_text, public)) if isinstance(public, list | tuple) else None
    # Only what is there already: a name that a module loads on demand is not loaded for a prompt.
    chosen = {
        name: own[name]
        for name in (names if names is not None else sorted(own))
        if name in own and (names is not None or not name.startswith("_"))
    }
    members = _members(chosen, "", home=None if names is not None else module.__name__)
    lines, _ = as_many(members, str, budget)
    rest = len(list(_members(chosen, "", home=None if names is not None else module.__name__))) - len(lines)
    more = [f"… and {rest:,} more names"] if rest > 0 else []
    return Summary(head, "\n".join(filter(None, [cut(words, budget // 4), *lines, *more])))


def _is_text(name: object) -> bool:
    return isinstance(name, str)


def _members(
    members: dict[str, Any] | types.MappingProxyType[str, Any], before: str, *, home: str | None = None
) -> Iterator[str]:
    """A line for each public function and class; with `home`, for those that are made there."""
    for name, member in members.items():
        if name.startswith("_") or isinstance(member, types.ModuleType):
            continue
        if isinstance(member, staticmethod | classmethod):
            member = member.__func__  # noqa: PLW2901  # what it wraps
        if not callable(member):
            continue
        if home is not None and not str(getattr(member, "__module__", None) or "").startswith(home):
            continue
        words = (inspect.getdoc(member) or "").partition("\n")[0]
        yield one_line(f"{before}{_signature(member, name)}" + (f": {words}" if words else ""), _LINE)


def _signature(value: Callable[..., Any], name: str | None = None) -> str:
    name = (
        name
        or getattr(value, "__qualname__", None)
        or getattr(value, "__name__", None)
        or type(value).__name__
    )
    try:
        return f"{name}{inspect.signature(value)}"
    except (TypeError, ValueError, NameError):
        return f"{name}(…)"
    except Exception:  # noqa: BLE001  # a default whose repr raises
        return f"{name}(…)"
