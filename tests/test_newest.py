"""What is remembered between calls has an end."""

from __future__ import annotations

import sys
import threading

import pytest

from g4f_nb import notices
from g4f_nb.newest import Newest
from g4f_nb.providers import failing
from g4f_nb.providers.authed import logins
from g4f_nb.providers.combined import breakers
from g4f_nb.providers.models import abilities
from g4f_nb.providers.sending import lanes
from g4f_nb.wire import http


def test_the_oldest_goes():
    """The newest stay, in their order; what is set again is new again, and what was there stays so."""
    kept = Newest(3)
    for number in range(5):
        kept[number] = str(number)
    assert list(kept.items()) == [(2, "2"), (3, "3"), (4, "4")]
    kept[2] = "again"
    assert kept.setdefault(4, "other") == "4"
    assert kept.setdefault(5, "five") == "five"
    assert list(kept) == [4, 2, 5]


def test_what_is_in_use_stays():
    """However many there are, until it is no longer used."""
    busy = {0, 1, 2}
    kept = Newest(2, in_use=lambda value: value in busy)
    for number in range(4):
        kept[number] = number
    assert list(kept) == [0, 1, 2, 3]
    busy.clear()
    kept[4] = 4
    assert list(kept) == [3, 4]


def test_threads_share_it():
    """Nobody is disturbed by what another one drops."""
    kept = Newest(8)

    def work(name):
        for number in range(3000):
            kept[name, number % 20] = number
            kept.setdefault((name, number % 7), number)

    switch = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(switch)
    kept["last"] = 1
    assert len(kept) <= 8 + 1


@pytest.mark.parametrize(
    ("remember", "kept"),
    [
        (lambda n: abilities.note_flags(f"http://h{n}/v1", []), abilities._known),
        (lambda n: breakers.standing_of(f"P{n}", None, "m"), breakers._breakers),
        (lambda n: failing.note_failure(f"P{n}", failing.G4FError("x")), failing._last),
        (lambda n: lanes.lane(("test", n)), lanes._lanes),
        (lambda n: logins.account_at(f"/nowhere/{n}"), logins._accounts),
        (lambda n: http._timeouts(n + 0.5), http._timeout_cache),
    ],
    ids=["abilities", "breakers", "failures", "lanes", "accounts", "timeouts"],
)
def test_nothing_grows_for_ever(remember, kept):
    """A kernel may live for weeks and ask thousands of addresses."""
    for number in range(1500):
        remember(number)
    assert len(kept) <= 1000
    assert isinstance(kept, Newest)
    kept.clear()


def test_lines_that_were_told_are_not_remembered_for_ever(capsys):
    """However many different ones a kernel tells; each is told."""
    for number in range(1500):
        notices.tell(f"line {number}")
    assert len(notices._told) <= 1001
    assert capsys.readouterr().err.count("\n") == 1500
