"""JSON as servers really send it: with broken UTF-8, half a surrogate pair, NaN or a byte order mark."""

from __future__ import annotations

import json
import math
from typing import Any

import orjson

from g4f_nb.failures import as_text

_BOM = b"\xef\xbb\xbf"


def read_json(data: bytes) -> Any:
    """Read a JSON value, mending what can be mended; `ValueError` without the text, which may hold a key."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        pass
    try:
        text = data.removeprefix(_BOM).decode("utf-8", errors="replace")
        value = json.loads(text, parse_constant=lambda _: None, parse_float=_finite)
        # A text with half a pair could be neither shown nor sent.
        whole = json.dumps(value, ensure_ascii=False).encode("utf-16", errors="surrogatepass")
        return orjson.loads(whole.decode("utf-16", errors="replace"))
    except (ValueError, RecursionError):
        pass
    # Outside of the handlers: the parser's error holds the whole text.
    raise ValueError("no JSON")


def string(value: Any) -> str:
    """A text of a payload; another value in words, nothing for none."""
    if isinstance(value, str):
        return value
    return "" if value is None else as_text(value)


def _finite(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None
