"""What a failed try means: for its question, and for all others of the lane."""

from __future__ import annotations

import random

from g4f_nb.comparing.batch import Again, Outcome, Refused
from g4f_nb.errors import (
    CertificateError,
    ConnectionFailedError,
    G4FError,
    MissingAuthError,
    PaymentRequiredError,
    ProviderNotWorkingError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
    StreamInterruptedError,
)

# A lane that is refused this often for one cell makes no progress any more.
_MOST_REFUSALS = 12
_OVERLOADED = (503, 529)
_FIRST_BACKOFF, _LONGEST_BACKOFF = 0.5, 30.0
# What all other cells of a lane would meet, too. A model that is not there says nothing of the lane's others.
_FOR_ALL = (
    MissingAuthError,
    PaymentRequiredError,
    ProviderNotWorkingError,
    CertificateError,
)
_PASSING = (ConnectionFailedError, ServerError, StreamInterruptedError)


class Tries:
    """How often a question was tried, and how often it was only asked to come later."""

    __slots__ = ("_backoff", "made", "refused")

    def __init__(self) -> None:
        self.made = 0
        self.refused = 0
        self._backoff = _FIRST_BACKOFF

    def after(self, error: BaseException, retries: int) -> Outcome | None:
        """When to try again after this failure; `None` if it is final."""
        # Whoever wants no tries gets none.
        most = _MOST_REFUSALS if retries else 0
        match error:
            case RateLimitError() if error.code != "insufficient_quota" and self.refused < most:
                self.refused += 1
                return Refused(error.retry_after)
            case ServerError() if error.status in _OVERLOADED and self.refused < retries:
                self.refused += 1
                return Refused(error.retry_after)
            case RateLimitError() | ServerError():
                again = isinstance(error, ServerError)
            case CertificateError():
                again = False
            case ConnectionFailedError() if error.nobody_listens:
                # A server on this machine that starts is there in a moment, or somebody must start it.
                again = self.made <= 1
            case RequestTimeoutError():
                # A server that says so may have time later; silence is paid for with every try.
                again = error.status is not None
            case _:
                again = isinstance(error, _PASSING)
        if not again or self.made - self.refused > retries:
            return None
        wait = error.retry_after if isinstance(error, G4FError) and error.retry_after else self._backoff
        self._backoff = min(self._backoff * 2, _LONGEST_BACKOFF)
        return Again(wait * random.uniform(0.75, 1.25))


def stops_all(error: BaseException) -> bool:
    """Whether every other question of the lane would meet the same."""
    quota = isinstance(error, RateLimitError) and error.code == "insufficient_quota"
    return quota or isinstance(error, _FOR_ALL)
