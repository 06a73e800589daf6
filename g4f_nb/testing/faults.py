"""Refusals in OpenAI's form: a status and `{"error": {message, type, param, code}}`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Mapping


class ToldFault(NamedTuple):
    """What a status says for itself."""

    message: str
    type: str
    code: str | None = None


_UNNAMED = ToldFault("The request failed.", "api_error")

COMPLAINTS: Mapping[int, ToldFault] = {
    400: ToldFault("The request is malformed.", "invalid_request_error"),
    401: ToldFault("Incorrect API key provided.", "invalid_request_error", "invalid_api_key"),
    402: ToldFault("Insufficient balance.", "billing_error", "insufficient_balance"),
    403: ToldFault("You may not use this model.", "permission_error", "permission_denied"),
    404: ToldFault("The model does not exist.", "invalid_request_error", "model_not_found"),
    408: ToldFault("The request took too long.", "timeout_error", "request_timeout"),
    413: ToldFault("The request is too large.", "invalid_request_error", "request_too_large"),
    422: ToldFault("The request cannot be processed.", "invalid_request_error", "unprocessable_entity"),
    429: ToldFault("Rate limit reached.", "rate_limit_error", "rate_limit_exceeded"),
    500: ToldFault("The server had an error.", "server_error", "server_error"),
    503: ToldFault("The service is unavailable.", "server_error", "service_unavailable"),
    504: ToldFault("The upstream server did not answer.", "server_error", "gateway_timeout"),
    529: ToldFault("The server is overloaded.", "overloaded_error", "overloaded"),
}


class Fault(Exception):  # noqa: N818  (it is an answer to send, not an error to report)
    """A refusal on its way to the client: what is not given comes from `COMPLAINTS`."""

    def __init__(
        self,
        status: int,
        message: str | None = None,
        *,
        param: str | None = None,
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        usual = COMPLAINTS.get(status, _UNNAMED)
        super().__init__(message or usual.message)
        self.status = status
        self.headers = dict(headers or {})
        self.error: dict[str, Any] = {
            "message": message or usual.message,
            "type": usual.type,
            "param": param,
            # A message of its own is another complaint than the usual one, with its own code or none.
            "code": code if message else (code or usual.code),
        }

    def response(self) -> web.Response:
        """Build the HTTP response."""
        return json_response({"error": self.error}, status=self.status, headers=self.headers)


def retry_headers(seconds: float) -> dict[str, str]:
    """Say when to try again: in whole seconds (rounded up) and in milliseconds."""
    return {"Retry-After": str(math.ceil(seconds)), "retry-after-ms": str(math.ceil(seconds * 1000))}


def json_response(
    value: object, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """Build a JSON response."""
    return web.Response(
        body=orjson.dumps(value), status=status, headers=headers, content_type="application/json"
    )
