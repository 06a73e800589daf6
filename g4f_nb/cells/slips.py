"""What a mistyped flag or command was probably meant to be, and nothing where nothing is near."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

# Two letters swapped in a word of three are as far apart as this; other words are not that near.
_NEAR = 0.65
# Of fewer letters, too many begin alike.
_FEWEST = 2


def meant_by(typed: str, names: Iterable[str]) -> str | None:
    """The name that is the same but for its dashes, begins like this, has this word, or is spelt like it."""
    wanted = _letters(typed)
    known = {_letters(name): name for name in names}
    if wanted in known:
        return known[wanted]
    if len(wanted) < _FEWEST:
        return None
    begun = [each for each in known if each.startswith(wanted)]
    held = [each for each in known if wanted in each.split("-")]
    found = (
        sorted(begun, key=len) or held or difflib.get_close_matches(wanted, list(known), n=1, cutoff=_NEAR)
    )
    return known[found[0]] if found else None


def _letters(name: str) -> str:
    return name.lower().lstrip("-").replace("_", "-")
