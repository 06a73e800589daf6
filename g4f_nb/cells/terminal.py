"""An answer in a plain terminal: the text itself, as it comes, and nothing that a terminal would obey.

Where rich is installed and the terminal is one that shows colours, finished parts are set as Markdown.
"""

from __future__ import annotations

import importlib.util
import os
import re
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from g4f_nb import frontend
from g4f_nb.cells.looks import Look, ask_for_login, is_empty
from g4f_nb.reply import Reply
from g4f_nb.showing.formats import body_of, data_text, plain_of
from g4f_nb.showing.keyless import GrowingKeyless
from g4f_nb.showing.parts import call_line, footer_facts

if TYPE_CHECKING:
    from g4f_nb.cells.colours import Colours

# Control characters but tab and line feed: in a terminal they are commands. What turns text around shows
# another text than there is, and half of a surrogate pair cannot be written.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_DIM, _NORMAL = "\x1b[2m", "\x1b[0m"
# Formats that grow in sight; the others are made of the whole answer.
_GROW = ("markdown", "text")


def printable(text: str) -> str:
    """A model's or server's text without what a terminal would obey."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r\n", "\n"))


class _Writer(Protocol):
    """Where text goes that grows."""

    def add(self, text: str) -> None:
        """Write what has come; it is printable."""

    def pause(self) -> None:
        """Write all that there is, for others write now."""

    def end(self) -> None:
        """The same, and the line is full."""


class _Plain:
    """As it comes."""

    def __init__(self) -> None:
        self._in_line = False

    def add(self, text: str) -> None:
        print(text, end="", flush=True)  # noqa: T201  # the output
        self._in_line = not text.endswith("\n") if text else self._in_line

    def pause(self) -> None:
        self.end()

    def end(self) -> None:
        if self._in_line:
            print()  # noqa: T201
        self._in_line = False


class TerminalScreen:
    """IPython in a terminal."""

    def __init__(self, look: Look | None = None, *, streams: bool = True) -> None:
        self._look = Look() if look is None else look
        self._streams = streams and self._look.format in _GROW and not self._look.typed
        self._colours = _colours() if self._look.format != "text" else None
        self._writer: _Writer = _Plain() if self._colours is None else self._colours
        self._keyless = GrowingKeyless()
        self._length = 0
        self._results = 0
        self._rounds = 0

    def update(self, reply: Reply) -> None:
        """Write what is new."""
        ask_for_login(reply)
        if not self._streams:
            return
        self._write(self._keyless.of(reply))
        if reply.running_calls:
            # Somebody may be asked whether a tool may run.
            self._writer.pause()

    def finish(self, reply: Reply, *, notices: Sequence[str] = ()) -> None:
        """Write the rest, and how it ended."""
        if is_empty(reply) and not notices:
            self._writer.end()
            return
        lines = [*notices]
        # What is written already is not taken back: what follows it is cut as that was.
        grown, reply = self._keyless.of(reply, whole=True), reply.as_shown()
        data = data_text(reply) if self._look.format == "markdown" else None
        if data is not None:
            self._tell_calls(reply)
            self._writer.add(printable(_coloured(data, "json", self._colours)))
        elif self._look.format in _GROW:
            self._write(grown)
            if not reply.text:
                self._writer.add(printable(plain_of(reply)))
        else:
            body = body_of(reply, self._look.format)
            self._writer.add(printable(_coloured(body.plain, self._look.format, self._colours)))
            lines += [body.fault] if body.fault else []
        self._writer.end()
        footer = [] if self._look.quiet else footer_facts(reply, turn=self._look.turn)
        for line in [*lines, " · ".join(footer)]:
            _tell(line)

    def _write(self, reply: Reply) -> None:
        """What is new, in its order: what was said before calls, the calls, and what was said after them."""
        if len(reply.tool_results) > self._results:
            after = "" if reply.running_calls else reply.running_text
            self._add(reply, to=len(reply.text) - len(after))
            self._tell_calls(reply)
        self._add(reply)

    def _add(self, reply: Reply, *, to: int | None = None) -> None:
        text = reply.text[:to]
        if any(step.retracted for step in reply.steps[self._rounds :]):
            # What was written stays written; the answer begins anew below it.
            self._writer.end()
            _tell("(that did not fit what was asked for: once more)")
            self._length = min(self._length, len(text))
        self._rounds = len(reply.steps)
        if len(text) > self._length:
            piece = text[self._length :]
            # The blank line before the next round would stand before the calls of this one.
            self._writer.add(printable(piece if to is None else piece.rstrip("\n")))
            self._length = len(text)

    def _tell_calls(self, reply: Reply) -> None:
        self._writer.pause()
        calls = {call.id: call for call in reply.tool_calls}
        for result in reply.tool_results[self._results :]:
            shown = " ".join(result.content.split())
            call = calls.get(result.id)
            _tell(f"{call_line(call) if call else result.name} → {'error: ' if result.error else ''}{shown}")
        self._results = len(reply.tool_results)


def _coloured(text: str, kind: str, colours: Any) -> str:
    """What rich sets as code, where there is rich."""
    return text if colours is None or kind not in ("json", "code") else f"```{kind}\n{text}\n```"


def _tell(line: str) -> None:
    """A quiet line, cut to the width of the terminal's line where it would be many."""
    line = printable(" ".join(line.split()))
    if not line:
        return
    line = line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
    print(f"{_DIM}{line}{_NORMAL}" if takes_escapes() else line)  # noqa: T201


_LONGEST = 400


def takes_escapes() -> bool:
    """Whether what is printed goes to a terminal that knows more than letters."""
    isatty: Callable[[], bool] | None = getattr(sys.stdout, "isatty", None)
    return bool(isatty and isatty()) and os.environ.get("TERM") not in ("dumb", "unknown")


def in_red(text: str) -> str:
    """The text in red, for a notebook or a terminal that shows colours; its user may want none (NO_COLOR)."""
    shown = not frontend.in_terminal() or (takes_escapes() and not os.environ.get("NO_COLOR"))
    return f"\x1b[31m{text}\x1b[0m" if shown else text


def _colours() -> Colours | None:
    if not takes_escapes() or importlib.util.find_spec("rich") is None:
        return None
    from g4f_nb.cells.colours import Colours

    return Colours()
