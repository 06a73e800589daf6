"""How a conversation declares what can be read of it, and what can be set: with words and types."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Protocol, Self, TypeVar, overload

from g4f_nb.conversations.talk import Talk
from g4f_nb.errors import sort_of

Got = TypeVar("Got")
Put = TypeVar("Put")


class Holder(Protocol):
    """Whoever shows a talk to users."""

    _talk: Talk


class Seen(Generic[Got]):
    """An attribute that is read of the talk, under its lock."""

    def __init__(self, look: Callable[[Talk], Got], words: str) -> None:
        self._look = look
        self.__doc__ = words

    @overload
    def __get__(self, holder: None, kind: type[Any]) -> Self: ...
    @overload
    def __get__(self, holder: Holder, kind: type[Any]) -> Got: ...
    def __get__(self, holder: Holder | None, kind: type[Any]) -> Self | Got:
        if holder is None:
            return self
        talk = holder._talk  # noqa: SLF001  # what it is for
        with talk.lock:
            return self._look(talk)

    def __set_name__(self, kind: type[Any], name: str) -> None:
        self._name = name

    def __set__(self, holder: Holder, value: Any) -> None:
        raise AttributeError(f"{self._name!r} of {sort_of(holder)} can only be read")


class Setting(Generic[Got, Put]):
    """An attribute that can be set, too: checked, and told to whoever looks on."""

    def __init__(
        self,
        look: Callable[[Talk], Got],
        put: Callable[[Talk, Put], None],
        words: str,
        *,
        veil: Callable[[Put], Put] | None = None,
    ) -> None:
        self._look, self._put = look, put
        # What is said first of whatever is given, so that what fails after it shows no key.
        self.veil = veil
        self.__doc__ = words

    @overload
    def __get__(self, holder: None, kind: type[Any]) -> Self: ...
    @overload
    def __get__(self, holder: Holder, kind: type[Any]) -> Got: ...
    def __get__(self, holder: Holder | None, kind: type[Any]) -> Self | Got:
        return self if holder is None else self._look(holder._talk)  # noqa: SLF001  # as above

    def __set__(self, holder: Holder, value: Put) -> None:
        self._put(holder._talk, value)  # noqa: SLF001  # as above
