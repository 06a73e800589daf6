"""A growing answer cut into pieces that can be shown for good, and the open rest that still changes.

Blocks that no further text can change are finished. A long open block is cut where both halves look right by
themselves: code between two lines, a list between two of its items.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from g4f_nb.controls import GrowingText
from g4f_nb.showing.markdown import closed_blocks, openers, parse_blocks, safe_markdown

if TYPE_CHECKING:
    from markdown_it.token import Token

# Characters; what is shorter is not cut, however long it stays open. Between two pieces of code a reader sees
# a gap that closes in the end, so there are fewer of them.
LONG = 1500
_CODE = 3
_ITEM = "list_item_open"


class Splitter(GrowingText):
    """Markdown in pieces: `take` gives what is finished since the last time, and the rest as it is now."""

    __slots__ = ("_long",)

    def __init__(self, *, long: int = LONG) -> None:
        super().__init__()
        self._long = long

    def take(self, *, last: bool = False) -> tuple[list[str], str]:
        """Give the new finished pieces and the open rest; with `last` the rest is finished, too."""
        finished = []
        lines = self._open.split("\n")
        blocks = parse_blocks(self._open)
        cut = closed_blocks(blocks, lines)
        if cut:
            start = blocks[cut][0]
            finished.append("\n".join(lines[:start]).rstrip("\n"))
            self._open = "\n".join(lines[start:])
            lines, blocks = lines[start:], [(a - start, b - start, each) for a, b, each in blocks[cut:]]
        if len(self._open) > self._long and blocks and not last:
            finished += self._cut_long(blocks[-1], lines)
        if last and self._open.strip():
            finished.append(self._open.rstrip("\n"))
            self._open = ""
        return [piece for piece in finished if piece.strip()], self._open

    def _cut_long(self, block: tuple[int, int, list[Token]], lines: list[str]) -> list[str]:
        start, _, tokens = block
        head = tokens[0]
        if head.type == "fence":
            enough = len(self._open) > _CODE * self._long
            return self._cut_code(start, head, lines) if enough else []
        if head.type in ("bullet_list_open", "ordered_list_open"):
            # The last line may still become something else.
            items = [line - (head.map or [0])[0] + start for line in _item_lines(tokens)]
            items = [line for line in items if start < line < len(lines) - 1]
            if items:
                self._open = "\n".join(lines[items[-1] :])
                return ["\n".join(lines[: items[-1]]).rstrip("\n")]
        return []

    def _cut_code(self, start: int, head: Token, lines: list[str]) -> list[str]:
        """A fence that is not closed yet: the lines so far in a fence of their own, the rest in another."""
        opening, mark = lines[start], head.markup
        whole = range(start + 1, len(lines) - 1)
        if not whole or any(_closes(lines[at], mark) for at in (*whole, len(lines) - 1)):
            return []
        # A blank line is the best place, for there a reader sees no seam.
        blank = [at + 1 for at in whole if not lines[at].strip() and 2 * at > start + len(lines)]
        at = blank[-1] if blank else whole[-1] + 1
        self._open = "\n".join([opening, *lines[at:]])
        return ["\n".join([*lines[:at], mark])]


def _item_lines(tokens: Sequence[Token]) -> list[int]:
    return [token.map[0] for token in tokens if token.type == _ITEM and token.level == 1 and token.map]


def _closes(line: str, mark: str) -> bool:
    return bool(re.fullmatch(rf" {{0,3}}{re.escape(mark)}{re.escape(mark[0])}*[ \t]*", line))


class SafePieces:
    """Pieces of one answer as safe Markdown, each in the knowledge of what stands before it."""

    __slots__ = ("_before",)

    def __init__(self) -> None:
        # Not the text itself: only what may have opened a formula in it counts.
        self._before = ""

    def finished(self, piece: str) -> str:
        """Make a piece safe that stays."""
        safe = safe_markdown(piece, after=self._before)
        self._before = " ".join(sorted(openers(self._before + " " + piece)))
        return safe

    def open(self, piece: str) -> str:
        """Make the rest safe, which will come again."""
        return safe_markdown(piece, after=self._before)
