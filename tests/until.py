"""Waiting for what happens on another thread, in another process, on a page."""

from __future__ import annotations

import time


def until(condition, seconds=30, *, every=0.005):
    """Ask until it is so; generous, for it ends as soon as it is."""
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(every)
    assert condition()
