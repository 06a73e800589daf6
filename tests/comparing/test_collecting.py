"""While a comparison runs garbage is looked for seldom; afterwards as before."""

from __future__ import annotations

import gc

import pytest

import g4f_nb as nb
from g4f_nb.comparing.collecting import SeldomCollected
from g4f_nb.testing import serve


@pytest.fixture(autouse=True)
def thresholds():
    before = gc.get_threshold()
    # Python's own: those of the tests are higher.
    gc.set_threshold(700, 10, 10)
    yield gc.get_threshold()
    gc.set_threshold(*before)


def test_the_thresholds_are_put_back(thresholds):
    """By the last of several runs, after an error too, and by a comparison."""
    with SeldomCollected():
        with pytest.raises(KeyError), SeldomCollected():
            raise KeyError
        assert gc.get_threshold()[0] > thresholds[0]
    assert gc.get_threshold() == thresholds
    with serve() as server:
        nb.compare("a", nb.Model("OpenaiTemplate:upper", api_base=server.api_base), progress=False)
    assert gc.get_threshold() == thresholds


@pytest.mark.parametrize("first", [0, 1_000_000])
def test_who_wants_less_is_left_alone(first):
    """Nought is no collection at all, and more than ours is more than ours."""
    gc.set_threshold(first, 10, 10)
    with SeldomCollected():
        assert gc.get_threshold()[0] == first
    assert gc.get_threshold()[0] == first


def test_who_changes_it_meanwhile_is_not_overruled():
    """What a user sets while a run goes on stays."""
    with SeldomCollected():
        gc.set_threshold(123, 4, 5)
    assert gc.get_threshold()[:2] == (123, 4)
