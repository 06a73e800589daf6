"""`Turn`, one question with what became of it, as a frozen value; and what may be asked in one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from g4f_nb.errors import InvalidParameterError, sort_of
from g4f_nb.halves import sound, sound_copy
from g4f_nb.messages import check_messages, content_text
from g4f_nb.reply import Reply

# What a question is: a text, the parts of a message (text, images…), or whole messages.
Content = str | tuple[Mapping[str, Any], ...]

_WAY_OUT = (
    'give a text, the parts of a message like [{"type": "text", "text": "…"}], or messages with their roles'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One question of a conversation, and what became of it.

    `parent` is the id of the turn before it, `None` for a first one. `prompt` is what was sent, `shown` what
    was typed. `place` is where it was asked from, like the id of a notebook's cell. `error` says why there is
    no answer, or no whole one. `dialogue` is what the answer adds to the messages: the calls of tools and
    their results too.
    """

    id: str
    parent: str | None = field(default=None, hash=False)
    prompt: Content = field(hash=False)
    shown: str = field(default="", hash=False)
    reply: Reply | None = field(default=None, hash=False)
    dialogue: tuple[Mapping[str, Any], ...] = field(default=(), hash=False, repr=False)
    place: str | None = field(default=None, hash=False)
    asked_at: datetime = field(hash=False)
    error: str | None = field(default=None, hash=False)
    # Whether it asks to go on with the answer before it, which broke off.
    continues: bool = field(default=False, hash=False)
    # Who was asked, as "provider:model", and the system prompt that held for this turn alone.
    model: str | None = field(default=None, hash=False)
    system: str | None = field(default=None, hash=False, repr=False)

    @property
    def partial(self) -> bool:
        """Whether the answer broke off: by an interrupt, an error or a limit."""
        return self.reply is not None and self.reply.partial

    @property
    def answered(self) -> bool:
        """Whether there is a whole answer, which is sent again with the next question."""
        return bool(self.dialogue) and not self.partial

    @property
    def text(self) -> str:
        """The text of the answer, `""` if there is none."""
        return "" if self.reply is None else self.reply.text

    @property
    def typed(self) -> str:
        """What was typed, for the eyes: the question as it was meant, before values were put into it."""
        return self.shown or prompt_text(self.prompt)

    @property
    def expanded(self) -> str:
        """The text that was sent, where it is not the one that was typed."""
        sent = prompt_text(self.prompt)
        return "" if sent == self.typed or self.continues else sent

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The question and what the answer adds, as messages."""
        return [*prompt_messages(self.prompt), *map(dict, self.dialogue)]


def checked_content(prompt: object) -> Content:
    """A copy of what is asked, which the caller cannot change afterwards; or why it is nothing to ask."""
    if isinstance(prompt, str):
        if not prompt.strip():
            raise InvalidParameterError(f"the prompt is empty: {_WAY_OUT}")
        return sound(prompt)
    if not isinstance(prompt, Sequence) or isinstance(prompt, bytes) or not prompt:
        raise InvalidParameterError(f"the prompt is {_named(prompt)}: {_WAY_OUT}")
    if all(isinstance(part, Mapping) and isinstance(part.get("type"), str) for part in prompt):
        return tuple(sound_copy([dict(part) for part in prompt]))
    if not all(isinstance(part, Mapping) and isinstance(part.get("role"), str) for part in prompt):
        raise InvalidParameterError(f"the prompt has a part without type and role: {_WAY_OUT}")
    return tuple(sound_copy(check_messages(prompt)))


def check_words(**given: object) -> None:
    """Refuse what is neither a text nor left out."""
    for name, value in given.items():
        if not isinstance(value, str | None):
            raise InvalidParameterError(f"{name} is {sort_of(value)}: it must be a text")


def check_turn(name: str, value: object) -> None:
    """Refuse what cannot name a turn; that a number names none is told where it is looked up."""
    if not isinstance(value, Turn | str | int | None):
        raise InvalidParameterError(
            f"{name} is {sort_of(value)}: give a turn of the conversation, like talk.turns[0], or its id"
        )


def prompt_messages(prompt: Content) -> list[dict[str, Any]]:
    """The messages that a question is."""
    if isinstance(prompt, str):
        return [{"role": "user", "content": prompt}]
    if all("role" in part for part in prompt):
        return [dict(message) for message in prompt]
    return [{"role": "user", "content": [dict(part) for part in prompt]}]


def prompt_text(prompt: Content) -> str:
    """The text of a question, for the eyes."""
    parts = [content_text(message.get("content")) for message in prompt_messages(prompt)]
    return "\n\n".join(filter(str.strip, parts))


def said_in(reply: Reply, sent: int) -> tuple[Mapping[str, Any], ...]:
    """What a reply adds to the dialogue, of which the first messages were sent; a broken-off end, too."""
    said = [dict(message) for message in reply.messages[sent:]]
    if reply.running_text.strip():
        said.append({"role": "assistant", "content": reply.running_text})
    if not any(message.get("role") == "assistant" for message in said):
        # What was said in another way than as text is what the model said all the same.
        spoken = reply.refusal or (reply.audio.transcript if reply.audio is not None else None)
        said = [{"role": "assistant", "content": spoken}] if spoken else []
    return tuple(said)


def _named(prompt: object) -> str:
    return "an empty list" if isinstance(prompt, list | tuple) else sort_of(prompt)
