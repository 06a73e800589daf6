"""The outputs of one answer in a cell: finished ones that stay, and the last, which is painted again."""

from __future__ import annotations

from typing import Any

from IPython.display import DisplayHandle

from g4f_nb.cells.bystanders import Bystanders

Bundle = dict[str, str]


class Displays:
    """Outputs in a row; several only in a cell that is all ours, for they can only be cleared together."""

    def __init__(self, shell: Any, *, alone: bool) -> None:
        self._shell = shell
        self.alone = alone and hasattr(getattr(shell, "display_pub", None), "register_hook")
        self._bystanders: Bystanders | None = None
        self._last: DisplayHandle | None = None
        self._to_clear = False
        self.count = 0

    def show(self, bundle: Bundle) -> None:
        """Paint the last output, or begin with one."""
        if self._bystanders is not None and self._bystanders.cleared:
            self._bystanders.cleared = False
            self._last, self.count = None, 0
        if self._last is not None:
            with self._quietly():
                self._last.update(bundle, raw=True)  # type: ignore[no-untyped-call]
            return
        if self._to_clear:
            self._clear()
        with self._quietly():
            self._last = DisplayHandle()  # type: ignore[no-untyped-call]
            self._last.display(bundle, raw=True)  # type: ignore[no-untyped-call]
        self.count += 1
        self._to_clear = False

    def keep(self) -> None:
        """Leave the last output as it is; what is shown next stands below it."""
        self._last = None

    def listen(self) -> None:
        """Remember from now on what else this cell shows, for its output may have to be cleared."""
        if self.alone and self._bystanders is None:
            self._bystanders = Bystanders(self._shell)
            self._bystanders.listen()

    def start_over(self) -> None:
        """What is shown next stands in the place of everything that was shown so far."""
        if self.count > 1 or (self.count and self._last is None):
            self._last, self._to_clear, self.count = None, True, 0

    def finish(self, bundle: Bundle) -> None:
        """Show the one output that stays."""
        self.start_over()
        self.show(bundle)
        self.stop()

    def vanish(self) -> None:
        """Take away what was shown, for there is nothing to show."""
        if self.count and self.alone:
            with self._quietly():
                self._shell.display_pub.clear_output(wait=False)
                if self._bystanders is not None:
                    self._bystanders.say_again()
        elif self._last is not None:
            self.show({"text/plain": ""})
        self.stop()

    def stop(self) -> None:
        """Listen no longer to what else the cell shows."""
        if self._bystanders is not None:
            self._bystanders.stop()

    def _quietly(self) -> Any:
        from contextlib import nullcontext

        return nullcontext() if self._bystanders is None else self._bystanders.ours()

    def _clear(self) -> None:
        """Empty the cell with the next output, so that nothing flickers."""
        with self._quietly():
            self._shell.display_pub.clear_output(wait=True)
            if self._bystanders is not None:
                self._bystanders.say_again()
