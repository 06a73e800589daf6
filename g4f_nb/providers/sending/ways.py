"""How one call travels, told from its keywords: address, key, proxy, limits, trust."""

from __future__ import annotations

import functools
import ssl as tls
from dataclasses import dataclass
from typing import TYPE_CHECKING

from g4f_nb.calls import Address, Headers, TimeLimits
from g4f_nb.errors import InvalidParameterError
from g4f_nb.headers import checked_headers
from g4f_nb.providers.sending.checks import what_is_wrong
from g4f_nb.providers.sending.outgoing import least
from g4f_nb.secret import Secret, Veiled
from g4f_nb.wire.proxies import proxy_fault

if TYPE_CHECKING:
    import aiohttp

_AS_THEY_ARE = ("timeout", "total_timeout", "max_retries", "connector", "ssl")
# The keywords of a call that are read here.
TRAVEL = frozenset({"api_base", "api_endpoint", "api_key", "proxy", "headers", *_AS_THEY_ARE})


@dataclass(slots=True, kw_only=True, repr=False)
class Way:
    """How one call travels; what is wrong with its keywords is told when it is sent.

    It takes the place of the keywords, so that no frame keeps a key that a traceback could print.
    """

    wrong: str | None = None
    secret: Secret | None = None
    proxy: Secret | None = None
    headers: Headers
    api_base: str | None = None
    api_endpoint: str | None = None
    timeout: float | None = 120
    total_timeout: float | None = None
    max_retries: int | None = None
    connector: aiohttp.BaseConnector | None = None
    ssl: tls.SSLContext | bool | None = None

    @classmethod
    def of(cls, given: Veiled) -> Way:
        """Read and check the keywords of a call."""
        way = cls(wrong=what_is_wrong(given), headers=Headers())
        if way.wrong is not None:
            return way
        way.secret, way.proxy = Secret.of(given.get("api_key")), Secret.of(given.get("proxy"))
        way.api_base, way.api_endpoint = (
            Address.of(given.get("api_base")),
            Address.of(given.get("api_endpoint")),
        )
        for name in _AS_THEY_ARE:
            if name in given:
                setattr(way, name, given[name])
        if given.get("headers"):
            try:
                way.headers = checked_headers(given["headers"])
            except InvalidParameterError as error:
                way.wrong = str(error)
        if way.proxy is not None:
            way.wrong = way.wrong or proxy_fault(way.proxy)
        return way

    def limits(self, connect: float) -> TimeLimits:
        """The limits of its waits; `connect` is how long connecting may take in any case."""
        return _limits(connect, self.timeout, self.total_timeout)


@functools.lru_cache(maxsize=64)
def _limits(connect: float, silence: float | None, total: float | None) -> TimeLimits:
    return TimeLimits(connect=least(connect, silence), silence=silence, total=total)
