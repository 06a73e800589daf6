"""How much is tried: all there is where `G4F_NB_THOROUGH` is 1, as before a change lands; else enough of it.

Enough is each kind of case, and fewer examples of it.
"""

from __future__ import annotations

import os

THOROUGH = os.environ.get("G4F_NB_THOROUGH") == "1"


def some(cases, *, of=5, but=0):
    """All of these cases; where nobody asked for all, every fifth or so, not the same ones for all `but`s."""
    cases = list(cases)
    return cases if THOROUGH else cases[but % min(of, len(cases)) :: of]


def examples(many):
    """Hypothesis tries so many, a fifth of them where nobody asked for all."""
    from hypothesis import settings

    return settings(max_examples=many if THOROUGH else max(many // 5, 20), deadline=None)


def rounds(many, enough):
    """How often a promise about chance is tried."""
    return many if THOROUGH else enough
