"""A bell that other threads ring and one task listens to; many rings before it listens are one."""

from __future__ import annotations

import asyncio
import contextlib


class Bell:
    """Belongs to the loop that runs where it is made."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._event = asyncio.Event()
        self._on_its_way = False

    def ring_from_anywhere(self) -> None:
        """Ring, from any thread."""
        if not self._on_its_way:
            self._on_its_way = True
            # The loop may have been closed in the middle.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self.ring)

    def ring(self) -> None:
        """Ring, from the loop's own thread."""
        self._on_its_way = False
        self._event.set()

    async def wait(self) -> None:
        """Return at the next ring, at once if it has rung since the last time."""
        await self._event.wait()
        self._event.clear()
