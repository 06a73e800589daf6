"""Which screen an answer is shown on: a cell's output, or a terminal; as it comes, or once at the end."""

from __future__ import annotations

import re
from typing import Any

from IPython.core.displaypub import CapturingDisplayPublisher

from g4f_nb import frontend, settings
from g4f_nb.cells.bystanders import Bystanders
from g4f_nb.cells.looks import UPDATES, Look, Screen
from g4f_nb.cells.painting import CellScreen
from g4f_nb.cells.terminal import TerminalScreen

# Seconds after which a screen that is told nothing new is told that, too.
BEAT = 1 / UPDATES

_OURS = re.compile(r"%%(?:chat|g4f)\b.*|(?:[\w.]+\s*=\s*)?%(?:chat|g4f)\b[^\n]*;?", re.DOTALL)


def attend() -> Bystanders | None:
    """Remember from now on what else the cell shows, for a screen that is made later and clears it all."""
    shell: Any = frontend.shell()
    if frontend.in_terminal() or not frontend.attached() or not _alone() or _captured():
        return None
    if not hasattr(shell.display_pub, "register_hook"):
        return None
    bystanders = Bystanders(shell)
    bystanders.listen()
    return bystanders


def screen_for(look: Look | None = None, *, bystanders: Bystanders | None = None) -> Screen:
    """Make the screen that is right here and now, for one answer; `bystanders` is what `attend` gave."""
    look = Look() if look is None else look
    wish = settings.current().stream if look.stream is None else look.stream
    if frontend.in_terminal():
        return TerminalScreen(look, streams=wish is not False)
    streams = frontend.attached() if wish is None else wish
    # Only where it is known what else a cell shows may its output be cleared.
    return CellScreen(look, streams=streams and not _captured(), bystanders=bystanders)


def paints(*, stream: bool | None = None) -> bool:
    """Whether a cell's output is to be painted while something grows; never in a terminal."""
    if frontend.in_terminal() or _captured():
        return False
    wish = settings.current().stream if stream is None else stream
    return frontend.attached() if wish is None else wish


def _captured() -> bool:
    """Whether what is displayed now goes into a variable, as with `%%capture`: nobody sees it grow."""
    return isinstance(getattr(frontend.shell(), "display_pub", None), CapturingDisplayPublisher)


def _alone() -> bool:
    """Whether the cell that runs is one magic of ours and nothing else, so that its output is all ours."""
    return bool(_OURS.fullmatch(frontend.cell_code().strip()))
