"""The tree of turns: each has at most one before it and any number after it, of which one is chosen.

The current branch follows what is chosen from the first turn on. Nothing here knows of locks or models.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from g4f_nb.conversations.turns import Turn


class Tree:
    """Turns by id, in the order in which they came, and which of several is chosen after each."""

    def __init__(self, turns: Iterable[Turn] = (), chosen: Mapping[str | None, str] | None = None) -> None:
        self._turns = {turn.id: turn for turn in turns}
        self._chosen = dict(chosen or {})
        # What follows each, made when it is asked for: whoever shows a dialogue asks for every turn.
        self._following: dict[str | None, list[Turn]] | None = None

    @property
    def all(self) -> tuple[Turn, ...]:
        """Every turn of every branch, in the order in which they came."""
        return tuple(self._turns.values())

    @property
    def chosen(self) -> dict[str | None, str]:
        """Which turn follows each on the way that was looked at last; `None` stands for the beginning."""
        return dict(self._chosen)

    def get(self, id: str) -> Turn | None:  # noqa: A002  # what a turn calls it
        """The turn as it is now."""
        return self._turns.get(id)

    def branch(self) -> tuple[Turn, ...]:
        """The current branch, oldest first."""
        found: list[Turn] = []
        at: str | None = None
        while (following := self._chosen.get(at)) is not None:
            found.append(self._turns[following])
            at = following
        return tuple(found)

    def path(self, turn: Turn) -> tuple[Turn, ...]:
        """The turns that lead to this one, and itself."""
        found = [self._turns[turn.id]]
        while (before := found[-1].parent) is not None:
            found.append(self._turns[before])
        return tuple(reversed(found))

    def versions(self, turn: Turn) -> tuple[Turn, ...]:
        """The turns that stand in the same place of the dialogue, this one among them, oldest first."""
        return tuple(self._after(self._turns[turn.id].parent))

    def add(self, turn: Turn) -> None:
        """Put a turn behind its parent and choose it."""
        self._put(turn)
        self._chosen[turn.parent] = turn.id

    def put_in_place_of(self, old: Turn, new: Turn) -> Turn:
        """Choose `new` instead of `old`, and let what follows the old one follow the new one."""
        new = replace(new, parent=self._turns[old.id].parent)
        self._put(new)
        self._move(self._after(old.id), new.id)
        if old.id in self._chosen:
            self._chosen[new.id] = self._chosen.pop(old.id)
        self._chosen[new.parent] = new.id
        return new

    def remove(self, turn: Turn) -> None:
        """Take one turn out; what follows it follows the turn before it."""
        turn, self._following = self._turns.pop(turn.id), None
        following = self._chosen.pop(turn.id, None)
        self._move(self._after(turn.id), turn.parent)
        if self._chosen.get(turn.parent) != turn.id:
            return
        left = self._after(turn.parent)
        if following is not None:
            self._chosen[turn.parent] = following
        elif left:
            self._chosen[turn.parent] = left[-1].id
        else:
            del self._chosen[turn.parent]

    def choose(self, turn: Turn) -> None:
        """Make the branch that this turn is on the current one."""
        for each in self.path(turn):
            self._chosen[each.parent] = each.id

    def _after(self, parent: str | None) -> list[Turn]:
        if self._following is None:
            self._following = {}
            for turn in self._turns.values():
                self._following.setdefault(turn.parent, []).append(turn)
        return self._following.get(parent, [])

    def _put(self, turn: Turn) -> None:
        self._turns[turn.id], self._following = turn, None

    def _move(self, turns: Iterable[Turn], parent: str | None) -> None:
        for turn in turns:
            self._put(replace(turn, parent=parent))
