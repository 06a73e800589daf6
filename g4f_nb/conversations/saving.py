"""A conversation to a file and back: JSON, Markdown, a notebook; HTML to read alone. The ending decides.

A file is written whole or not at all.
"""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

import orjson

from g4f_nb.conversations import markdownform, notebookform
from g4f_nb.conversations.keyless import keyless
from g4f_nb.conversations.page import MADE_BY, html_page
from g4f_nb.conversations.turnjson import Saved, json_bytes, saved_from_json, saved_json
from g4f_nb.errors import InvalidParameterError
from g4f_nb.files.reading import read_regular

# Bytes; a conversation with many pictures is long, and what has no end is none.
_LONGEST = 2**30
# Of a page, where it says what made it.
_HEAD = 1000
# What is written there is a setting of the machine, or nothing; but for a disk in memory.
_SYSTEM, _SHARED = ("/dev", "/proc", "/sys"), "/dev/shm"  # noqa: S108  # nothing is put there
_BOM = b"\xef\xbb\xbf"

_WRITERS: Mapping[str, Callable[[Saved], bytes]] = {
    ".json": lambda saved: json_bytes(saved_json(saved)),
    ".md": lambda saved: _encoded(markdownform.as_markdown(saved)),
    ".ipynb": lambda saved: json_bytes(notebookform.as_notebook(saved)),
    ".html": lambda saved: _encoded(html_page(saved)),
}
_READERS: Mapping[str, Callable[[bytes], Saved]] = {
    ".json": lambda data: saved_from_json(_json(data)),
    ".md": lambda data: markdownform.from_markdown(data.decode("utf-8-sig")),
    ".ipynb": lambda data: notebookform.from_notebook(_json(data)),
}


def write(saved: Saved, path: str | PathLike[str], *, overwrite: bool = False) -> Path:
    """Write the file and give its path; what is there is replaced if it is a saved conversation itself."""
    file = _file(path, _WRITERS, "saved")
    content = _WRITERS[file.suffix.lower()](keyless(saved))
    try:
        _check_spot(file, overwrite=overwrite)
        _replace(file, content)
    except OSError as error:
        failure = InvalidParameterError(
            f"{str(file)!r} cannot be written ({error.strerror}): choose another path"
        )
    else:
        return file
    raise failure


def read(path: str | PathLike[str]) -> Saved:
    """The conversation that a file holds, or an error that names the file and the way out."""
    file = _file(path, _READERS, "loaded")
    try:
        data = read_regular(file, most=_LONGEST)
    except OSError as error:
        raise InvalidParameterError(
            f"{str(file)!r} cannot be read ({error.strerror}): check the path"
        ) from None
    try:
        return _READERS[file.suffix.lower()](data)
    except InvalidParameterError as error:
        failure = InvalidParameterError(
            f"{str(file)!r} cannot be loaded: {error}; load a file that conversation.save() wrote"
        )
    except ValueError as error:
        failure = InvalidParameterError(
            f"{str(file)!r} cannot be loaded: its content is damaged ({error}); load a file that "
            "conversation.save() wrote"
        )
    raise failure


def _file(path: object, forms: Mapping[str, Any], verb: str) -> Path:
    if not isinstance(path, str | PathLike) or not str(path).strip():
        raise InvalidParameterError(f"path is {path!r}: it must be a file, like 'talk.json'")
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
    if file.suffix.lower() not in forms:
        raise InvalidParameterError(
            f"{str(file)!r} has no ending that says its form: a conversation is {verb} as {', '.join(forms)}"
        )
    return file


def _encoded(text: str) -> bytes:
    # Half a surrogate pair cannot be written.
    return text.encode(errors="replace")


def _check_spot(file: Path, *, overwrite: bool) -> None:
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
    if not overwrite and found.st_size and not _is_ours(file):
        raise InvalidParameterError(
            f"{str(file)!r} is there, and is no saved conversation or has more in it: choose another name, "
            "or replace it with overwrite=True (%g4f save … --force)"
        )


def _check_folder(file: Path) -> None:
    """Refuse folders of the system, where a file is no file: it would be gone with the next start."""
    folder = file.parent.resolve()
    if any(folder.is_relative_to(each) for each in _SYSTEM) and not folder.is_relative_to(_SHARED):
        raise InvalidParameterError(
            f"{str(file)!r} is in a folder of the system, which keeps no files: choose another path"
        )


def _is_ours(file: Path) -> bool:
    form = file.suffix.lower()
    data = read_regular(file, most=_LONGEST)
    if form == ".html":
        return MADE_BY.encode() in data[:_HEAD]
    try:
        if form == ".ipynb":
            return notebookform.is_whole(_json(data))
        _READERS[form](data)
    except (InvalidParameterError, ValueError):
        return False
    return True


def _json(data: bytes) -> Any:
    try:
        return orjson.loads(data.removeprefix(_BOM))
    except orjson.JSONDecodeError as error:
        raise ValueError(f"no JSON: {error}") from None


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
