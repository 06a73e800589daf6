"""Waiting for a file that another kernel or program writes: in small steps, not in silence, not for ever."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from g4f_nb.notices import tell
from g4f_nb.stored.onestep import is_held

# How long, in seconds, and how much of that without a word.
PATIENCE = 30.0
WITHOUT_A_WORD = 2.0
# SQLite can wait by itself, and hears no Ctrl-C then: it is let wait for so long only, again and again, and
# between two of these there is a short pause for whoever else needs what is locked here meanwhile.
_STEP = 0.2
_BETWEEN = 0.01
T = TypeVar("T")


def patiently(file: Path, do: Callable[[float], T], *, most: float | None = None) -> T:
    """Do what may have to wait; each time it is given how many seconds. A wait that one notices is told."""
    patience = PATIENCE if most is None else min(most, PATIENCE)
    began = time.monotonic()
    told = False
    while True:
        waited = time.monotonic() - began
        try:
            done = do(max(0.0, min(_STEP, patience - waited)))
        except sqlite3.OperationalError as error:
            waited = time.monotonic() - began
            if not is_held(error) or waited >= patience:
                raise
        else:
            if told:
                tell(f"the store {file} is free again: going on", once=False)
            return done
        if not told and waited >= WITHOUT_A_WORD:
            told = True
            tell(
                f"the store {file} is held by another kernel or program that writes: waiting for it, "
                f"{patience - waited:.0f} s at most",
                once=False,
            )
        time.sleep(_BETWEEN)
