"""What else a cell shows while an answer streams into it, so that it survives when the output is cleared.

Tools print and display in the same output. When the answer is whole the output is cleared for it, and what
was not ours is said again.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

_OURS = ("stdout", "stderr")


class _Tee:
    """A stream that remembers what this thread writes; other threads' words may belong to other cells."""

    def __init__(self, inner: TextIO, heard: Callable[[str], None]) -> None:
        self._inner = inner
        self._heard = heard
        self._thread = threading.get_ident()

    # A stream of Python's, as far as anybody uses it.
    def write(self, text: str) -> int:
        if threading.get_ident() == self._thread:
            self._heard(text)
        return self._inner.write(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class Bystanders:
    """Listens from `listen` to `stop` to one cell, on the thread that runs it."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._heard: list[tuple[str, Any]] = []
        self._tees: dict[str, _Tee] = {}
        self._own = False
        # Somebody else has cleared the output, and what we had shown is gone.
        self.cleared = False

    def listen(self) -> None:
        """Begin; it ends with the cell at the latest."""
        for name in _OURS:
            tee = _Tee(getattr(sys, name), self._hearer(name))
            self._tees[name] = tee
            setattr(sys, name, tee)
        self._shell.display_pub.register_hook(self._see)
        self._shell.events.register("post_run_cell", self.stop)

    def stop(self, _: object = None) -> None:
        """Leave everything as it was found."""
        if not self._tees:
            return
        for name, tee in self._tees.items():
            if getattr(sys, name) is tee:
                setattr(sys, name, tee._inner)  # noqa: SLF001  # of this module
        self._tees = {}
        self._shell.display_pub.unregister_hook(self._see)
        self._shell.events.unregister("post_run_cell", self.stop)

    def clear(self, *, wait: bool) -> None:
        """Empty the cell of what is ours."""
        with self.ours():
            self._shell.display_pub.clear_output(wait=wait)
            self._say_again()

    @contextmanager
    def ours(self) -> Iterator[None]:
        """While we show something ourselves nothing is remembered."""
        self._own = True
        try:
            yield
        finally:
            self._own = False

    def _say_again(self) -> None:
        """Repeat all of it, in its order."""
        for kind, content in self._heard:
            if kind in _OURS:
                print(content, end="", file=getattr(sys, kind))  # what somebody has printed
            else:
                self._shell.display_pub.publish(
                    content["data"],
                    content["metadata"],
                    transient=content.get("transient"),
                    update=kind == "update_display_data",
                )

    def _hearer(self, name: str) -> Callable[[str], None]:
        def hear(text: str) -> None:
            # Somebody may hold the stream beyond the end.
            if self._tees and not self._own:
                self._heard.append((name, text))

        return hear

    def _see(self, message: dict[str, Any]) -> dict[str, Any]:
        if not self._own:
            kind = message["header"]["msg_type"]
            if kind == "clear_output":
                self._heard, self.cleared = [], True
            else:
                self._heard.append((kind, message["content"]))
        return message
