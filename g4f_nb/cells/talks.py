"""Which conversation a cell belongs to, and which of its turns is this run's of this cell."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator

from g4f_nb import frontend
from g4f_nb.conversations.conversation import Conversation
from g4f_nb.conversations.shelf import Shelf, shelf
from g4f_nb.errors import InvalidParameterError
from g4f_nb.notices import unheard

MAIN = "main"


class Talks:
    """What cells without a name go on with is `main`; the others are there once somebody has begun them."""

    def __init__(self) -> None:
        # The cell that made each fork: run again, it makes it anew.
        self._forked_by: dict[str, str] = {}
        self._run = ""
        self._asked = 0

    def __iter__(self) -> Iterator[Conversation]:
        return iter(_shelf().all)

    def get(self, name: str | None) -> Conversation:
        """The conversation of this name; one that nobody has begun is made."""
        return Conversation.named(name or MAIN)

    def find(self, name: str) -> Conversation | None:
        """The conversation of this name, if there is one."""
        return _shelf().get(name)

    def known(self, name: str | None) -> Conversation:
        """The conversation of this name, which must be there."""
        found = self.find(name or MAIN)
        if found is None:
            names = _shelf().names
            if name in (None, MAIN) and not names:
                raise InvalidParameterError(
                    "no cell has asked anything yet: ask with %%chat, or have a conversation again with "
                    "%g4f load"
                )
            near = difflib.get_close_matches(str(name), names, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(names) or 'none'}"
            raise InvalidParameterError(f"there is no conversation {name or MAIN!r}: {hint}")
        return found

    def put(self, conversation: Conversation) -> None:
        """Have a conversation under its name, whoever has had it until now."""
        _shelf().put(conversation, stays=True)

    def forget(self, conversations: Iterable[Conversation]) -> None:
        """Let go of those that came to nothing."""
        for each in conversations:
            _shelf().remove(each)

    def fork(self, source: Conversation, name: str) -> Conversation:
        """A copy under another name; one that is taken is refused, unless the same cell took it."""
        cell = frontend.running_cell()[0]
        if self.find(name) is not None and (cell is None or self._forked_by.get(name) != cell):
            raise InvalidParameterError(
                f"there is a conversation {name!r} already: fork to another name, or go on with -n {name}"
            )
        if cell is not None:
            self._forked_by[name] = cell
        with unheard():
            # That there was one of this name is what a cell that is run again has made.
            return source.fork(name)

    def place(self) -> str | None:
        """Where the question that is asked now comes from: the cell, and which of its questions it is.

        A cell that asks in a loop asks several; run again, each of them replaces its own.
        """
        cell, run = frontend.running_cell()
        if cell is None:
            return None
        self._asked = self._asked + 1 if run == self._run else 1
        self._run = run
        return cell if self._asked == 1 else f"{cell}#{self._asked}"


def _shelf() -> Shelf[Conversation]:
    found = shelf()
    assert found is not None  # noqa: S101  # a magic runs in a shell
    return found
