"""Which names a magic sees: those of the function that it stands in, over the notebook's, as in Python."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import FrameType
from typing import Any

from g4f_nb.secret import Veiled

# How IPython calls a magic; who calls these is the user.
_RUNS_MAGICS = frozenset({"run_line_magic", "run_cell_magic"})
_seen: ContextVar[Veiled | None] = ContextVar("_seen", default=None)


def seen_over(names: dict[str, Any]) -> dict[str, Any]:
    """The names that the running magic sees, where these are the notebook's."""
    seen = _seen.get()
    return names if seen is None else seen


@contextmanager
def seen_by_caller(names: Mapping[str, Any]) -> Iterator[None]:
    """Let the magic that runs within see what whoever called it sees."""
    frame = _caller()
    if frame is None or _is_outermost(frame):
        token = _seen.set(None)
        seen = Veiled()
    else:
        seen = Veiled(names)
        for each in reversed([frame, *_around(frame)]):
            seen.update(each.f_locals)
        token = _seen.set(seen)
    # Frames hold each other, and all that is in them.
    del frame
    try:
        yield
    finally:
        _seen.reset(token)
        # Whatever was begun meanwhile has a copy of the context, and must not hold the user's values.
        seen.clear()


def callers_own(name: str) -> bool:
    """Whether this is a variable of the function that called the magic, which nobody else can set."""
    frame = _caller()
    if frame is None or _is_outermost(frame):
        return False
    code = frame.f_code
    return name in (*code.co_varnames, *code.co_cellvars, *code.co_freevars)


def _caller() -> FrameType | None:
    """The user's frame that called the magic: IPython says what is in it, and not what is around it."""
    # `needs_local_scope` would give the names of this very frame, for line magics alone.
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001  # `inspect.stack()` would read files
    while frame is not None and not (_is_ipythons(frame) and frame.f_code.co_name in _RUNS_MAGICS):
        frame = frame.f_back
    # `magic()` of an older IPython goes through the newer one.
    while frame is not None and _is_ipythons(frame):
        frame = frame.f_back
    return frame


def _is_ipythons(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__", "")).startswith("IPython.")


def _is_outermost(frame: FrameType) -> bool:
    return frame.f_locals is frame.f_globals


def _around(frame: FrameType) -> Iterator[FrameType]:
    """The functions that the code of a frame is written in, innermost first, as far as they still run."""
    code, outer = frame.f_code, frame.f_back
    while outer is not None:
        if any(each is code for each in outer.f_code.co_consts):
            code = outer.f_code
            if code.co_flags & inspect.CO_OPTIMIZED:
                # The body of a class is none: its names are not those of its methods.
                yield outer
        outer = outer.f_back
