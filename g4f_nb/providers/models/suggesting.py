"""A model that a server does not know is told with the nearest that it has."""

from __future__ import annotations

import difflib
import time
from collections.abc import Awaitable, Callable

from g4f_nb.calls import Host
from g4f_nb.errors import G4FError, ModelNotFoundError
from g4f_nb.newest import Newest
from g4f_nb.providers.models.listing import key_of_listing

_MOST = 3
# Seconds after a failure, and when each may be asked again.
_REST = 5.0
_not_before: Newest[tuple[str, str], float] = Newest(64)


async def with_nearest(
    error: ModelNotFoundError, host: Host, listed: Callable[[], Awaitable[list[str]]]
) -> ModelNotFoundError:
    """The error with the nearest names of the server's own list; as it was where there is no list.

    A host that has just failed to list them is not asked again by every row of a comparison.
    """
    names, whose = [], key_of_listing(host)
    if time.monotonic() >= _not_before.get(whose, 0.0):
        try:
            names = await listed()
        except G4FError:
            _not_before[whose] = time.monotonic() + _REST
    model = error.model or ""
    near = difflib.get_close_matches(model, names, n=_MOST, cutoff=0.4) or _alike(model, names)
    if near:
        error.args = (f"{error}; the nearest here are {', '.join(map(repr, near))}",)
    return error.with_traceback(None)


def _alike(model: str, names: list[str]) -> list[str]:
    """Names that hold what was written, or its last part: `gpt-x` is `openai/gpt-x` elsewhere."""
    wanted = model.rpartition("/")[2].lower()
    return [name for name in names if wanted and wanted in name.lower()][:_MOST]
