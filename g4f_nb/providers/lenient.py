"""JSON as servers really send it: broken UTF-8, half a surrogate pair, NaN, UTF-16, a byte order mark."""

from __future__ import annotations

import json
import math
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from typing import Any

import orjson

from g4f_nb.failures import as_text

# Python reads no number of more digits.
_MOST_DIGITS = 4000


def read_json(data: bytes) -> Any:
    """Read a JSON value, mending what can be mended; `ValueError` without the text, which may hold a key."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        pass
    try:
        coding = "utf-16" if data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else "utf-8-sig"
        text = data.decode(coding, errors="replace")
        value = json.loads(text, parse_constant=lambda _: None, parse_float=_finite, parse_int=_whole)
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


def _whole(text: str) -> int | None:
    return int(text) if len(text) <= _MOST_DIGITS else None
