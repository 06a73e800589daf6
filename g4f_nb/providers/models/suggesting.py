"""A model that a server does not know is told with the nearest that it has."""

from __future__ import annotations

import difflib
from collections.abc import Awaitable, Callable

from g4f_nb.errors import G4FError, ModelNotFoundError

_MOST = 3


async def with_nearest(
    error: ModelNotFoundError, listed: Callable[[], Awaitable[list[str]]]
) -> ModelNotFoundError:
    """The error with the nearest names of the server's own list; as it was where there is no list."""
    try:
        names = await listed()
    except G4FError:
        names = []
    model = error.model or ""
    near = difflib.get_close_matches(model, names, n=_MOST, cutoff=0.4) or _alike(model, names)
    if near:
        error.args = (f"{error}; the nearest here are {', '.join(map(repr, near))}",)
    return error.with_traceback(None)


def _alike(model: str, names: list[str]) -> list[str]:
    """Names that hold what was written, or its last part: `gpt-x` is `openai/gpt-x` elsewhere."""
    wanted = model.rpartition("/")[2].lower()
    return [name for name in names if wanted and wanted in name.lower()][:_MOST]
