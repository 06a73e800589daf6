"""Before a tool of the user's runs, the user is asked: yes, no, or always for this session."""

from __future__ import annotations

from typing import Any

from g4f_nb import frontend
from g4f_nb.cells.desk import Desk
from g4f_nb.cells.terminal import printable
from g4f_nb.dialogues.plans import PendingCall
from g4f_nb.errors import InvalidParameterError, shorten
from g4f_nb.tools import Toolbox

_LONGEST = 400
_YES, _NO, _ALWAYS = ("y", "yes"), ("n", "no"), ("a", "always")
# Whoever types something else is asked again, not for ever.
_TRIES = 3


def check_askable(tools: list[Any], desk: Desk) -> None:
    """Refuse, before anything is sent, tools that nobody could approve."""
    if frontend.can_ask():
        return
    unknown = [tool.name for tool in Toolbox.of(tools).tools.values() if not _is_trusted(tool.function, desk)]
    if unknown:
        raise InvalidParameterError(
            f"nobody can be asked here whether {unknown[0]} may run, for this notebook takes no input: add "
            "--yes to let the model call its tools, and nothing was sent"
        )


def approve(call: PendingCall, desk: Desk) -> bool:
    """Ask whether this call may be made; the model is told if not."""
    if _is_trusted(call.tool.function, desk):
        return True
    shown = shorten(printable(str(call)).replace("\n", "⏎"), _LONGEST)
    for _ in range(_TRIES):
        try:
            said = input(f"Run {shown}? [y]es, [n]o, [a]lways: ").strip().lower()
        except EOFError:
            # Ctrl-D: whoever will not answer has not said yes.
            print("Not run: no answer is a no.")  # noqa: T201  # below the question
            break
        if said in _YES:
            return True
        if said in _ALWAYS:
            desk.trusted.append(call.tool.function)
            return True
        if said in _NO:
            break
    return False


def _is_trusted(function: Any, desk: Desk) -> bool:
    return any(each is function for each in desk.trusted)
