"""`--attach PATH|URL|VARIABLE`: a file, an address or a value beside the prompt; nothing is fetched."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from g4f_nb.calls import Address
from g4f_nb.errors import InvalidParameterError, shorten
from g4f_nb.files.dataurls import is_data_url
from g4f_nb.files.media import Media, read_file, read_media
from g4f_nb.masking import mask_values
from g4f_nb.prompting.interpolation import Field, fields, hides, value_of
from g4f_nb.prompting.naming import LAST_ERROR, class_name, is_users, normal, users_names
from g4f_nb.prompting.summaries import summarize
from g4f_nb.prompting.summary import Summary
from g4f_nb.secret import shown_address

# Services refuse larger files, and base64 makes a third more of them.
MOST_BYTES = 20 * 1024 * 1024
# A longer text fits into no model's context, or costs more than one would think of.
MOST_TEXT = 2 * 1024 * 1024
_WEB = re.compile(r"https?://", re.IGNORECASE)
_OTHER_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_TABLES = (".csv", ".tsv", ".json", ".jsonl", ".parquet", ".xlsx", ".txt", ".log")
# Tables that no model reads, and what reads them.
_READERS = {
    ".xlsx": "pd.read_excel", ".xls": "pd.read_excel", ".parquet": "pd.read_parquet", ".h5": "pd.read_hdf",
    ".feather": "pd.read_feather", ".pkl": "pd.read_pickle", ".pickle": "pd.read_pickle",
    ".dta": "pd.read_stata",
}  # fmt: skip
_NEAR = 3


def attached(item: Any, scope: dict[str, Any], budget: int) -> tuple[str, Summary]:
    """The name of an attachment and what is sent of it; a text names a path, an address or a variable."""
    # A class of the user's may raise for whoever asks what it is; its type does not.
    if not issubclass(type(item), str):
        made = _value(item, budget, scope)
        return _name_of(item, made), made
    # An address may hold a key, which a traceback that prints variables must not show.
    text = item = Address.of(item.strip())
    if _WEB.match(text) or is_data_url(text):
        media = read_media(text)[0]
        return (shown_address(text) if media.url else f"{media.type} from a data: URL"), _of_media(media)
    if _OTHER_SCHEME.match(text):
        raise InvalidParameterError(
            f"--attach {shorten(text, 100)!r} is an address of a kind that is not read here: fetch it "
            "yourself, and attach the file or a variable that holds it; nothing was sent"
        )
    path = Path(text).expanduser()
    if text and _is_there(path):
        return path.name, _file(path, text)
    field = variable_field(text, scope)
    if field is not None:
        value = value_of(field, scope)
        if hides(field.expression, value):
            del value
            raise InvalidParameterError(
                f"--attach {text} goes by the name of a secret: to attach it all the same, give it a name of "
                f"its own (word = {field.expression}) and attach that; nothing was sent"
            )
        return text, _value(value, budget, scope)
    raise InvalidParameterError(_unknown(text, path, scope))


def variable_field(text: str, scope: Mapping[str, Any]) -> Field | None:
    """A name with attributes and items, as in braces, whose root is the user's; `None` of everything else."""
    braced = f"{{{text}}}"
    found = list(fields(braced, lambda name: is_users(normal(name), scope)))
    return found[0] if len(found) == 1 and found[0].end == len(braced) and found[0].plain else None


def _value(value: Any, budget: int, scope: Mapping[str, Any]) -> Summary:
    try:
        read = _reader_of(value)
    except (Exception, SystemExit):  # noqa: BLE001  # a user's own class may raise anything
        read = None
    return summarize(value, budget, scope) if read is None else read()


def _reader_of(value: Any) -> Callable[[], Summary] | None:
    """What reads a value that is a file, or leads to one; `None` of every other value."""
    if isinstance(value, os.PathLike):
        return partial(_file, Path(value), os.fspath(value))
    if isinstance(value, bytes | bytearray):
        return partial(_bytes, bytes(value))
    if isinstance(value, Media):
        return partial(_of_media, value)
    return partial(_open_file, value) if hasattr(value, "read") and hasattr(value, "seek") else None


def _bytes(data: bytes) -> Summary:
    _check_size(len(data), f"{len(data):,} bytes", text=False)
    return _of_media(read_media(data)[0])


def _open_file(file: Any) -> Summary:
    media = read_media(file)[0]
    _check_size(len(media.data), repr(media.name or type(file).__name__), text=media.type.startswith("text/"))
    return _of_media(media)


def _file(path: Path, given: object) -> Summary:
    path = path.expanduser()
    if path.is_dir():
        there = ", ".join(sorted(each.name for each in path.iterdir() if not each.name.startswith("."))[:10])
        raise InvalidParameterError(
            f"--attach {str(given)!r} is a folder: name a file in it ({there or 'it is empty'}); nothing was "
            "sent"
        )
    try:
        size = path.stat().st_size
    except OSError as error:
        raise InvalidParameterError(
            f"--attach {str(given)!r} cannot be read: {error.strerror}: check the path; nothing was sent"
        ) from None
    _check_size(size, repr(path.name), text=False)
    if path.suffix.lower() in _READERS:
        raise InvalidParameterError(
            f"--attach {path.name!r} is no text: read it with pandas ({_READERS[path.suffix.lower()]}) and "
            "attach the variable; nothing was sent"
        )
    media = read_file(path, most=MOST_BYTES)
    if media.type.startswith("text/"):
        _check_size(len(media.data), repr(path.name), text=True)
    return _of_media(media)


def _check_size(size: int, shown: str, *, text: bool) -> None:
    most = MOST_TEXT if text else MOST_BYTES
    if size > most:
        way_out = (
            "attach a part of it, or read it as a table (pandas) and put the variable into the prompt: {df}"
            if text or shown.rstrip("'\"").endswith(_TABLES)
            else "make it smaller, or put it where it has an address"
        )
        raise InvalidParameterError(
            f"--attach {shown} has {size / 2**20:,.1f} MiB, and {most // 2**20} MiB are the most for "
            f"{'a text' if text else 'a file'}: {way_out}; nothing was sent"
        )


def _of_media(media: Media) -> Summary:
    if media.type.startswith("text/"):
        text = media.data.decode("utf-8-sig")
        return Summary("text", mask_values(text), whole=True)
    if media.url is not None:
        return Summary(f"{media.type.partition('/')[0]} by its address", media=media)
    return Summary(f"{media.type}, {len(media.data):,} bytes", media=media)


def _name_of(item: Any, made: Summary) -> str:
    try:
        if isinstance(item, os.PathLike):
            return Path(item).name
        name = (made.media and made.media.name) or getattr(item, "__name__", None)
    except (Exception, SystemExit):  # noqa: BLE001  # the same as above
        name = None
    return name if type(name) is str and name else class_name(item)


def _is_there(path: Path) -> bool:
    try:
        # A link that leads nowhere, or to itself, is a file that cannot be read.
        return os.path.lexists(path)
    except (OSError, ValueError):
        # Too long a name, or one with a null in it.
        return False


def _unknown(text: str, path: Path, scope: Mapping[str, Any]) -> str:
    shown = shorten(text, 100)
    looks_like_path = path.suffix or "/" in text or os.sep in text
    near_files = _nearest(path.name, lambda: _names_in(path.parent))
    near_names = [] if looks_like_path else _nearest(text, lambda: (*users_names(scope), LAST_ERROR))
    near = [*near_names, *(str(path.parent / name) for name in near_files)][:_NEAR]
    hint = f"did you mean {' or '.join(map(repr, near))}?" if near else "check the spelling"
    return (
        f"--attach {shown!r} is neither a file in {Path.cwd()} nor one of your variables: {hint}; nothing "
        "was sent"
    )


def _nearest(name: str, names: Callable[[], Iterable[str]]) -> list[str]:
    try:
        return difflib.get_close_matches(name, list(names()), n=_NEAR, cutoff=0.6)
    except OSError:
        return []


def _names_in(folder: Path) -> Iterable[str]:
    return [each.name for each in folder.iterdir()]
