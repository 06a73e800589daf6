"""One small answer, read whole, and asked for again where a failure may pass by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from g4f_nb.calls import Call
from g4f_nb.errors import G4FError
from g4f_nb.wire.attempts import Attempts
from g4f_nb.wire.http import Exchange

T = TypeVar("T")


async def fetch(
    call: Callable[[], Call],
    read: Callable[[bytes], T],
    *,
    attempts: Attempts,
    limit: int,
    meant: Callable[[G4FError], G4FError] = lambda error: error,
) -> T:
    """What `read` makes of the answer; `limit` is in bytes, `meant` says what a failure means here.

    `call` gives the request of each try, for some services want an id of its own in each.
    """
    while True:
        try:
            async with Exchange(call(), end=attempts.end) as answer:
                return read(await answer.read(limit))
        except G4FError as error:
            failure = meant(error)
        if not attempts.again(failure):
            # Without the frames that hold the answer, for it may repeat the key.
            raise failure.alone() from failure.__cause__
        await attempts.wait()
