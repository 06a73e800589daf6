"""When none of several has answered: how long to wait for another round, and what is told after the last."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence

from g4f_nb.chunks import ProviderFailed
from g4f_nb.errors import G4FError, InvalidParameterError, NoProviderAnsweredError, UnknownParameterError

# Seconds between two rounds, doubled each time; and the longest that a server may ask to wait.
_PAUSE, _LONGEST_PAUSE, _LONGEST_WAIT = 0.5, 8.0, 60.0


def pause_before(round_: int, errors: Sequence[BaseException]) -> float | None:
    """Seconds until the next round: what the most patient server asks for, else more each time."""
    asked = _waits(errors)
    if errors and len(asked) == len(errors):
        return min(asked) if min(asked) <= _LONGEST_WAIT else None
    return min(_LONGEST_PAUSE, _PAUSE * 2.0**round_) * random.uniform(0.75, 1.25)


def nobody_answered(name: str, failed: Sequence[ProviderFailed], errors: Sequence[BaseException]) -> G4FError:
    """The error that lists each one's reason; the one mistake, where all of them have told the same."""
    mistakes = [one for one in errors if isinstance(one, InvalidParameterError | UnknownParameterError)]
    if mistakes and len(mistakes) == len(errors):
        # The call's own mistake, which each of them has told.
        return mistakes[0].with_traceback(None)
    told = list(dict.fromkeys(failed))
    lines = [f"\n  {one.label}: {one.reason}" for one in told]
    statuses = {getattr(error, "status", None) for error in errors}
    error = NoProviderAnsweredError(
        f"none of {len(told)} models answered:{''.join(lines)}\nmend one of these reasons, or add another "
        f"model to the list [{name}]",
        provider=name,
        status=statuses.pop() if len(statuses) == 1 else None,
        retry_after=min(_waits(errors), default=None),
    )
    error.failures = tuple(told)
    return error


def _waits(errors: Iterable[BaseException]) -> list[float]:
    told = (error.retry_after for error in errors if isinstance(error, G4FError))
    return [wait for wait in told if wait is not None]
