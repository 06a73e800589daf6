"""What a notebook keeps of a widget: plain, safe HTML in an output of its own, beside the widget's.

A widget is dead without its kernel, and shows no other form of its output. So a second output stands beside
it: live panels hide it, and where there is none (a reopened notebook, nbconvert, GitHub) it is what is read.
"""

from __future__ import annotations

import contextlib
import contextvars
import os
from collections.abc import Callable
from html import escape

import anywidget

from g4f_nb import frontend

Bundle = dict[str, str]
# Characters of all that one panel keeps, in each form.
LONGEST_HTML, LONGEST_PLAIN = 20_000, 5_000
# Where a live panel's output could not be restored, what Jupyter says in its place is left out.
_TIDY = (
    "<style>.jp-OutputArea-child:has(+ .jp-OutputArea-child .{name}):not(:has(.g4f-root))"
    "{{display:none}}</style>"
)


class Beside:
    """The kept output of one widget, on the page wherever the widget was shown."""

    def __init__(self, mark: str) -> None:
        self._mark = mark
        self._context: contextvars.Context | None = None
        self._last: Bundle = {}

    @property
    def mark(self) -> str:
        """The class of its element, by which a live widget finds it."""
        return f"g4f-transcript-{self._mark}"

    def bundle(self, body: str, plain: str) -> Bundle:
        """What is kept: HTML that live widgets find, and text for those who show no HTML."""
        tidy = _TIDY.format(name=self.mark)
        html = f'<div class="g4f-transcript {self.mark}">{body}</div>{tidy}'
        return {"text/html": html, "text/plain": plain}

    def publish(self, bundle: Bundle) -> None:
        """Show it as an output of the cell that runs now."""
        self._context = contextvars.copy_context()
        self._last = bundle
        self._send(update=False)

    @property
    def is_shown(self) -> bool:
        """Whether there is an output to be brought up to date."""
        return self._context is not None

    def renew(self, bundle: Bundle, *, here: bool = False) -> None:
        """Bring it up to date; `here` as a message of the cell that runs now, which is all nbclient reads."""
        if self._context is None or (bundle == self._last and not here):
            return
        self._last = bundle
        context = contextvars.copy_context() if here else self._context.copy()
        context.run(self._send, update=True)

    def _send(self, *, update: bool) -> None:
        shell = frontend.shell()
        if shell is None:
            return
        # A front end that went away must not disturb anything.
        with contextlib.suppress(OSError, RuntimeError):
            shell.display_pub.publish(
                dict(self._last), {}, transient={"display_id": self.mark}, update=update
            )


def show_both(widget: anywidget.AnyWidget, show_beside: Callable[[], None]) -> None:
    """Display a widget where somebody can use it, and beside it what is kept of it."""
    from IPython.display import display

    if not frontend.in_kernel():
        print(repr(widget))  # noqa: T201  # a terminal's form of it
        return
    if frontend.attached() or os.environ.get("SERVER_SOFTWARE", "").startswith("voila"):
        bundle = widget._repr_mimebundle_()
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        # Where the widget is dead, its text would stand above what is kept, and say less.
        data = {**(data or {}), "text/plain": ""}
        display(data, metadata=metadata, raw=True)  # type: ignore[no-untyped-call]
    show_beside()


def invitation(title: str, told: str) -> tuple[str, str]:
    """What a reader sees of a panel that nothing was said in, as HTML and as text."""
    words = f"{told} Run this cell to use it."
    return f"<p><b>{escape(title)}</b><br><small>{escape(words)}</small></p>\n", f"{title}\n{words}"


def as_lines(text: str) -> str:
    """A plain text as HTML, each line on one of its own."""
    return escape(text).replace("\n", "<br>")
