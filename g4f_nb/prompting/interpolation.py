"""`{name…}` in a prompt: found where its root is a name of the user's; nothing else is touched.

A field begins right after its brace with a name of the user's, and goes on with attributes, items and calls:
`{df}`, `{df.shape[0]}`, `{df.groupby("a").mean()}`, `{Out[3]}`. After it may stand what an f-string takes:
`=`, `!r`, `:.2f`. Braces are doubled for a literal one, as in f-strings, where they hold such a field:
`{{name}}` gives `{name}`. Every other brace is text: in LaTeX, JSON, CSS, Jinja, code and regular
expressions, fenced or not.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import functools
import re
import types
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import CodeType
from typing import Any

from g4f_nb.errors import InvalidParameterError, shorten
from g4f_nb.masking import masked
from g4f_nb.prompting.naming import normal
from g4f_nb.prompting.speaking import without_secrets
from g4f_nb.prompting.veiling import is_secret_name, veiled
from g4f_nb.secret import MASK, Veiled

_ROOT = re.compile(r"(?<!\{)(\{+)([^\W\d]\w*)")
# Between brackets all is Python; outside of them only a chain of names.
_CHAIN = re.compile(r"[\w.]+")
_OPENERS, _CLOSERS = "([{", ")]}"
_PLAIN = re.compile(r"[^()\[\]{}'\"]+")
_STRING = re.compile(
    r"""(?sx) '{3}(?:\\.|[^\\])*?'{3} | \"{3}(?:\\.|[^\\])*?\"{3}
    | '(?:\\.|[^'\\\n])*' | "(?:\\.|[^"\\\n])*" """
)
_CLOSING = re.compile("}*")
# What the built-in types take after the colon; others may take anything that does not begin with a blank.
_SPEC = re.compile(r"(?:.?[<>=^])?[-+ ]?z?#?0?\d*[,_]?(?:\.\d+)?[bcdeEfFgGnosxX%]?", re.DOTALL)
_TIME_SPEC = re.compile(r"[^{}\n]*%[-A-Za-z][^{}\n]*")
# Characters, and brackets in brackets: what has more is no field, and no text makes the search slow.
_LONGEST = 4_000
_DEEPEST = 40
_SHOWN = 200
_HELD = (str, bytes, bytearray, int, float, list, tuple, dict, set, frozenset)


@dataclass(frozen=True, slots=True)
class Field:
    """One place in a text: from `start` to `end`, with its braces.

    `before` and `after` are the literal braces around it; a field that is `literal` stays in its text.
    """

    start: int
    end: int
    source: str
    expression: str
    conversion: str = ""
    spec: str = ""
    literal: bool = False
    before: str = ""
    after: str = ""

    @property
    def plain(self) -> bool:
        """Whether the value goes in as it is, and not formatted as in an f-string."""
        return not (self.conversion or self.spec)


def fields(text: str, knows: Callable[[str], bool]) -> Iterator[Field]:
    """Every place in a text that begins with a name which `knows`, in order."""
    at, closed = 0, -1
    while (found := _ROOT.search(text, at)) is not None:
        at = found.end()
        if closed < at:
            closed = text.find("}", at)
        if closed < 0:
            return
        if closed - at > _LONGEST or not knows(normal(found[2])):
            continue
        inner = _read(text, found.start(2))
        if inner is None:
            continue
        source, expression, conversion, spec = inner
        end = found.start(2) + len(source)
        closing = _CLOSING.match(text, end)
        depth = min(len(found[1]), len(closing[0]) if closing else 0)
        braces = "{" * (depth // 2), "}" * (depth // 2)
        yield Field(
            start=found.start(2) - depth, end=end + depth, source=source, expression=expression,
            conversion=conversion, spec=spec, literal=depth % 2 == 0, before=braces[0], after=braces[1],
        )  # fmt: skip
        at = end + depth


def _read(text: str, at: int) -> tuple[str, str, str, str] | None:  # noqa: PLR0911  # a way out each
    """The field that begins there: all of it, expression, conversion and format; `None` if it is none."""
    end = _end_of_chain(text, at)
    if end is None:
        return None
    expression = text[at:end]
    if not _is_chain(expression):
        return None
    conversion, spec, here = "", "", end
    if text[here] == "=":
        conversion, here = "=", here + 1
    if text[here : here + 1] == "!":
        if text[here + 1 : here + 2] not in ("r", "s", "a"):
            return None
        conversion, here = conversion + text[here + 1], here + 2
    if text[here : here + 1] == ":":
        stop = text.find("}", here, here + _LONGEST)
        if stop < 0:
            return None
        spec, here = text[here + 1 : stop], stop
        if not _is_spec(spec):
            return None
    if text[here : here + 1] != "}":
        return None
    return text[at:here], expression, conversion, spec


def _is_spec(spec: str) -> bool:
    # `{a: 1}` is a dict, and `{color:red}` CSS.
    return not spec.startswith(" ") and bool(_SPEC.fullmatch(spec) or _TIME_SPEC.fullmatch(spec))


def _end_of_chain(text: str, at: int) -> int | None:
    """Where names, attributes, items and calls end that begin there; `None` where they do not end well."""
    limit = min(len(text), at + _LONGEST)
    wanted: list[str] = []
    while at < limit:
        char = text[at]
        if char in _OPENERS and (wanted or char != "{") and len(wanted) < _DEEPEST:
            wanted.append(_CLOSERS[_OPENERS.index(char)])
            at += 1
        elif wanted and char in _CLOSERS:
            if char != wanted.pop():
                return None
            at += 1
        elif piece := (_STRING.match(text, at, limit) or _PLAIN.match(text, at, limit)) if wanted else None:
            at = piece.end()
        elif chain := None if wanted else _CHAIN.match(text, at, limit):
            at = chain.end()
        else:
            return at if char in "}!:=" and not wanted else None
    return None


@functools.lru_cache(maxsize=256)
def _is_chain(expression: str) -> bool:
    """Whether it is a name with attributes, items and calls, and assigns nothing."""
    try:
        # A doubtful escape in a string is the user's business.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            node: ast.AST = ast.parse(expression, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    if any(
        isinstance(each, ast.NamedExpr | ast.Await | ast.Yield | ast.YieldFrom) for each in ast.walk(node)
    ):
        return False
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return isinstance(node, ast.Name)


def scope_of(namespace: Mapping[str, Any]) -> dict[str, Any]:
    """A copy to evaluate in: nothing is assigned in the user's own, and no traceback shows what is in it."""
    return Veiled({**namespace, "__builtins__": builtins})


def value_of(field: Field, scope: dict[str, Any]) -> Any:
    """What a field stands for now, or an error that names it."""
    try:
        value = eval(_compiled(field.expression), scope)  # noqa: S307  # the user's own expression
    except (Exception, SystemExit) as error:  # noqa: BLE001  # a user's code may raise anything
        failure = _failure(field, error)
    else:
        # By its very class: a value of the user's may raise for whoever asks what it is.
        if type(value) is not types.CoroutineType:
            return value
        value.close()
        failure = _failure(field, TypeError("it is a coroutine, whose value nobody has waited for"))
    raise failure


def hides(expression: str, value: Any) -> bool:
    """Whether an item or attribute by the name of a secret was taken, `config["password"]`, and is one.

    Tables are not, nor is what was computed of them: a column may be called `cookies`.
    """
    if expression.isidentifier():
        return False
    node: ast.AST = ast.parse(f"({expression})", mode="eval").body
    last = True
    while not isinstance(node, ast.Name):
        name, inner = _taken(node)
        if is_secret_name(name):
            return isinstance(value, _HELD if last else (str, bytes)) and veiled(name, value) is not value
        last, node = False, inner
    return False


def _taken(node: Any) -> tuple[object, ast.AST]:
    """The name by which a link of a chain takes something, and what it is taken of."""
    if isinstance(node, ast.Attribute):
        return node.attr, node.value
    if isinstance(node, ast.Subscript):
        return getattr(node.slice, "value", None), node.value
    function = node.func
    # As `environ.get("MY_TOKEN")` and `os.getenv("MY_TOKEN")` do.
    if isinstance(function, ast.Attribute) and function.attr in ("get", "getenv", "pop") and node.args:
        return getattr(node.args[0], "value", None), function.value
    return None, function


def formatted(field: Field, value: Any) -> str:
    """The value as an f-string would write it."""
    try:
        return _written(field, value)
    except (Exception, SystemExit) as error:  # noqa: BLE001  # a user's own class may raise anything
        failure = _failure(field, error)
    # What is raised of here must not show the value.
    del value
    raise failure


def _written(field: Field, value: Any) -> str:
    shown = value
    if "r" in field.conversion or (field.conversion == "=" and not field.spec):
        shown = repr(value)
    elif "s" in field.conversion:
        shown = str(value)
    elif "a" in field.conversion:
        shown = ascii(value)
    # What is masked has no format.
    text = MASK if value is MASK else format(shown, field.spec)
    # A class of the user's may raise for whoever looks into it.
    with contextlib.suppress(Exception):
        text = without_secrets(text, value)
    return f"{field.expression}={text}" if "=" in field.conversion else text


@functools.lru_cache(maxsize=256)
def _compiled(expression: str) -> CodeType:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return compile(f"({expression})", "<a value in the prompt>", "eval")


def _failure(field: Field, error: BaseException) -> InvalidParameterError:
    source = shorten(field.source, _SHOWN)
    try:
        words = shorten(" ".join(masked(str(error), ()).split()), _SHOWN)
    except Exception:  # noqa: BLE001  # even its own text may raise
        words = ""
    what = f"{type(error).__name__}: {words}" if words else type(error).__name__
    return InvalidParameterError(
        f"{{{source}}} in the prompt has no value: {what}. Mend it, or write {{{{{source}}}}} (or use --raw) "
        "to send it as it stands; nothing was sent"
    )
