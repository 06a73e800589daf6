"""What a view asks of the panel, as values: read once, here; what has no known form is of another version."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Hello:
    """A view is there, or has missed something: it wants all."""

    view: str


@dataclass(frozen=True, slots=True)
class Bye:
    """A view has gone from its page."""

    view: str


@dataclass(frozen=True, slots=True)
class Ask:
    """A question; with `turn` in the place of that one. `files` are names and types of the buffers."""

    request: str
    text: str
    turn: str | None = None
    files: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Again:
    """The question of a turn, or the one that could not be sent, once more."""

    request: str
    turn: str | None


@dataclass(frozen=True, slots=True)
class GoOn:
    """What broke off shall go on."""

    request: str


@dataclass(frozen=True, slots=True)
class Stop:
    """The answer on its way shall end, if it is still this one; without a name, if it is in sight."""

    request: str


@dataclass(frozen=True, slots=True)
class Change:
    """Something small: `do` says what, to a turn, a call or a conversation, with a word or a text."""

    do: str
    id: str = ""
    value: Any = None


@dataclass(frozen=True, slots=True)
class Look:
    """One view wants to see something: models, names, parameters, a file."""

    view: str
    what: str
    text: str = ""


# The changes that come with a text: a name, a prompt, code, the name of a file.
_WITH_TEXT = frozenset({"rename", "system", "code", "load"})
Request = Hello | Bye | Ask | Again | GoOn | Stop | Change | Look


def read(message: dict[str, Any]) -> Request | None:  # noqa: C901, PLR0911  # one arm a kind
    """The request that a message is, `None` if it is none."""
    match message:
        case {"type": "hello", "view": str(view)}:
            return Hello(view)
        case {"type": "bye", "view": str(view)}:
            return Bye(view)
        case {"type": "ask", "request": str(request), "text": str(text)}:
            turn = message.get("turn")
            # What is meant for one turn must not be done to another.
            known = isinstance(turn, str | None)
            return Ask(request, text, turn, _files(message.get("files"))) if known else None
        case {"type": "again", "request": str(request)}:
            turn = message.get("turn")
            return Again(request, turn) if isinstance(turn, str | None) else None
        case {"type": "continue", "request": str(request)}:
            return GoOn(request)
        case {"type": "stop", "request": str(request)}:
            return Stop(request)
        case {"type": "change", "do": str(do)}:
            return _change(do, message.get("id", ""), message.get("value"))
        case {"type": "providers", "view": str(view)}:
            return Look(view, "providers")
        case {"type": "models", "view": str(view), "provider": str(provider)}:
            return Look(view, "models", provider)
        case {"type": "look", "view": str(view), "what": str(what)}:
            text = message.get("text", "")
            return Look(view, what, text) if isinstance(text, str) else None
    return None


def _change(do: str, id_: object, value: object) -> Change | None:
    if not isinstance(id_, str) or (do in _WITH_TEXT and not isinstance(value, str)):
        return None
    if do == "parameters" and not (isinstance(value, dict) and all(map(_is_text, value.values()))):
        return None
    return Change(do, id_, value)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _files(given: object) -> tuple[tuple[str, str], ...]:
    return tuple(
        (str(each.get("name") or "file"), str(each.get("kind") or ""))
        for each in (given if isinstance(given, list) else ())
        if isinstance(each, dict)
    )
