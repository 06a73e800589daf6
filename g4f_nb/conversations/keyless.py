"""A conversation as it is kept: with a mask for each key that was typed into it, or that an answer repeats.

Only what is written is masked. In memory everything stays as it was said, and is sent again as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Protocol

from g4f_nb.conversations.replyjson import DamagedError, reply_from_json, reply_json
from g4f_nb.conversations.turnjson import Saved
from g4f_nb.conversations.turns import Turn, prompt_messages
from g4f_nb.masking import masker
from g4f_nb.reply import Reply

Mask = Callable[[str], str]


class Saveable(Protocol):
    """A conversation, of which there is what a file would hold."""

    def as_saved(self) -> Saved:
        """All of it, and the keys that it was asked with."""


def mask_of(talk: Saveable) -> Mask:
    """What takes the keys out of a conversation's texts: those that it was asked with, and others known."""
    return masker(talk.as_saved().secrets)


def keyless(saved: Saved) -> Saved:
    """The whole of it without the keys that it was asked with, and without any other that is known here."""
    mask = masker(saved.secrets)
    return replace(
        saved,
        name=_text(saved.name, mask),
        model=_text(saved.model, mask),
        provider=_text(saved.provider, mask),
        system=_text(saved.system, mask),
        options=keyless_json(dict(saved.options), mask),
        turns=tuple(keyless_turn(turn, mask) for turn in saved.turns),
        secrets=(),
    )


def keyless_turn(turn: Turn, mask: Mask) -> Turn:
    """One turn; the very same, where there is nothing to mask."""
    made = replace(
        turn,
        prompt=keyless_json(turn.prompt, mask),
        shown=mask(turn.shown),
        dialogue=keyless_json(turn.dialogue, mask),
        place=_text(turn.place, mask),
        error=_text(turn.error, mask),
        model=_text(turn.model, mask),
        system=_text(turn.system, mask),
        reply=None if turn.reply is None else _reply(turn.reply, mask),
    )
    if made.reply is turn.reply and made == turn:
        return turn
    if made.reply is not None:
        made.reply.messages = [*prompt_messages(made.prompt), *map(dict, made.dialogue)]
    return made


def keyless_json(value: Any, mask: Mask) -> Any:
    """The same of every text in lists and dicts, names too; anything else is what it was."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, Mapping):
        return {_name(name, mask): keyless_json(each, mask) for name, each in value.items()}
    if type(value) in (list, tuple):
        return type(value)(keyless_json(each, mask) for each in value)
    return value


def _reply(reply: Reply, mask: Mask) -> Reply:
    said = reply_json(reply)
    masked = keyless_json(said, mask)
    if masked == said:
        return reply
    try:
        return reply_from_json(masked)
    except (DamagedError, ValueError, TypeError, KeyError):
        # Of a provider that gives what no answer has: its text is what can be kept.
        made = Reply(provider=reply.provider, model=reply.model)
        made.add(mask(reply.text))
        made.partial = reply.partial
        return made


def _text(text: str | None, mask: Mask) -> str | None:
    return None if text is None else mask(text)


def _name(name: Any, mask: Mask) -> Any:
    return mask(name) if isinstance(name, str) else name
