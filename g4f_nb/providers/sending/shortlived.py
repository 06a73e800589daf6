"""Short-lived tokens for lasting credentials: kept in memory, fetched once however many ask at a time."""

from __future__ import annotations

import asyncio
import copy
import time
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass

from g4f_nb import loops
from g4f_nb.errors import G4FError
from g4f_nb.newest import Newest
from g4f_nb.secret import Secret

# A token that ends sooner than this, in seconds, would end on its way.
_MARGIN = 60.0
_CLOSING = 5.0

Fetch = Callable[[], Awaitable["Token"]]


@dataclass(frozen=True, slots=True)
class Token:
    """What a service lets in for a while; `ends` is Unix time, `None` if the service does not say."""

    secret: Secret
    ends: float | None = None

    @property
    def usable(self) -> bool:
        """Whether it will still be good when it arrives."""
        return self.ends is None or self.ends > time.time() + _MARGIN


@dataclass(slots=True)
class _Errand:
    """A token on its way, and how many wait for it."""

    task: asyncio.Task[Token]
    waiting: int = 0


class Tokens:
    """The tokens of one kind of service, by whatever tells one credential from another."""

    def __init__(self) -> None:
        self._kept: Newest[Hashable, Token] = Newest(256)
        # By credential and loop: an errand is touched on the loop that it runs on, and nowhere else.
        self._errands: dict[tuple[Hashable, asyncio.AbstractEventLoop], _Errand] = {}

    async def get(self, key: Hashable, fetch: Fetch, *, here: bool = False) -> Token:
        """The token of this credential; one that is missing or ends soon is fetched, once for all who wait.

        That happens on our own loop, for who waits may sit on any loop and thread: an errand on a caller's
        loop could be held up by the very caller that waits for it. `here` is for what is bound to this loop.
        """
        known = self._kept.get(key)
        if known is not None and known.usable:
            return known
        errand = self._join(key, fetch)
        return await (errand if here else loops.call(errand))

    def forget(self, key: Hashable, token: Token) -> None:
        """Drop a token that was refused; a newer one that somebody got meanwhile stays."""
        if self._kept.get(key) is token:
            self._kept.pop(key, None)

    async def _join(self, key: Hashable, fetch: Fetch) -> Token:
        known = self._kept.get(key)
        if known is not None and known.usable:
            return known
        loop = asyncio.get_running_loop()
        errand = self._errands.get((key, loop))
        if errand is None:
            errand = self._errands[key, loop] = _Errand(loop.create_task(self._run(key, fetch)))
        errand.waiting += 1
        try:
            return await asyncio.shield(errand.task)
        except G4FError as error:
            # One error for several who wait: each raises its own copy, or their tracebacks would be joined.
            failure = copy.copy(error).with_traceback(None)
            failure.__cause__ = error.__cause__
        finally:
            errand.waiting -= 1
            if not errand.waiting:
                await self._end(key, errand)
        raise failure

    async def _run(self, key: Hashable, fetch: Fetch) -> Token:
        token = await fetch()
        self._kept[key] = token
        return token

    async def _end(self, key: Hashable, errand: _Errand) -> None:
        """Nobody waits any more: an errand that is still under way is called off."""
        loop = asyncio.get_running_loop()
        if self._errands.get((key, loop)) is errand:
            del self._errands[key, loop]
        for gone in [place for place in self._errands if place[1].is_closed()]:
            self._errands.pop(gone, None)
        if not errand.task.done():
            errand.task.cancel()
            await asyncio.wait({errand.task}, timeout=_CLOSING)
        if errand.task.done() and not errand.task.cancelled():
            # Looked at, so that nobody complains of a failure that nobody waited for.
            errand.task.exception()
