"""What every panel says of an answer that has ended: how it was cut off, and whether it tells a speed."""

from __future__ import annotations

_LIMIT = "Cut off at the token limit"
CUT_OFF = {
    "length": _LIMIT,
    "max_tokens": _LIMIT,
    "content_filter": "Cut off by the provider's content filter",
}
# Shorter answers say nothing about speed.
_TOKENS, _SECONDS = 5, 0.05


def tells_speed(tokens: int, seconds: float) -> bool:
    """Whether so many tokens in so many seconds say something about speed."""
    return tokens >= _TOKENS and seconds >= _SECONDS
