"""A line in a cell that changes in place and leaves nothing behind.

tqdm's own notebook bar is a widget: closed, it stays in the saved notebook as "model not found". And of a
cell's outputs Jupyter's protocol can take back all or none. So where the line was the only one until then,
all are taken back; else, for what the user printed is the user's, an output stays that shows nothing.
"""

from __future__ import annotations

import sys
from typing import Any

from g4f_nb import frontend


class CellLine:
    """A file whose last line is shown in the cell."""

    def __init__(self) -> None:
        from IPython.display import DisplayHandle

        self._handle = DisplayHandle()  # type: ignore[no-untyped-call]
        self._displayed = False
        self._sent = 0

    def write(self, text: str) -> None:
        """Show this line in the place of the last one."""
        line = text.replace("\r", "").rstrip()
        if line == "\n" or (not line and not self._displayed):
            return
        self._show({"text/plain": line})

    def flush(self) -> None:
        """Nothing is held back."""

    def vanish(self) -> None:
        """Take the line out of the cell, in any form that a saved notebook may be shown in."""
        if not self._displayed:
            return
        if _outputs() == self._sent:
            from IPython.display import clear_output

            clear_output()  # type: ignore[no-untyped-call]
        else:
            self._show({"text/plain": "", "text/html": ""})

    def _show(self, bundle: dict[str, str]) -> None:
        show = self._handle.update if self._displayed else self._handle.display
        show(bundle, raw=True)  # type: ignore[no-untyped-call]
        self._displayed = True
        self._sent += 1


class _Began:
    """How many messages the kernel had sent when the running cell began; `None` where nobody counted."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self.count: int | None = None

    def __call__(self) -> None:
        self.count = _messages(self._shell)


def watch_cells() -> None:
    """Count from the next cell on, in a kernel: before that, nothing is known of a cell's other outputs."""
    shell: Any = frontend.shell()
    if _messages(shell) is not None and _began(shell) is None:
        shell.events.register("pre_execute", _Began(shell))


def _outputs() -> int | None:
    """How many messages the kernel has sent since the cell began: outputs, and whatever else there is."""
    shell = frontend.shell()
    began = _began(shell)
    for stream in (sys.stdout, sys.stderr):
        # What was printed goes out in a while by itself.
        stream.flush()
    now = _messages(shell)
    return None if began is None or began.count is None or now is None else now - began.count


def _messages(shell: Any) -> int | None:
    session = getattr(getattr(shell, "kernel", None), "session", None)
    count = getattr(session, "message_count", None)
    return count if isinstance(count, int) else None


def _began(shell: Any) -> _Began | None:
    callbacks = getattr(getattr(shell, "events", None), "callbacks", {})
    return next((each for each in callbacks.get("pre_execute", ()) if isinstance(each, _Began)), None)
