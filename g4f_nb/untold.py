"""The end of a growing text that may be the beginning of a key: nobody sees it before more has come."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from g4f_nb.secret import Secret
from g4f_nb.spellings import LONG_ENOUGH, in_base64
from g4f_nb.unseen import as_seen, goes_on, is_invisible, may_hide, places_of_seen

_RUN = re.compile(r"[A-Za-z0-9]+")
# What a character of a key may be written with: `%2F`, `&#47;`, `\\u002f`.
_ESCAPES = re.compile(r"[%&\\]")
# Of a key in its longest spelling; and of one character of a key that is more than letters without accents.
_LONGEST, _LONGEST_CHARACTER = 4_000, 40


class Untold:
    """For some keys: where the part of a text begins that has to wait for what comes after it.

    Whatever is before that can be masked by itself, as if the text were whole. Where no key begins nothing
    waits; else it is a few letters, or the word that is being written.
    """

    __slots__ = ("_escaped", "_reach", "_runs", "_whole_words")

    def __init__(self, keys: Iterable[Secret]) -> None:
        keys = tuple(keys)
        # As a secret, for it is made of nothing else.
        self._runs = Secret(
            " ".join(run for key in keys for form in _forms(key) for run in _RUN.findall(form))
        )
        self._escaped = any(not each.isalnum() for key in keys for form in _forms(key) for each in form)
        # A short key is one where it stands alone.
        self._whole_words = any(len(key.reveal()) < LONG_ENOUGH for key in keys)
        self._reach = max((_reach(key) for key in keys), default=0)

    def begins(self, text: str) -> int:
        """Where the part begins that waits: at the end, if nothing does."""
        if self._reach or not self._runs.reveal():
            return max(0, len(text) - self._reach)
        start = _word_of(text)
        word = text[start:]
        if _ESCAPES.search(word) or goes_on(word):
            return start
        places = [*places_of_seen(word), len(word)] if may_hide(word) else range(len(word) + 1)
        seen = "".join(map(word.__getitem__, places[:-1])) if may_hide(word) else word
        at = self._begins_in(seen)
        return start + places[at] if at else start

    def _begins_in(self, word: str) -> int:
        """Likewise of one word, as it is seen."""
        at = len(word)
        while at and word[at - 1].isalnum():
            at -= 1
        if at == len(word):
            # It ends with a blank, or with a sign that may be one of a key.
            return 0 if self._escaped else at
        waits = self._length_of(word[at:].casefold())
        if waits == len(word) - at:
            return 0
        return at if waits and self._whole_words else len(word) - waits

    def _length_of(self, letters: str) -> int:
        """How many letters of the end are somewhere in a key, one behind the other."""
        length = 0
        while length < len(letters) and letters[-length - 1 :] in self._runs.reveal():
            length += 1
        return length


def _word_of(text: str) -> int:
    """Where the last word begins, if it is one that a key may be in."""
    at, first = len(text), max(0, len(text) - _LONGEST)
    while at > first and ("!" <= text[at - 1] <= "~" or is_invisible(text[at - 1])):
        at -= 1
    return at


def _forms(key: Secret) -> Iterator[str]:
    value = key.reveal()
    yield value.casefold()
    yield as_seen(value.casefold())
    if len(value) >= LONG_ENOUGH:
        # What may be written in two ways there is `+` or `/`.
        for form in in_base64(value):
            yield "".join(each if len(each) == 1 else "+" for each in form).casefold()


def _reach(key: Secret) -> int:
    """How far back a key goes that has blanks in it, or letters that are no ASCII; 0 for any other."""
    value = key.reveal()
    plain = all("!" <= each <= "~" for each in value)
    return 0 if plain else min(_LONGEST, _LONGEST_CHARACTER * len(value))
