"""What a server says went wrong, read from status, payload and headers into one error.

One table decides the class (`kind_of`); what payloads say is read by `complaints.py`.
"""

from __future__ import annotations

import email.utils
import html
import math
import re
import time
from collections.abc import Mapping
from datetime import UTC

import orjson

from g4f_nb import errors
from g4f_nb.errors import G4FError, shorten
from g4f_nb.secret import Secret, redact, redact_beginning
from g4f_nb.wire.complaints import Complaint, read_complaint

_BY_STATUS: Mapping[int, type[G4FError]] = {
    400: errors.BadRequestError,
    401: errors.MissingAuthError,
    402: errors.PaymentRequiredError,
    403: errors.PermissionDeniedError,
    404: errors.NotFoundError,
    408: errors.RequestTimeoutError,
    413: errors.BadRequestError,
    422: errors.BadRequestError,
    429: errors.RateLimitError,
    504: errors.RequestTimeoutError,
}

# What a word in `code` or `type` stands for where no number says it, as in the middle of a stream: OpenAI's
# words, Anthropic's and Google's.
_STATUS_OF_CODE: Mapping[str, int] = {
    "invalid_request_error": 400, "context_length_exceeded": 400, "content_filter": 400,
    "invalid_api_key": 401, "authentication_error": 401, "unauthenticated": 401,
    "billing_error": 402, "insufficient_quota": 402,
    "permission_error": 403, "permission_denied": 403,
    "not_found_error": 404, "model_not_found": 404, "not_found": 404,
    "request_too_large": 413,
    "rate_limit_exceeded": 429, "rate_limit_error": 429, "resource_exhausted": 429,
    "server_error": 500, "internal_server_error": 500, "api_error": 500, "internal": 500,
    "service_unavailable": 503, "unavailable": 503, "overloaded_error": 529,
    "timeout_error": 504, "deadline_exceeded": 504,
    "invalid_argument": 400, "failed_precondition": 400,
}  # fmt: skip

# What the words of a 400, 404, 413 or 422 narrow it down to; the first match counts.
_BY_WORDS: tuple[tuple[re.Pattern[str], type[G4FError]], ...] = (
    (
        re.compile(
            r"context[ _](length|window|limit)|maximum context|too many tokens|prompt is too long"
            r"|input token count.{0,40}exceeds",
            re.IGNORECASE | re.DOTALL,
        ),
        errors.ConversationTooLongError,
    ),
    (
        re.compile(r"content[ _](filter|policy|management)|content_policy_violation", re.IGNORECASE),
        errors.ContentFilterError,
    ),
    (
        re.compile(r"credit balance is too low|(specified|set) .{0,40}usage limits", re.IGNORECASE),
        errors.PaymentRequiredError,
    ),
    (
        re.compile(
            r"api[ _]?key (is )?(not valid|invalid|missing)|api_key_invalid|invalid_api_key", re.IGNORECASE
        ),
        errors.MissingAuthError,
    ),
    (
        re.compile(
            r"model_not_found|no such model|unknown model|invalid model|not a valid model"
            r"|not_found_error model: "
            r"|models?\b.{0,80}\b(not found|does not exist|not supported|not available|decommissioned)",
            re.IGNORECASE | re.DOTALL,
        ),
        errors.ModelNotFoundError,
    ),
)

_WAYS_OUT: Mapping[type[G4FError], str] = {
    errors.MissingAuthError: "check the key (nb.resolve shows where it is from), or pass another as api_key=",
    errors.PaymentRequiredError: "add credit to the account, or use another provider",
    errors.PermissionDeniedError: "check what this key may use, or choose another model",
    errors.ModelNotFoundError: "choose another model; the provider's get_models() lists them",
    errors.NotFoundError: "check the address that api_base= or its variable gives",
    errors.RequestTimeoutError: "try again, or allow more time with timeout=",
    errors.RateLimitError: "wait and try again",
    errors.ConversationTooLongError: "shorten the messages, or choose a model with a larger context",
    errors.ContentFilterError: "word the request differently",
    errors.BadRequestError: "change the request as the server says",
    errors.ServerError: "try again later, or use another provider",
    errors.ResponseError: "try again, or use another provider",
}

# Seconds, some months; whoever asks for more means something else.
_LONGEST_WAIT = 1e7
# Of a page or any other body that has to be searched for its words, the beginning is enough.
_PAGE = 20_000


def error_for(
    complaint: Complaint,
    *,
    status: int | None = None,
    headers: Mapping[str, str] | None = None,
    body: str | None = None,
    secret: Secret | None = None,
    provider: str | None = None,
    model: str | None = None,
) -> G4FError:
    """Make the one error for a complaint: the status decides the class, the payload the message."""
    told = status is not None and not 200 <= status <= 299  # noqa: PLR2004
    effective = status if told else complaint.status
    meant = effective or _STATUS_OF_CODE.get((complaint.code or "").lower())
    kind = kind_of(meant, f"{complaint.code or ''} {complaint.message}"[:_PAGE])
    wait = retry_after(headers or {})
    wait = complaint.wait if wait is None else wait
    text = complaint.message
    if complaint.code and complaint.code not in text:
        text = f"{text} ({complaint.code})" if text else complaint.code
    text = shorten(redact_beginning(text, secret))
    if effective is not None:
        text = f"Error {effective}: {text}"
    way_out = _WAYS_OUT[kind]
    if complaint.code == "insufficient_quota":
        way_out = _WAYS_OUT[errors.PaymentRequiredError]
    elif kind is errors.RateLimitError and wait is not None:
        way_out = f"wait {wait:g} s and try again"
    if provider:
        way_out = f"{way_out} [{provider}{', ' + model if model else ''}]"
    return kind(
        f"{text.rstrip('.')} — {way_out}",
        provider=provider,
        model=model,
        status=effective,
        code=complaint.code and shorten(redact(complaint.code, secret), 100),
        retry_after=wait,
        body=None if body is None else redact_beginning(body, secret),
    )


def error_from_answer(
    status: int,
    body: bytes,
    headers: Mapping[str, str],
    *,
    secret: Secret | None = None,
    provider: str | None = None,
    model: str | None = None,
) -> G4FError:
    """Make the error for a whole answer with an error status, whatever its body is."""
    text = body.decode(errors="replace")
    try:
        complaint = read_complaint(orjson.loads(body))
    except orjson.JSONDecodeError:
        complaint = None
    if complaint is None:
        complaint = Complaint(excerpt(text, secret=secret) or "no explanation")
    return error_for(
        complaint, status=status, headers=headers, body=text, secret=secret, provider=provider, model=model
    )


def kind_of(status: int | None, words: str = "") -> type[G4FError]:
    """The error class of a status, narrowed by the words that came with it."""
    if status is None:
        return errors.ResponseError
    if status in (400, 404, 413, 422):
        for pattern, kind in _BY_WORDS:
            if pattern.search(words):
                return kind
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if status >= 500:  # noqa: PLR2004
        return errors.ServerError
    return errors.ResponseError


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the server asks to wait, from `Retry-After` in either form or `retry-after-ms`."""
    for name, unit in (("retry-after-ms", 1000), ("Retry-After", 1)):
        try:
            seconds = float(headers.get(name) or "") / unit
        except ValueError:
            continue
        if math.isfinite(seconds):
            return _wait(seconds)
    try:
        date = email.utils.parsedate_to_datetime(headers.get("Retry-After") or "")
    except (TypeError, ValueError, OverflowError):
        return None
    # Every date of HTTP is Greenwich time, also in the form that does not say so.
    return _wait((date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - time.time())


def _wait(seconds: float) -> float | None:
    return max(0.0, seconds) if seconds <= _LONGEST_WAIT else None


def excerpt(text: str, limit: int = 200, *, secret: Secret | None = None) -> str:
    """The readable words of a body: a page's title and text without its markup and without the key."""
    text = redact_beginning(text, secret)[:_PAGE]
    if re.match(r"\s*<(!doctype|html|head|body)", text, re.IGNORECASE):
        text = re.sub(r"(?is)<(script|style).*?</\1>", " ", text)
        text = html.unescape(re.sub(r"(?s)<[^>]*>", " ", text))
        # Unescaping may bring a key to light.
        text = redact(text, secret)
    return shorten(" ".join(text.split()), limit)
