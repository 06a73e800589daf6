"""What a server answers by HTTP's own rules: statuses, redirects, waits, connections that are kept."""

from __future__ import annotations

import email.utils
import time

from g4f_nb import errors

from .cases import (
    ALL,
    CHUNKED,
    DONE,
    END,
    HELLO,
    JSON,
    STREAM,
    Text,
    case,
    chunk,
    complaint,
    completion,
    event,
    fails,
    head,
    sized,
)  # fmt: skip
from .server import KEEP, RESET

_UNREADABLE = errors.UnreadableResponseError
_LOST = errors.ConnectionFailedError
_well = (sized(completion()), KEEP)
_again = {"max_retries": 2}
_now = "retry-after-ms: 20"
_soon = email.utils.formatdate(time.time() + 3600, usegmt=True)
_past = email.utils.formatdate(time.time() - 3600, usegmt=True)
_page = (
    b"<!DOCTYPE html><html><head><title>502 Bad Gateway</title><style>p{}</style></head>"
    b"<body><center><h1>502 Bad Gateway</h1></center><hr><center>nginx</center></body></html>"
)


def _refusal(status, kind, *says, body=b'{"error": {"message": "no such luck"}}', media=JSON, **more):
    code = int(status[:3])
    return case(
        f"status-{status.replace(' ', '-').lower()}",
        f"{status} is its own kind of error, with the server's words.",
        sized(body, media, status=status),
        KEEP,
        outcome=fails(kind, f"Error {code}: ", *says, status=code, **more),
        # For a model that is not there, the server is asked which are.
        requests=2 if kind is errors.ModelNotFoundError else 1,
    )


def _passing(status, *headers):
    return case(
        f"status-{status[:3]}-then-well",
        f"{status} passes: the call is sent again.",
        complaint(status, "busy", _now, *headers),
        KEEP,
        outcome=HELLO,
        then=(_well,),
        given=_again,
        requests=2,
    )


def _lasting(status, kind, name=None, **error):
    return case(
        name or f"status-{status[:3]}-is-not-tried-again",
        f"{status} does not pass by itself: the call is sent once.",
        complaint(status, "no", _now, **error),
        KEEP,
        outcome=fails(kind, f"Error {status[:3]}"),
        then=(_well,),
        given=_again,
    )


STATUSES = [
    _refusal("400 Bad Request", errors.BadRequestError, "no such luck"),
    _refusal("401 Unauthorized", errors.MissingAuthError, "no such luck", "api_key="),
    _refusal("402 Payment Required", errors.PaymentRequiredError, "no such luck"),
    _refusal("403 Forbidden", errors.PermissionDeniedError, "no such luck"),
    _refusal("404 Not Found", errors.NotFoundError, "no such luck", "api_base="),
    _refusal(
        "404 No Model",
        errors.ModelNotFoundError,
        body=b'{"error": {"message": "The model `m` does not exist", "code": "model_not_found"}}',
    ),
    _refusal("405 Method Not Allowed", errors.ResponseError, "no such luck"),
    _refusal("407 Proxy Authentication Required", errors.ResponseError, "no such luck"),
    _refusal("408 Request Timeout", errors.RequestTimeoutError, "no such luck"),
    _refusal("410 Gone", errors.ResponseError, "no such luck"),
    _refusal("413 Content Too Large", errors.BadRequestError, "no such luck"),
    _refusal("415 Unsupported Media Type", errors.ResponseError, "no such luck"),
    _refusal("418 I'm a teapot", errors.ResponseError, "no such luck"),
    _refusal(
        "422 Unprocessable Content",
        errors.BadRequestError,
        "field required",
        body=b'{"detail": [{"loc": ["body"], "msg": "field required"}]}',
    ),
    _refusal("429 Too Many Requests", errors.RateLimitError, "no such luck"),
    _refusal("451 Unavailable", errors.ResponseError, "no such luck"),
    _refusal("499 Client Closed Request", errors.ResponseError, body=b""),
    _refusal(
        "500 Internal Server Error",
        errors.ServerError,
        "Internal Server Error",
        body=b"Internal Server Error",
        media="text/plain",
    ),
    _refusal(
        "502 Bad Gateway", errors.ServerError, "502 Bad Gateway", "nginx", body=_page, media="text/html"
    ),
    _refusal("503 Service Unavailable", errors.ServerError, "no explanation", body=b"", media=None),
    _refusal(
        "504 Gateway Timeout",
        errors.RequestTimeoutError,
        "504 Gateway Time-out",
        body=_page.replace(b"502 Bad Gateway", b"504 Gateway Time-out"),
        media="text/html",
    ),
    _refusal("520 Web server error", errors.ServerError, "no such luck"),
    _refusal("529 Overloaded", errors.ServerError, "no such luck"),
    _refusal("599 Whatever", errors.ServerError, "no such luck"),
    _refusal("500 Empty List", errors.ServerError, "[]", body=b"[]"),
    _refusal("500 Null", errors.ServerError, "null", body=b"null"),
    _refusal(
        "500 Error Stream",
        errors.ServerError,
        "overloaded",
        body=b'data: {"error": {"message": "overloaded"}}\n\n',
        media=STREAM,
    ),
    _refusal(
        "400 Binary", errors.BadRequestError, body=b"\0\x01\xff\xfe" * 50, media="application/octet-stream"
    ),
    case(
        "status-204",
        "204 brings no answer along, and is told by that.",
        head(None, status="204 No Content"),
        KEEP,
        outcome=fails(_UNREADABLE, "204", status=204),
    ),
    case(
        "status-205",
        "205 brings no answer along.",
        head(None, "Content-Length: 0", status="205 Reset Content"),
        KEEP,
        outcome=fails(_UNREADABLE, "205", status=205),
    ),
    case(
        "status-204-with-body",
        "204 with a body, which cannot be, does not spoil the next request.",
        head(JSON, status="204 No Content") + completion(),
        KEEP,
        outcome=fails(_UNREADABLE, "204"),
    ),
    case(
        "status-304",
        "304 brings no answer along.",
        head(None, status="304 Not Modified"),
        KEEP,
        outcome=fails(_UNREADABLE, "304", status=304),
    ),
    case(
        "status-201",
        "Any status of success with an answer is one.",
        sized(completion(), status="201 Created"),
        KEEP,
        outcome=HELLO,
    ),
    case(
        "status-300",
        "300 offers choices, and none is an answer.",
        sized(b"choose", "text/plain", status="300 Multiple Choices"),
        KEEP,
        outcome=fails(errors.ResponseError, "Error 300: choose", status=300),
    ),
    case(
        "status-200-html",
        "A page with status 200 is no answer, and is told by its words.",
        sized(
            b"<html><title>Sign in</title><script>x()</script>Welcome to the hotel's network</html>",
            "text/html; charset=utf-8",
        ),
        KEEP,
        outcome=fails(_UNREADABLE, "Welcome to the hotel's network", "text/html", "OpenAI-compatible"),
    ),
    case(
        "status-200-html-in-capitals",
        "Content types have no case.",
        sized(b"<HTML>Sign in</HTML>", "TEXT/HTML"),
        KEEP,
        outcome=fails(_UNREADABLE, "Sign in"),
    ),
    case(
        "status-200-html-called-a-stream",
        "A page under an event stream's name is told by its words.",
        sized(b"<html><body>Sign in</body></html>", STREAM),
        KEEP,
        outcome=fails(_UNREADABLE, "Sign in"),
    ),
    case(
        "status-200-html-called-json",
        "A page under JSON's name is told by its words.",
        sized(b"<html><body>Sign in</body></html>"),
        KEEP,
        outcome=fails(_UNREADABLE, "Sign in"),
    ),
    case(
        "status-200-empty",
        "An empty answer is none.",
        sized(b""),
        KEEP,
        outcome=fails(_UNREADABLE, "sent no chat answer but ''"),
    ),
    case(
        "status-200-without-type",
        "Without a content type the body's own look decides.",
        sized(completion(), None),
        KEEP,
        outcome=HELLO,
    ),
    case("status-200-stream-without-type", "The same for a stream.", sized(ALL, None), KEEP, outcome=HELLO),
    case(
        "status-200-picture",
        "A picture is no answer.",
        sized(b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "image/png"),
        KEEP,
        outcome=fails(_UNREADABLE, "image/png"),
    ),
    case(
        "challenge",
        "A challenge to sign in otherwise is a missing key.",
        complaint("401 X", "who are you", 'WWW-Authenticate: Basic realm="x"', "WWW-Authenticate: Negotiate"),
        KEEP,
        outcome=fails(errors.MissingAuthError, "who are you"),
    ),
    case(
        "key-repeated",
        "A key that the server repeats is masked.",
        complaint("401 X", "wrong key sk-planted-0123456789abcdef for user"),
        KEEP,
        outcome=fails(errors.MissingAuthError, "wrong key *** for user"),
    ),
    case(
        "cookies",
        "Cookies are not kept, and do not hurt.",
        sized(completion(), JSON, "Set-Cookie: a=b; Path=/", "Set-Cookie: ;;=,;"),
        KEEP,
        outcome=HELLO,
    ),
]


RETRIES = [
    _passing("408 Request Timeout"),
    _passing("429 Too Many Requests"),
    _passing("500 Internal Server Error"),
    _passing("502 Bad Gateway"),
    _passing("503 Service Unavailable"),
    _passing("504 Gateway Timeout"),
    _passing("529 Overloaded"),
    _lasting("400 Bad Request", errors.BadRequestError),
    _lasting("401 Unauthorized", errors.MissingAuthError),
    _lasting("403 Forbidden", errors.PermissionDeniedError),
    _lasting("404 Not Found", errors.NotFoundError),
    _lasting("409 Conflict", errors.ResponseError),
    _lasting("425 Too Early", errors.ResponseError),
    _lasting("422 Unprocessable Content", errors.BadRequestError),
    _lasting("429 Too Many Requests", errors.RateLimitError, "quota-used-up", code="insufficient_quota"),
    case(
        "error-twice-then-well",
        "A call is sent as often as it may be.",
        complaint("503 X", "busy", _now),
        KEEP,
        outcome=HELLO,
        then=((complaint("429 X", "busy", _now), KEEP), _well),
        given=_again,
        requests=3,
    ),
    case(
        "error-for-ever",
        "After the last try the last error is told.",
        complaint("503 X", "busy", _now),
        KEEP,
        outcome=fails(errors.ServerError, "busy"),
        given=_again,
        requests=3,
    ),
    case(
        "error-then-another",
        "What is told is the last failure.",
        complaint("503 X", "busy", _now),
        KEEP,
        outcome=fails(errors.MissingAuthError, "no"),
        then=((complaint("401 X", "no"), KEEP),),
        given=_again,
        requests=2,
    ),
    case(
        "reset-then-well",
        "A reset before the answer is tried again.",
        RESET,
        outcome=HELLO,
        then=(_well,),
        given=_again,
        requests=2,
    ),
    case(
        "error-in-a-stream-then-well",
        "An error before the first content of a stream is tried again, if it may pass.",
        sized(event("") + b'data: {"error": {"message": "busy", "code": 503}}\n\n', STREAM),
        KEEP,
        outcome=HELLO,
        then=(_well,),
        given=_again,
        requests=2,
    ),
    case(
        "unreadable-is-not-tried-again",
        "What is no answer would be none again.",
        sized(b"{}"),
        KEEP,
        outcome=fails(_UNREADABLE),
        then=(_well,),
        given=_again,
    ),
    case(
        "retry-after-seconds",
        "A wait in seconds is told.",
        complaint("429 X", "busy", "Retry-After: 17"),
        KEEP,
        outcome=fails(errors.RateLimitError, "wait 17 s", retry_after=17),
    ),
    case(
        "retry-after-date",
        "A wait until a date is told in seconds.",
        complaint("429 X", "busy", f"Retry-After: {_soon}"),
        KEEP,
        outcome=fails(errors.RateLimitError, "and try again"),
    ),
    case(
        "retry-after-past",
        "A date that has passed is no wait.",
        complaint("429 X", "busy", f"Retry-After: {_past}"),
        KEEP,
        outcome=HELLO,
        then=(_well,),
        given=_again,
        requests=2,
    ),
    case(
        "retry-after-zero",
        "No wait is none.",
        complaint("503 X", "busy", "Retry-After: 0"),
        KEEP,
        outcome=HELLO,
        then=(_well,),
        given=_again,
        requests=2,
    ),
    case(
        "retry-after-negative",
        "A negative wait is none.",
        complaint("503 X", "busy", "Retry-After: -5"),
        KEEP,
        outcome=HELLO,
        then=(_well,),
        given=_again,
        requests=2,
    ),
    case(
        "retry-after-fraction",
        "A wait may be a fraction.",
        complaint("503 X", "busy", "Retry-After: 0.05"),
        KEEP,
        outcome=HELLO,
        then=(_well,),
        given=_again,
        requests=2,
    ),
    case(
        "retry-after-garbage",
        "A wait that is none is not followed; the usual one is.",
        complaint("503 X", "busy", "Retry-After: soon"),
        KEEP,
        outcome=HELLO,
        then=(_well,),
        given=_again,
        requests=2,
    ),
    case(
        "retry-after-infinite",
        "A wait without end is none that anybody keeps.",
        complaint("503 X", "busy", "Retry-After: inf"),
        KEEP,
        outcome=HELLO,
        then=(_well,),
        given=_again,
        requests=2,
    ),
    case(
        "retry-after-huge",
        "A wait of more than a minute is told, not waited for.",
        complaint("429 X", "busy", "Retry-After: 86400"),
        KEEP,
        outcome=fails(errors.RateLimitError, "wait 86400 s", retry_after=86400),
        then=(_well,),
        given=_again,
        within=2,
    ),
    case(
        "retry-after-twice",
        "Of two waits the finer one counts.",
        complaint("503 X", "busy", "Retry-After: 3600", "retry-after-ms: 20"),
        KEEP,
        outcome=HELLO,
        then=(_well,),
        given=_again,
        requests=2,
    ),
]


def _moved(status, where="/v2/chat/completions", **more):
    return case(
        f"redirect-{status}",
        f"{status} on the same server is followed, with the request as it was.",
        head(None, f"Location: {where}", "Content-Length: 0", status=f"{status} Moved"),
        KEEP,
        outcome=HELLO,
        then=(_well,),
        requests=2,
        **more,
    )


def _astray(name, promise, where, *says, kind=_LOST):
    return case(
        name,
        promise,
        head(None, f"Location: {where}", "Content-Length: 0", status="307 Moved"),
        KEEP,
        outcome=fails(kind, *says),
        then=(_well,),
    )


REDIRECTS = [
    *map(_moved, (301, 302, 303, 307, 308)),
    case(
        "redirect-relative",
        "A redirect may be relative.",
        head(None, "Location: ../v2/x?y=1#z", "Content-Length: 0", status="307 X"),
        KEEP,
        outcome=HELLO,
        then=(_well,),
        requests=2,
    ),
    case(
        "redirect-twice",
        "Redirects are followed one after the other.",
        head(None, "Location: /a", "Content-Length: 0", status="307 X"),
        KEEP,
        outcome=HELLO,
        then=((head(None, "Location: /b", "Content-Length: 0", status="308 X"), KEEP), _well),
        requests=3,
    ),
    case(
        "redirect-with-a-body",
        "A redirect's body is not read, and the connection with it not used again.",
        sized(b"x" * 300_000, "text/html", "Location: /b", status="307 X"),
        KEEP,
        outcome=HELLO,
        then=(_well,),
        requests=2,
    ),
    case(
        "redirect-in-a-circle",
        "A circle ends.",
        head(None, "Location: /v1/chat/completions", "Content-Length: 0", status="307 X"),
        KEEP,
        outcome=fails(_LOST, "redirects in a circle", "api_base="),
        requests=5,
    ),
    case(
        "redirect-nowhere",
        "A redirect without a target is an error by its status.",
        head(None, "Content-Length: 0", status="307 X"),
        KEEP,
        outcome=fails(errors.ResponseError, "Error 307", status=307),
    ),
    _astray(
        "redirect-elsewhere",
        "Nothing is sent to another server.",
        "http://h.invalid/v1/chat/completions",
        "redirects to another address, http://h.invalid",
        "api_base=",
    ),
    _astray(
        "redirect-to-another-port",
        "Another port is another server.",
        "http://127.0.0.1:9/",
        "redirects to another address, http://127.0.0.1:9",
    ),
    _astray(
        "redirect-to-tls",
        "Another scheme is another server.",
        "https://127.0.0.1/",
        "redirects to another address, https://127.0.0.1",
    ),
    _astray(
        "redirect-without-scheme",
        "An address without a scheme may be another server.",
        "//h.invalid/x",
        "redirects to another address, http://h.invalid",
    ),
    _astray(
        "redirect-to-a-file",
        "A file is no web address.",
        "file:///etc/passwd",
        "redirects to what is no web address",
    ),
    _astray(
        "redirect-to-nonsense",
        "Nonsense is no web address.",
        "http://[::bad/",
        "redirects to what is no web address",
    ),
]

CONNECTIONS = [
    case(
        "connection-close",
        "A connection that the server closes is not used again.",
        sized(completion(), JSON, "Connection: close"),
        outcome=HELLO,
    ),
    case(
        "keep-alive-broken-promise",
        "A connection that was to be kept and is closed does not spoil the next request.",
        sized(completion(), JSON, "Connection: keep-alive", "Keep-Alive: timeout=60"),
        outcome=HELLO,
    ),
    case(
        "stream-kept",
        "A stream that is read to its end leaves its connection to the next request.",
        head(STREAM, CHUNKED) + chunk(ALL) + END,
        KEEP,
        outcome=HELLO,
    ),
    case(
        "stream-with-a-tail",
        "A short tail after [DONE] is read, so that the connection can be used again.",
        head(STREAM, CHUNKED) + chunk(ALL) + chunk(b": bye\n\n"),
        0.05,
        END,
        KEEP,
        outcome=HELLO,
    ),
    case(
        "stream-with-a-long-tail",
        "A long tail after [DONE] is cut.",
        head(STREAM, CHUNKED) + chunk(ALL) + chunk(b": " + b"x" * 3_000_000) + END,
        KEEP,
        outcome=HELLO,
    ),
    case(
        "error-kept",
        "An error that is read to its end leaves its connection to the next request.",
        complaint("400 X"),
        KEEP,
        outcome=fails(errors.BadRequestError),
    ),
    case(
        "done-without-content",
        "A stream may end without a text, by saying so.",
        sized(event(finish_reason="stop") + DONE, STREAM),
        KEEP,
        outcome=Text(""),
    ),
]

CASES = [*STATUSES, *RETRIES, *REDIRECTS, *CONNECTIONS]
