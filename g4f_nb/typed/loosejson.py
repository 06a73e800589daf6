"""JSON as models write it: fenced, with prose around it, with comments, trailing commas, Python's quotes."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

# Text that no reader of ours goes through more than a few times, however it is made.
_MOST_STARTS = 200
_MOST_MENDED = 200_000
# Levels of lists and objects within each other. What is deeper could not be kept, shown or sent on.
DEEPEST = 100

_FENCE = re.compile(
    r"^[ \t]*(`{3,}|~{3,})[ \t]*([\w+-]*)[^\n]*\n(.*?)(?:^[ \t]*\1[ \t]*$|\Z)", re.DOTALL | re.MULTILINE
)
_OPENING = re.compile(r"[{\[]")
_CLOSING = {"{": "}", "[": "]"}
# A text in Python's quotes ends before a sign that can follow it; an apostrophe does not.
_STRING = r""""(?:[^"\\]|\\.)*"|'(?:[^'\\\n]|\\.)*'(?=\s*[:,\]}])"""
_TOKENS = re.compile(rf"{_STRING}|[{{}}\[\]]", re.DOTALL)
# A string, a comment, or a comma before a closing bracket: what stands in strings is left alone.
_COMMENTS = re.compile(rf"({_STRING})|//[^\n]*|/\*.*?\*/", re.DOTALL)
_COMMAS = re.compile(rf"({_STRING})|,(?=\s*[}}\]])", re.DOTALL)
_DECODER = json.JSONDecoder(strict=False, parse_constant=lambda _: None)


class NoJsonError(ValueError):
    """There is no JSON in the text; the message says where it stops being some."""


@dataclass(frozen=True, slots=True)
class _Found:
    value: Any
    length: int


def read_json(text: str, *, kind: type | None = None) -> Any:
    """The JSON value in a text: the whole text, else the longest object or list in it.

    With `kind`, `dict` or `list`, one of that kind is taken where there is one.
    """
    text = text.strip().removeprefix("\ufeff")
    try:
        return _checked(orjson.loads(text))
    except orjson.JSONDecodeError as error:
        reason = _reason(error, text)
    found = [each for part in (*_fenced(text), text) for each in _values(part)]
    wanted = [each for each in found if kind is None or isinstance(each.value, kind)]
    if not found:
        raise NoJsonError(reason)
    return _checked(max(wanted or found, key=lambda each: each.length).value)


def deeper_than(value: Any, most: int) -> bool:
    """Whether lists and objects stand within each other over more levels than so many."""
    level = [value]
    for _ in range(most + 1):
        level = [
            inner
            for each in level
            if isinstance(each, dict | list)
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return False
    return True


def _checked(value: Any) -> Any:
    if deeper_than(value, DEEPEST):
        raise NoJsonError(f"it is nested too deep: at most {DEEPEST} levels can be read")
    return value


def _reason(error: orjson.JSONDecodeError, text: str) -> str:
    if not _OPENING.search(text):
        return "there is no JSON in it"
    around = text[max(0, error.pos - 20) : error.pos + 20]
    return f"it is no JSON: {error.msg.partition(':')[0]}, near {around!r}"


def _fenced(text: str) -> list[str]:
    return [match[3] for match in _FENCE.finditer(text) if match[2].lower() in ("", "json", "json5", "jsonc")]


def _values(text: str) -> Iterator[_Found]:
    """The objects and lists in a text, those that need mending too.

    What is inside of one is not looked at: a part of a broken answer is no answer.
    """
    at = 0
    for _ in range(_MOST_STARTS):
        start = _OPENING.search(text, at)
        if start is None:
            return
        try:
            value, at = _DECODER.raw_decode(text, start.start())
        except (ValueError, RecursionError):
            end = _end_of(text, start.start())
            at = start.end() if end is None else end
            try:
                value = _mended(text[start.start() : at])
            except NoJsonError:
                continue
        yield _Found(value, at - start.start())


def _mended(part: str) -> Any:
    part = _COMMAS.sub(_kept, _COMMENTS.sub(_kept, part))
    try:
        return _DECODER.decode(part)
    except (ValueError, RecursionError):
        pass
    try:
        value = ast.literal_eval(part)
    except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
        value = ...
    if not _is_json(value):
        raise NoJsonError("it is no JSON")
    return value


def _kept(match: re.Match[str]) -> str:
    return match[1] or ""


def _end_of(text: str, start: int) -> int | None:
    """Where the bracket that opens here is closed."""
    expected: list[str] = []
    for token in _TOKENS.finditer(text, start, start + _MOST_MENDED):
        sign = token[0]
        if sign in _CLOSING:
            expected.append(_CLOSING[sign])
            if len(expected) > DEEPEST:
                return None
        elif sign in ("}", "]"):
            if not expected or expected.pop() != sign:
                return None
            if not expected:
                return token.end()
    return None


def _is_json(value: Any) -> bool:
    match value:
        case None | bool() | int() | float() | str():
            return True
        case list():
            return all(map(_is_json, value))
        case dict():
            return all(isinstance(name, str) and _is_json(each) for name, each in value.items())
        case _:
            return False
