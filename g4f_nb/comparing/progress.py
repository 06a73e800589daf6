"""How far a comparison is, while it runs: a tqdm bar where somebody looks, and nothing left of it."""

from __future__ import annotations

import sys
import time
from typing import Any, Protocol, Self

from g4f_nb import frontend

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


class CellLine:
    """A file that shows its last line in the cell, in place, and leaves nothing behind.

    tqdm's own notebook bar is a widget: closed, it stays in the saved notebook as "model not found".
    """

    def __init__(self) -> None:
        from IPython.display import DisplayHandle

        self._handle = DisplayHandle()  # type: ignore[no-untyped-call]
        self._displayed = False

    def write(self, text: str) -> None:
        """Show this line in the place of the last one."""
        line = text.replace("\r", "").rstrip()
        if line == "\n" or (not line and not self._displayed):
            return
        bundle = {"text/plain": line}
        if self._displayed:
            self._handle.update(bundle, raw=True)  # type: ignore[no-untyped-call]
        else:
            self._handle.display(bundle, raw=True)  # type: ignore[no-untyped-call]
            self._displayed = True

    def flush(self) -> None:
        """Nothing is held back."""

    def vanish(self) -> None:
        """Leave an output that shows nothing, in any form that a saved notebook may be shown in.

        Jupyter's protocol cannot take one output back: only all of a cell's, with what the user printed.
        """
        if self._displayed:
            self._handle.update({"text/plain": "", "text/html": ""}, raw=True)  # type: ignore[no-untyped-call]
