"""Errors as payloads tell them, in every shape in use: OpenAI's, Google's, FastAPI's, problem+json."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class Complaint:
    """An error as a payload tells it."""

    message: str
    code: str | None = None
    status: int | None = None
    wait: float | None = None


def read_complaint(data: Any) -> Complaint | None:
    """Find the error in a payload of any known shape; `None` if it holds none."""
    while isinstance(data, list):
        data = data[0] if data else None
    if not isinstance(data, Mapping):
        return None
    status = _status_of(data)
    if data.get("error_message"):
        return Complaint(as_text(data["error_message"]), status=status)
    error = data.get("error")
    if isinstance(error, list) and error:
        error = error[0]
    if error:
        return _from_error(error, data, status)
    if "choices" not in data and "data" not in data:
        return _from_bare(data, status)
    return None


def as_text(value: Any) -> str:
    """A value of a payload in words: a text as it is, anything else as JSON."""
    if isinstance(value, str):
        return value
    # Half a surrogate pair, or nesting deeper than the first encoder goes, or than the second one does.
    try:
        return orjson.dumps(value, default=str).decode()
    except TypeError:
        pass
    try:
        return json.dumps(value, default=str)
    except (RecursionError, TypeError, ValueError):
        return f"({type(value).__name__})"


def _from_error(error: Any, data: Mapping[str, Any], status: int | None) -> Complaint:
    if not isinstance(error, Mapping):
        return Complaint(as_text(data if isinstance(error, bool) else error), status=status)
    code = error.get("code") or error.get("type")
    if isinstance(code, int) and isinstance(error.get("status"), str):
        # Google's: the number is the status once more, and the word says what it is.
        code = error["status"]
    status = _status_of(error) or status
    message = as_text(error.get("message") or error.get("detail") or "")
    if not message and not code:
        message = as_text(error)
    if error.get("failed_generation"):
        message = f"{message}\n{as_text(error['failed_generation'])}"
    return Complaint(message, code=as_text(code) if code else None, status=status, wait=_delay(error))


def _delay(error: Mapping[str, Any]) -> float | None:
    """Seconds to wait, as Google tells them: in the error itself, not in a header."""
    details = error.get("details")
    for detail in details if isinstance(details, list) else ():
        told = detail.get("retryDelay") if isinstance(detail, Mapping) else None
        found = re.fullmatch(r"(\d{1,6}(?:\.\d{1,9})?)s", told) if isinstance(told, str) else None
        if found:
            return float(found[1])
    return None


def _from_bare(data: Mapping[str, Any], status: int | None) -> Complaint | None:
    """Shapes without an `error`: FastAPI's detail, problem+json, GigaChat's status and message."""
    detail = data.get("detail")
    if isinstance(detail, list):
        detail = "; ".join(as_text(part.get("msg") if isinstance(part, Mapping) else part) for part in detail)
    title = data.get("title")
    if detail or (title and status):
        words = [as_text(part) for part in (title, detail) if part]
        return Complaint(": ".join(words), status=status)
    if status and data.get("message"):
        return Complaint(as_text(data["message"]), status=status)
    return None


def _status_of(data: Mapping[str, Any]) -> int | None:
    for name in ("status", "code", "status_code"):
        value = data.get(name)
        if isinstance(value, str) and re.fullmatch("[45][0-9]{2}", value):
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool) and 400 <= value <= 599:  # noqa: PLR2004
            return value
    return None
