"""A provider that fails again and again is left alone for a while, by those who have others to ask.

One breaker for each provider and host, which counts what happens to every model there (nobody answers), and
one for each of its models (overloaded, rate limit). A wrong key, a bad request or a model that is not there
say nothing about whether the next call may succeed, and are not counted.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from g4f_nb.errors import (
    CertificateError,
    ConnectionFailedError,
    G4FError,
    NoProviderAnsweredError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
    StreamInterruptedError,
)
from g4f_nb.newest import Newest

# A server that asks for longer than this is asked again all the same.
_LONGEST_WAIT = 600.0
_PASSING = (
    ConnectionFailedError,
    RequestTimeoutError,
    RateLimitError,
    ServerError,
    StreamInterruptedError,
)


@dataclass(slots=True)
class Breaker:
    """What became of the last calls to a host, or to a model of it."""

    in_a_row: int = 0
    last_error: str = ""
    _failed_at: float = 0.0
    _asked_until: float = 0.0
    _on_trial: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def rest(self, *, failures: int, cool_down: float) -> float:
        """Seconds for which it is left alone: after so many failures in a row, or as long as it asked for.

        When they are over, one call tries; until that has ended the others still leave it alone.
        """
        with self._lock:
            now = time.monotonic()
            left = self._asked_until - now
            if self.in_a_row >= failures:
                left = max(left, self._failed_at + cool_down - now, cool_down if self._on_trial else 0.0)
            return max(0.0, left)

    def begin(self) -> None:
        """A call is made."""
        with self._lock:
            self._on_trial = self.in_a_row > 0

    def succeeded(self) -> None:
        """It was answered."""
        with self._lock:
            self.in_a_row, self._asked_until, self._on_trial = 0, 0.0, False

    def failed(self, error: BaseException) -> None:
        """It was not."""
        with self._lock:
            self._on_trial = False
            if not may_pass(error):
                return
            self.in_a_row += 1
            self.last_error = type(error).__name__
            self._failed_at = time.monotonic()
            wait = getattr(error, "retry_after", None)
            if isinstance(error, RateLimitError) and wait is not None:
                self._asked_until = self._failed_at + min(wait, _LONGEST_WAIT)

    def release(self) -> None:
        """The trial is over: it has begun to answer, or was ended from here, which says nothing."""
        with self._lock:
            self._on_trial = False


@dataclass(frozen=True, slots=True)
class Standing:
    """How a model stands: its own breaker and that of its host."""

    host: Breaker
    model: Breaker

    @property
    def worse(self) -> Breaker:
        """The one with more failures."""
        return max(self.model, self.host, key=lambda breaker: breaker.in_a_row)

    def rest(self, *, failures: int, cool_down: float) -> float:
        """Seconds for which it is left alone."""
        return max(
            breaker.rest(failures=failures, cool_down=cool_down) for breaker in (self.host, self.model)
        )

    def begin(self) -> None:
        """A call is made."""
        self.host.begin()
        self.model.begin()

    def succeeded(self) -> None:
        """It was answered."""
        self.host.succeeded()
        self.model.succeeded()

    def failed(self, error: BaseException) -> None:
        """It was not; the host is to blame where nothing came from it at all."""
        self.model.failed(error)
        answered = isinstance(error, G4FError) and error.status is not None
        if not answered and isinstance(error, ConnectionFailedError | RequestTimeoutError | OSError):
            self.host.failed(error)
        else:
            self.host.release()

    def release(self) -> None:
        """The trial is over, and says nothing."""
        self.host.release()
        self.model.release()


_breakers: Newest[tuple[str, str | None, str | None], Breaker] = Newest(1000)


def standing_of(provider: str, host: str | None, model: str | None) -> Standing:
    """How this model of this provider at this host stands."""
    of_host = _breakers.setdefault((provider, host, None), Breaker())
    return Standing(of_host, _breakers.setdefault((provider, host, model or ""), Breaker()))


def forget_failures() -> None:
    """Ask everybody again, whatever has happened."""
    _breakers.clear()


def may_pass(error: BaseException) -> bool:
    """Whether a failure is of a kind that passes by itself."""
    if isinstance(error, NoProviderAnsweredError):
        names = {kind.__name__ for kind in _PASSING}
        return any(failure.error in names for failure in error.failures)
    if isinstance(error, G4FError):
        lasting = isinstance(error, CertificateError) or error.code == "insufficient_quota"
        return isinstance(error, _PASSING) and not lasting
    return isinstance(error, OSError)
