"""What may stand between two letters and is not seen where a text is rendered: Markdown's marks, no width."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

# Formats, accents upon the letter before, fillers, choices of a form.
_NO_WIDTH = (
    "\u00ad\u0300-\u036f\u0483-\u0489\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u1ab0-\u1aff\u1dc0-\u1dff"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u20d0-\u20ff\u3164\ufe00-\ufe0f\ufe20-\ufe2f\ufeff\uffa0"
    "\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d165-\U0001d182\U000e0000-\U000e0fff"
)
# Emphasis, code, math; links, with their addresses. Repetitions are bounded: no text takes long.
_OF_MARKDOWN = r"\\{0,4}[*_~`$]|!?\[|\](?:\([^\s()]{0,500}\)|\[[^\s\[\]]{0,100}\])?"
_CODE = r"&(?:amp;){0,3}[#\w]{2,40};"
_HIDING = re.compile(rf"\]\([^\s()]{{0,500}}\)|\]\[[^\s\[\]]{{0,100}}\]|{_CODE}")
_UNSEEN = re.compile(rf"{_OF_MARKDOWN}|[{_NO_WIDTH}]+|{_CODE}")
_SIGNS = "*_~`$[]&"
_INVISIBLE = re.compile(rf"[{_NO_WIDTH}]+")
# The address of a link, or a code, that goes on.
_OPEN = re.compile(r"\][(\[][^\s()]{0,500}\Z|&[#\w;]{0,60}\Z")


def may_hide(text: str) -> bool:
    """Whether anything in a text can be unseen; for most texts that is known in no time."""
    return any(mark in text for mark in _SIGNS) or (
        not text.isascii() and _INVISIBLE.search(text) is not None
    )


def without_hidden_letters(text: str) -> str:
    """The text without addresses of links and names of codes, whether they are seen or not."""
    return _HIDING.sub("", text) if "][" in text or "](" in text or "&" in text else text


def as_seen(text: str) -> str:
    """The text without what is not seen of it."""
    if "&" not in text:
        return _UNSEEN.sub("", text)
    return _UNSEEN.sub(lambda found: "" if _is_unseen(found) else found[0], text)


def places_of_seen(text: str) -> list[int]:
    """Where in the text each character of it stands that is seen."""
    places = list[int]()
    for start, end in _between(text):
        places += range(start, end)
    return places


def is_invisible(char: str) -> bool:
    """Whether a character has no width of its own."""
    return _INVISIBLE.fullmatch(char) is not None


def goes_on(word: str) -> bool:
    """Whether a word ends inside of something that may not be seen once it is whole."""
    return _OPEN.search(word) is not None


def _between(text: str) -> Iterator[tuple[int, int]]:
    at = 0
    for found in _UNSEEN.finditer(text):
        if _is_unseen(found):
            yield at, found.start()
            at = found.end()
    yield at, len(text)


def _is_unseen(found: re.Match[str]) -> bool:
    if found[0][0] != "&":
        return True
    named = found[0]
    for _ in range(4):
        # An ampersand may be a code itself: `&amp;zwnj;`.
        named = html.unescape(named)
    return is_invisible(named)
