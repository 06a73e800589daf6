"""What of a conversation fits into a model's context: the oldest turns are left out first, none is cut."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from g4f_nb.conversations.sending import sent, turn_messages
from g4f_nb.conversations.turns import Content, Turn, prompt_messages
from g4f_nb.costs.tokens import context_size, estimate_tokens, surely_takes
from g4f_nb.errors import ConversationTooLongError, InvalidParameterError

# Where an estimate says nothing about itself, it may be off by this much.
_MARGIN = 0.2
# Tokens that are kept free for the answer, if the call names no number.
_ANSWER = 1024
# As much of it as is kept free for any answer, where nobody looks up how much the model takes.
_LONGEST_ANSWER = 1_000_000
_LENGTHS = ("max_tokens", "max_completion_tokens", "max_output_tokens")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """The turns that are sent, and what the user should know of those that are not."""

    turns: tuple[Turn, ...]
    notices: tuple[str, ...] = ()


class Sizes:
    """About how many tokens each turn has for a model, counted once: a turn never changes."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], float] = {}

    def of(self, turn: Turn, label: str) -> float:
        """The tokens of one turn."""
        key = (turn.id, label)
        if key not in self._known:
            self._known[key] = float(estimate_tokens(turn_messages(turn), label))
        return self._known[key]


def fit_turns(
    turns: Sequence[Turn],
    content: Content,
    *,
    label: str,
    system: str | None,
    options: Mapping[str, Any],
    continued: bool = False,
    sizes: Sizes,
) -> Fit:
    """The newest turns that fit into the context of a model, `"provider:model"`; all, if nobody knows it.

    A prompt that does not fit by itself is an error, before anything is sent.
    """
    kept = sent(turns, continued=continued)
    fixed = [*([{"role": "system", "content": system}] if system else ()), *prompt_messages(content)]
    pinned = _pinned(kept, content, continued=continued)
    for turn in kept[len(kept) - pinned :]:
        fixed += turn_messages(turn)
    count = estimate_tokens(fixed, label, tools=options.get("tools"))
    margin = count.margin or _MARGIN
    needed = float(count)
    # Most talks are far below any limit: for those nobody looks it up, which takes a while the first time.
    others = sum(sizes.of(turn, label) for turn in kept[: len(kept) - pinned])
    most = (needed + others) * (1 + margin) + _for_the_answer(options, _LONGEST_ANSWER)
    size = None if surely_takes(label, most) else _size(label)
    if size is None:
        return Fit(turns=tuple(kept))
    if needed / (1 + margin) > size:
        raise ConversationTooLongError(
            f"the prompt alone has about {needed:,.0f} tokens, and {label} takes {size:,}: nothing was sent; "
            "shorten it, leave files out, or ask a model with a larger context",
            provider=label.partition(":")[0],
            model=label.partition(":")[2] or None,
        )
    room = (size - _for_the_answer(options, size)) / (1 + margin)
    notices: list[str] = []
    if needed > room:
        notices.append(f"the prompt has about {needed:,.0f} of the {size:,} tokens that {label} takes")
    first = len(kept) - pinned
    while first and needed + (more := sizes.of(kept[first - 1], label)) <= room:
        needed += more
        first -= 1
    if first:
        words = "the oldest turn is left out" if first == 1 else f"the oldest {first} turns are left out"
        notices.append(f"{words}: with more, it would not fit into the {size:,} tokens that {label} takes")
    return Fit(turns=tuple(kept[first:]), notices=tuple(notices))


def _pinned(kept: Sequence[Turn], content: Content, *, continued: bool) -> int:
    """How many of the newest turns the question cannot do without."""
    count = 0
    goes_on = continued or prompt_messages(content)[0].get("role") == "tool"
    while goes_on and count < len(kept):
        count += 1
        goes_on = kept[-count].continues
    return count


def _size(label: str) -> int | None:
    try:
        return context_size(label)
    except InvalidParameterError:
        return None


def _for_the_answer(options: Mapping[str, Any], size: int) -> int:
    for name in _LENGTHS:
        if isinstance(options.get(name), int):
            return min(int(options[name]), size // 2)
    return min(_ANSWER, size // 4)
