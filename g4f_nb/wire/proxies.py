"""Which proxy a request goes through: the call's own, else the environment's, and none to this machine."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit
from urllib.request import (  # type: ignore[attr-defined]  # typeshed leaves the second one out
    getproxies_environment,
    proxy_bypass_environment,
)

from g4f_nb import errors
from g4f_nb.calls import Call
from g4f_nb.environment import variables
from g4f_nb.secret import MASK, Secret, shown_address

_SCHEMES = ("http", "https", "socks4", "socks5", "socks5h")
_NAMES = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


def proxy_for(call: Call) -> Secret | None:
    """The address of the proxy, which may hold a password; `None` is the direct way."""
    if call.proxy is not None:
        fault = proxy_fault(call.proxy)
        if fault:
            raise errors.InvalidParameterError(fault, provider=call.provider)
        return call.proxy
    if call.connector is not None or not any(variables(_NAMES)):
        return None
    parts = urlsplit(call.url)
    if parts.hostname is None or is_here(parts.hostname) or proxy_bypass_environment(parts.netloc):
        return None
    proxies = getproxies_environment()
    proxy = Secret.of(proxies.get(parts.scheme) or proxies.get("all"))
    del proxies
    if proxy is not None:
        fault = proxy_fault(proxy, "the environment's HTTP_PROXY, HTTPS_PROXY or ALL_PROXY is")
        if fault:
            raise errors.ConnectionFailedError(fault, provider=call.provider)
    return proxy


def is_socks(proxy: Secret | None) -> bool:
    """Whether this proxy speaks SOCKS, for which the connection itself is another."""
    return proxy is not None and proxy.reveal().lower().startswith("socks")


def proxy_fault(proxy: Secret, where: str = "proxy= is") -> str | None:
    """What is wrong with the form of a proxy's address, in words that show no password; `None` if nothing."""
    value = proxy.reveal()
    try:
        parts = urlsplit(value)
        scheme, host, port = parts.scheme.lower(), parts.hostname or "", parts.port
        fine = scheme in _SCHEMES and host and port != 0 and not any(map(str.isspace, value))
    except ValueError:
        fine = False
    if fine:
        return None
    # Without a scheme, whatever stands before the last @ may be a password.
    before, at, after = value.rpartition("@")
    shown = f"{before.partition('://')[0]}://{MASK}@{after}" if "://" in before else f"{MASK}@{after}"
    return (
        f"{where} no address of a proxy: {shown_proxy(shown if at else value)!r}; it is like "
        "http://host:3128 or socks5://user:password@host:1080"
    )


def shown_proxy(address: str) -> str:
    """Its scheme, host and port: what stands behind those may let somebody in."""
    shown = shown_address(address)
    start = shown.find("://") + len("://") if "://" in shown else 0
    return shown[:start] + shown[start:].partition("/")[0]


def is_here(host: str) -> bool:
    """Whether this is the machine itself: a model server here is not what a company's proxy is for."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
