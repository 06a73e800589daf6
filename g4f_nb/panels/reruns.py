"""A cell that is run again makes its panels anew: those of its run before follow nothing any more.

IPython and ipywidgets hold every panel that was ever shown, so it does not go by itself.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass, field
from typing import Any

from g4f_nb import frontend
from g4f_nb.forking import ModuleLock
from g4f_nb.panels.screen import Screen


@dataclass(slots=True)
class _Run:
    """One run of a cell, and the screens of the panels that it made."""

    id: str
    screens: weakref.WeakSet[Screen] = field(default_factory=weakref.WeakSet)


_runs: weakref.WeakKeyDictionary[Any, dict[str, _Run]] = weakref.WeakKeyDictionary()
_lock = ModuleLock()


def made_here(screen: Screen) -> None:
    """Note which cell a panel was made in; those that the same cell made before rest, where nobody looks."""
    shell, (cell, run) = frontend.shell(), frontend.running_cell()
    if shell is None or cell is None:
        return
    with _lock:
        runs = _runs.setdefault(shell, {})
        before = runs.get(cell)
        if before is None or before.id != run:
            runs[cell] = _Run(run)
        runs[cell].screens.add(screen)
    if before is not None and before.id != run:
        for each in list(before.screens):
            each.rest()
