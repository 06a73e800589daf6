"""The conversations of one notebook, by name; each shell has its own, so that nobody finds another's.

A script or a server that has no shell has no shelf: there, whoever makes a conversation holds it.
"""

from __future__ import annotations

import threading
import weakref
from typing import Any, Generic, Protocol, TypeVar

from g4f_nb import frontend
from g4f_nb.conversations.names import is_made_up
from g4f_nb.forking import ModuleLock


class Named(Protocol):
    """Whatever has a name, and may have begun."""

    @property
    def name(self) -> str:
        """What it is called now."""

    @property
    def all_turns(self) -> tuple[Any, ...]:
        """What was said in it."""

    @property
    def on_their_way(self) -> tuple[Any, ...]:
        """What is being answered."""

    @property
    def spent(self) -> float:
        """What it has cost."""


T = TypeVar("T", bound=Named)
_shelves: weakref.WeakKeyDictionary[Any, Shelf[Any]] = weakref.WeakKeyDictionary()
_making = ModuleLock()


class Shelf(Generic[T]):
    """Those that were given a name stay here; others as long as somebody holds them.

    One without a name in which nothing was ever said is in no list: every panel that is shown has one.
    """

    def __init__(self) -> None:
        # Held while one is looked for and then made: two threads make one of a name, not one each.
        self.lock = threading.RLock()
        self._named: dict[str, T] = {}
        self._others: weakref.WeakSet[T] = weakref.WeakSet()

    @property
    def all(self) -> tuple[T, ...]:
        """Every conversation there is, by name, but for those that nobody has named or said anything in."""
        with self.lock:
            named, others = set(self._named.values()), set(self._others)
        # Without the lock: each of them has one of its own.
        found = named | {each for each in others if not is_made_up(each.name) or _begun(each)}
        return tuple(sorted(found, key=lambda each: each.name))

    @property
    def kept(self) -> tuple[T, ...]:
        """Those that were given a name."""
        with self.lock:
            return tuple(self._named.values())

    @property
    def names(self) -> tuple[str, ...]:
        """Their names, in order."""
        return tuple(dict.fromkeys(each.name for each in self.all))

    def get(self, name: str) -> T | None:
        """The conversation of that name; of several, the one that was named last."""
        named = self._named.get(name)
        return named or next((each for each in self.all if each.name == name), None)

    def put(self, conversation: T, *, stays: bool) -> None:
        """Take one in; if it stays, it takes its name over from another."""
        with self.lock:
            if not stays:
                self._others.add(conversation)
                return
            before = self._named.get(conversation.name)
            self.remove(conversation)
            if before is not None and before is not conversation:
                # Whoever holds it still has it.
                self._others.add(before)
            self._named[conversation.name] = conversation

    def remove(self, conversation: T) -> None:
        """Let one go."""
        with self.lock:
            self._others.discard(conversation)
            for name in [name for name, each in self._named.items() if each is conversation]:
                del self._named[name]


def _begun(conversation: Named) -> bool:
    return bool(conversation.all_turns or conversation.on_their_way or conversation.spent)


def shelf() -> Shelf[Any] | None:
    """The shelf of the shell that runs here, `None` where there is none."""
    shell = frontend.shell()
    if shell is None:
        return None
    with _making:
        return _shelves.setdefault(shell, Shelf())
