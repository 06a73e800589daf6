"""What kind of file some bytes are, told by their content and never by a name."""

from __future__ import annotations

import re

# A beginning, and where it stands, to a type. The first that fits counts.
_BEGINNINGS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (0, b"BM", "image/bmp"),
    (0, b"II*\0", "image/tiff"),
    (0, b"MM\0*", "image/tiff"),
    (0, b"fLaC\0", "audio/flac"),
    (0, b"fLaC\x80", "audio/flac"),
    (0, b"OggS\0", "audio/ogg"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
)
# The form within RIFF and within an ISO base media file.
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
_BRANDS = {
    b"avif": "image/avif", b"avis": "image/avif", b"heic": "image/heic", b"heix": "image/heic",
    b"mif1": "image/heif", b"M4A ": "audio/mp4", b"M4B ": "audio/mp4", b"qt  ": "video/quicktime",
}  # fmt: skip
_BMP_HEAD = 14
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


def media_type_of(data: bytes) -> str | None:
    """The type of an image, of sound, film, a PDF file or a text; `None` for what is none of these."""
    for at, beginning, media_type in _BEGINNINGS:
        if data.startswith(beginning, at) and (media_type != "image/bmp" or _is_bmp(data)):
            return media_type
    if data[:4] in (b"RIFF", b"RF64") and data[8:12] in _RIFF:
        return _RIFF[data[8:12]]
    if data[4:8] == b"ftyp":
        return _BRANDS.get(data[8:12], "video/mp4")
    return _mpeg_sound(data) or ("text/plain" if _is_text(data) else None)


def _is_bmp(data: bytes) -> bool:
    # Two letters alone are the beginning of many texts.
    return len(data) > _BMP_HEAD and data[6:10] == b"\0\0\0\0"


def _mpeg_sound(data: bytes) -> str | None:
    """MPEG sound: tags before it, or a frame, which begins with eleven set bits, version, layer and rate."""
    if data.startswith(b"ID3") and len(data) > 3 and data[3] < 10:  # noqa: PLR2004  # the version of the tags
        return "audio/mpeg"
    if len(data) < 4 or data[0] != 0xFF or data[1] & 0xE0 != 0xE0:  # noqa: PLR2004
        return None
    version, layer, rate, pace = data[1] >> 3 & 3, data[1] >> 1 & 3, data[2] >> 4, data[2] >> 2 & 3
    if layer == 0:
        return "audio/aac" if data[1] & 0xF6 == 0xF0 else None  # noqa: PLR2004
    # Layers 2 and 3 only: the mark at the head of UTF-16 texts looks like one of layer 1.
    return "audio/mpeg" if layer in (1, 2) and version != 1 and rate != 15 and pace != 3 else None  # noqa: PLR2004


def _is_text(data: bytes) -> bool:
    if not data:
        return False
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    return _CONTROL.search(text) is None
