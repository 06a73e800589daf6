"""A text that grows: how much of it a view has already, counted as a view counts."""

from __future__ import annotations


def common(one: str, other: str) -> str:
    """How both begin; found by halves, for blocks are long and compared at every step."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one.startswith(other[:middle]) else (low, middle - 1)
    return one[:low]


def units(text: str) -> int:
    """Its length as JavaScript counts: a character beyond the first 65536 is two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
