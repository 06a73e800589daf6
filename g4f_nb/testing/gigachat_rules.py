"""What GigaChat's API accepts, and how it says no: with `status` and `message`, for tokens with `code`."""

from __future__ import annotations

import base64
import binascii
import uuid
from collections.abc import Mapping
from typing import Any

import orjson
from aiohttp import web

from g4f_nb.testing.question import is_number

Json = dict[str, Any]

SCOPES = ("GIGACHAT_API_PERS", "GIGACHAT_API_B2B", "GIGACHAT_API_CORP")
ROLES = ("system", "user", "assistant", "function", "search_result", "function_in_progress")
_LONGEST = 100_000  # characters of all messages
_MESSAGES: Mapping[int, str] = {
    400: "Bad request",
    401: "Unauthorized",
    402: "Payment Required",
    403: "Permission denied",
    404: "No such model",
    413: "Payload too large",
    422: "Invalid params",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


class NotTaken(Exception):  # noqa: N818  (it is an answer to send, not an error to report)
    """A refusal of the API on its way to the client."""

    def __init__(
        self, status: int, message: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        self.status = status
        self.payload: Json = {"status": status, "message": message or _MESSAGES.get(status, "Error")}
        self.headers = headers
        super().__init__(self.payload["message"])

    def response(self) -> web.Response:
        """Build the HTTP response."""
        return web.Response(
            status=self.status,
            body=orjson.dumps(self.payload) + b"\n",
            headers=self.headers,
            content_type="application/json",
            charset="utf-8",
        )


class TokenRefused(NotTaken):
    """A refusal of the token host, which has codes of its own."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(status, message)
        self.payload = {"code": code, "message": message}


def check_token_request(
    headers: Mapping[str, str], form: Mapping[str, str], keys: Mapping[str, tuple[str, ...]]
) -> tuple[str, str]:
    """Key and scope of a token request that is in order."""
    try:
        fine = uuid.UUID(headers.get("RqUID", "")).version == 4
    except ValueError:
        fine = False
    if not fine:
        raise TokenRefused(400, 2, "RqUID header is missing or is not uuid4")
    kind, _, key = headers.get("Authorization", "").partition(" ")
    try:
        decoded = base64.b64decode(key, validate=True)
    except (ValueError, binascii.Error):
        decoded = b""
    if kind not in ("Basic", "Bearer") or b":" not in decoded:
        raise TokenRefused(400, 4, "Can't decode 'Authorization' header")
    scope = form.get("scope", "")
    if not scope:
        raise TokenRefused(400, 5, "scope is empty")
    if scope not in SCOPES:
        raise TokenRefused(400, 1, "scope data format invalid")
    if key not in keys:
        raise TokenRefused(401, 6, "credentials doesn't match db data")
    if scope not in keys[key]:
        raise TokenRefused(400, 7, "scope from db not fully includes consumed scope")
    return key, scope


def parse(raw: bytes) -> Json:
    """The JSON object of a request."""
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        raise NotTaken(400, "Your request contains invalid JSON syntax.")
    return body


def check_chat(body: Json) -> None:
    """Refuse a chat request that the API would not take."""
    _check_messages(body.get("messages"))
    temperature, top_p = body.get("temperature"), body.get("top_p")
    if temperature is not None and not (is_number(temperature) and temperature > 0):
        raise NotTaken(422, "Invalid params: temperature must be greater than 0")
    if top_p is not None and not (is_number(top_p) and 0 <= top_p <= 1):
        raise NotTaken(422, "Invalid params: top_p must be in range [0, 1]")
    for function in body.get("functions") or ():
        if not isinstance(function, dict) or not isinstance(function.get("name"), str):
            raise NotTaken(422, "Invalid params: function name is empty")
        check_schema(function.get("parameters"), "")
    form = body.get("response_format")
    if form is not None and not (isinstance(form, dict) and isinstance(form.get("schema"), dict)):
        raise NotTaken(422, "Invalid params: response_format")
    call = body.get("function_call")
    if call not in (None, "auto", "none") and not (
        isinstance(call, dict) and isinstance(call.get("name"), str)
    ):
        raise NotTaken(422, "Invalid params: function_call")


def _check_messages(messages: object) -> None:
    if not isinstance(messages, list) or not messages:
        raise NotTaken(422, "Invalid params: messages is empty")
    size = 0
    for place, message in enumerate(messages):
        if not isinstance(message, dict) or message.get("role") not in ROLES:
            raise NotTaken(422, f"Invalid params: messages[{place}].role")
        if not isinstance(message.get("content"), str):
            raise NotTaken(422, f"Invalid params: messages[{place}].content must be a string")
        if message["role"] == "system" and place:
            raise NotTaken(422, "Invalid params: system message must be the first message")
        if message["role"] == "function":
            _check_result(message, messages[place - 1] if place else {})
        call = message.get("function_call")
        if call is not None and not (isinstance(call, dict) and isinstance(call.get("arguments"), dict)):
            raise NotTaken(
                422, f"Invalid params: messages[{place}].function_call.arguments must be an object"
            )
        size += len(message["content"])
    if size > _LONGEST:
        raise NotTaken(413)


def _check_result(message: Json, before: Json) -> None:
    try:
        fine = isinstance(orjson.loads(message["content"]), dict)
    except orjson.JSONDecodeError:
        fine = False
    if not fine:
        raise NotTaken(422, "Invalid params: invalid json in function result")
    if not message.get("name"):
        raise NotTaken(422, "Invalid params: function message without name")
    if not isinstance(before.get("function_call"), dict):
        raise NotTaken(422, "Invalid params: function message must follow a function_call")


def check_schema(schema: object, path: str) -> None:
    """Objects without properties, and choices that are no texts, are what users of others stumble over."""
    if not isinstance(schema, dict) or "$ref" in schema or "anyOf" in schema:
        raise NotTaken(422, f"Invalid params: field 'properties{path}' is not a plain schema")
    if schema.get("type") == "object":
        if not isinstance(schema.get("properties"), dict):
            raise NotTaken(422, f"Field 'properties{path}.properties' is missing")
        for name, part in schema["properties"].items():
            check_schema(part, f"{path}.{name}")
    if "items" in schema:
        check_schema(schema["items"], f"{path}.items")
    if not all(isinstance(choice, str) for choice in schema.get("enum") or ()):
        raise NotTaken(422, f"Invalid params: enum of 'properties{path}' must hold strings")
