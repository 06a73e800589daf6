"""How an answer is to be shown: what a screen has, and what a cell may wish of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from g4f_nb.notices import tell, tell_login
from g4f_nb.reply import Reply
from g4f_nb.showing.formats import checked_format

__all__ = ["UPDATES", "Look", "NoScreen", "Screen", "ask_for_login", "is_empty"]

# Updates a second while an answer streams; more would make the front end fall behind the model.
UPDATES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What the flags of a cell say of its output; `stream=None` leaves it to settings and circumstances.

    `format` is one that `showing.formats` knows; `quiet` leaves the footer out; `turn` stands in it:
    `"turn 3 of main"`.
    """

    format: str = "markdown"
    quiet: bool = False
    stream: bool | None = None
    turn: str = ""
    # Whether data is asked for: while it grows it is no prose.
    typed: bool = False

    def __post_init__(self) -> None:
        checked_format(self.format)


class Screen(Protocol):
    """Where one answer is shown: told often while it grows, and once when it is all there is."""

    def update(self, reply: Reply) -> None:
        """Show what is new, or not yet: a screen paces itself."""

    def finish(self, reply: Reply, *, notices: Sequence[str] = ()) -> None:
        """Show the answer as it stays, or take away what stood for one that never began.

        `notices` are lines about it that are not the model's.
        """


def is_empty(reply: Reply) -> bool:
    """Whether nothing of an answer has come before it broke off."""
    said = reply.text or reply.reasoning or reply.refusal or reply.tool_calls or reply.images
    return reply.partial and not (said or reply.alternatives)


class NoScreen:
    """Nothing is shown: the answer is for Python alone. What its user should know is told all the same."""

    def update(self, reply: Reply) -> None:
        """Ask for a login, if one is waited for."""
        ask_for_login(reply)

    def finish(self, reply: Reply, *, notices: Sequence[str] = ()) -> None:
        """Show nothing of the answer."""
        del reply
        for notice in notices:
            tell(notice, once=False)


def ask_for_login(reply: Reply) -> None:
    """Where nothing is painted, the user has to be told in a line of its own."""
    if reply.login is not None and reply.waits_for_login:
        tell_login(reply.login.label, reply.login.login_url)
