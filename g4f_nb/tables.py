"""A small table of texts, shown as aligned text in a terminal and as HTML in a notebook."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from itertools import zip_longest
from textwrap import wrap
from typing import ClassVar

from g4f_nb.controls import clean

_CELL = "text-align: left; padding: 2px 12px 2px 2px"
# A text of several lines keeps them.
_LINES = f"{_CELL}; vertical-align: top; white-space: pre-wrap"
_NOTE = "white-space: pre-line"
# Columns of a cell in a terminal: one long text must not push the next column out of sight.
_WIDEST = 64


@dataclass(frozen=True, slots=True)
class Table:
    """Rows beneath headings, with a line before and a line after; all of it is shown as plain text.

    Some of it others wrote, servers and models: nothing in it is a command to a terminal.
    """

    rows: tuple[tuple[str, ...], ...]
    headings: tuple[str, ...] = ()
    title: str = ""
    note: str = ""

    def __repr__(self) -> str:
        lines = [line for row in (self.headings, *self.rows) if row for line in _lines(row)]
        widths = [max(map(len, column), default=0) for column in zip(*lines, strict=False)]
        aligned = [
            "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=False)).rstrip()
            for row in lines
        ]
        return "\n".join(filter(None, [clean(self.title), *aligned, clean(self.note)]))

    def _repr_html_(self) -> str:
        head = "".join(f'<th style="{_CELL}">{escape(clean(text))}</th>' for text in self.headings)
        body = "".join(
            "<tr>"
            + "".join(f'<td style="{_style(row)}">{escape(clean(text))}</td>' for text in row)
            + "</tr>"
            for row in self.rows
        )
        title = f"<div><b>{escape(clean(self.title))}</b></div>" if self.title else ""
        lines = f' style="{_NOTE}"' if "\n" in self.note else ""
        note = f"<div{lines}>{escape(clean(self.note))}</div>" if self.note else ""
        thead = f"<thead><tr>{head}</tr></thead>" if head else ""
        return f"{title}<table>{thead}<tbody>{body}</tbody></table>{note}"


class TableOfMethods:
    """Base of what is there for its public methods: looked at alone, it is a table of what each does."""

    _title: ClassVar[str]

    def __repr__(self) -> str:
        return repr(self._methods())

    def _repr_html_(self) -> str:
        return self._methods()._repr_html_()

    def _methods(self) -> Table:
        methods = [(name, method) for name, method in vars(type(self)).items() if not name.startswith("_")]
        rows = (
            (f".{name}()", (inspect.getdoc(method) or "").partition("\n")[0].replace("`", ""))
            for name, method in methods
        )
        return Table(tuple(rows), title=self._title)


def _style(row: tuple[str, ...]) -> str:
    return _LINES if any("\n" in text for text in row) else _CELL


def _lines(row: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """A row as lines of text: one, unless a cell of it has several, or one too long for its column."""
    *before, last = map(clean, row)
    yield from zip_longest(*map(_broken, before), last.split("\n"), fillvalue="")


def _broken(text: str) -> list[str]:
    """Its lines, the long ones broken between words; what is one word stays whole."""
    parts: list[str] = []
    for line in text.split("\n"):
        parts += (
            wrap(line, _WIDEST, break_long_words=False, break_on_hyphens=False)
            if len(line) > _WIDEST
            else [line]
        )
    return parts
