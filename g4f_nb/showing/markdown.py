r"""Markdown from a model, made inert for every renderer: Markdown in, Markdown out.

Parsers disagree, so nothing here trusts that another one reads the text as ours does. What could be alive
is rewritten so that it is dead in *every* reading: outside of top-level fences no `<` survives but those of
a fixed vocabulary; the fences themselves cannot be closed, swallowed or turned inside out from without;
whatever follows `](` or `]:` is a harmless address or no address; nothing is an image.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin

from g4f_nb.controls import GrowingText
from g4f_nb.showing.inert import FENCE_LINE, PREFIX, alive, entities, risky
from g4f_nb.showing.spans import safe_line, safe_span

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from markdown_it.token import Token

_LABEL_END = re.compile(r"(?:\\.|[^\[\]\\])*\]:", re.DOTALL)
_CELL_END = re.compile(r"(?<!\\)\|")
_CLEAN_WORD = re.compile(r"[A-Za-z0-9_+#.-]*")
# Renderers that know math let it run over blank lines, and then over the first line of a fence.
_MATH_PAIRS = (("$$", "$$"), ("\\[", "\\]"), ("\\(", "\\)"), ("\\begin{", "\\end{"))


def _reader() -> MarkdownIt:
    reader = MarkdownIt("commonmark", {"html": False}).enable("table").disable("reference")
    reader.use(dollarmath_plugin, allow_labels=False, allow_blank_lines=False)
    reader.core.ruler.enableOnly(["normalize", "block"])  # type: ignore[no-untyped-call,unused-ignore]
    return reader


_READER = _reader()


def safe_markdown(text: str, *, after: str = "") -> str:
    """Make Markdown safe to show anywhere; `after` is what will stand before it in the same output."""
    stream = MarkdownStream(after=after)
    stream.add(text)
    return stream.safe()


class MarkdownStream(GrowingText):
    """`safe_markdown` of a growing text: finished blocks are kept, only the open end is read again."""

    __slots__ = ("_done", "_seen")

    def __init__(self, *, after: str = "") -> None:
        super().__init__()
        self._done = ""
        self._seen = openers(after)

    def safe(self) -> str:
        """All text so far as safe Markdown; equal to `safe_markdown` of the whole."""
        text = self._open + "\n" * len(self._held)
        lines = text.split("\n")
        blocks = parse_blocks(text)
        cut = 0 if self._held else closed_blocks(blocks, lines)
        if cut:
            self._done = _join(self._done, _render(blocks[:cut], lines, self._seen))
            self._open = "\n".join(lines[blocks[cut][0] :])
        return _join(self._done, _render(blocks[cut:], lines, set(self._seen)))


def parse_blocks(text: str) -> list[tuple[int, int, list[Token]]]:
    """The top-level blocks of a cleaned text, as `read_blocks` groups them."""
    return read_blocks(_READER.parse(text), text.count("\n") + 1)


def read_blocks(tokens: Sequence[Token], end: int) -> list[tuple[int, int, list[Token]]]:
    """Group tokens by top-level block: first line, line after the last (at most `end`), tokens."""
    starts = [i for i, token in enumerate(tokens) if not token.level and token.map and token.nesting >= 0]
    blocks = []
    for first, following in pairwise([*starts, len(tokens)]):
        group = list(tokens[first:following])
        blocks.append(((group[0].map or [0])[0], end, group))
    return [
        (start, blocks[i + 1][0] if i + 1 < len(blocks) else end, group)
        for i, (start, end, group) in enumerate(blocks)
    ]


def closed_blocks(blocks: Sequence[tuple[int, int, list[Token]]], lines: Sequence[str]) -> int:
    """How many of the blocks no further text can change.

    A block is closed once another begins after a blank line. That beginning must be a whole line, for a
    lone `2` may still become the list item `2.`, and after a blank line, for math may take back the rest.
    """
    for count in range(len(blocks) - 1, 0, -1):
        start = blocks[count][0]
        if start < len(lines) - 1 and not lines[start - 1].strip(" \t"):
            return count
    return 0


def _join(first: str, second: str) -> str:
    return f"{first}\n\n{second}" if first and second else first or second


def openers(text: str) -> set[str]:
    """What in a text may open a formula that runs on into the next one."""
    return {opener for opener, _ in _MATH_PAIRS if opener in text}


def _render(blocks: Sequence[tuple[int, int, list[Token]]], lines: list[str], seen: set[str]) -> str:
    """The blocks' safe text; `seen` is what might have opened math before them, and is kept up."""
    out: list[str] = []
    walled = blank = False
    for start, end, tokens in blocks:
        source = lines[start:end]
        while source and not source[-1].strip(" \t"):
            source.pop()
        was_walled, (walled, text) = walled, _block(tokens, source, start, seen)
        if out:
            out.append("\n\n" if walled or was_walled or blank else "\n")
        out.append(text)
        blank = len(source) < end - start
        seen |= openers("\n".join(source))
    return "".join(out)


def _block(tokens: list[Token], source: list[str], start: int, seen: set[str]) -> tuple[bool, str]:
    """One top-level block, and whether it needs blank lines around it."""
    head = tokens[0]
    if head.type == "fence":
        return True, _fence(head.content, head.info, seen)
    if head.type == "code_block":
        text = "\n".join(source)
        return (True, _fence(head.content, "", seen)) if risky(text) else (False, text)
    return False, "\n".join(_lines(tokens, source, start, seen=seen | openers("\n".join(source))))


def _lines(tokens: list[Token], source: list[str], start: int, *, seen: set[str]) -> Iterator[str]:
    """A block's lines: runs of text made safe one by one, code within lists and quotes apart."""
    at = 0
    for token in tokens:
        first, last = ((token.map or [start, start])[0] - start), ((token.map or [start, start])[1] - start)
        last = min(last, len(source))
        if token.type not in ("inline", "fence", "code_block", "table_open", "math_block") or first < at:
            continue
        yield from map(safe_line, source[at:first])
        part = source[first:last]
        if token.type == "table_open":
            # A bar ends a cell even within a code span, so each cell is a text of its own.
            for row in part:
                yield "|".join(map(safe_line, _CELL_END.split(row)))
        elif token.type in ("fence", "code_block"):
            yield from _nested_code(token, part, seen=seen)
        else:
            yield safe_span("\n".join(part))
        at = last
    yield from map(safe_line, source[at:])


def _nested_code(token: Token, part: list[str], *, seen: set[str]) -> Iterator[str]:
    """Code in a list or a quote: as typed if nothing in it could come alive, else `<pre>` in one line."""
    while part and not part[-1].strip(" \t>"):
        part.pop()
    if not part:
        return
    first = part[0].expandtabs(4)
    fenced = token.type == "fence"
    if fenced:
        prefix = first.partition(token.markup)[0]
    else:
        prefix = first.removesuffix(token.content.partition("\n")[0].expandtabs(4)).removesuffix("    ")
    if not PREFIX.fullmatch(prefix):
        prefix = re.sub(r"[^ >].*", "", first)[:-4]
    if risky(token.content) or _swallows(token.content, seen) or _word(token.info) != token.info.strip():
        yield prefix + _pre(token.content)
        return
    yield from part
    last = part[-1].strip(" \t>")
    if fenced and (len(part) == 1 or last.strip(token.markup[0]) or len(last) < len(token.markup)):
        yield re.sub(r"[^>\s]", " ", prefix) + token.markup


def _word(info: str) -> str:
    """A fence's language, one clean word. Mermaid is drawn from raw HTML, so its diagrams stay text."""
    found = _CLEAN_WORD.match(info.strip())
    word = found[0] if found else ""
    return "text" if word.lower().startswith("mermaid") else word


def _fence(code: str, info: str, seen: set[str]) -> str:
    """Code as a fence at column 0 that is code even for a parser which believes to be in a fence already.

    For that, its first line has a language and so cannot end a fence, and no line within could either.
    """
    danger = alive(code)
    if _swallows(code, seen) or (danger and FENCE_LINE.search(code)):
        return _pre(code)
    longest = max(map(len, re.findall("`+", code)), default=0)
    fence = "`" * max(3, longest + 1)
    word = _word(info) or ("text" if danger else "")
    return f"{fence}{word}\n{code}{'' if code.endswith(chr(10)) or not code else chr(10)}{fence}"


def _swallows(code: str, seen: set[str]) -> bool:
    """Whether code holds the end of what a parser may have seen begin in the text before it.

    Such an end would swallow the fence's first line: a formula's, or that of a `[label]:` over blank lines.
    """
    return bool(_LABEL_END.match(code)) or any(ahead in seen and end in code for ahead, end in _MATH_PAIRS)


def _pre(code: str) -> str:
    """Code as HTML in one line, so that no blank line or prefix can end it."""
    return f"<pre><code>{entities(code.removesuffix(chr(10)))}</code></pre>"
