"""The outputs of one answer in a cell: finished ones that stay, and the last, which is painted again."""

from __future__ import annotations

from contextlib import nullcontext

from IPython.display import DisplayHandle

from g4f_nb.cells.bystanders import Bystanders

Bundle = dict[str, str]


class Displays:
    """Outputs in a row; several only in a cell that is all ours, for they can only be cleared together.

    `bystanders` knows what else is in the cell; without it there is one output, which is painted again.
    """

    def __init__(self, bystanders: Bystanders | None) -> None:
        self._bystanders = bystanders
        self._last: DisplayHandle | None = None
        self._to_clear = False
        self.count = 0

    @property
    def alone(self) -> bool:
        """Whether there may be several."""
        return self._bystanders is not None

    def show(self, bundle: Bundle) -> None:
        """Paint the last output, or begin with one."""
        if self._bystanders is not None and self._bystanders.cleared:
            self._bystanders.cleared = False
            self._last, self.count = None, 0
        if self._to_clear and self._bystanders is not None:
            # With the next output, so that nothing flickers.
            self._bystanders.clear(wait=True)
        self._to_clear = False
        with nullcontext() if self._bystanders is None else self._bystanders.ours():
            if self._last is not None:
                self._last.update(bundle, raw=True)  # type: ignore[no-untyped-call]
            else:
                self._last = DisplayHandle()  # type: ignore[no-untyped-call]
                self._last.display(bundle, raw=True)  # type: ignore[no-untyped-call]
                self.count += 1

    def keep(self) -> None:
        """Leave the last output as it is; what is shown next stands below it."""
        self._last = None

    def start_over(self) -> None:
        """What is shown next stands in the place of everything that was shown so far."""
        if self.count > 1 or (self.count and self._last is None):
            self._last, self._to_clear, self.count = None, True, 0

    def finish(self, bundle: Bundle) -> None:
        """Show the one output that stays."""
        self.start_over()
        self.show(bundle)
        self._stop()

    def vanish(self) -> None:
        """Take away what was shown, for there is nothing to show."""
        if self.count and self._bystanders is not None:
            self._bystanders.clear(wait=False)
        elif self._last is not None:
            self.show({"text/plain": ""})
        self._stop()

    def _stop(self) -> None:
        if self._bystanders is not None:
            self._bystanders.stop()
