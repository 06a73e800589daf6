"""What stands after a subcommand of `%g4f`, and what a command may use of the place where it was typed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Place:
    """What a command may use of the place where it was typed."""

    # The `nb.Model` or provider class that the user keeps under a name, else the name itself.
    variable: Callable[[str], Any]
    ask_secret: Callable[[str], str]
    say: Callable[[str], None]
    # The conversations of this shell.
    talks: Any = ()


@dataclass(frozen=True, slots=True)
class Words:
    """What stands after a subcommand."""

    words: tuple[str, ...]
    flags: frozenset[str]


IN_A_CELL = (
    "A key itself is never written into a cell, where it would be saved with the notebook: run "
    "%g4f key PROVIDER and type it into the box that opens."
)
