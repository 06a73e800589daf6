"""An answer in a notebook's output: repainted in place while it comes, one clean output at the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from IPython.display import DisplayHandle

from g4f_nb.cells.looks import UPDATES, ask_for_login
from g4f_nb.reply import Reply
from g4f_nb.showing import rendering


class CellScreen:
    """A notebook's output: repainted in place, one clean output at the end."""

    def __init__(self, *, streams: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self._streams = streams
        self._clock = clock
        self._handle = DisplayHandle()  # type: ignore[no-untyped-call]
        self._displayed = False
        self._markdown = rendering.MarkdownStream()
        self._length = 0
        self._login = ""
        self._next = 0.0

    def update(self, reply: Reply) -> None:
        """Paint what is there now, if it is time."""
        now = self._clock()
        if not self._streams:
            ask_for_login(reply)
            return
        if now < self._next:
            return
        text = reply.text
        login = rendering.login_line(reply) if reply.waits_for_login else ""
        if len(text) == self._length and self._displayed and login == self._login:
            return
        self._markdown.add(text[self._length :])
        self._length, self._login = len(text), login
        waiting = login or ("*thinking …*" if reply.reasoning else "*…*")
        shown = "\n\n".join(filter(None, (self._markdown.safe(), login))) or waiting
        self._send({"text/markdown": shown})
        # Painting takes its time, too: of a long answer no more than a third of it goes into repaints.
        self._next = self._clock() + max(1 / UPDATES, 2 * (self._clock() - now))

    def finish(self, reply: Reply, *, notices: Sequence[str] = ()) -> None:
        """Put the whole answer in the place of what was painted."""
        bundle = rendering.mimebundle(reply)
        for notice in notices:
            bundle["text/markdown"] += f"\n\n<sub>{rendering.safe_text(notice)}</sub>"
        self._send(bundle)

    def _send(self, bundle: dict[str, str]) -> None:
        if self._displayed:
            self._handle.update(bundle, raw=True)  # type: ignore[no-untyped-call]
        else:
            self._handle.display(bundle, raw=True)  # type: ignore[no-untyped-call]
            self._displayed = True
