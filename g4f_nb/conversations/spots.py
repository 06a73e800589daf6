"""Where a new turn stands in the tree, decided when it is asked and carried out when it is answered."""

from __future__ import annotations

from dataclasses import dataclass, replace

from g4f_nb.conversations.tree import Tree
from g4f_nb.conversations.turns import Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Behind `after`, or as another version of `instead_of`.

    With `keeps_later`, what follows the turn that is replaced follows the new one. `at_end` says that `after`
    was the end of the current branch: if that has grown meanwhile, the turn goes to its new end. `before` are
    the turns that lead to it.
    """

    before: tuple[Turn, ...] = ()
    after: Turn | None = None
    instead_of: Turn | None = None
    keeps_later: bool = False
    at_end: bool = False


def version_of(tree: Tree, old: Turn) -> Spot:
    """The spot of another version of a turn."""
    return Spot(instead_of=old, before=tree.path(old)[:-1])


def behind(tree: Tree, turn: Turn | None) -> Spot:
    """The spot behind a turn, whatever else follows it; `None` is the beginning."""
    return Spot() if turn is None else Spot(after=turn, before=tree.path(turn))


def at_place(tree: Tree, place: str | None, *, continues: bool = False) -> Spot:
    """The spot of the turn that was asked from this place before, or else the end of the current branch.

    What goes on with an answer replaces only what went on with it before.
    """
    branch = tree.branch()
    for at, turn in enumerate(branch):
        if place is not None and turn.place == place and (turn.continues or not continues):
            return Spot(instead_of=turn, keeps_later=True, before=branch[:at])
    return Spot(after=branch[-1] if branch else None, at_end=True, before=branch)


def look_at(tree: Tree, spot: Spot) -> Turn | None:
    """Go to the branch of the turn that is named, for its answer is wanted there; gives it if one had to."""
    named = spot.instead_of or spot.after
    here = None if named is None else tree.get(named.id)
    if here is None or here in tree.branch():
        return None
    tree.choose(here)
    return here


def put(tree: Tree, turn: Turn, spot: Spot) -> Turn:
    """Put a turn there, or where that has gone meanwhile, at the end of the current branch."""
    branch = tree.branch()
    here = {each.id for each in branch}
    old = None if spot.instead_of is None else tree.get(spot.instead_of.id)
    if old is not None and spot.keeps_later and old.id in here:
        made = tree.put_in_place_of(old, turn)
        if not old.dialogue:
            # Nobody wants a failure back.
            tree.remove(old)
        return made
    after = old.parent if old is not None else None if spot.after is None else spot.after.id
    grown = spot.at_end and (after is None or after in here)
    gone = after is not None and tree.get(after) is None
    if grown or gone or (old is None and spot.instead_of is not None):
        after = branch[-1].id if branch else None
    made = replace(turn, parent=after)
    tree.add(made)
    return made
