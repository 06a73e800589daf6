"""What the value of a flag may be: a check takes what was typed and gives what is meant, or says why not."""

from __future__ import annotations

import ast
import builtins
import difflib
import json
import keyword
import math
import re
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

from g4f_nb.conversations.names import LONGEST_NAME
from g4f_nb.prompting.naming import GIVEN, HISTORY

Check = Callable[[str], Any]

# Names that IPython or Python need for themselves.
_RESERVED = GIVEN | HISTORY
# What says something that must not stand in a notebook.
_KEYS = {"api_key", "key", "apikey", "password", "token", "headers", "authorization"}
# What `--set` is not for, and what is.
_ELSEWHERE = {
    "model": "it is -m",
    "provider": "it is -p",
    "messages": "the prompt is what stands after the flags and below them",
    "stream": "it is --no-stream",
    "tools": "it is --tool",
    "schema": "it is --schema",
    "media": "it is --attach",
    "system": "it is -s",
}


class UnfitValueError(ValueError):
    """The value cannot be meant; the message says what it should be."""


def text(given: str) -> str:
    """Any text."""
    return given


def words(given: str) -> str:
    """A text with something in it."""
    if not given.strip():
        raise UnfitValueError("it is empty")
    return given


def schema_line(given: str) -> str:
    """A type's name or a whole line; `name,` is what is left of a line without its quotes."""
    if given.rstrip().endswith(","):
        raise UnfitValueError('a line of several words stands in quotes, like "name, age int"')
    return words(given)


def stop_word(given: str) -> str:
    r"""A text at which an answer ends; `\n` and `\t` are what they stand for."""
    return words(given) and given.replace("\\n", "\n").replace("\\t", "\t")


def number(least: float, most: float = math.inf, *, like: str, above: bool = False) -> Check:
    """A number from `least` (or above it) to `most`."""
    limits = f"{'above' if above else 'from'} {least:g}" + (f" to {most:g}" if most < math.inf else "")

    def check(given: str) -> float:
        try:
            value = float(given)
        except ValueError:
            value = math.nan
        if not least <= value <= most or value == math.inf or (above and value == least):
            raise UnfitValueError(f"it must be a number {limits}, like {like}")
        return value

    return check


def whole(least: int | None = None, *, like: str) -> Check:
    """A whole number."""
    limits = "" if least is None else f" from {least}"

    def check(given: str) -> int:
        try:
            value = int(given.replace("_", ""))
        except ValueError:
            raise UnfitValueError(f"it must be a whole number{limits}, like {like}") from None
        if least is not None and value < least:
            raise UnfitValueError(f"it must be a whole number{limits}, like {like}")
        return value

    return check


def one_of(choices: Sequence[str]) -> Check:
    """One of a few words."""

    def check(given: str) -> str:
        found = given.lower()
        if found not in choices:
            near = difflib.get_close_matches(found, choices, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]}?" if near else ""
            raise UnfitValueError(hint or f"it must be one of {', '.join(choices)}")
        return found

    return check


def variable(given: str) -> str:
    """The name of a variable that may be set."""
    taken = given in _RESERVED or given.startswith("_") or keyword.iskeyword(given)
    if taken or not given.isidentifier():
        raise UnfitValueError("it must be the name of a variable of yours, like answer")
    if hasattr(builtins, given):
        raise UnfitValueError(f"{given} would no longer be Python's own; take another name, like answer")
    return given


def expression(given: str) -> str:
    """The name of something of the user's, with attributes or items of it: `fn`, `shop.find`, `tools[0]`."""
    try:
        node: ast.AST = ast.parse(given.strip(), mode="eval").body
    except (SyntaxError, ValueError):
        node = ast.Constant(None)
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    if not isinstance(node, ast.Name):
        raise UnfitValueError("it must be the name of something of yours, like add or shop.find")
    return given.strip()


def conversation(given: str) -> str:
    """The name of a conversation: one that can be typed again, in quotes where it has blanks."""
    name = given.strip()
    if not name or not name.isprintable() or name.startswith("-"):
        raise UnfitValueError('it must be a name, like main or "plan b"')
    if len(name) > LONGEST_NAME:
        raise UnfitValueError(f"it must be a name of at most {LONGEST_NAME} characters")
    return name


def quoted(name: str) -> str:
    """A name as it is typed into a line."""
    return name if re.fullmatch(r"[^\s\"']+", name) else json.dumps(name, ensure_ascii=False)


# A blank behind a comma would make the next model a part of the prompt.
PARTED = 'models are parted by commas without a blank, or stand in quotes, like "A, B"'


def names(given: str) -> tuple[str, ...]:
    """Several models, parted by commas; `A,` is what is left of `A, B` without its quotes."""
    found = tuple(part.strip() for part in given.split(",") if part.strip())
    if found and given.rstrip().endswith(","):
        raise UnfitValueError(PARTED)
    if not found:
        raise UnfitValueError(
            "it must be models parted by commas, like groq:openai/gpt-oss-120b,ollama:llama3.2"
        )
    twice = next((name for name in found if found.count(name) > 1), None)
    if twice is not None:
        raise UnfitValueError(f"it names {twice} twice")
    return found


def address(like: str, schemes: Sequence[str] = ("http", "https")) -> Check:
    """An address that holds no password: what is in a cell is saved with the notebook."""

    def check(given: str) -> str:
        try:
            parts = urlsplit(given)
            sound = parts.scheme in schemes and bool(parts.hostname)
        except ValueError:
            sound = False
        if not sound:
            raise UnfitValueError(f"it must be an address like {like}")
        if parts.username or parts.password or parts.query:
            raise HidesKeyError
        return given

    return check


class HidesKeyError(UnfitValueError):
    """It holds a key or a password, and must not be shown."""


def setting(given: str) -> tuple[str, Any]:
    """`key=value`: the value is read as JSON or Python, and is a text where it is neither."""
    name, equals, value = given.partition("=")
    name = name.strip().replace("-", "_")
    if name.lower() in _KEYS or name.lower().endswith(("_key", "_token", "_password", "_secret")):
        raise HidesKeyError
    if not equals or not name.isidentifier():
        raise UnfitValueError("it must be a parameter and its value, like reasoning_effort=low")
    if name in _ELSEWHERE:
        raise UnfitValueError(f"{name} is nothing to set: {_ELSEWHERE[name]}")
    return name, _value(value.strip())


def _value(written: str) -> Any:
    for read in (json.loads, ast.literal_eval):
        try:
            return read(written)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
    return written
