"""Which screen an answer is shown on: a cell's output, or a terminal; as it comes, or once at the end."""

from __future__ import annotations

from g4f_nb import frontend, settings
from g4f_nb.cells.looks import UPDATES, Look, Screen
from g4f_nb.cells.painting import CellScreen
from g4f_nb.cells.terminal import TerminalScreen

# Seconds after which a screen that is told nothing new is told that, too.
BEAT = 1 / UPDATES


def screen_for(look: Look | None = None) -> Screen:
    """Make the screen that is right here and now, for one answer."""
    look = Look() if look is None else look
    wish = settings.current().stream if look.stream is None else look.stream
    if frontend.in_terminal():
        return TerminalScreen(streams=wish is not False)
    return CellScreen(streams=frontend.attached() if wish is None else wish)
