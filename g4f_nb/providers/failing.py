"""The last error of each provider, for listings; kept until the process ends, the newest only."""

from __future__ import annotations

import time
from dataclasses import dataclass

from g4f_nb.errors import G4FError, shorten
from g4f_nb.newest import Newest


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong last with a provider, and when (seconds since the epoch)."""

    error: str
    at: float


_last: Newest[str, Failure] = Newest(1000)


def note_failure(provider: str, error: BaseException) -> None:
    """Remember an error of a call, in its own words: they hold no key."""
    if isinstance(error, G4FError):
        _last[provider] = Failure(shorten(f"{type(error).__name__}: {error}", 300), time.time())


def last_failure(provider: str) -> Failure | None:
    """What went wrong last, however often it has answered since."""
    return _last.get(provider)
