"""An answer in a terminal that shows colours, with rich: finished parts as Markdown, the growing below."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt
from rich.console import Console
from rich.live import Live
from rich.markdown import Markdown
from rich.segment import Segment

from g4f_nb.cells.looks import UPDATES
from g4f_nb.showing.splitting import Splitter

if TYPE_CHECKING:
    from rich.console import ConsoleOptions, RenderResult

# Lines that are left for what stands around the growing part.
_ROOM = 3
# Colours of the terminal's own, which are right on light and on dark.
_CODE = "ansi_dark"


class Colours:
    """Where text goes that grows; a writer for `TerminalScreen`."""

    def __init__(self, console: Console | None = None) -> None:
        # Not highlighting by itself: a number in an answer means nothing.
        self._console = Console(highlight=False) if console is None else console
        self._splitter = Splitter(long=max(400, self._console.width * 8))
        self._live: Live | None = None
        self._next = 0.0

    def add(self, text: str) -> None:
        """Take what has come, and show it if it is time."""
        self._splitter.add(text)
        if time.monotonic() >= self._next:
            self._show()
            self._next = time.monotonic() + 1 / UPDATES

    def pause(self) -> None:
        """Show everything, and leave the place to others."""
        self._show(last=True)

    def end(self) -> None:
        """Show everything; no more will come."""
        self._show(last=True)

    def _show(self, *, last: bool = False) -> None:
        finished, rest = self._splitter.take(last=last)
        over = last or not rest.strip()
        # What grew goes first, or what it has become would stand above it for a moment.
        if over:
            self._drop()
        elif finished and self._live is not None:
            self._live.update(_Tail(rest))
        for piece in finished:
            self._print(piece)
        if over:
            return
        if self._live is None:
            self._live = Live(console=self._console, auto_refresh=False, transient=True)
            self._live.start()
        self._live.update(_Tail(rest), refresh=True)

    def _print(self, piece: str) -> None:
        try:
            self._console.print(_markdown(piece))
        except Exception:  # noqa: BLE001  # an answer is not lost by its display
            self._console.print(piece, markup=False)

    def _drop(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None


def _markdown(text: str) -> Markdown:
    made = Markdown("", code_theme=_CODE, hyperlinks=False)
    # Tags that a model writes are words: rich would leave them out.
    made.parsed = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]).parse(text)
    return made


class _Tail:
    """The last lines of a text that is too long for the screen."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        lines = console.render_lines(_markdown(self._text), options, pad=False)
        for line in lines[-max(3, console.height - _ROOM) :]:
            yield from line
            yield Segment.line()
