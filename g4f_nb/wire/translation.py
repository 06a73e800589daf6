"""Foreign exceptions made ours: whatever the transport raises becomes one error with a way out."""

from __future__ import annotations

import os
import re
import ssl as tls
from typing import Any
from urllib.parse import urlsplit

from g4f_nb import errors
from g4f_nb.calls import Call
from g4f_nb.errors import G4FError
from g4f_nb.secret import redact, secrets_of_address, shown_address


class OutOfTimeError(TimeoutError):
    """The time for the whole call is over, as opposed to a silence that lasted too long."""


def translate(error: Exception, call: Call, when: str) -> G4FError:  # noqa: C901, PLR0912  # one arm a kind
    """Make one of our errors of whatever the transport raised; what is not the transport's is raised again.

    The original is the cause, without its frames: their locals hold the headers, and with them the key. One
    that may itself hold a key or a proxy's password is replaced by its name and words.
    """
    import aiohttp

    if isinstance(error, G4FError):
        return error
    if isinstance(error, aiohttp.ClientOSError) and isinstance(error.__cause__, tls.SSLError):
        # A connector that goes through SOCKS calls it a broken connection.
        error = error.__cause__
    about: dict[str, Any] = {"provider": call.provider, "model": call.model}
    host = urlsplit(call.url).netloc.rpartition("@")[2]
    words = _words(error, call)
    made: G4FError
    match error:
        case OutOfTimeError():
            made = errors.RequestTimeoutError(
                f"the whole call to {host} was allowed {call.limits.total or 0:g} s and is not done: "
                "try again, or allow more with total_timeout=",
                **about,
            )
        case TimeoutError():
            limits = call.limits
            limit = limits.connect if isinstance(error, aiohttp.ConnectionTimeoutError) else limits.silence
            when = "while connecting" if isinstance(error, aiohttp.ConnectionTimeoutError) else when
            made = errors.RequestTimeoutError(
                f"{host} was silent for {limit or 0:g} s {when}: try again, or allow more with timeout=",
                **about,
            )
        case aiohttp.ClientConnectorCertificateError() | tls.SSLCertVerificationError():
            made = errors.CertificateError(
                f"{host} cannot prove who it is ({words}): check the address; a private authority's "
                "certificate is given with ssl=ssl.create_default_context(cafile=…)",
                **about,
            )
        case aiohttp.ClientConnectorSSLError() | tls.SSLError():
            made = errors.ConnectionFailedError(
                f"{host} and this machine find no common TLS ({words}): if it speaks plain HTTP, write "
                "http:// in api_base=, and if it asks for a certificate, give it with ssl=",
                **about,
            )
        case aiohttp.ClientConnectorDNSError() if _is_of_proxy(error.host, call):
            made = errors.ConnectionFailedError(
                f"there is no host named {error.host}: check proxy= or the variable HTTPS_PROXY", **about
            )
        case aiohttp.ClientProxyConnectionError() | aiohttp.ClientHttpProxyError():
            made = errors.ConnectionFailedError(
                f"the proxy{_proxy_name(call)} refused the way to {host} ({_reason(error) or words}): "
                "check proxy= or the variable HTTPS_PROXY",
                **about,
            )
        case aiohttp.ClientConnectorDNSError():
            made = errors.ConnectionFailedError(
                f"there is no host named {host}: check api_base= and the network", **about
            )
        case aiohttp.ClientConnectorError() | ConnectionRefusedError():
            made = errors.ConnectionFailedError(
                f"nothing answers at {host} ({_reason(error) or words}): "
                "start the server there, or check api_base=",
                **about,
            )
        case aiohttp.InvalidURL() | aiohttp.NonHttpUrlClientError():
            made = errors.ConnectionFailedError(
                f"{shown_address(call.url)!r} is no web address: check api_base=", **about
            )
        case aiohttp.ClientPayloadError() | aiohttp.ContentTypeError():
            made = errors.StreamInterruptedError(
                f"{host} broke off in the middle of its answer ({words}): ask again", **about
            )
        case aiohttp.ClientResponseError():
            made = errors.UnreadableResponseError(
                f"{host} does not speak HTTP as it should ({words}): check api_base= and any proxy", **about
            )
        case aiohttp.ClientError() | OSError():
            made = errors.ConnectionFailedError(
                f"the connection to {host} broke ({words or type(error).__name__}): try again", **about
            )
        case _ if type(error).__module__.partition(".")[0] in ("aiohttp_socks", "python_socks"):
            made = errors.ConnectionFailedError(
                f"the proxy{_proxy_name(call)} refused the way to {host} ({words}): check proxy=", **about
            )
        case _ if type(error).__module__.partition(".")[0] == "aiohttp":
            # Its parser's own, which it usually wraps into those above.
            made = errors.UnreadableResponseError(
                f"{host} does not speak HTTP as it should ({words}): check api_base= and any proxy", **about
            )
        case _:
            raise error
    hidden = isinstance(error, aiohttp.ClientResponseError | aiohttp.InvalidURL) or words != str(error)
    if call.proxy is not None or hidden:
        made.__cause__ = ConnectionError(f"{type(error).__name__}: {words}")
    else:
        made.__cause__ = bare(error)
    return made


def is_gone(error: Exception) -> bool:
    """Whether the other side had closed the connection before it gave an answer."""
    import aiohttp

    lost = aiohttp.ServerDisconnectedError | aiohttp.ClientOSError
    return isinstance(error, lost) and not isinstance(error, aiohttp.ClientConnectorError)


def bare(error: BaseException) -> BaseException:
    """The same without frames, its own and its cause's: those of the transport hold headers, and so keys."""
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)


def _words(error: Exception, call: Call) -> str:
    import aiohttp

    words = str(error)
    if isinstance(error, aiohttp.ClientResponseError):
        # Its text ends with the address, and that of a proxy holds a password.
        words = f"{error.status}, {error.message}"
    # The parser makes up a status of 400, and says itself within the words of others.
    words = re.sub(r"<?\b(?:\w+Error: )?400, (?:message[:=]\s*)?", "", words).replace("'>", "'")
    words = redact(words, call.secret, *(secrets_of_address(call.proxy.reveal()) if call.proxy else ()))
    return re.sub(r"(?<=://)([^\s?'\"]*)\?[^\s'\"]*", r"\1", words)


def _is_of_proxy(host: str, call: Call) -> bool:
    return call.proxy is not None and host == urlsplit(call.proxy.reveal()).hostname


def _proxy_name(call: Call) -> str:
    return "" if call.proxy is None else f" {shown_address(call.proxy.reveal())}"


def _reason(error: Exception) -> str:
    # asyncio writes "Connect call failed ('127.0.0.1', 1)" whatever it was; the address was said already.
    number = getattr(getattr(error, "os_error", error), "errno", None)
    said = os.strerror(number) if isinstance(number, int) and number > 0 else ""
    return said[:1].lower() + said[1:]
