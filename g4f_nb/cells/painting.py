"""An answer in a notebook's output: a few times a second while it comes, one clean output at the end.

What is sent grows as the answer does, no faster. Finished parts stay in outputs of their own, and only the
last output is painted again; how often depends on its length. In the end one output takes the place of all.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from g4f_nb.cells.bystanders import Bystanders
from g4f_nb.cells.displays import Displays
from g4f_nb.cells.looks import UPDATES, Look, ask_for_login, is_empty
from g4f_nb.cells.unfolding import MarkdownUnfolding, Unfolding, VerbatimUnfolding
from g4f_nb.reply import Reply
from g4f_nb.showing.bundles import mimebundle
from g4f_nb.showing.keyless import GrowingKeyless

# Bytes a second that painting may take, and what one output costs whatever is in it.
_BANDWIDTH, _ENVELOPE = 16_000, 650
# An output is left as it is once it holds so many characters, or this part of the whole answer.
_ENOUGH, _SHARE = 1_600, 20
# JupyterLab shows the first fifty outputs of a cell.
_MOST_OUTPUTS = 36


class CellScreen:
    """The output of the cell that runs."""

    def __init__(
        self,
        look: Look,
        *,
        streams: bool,
        bystanders: Bystanders | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._look = look
        self._streams = streams
        self._clock = clock
        self._displays = Displays(bystanders)
        self._unfolding: Unfolding = (
            VerbatimUnfolding() if look.format == "text" or look.typed else MarkdownUnfolding()
        )
        self._keyless = GrowingKeyless()
        # What is in outputs that stay, and what is finished in the last one.
        self._stays: list[str] = []
        self._kept: list[str] = []
        self._painted: str | None = None
        self._next = 0.0

    def update(self, reply: Reply) -> None:
        """Paint what is there now, if it is time."""
        if not self._streams:
            ask_for_login(reply)
            return
        now = self._clock()
        if now < self._next:
            return
        try:
            sent = self._paint(reply)
        except Exception:  # noqa: BLE001  # an answer is not lost by its display: it is shown when it is whole
            self._streams = False
            return
        if sent:
            done = self._clock()
            # Painting takes its time, too: of a long answer no more than a third of it goes into repaints.
            carried = (sum(sent) + len(sent) * _ENVELOPE) / _BANDWIDTH
            pause = max(len(sent) / UPDATES, carried, 2 * (done - now))
            self._next = done + pause

    def finish(self, reply: Reply, *, notices: Sequence[str] = ()) -> None:
        """Put the whole answer in the place of what was painted."""
        look = self._look
        if is_empty(reply) and not notices:
            self._displays.vanish()
        else:
            bundle = mimebundle(reply, kind=look.format, quiet=look.quiet, turn=look.turn, notices=notices)
            self._displays.finish(bundle)

    def _paint(self, reply: Reply) -> list[int]:
        """Bring the outputs up to date; the bytes of each that was sent."""
        growth = self._unfolding.take(self._keyless.of(reply))
        if growth.anew:
            self._stays, self._kept, self._painted = [], [], None
            self._displays.start_over()
        self._kept += growth.finished
        sent = []
        if self._displays.alone and sum(map(len, self._kept)) >= self._enough():
            sent.append(self._show(self._kept))
            self._stays += self._kept
            self._kept, self._painted = [], None
            if self._displays.count >= _MOST_OUTPUTS:
                self._displays.start_over()
                sent.append(self._show(self._stays))
            self._displays.keep()
        if self._kept or growth.open:
            sent.append(self._show([*self._kept, growth.open]))
        return [size for size in sent if size]

    def _enough(self) -> int:
        return max(_ENOUGH, sum(map(len, self._stays)) // _SHARE)

    def _show(self, parts: list[str]) -> int:
        shown = self._unfolding.joined(parts)
        if shown == self._painted:
            return 0
        self._painted = shown
        self._displays.show({self._unfolding.mime: shown})
        return len(shown.encode(errors="replace"))
