"""Whom a server claims to be: certificates that prove nothing, handshakes that stall, plain ports."""

from __future__ import annotations

from g4f_nb import errors

from .cases import ALL, CHUNKED, HELLO, STREAM, case, chunk, completion, event, fails, head, sized
from .server import KEEP, RESET, STALL, UNREAD, Again

_WRONG = errors.CertificateError
_LOST = errors.ConnectionFailedError
_answer = (sized(completion()), KEEP)
_says = ("cannot prove who it is", "ssl=")


def _tls(name, promise, *steps, outcome, certificate="good", trusts=True, **more):
    return case(
        name, promise, *steps, outcome=outcome, scheme="https", certificate=certificate, trusts=trusts, **more
    )


def _untrusted(name, promise, certificate, *says, trusts=True):
    return _tls(
        name, promise, *_answer, outcome=fails(_WRONG, *_says, *says), certificate=certificate, trusts=trusts,
        requests=0,
    )  # fmt: skip


CASES = [
    _tls("tls", "A server whose authority the call trusts is asked.", *_answer, outcome=HELLO),
    _tls(
        "tls-stream",
        "A stream over TLS is read.",
        head(STREAM, CHUNKED) + chunk(ALL) + b"0\r\n\r\n",
        KEEP,
        outcome=HELLO,
    ),
    _tls(
        "tls-unchecked",
        "With ssl=False any server is asked, and that is said.",
        *_answer,
        outcome=HELLO,
        certificate="stranger",
        trusts=False,
        given={"ssl": False},
    ),
    _tls(
        "tls-client-certificate",
        "A server that wants a certificate of the client's gets a clear error.",
        *_answer,
        outcome=fails(_LOST),
        certificate="demanding",
        requests=0,
    ),
    _untrusted(
        "tls-stranger",
        "A server whose authority nobody trusts gets nothing.",
        "good",
        "unable to get local issuer",
        trusts=False,
    ),
    _untrusted("tls-other-authority", "Another authority's certificate proves nothing.", "stranger"),
    _untrusted(
        "tls-self-signed", "A certificate that vouches for itself proves nothing.", "self-signed", "self"
    ),
    _untrusted("tls-expired", "A certificate that has expired proves nothing.", "expired", "expired"),
    _untrusted(
        "tls-not-yet", "A certificate that is not valid yet proves nothing.", "early", "not yet valid"
    ),
    _untrusted("tls-other-host", "Another host's certificate proves nothing.", "other-host", "127.0.0.1"),
    case(
        "tls-expected-plain-http",
        "A plain server under https:// is told.",
        UNREAD,
        b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n",
        STALL,
        outcome=fails(_LOST, "find no common TLS", "http://"),
        scheme="https",
        requests=None,
    ),
    case(
        "tls-expected-plain-talk",
        "A server that speaks first, and not TLS, is told.",
        UNREAD,
        b"220 smtp ready\r\n",
        STALL,
        outcome=fails(_LOST, "127.0.0.1"),
        scheme="https",
        requests=None,
        within=3,
    ),
    case(
        "tls-unexpected",
        "A server of TLS under http:// is told.",
        *_answer,
        outcome=fails(errors.G4FError, "127.0.0.1"),
        certificate="good",
        requests=0,
    ),
    case(
        "tls-handshake-stalls",
        "A handshake that stalls has the time of one silence.",
        UNREAD,
        STALL,
        outcome=fails(errors.RequestTimeoutError, "was silent for 1 s", "timeout="),
        scheme="https",
        given={"timeout": 1},
        requests=None,
    ),
    case(
        "tls-handshake-cut",
        "A connection that is closed in the handshake is told.",
        UNREAD,
        outcome=fails(_LOST, "127.0.0.1"),
        scheme="https",
        requests=None,
    ),
    case(
        "tls-handshake-reset",
        "A connection that is reset in the handshake is told.",
        UNREAD,
        RESET,
        outcome=fails(_LOST, "127.0.0.1"),
        scheme="https",
        requests=None,
    ),
    case(
        "tls-handshake-garbage",
        "Garbage in the handshake is told.",
        UNREAD,
        b"\x16\x03\x03\x40\x00" + b"\xff" * 20_000,
        STALL,
        outcome=fails(_LOST, "127.0.0.1"),
        scheme="https",
        requests=None,
        within=3,
    ),
    case(
        "tls-handshake-trickles",
        "A handshake that trickles for ever has the time of one silence.",
        UNREAD,
        b"\x16\x03\x03\x40\x00",
        Again(b"\x02", 0.05),
        outcome=fails(errors.G4FError, "127.0.0.1"),
        scheme="https",
        given={"timeout": 1},
        requests=None,
    ),
    _tls(
        "tls-cut-in-the-text",
        "A connection under TLS that breaks is an interrupted answer.",
        head(STREAM, CHUNKED) + chunk(event("hel")),
        outcome=fails(errors.StreamInterruptedError, partial="hel"),
    ),
    _tls(
        "tls-reset-in-the-text",
        "A reset under TLS is an interrupted answer, and the text is kept.",
        head(STREAM, CHUNKED) + chunk(event("hel")),
        0.1,
        RESET,
        outcome=fails(errors.StreamInterruptedError, partial="hel"),
    ),
    _tls(
        "tls-silent",
        "Silence under TLS has a limit.",
        STALL,
        outcome=fails(errors.RequestTimeoutError, "was silent for 1 s before the first byte"),
        given={"timeout": 1},
    ),
]
