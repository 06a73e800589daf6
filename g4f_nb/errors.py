"""What can go wrong, as one tree.

    G4FError
    ├── ProviderNotFoundError           no provider of that name; names the nearest
    ├── ProviderNotWorkingError         known, but not usable as it stands
    ├── NoProviderError                 nothing chosen and nothing to choose from
    ├── NoProviderAnsweredError         all of several failed; the message lists each one's reason
    ├── UnknownParameterError           a keyword nobody reads (also a TypeError)
    ├── InvalidParameterError           a keyword with an impossible value (also a ValueError)
    ├── SpendingLimitError              a conversation has cost as much as it may
    ├── MissingRequirementsError        an optional package is absent (also an ImportError)
    ├── MissingAuthError                no key, or a wrong one (401)
    ├── ModelNotSupportedError          not in the provider's own list
    │   └── ModelNotFoundError          the server does not know it (404; also a ResponseError)
    ├── ConnectionFailedError           nobody there: name, port, proxy (also a ConnectionError)
    │   └── CertificateError            somebody there whom we cannot trust
    ├── RequestTimeoutError             connect, first byte, silence, 408, 504 (also a TimeoutError)
    ├── LoopError                       a sync call that could only deadlock (also a RuntimeError)
    └── ResponseError                   an answer that is no answer
        ├── BadRequestError             400, 413, 422
        │   ├── ConversationTooLongError
        │   └── ContentFilterError
        ├── PaymentRequiredError        402
        ├── PermissionDeniedError       403
        ├── NotFoundError               404, for anything but a model
        ├── RateLimitError              429
        ├── ServerError                 5xx, 529
        ├── StreamInterruptedError      the stream broke off; `.partial` is what had arrived
        ├── BerlinError                 what a Berlin server says in the place of text (also a RuntimeError)
        ├── UnreadableResponseError     not JSON, not an event stream, or not an answer
        └── SchemaError                 an answer, but not of the type that `schema=` asked for

Every message says what happened, shows the value and ends with the way out; none holds a key.
"""

from __future__ import annotations

import os
from typing import Any, Self

from g4f_nb.controls import clean
from g4f_nb.secret import redact, redact_beginning

# Of a wrong value in a message.
_SHOWN = 60
BODY_LIMIT = 500
# How an address with a password is written: in a way out it is to be read.
_WRITTEN = "user:password@"
_PACKAGE = os.path.dirname(__file__) + os.sep  # noqa: PTH120  # compared as text


class G4FError(Exception):
    """Base of everything this package raises; the attributes are `None` where unknown."""

    def __init__(
        self,
        message: str = "",
        *,
        provider: str | None = None,
        model: str | None = None,
        status: int | None = None,
        code: str | None = None,
        retry_after: float | None = None,
        body: str | None = None,
        partial: str | None = None,
        reply: Any = None,
    ) -> None:
        # What a server says stands in all three, and a terminal must obey none of it. And what a user gave
        # in a wrong place may be a key, or an address with a password.
        super().__init__(_WRITTEN.join(map(redact, clean(str(message)).split(_WRITTEN))))
        self.provider = provider
        self.model = model
        self.status = status
        self.code = None if code is None else clean(str(code))
        self.retry_after = retry_after
        self.body = None if body is None else shorten(clean(str(body)[: 2 * BODY_LIMIT]))
        self.partial = partial
        # The `Reply` as far as it came, with every finished round; it does not travel with a pickle.
        self.reply = reply

    def alone(self) -> Self:
        """The same without the frames it came through, and without what it was raised beside.

        Both may hold a server's words, and in them a key; its cause stays.
        """
        self.__context__ = None
        return self.with_traceback(None)

    def _render_traceback_(self) -> list[str]:
        """What IPython shows: the user's own lines and the message, no frames of ours or the transport."""
        return [*users_lines(self), f"{type(self).__name__}: {self}"]

    def __reduce__(self) -> tuple[Any, ...]:
        # Exception pickles by positional arguments alone, which would drop every attribute.
        return (_rebuild, (type(self), self.args, {**self.__dict__, "reply": None}))


class ProviderNotFoundError(G4FError):
    """No provider has that name."""


class ProviderNotWorkingError(G4FError):
    """The provider is known but cannot be used as it stands."""


class NoProviderError(G4FError):
    """No provider was chosen and none can be chosen for you."""


class NoProviderAnsweredError(G4FError):
    """Every one of several providers failed; the message lists each one's reason."""

    # A `ProviderFailed` for each, in the order in which they failed.
    failures: tuple[Any, ...] = ()


class UnknownParameterError(G4FError, TypeError):
    """A keyword that the provider does not take; `parameter` is its name, where it is one."""

    def __init__(self, message: str = "", *, parameter: str | None = None, **about: Any) -> None:
        super().__init__(message, **about)
        self.parameter = parameter


class InvalidParameterError(G4FError, ValueError):
    """A keyword or setting with a value that cannot be meant."""


class SpendingLimitError(G4FError):
    """A conversation has cost as much as its limit allows."""


class MissingRequirementsError(G4FError, ImportError):
    """An optional package is needed; the message names the extra that brings it."""


class MissingAuthError(G4FError):
    """There is no key, or the server refused it."""


class ModelNotSupportedError(G4FError):
    """The provider's own list does not hold that model."""


class ConnectionFailedError(G4FError, ConnectionError):
    """No connection: nobody of that name, nothing listening there, a refusing proxy, or it broke."""

    # Refused by this very machine: waiting helps only while a server starts.
    nobody_listens = False


class CertificateError(ConnectionFailedError):
    """The server's certificate does not prove who it is."""


class RequestTimeoutError(G4FError, TimeoutError):
    """A limit passed: connecting, the first byte, silence in a stream, or the whole call."""


class LoopError(G4FError, RuntimeError):
    """A synchronous call in a place where it could only wait for itself."""


class ResponseError(G4FError):
    """The server answered, and the answer is an error."""


class ModelNotFoundError(ModelNotSupportedError, ResponseError):
    """The server does not know that model."""


class BadRequestError(ResponseError):
    """The server refuses the request as it is."""


class ConversationTooLongError(BadRequestError):
    """The messages do not fit into the model's context."""


class ContentFilterError(BadRequestError):
    """The provider's content filter refused the request or the answer."""


class PaymentRequiredError(ResponseError):
    """The account has no credit left."""


class PermissionDeniedError(ResponseError):
    """The key is right but may not do this."""


class NotFoundError(ResponseError):
    """Nothing lives at that address."""


class RateLimitError(ResponseError):
    """Too many requests or tokens; `.retry_after` holds the server's advice in seconds."""


class ServerError(ResponseError):
    """The server failed."""


class StreamInterruptedError(ResponseError):
    """The stream ended in the middle; `.partial` holds what had arrived."""


class BerlinError(ResponseError, RuntimeError):
    """A Berlin server answered with something else than text."""


class UnreadableResponseError(ResponseError):
    """The answer is of no form that a chat server sends."""


class SchemaError(ResponseError):
    """The answer is not of the type that was asked for; `.partial` is its text."""


def users_lines(error: BaseException) -> list[str]:
    """Where the user's own code was when this happened, as lines of a traceback, up to the first of ours."""
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    ours = [at for at, frame in enumerate(frames) if frame.filename.startswith(_PACKAGE)]
    users = frames[: ours[0]] if ours else frames
    return traceback.format_list(
        [frame for frame in users if f"{os.sep}IPython{os.sep}" not in frame.filename]
    )


def sort_of(value: object) -> str:
    """What sort of thing that is, in words: `an int`, `a list`."""
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeioAEIO' else 'a'} {name}"


def short(value: object) -> str:
    """A value in an error: its repr as far as there is room; of what may hold others, the type alone."""
    plain = value is None or isinstance(value, str | int | float)
    # Masked first: of a key that is cut nobody knows that it is one.
    return shorten(redact_beginning(repr(value)), _SHOWN) if plain else sort_of(value)


def shorten(text: str, limit: int = BODY_LIMIT) -> str:
    """Cut a text for a message, saying that it was cut."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _rebuild(kind: type[G4FError], args: tuple[Any, ...], state: dict[str, Any]) -> G4FError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error
