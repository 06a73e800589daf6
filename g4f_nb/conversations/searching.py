"""Old questions and answers found again by the words in them: here, and in what was kept on disk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from g4f_nb.conversations.keyless import keyless_turn, mask_of
from g4f_nb.conversations.names import mended_name
from g4f_nb.conversations.replyjson import DamagedError
from g4f_nb.conversations.shelf import Shelf, shelf
from g4f_nb.conversations.turnjson import turn_from_json
from g4f_nb.conversations.turns import Turn
from g4f_nb.errors import InvalidParameterError, short
from g4f_nb.halves import sound
from g4f_nb.store import store


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One turn with the words in it: of which conversation, and whether that is in this notebook."""

    id: str
    name: str
    here: bool
    turn: Turn


def find_turns(words: str | Sequence[str]) -> Iterator[Found]:
    """The turns whose question or answer has all of these words in it, small or capital; the newest first.

    First those of this notebook, then those that were kept; one that several conversations have is there
    for each of them. No key is in any of them.
    """
    wanted = _words(words)
    seen: set[tuple[str, ...]] = set()
    for found in chain(_here(wanted), _kept(wanted)):
        # Of versions that say the same, one; a fork has the turns of its original, and both are told.
        keys = {(found.id, found.turn.id), (found.id, found.turn.typed, found.turn.text)}
        if not keys & seen:
            yield found
        seen |= keys


def excerpt(text: str, words: str | Sequence[str], length: int) -> str:
    """So much of a text, in one line, from a little before the first of the words that is in it."""
    text = " ".join(text.split())
    folded = text.lower()
    first = min((at for word in _words(words) if (at := folded.find(word.lower())) >= 0), default=0)
    start = max(0, min(first - length // 4, len(text) - length))
    return ("…" if start else "") + text[start : start + length] + ("…" if start + length < len(text) else "")


def _words(words: str | Sequence[str]) -> list[str]:
    found = words.split() if isinstance(words, str) else words
    texts = isinstance(found, Sequence) and all(  # type: ignore[redundant-expr]  # users' own calls
        isinstance(word, str) for word in found
    )
    wanted = [sound(word).casefold() for word in found if word.strip()] if texts else []
    if not wanted:
        raise InvalidParameterError(f"what is looked for is {short(words)}: it must be a word or some words")
    return wanted


def _has(turn: Turn, wanted: Sequence[str]) -> bool:
    text = f"{turn.typed}\n{turn.text}".casefold()
    return all(word in text for word in wanted)


def _here(wanted: Sequence[str]) -> Iterator[Found]:
    there: Shelf[Any] | None = shelf()
    talks = there.all if there is not None else ()
    found = [(turn, talk) for talk in talks for turn in talk.all_turns if _has(turn, wanted)]
    for turn, talk in sorted(found, key=lambda each: each[0].asked_at, reverse=True):
        yield Found(id=talk.id, name=talk.name, here=True, turn=keyless_turn(turn, mask_of(talk)))


def _kept(wanted: Sequence[str]) -> Iterator[Found]:
    for talk, name, record in store().talks.with_words(wanted):
        try:
            turn = turn_from_json({**record, "parent": None})
        except (DamagedError, KeyError, TypeError, ValueError):
            # What is damaged is told to whoever restores it.
            continue
        if _has(turn, wanted):
            yield Found(id=talk, name=mended_name(name), here=False, turn=turn)
