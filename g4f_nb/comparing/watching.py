"""Looking at answers while they come: what a run tells whoever shows it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from g4f_nb.reply import Reply


class Watcher(Protocol):
    """Is told of each question of a run, on our own loop; `cells` are the rows that it answers.

    What it does must be quick, and must not raise: an exception would end the run.
    """

    def began(self, cells: Sequence[int], reply: Reply) -> None:
        """A try begins, not always the first: the reply is empty, and will grow."""

    def grew(self, cells: Sequence[int]) -> None:
        """There is more of it, perhaps many times a second."""

    def ended(self, cells: Sequence[int]) -> None:
        """It is over; the run's columns say how. Some never began: their answers were kept, or refused."""


class Unseen:
    """Nobody looks on, but what a watched run is stopped in the midst of is kept, and that is wanted."""

    def began(self, cells: Sequence[int], reply: Reply) -> None:
        """Nothing is shown."""

    def grew(self, cells: Sequence[int]) -> None:
        """Nothing is shown."""

    def ended(self, cells: Sequence[int]) -> None:
        """Nothing is shown."""
