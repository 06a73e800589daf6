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
