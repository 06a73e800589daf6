"""A file put where a user says: whole or not at all, and never in the place of somebody else's."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from g4f_nb.errors import InvalidParameterError, short

# What is written there is a setting of the machine, or nothing; but for a disk in memory.
_SYSTEM, _SHARED = ("/dev", "/proc", "/sys"), "/dev/shm"  # noqa: S108  # nothing is put there


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What is put there: how it is called, whether a file is such a one, and how another is replaced."""

    name: str
    is_one: Callable[[Path], bool]
    way: str = "overwrite=True"


def path_of(path: object, *, like: str) -> Path:
    """The file that the user names, or an error with one that he could name."""
    if not isinstance(path, str | PathLike) or not str(path).strip():
        raise InvalidParameterError(f"path is {short(path)}: it must be a file, like {like!r}")
    try:
        file = Path(path).expanduser()
        possible = b"\0" not in os.fsencode(file)
    except (RuntimeError, UnicodeError):
        # Somebody's home that is not known; a name that no disk can hold.
        possible = False
    if not possible:
        raise InvalidParameterError(
            f"path is {str(path)!r}, which no file can be called: choose another path"
        )
    return file


def put(file: Path, content: bytes, kind: Kind, *, overwrite: bool = False) -> Path:
    """Write the file and give its path; what is there is replaced if it is of that kind itself."""
    try:
        _check_spot(file, kind, overwrite=overwrite)
        _replace(file, content)
    except OSError as error:
        failure = InvalidParameterError(
            f"{str(file)!r} cannot be written ({error.strerror}): choose another path"
        )
    else:
        return file
    raise failure


def _check_spot(file: Path, kind: Kind, *, overwrite: bool) -> None:
    """Refuse to replace what somebody else put there; a link, a folder, a device are never replaced."""
    try:
        found = file.lstat()
    except FileNotFoundError:
        _check_folder(file)
        return
    if not stat.S_ISREG(found.st_mode):
        raise InvalidParameterError(
            f"{str(file)!r} is no ordinary file but a link, a folder or a device: choose another path"
        )
    if not overwrite and found.st_size and not kind.is_one(file):
        raise InvalidParameterError(
            f"{str(file)!r} is there, and is no {kind.name} or has more in it: choose another name, "
            f"or replace it with {kind.way}"
        )


def _check_folder(file: Path) -> None:
    """Refuse folders of the system, where a file is no file: it would be gone with the next start."""
    folder = file.parent.resolve()
    if any(folder.is_relative_to(each) for each in _SYSTEM) and not folder.is_relative_to(_SHARED):
        raise InvalidParameterError(
            f"{str(file)!r} is in a folder of the system, which keeps no files: choose another path"
        )


def _replace(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{file.name}-", dir=file.parent)
    try:
        with os.fdopen(descriptor, "wb") as out:
            out.write(content)
        # `mkstemp` lets nobody else read; a file of the user's is as readable as it was, or as others are.
        Path(name).chmod(file.stat().st_mode & 0o777 if file.exists() else 0o666 & ~_umask())
        Path(name).replace(file)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def _umask() -> int:
    # There is no way to ask but to set it.
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
