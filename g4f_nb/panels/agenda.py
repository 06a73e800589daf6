"""`Agenda`, the prompts that a comparing panel was given, one after the other; names for those typed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from g4f_nb.comparing.given import Prompts, named_prompts
from g4f_nb.errors import InvalidParameterError
from g4f_nb.halves import sound
from g4f_nb.messages import check_messages, content_text
from g4f_nb.panels.compare_messages import Following


class Agenda:
    """`taken` says whether a name is that of a prompt that was asked."""

    def __init__(self, prompts: Prompts | None, taken: Callable[[str], bool]) -> None:
        self.prompts = {} if prompts is None else named_prompts(prompts)
        self._taken = taken
        self._at = 0

    def take(self) -> tuple[str, Any] | None:
        """The next prompt with a name that is free; `None` if there is none left."""
        if self._at >= len(self.prompts):
            return None
        name, prompt = list(self.prompts.items())[self._at]
        self._at += 1
        return self.unused(name), prompt

    def unused(self, name: str) -> str:
        """This name, or with a number if a prompt that was asked has it."""
        return self.free(name) if self._taken(name) else name

    def free(self, name: str) -> str:
        """A name for a prompt that no other has, of those that are still to come either."""
        number = 1
        while self._taken(f"{name}-{number}") or f"{name}-{number}" in self.prompts:
            number += 1
        return f"{name}-{number}"

    def as_json(self) -> Following:
        """How far it is, and how the next prompt begins."""
        left = len(self.prompts) - self._at
        following = list(self.prompts.values())[self._at] if left else None
        return {"left": left, "of": len(self.prompts), "text": _shortened(following)}


def checked_prompt(prompt: object) -> Any:
    """A prompt that was given to be asked: a text, or messages."""
    if not isinstance(prompt, str):
        return check_messages(prompt)
    if not prompt.strip():
        raise InvalidParameterError(f"the prompt is {prompt!r}, which is empty: pass a text")
    return sound(prompt)


def shown(prompt: str | Sequence[Mapping[str, Any]]) -> str:
    """A prompt for the eyes."""
    return prompt if isinstance(prompt, str) else "\n".join(_texts(prompt))


def _texts(messages: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    return (content_text(message.get("content")) for message in messages)


def _shortened(prompt: Any, most: int = 80) -> str | None:
    if prompt is None:
        return None
    words = " ".join((prompt if isinstance(prompt, str) else " ".join(_texts(prompt))).split())
    return words if len(words) <= most else words[: most - 1] + "…"
