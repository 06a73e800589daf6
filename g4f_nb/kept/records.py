"""What of a whole answer is kept, as JSON values under the names of a comparison's columns."""

from __future__ import annotations

import sys
from typing import Any

from g4f_nb.reply import Reply

Record = dict[str, Any]
# No column of integers could hold more.
MOST = 2**53


def from_reply(reply: Reply) -> Record:
    """What a whole answer gives for its row."""
    usage = reply.usage
    seconds, first = reply.seconds, reply.ttft
    out = count(usage.output_tokens) if usage else None
    spoken = seconds - (first or 0.0) if seconds else None
    return {
        "answer": text(reply.text),
        "finish_reason": _shared(reply.finish_reason),
        "ttft_s": first,
        "latency_s": seconds,
        "tokens_per_s": out / spoken if out and spoken and spoken > 0 else None,
        "in_tokens": count(usage.input_tokens) if usage else None,
        "out_tokens": out,
        "reasoning_tokens": count(usage.reasoning_tokens) if usage else None,
        "cached_tokens": count(usage.cached_tokens) if usage else None,
        "model_returned": _shared(reply.model),
        "request_id": text(reply.request_id),
    }


def beside(reply: Reply) -> Record | None:
    """What came beside the answer, for whoever wants to look closely."""
    calls, sources = reply.tool_calls, reply.sources
    several = len(reply.steps) > 1
    if not (reply.reasoning or calls or sources or several):
        return None
    titles = [source.title for source in sources]
    return {
        "reasoning": reply.reasoning,
        "tool_calls": [call.as_json() for call in calls],
        "sources": [source.url for source in sources],
        # One for each source; those of which none has a title need none.
        **({"titles": titles} if any(titles) else {}),
        "messages": reply.messages if several else [],
    }


def count(value: object) -> int | None:
    """A count that fits a column; a server's nonsense is missing, and costs no other row."""
    return value if type(value) is int and 0 <= value < MOST else None


def text(value: object) -> str | None:
    """A text that fits a column: lone surrogates have no place in UTF-8, and so none in a frame."""
    return None if value is None else str(value).encode(errors="replace").decode()


def _shared(value: object) -> str | None:
    # The same few texts in thousands of rows: once in memory.
    made = text(value)
    return None if made is None else sys.intern(made)
