"""Values with whatever names their makers give them: a provider's handle on a dialogue, what a login gave."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, NoReturn

from g4f_nb.chunks.chunk import Chunk
from g4f_nb.secret import MASK, SECRET_WORDS


class OpenValue(Chunk):
    """A JSON value with whatever names its maker gives it."""

    def __init__(self, /, **values: Any) -> None:
        self.__dict__.update(values)

    def get_dict(self) -> dict[str, Any]:
        """The values, as they were given."""
        return dict(self.__dict__)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.__dict__ == self.__dict__

    __hash__ = None  # type: ignore[assignment]  # open and mutable

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={_masked(name, value)!r}" for name, value in self.__dict__.items())
        return f"{type(self).__name__}({shown})"


class BaseConversation(OpenValue):
    """A provider's own handle on a dialogue, passed back as `conversation=`."""


class JsonConversation(BaseConversation):
    """A `BaseConversation` made of JSON values."""


class AuthResult(OpenValue):
    """What a login gave; its repr masks everything, for each part may be a credential."""

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={MASK!r}" for name in self.__dict__)
        return f"{type(self).__name__}({shown})"

    def __copy__(self) -> AuthResult:
        return type(self)(**self.__dict__)

    def __deepcopy__(self, memo: dict[int, Any]) -> AuthResult:
        return type(self)(**deepcopy(self.__dict__, memo))

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a login is not pickled: let the other side log in, or pass what get_dict() gives, if you must"
        )


def _masked(name: str, value: object) -> object:
    return MASK if any(word in name.lower() for word in SECRET_WORDS) else value
