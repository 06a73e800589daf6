"""One request, ready to send: a plain value that shows neither key nor body."""

from __future__ import annotations

import ssl as tls
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from g4f_nb.secret import Secret, Veiled

if TYPE_CHECKING:
    import aiohttp


class Headers(Veiled):
    """Request headers; their repr shows names only."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds: to connect, for the first byte and each later silence, for the whole; `None` is no limit."""

    connect: float | None = 30.0
    silence: float | None = 120.0
    total: float | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One request, ready to send."""

    method: str
    url: str
    headers: Headers
    body: bytes | None = field(default=None, repr=False)
    secret: Secret | None = None
    limits: Limits = Limits()
    proxy: Secret | None = None
    ssl: tls.SSLContext | bool | None = None
    connector: aiohttp.BaseConnector | None = None
    provider: str | None = None
    model: str | None = None
