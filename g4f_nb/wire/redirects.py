"""Where a redirect leads: on the same server it is followed, elsewhere nothing is sent."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urldefrag, urljoin, urlsplit

from g4f_nb import errors
from g4f_nb.calls import Call, Headers
from g4f_nb.credentials import origin
from g4f_nb.secret import redact, shown_address


def redirected(call: Call, location: str) -> Call:
    """The call as it is to be sent on; an error where that would be somebody else."""
    try:
        url = urldefrag(urljoin(call.url, location)).url
        there = origin(url)
    except ValueError:
        # Dropped: it repeats the address, which may repeat the key.
        there = None
    # An address that a redirect gave may repeat the key as well.
    here = redact(shown_address(call.url), call.secret)
    if there is None:
        raise errors.ConnectionFailedError(
            f"{here} redirects to what is no web address: check api_base=",
            provider=call.provider,
        )
    if there == origin(call.url):
        return replace(call, url=url)
    if call.body is not None:
        shown = redact(f"{there[0]}://{urlsplit(url).netloc}", call.secret)
        raise errors.ConnectionFailedError(
            f"{here} redirects to another address, {shown}: nothing was sent there; "
            "if that host is meant, give it as api_base= together with its api_key=",
            provider=call.provider,
        )
    kept = {name: value for name, value in call.headers.items() if name.lower() in ("accept", "content-type")}
    return replace(call, url=url, headers=Headers(kept))
