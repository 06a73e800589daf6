"""Files for a model: whatever a user has at hand, read once, and made parts of a message.

A file is given as a path, bytes, an open file, an address, a `data:` URL, a picture (PIL), a figure
(matplotlib) or anything else that can show itself as one; bare, or as a pair with a name. What it is, its
content tells.
"""

from __future__ import annotations

import asyncio
import base64
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from g4f_nb.calls import Address
from g4f_nb.errors import InvalidParameterError, shorten
from g4f_nb.files.dataurls import data_url, is_data_url, read_data_url
from g4f_nb.files.kinds import media_type_of
from g4f_nb.files.reading import read_regular
from g4f_nb.secret import shown_address

_WAYS = (
    "give a path, bytes, an open file, an address, a data: URL, a PIL image or a matplotlib figure; "
    "or a pair of one and its name"
)
_SUPPORTED = "images (PNG, JPEG, GIF, WebP…), sound (WAV, MP3, FLAC, Ogg…), film, PDF, and text in UTF-8"
# How OpenAI's dialect calls the forms of sound.
_SOUND = {
    "audio/mpeg": "mp3", "audio/wav": "wav", "audio/flac": "flac", "audio/ogg": "ogg", "audio/aac": "aac",
    "audio/mp4": "m4a",
}  # fmt: skip
_WEB = re.compile(r"https?://\S+", re.IGNORECASE)
# An address cannot be looked into; only its ending says whether a server could take it as it is.
_FILMS = (".mp4", ".webm", ".mov", ".mkv", ".avi")
_NEEDS_DATA = (
    ".mp3", ".wav", ".flac", ".ogg", ".opus", ".aac", ".m4a", ".pdf", ".txt", ".md", ".csv", ".json", ".html",
    ".xml", ".zip", ".docx", ".xlsx",
)  # fmt: skip
_JPEG_QUALITY = 95
# No service takes a longer file within a message; a device would fill the memory.
MOST_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Media:
    """One file, read: its content or its address, what it is, and its name."""

    type: str
    data: bytes = field(default=b"", repr=False)
    url: str | None = field(default=None, repr=False)
    name: str | None = None

    def part(self) -> dict[str, Any]:
        """The part of a message that carries it, in OpenAI's form."""
        kind = self.type.partition("/")[0]
        if kind in ("image", "video"):
            return {"type": f"{kind}_url", f"{kind}_url": {"url": self.url or data_url(self.data, self.type)}}
        if kind == "audio":
            encoded = base64.b64encode(self.data).decode()
            return {"type": "input_audio", "input_audio": {"data": encoded, "format": _SOUND[self.type]}}
        if kind == "text":
            # Every model reads text; hardly any server takes it as a file.
            text = self.data.decode("utf-8-sig")
            return {"type": "text", "text": f"{self.name}:\n\n{text}\n\n" if self.name else f"{text}\n\n"}
        content = {"filename": self.name or "file.pdf", "file_data": data_url(self.data, self.type)}
        return {"type": "file", "file": content}


def read_media(media: Any) -> list[Media]:
    """Read every file that is given, or say which cannot be read and why; nothing is fetched from the net."""
    if media is None:
        return []
    if _is_one(media):
        return [_read(media, None, "")]
    files = []
    for number, item in enumerate(media):
        pair = isinstance(item, tuple | list) and len(item) == 2 and isinstance(item[1], str | None)  # noqa: PLR2004
        given, name = item if pair else (item, None)
        files.append(_read(given, name, f" (number {number + 1} of media=)"))
    return files


async def read_media_async(media: Any) -> list[Media]:
    """The same on a thread, for a disk or a drawing may be slow; what is read already is taken as it is."""
    if isinstance(media, list) and all(isinstance(item, Media) for item in media):
        return media
    return await asyncio.to_thread(read_media, media)


def with_media(messages: Sequence[Mapping[str, Any]], media: Sequence[Media]) -> list[dict[str, Any]]:
    """A copy of the messages with these files in front of the last user message's text."""
    changed = [dict(message) for message in messages]
    if not media:
        return changed
    target = next((message for message in reversed(changed) if message.get("role") == "user"), None)
    if target is None:
        raise InvalidParameterError(
            'media= goes into the last user message, and there is none: add {"role": "user", "content": "…"}'
        )
    content = target.get("content") or []
    parts = [{"type": "text", "text": content}] if isinstance(content, str) else list(content)
    target["content"] = [*(each.part() for each in media), *parts]
    return changed


def _is_one(media: Any) -> bool:
    """Whether this is a file rather than a collection of files."""
    if isinstance(media, str | bytes | bytearray | memoryview | os.PathLike | Media | Mapping):
        return True
    return not isinstance(media, Iterable) or hasattr(media, "read") or _drawing(media) is not None


def _read(item: Any, name: str | None, which: str) -> Media:
    """One file; `which` tells it from its neighbours in an error."""
    match item:
        case Media():
            return item
        case str() if _WEB.fullmatch(item.strip()):
            return _address(Address.of(item.strip()), name, which)
        case str() if is_data_url(item.lstrip()):
            return _from_data_url(item.strip(), name, which)
        case bytes() | bytearray() | memoryview():
            return _made(bytes(item), name, "the data", which)
        case str() | os.PathLike():
            return read_file(item, name, which=which)
    return _from_file(item, name, which) if hasattr(item, "read") else _from_drawing(item, name, which)


def _from_data_url(item: str, name: str | None, which: str) -> Media:
    try:
        _, data = read_data_url(item)
    except ValueError:
        raise _fault(f"the data: URL {shorten(item, 40)!r} cannot be decoded", which, _WAYS) from None
    return _made(data, name, "the data: URL", which)


def _from_drawing(item: Any, name: str | None, which: str) -> Media:
    drawn = _drawing(item)
    if drawn is None:
        raise _fault(f"media= takes no {type(item).__name__}", which, _WAYS)
    try:
        data = drawn()
    except Exception as error:  # whatever a drawing library raises
        raise _fault(f"the {type(item).__name__} cannot be drawn: {error}", which, _WAYS) from error
    return _made(data, name, f"the {type(item).__name__}", which)


def read_file(
    item: str | os.PathLike[str], name: str | None = None, *, which: str = "", most: int = MOST_BYTES
) -> Media:
    """One file by its path, of at most so many bytes; `which` tells it from its neighbours in an error."""
    path = Path(item).expanduser()
    shown = shorten(str(item), 200)
    try:
        data = read_regular(path, most=most)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        here = "" if path.is_absolute() else f" in {Path.cwd()}"
        raise _fault(f"{shown!r} cannot be read{here}: {reason}", which, "check the path") from error
    return _made(data, name or path.name, repr(shown), which)


def _from_file(item: Any, name: str | None, which: str) -> Media:
    shown = f"the open file {getattr(item, 'name', '') or type(item).__name__!r}"
    try:
        # Where it stands is the caller's business, and it may be asked again.
        place = item.tell() if item.seekable() else None
        data = _all_of(item)
        if place is not None:
            item.seek(place)
    except (OSError, ValueError, AttributeError) as error:
        raise _fault(f"{shown} cannot be read: {error}", which, 'open it in binary mode, "rb"') from error
    if isinstance(data, str):
        data = data.encode(errors="replace")
    if not isinstance(data, bytes):
        raise _fault(f"{shown} gives {type(data).__name__} instead of bytes", which, _WAYS)
    own = getattr(item, "name", None)
    return _made(data, name or (Path(own).name if isinstance(own, str) else None), shown, which)


def _all_of(file: Any) -> Any:
    """What an open file still holds; one that goes on for ever, as `/dev/zero`, is left at the limit."""
    try:
        piece = file.read(MOST_BYTES + 1)
    except TypeError:
        # One that gives all or nothing.
        return file.read()
    if not isinstance(piece, str | bytes):
        return piece
    pieces: list[Any] = [piece]
    left = MOST_BYTES - len(piece)
    # Pipes and sockets give what they have, and more when they are asked again.
    while left >= 0 and (piece := file.read(left + 1)):
        pieces.append(piece)
        left -= len(piece)
    if left < 0:
        raise ValueError(f"it has more than {MOST_BYTES / 2**20:,.0f} MiB")
    return type(pieces[0])().join(pieces)


def _address(url: str, name: str | None, which: str) -> Media:
    path = unquote(urlsplit(url).path).lower()
    if path.endswith(_FILMS):
        return Media("video/mp4", url=str.__str__(url), name=name)
    if path.endswith(_NEEDS_DATA):
        raise _fault(
            f"{shown_address(url)!r} is no image, and servers take only images and films by their address",
            which,
            "fetch it yourself and give its bytes",
        )
    return Media("image/*", url=str.__str__(url), name=name)


def _made(data: bytes, name: str | None, shown: str, which: str) -> Media:
    if not data:
        raise _fault(f"{shown} is empty", which, "check that it was written, and not read to its end")
    kind = media_type_of(data)
    if kind is None:
        named = f" of {name!r}" if name and name not in shown else ""
        raise _fault(
            f"the content of {shown}{named} is of no kind that models take", which, f"give {_SUPPORTED}"
        )
    return Media(kind, data, name=name)


def _drawing(item: Any) -> Any:
    """How an object gives itself as a picture, as a function that gives bytes; `None` if it does not."""
    kinds = {f"{kind.__module__.partition('.')[0]}.{kind.__name__}" for kind in type(item).__mro__}
    if "PIL.Image" in kinds:
        return lambda: _picture(item)
    if "matplotlib.Axes" in kinds:
        item = item.figure
    if hasattr(item, "savefig"):
        return lambda: _figure(item)
    for name in ("_repr_png_", "_repr_jpeg_"):
        method = getattr(item, name, None)
        if callable(method):
            return lambda: _shown(method())
    return None


def _picture(image: Any) -> bytes:
    into = BytesIO()
    if image.format == "JPEG" and image.mode in ("L", "RGB", "CMYK"):
        # As PNG, a photo would be ten times as long; its EXIF says which side is up.
        image.save(into, "JPEG", quality=_JPEG_QUALITY, exif=image.info.get("exif", b""))
    else:
        known = image.mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")
        other = image if known else image.convert("I;16" if image.mode == "I" else "RGB")
        other.save(into, "PNG")
    return into.getvalue()


def _figure(figure: Any) -> bytes:
    into = BytesIO()
    figure.savefig(into, format="png", bbox_inches="tight")
    return into.getvalue()


def _shown(picture: Any) -> bytes:
    """What an object shows in a notebook: bytes, base64, or either with what belongs to it."""
    if isinstance(picture, tuple):
        picture = picture[0]
    return picture if isinstance(picture, bytes) else base64.b64decode(picture or "")


def _fault(fact: str, which: str, way_out: str) -> InvalidParameterError:
    return InvalidParameterError(f"{fact}{which}: {way_out}; nothing was sent")
