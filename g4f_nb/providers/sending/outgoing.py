"""What goes out with a request: the caller's headers, the body's bytes, limits, whom to trust."""

from __future__ import annotations

import ssl as tls
from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import isfinite
from typing import Any

import orjson

from g4f_nb.calls import Call, Headers
from g4f_nb.errors import InvalidParameterError
from g4f_nb.halves import sound_parts
from g4f_nb.notices import tell
from g4f_nb.secret import Secret, secrets_in, secrets_of_address, secrets_of_headers, together

_TOO_DEEP = "it holds itself, or hundreds of lists and dicts one in the other"
_OPTIONS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS


def secrets_of_call(
    secret: Secret | None, url: str, *, headers: Headers, extra_data: Any, proxy: Secret | None
) -> Secret | None:
    """Every key that goes out with a call, wherever it stands: what a server repeats of them is masked."""
    if not headers and extra_data is None and proxy is None and "?" not in url and "@" not in url:
        return secret
    return together((
        secret,
        *secrets_of_headers(headers),
        *secrets_in(extra_data),
        *secrets_of_address(url),
        *(secrets_of_address(proxy.reveal()) if proxy is not None else ()),
    ))  # fmt: skip


def overlaid(beneath: dict[str, str], over: Mapping[str, str]) -> dict[str, str]:
    """Headers laid over others, the names case-blind: of each there is one."""
    for name, value in over.items():
        for other in [known for known in beneath if known.lower() == name.lower()]:
            del beneath[other]
        beneath[name] = value
    return beneath


def encoded(body: Mapping[str, Any], provider: str) -> bytes:
    """The body as JSON; numpy's numbers are numbers."""
    for name, value in body.items():
        if type(value) is float and not isfinite(value):
            # JSON has no such number: it would go out as null, and the service would take its own.
            raise InvalidParameterError(f"{name}= is a finite number, not {value}", provider=provider)
    try:
        return orjson.dumps(body, option=_OPTIONS)
    except TypeError:
        # It may be half of a surrogate pair, in an option or for a class that was called by itself.
        pass
    try:
        return orjson.dumps(sound_parts(body), option=_OPTIONS)
    except (TypeError, InvalidParameterError):
        pass
    # Not from within: frames that hold what was given, or a thousand of them, say nothing.
    part, said = next(_faults_of(body), ("", "its parts are"))
    raise InvalidParameterError(
        f"{part!r} in the request to {provider} is no JSON ({said}): messages and parameters are text, "
        "numbers, lists and dicts",
        provider=provider,
    )


def _faults_of(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in body.items():
        try:
            orjson.dumps({name: sound_parts(value)}, option=_OPTIONS)
        except InvalidParameterError:
            yield name, _TOO_DEEP
        except TypeError as error:
            yield name, _TOO_DEEP if "Recursion" in str(error) else str(error)


def with_body(call: Call, body: Mapping[str, Any]) -> Call:
    """The same call with another body."""
    return replace(call, body=encoded(body, call.provider or ""))


def least(*limits: float | None) -> float | None:
    """The smallest of these limits; `None` is no limit."""
    given = [limit for limit in limits if limit is not None]
    return min(given) if given else None


def trust(cls: Any, given: tls.SSLContext | bool | None) -> tls.SSLContext | bool | None:
    """Whom the call trusts: its own `ssl=`, else the class's; none at all is said aloud."""
    chosen: tls.SSLContext | bool | None = cls.ssl if given is None else given
    if chosen is False:
        tell(f"{cls.__name__}: ssl=False, so nobody checks which server reads the key and the messages")
    return chosen
