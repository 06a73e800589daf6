"""What a row of a large comparison costs in time of the processor: little, and as much as in a small one."""

from __future__ import annotations

import time

import pytest

import g4f_nb as nb
from g4f_nb.chunks import FinishReason, Usage
from g4f_nb.comparing import columns
from g4f_nb.providers.base import AsyncGeneratorProvider


class AtOnce(AsyncGeneratorProvider):
    """Answers without a server: what is left is the comparison's own work."""

    working = True
    url = None
    supports_message_history = True

    @classmethod
    async def create_async_generator(cls, model, messages, **options):
        """Say something, and all that a server would tell."""
        yield "word " * 300
        yield FinishReason("stop")
        yield Usage(10, 300, 310)


def _seconds_a_row(rows):
    begun = time.process_time()
    frame = nb.compare("{n}", AtOnce, data={"n": range(rows)}, concurrency=200, progress=False)
    taken = time.process_time() - begun
    assert frame["status"].eq("ok").all()
    return taken / rows


@pytest.mark.clock
def test_a_row_costs_as_much_in_a_large_comparison():
    """Ten times as many rows take ten times the time, not more, and far less than a millisecond each."""
    _seconds_a_row(100)
    small = min(_seconds_a_row(300) for _ in range(2))
    # So many that texts are packed.
    large = _seconds_a_row(columns._AT_ONCE * 3 // 2)
    assert large < 2 * small
    assert large < 0.001
