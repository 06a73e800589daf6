"""Who wants to hear of changes: several views of one conversation agree by it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from g4f_nb.conversations.turns import Turn
from g4f_nb.notices import tell


@dataclass(frozen=True, slots=True)
class Change:
    """What has changed in a conversation: `kind` is "begun", "finished", "removed", "switched" or "settings".

    `turn` is the one it is about, as it is now, if it is about one.
    """

    kind: str
    turn: Turn | None = None


Observer = Callable[[Change], object]


class Observers:
    """Functions that are called on the thread where a change happens, one after the other."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._all: tuple[Observer, ...] = ()

    def __len__(self) -> int:
        return len(self._all)

    def add(self, observer: Observer) -> Callable[[], None]:
        """Call it from now on; what is given back ends that."""
        with self._lock:
            self._all += (observer,)

        def end() -> None:
            with self._lock:
                self._all = tuple(each for each in self._all if each is not observer)

        return end

    def tell(self, kind: str, turn: Turn | None = None) -> None:
        """Call them all; one that fails is told of, and undoes nothing."""
        for observer in self._all:
            try:
                observer(Change(kind, turn))
            except Exception as error:  # noqa: BLE001  # whoever looks on must not undo what was done
                tell(f"an observer of a conversation failed: {type(error).__name__}: {error}", once=False)
