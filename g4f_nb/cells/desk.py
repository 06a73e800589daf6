"""What a cell may use of the place where it runs: the user's variables, the shell, what was said before."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from g4f_nb import frontend
from g4f_nb.cells.scopes import seen_over
from g4f_nb.errors import G4FError

if TYPE_CHECKING:
    from g4f_nb.cells.talks import Talks


@dataclass(slots=True, eq=False)
class Desk:
    """One shell, as cells with `%%chat` see it; what belongs to its session is kept here."""

    shell: Any
    # Tools that may run without asking, for the rest of the session; the functions themselves, so that one
    # that is defined anew is asked about again.
    trusted: list[Any] = field(default_factory=list)
    # Code that waits for the cell before it to be run, and whether it has just come.
    waiting: list[str] = field(default_factory=list)
    fresh: bool = False
    # The error that a cell of the user's ended with last.
    failure: BaseException | None = None
    # The types of which IPython asks us how to show them, and whom it asked before.
    kinds: dict[type, Callable[[Any], None] | None] = field(default_factory=dict)
    _shown: tuple[Any, int, str] = (None, 0, "")
    _talks: Talks | None = None

    @property
    def talks(self) -> Talks:
        """The conversations of this shell."""
        if self._talks is None:
            from g4f_nb.cells.talks import Talks

            self._talks = Talks()
        return self._talks

    @property
    def names(self) -> dict[str, Any]:
        """The user's own variables, as whoever called the running magic sees them."""
        return seen_over(self.shell.user_ns)

    def keep(self, name: str | None, value: Any) -> None:
        """Give the user a variable, where one is named."""
        if name is not None:
            self.shell.user_ns[name] = value

    def show_no_more(self, value: Any, short: str = "") -> None:
        """This value is on the screen: it is the cell's, and is not shown a second time.

        `short` is what a terminal says of it, behind the `Out[1]: ` that stands there; without that, nothing.
        """
        if not short and frontend.in_terminal():
            self._pass_over(value)
            return
        if type(value) not in self.kinds:
            formatter = self.shell.display_formatter.ipython_display_formatter
            self.kinds[type(value)] = formatter.for_type(type(value), self._show)
        self._shown = (value, self.shell.execution_count, short)

    def _pass_over(self, value: Any) -> None:
        """Keep IPython from writing `Out[1]: ` before anybody can say that nothing follows it."""
        hook = self.shell.displayhook

        def seen(given: Any) -> None:
            if given is not value or hook.quiet():
                hook(given)
                return
            hook.update_user_ns(given)
            hook.fill_exec_result(given)

        # Until the end of the cell: then IPython puts back what was there before it.
        trap = self.shell.display_trap
        # IPython 7 does not say so itself.
        if getattr(trap, "is_active", sys.displayhook is trap.hook):
            sys.displayhook = seen

    def _show(self, value: Any) -> None:
        """IPython's hook for showing a value: one that its cell shows already is not shown twice."""
        shown, self._shown = self._shown, (None, 0, "")
        if value is shown[0] and self.shell.execution_count == shown[1]:
            if frontend.in_terminal():
                # The terminal has written "Out[1]: " already and waits for something after it.
                print(shown[2])  # noqa: T201
            return
        users = self.kinds.get(type(value))
        if users is not None:
            users(value)
            return
        raise NotImplementedError  # IPython's word for "show it the usual way"; not abstract

    def set_last(self, value: Any) -> None:
        """Put a value into `_` and `Out[n]` although its cell ends with an error."""
        self.shell.displayhook.update_user_ns(value)

    def last_name(self) -> str:
        """Where `set_last` will put it: IPython leaves a `_` alone that the user has given a value."""
        hook = self.shell.displayhook
        free = getattr(hook, "_", None) is self.shell.user_ns.get("_", getattr(hook, "_", None))
        return "_" if free else f"Out[{self.shell.execution_count}]"

    def note_failure(self, result: Any) -> None:
        """Keep the error of a cell that has ended with one, unless it is of a question that was not asked."""
        error = getattr(result, "error_in_exec", None) or getattr(result, "error_before_exec", None)
        if isinstance(error, BaseException):
            from g4f_nb.prompting.naming import is_users_error

            if is_users_error(error):
                self.failure = error

    def take_back(self) -> None:
        """Leave the shell as it was."""
        formatter = self.shell.display_formatter.ipython_display_formatter
        for kind, users in self.kinds.items():
            formatter.pop(kind, None)
            if users is not None:
                formatter.for_type(kind, users)
        self.kinds.clear()


class Stopped(KeyboardInterrupt):
    """The user's interrupt, shown in one line: the answer so far is kept, and queued cells do not run."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


def in_one_line(error: G4FError) -> G4FError:
    """Show the error without frames: they are ours, and the user's mistake is not in them."""
    from g4f_nb.cells.terminal import in_red, printable
    from g4f_nb.cells.wording import in_flags

    text = f"{in_red(type(error).__name__)}: {printable(in_flags(str(error)))}"
    # What has become of what there was of the answer.
    text = "\n".join([text, *getattr(error, "__notes__", ())])
    error._render_traceback_ = lambda: [text]  # type: ignore[method-assign]  # IPython's hook
    return error
