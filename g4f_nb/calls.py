"""Where a call goes, and one request, ready to send: plain values that show neither key nor body."""

from __future__ import annotations

import ssl as tls
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self, TypeVar

from g4f_nb.secret import Secret, Veiled, shown_address

if TYPE_CHECKING:
    import aiohttp


T = TypeVar("T", bound=str | None)


class Headers(Veiled):
    """Request headers; their repr shows names only."""


class Address(str):
    """An address that prints without its query, which may hold a key; as a `str` it is whole."""

    __slots__ = ()

    @classmethod
    def of(cls, url: T) -> T:
        """Wrap an address that may hold something to hide; anything else stays as it is."""
        text: Any = url
        return cls(text) if type(text) is str and ("?" in text or "@" in text) else text  # type: ignore[return-value]

    def __repr__(self) -> str:
        return repr(shown_address(self))

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        # In a file or another process it is what a message would show of it.
        return str, (shown_address(self),)

    def __format__(self, spec: str) -> str:
        return format(shown_address(self), spec)


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """Where a call goes, and what it may show there.

    `missing` says what to do where a key is needed and none was found; such a call is not sent. `no_key`
    says in a few words why there is none. `more` is what else decides where the call goes.
    """

    base: str
    chat_url: str = ""
    secret: Secret | None = None
    key_source: str | None = None
    chosen_by: str = "the provider's own address"
    missing: str | None = None
    no_key: str = "none needed"
    more: Mapping[str, Any] = field(default_factory=dict, repr=False)
    # Where a key for this host is looked for, by variable, and where one that is found there may go.
    key_names: tuple[str, ...] = ()
    key_hosts: frozenset[tuple[str, str, int]] = frozenset()

    def options(self) -> dict[str, Any]:
        """What of it the call carries along, so that nobody has to look for it again."""
        given: dict[str, Any] = Veiled(api_base=self.base)
        if self.chat_url:
            given["api_endpoint"] = self.chat_url
        if self.secret is not None:
            given["api_key"] = self.secret
        given.update(self.more)
        return given


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """Seconds: to connect, for the first byte and each later silence, for the whole; `None` is no limit."""

    connect: float | None = 30.0
    silence: float | None = 120.0
    total: float | None = None


# Not frozen, though nobody changes one: each request has its own, and freezing takes as long again.
@dataclass(slots=True)
class Call:
    """One request, ready to send."""

    method: str
    url: str
    headers: Headers
    body: bytes | None = field(default=None, repr=False)
    secret: Secret | None = None
    limits: TimeLimits = TimeLimits()
    proxy: Secret | None = None
    ssl: tls.SSLContext | bool | None = None
    connector: aiohttp.BaseConnector | None = None
    provider: str | None = None
    model: str | None = None
