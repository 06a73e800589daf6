"""What a model thought, read from whichever field or part a service puts it into."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# The first that says something counts: services that send two of them say the same in both.
_FIELDS = ("reasoning_content", "reasoning", "thinking", "reasoning_details", "thinking_blocks")
_WORDS = ("text", "content", "summary", "thinking", "reasoning")
_DEEPEST = 4


def thought_in(delta: Mapping[str, Any]) -> str:
    """The thought in a delta or message beside its content; `""` for none."""
    for name in _FIELDS:
        value = delta.get(name)
        if value:
            words = words_of(value)
            if words:
                return words
    return ""


def words_of(value: Any, depth: int = 0) -> str:
    """The words of a thought: a text, an object that holds one, or a list of either."""
    if isinstance(value, str):
        return value
    if depth >= _DEEPEST:
        return ""
    if isinstance(value, list):
        return "".join(words_of(item, depth + 1) for item in value)
    if isinstance(value, dict):
        for name in _WORDS:
            words = words_of(value.get(name), depth + 1)
            if words:
                return words
    return ""
