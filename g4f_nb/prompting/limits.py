"""How long a text may be in tokens, and what is said where it was cut."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from g4f_nb.costs.tokens import estimate_tokens

# Characters; a longer text is judged by pieces of it.
_WHOLE = 40_000
_PIECES = 8
_PIECE = 4_000
# No text that one would send has more characters a token than that.
_MOST_LETTERS = 12
_LEAST = 40
_FINE = 50
_LINE_END = 0.8

T = TypeVar("T")


def tokens_of(text: str, model: str | None = None) -> int:
    """About how many tokens a text has; of a very long one pieces from all over it are looked at."""
    if len(text) <= _WHOLE:
        return int(estimate_tokens(text, model))
    step = (len(text) - _PIECE) // (_PIECES - 1)
    looked = sum(int(estimate_tokens(text[at * step : at * step + _PIECE], model)) for at in range(_PIECES))
    return round(looked * len(text) / (_PIECES * _PIECE))


def room_for(budget: int) -> int:
    """The most characters that so many tokens could hold."""
    return max(_LEAST, budget * _MOST_LETTERS)


def fits(text: str, budget: int) -> bool:
    """Whether a text is within so many tokens; one that cannot be is not read."""
    return len(text) <= room_for(budget) and tokens_of(text) <= budget


def cut(text: str, budget: int, *, of: str = "") -> str:
    """As much of a text's beginning as so many tokens hold, and a statement of what was left out."""
    if fits(text, budget):
        return text
    length = _longest(text, max(budget, 1))
    kept = text[:length]
    line = kept.rfind("\n")
    if line > _LINE_END * length:
        # At the end of a line, where that loses little.
        kept = kept[:line]
    what = f" of {of}" if of else ""
    return f"{kept}\n… (cut: the first {len(kept):,} of {len(text):,} characters{what})"


def _longest(text: str, budget: int) -> int:
    low, high = _LEAST, min(len(text), room_for(budget))
    while high - low > max(_LEAST // 2, low // _FINE):
        middle = (low + high) // 2
        if tokens_of(text[:middle]) <= budget:
            low = middle
        else:
            high = middle
    return low


def as_many(
    items: Iterable[T], line: Callable[[T], str], budget: int, *, at_least: int = 1
) -> tuple[list[str], int]:
    """A line for each of the first items, as so many tokens hold, and how many tokens are left."""
    made: list[str] = []
    for item in items:
        text = line(item)
        cost = tokens_of(f"{text}\n")
        if cost > budget and len(made) >= at_least:
            break
        budget -= cost
        made.append(text)
    return made, max(0, budget)


def one_line(text: str, length: int) -> str:
    """A text on one line, of at most so many characters."""
    if len(text) > 4 * length:
        text = text[: 4 * length]
    text = " ".join(text.split())
    return text if len(text) <= length else text[: length - 1] + "…"
