"""So many at a time and no more, for everybody in this process: across tasks, loops and threads."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time
from collections import deque
from collections.abc import AsyncGenerator, Hashable
from dataclasses import dataclass

from g4f_nb import loops
from g4f_nb.forking import ModuleLock
from g4f_nb.newest import Newest


@dataclass(frozen=True, slots=True, eq=False)
class _Turn:
    """One who waits, on a loop of its own."""

    loop: asyncio.AbstractEventLoop
    granted: asyncio.Future[None]


class SharedLane:
    """Lets in who asks in the order of asking; `moved` is when anything happened in it."""

    def __init__(self) -> None:
        self.moved = time.monotonic()
        self._lock = threading.Lock()
        self._inside = 0
        self._most = 1
        self._waiting: deque[_Turn] = deque()

    @contextlib.asynccontextmanager
    async def turn(self, most: int, *, patience: float | None = None) -> AsyncGenerator[None, None]:
        """Be one of at most `most` inside; `TimeoutError` if nothing moves in the lane for so long."""
        await self._enter(most, patience)
        try:
            yield
        finally:
            self._leave()

    @property
    def in_use(self) -> bool:
        """Whether anybody is inside or waits."""
        return self._inside > 0 or bool(self._waiting)

    def move(self) -> None:
        """Say that something goes on inside, so that nobody who waits loses patience."""
        self.moved = time.monotonic()

    async def _enter(self, most: int, patience: float | None) -> None:
        with self._lock:
            self._most = most
            if self._inside < most and not self._waiting:
                self._inside += 1
                return
            turn = _Turn(asyncio.get_running_loop(), asyncio.get_running_loop().create_future())
            self._waiting.append(turn)
        self._admit()
        begin = time.monotonic()
        try:
            with loops.Heartbeat():
                while not turn.granted.done():
                    left = None
                    if patience is not None:
                        left = max(self.moved, begin) + patience - time.monotonic()
                        if left <= 0:
                            raise TimeoutError  # noqa: TRY301  # told by who knows what is waited for
                    await asyncio.wait({turn.granted}, timeout=left)
        except BaseException:
            self._give_up(turn)
            raise

    def _give_up(self, turn: _Turn) -> None:
        with self._lock:
            try:
                self._waiting.remove(turn)
            except ValueError:
                # It was granted at the same moment: the next one has it.
                pass
            else:
                return
        self._leave()

    def _leave(self) -> None:
        with self._lock:
            self._inside -= 1
        self._admit()

    def _admit(self) -> None:
        """Let in whoever comes next; one whose loop has ended does not come any more."""
        self.move()
        while True:
            with self._lock:
                if self._inside >= self._most or not self._waiting:
                    return
                turn = self._waiting.popleft()
                self._inside += 1
            try:
                turn.loop.call_soon_threadsafe(_grant, turn.granted)
            except RuntimeError:
                with self._lock:
                    self._inside -= 1


def _grant(granted: asyncio.Future[None]) -> None:
    if not granted.done():
        granted.set_result(None)


_lanes: Newest[Hashable, SharedLane] = Newest(256, in_use=lambda lane: lane.in_use)
_lock = ModuleLock()


def lane(key: Hashable) -> SharedLane:
    """The lane of that name; a forked child has its own, for what is inside stays with the parent."""
    place = (os.getpid(), key)
    with _lock:
        found = _lanes.get(place)
        if found is None:
            found = _lanes[place] = SharedLane()
        return found
