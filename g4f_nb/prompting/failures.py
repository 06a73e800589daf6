"""An error as a prompt has it: what it says, the user's own lines first, and no values of variables."""

from __future__ import annotations

import linecache
import os
import sys
import sysconfig
import traceback
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from g4f_nb.prompting.limits import cut
from g4f_nb.prompting.naming import is_users_error
from g4f_nb.prompting.summary import Summary

_AROUND = 2
_USERS = 8
_THEIRS = 4
_CHAIN = 4
_WORDS = 4_000
_LIBRARIES = tuple(
    {
        os.path.realpath(path) + os.sep
        for name in ("stdlib", "platstdlib", "purelib", "platlib")
        if (path := sysconfig.get_path(name))
    }
)


def last_error() -> BaseException | None:
    """The error that a cell, or the interpreter, has ended with last; `None` if the user has none."""
    found = getattr(sys, "last_exc", None) or getattr(sys, "last_value", None)
    return found if isinstance(found, BaseException) and is_users_error(found) else None


def failure(error: BaseException, budget: int, namespace: Mapping[str, Any] | None = None) -> Summary:
    """What happened and where; `namespace` holds the cells' inputs, which tell a cell's number."""
    cells = _cells(namespace or {})
    parts = [_told(error, error.__traceback__, cells)]
    seen = {id(error)}
    while len(parts) < _CHAIN:
        cause, words = _before(error)
        if cause is None or id(cause) in seen:
            break
        seen.add(id(cause))
        parts.append(f"{words}\n{_told(cause, cause.__traceback__, cells)}")
        error = cause
    return Summary("error", cut("\n\n".join(parts), budget, of="the traceback"), whole=True)


def _before(error: BaseException) -> tuple[BaseException | None, str]:
    if error.__cause__ is not None:
        return error.__cause__, "It was caused by:"
    if error.__context__ is not None and not error.__suppress_context__:
        return error.__context__, "It happened while this was handled:"
    return None, ""


def _told(error: BaseException, place: TracebackType | None, cells: Mapping[str, int]) -> str:
    lines = [_words(error)]
    frames = [frame for frame in traceback.extract_tb(place) if not _is_machinery(frame.filename)]
    users = [frame for frame in frames if not _is_library(frame.filename)]
    theirs = frames[frames.index(users[-1]) + 1 if users else 0 :]
    if users:
        left = f" (the last {_USERS} of {len(users)} frames)" if len(users) > _USERS else ""
        lines += [f"The lines that led there, the last one last{left}:"]
        for frame in users[-_USERS:]:
            lines += _frame(frame, cells)
    if theirs:
        lines += [f"Then inside of libraries ({len(theirs)} frames, the last of them):"]
        lines += [
            f"  {_short_path(frame.filename)}:{frame.lineno} in {frame.name}" for frame in theirs[-_THEIRS:]
        ]
    return "\n".join(lines)


def _words(error: BaseException) -> str:
    try:
        # With the line of a SyntaxError, and with notes.
        said = "".join(traceback.format_exception_only(error)).strip()
    except (Exception, SystemExit):  # noqa: BLE001  # a user's own error may not even have words
        said = type(error).__name__
    return said if len(said) <= _WORDS else f"{said[:_WORDS]}… (+{len(said) - _WORDS:,} characters)"


def _frame(frame: traceback.FrameSummary, cells: Mapping[str, int]) -> list[str]:
    source = linecache.getlines(frame.filename)
    number = cells.get("".join(source).strip())
    where = (
        f"cell {number}"
        if number is not None
        else "a cell"
        if _is_cell(frame.filename)
        else _short_path(frame.filename)
    )
    made = [
        f"  {where}, line {frame.lineno}" + (f", in {frame.name}" if frame.name != "<module>" else "") + ":"
    ]
    if frame.lineno is None:
        return made
    for at in range(max(1, frame.lineno - _AROUND), min(len(source), frame.lineno + _AROUND) + 1):
        mark = "→" if at == frame.lineno else " "
        made.append(f"  {mark} {at:>3} {source[at - 1].rstrip()}")
    return made


def _cells(namespace: Mapping[str, Any]) -> Mapping[str, int]:
    inputs = namespace.get("In")
    if not isinstance(inputs, list):
        return {}
    return {
        source.strip(): number for number, source in enumerate(inputs) if isinstance(source, str) and source
    }


def _is_cell(filename: str) -> bool:
    return filename.startswith("<") or f"{os.sep}ipykernel_" in filename


def _is_machinery(filename: str) -> bool:
    """What runs a cell is in no error of the user's."""
    parts = Path(filename).parts
    return ("IPython" in parts and "core" in parts) or "ipykernel" in parts


def _is_library(filename: str) -> bool:
    return not _is_cell(filename) and (
        "site-packages" in filename or os.path.realpath(filename).startswith(_LIBRARIES)
    )


def _short_path(filename: str) -> str:
    """A file without what is the same for all, and without the home folder, which is nobody's business."""
    _, found, rest = filename.rpartition(f"site-packages{os.sep}")
    if found:
        return rest
    path = Path(filename)
    for root in (Path.cwd(), *map(Path, _LIBRARIES)):
        if path.is_relative_to(root):
            return str(path.relative_to(root))
    return path.name
