"""What a model thought, read from whichever field or part a service puts it into."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# The first that says something counts: services that send two of them say the same in both.
_FIELDS = ("reasoning_content", "reasoning", "thinking", "reasoning_details", "thinking_blocks")
_WORDS = ("text", "content", "summary", "thinking", "reasoning")
_DEEPEST = 4
# What of a detail comes in pieces.
_GROWING = ("text", "summary", "data")


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


class Details:
    """`reasoning_details` as they came, the pieces of each put together: they go back with the calls."""

    __slots__ = ("_items",)

    def __init__(self) -> None:
        self._items: list[dict[str, Any]] = []

    def add(self, details: Any) -> None:
        """Take those of one delta, or of a whole message."""
        for piece in details if isinstance(details, list) else ():
            if isinstance(piece, dict):
                self._add(piece)

    def whole(self) -> list[dict[str, Any]]:
        """All of them, in their order, which a signature may depend on."""
        return self._items

    def _add(self, piece: dict[str, Any]) -> None:
        last = self._items[-1] if self._items else {}
        index = piece.get("index")
        if index is None or (last.get("type"), last.get("index")) != (piece.get("type"), index):
            self._items.append(dict(piece))
            return
        for name, value in piece.items():
            if name in _GROWING and isinstance(value, str) and isinstance(last.get(name), str):
                last[name] += value
            elif value is not None:
                last[name] = value
