"""Whether a failed call is sent again, and when."""

from __future__ import annotations

import asyncio
import random

from g4f_nb import errors
from g4f_nb.errors import G4FError

_LONGEST_PAUSE = 60.0


class Attempts:
    """Decides whether a failed call is sent again, and waits between the tries; `total` limits them all."""

    def __init__(self, most: int, *, total: float | None = None) -> None:
        self.end = None if total is None else asyncio.get_running_loop().time() + total
        self._left = most
        self._pause = 0.5
        self._wait = 0.0

    def again(self, error: G4FError) -> bool:
        """Whether this failure may pass by itself, a try is left, and there is time for it.

        The wait is as long as the server asks, else twice as long each time, give or take.
        """
        if self._left <= 0 or not _passing(error):
            return False
        if isinstance(error, errors.ConnectionFailedError) and error.nobody_listens:
            # Once more: a server on this machine that starts is there in a moment, or somebody must start it.
            self._left = min(self._left, 1)
        if error.retry_after is not None:
            self._wait = error.retry_after
        else:
            self._wait = self._pause * random.uniform(0.75, 1.25)
            self._pause = min(self._pause * 2, 8.0)
        over = self.end is not None and asyncio.get_running_loop().time() + self._wait >= self.end
        if over or self._wait > _LONGEST_PAUSE:
            return False
        self._left -= 1
        return True

    async def wait(self) -> None:
        """Let the time pass that `again` has settled."""
        await asyncio.sleep(self._wait)


def _passing(error: G4FError) -> bool:
    if isinstance(error, errors.CertificateError) or error.code == "insufficient_quota":
        return False
    if isinstance(error, errors.RequestTimeoutError):
        return error.status is not None
    return isinstance(
        error,
        errors.ConnectionFailedError
        | errors.RateLimitError
        | errors.ServerError
        | errors.StreamInterruptedError,
    )
