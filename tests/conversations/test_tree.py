"""The tree of turns keeps its shape, whatever is asked, asked anew, dropped and switched, in any order."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from thorough import examples

from g4f_nb.conversations.spots import at_place, behind, look_at, put, version_of
from g4f_nb.conversations.tree import Tree
from g4f_nb.conversations.turnjson import Saved, saved_from_json, saved_json
from g4f_nb.conversations.turns import Turn

_NOW = datetime.now(UTC)
_STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["end", "place", "version", "behind", "beginning", "drop", "switch", "failed", "late"]
        ),
        st.integers(0, 30),
    ),
    max_size=40,
)


def _turn(number, place=None, *, answered=True):
    said = ({"role": "assistant", "content": "x"},) if answered else ()
    return Turn(id=str(number), prompt=f"p{number}", asked_at=_NOW, place=place, dialogue=said)


def _check(tree, there):
    """Every turn that was not dropped is there; the branch is a way from a first turn to a last one."""
    turns = {turn.id: turn for turn in tree.all}
    assert set(turns) == there
    branch = tree.branch()
    assert [turn.parent for turn in branch] == [None, *(turn.id for turn in branch[:-1])][: len(branch)]
    assert bool(branch) == bool(turns)
    # It ends where nothing follows, and one is chosen wherever something does.
    parents = {turn.parent for turn in turns.values()}
    assert set(tree.chosen) == parents
    assert not branch or branch[-1].id not in parents
    back = saved_from_json(saved_json(Saved(turns=tree.all, chosen=tree.chosen)))
    assert (back.turns, back.chosen) == (tree.all, tree.chosen)


@examples(300)
@given(_STEPS)
def test_any_steps_leave_a_tree(steps):
    """With a current branch, whole; and it survives JSON."""
    tree, there, late = Tree(), set(), []
    for number, (what, pick) in enumerate(steps):
        turns = tree.all
        old = turns[pick % len(turns)] if turns else None
        if what in ("version", "behind", "drop", "switch") and old is None:
            continue
        if what == "drop":
            tree.remove(old)
            there.discard(old.id)
        elif what == "switch":
            tree.choose(old)
            assert old in tree.branch()
        elif what == "late":
            # Asked now, and answered when much has changed.
            late.append((_turn(number), at_place(tree, None) if old is None else version_of(tree, old)))
        else:
            place = f"cell-{pick % 3}" if what in ("place", "failed") else None
            spot = {
                "version": lambda old=old: version_of(tree, old),
                "behind": lambda old=old: behind(tree, old),
                "beginning": lambda: behind(tree, None),
            }.get(what, lambda place=place: at_place(tree, place))()
            look_at(tree, spot)
            before = tree.branch()
            new = put(tree, _turn(number, place, answered=what != "failed"), spot)
            there.add(new.id)
            if spot.keeps_later and not spot.instead_of.dialogue:
                there.discard(spot.instead_of.id)
            if spot.keeps_later:
                assert len(tree.branch()) == len(before)
            assert new in tree.branch()
        _check(tree, there)
    for turn, spot in late:
        there.add(put(tree, turn, spot).id)
        _check(tree, there)


def test_versions_are_told_oldest_first():
    """Whichever is chosen."""
    tree = Tree()
    first = put(tree, _turn(1), at_place(tree, None))
    put(tree, _turn(2), version_of(tree, first))
    put(tree, _turn(3), version_of(tree, first))
    tree.choose(first)
    assert [turn.id for turn in tree.versions(first)] == ["1", "2", "3"]
    assert [turn.id for turn in tree.branch()] == ["1"]


@pytest.mark.clock
def test_all_versions_of_a_long_dialogue_are_told_quickly():
    """A panel asks for those of each turn: the time grows as the dialogue does, and not with its square."""
    count = 10_000
    turns = [replace(_turn(0), id=str(at), parent=str(at - 1) if at else None) for at in range(count)]
    tree = Tree(turns, {turn.parent: turn.id for turn in turns})
    start = time.perf_counter()
    assert all(tree.versions(turn) == (turn,) for turn in turns)
    assert time.perf_counter() - start < 2
