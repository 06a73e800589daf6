"""A file at a path of the user's, read within a limit; a device or a pipe may never end, and is refused."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path


def read_regular(path: str | os.PathLike[str], *, most: int) -> bytes:
    """All of a regular file, where links lead to one; `OSError` of anything else, and of a longer one.

    How long it is said to be does not count: files of `/proc` have no length, and others grow meanwhile.
    """
    path = Path(path)
    # Before it is opened, for that alone may set a device to work; and after, for it may have been exchanged.
    _check(path.stat(), path)
    with open(path, "rb", opener=_without_waiting) as file:  # `Path.open` takes no opener
        _check(os.fstat(file.fileno()), path)
        data = file.read(most + 1)
    if len(data) > most:
        raise OSError(errno.EFBIG, f"it has more than {most / 2**20:,.0f} MiB", str(path))
    return data


def _check(found: os.stat_result, path: Path) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "it is no regular file, but a device, a pipe or a socket", str(path))


def _without_waiting(path: str, flags: int) -> int:
    # A pipe would wait for somebody who writes into it.
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
