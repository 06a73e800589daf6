"""Foreign exceptions made ours: whatever the transport raises becomes one error with a way out."""

from __future__ import annotations

import ssl as tls
from typing import Any
from urllib.parse import urlsplit

from g4f_nb import errors
from g4f_nb.calls import Call
from g4f_nb.errors import G4FError
from g4f_nb.secret import redact


def translate(error: Exception, call: Call, when: str) -> G4FError:  # noqa: C901  # one arm a kind
    """Make one of our errors of whatever the transport raised; what is not the transport's is raised again.

    The original is the cause, without its frames: their locals hold the headers, and with them the key.
    """
    import aiohttp

    if isinstance(error, G4FError):
        return error
    about: dict[str, Any] = {"provider": call.provider, "model": call.model}
    host = urlsplit(call.url).netloc.rpartition("@")[2]
    words = redact(str(error), call.secret)
    made: G4FError
    match error:
        case TimeoutError():
            limits = call.limits
            limit = limits.connect if isinstance(error, aiohttp.ConnectionTimeoutError) else limits.silence
            when = "while connecting" if isinstance(error, aiohttp.ConnectionTimeoutError) else when
            if limits.total is not None and (limit is None or limits.total < limit):
                limit, when = limits.total, f"within the whole time allowed, {when}"
            made = errors.RequestTimeoutError(
                f"{host} was silent for {limit:g} s {when}: try again, or allow more with timeout=", **about
            )
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError() | tls.SSLError():
            made = errors.CertificateError(
                f"{host} cannot prove who it is ({words}): check the address; a private authority's "
                "certificate is given with ssl=ssl.create_default_context(cafile=…)",
                **about,
            )
        case aiohttp.ClientProxyConnectionError() | aiohttp.ClientHttpProxyError():
            made = errors.ConnectionFailedError(
                f"the proxy refused the way to {host} ({words}): check proxy= or the variable HTTPS_PROXY",
                **about,
            )
        case aiohttp.ClientConnectorDNSError():
            made = errors.ConnectionFailedError(
                f"there is no host named {host}: check api_base= and the network", **about
            )
        case aiohttp.ClientConnectorError() | ConnectionRefusedError():
            reason = getattr(getattr(error, "os_error", error), "strerror", None)
            made = errors.ConnectionFailedError(
                f"nothing answers at {host} ({_plain(reason) or words}): "
                "start the server there, or check api_base=",
                **about,
            )
        case aiohttp.InvalidURL() | aiohttp.NonHttpUrlClientError():
            made = errors.ConnectionFailedError(f"{call.url!r} is no web address: check api_base=", **about)
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
        case _:
            raise error
    made.__cause__ = error.with_traceback(None)
    return made


def _plain(reason: str | None) -> str:
    # asyncio writes "Connect call failed ('127.0.0.1', 1)"; the address has been said already.
    return "connection refused" if reason and "Connect call failed" in reason else reason or ""
