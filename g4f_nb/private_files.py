"""Files that only their owner may read; a reader sees the old content or the new one, never a half."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from g4f_nb.secret import Secret

_PRIVATE = 0o700
_OTHERS = 0o077
_OURS = "g4f_nb"


def write(file: Path, content: Secret) -> None:
    """Put this text there with mode 0600, in a folder that is made with mode 0700 where there is none."""
    import tempfile

    make_folder(file.parent)
    # It makes a file of mode 0600, in the same folder: replacing across file systems would be no single step.
    descriptor, name = tempfile.mkstemp(prefix=f".{file.name}-", dir=file.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            out.write(content.reveal())
        Path(name).replace(file)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def make_folder(folder: Path) -> None:
    """Make a folder that only its owner may enter, where there is none."""
    folder.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
    # One that is named for us is ours; another that somebody chose may have readers of its own.
    if folder.name == _OURS and folder.stat().st_mode & _OTHERS:
        with contextlib.suppress(OSError):
            folder.chmod(_PRIVATE)
