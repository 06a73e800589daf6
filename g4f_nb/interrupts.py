"""An interrupt while an answer comes: it leads to what had arrived, and shows no frames of ours."""

from __future__ import annotations

import sys

from g4f_nb import frontend
from g4f_nb.errors import users_lines
from g4f_nb.reply import Reply


def lead_to(error: KeyboardInterrupt, reply: Reply) -> None:
    """Give the interrupt the reply as far as it came, and have it shown as the user's own lines."""
    error.reply = reply  # type: ignore[attr-defined]  # for `sys.last_value`
    error._render_traceback_ = _shortly  # type: ignore[attr-defined]  # IPython's hook


def tell_where(error: KeyboardInterrupt, reply: Reply) -> None:
    """Say where what had arrived can be had, to a user who has nothing but the interrupt."""
    if not reply.text:
        error.add_note("Nothing had arrived yet.")
    elif frontend.shell() is not None:
        error.add_note("What had arrived is in sys.last_value.reply (after import sys).")
    else:
        error.add_note("What had arrived is in the attribute `reply` of this exception.")


def _shortly() -> list[str]:
    # The error that is shown now, or was last: one that held itself would hold all of its frames.
    error = sys.exc_info()[1] or getattr(sys, "last_value", None) or KeyboardInterrupt()
    return [*users_lines(error), "\n".join([type(error).__name__, *getattr(error, "__notes__", ())])]
