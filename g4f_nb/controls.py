"""Text that others wrote, without the characters that a terminal would obey or that turn text around."""

from __future__ import annotations

import re

# Control characters, Unicode's line ends and lone surrogates: parsers split lines at different ones. And the
# two that are no characters, which no XML may hold.
_CONTROL = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


def clean(text: str) -> str:
    r"""One kind of line end, `\n`, and no control characters, nor any that turns text around."""
    return _CONTROL.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


class GrowingText:
    r"""A text that grows, clean: `_open` is what was not taken from it yet.

    It may be cut anywhere, between `\r` and `\n` too: a `\r` at its end waits in `_held` for what follows.
    """

    __slots__ = ("_held", "_open")

    def __init__(self) -> None:
        self._open = ""
        self._held = ""

    def add(self, text: str) -> None:
        """Take the next piece."""
        text = self._held + text
        self._held = "\r" if text.endswith("\r") else ""
        self._open += clean(text.removesuffix("\r"))
