"""A record as JSON, as it is kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import orjson


def packed(value: Mapping[str, Any]) -> bytes:
    """A record as JSON; what is no JSON becomes text, and half a surrogate pair a question mark."""
    options = orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY
    try:
        # What orjson gives takes ten times its length in memory, which is held for as long as it waits to be
        # written: so it is copied.
        return bytes(memoryview(orjson.dumps(value, default=str, option=options)))
    except TypeError:
        return json.dumps(value, default=str, ensure_ascii=False).encode(errors="replace")
