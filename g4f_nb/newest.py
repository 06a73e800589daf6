"""A dictionary that keeps the newest so many: what is remembered must not grow while a kernel lives on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Newest(dict[K, V]):
    """Beyond `most` entries the oldest goes; one that is `in_use` stays for as long as it is.

    Only `d[key] = …` and `setdefault` add. Threads may share it: what one drops is only forgotten sooner.
    """

    __slots__ = ("_in_use", "_most")

    def __init__(self, most: int, *, in_use: Callable[[V], bool] | None = None) -> None:
        super().__init__()
        self._most = most
        self._in_use = in_use

    def __setitem__(self, key: K, value: V) -> None:
        # What is set again is new again.
        self.pop(key, None)
        super().__setitem__(key, value)
        if len(self) > self._most:
            self._drop_oldest(key)

    def setdefault(self, key: K, default: V) -> V:
        """The value that is there, else this one."""
        found = super().setdefault(key, default)
        if len(self) > self._most:
            self._drop_oldest(key)
        return found

    def _drop_oldest(self, newest: K) -> None:
        for key, value in list(self.items()):
            if len(self) <= self._most:
                return
            if key != newest and not (self._in_use is not None and self._in_use(value)):
                self.pop(key, None)
