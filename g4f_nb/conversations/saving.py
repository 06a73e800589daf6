"""A conversation to a file and back: JSON, Markdown, a notebook; HTML to read alone. The ending decides."""

from __future__ import annotations

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
from g4f_nb.files.placing import Kind, path_of, put
from g4f_nb.files.reading import read_regular

# Bytes; a conversation with many pictures is long, and what has no end is none.
_LONGEST = 2**30
# Of a page, where it says what made it.
_HEAD = 1000
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
    return put(file, _WRITERS[file.suffix.lower()](keyless(saved)), _KIND, overwrite=overwrite)


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
    file = path_of(path, like="talk.json")
    form = file.suffix.lower()
    if form not in forms:
        fact = f"has the ending {file.suffix}" if form else "has no ending that says its form"
        if form in _WRITERS:
            fact = f"is {form[1:].upper()}, which is to be read alone and cannot be {verb}"
        raise InvalidParameterError(f"{str(file)!r} {fact}: a conversation is {verb} as {', '.join(forms)}")
    return file


def _encoded(text: str) -> bytes:
    # Half a surrogate pair cannot be written.
    return text.encode(errors="replace")


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


_KIND = Kind(name="saved conversation", is_one=_is_ours, way="overwrite=True (%g4f save … --force)")
