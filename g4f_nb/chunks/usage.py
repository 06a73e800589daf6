"""Token counts, read from whatever names a service gives them, and added up over rounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from g4f_nb.chunks.chunk import Chunk

_MOST_TOKENS = 2**53


@dataclass(frozen=True, slots=True)
class Usage(Chunk):
    """The provider's own token counts; `None` where it did not say."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None
    reasoning_tokens: int | None = None
    cached_tokens: int | None = None
    # Of the input: what was written into the service's cache, where that has a price of its own.
    cache_write_tokens: int | None = None

    __str__ = Chunk.__str__

    def __add__(self, other: Usage) -> Usage:
        """The sum of two rounds; a count that one of them does not tell is not known."""
        return Usage(
            input_tokens=_sum(self.input_tokens, other.input_tokens),
            output_tokens=_sum(self.output_tokens, other.output_tokens),
            total_tokens=_sum(self.total_tokens, other.total_tokens),
            # These are told only where there are any.
            reasoning_tokens=_known_sum(self.reasoning_tokens, other.reasoning_tokens),
            cached_tokens=_known_sum(self.cached_tokens, other.cached_tokens),
            cache_write_tokens=_known_sum(self.cache_write_tokens, other.cache_write_tokens),
        )

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Usage:
        """Read the names that OpenAI, Anthropic, Gemini and their imitators use."""
        if len(data) == 3:  # noqa: PLR2004  # the commonest by far, and nothing beside it
            given = [data.get(name) for name in ("prompt_tokens", "completion_tokens", "total_tokens")]
            if all([type(count) is int and 0 <= count <= _MOST_TOKENS for count in given]):  # noqa: C419  # hot
                return cls(*given)
        details = data.get("completion_tokens_details") or data.get("output_tokens_details")
        cached = data.get("prompt_tokens_details") or data.get("input_tokens_details")
        spent = _first_int(data, "prompt_tokens", "input_tokens", "promptTokens", "promptTokenCount")
        made = _first_int(
            data, "completion_tokens", "output_tokens", "completionTokens", "candidatesTokenCount"
        )
        total = _first_int(data, "total_tokens", "totalTokens", "totalTokenCount")
        thought = _first_int(details, "reasoning_tokens") if details else None
        if spent is not None and made is not None:
            if total is None:
                total = spent + made
            elif thought and total == spent + made + thought:
                # xAI counts what was thought beside the answer, everybody else as a part of it.
                made += thought
        return cls(
            input_tokens=spent,
            output_tokens=made,
            total_tokens=total,
            reasoning_tokens=thought,
            cached_tokens=_first_int(cached, "cached_tokens") if cached else None,
            cache_write_tokens=_first_int(cached, "cache_write_tokens") if cached else None,
        )


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other


def _known_sum(one: int | None, other: int | None) -> int | None:
    return one if other is None else other if one is None else one + other


def _first_int(data: object, *names: str) -> int | None:
    if isinstance(data, dict):
        for name in names:
            value = data.get(name)
            if type(value) is int and 0 <= value <= _MOST_TOKENS:
                return value
            # Neither a negative number, nor infinity, nor what no column of integers could hold.
            if isinstance(value, float) and 0 <= value <= _MOST_TOKENS:
                return int(value)
    return None
