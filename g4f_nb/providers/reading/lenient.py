"""JSON as servers really send it: broken UTF-8, half a surrogate pair, NaN, UTF-16, a byte order mark."""

from __future__ import annotations

import json
import math
import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from typing import Any

import orjson

from g4f_nb.wire.complaints import as_text

# Halves of a surrogate pair at the end and at the beginning of a text.
_FIRST_HALF = re.compile(rb'(?i)(?<!\\)\\ud[89ab][0-9a-f]{2}(?=")')
_SECOND_HALF = re.compile(rb'(?i)(?<=")\\ud[c-f][0-9a-f]{2}')
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


def rejoin(frames: list[bytes]) -> tuple[list[bytes], bytes]:
    """Put together characters that were cut in two between frames, as servers in JavaScript cut them.

    The second value is a last frame that still waits for the other half, which is not among the first then.
    """
    whole: list[bytes] = []
    waiting = b""
    for frame in frames:
        if waiting:
            end, begin = _FIRST_HALF.search(waiting), _SECOND_HALF.search(frame)
            if end and begin:
                waiting = waiting[: end.end()] + begin[0] + waiting[end.end() :]
                frame = frame[: begin.start()] + frame[begin.end() :]  # noqa: PLW2901  # the rest of it
            whole.append(waiting)
            waiting = b""
        if _FIRST_HALF.search(frame):
            waiting = frame
        else:
            whole.append(frame)
    return whole, waiting


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
