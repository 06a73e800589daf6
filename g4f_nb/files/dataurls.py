"""`data:` URLs and base64: bytes to text and back, strictly."""

from __future__ import annotations

import base64
import binascii
import re
from urllib.parse import unquote_to_bytes

_HEAD = re.compile(r"data:(?P<type>[^;,]*)(?P<options>(?:;[^;,]*)*),", re.IGNORECASE)
_URL_ALPHABET = str.maketrans("-_", "+/")


def from_base64(text: str) -> bytes:
    """Decode base64 of either alphabet, padded or not; `ValueError` for anything else."""
    if not text.isascii():
        raise ValueError("no base64")
    plain = text.translate(_URL_ALPHABET)
    if any(map(str.isspace, plain)):
        plain = "".join(plain.split())
    try:
        return base64.b64decode(plain.rstrip("=") + "=" * (-len(plain.rstrip("=")) % 4), validate=True)
    except binascii.Error:
        raise ValueError("no base64") from None


def is_data_url(text: str) -> bool:
    """Whether a text is meant as a `data:` URL."""
    return text[:5].lower() == "data:"


def read_data_url(url: str) -> tuple[str, bytes]:
    """The type that a `data:` URL names (`""` for none) and its bytes; `ValueError` if it is none."""
    head = _HEAD.match(url)
    if head is None:
        raise ValueError("no data: URL")
    body = url[head.end() :]
    options = head["options"].lower().split(";")
    data = (
        from_base64(unquote_to_bytes(body).decode("ascii", "replace") if "%" in body else body)
        if ("base64" in options)
        else unquote_to_bytes(body)
    )
    return head["type"].strip().lower(), data


def data_url(data: bytes, media_type: str) -> str:
    """Bytes as a `data:` URL."""
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"
