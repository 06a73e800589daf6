"""Answers of a comparison in a cell's output while they grow: columns, painted a few times a second."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

from g4f_nb.cells.displays import Bundle, Displays
from g4f_nb.cells.looks import UPDATES, ask_for_login
from g4f_nb.reply import Reply
from g4f_nb.showing.growing import GrowingAnswer

# Bytes a second that painting may take: all columns are sent each time, so that long ones are seldom.
_BANDWIDTH = 16_000
_ROW = "background: none"
_OWN_CELL = re.compile(r'<(th|td)(?: align="(left|center|right)")?>')
_CODE = "margin: 0.7em 0; overflow-x: auto"
_CELL = (
    "text-align: left; vertical-align: top; padding: 0.4em 0.8em; min-width: 12em; overflow-wrap: anywhere"
)


class _Column:
    """One try of one answer, as safe HTML."""

    def __init__(self, reply: Reply | None = None) -> None:
        self.reply = reply
        self.over = False
        self._answer = GrowingAnswer()

    def html(self) -> str:
        """What there is now."""
        reply = self.reply
        if reply is None:
            return "<em>ended</em>" if self.over else "<em>waiting …</em>"
        self._answer.grow(reply)
        shown = styled(self._answer.html)
        return shown or ("<em>thinking …</em>" if reply.reasoning else "<em>…</em>")


class GrowingColumns:
    """Watches a run (on our loop) and paints it (on the thread of the cell that waits for it)."""

    def __init__(self, names: Sequence[str], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._names = names
        self._columns = [_Column() for _ in names]
        self._displays = Displays(None)
        self._clock = clock
        self._changed = True
        self._next = 0.0

    # ---- told by the engine ------------------------------------------------------------------------------

    def began(self, cells: Sequence[int], reply: Reply) -> None:
        """Look at this reply from now on."""
        for at in cells:
            self._columns[at] = _Column(reply)
        self._changed = True

    def grew(self, cells: Sequence[int]) -> None:
        """Something is to be painted."""
        del cells
        self._changed = True

    def ended(self, cells: Sequence[int]) -> None:
        """Nothing more will come of these."""
        for at in cells:
            self._columns[at].over = True
        self._changed = True

    # ---- painted where the cell waits ----------------------------------------------------------------------

    def paint(self) -> None:
        """Bring the output up to date, if there is anything new and it is time."""
        for column in self._columns:
            if column.reply is not None:
                ask_for_login(column.reply)
        now = self._clock()
        if not self._changed or now < self._next:
            return
        self._changed = False
        html = self._html()
        self._displays.show({"text/html": html, "text/plain": "…"})
        done = self._clock()
        size = len(html.encode(errors="replace"))
        # Painting takes its time, too: no more than a third of it goes into repaints.
        self._next = done + max(1 / UPDATES, size / _BANDWIDTH, 2 * (done - now))

    def finish(self, bundle: Bundle) -> None:
        """Put what stays in the place of what was painted."""
        self._displays.finish(bundle)

    def _html(self) -> str:
        return table(self._names, [[column.html() for column in self._columns]])


def styled(html: str) -> str:
    """An answer's own tables and code as text is set: front ends set tables as data, to the right."""
    html = _OWN_CELL.sub(lambda own: f'<{own[1]} style="text-align: {own[2] or "left"}">', html)
    return html.replace("<pre ", f'<pre style="{_CODE}" ')


def table(
    names: Sequence[str], rows: Sequence[Sequence[str]], styles: Mapping[int, str] | None = None
) -> str:
    """Columns under their names; the rows are HTML already."""
    share = f"{_CELL}; width: {100 // max(1, len(names))}%"
    heads = "".join(f'<th style="{share}">{escape(name)}</th>' for name in names)
    body = ""
    for at, row in enumerate(rows):
        style = (styles or {}).get(at, _CELL)
        # Front ends mark rows of data, every other one and the one beneath the mouse.
        cells = "".join(f'<td dir="auto" style="{style}">{part}</td>' for part in row)
        body += f'<tr style="{_ROW}">{cells}</tr>'
    made = f'<table style="width: 100%"><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>'
    return f'<div style="overflow-x: auto">{made}</div>'


def seat_names(run: Any) -> list[str]:
    """Whose answer each cell of a run is, as its frame says it."""
    seats = [run.grid.seats[cell.seat] for cell in run.grid.cells]
    return [f"{seat.provider}:{seat.model}" if seat.model else seat.provider for seat in seats]
