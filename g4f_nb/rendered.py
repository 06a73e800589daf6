"""What a reader sees of a paragraph of Markdown: no address, title or tag, of a formula its letters alone."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

# Where one ends; within a formula a renderer may let blank lines be.
_BETWEEN = re.compile(r"\n(?:[ \t]*\n)+")
_FORMULA = re.compile(r"\$|\\[(\[a-zA-Z]")
# Comments, commands, what stands for a blank, and what groups: all that is no letter of a formula.
_NO_LETTER = re.compile(r"(?<!\\)%[^\n]*|\\[A-Za-z]+\*?|\\.|[{}\s$^_&~]")
_IN_DOLLARS = re.compile(r"\$\$?[^$]+(?:\$|\Z)")
_BEGINNING, _ENDING = re.compile(r"\\[(\[]|\\begin\b"), ("\\)", "\\]", "\\end")
_INLINE = re.compile(r"[\[\]()!*_~`$<&\\]")
# Marks times characters.
_MOST_WORK = 20_000_000
_MARKS = re.compile(r"[\[$\\<]")


def may_be_less(text: str) -> bool:
    """Whether a reader may see less of a text than there is; for most texts that is known in no time."""
    return _MARKS.search(text) is not None


def paragraphs(text: str) -> Iterator[tuple[int, int]]:
    """Where each begins and ends."""
    at = 0
    for found in _BETWEEN.finditer(text):
        yield at, found.start()
        at = found.end()
    yield at, len(text)


def readings(paragraph: str) -> Iterator[str]:
    """What may be seen of it: parsers disagree, and some know no formulas."""
    visible = "\n".join(map(_visible, _inline_of(paragraph)))
    yield visible
    if _FORMULA.search(paragraph):
        yield _NO_LETTER.sub("", visible)
        yield _NO_LETTER.sub("", paragraph)


def unreadable(paragraph: str) -> Iterator[str]:
    """Where anything may hide: formulas, with their commands, and what would take too long to read."""
    if _work(paragraph) > _MOST_WORK:
        yield from (text for text in _inline_of(paragraph) if _work(text) > _MOST_WORK)
    yield from _IN_DOLLARS.findall(paragraph)
    first = _BEGINNING.search(paragraph)
    if first is not None:
        # From the first to the last: in a text of nothing but openers each has no end of its own.
        last = max(map(paragraph.rfind, _ENDING))
        yield paragraph[first.start() : last if last > first.start() else None]


def _work(text: str) -> int:
    return len(text) * len(_INLINE.findall(text))


def _inline_of(paragraph: str) -> list[str]:
    """Its texts without code that stands by itself, of which all is seen."""
    return [token.content for token in _reader().parse(paragraph) if token.type == "inline"]


def _visible(text: str) -> str:
    if _work(text) > _MOST_WORK:
        return text
    reader, tokens = _reader(), list["Token"]()
    reader.inline.parse(text, reader, {"references": _EveryOne()}, tokens)
    return "".join(map(_seen_of, tokens))


class _EveryOne(dict[str, Any]):
    """Addresses of references, of which each is given somewhere."""

    def __contains__(self, name: object) -> bool:
        return True

    def __getitem__(self, name: str) -> Any:
        return {"title": "", "href": "#", "map": [0, 0]}

    def get(self, name: str, default: Any = None) -> Any:
        """The same for whatever name."""
        del default
        return self[name]


def _seen_of(token: Token) -> str:
    if token.type == "image":
        return "".join(map(_seen_of, token.children or ())) or token.content
    if token.type in ("softbreak", "hardbreak"):
        return "\n"
    return "" if token.type == "html_inline" else token.content


@functools.cache
def _reader() -> MarkdownIt:
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark").enable(["table", "strikethrough"]).disable(["html_block", "reference"])
    reader.core.ruler.enableOnly(["normalize", "block"])  # type: ignore[no-untyped-call,unused-ignore]
    return reader
