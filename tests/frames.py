"""The frames of an error that are the package's own: a traceback with locals would show what is in them."""

from __future__ import annotations

import pickle
import traceback
from pathlib import Path

import g4f_nb

_HOME = Path(g4f_nb.__file__).parent


def our_frames(error):
    """Frames of an error with their locals as text, those of our own modules."""
    summary = traceback.TracebackException.from_exception(error, capture_locals=True)
    return [frame for frame in summary.stack if Path(frame.filename).is_relative_to(_HOME)]


def everything_shown(error):
    """Everything that a user could see of an error and of its causes, with the locals of our frames."""
    shown, todo, seen = [], [error], 0
    while todo:
        one = todo.pop()
        ours = our_frames(one)
        seen += len(ours)
        shown += [str(one), repr(one), repr(vars(one)), *(str(frame.locals) for frame in ours)]
        todo += [each for each in (one.__cause__, one.__context__) if each is not None]
    assert seen, "no frame of ours was looked at"
    return "\n".join([*shown, repr(pickle.dumps(error))])
