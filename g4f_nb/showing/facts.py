"""Who answered, how fast, for how many tokens and how much: the parts of a quiet footer, as plain text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from g4f_nb.errors import shorten

if TYPE_CHECKING:
    from g4f_nb.reply import Reply

_CENT = 0.01


def facts(reply: Reply) -> Iterator[str]:
    """One after the other, what is known; nothing is said of what is not."""
    yield from filter(None, (reply.provider, reply.model))
    if reply.cached:
        since = "" if reply.kept_since is None else f" of {reply.kept_since.astimezone():%Y-%m-%d %H:%M}"
        yield f"the kept answer{since}: nothing was sent"
    for failed in dict.fromkeys(reply.failed):
        yield f"instead of {failed.label}, {shorten(failed.reason.partition(' — ')[0], 100)}"
    if reply.ttft is not None:
        yield f"first token {in_time(reply.ttft)}"
    if reply.seconds is not None and not reply.cached:
        yield f"total {in_time(reply.seconds)}"
    if reply.usage and (reply.usage.input_tokens is not None or reply.usage.output_tokens is not None):
        counts = (reply.usage.input_tokens, reply.usage.output_tokens)
        tokens = " → ".join("?" if count is None else f"{count:,}" for count in counts) + " tokens"
        cached = reply.usage.cached_tokens
        yield f"{tokens}, {cached:,} of them cached" if cached else tokens
    cost = reply.cost
    if cost:
        # No dollar sign: two of them in a line would be a formula.
        yield f"{cost:.4f} USD" if cost >= _CENT else f"{cost:.2g} USD"
    if reply.alternatives:
        yield f"{len(reply.alternatives)} more in .alternatives"


def in_time(seconds: float) -> str:
    """A time for a quiet line: `23 ms`, `1.4 s`."""
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
