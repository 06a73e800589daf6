"""How far a comparison is, while it runs: a tqdm bar where somebody looks, and nothing left of it."""

from __future__ import annotations

import sys
import time
from typing import Any, Protocol, Self

from g4f_nb import frontend
from g4f_nb.comparing.cellline import CellLine, watch_cells

# Before so many seconds no bar is shown: it would be gone before it is read, and an output is left of it.
_WAIT = 0.4


class Work(Protocol):
    """What a bar shows."""

    done: int

    def notes(self) -> str:
        """What stands beside the count: failures and cost."""


class Progress:
    """A bar for so many calls, at most four updates a second, gone when they are done."""

    def __init__(self, work: Work, total: int, *, title: str, shown: bool) -> None:
        self._work = work
        self._total = total
        self._title = title
        self._bar: Any = None
        self._line: CellLine | None = None
        self._from = 0.0
        self._shown = shown and (frontend.attached() or (not frontend.in_kernel() and sys.stderr.isatty()))

    def __enter__(self) -> Self:
        watch_cells()
        self._from = time.monotonic() + _WAIT
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self.refresh()
            self._bar.close()
        if self._line is not None:
            self._line.vanish()

    def refresh(self) -> None:
        """Show how far the work is; what is done in a moment needs no bar."""
        if self._bar is None and self._shown and time.monotonic() >= self._from:
            self._begin()
        if self._bar is not None:
            self._bar.set_postfix_str(self._work.notes(), refresh=False)
            self._bar.n = self._work.done
            self._bar.refresh()

    def _begin(self) -> None:
        from tqdm import tqdm

        self._line = CellLine() if frontend.in_kernel() else None
        self._bar = tqdm(
            total=self._total, desc=self._title, unit="call", file=self._line or sys.stderr, leave=False,
            ncols=80, mininterval=0.25, ascii=None if self._line is None else False,
        )  # fmt: skip
        # The time that has passed already counts for what is left.
        self._bar.start_t -= _WAIT
