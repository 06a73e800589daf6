"""The conversations of a panel: which is shown, which others are in its list, and what stands around them."""

from __future__ import annotations

import string
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from g4f_nb.conversations.conversation import Conversation
from g4f_nb.conversations.names import is_made_up
from g4f_nb.conversations.shelf import shelf
from g4f_nb.errors import InvalidParameterError, short, sort_of

Template = dict[str, Any]


class Room:
    """One conversation in sight, the others in a list: the panel's own, and those of the notebook."""

    def __init__(
        self,
        current: Conversation,
        make: Callable[..., Conversation],
        *,
        templates: Sequence[Template] = (),
        tools: Sequence[str] = (),
    ) -> None:
        self.current = current
        self._make = make
        self._own = [current]
        self._templates, self._tools = list(templates), list(tools)
        # What was filled in as parameters of every question.
        self.values: dict[str, Any] = {}

    @property
    def all(self) -> tuple[Conversation, ...]:
        """The panel's own first, then what else the notebook has given a name."""
        there = shelf()
        others = () if there is None else there.kept
        return (*self._own, *(each for each in others if each not in self._own))

    def find(self, key: str) -> Conversation | None:
        """The conversation of this id."""
        return next((each for each in self.all if each.id == key), None)

    def show(self, conversation: Conversation) -> None:
        """Bring one into sight, and into the list."""
        if conversation not in self._own:
            self._own.append(conversation)
        self.current = conversation

    def new(self) -> Conversation:
        """An empty one, as the first one was made: the one that is there already, if there is one."""
        made = self._make()
        for each in self._own:
            if is_made_up(each.name) and not (each.all_turns or each.on_their_way) and _alike(each, made):
                return each
        return self.adopt(made)

    def adopt(self, conversation: Conversation) -> Conversation:
        """Take one in that came from elsewhere; a file does not say whom to ask, nor with which key."""
        fresh = self._make()
        if conversation.model is None and conversation.provider is None:
            conversation.borrow(fresh)
        elif not conversation.options:
            conversation.options = fresh.options_for(conversation.model, conversation.provider)
        if conversation not in self._own:
            self._own.append(conversation)
        return conversation

    def delete(self, key: str) -> Conversation:
        """Take one out of the list and off the disk; gives the one to show, a new one if none is left."""
        gone = self.find(key)
        if gone is None:
            return self.current
        at = self._own.index(gone) if gone in self._own else 0
        self._own = [each for each in self._own if each is not gone]
        gone.forget()
        if gone is not self.current:
            return self.current
        return self._own[min(at, len(self._own) - 1)] if self._own else self.new()

    def as_json(self, *, elsewhere: str = "") -> dict[str, Any]:
        """What the views show around the turns: small, and without any text of an answer.

        `elsewhere` is the request that is answered in another conversation.
        """
        current = self.current
        return {
            "current": current.id,
            "list": [
                {"id": each.id, "name": name, "turns": len(each.turns)}
                for name, each in _told_apart(self.all)
            ],
            "system": current.system or "",
            "total": totals(current),
            "templates": self._templates,
            "tools": self._tools,
            "filled": len(self.values),
            "elsewhere": elsewhere,
        }


def _alike(one: Conversation, other: Conversation) -> bool:
    return (one.model, one.provider, one.system) == (other.model, other.provider, other.system)


def given_conversation(given: object) -> Conversation:
    """The conversation that a panel was given, or the one of this notebook that it names."""
    if isinstance(given, str):
        return Conversation.named(given)
    if isinstance(given, Conversation):
        return given
    raise InvalidParameterError(
        f"conversation is {sort_of(given)}: it must be an nb.Conversation or the name of one"
    )


def _told_apart(conversations: Iterable[Conversation]) -> Iterator[tuple[str, Conversation]]:
    """Each with its name; a fork begins as its original does, and is called by that with a number."""
    met: Counter[str] = Counter()
    for each in conversations:
        name = title_of(each)
        met[name] += 1
        begun = bool(each.turns) and met[name] > 1
        yield f"{name} ({met[name]})" if begun else name, each


def title_of(conversation: Conversation) -> str:
    """The name that a user gave, else what it is about."""
    if is_made_up(conversation.name):
        return conversation.title or "New conversation"
    return conversation.name


def totals(conversation: Conversation) -> str:
    """What all of it has cost so far, and how much there may be."""
    words = []
    if conversation.tokens:
        words.append(f"{conversation.tokens:,} tokens")
    spent = conversation.spent
    if spent or conversation.limit is not None:
        words.append(f"{_usd(spent)} of {_usd(conversation.limit)}" if conversation.limit else _usd(spent))
    return " · ".join(words)


def _usd(amount: float | None) -> str:
    return "no limit" if amount is None else f"{amount:.4g} USD"


def checked_templates(templates: Mapping[str, str] | None) -> list[Template]:
    """Templates with the names of their fields, in order; braces that are none are the text's own."""
    if templates is not None and not isinstance(templates, Mapping):
        raise InvalidParameterError(
            f"templates is {sort_of(templates)}: it must be a dict of prompts by their names"
        )
    for name, text in (templates or {}).items():
        _check_words("a name in templates", name)
        _check_words(f"the template {name!r}", text)
    return [{"name": name, "text": text, "fields": _fields(text)} for name, text in (templates or {}).items()]


def _check_words(what: str, given: object) -> None:
    if not isinstance(given, str) or not given.strip():
        raise InvalidParameterError(
            f"{what} is {short(given)}: give texts, like {{'Summarise': 'Summarise {{text}}'}}"
        )


def _fields(text: str) -> list[str]:
    try:
        found = [field for _, field, _, _ in string.Formatter().parse(text) if field is not None]
    except ValueError:
        return []
    return list(dict.fromkeys(field for field in found if field.isidentifier()))
