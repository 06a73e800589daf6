"""What a view of answers side by side asks for, as values: read once, here.

What has no known form is of another version of the front end, or of nobody's, and is no request.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from g4f_nb.judging.ballots import CHOICES, Choice


@dataclass(frozen=True, slots=True)
class Hello:
    """A view is there, or has missed something: it wants all."""

    view: str


@dataclass(frozen=True, slots=True)
class Vote:
    """Which of the two that are shown is better."""

    choice: Choice


@dataclass(frozen=True, slots=True)
class Skip:
    """Another pair first."""


@dataclass(frozen=True, slots=True)
class Undo:
    """The last vote back."""


@dataclass(frozen=True, slots=True)
class Text:
    """One view wants to copy an answer as the model wrote it."""

    view: str
    side: str


@dataclass(frozen=True, slots=True)
class Differ:
    """One view wants to see two answers word by word."""

    view: str
    one: str
    other: str


@dataclass(frozen=True, slots=True)
class Ask:
    """A prompt for all; the `view` that sent it empties its box once `request` was taken up."""

    view: str
    request: str
    text: str


@dataclass(frozen=True, slots=True)
class Next:
    """The next prompt of the list."""


@dataclass(frozen=True, slots=True)
class Stop:
    """The end of one answer, or of all that are on their way."""

    side: str | None


@dataclass(frozen=True, slots=True)
class Go:
    """An earlier prompt, or a later one."""

    to: int


@dataclass(frozen=True, slots=True)
class Add:
    """One more column; the `view` has its name back where `request` was refused."""

    view: str
    request: str
    model: str


@dataclass(frozen=True, slots=True)
class Remove:
    """One column less."""

    column: str


@dataclass(frozen=True, slots=True)
class Again:
    """One model once more."""

    column: str


@dataclass(frozen=True, slots=True)
class Key:
    """A key that was missed in a column; it is in the buffer beside the message."""

    column: str


@dataclass(frozen=True, slots=True)
class Providers:
    """Whom one view can offer."""

    view: str


@dataclass(frozen=True, slots=True)
class Models:
    """What one provider can be asked."""

    view: str
    provider: str


Shared = Hello | Vote | Skip | Undo | Text | Differ
Comparing = Ask | Next | Stop | Go | Add | Remove | Again | Key | Providers | Models
Request = Shared | Comparing


def read(message: Mapping[str, Any]) -> Request | None:
    """The request that a message is, `None` if it is none."""
    return _shared(message) or _asked(message) or _about_columns(message)


def _shared(message: Mapping[str, Any]) -> Shared | None:  # noqa: PLR0911  # one arm a kind
    match message:
        case {"type": "hello", "view": str(view)}:
            return Hello(view)
        case {"type": "vote", "choice": str(choice)}:
            return next((Vote(each) for each in CHOICES if each == choice), None)
        case {"type": "skip"}:
            return Skip()
        case {"type": "undo"}:
            return Undo()
        case {"type": "text", "view": str(view), "side": str(side)}:
            return Text(view, side)
        case {"type": "diff", "view": str(view), "one": str(one), "other": str(other)}:
            return Differ(view, one, other)
    return None


def _asked(message: Mapping[str, Any]) -> Comparing | None:
    match message:
        case {"type": "ask", "view": str(view), "request": str(request), "text": str(text)} if text.strip():
            return Ask(view, request, text)
        case {"type": "next"}:
            return Next()
        case {"type": "stop"}:
            side = message.get("side")
            # A name of no known form must not stop all of them.
            return Stop(side) if isinstance(side, str | None) else None
        case {"type": "go", "to": int(to)} if type(to) is int:
            return Go(to)
    return None


def _about_columns(message: Mapping[str, Any]) -> Comparing | None:  # noqa: PLR0911  # as above
    match message:
        case {"type": "add", "view": str(view), "request": str(request), "model": str(model)} if (
            model.strip()
        ):
            return Add(view, request, model.strip())
        case {"type": "remove", "column": str(column)}:
            return Remove(column)
        case {"type": "again", "column": str(column)}:
            return Again(column)
        case {"type": "key", "column": str(column)}:
            return Key(column)
        case {"type": "providers", "view": str(view)}:
            return Providers(view)
        case {"type": "models", "view": str(view), "provider": str(provider)}:
            return Models(view, provider)
    return None
