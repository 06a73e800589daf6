"""Headers that somebody gives, with a call, in a row, by a class: checked in one way, when they are given."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from g4f_nb.calls import Headers
from g4f_nb.errors import InvalidParameterError, shorten

# What RFC 9110 calls a token.
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
# These say where the message ends and what becomes of the connection: another word on it would cut the body
# off, have the server wait for what does not come, or read the next request wrongly.
_FRAMING = frozenset({
    "connection", "content-length", "expect", "host", "keep-alive", "proxy-connection", "te", "trailer",
    "transfer-encoding", "upgrade",
})  # fmt: skip


def checked_headers(given: Mapping[str, str] | None, *, place: str = "headers=") -> Headers:
    """These headers, if each has a legal name and is a text of one line, and none frames the message.

    `place` is where they were given, as a sentence about it names it.
    """
    headers = Headers(given or {})
    del given
    fault = header_fault(headers, place=place)
    if fault is None:
        return headers
    # What stands where a name should may be a key as well: neither is a variable of a frame that raises.
    del headers
    raise InvalidParameterError(fault)


def header_fault(headers: Mapping[Any, Any], *, place: str) -> str | None:
    """What is wrong with the first that is wrong, and the way out; never a value, which may be a key."""
    for name in headers:
        if not (_is_line(name) and _is_line(headers[name])):
            shown = repr(name) if isinstance(name, str) else f"of type {type(name).__name__}"
            return f"the header {shown} is no text of one line: mend it in {place}"
    return next(filter(None, (_fault_of_name(name, place) for name in headers)), None)


def _fault_of_name(name: str, place: str) -> str | None:
    if not _NAME.fullmatch(name):
        # What follows may be the header's value, and a key.
        legal = _NAME.match(name)
        return (
            f"{place} holds a name that begins with {shorten(legal[0] if legal else '', 60)!r} and is none: "
            "a header's name is letters, digits and '-', without blanks and colons"
        )
    if name.lower() in _FRAMING:
        return (
            f"the header {name!r} is not for {place}: each request gets its own, by its body and its "
            "address; leave it out, and say with api_base= which host is asked"
        )
    return None


def _is_line(value: object) -> bool:
    return isinstance(value, str) and value.isprintable()
