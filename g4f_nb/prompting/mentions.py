"""`@name` in a panel's prompt: a variable of the user's, found in a text and offered while it is typed."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from g4f_nb.prompting.failures import last_error
from g4f_nb.prompting.naming import LAST_ERROR, is_users, kind_of, normal, users_names

# Not inside of a word: `me@example.com` names nothing. A dot that ends a sentence is none of a name's.
_MENTION = re.compile(r"(?<![\w@.`/])@([^\W\d]\w*)")
_FENCED = re.compile(r"(?ms)^ {0,3}(`{3,}|~{3,})[^\n]*\n.*?(?:^ {0,3}\1[`~]*[ \t]*$|\Z)")
_IN_TICKS = re.compile(r"`[^`\n]+`")


@dataclass(frozen=True, slots=True)
class Mention:
    """A variable that a text names: `text[start:end]` is `@name`."""

    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """A variable that could be named, and what it is in a word or two."""

    name: str
    kind: str


def mentions(text: str, namespace: Mapping[str, Any]) -> tuple[Mention, ...]:
    """Every `@name` of a variable of the user's, in order, and `@last_error` where there was one.

    None within code, where an `@` is a decorator's.
    """
    error = last_error() is not None
    code = [*_spans(_FENCED, text), *_spans(_IN_TICKS, text)]
    return tuple(
        Mention(found[1], found.start(), found.end())
        for found in _MENTION.finditer(text)
        if (is_users(normal(found[1]), namespace) or (error and found[1] == LAST_ERROR))
        and not any(start <= found.start() < end for start, end in code)
    )


def strangers(text: str, namespace: Mapping[str, Any]) -> tuple[tuple[str, str | None], ...]:
    """Each `@name` that is no variable, once, with the variable that may have been meant."""
    known = {mention.start for mention in mentions(text, namespace)}
    code = [*_spans(_FENCED, text), *_spans(_IN_TICKS, text)]
    names = dict.fromkeys(
        found[1]
        for found in _MENTION.finditer(text)
        if found.start() not in known and not any(start <= found.start() < end for start, end in code)
    )
    there = list(users_names(namespace))
    return tuple((name, next(iter(difflib.get_close_matches(name, there, n=1)), None)) for name in names)


def candidates(beginning: str, namespace: Mapping[str, Any], *, most: int = 50) -> tuple[Candidate, ...]:
    """What to offer for what was typed behind an `@`: names that begin so, then names that hold it."""
    wanted = beginning.lower()
    names = list(users_names(namespace))
    failed = last_error()
    kinds = {} if failed is None or LAST_ERROR in names else {LAST_ERROR: type(failed).__name__}
    names += kinds
    first = [name for name in names if name.lower().startswith(wanted)]
    others = [name for name in names if wanted in name.lower() and name not in first]
    return tuple(
        Candidate(name, kinds.get(name) or kind_of(namespace[name])) for name in (first + others)[:most]
    )


def _spans(pattern: re.Pattern[str], text: str) -> Iterator[tuple[int, int]]:
    for found in pattern.finditer(text):
        yield found.span()
