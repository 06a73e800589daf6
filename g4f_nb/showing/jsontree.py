"""JSON as a tree that folds without a script: `details` within `details`, each value in a line of its own.

What it takes grows as the JSON does. Long lists fold in parts, and what lies too deep is written in one line.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import Any

from g4f_nb.controls import clean

# So many members stand beside each other; of more, each so many are folded together.
_BESIDE = 100
# No page goes deeper: what is further within is text.
_DEEPEST = 30
# Folds that are open at first: all of a small value, and of a large one the first level.
_SMALL = 60

_ROOT = (
    '<div class="tex2jax_ignore mathjax_ignore" dir="ltr" style="font-family:var(--jp-code-font-family,'
    'ui-monospace,monospace);font-size:var(--jp-code-font-size,13px);line-height:1.6;overflow-wrap:anywhere">'
)
_LIST = '<ul style="list-style:none;margin:0;padding-left:1.4em">'
_FEW = "opacity:.65"

Member = tuple[str, Any]


def json_tree(value: dict[str, Any] | list[Any]) -> str:
    """An object or a list as HTML."""
    everything = _count(value) <= _SMALL
    return f"{_ROOT}{''.join(_node('', value, 0, everything=everything))}</div>"


def _node(name: str, value: Any, depth: int, *, everything: bool) -> Iterator[str]:
    """One value behind its name, which is HTML already."""
    if not isinstance(value, dict | list) or not value:
        yield f"{name}{_leaf(value)}"
        return
    if depth >= _DEEPEST:
        yield f"{name}{_written(value)}"
        return
    of_object = isinstance(value, dict)
    members = _members(value)
    summary = f"{name}{_told(len(members), of_object=of_object)}"
    opened = " open" if everything or depth == 0 else ""
    yield from _fold(summary, members, depth, opened=opened, everything=everything)


def _fold(
    summary: str, members: Sequence[Member], depth: int, *, opened: str = "", everything: bool = False
) -> Iterator[str]:
    yield f"<details{opened}><summary>{summary}</summary>{_LIST}"
    if len(members) <= _BESIDE:
        for name, value in members:
            yield "<li>"
            yield from _node(name, value, depth + 1, everything=everything)
            yield "</li>"
    else:
        for start, some in _parts(members):
            yield "<li>"
            end = start + len(some) - 1
            yield from _fold(f'<span style="{_FEW}">{start:,} … {end:,}</span>', some, depth)
            yield "</li>"
    yield "</ul></details>"


def _parts(members: Sequence[Member]) -> Iterable[tuple[int, Sequence[Member]]]:
    for start in range(0, len(members), _BESIDE):
        yield start, members[start : start + _BESIDE]


def _members(value: dict[str, Any] | list[Any]) -> list[Member]:
    if isinstance(value, dict):
        return [(f"<b>{_text(str(name))}</b>: ", each) for name, each in value.items()]
    return [(f'<span style="{_FEW}">{at}:</span> ', each) for at, each in enumerate(value)]


def _told(count: int, *, of_object: bool) -> str:
    what = ("field" if of_object else "item") + "s" * (count != 1)
    marks = "{}" if of_object else "[]"
    return f'{marks[0]}<span style="{_FEW}">{count:,} {what}</span>{marks[1]}'


def _leaf(value: Any) -> str:
    # What is no text is set apart from a text that looks like it.
    written = _written(value)
    return written if isinstance(value, str | dict | list) else f"<i>{written}</i>"


def _written(value: Any) -> str:
    return _text(json.dumps(value, ensure_ascii=False, default=str))


def _text(text: str) -> str:
    return escape(clean(text), quote=False)


def _count(value: Any) -> int:
    """How many values there are, as far as it matters."""
    left, count = [value], 0
    while left and count <= _SMALL:
        each = left.pop()
        count += 1
        if isinstance(each, dict | list):
            left += each.values() if isinstance(each, dict) else each
    return count
