"""Foreign exceptions made ours: whatever the transport raises becomes one error with a way out."""

from __future__ import annotations

import errno
import os
import re
import ssl as tls
from dataclasses import dataclass
from urllib.parse import urlsplit

from g4f_nb import errors
from g4f_nb.calls import Call
from g4f_nb.controls import clean
from g4f_nb.errors import G4FError
from g4f_nb.secret import redact, secrets_of_address, shown_address
from g4f_nb.wire.proxies import is_here, shown_proxy


class OutOfTimeError(TimeoutError):
    """The time for the whole call is over, as opposed to a silence that lasted too long."""


def translate(error: Exception, call: Call, when: str) -> G4FError:
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
    words = _words(error, call)
    kind, message = _told(error, _About(call, when, words))
    made = kind(message, provider=call.provider, model=call.model)
    if isinstance(made, errors.ConnectionFailedError) and _nobody_listens(error, call):
        made.nobody_listens = True
    hidden = isinstance(error, aiohttp.ClientResponseError | aiohttp.InvalidURL) or words != str(error)
    if call.proxy is not None or hidden:
        made.__cause__ = ConnectionError(f"{type(error).__name__}: {words}")
    else:
        made.__cause__ = bare(error)
    return made


@dataclass(frozen=True, slots=True)
class _About:
    """What the messages are made of: the call, when it failed, and the transport's own words."""

    call: Call
    when: str
    words: str

    @property
    def host(self) -> str:
        """The host that was called."""
        return urlsplit(self.call.url).netloc.rpartition("@")[2]

    @property
    def proxy(self) -> str:
        """The proxy's name, with a blank before it, if there is one."""
        return "" if self.call.proxy is None else f" {shown_proxy(self.call.proxy.reveal())}"


def _told(error: Exception, about: _About) -> tuple[type[G4FError], str]:
    """The class and the message; time comes first, for a connection that is late is also one that broke."""
    import aiohttp

    connecting = (
        aiohttp.ClientConnectorError, aiohttp.ClientHttpProxyError, tls.SSLError, ConnectionRefusedError,
    )  # fmt: skip
    match error:
        case TimeoutError():
            return errors.RequestTimeoutError, _late(error, about)
        case aiohttp.ClientConnectorCertificateError() | tls.SSLCertVerificationError():
            return errors.CertificateError, (
                f"{about.host} cannot prove who it is ({about.words}): check the address; a private "
                "authority's certificate is given with ssl=ssl.create_default_context(cafile=…)"
            )
        case _ if isinstance(error, connecting):
            return errors.ConnectionFailedError, _no_way(error, about)
        case aiohttp.InvalidURL() | aiohttp.NonHttpUrlClientError():
            shown = redact(shown_address(about.call.url), about.call.secret)
            return errors.ConnectionFailedError, f"{shown!r} is no web address: check api_base="
    return _told_of_answer(error, about)


def _told_of_answer(error: Exception, about: _About) -> tuple[type[G4FError], str]:
    import aiohttp

    host, words = about.host, about.words
    library = type(error).__module__.partition(".")[0]
    match error:
        case aiohttp.ClientPayloadError() | aiohttp.ContentTypeError():
            message = f"{host} broke off in the middle of its answer ({words}): ask again"
            return errors.StreamInterruptedError, message
        case aiohttp.ClientError() | OSError() if not isinstance(error, aiohttp.ClientResponseError):
            words = words or type(error).__name__
            return errors.ConnectionFailedError, f"the connection to {host} broke ({words}): try again"
        case _ if library in ("aiohttp_socks", "python_socks"):
            message = f"the proxy{about.proxy} refused the way to {host} ({words}): check proxy="
            return errors.ConnectionFailedError, message
        case _ if library == "aiohttp":
            # Also its parser's own errors, which it usually wraps.
            message = f"{host} does not speak HTTP as it should ({words}): check api_base= and any proxy"
            return errors.UnreadableResponseError, message
    raise error


def _late(error: Exception, about: _About) -> str:
    import aiohttp

    limits, when = about.call.limits, about.when
    if isinstance(error, OutOfTimeError):
        return (
            f"the whole call to {about.host} was allowed {limits.total or 0:g} s and is not done: "
            "try again, or allow more with total_timeout="
        )
    limit = limits.silence
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        limit, when = limits.connect, "while connecting"
    return f"{about.host} was silent for {limit or 0:g} s {when}: try again, or allow more with timeout="


def _no_way(error: Exception, about: _About) -> str:
    """Why no connection came about."""
    import aiohttp

    host, reason = about.host, _reason(error) or about.words
    match error:
        case aiohttp.ClientConnectorSSLError() | tls.SSLError():
            return (
                f"{host} and this machine find no common TLS ({about.words}): if it speaks plain HTTP, write "
                "http:// in api_base=, and if it asks for a certificate, give it with ssl="
            )
        case aiohttp.ClientConnectorDNSError() if _is_of_proxy(error.host, about.call):
            return f"there is no host named {error.host}: check proxy= or the variable HTTPS_PROXY"
        case aiohttp.ClientProxyConnectionError() | aiohttp.ClientHttpProxyError():
            return (
                f"the proxy{about.proxy} refused the way to {host} ({reason}): "
                "check proxy= or the variable HTTPS_PROXY"
            )
        case aiohttp.ClientConnectorDNSError():
            return f"there is no host named {host}: check api_base= and the network"
    return f"nothing answers at {host} ({reason}): start the server there, or check api_base="


def is_gone(error: Exception) -> bool:
    """Whether the other side had closed the connection before it gave an answer."""
    import aiohttp

    lost = aiohttp.ServerDisconnectedError | aiohttp.ClientOSError
    return isinstance(error, lost) and not isinstance(error, aiohttp.ClientConnectorError)


def in_the_body(error: Exception) -> Exception:
    """An error of the parser as one of the body: aiohttp without its compiled parser gives it on as it is."""
    import aiohttp
    from aiohttp.http_exceptions import HttpProcessingError

    return aiohttp.ClientPayloadError(str(error)) if isinstance(error, HttpProcessingError) else error


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
    # It shows the bytes that it stumbled over, on lines of their own; within others' words these are escaped.
    words = re.split(r"\n|\\n\\n", words.strip(), maxsplit=1)[0].rstrip(": ")
    words = redact(words, call.secret, *(secrets_of_address(call.proxy.reveal()) if call.proxy else ()))
    return clean(re.sub(r"(?<=://)([^\s?'\"]*)\?[^\s'\"]*", r"\1", words))


def _is_of_proxy(host: str, call: Call) -> bool:
    return call.proxy is not None and host == urlsplit(call.proxy.reveal()).hostname


def _nobody_listens(error: Exception, call: Call) -> bool:
    """Whether this machine itself said that nothing listens at that port."""
    # What is no address at all was never called.
    refused = call.proxy is None and _number(error) == errno.ECONNREFUSED
    return refused and is_here(urlsplit(call.url).hostname or "")


def _number(error: Exception) -> int | None:
    number = getattr(getattr(error, "os_error", error), "errno", None)
    return number if isinstance(number, int) else None


def _reason(error: Exception) -> str:
    # asyncio writes "Connect call failed ('127.0.0.1', 1)" whatever it was; the address was said already.
    number = _number(error)
    said = os.strerror(number) if number is not None and number > 0 else ""
    return said[:1].lower() + said[1:]
