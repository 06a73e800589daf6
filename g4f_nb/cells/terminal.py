"""An answer in a plain terminal: the text itself, as it comes, and nothing that a terminal would obey."""

from __future__ import annotations

import re
from collections.abc import Sequence

from g4f_nb.cells.looks import ask_for_login
from g4f_nb.reply import Reply

# Control characters but tab and line feed: in a terminal they are commands.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def printable(text: str) -> str:
    """A model's or server's text without what a terminal would obey."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r\n", "\n"))


class TerminalScreen:
    """IPython in a terminal: the text itself, as it comes."""

    def __init__(self, *, streams: bool = True) -> None:
        self._streams = streams
        self._length = 0

    def update(self, reply: Reply) -> None:
        """Print what is new."""
        ask_for_login(reply)
        text = reply.text
        if self._streams and len(text) > self._length:
            print(printable(text[self._length :]), end="", flush=True)  # noqa: T201  # the output
            self._length = len(text)

    def finish(self, reply: Reply, *, notices: Sequence[str] = ()) -> None:
        """Print the rest, and how it ended."""
        print(printable(reply.text[self._length :]) + (" [stopped]" if reply.partial else ""))  # noqa: T201
        for notice in notices:
            print(printable(notice))  # noqa: T201
