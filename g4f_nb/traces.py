"""Where a text has a key in it: in whatever spelling, whole or in part, in one piece or broken up."""

from __future__ import annotations

import functools
import re
from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import Protocol

from g4f_nb.rendered import may_be_less, paragraphs, readings, unreadable
from g4f_nb.spellings import LONG_ENOUGH, coded_spellings_of, codes_letters, in_base64, spellings_of
from g4f_nb.unseen import as_seen, may_hide, places_of_seen, without_hidden_letters

# Characters; in a longer text a key is first looked for in a cheaper way.
_SHORT = 8
_RUN = re.compile(r"[A-Za-z0-9]+")
# The longest spelling of one character is far shorter.
_LONGEST_SPELLING = 60
# Of a key so long the letters stand in order in no formula by chance.
_BY_NO_CHANCE = 16
# What stands in place of what is masked already: nothing that is read as a mark or a letter.
_FILLER = "\u25a1"
_NO_LETTERS = bytes(code for code in range(128) if not chr(code).isalnum())

Span = tuple[int, int]


class Key(Hashable, Protocol):
    """What is looked for, and is in no repr."""

    def reveal(self) -> str:
        """Give the key itself."""
        ...


def traces_of(text: str, keys: Iterable[Key]) -> list[Span]:
    """Where these keys begin and end, in order; what overlaps is one."""
    keys = tuple(keys)
    spans = _joined([*_spans(text, keys), *_broken_up(text, keys)])
    rendered = [each for each in _paragraphs(text) if _is_rendered(_filled(text, spans, each), keys)]
    return _joined([*spans, *rendered]) if rendered else spans


def rendered_traces_of(text: str, keys: Iterable[Key], *, growing: bool = False) -> list[Span]:
    """The paragraphs in which a reader sees one of these keys, though its letters do not stand together.

    Of a growing text the last one counts already where it may become one.
    """
    keys, found = tuple(keys), list[Span]()
    spans: list[Span] | None = None
    for each in _paragraphs(text):
        begun = growing and each[1] == len(text)
        if not _is_rendered(text[slice(*each)], keys, begun=begun):
            continue
        if spans is None:
            spans = _joined([*_spans(text, keys), *_broken_up(text, keys)])
        if not spans or _is_rendered(_filled(text, spans, each), keys, begun=begun):
            found.append(each)
    return found


def _paragraphs(text: str) -> Iterable[Span]:
    return paragraphs(text) if may_be_less(text) else ()


def _is_rendered(paragraph: str, keys: Sequence[Key], *, begun: bool = False) -> bool:
    keys = _letters_there(paragraph, keys)
    if not keys:
        return False
    also = [bare for bare in map(_AsSeen, keys) if bare.is_another and len(bare.reveal()) >= LONG_ENOUGH]
    every = [*keys, *also]
    if any(next(_spans(as_seen(seen), every), None) for seen in readings(paragraph)):
        return True
    return any(_may_hide_in(part, key, begun=begun) for part in unreadable(paragraph) for key in keys)


def may_be_rendered(text: str, keys: Sequence[Key]) -> bool:
    """Whether the letters of one of these keys are there in order: what a reader sees takes long to tell."""
    return any(_letters_there(text[start:end], keys) for start, end in _paragraphs(text))


def _letters_there(paragraph: str, keys: Sequence[Key]) -> list[Key]:
    """Those of the keys that may be in a paragraph, which is had in little time."""
    long = [key for key in keys if len(key.reveal()) >= LONG_ENOUGH]
    if not long or not may_be_less(paragraph):
        return []
    if codes_letters(paragraph):
        return long
    letters = _letters_of(paragraph.casefold())
    return [key for key in long if any(_in_order("".join(runs), letters) for runs in _runs(key))]


def _may_hide_in(part: str, key: Key, *, begun: bool) -> bool:
    """Whether its letters are there in order, or the first of them where the part is only begun."""
    size = len(key.reveal())
    return size >= _BY_NO_CHANCE and _in_order(key.reveal()[: _enough(key.reveal()) if begun else size], part)


def _in_order(letters: str, text: str) -> bool:
    at = -1
    for letter in letters:
        at = text.find(letter, at + 1)
        if at < 0:
            return False
    return True


def _filled(text: str, spans: Sequence[Span], paragraph: Span) -> str:
    """A paragraph without what is masked of it already."""
    parts, (at, last) = list[str](), paragraph
    for start, end in spans:
        if end > at and start < last:
            parts += [text[at : max(at, start)], _FILLER]
            at = min(end, last)
    return "".join((*parts, text[at:last]))


def _joined(spans: list[Span]) -> list[Span]:
    spans.sort()
    joined: list[Span] = []
    for start, end in spans:
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _broken_up(text: str, keys: Sequence[Key]) -> Iterator[Span]:
    """Where they are seen once the text is rendered, and were not in the text."""
    if not may_hide(text):
        return
    long = [key for key in keys if len(key.reveal()) >= LONG_ENOUGH]
    if not codes_letters(text):
        letters = _letters_of(without_hidden_letters(text).casefold())
        long = [key for key in long if any("".join(runs) in letters for runs in _runs(key))]
    if not long:
        return
    # A key with underscores has lost them as the text has.
    also = [bare for bare in map(_AsSeen, long) if bare.is_another and len(bare.reveal()) >= LONG_ENOUGH]
    places: list[int] = []
    for start, end in _spans(as_seen(text), [*long, *also]):
        places = places or places_of_seen(text)
        first, last = places[start], places[end - 1]
        if last - first != end - 1 - start:
            yield first, last + 1


def _letters_of(folded: str) -> str:
    """Its plain letters and digits alone, which is had in no time."""
    return folded.encode("ascii", "ignore").translate(None, _NO_LETTERS).decode()


class _AsSeen:
    """A key without what would not be seen of it."""

    __slots__ = ("_key", "is_another")

    def __init__(self, key: Key) -> None:
        self._key = key
        self.is_another = as_seen(key.reveal()) != key.reveal()

    def reveal(self) -> str:
        return as_seen(self._key.reveal())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _AsSeen) and other._key == self._key

    def __hash__(self) -> int:
        return hash((_AsSeen, self._key))


def _spans(text: str, keys: Sequence[Key]) -> Iterator[Span]:
    if codes_letters(text):
        for key in keys:
            if len(key.reveal()) >= LONG_ENOUGH:
                yield from (found.span() for found in _coded(key).finditer(text))
    if len(text) > _SHORT:
        folded = text.casefold()
        keys = [key for key in keys if _may_be_in(folded, key)]
    for key in keys:
        yield from (found.span() for found in _spellings(key).finditer(text))
        if len(key.reveal()) >= LONG_ENOUGH:
            for start, end in _parts_in(text, key):
                # Of `Bearer …` the end is there, and the blank before it stays.
                yield start + len(text[start:end]) - len(text[start:end].lstrip()), end


@functools.lru_cache(maxsize=64)
def _runs(key: Key) -> Sequence[Sequence[str]]:
    """Runs of letters and digits: where a key is, or enough of it to be masked, all of one of these are."""
    value = key.reveal()
    if len(value) < LONG_ENOUGH:
        return [_RUN.findall(value.casefold())]
    forms = _parts(key)[2]
    pieces = [*(form[: _enough(form)] for form in forms), forms[0][-_enough(forms[0]) :]]
    # What may be written in several ways is a longer pattern, and parts the runs.
    return [
        _RUN.findall("".join(each if len(each) == 1 else " " for each in piece).casefold())
        for piece in pieces
    ]


def _may_be_in(folded: str, key: Key) -> bool:
    return any(all(run in folded for run in runs) for runs in _runs(key))


@functools.lru_cache(maxsize=64)
def _spellings(key: Key) -> re.Pattern[str]:
    value = key.reveal()
    pattern = "".join(map(spellings_of, value))
    if len(value) < LONG_ENOUGH:
        # A key like "k" for a local server is masked where it stands alone, not inside of words.
        return re.compile(rf"(?<!\w){pattern}(?!\w)")
    # Some servers fold what they repeat to small letters or capitals.
    return re.compile(pattern, re.IGNORECASE)


@functools.lru_cache(maxsize=64)
def _coded(key: Key) -> re.Pattern[str]:
    return re.compile("".join(map(coded_spellings_of, key.reveal())), re.IGNORECASE)


def _parts_in(text: str, key: Key) -> Iterator[Span]:
    """As much of the key as is there from its beginning or to its end."""
    beginning, end, forms = _parts(key)
    at = 0
    for match in beginning.finditer(text):
        if match.start() >= at:
            at = _on_from(text, match.end(), forms[(match.lastindex or 1) - 1])
            yield match.start(), at
    rest, at = forms[0][: -_enough(forms[0])], len(text)
    for match in reversed(list(end.finditer(text))):
        if match.end() <= at:
            at = _back_from(text, match.start(), rest)
            yield at, match.end()


def _on_from(text: str, at: int, form: Sequence[str]) -> int:
    for spelling in form[_enough(form) :]:
        more = _compiled(spelling).match(text, at)
        if more is None:
            break
        at = more.end()
    return at


def _back_from(text: str, at: int, rest: Sequence[str]) -> int:
    for spelling in reversed(rest):
        before = _compiled(rf"{spelling}\Z").search(text, max(0, at - _LONGEST_SPELLING), at)
        if before is None:
            break
        at = before.start()
    return at


def _enough(form: Sequence[str]) -> int:
    """So many characters of a key are the key, for whoever sees them; fewer may be any word."""
    return min(12, max(LONG_ENOUGH, len(form) // 2))


@functools.lru_cache(maxsize=64)
def _parts(key: Key) -> tuple[re.Pattern[str], re.Pattern[str], Sequence[Sequence[str]]]:
    """How a key begins in each of its forms, how it ends, and the forms, a pattern a character."""
    value = key.reveal()
    forms = [list(map(spellings_of, value)), *in_base64(value)]
    beginning = "|".join(f"({''.join(form[: _enough(form)])})" for form in forms)
    ends = "".join(forms[0][-_enough(forms[0]) :])
    return re.compile(beginning, re.IGNORECASE), re.compile(ends, re.IGNORECASE), forms


@functools.lru_cache(maxsize=1024)
def _compiled(spelling: str) -> re.Pattern[str]:
    return re.compile(spelling, re.IGNORECASE)
