"""What a picture costs in tokens, by the rules that the services publish, and how large it is."""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Callable

# Where the size is not known, as of a picture that is given by its address.
UNKNOWN_SIZE = (1024, 1024)


def size_of(data: bytes) -> tuple[int, int] | None:
    """Width and height of a PNG, GIF, JPEG or WebP file; `None` where they cannot be read."""
    try:
        if data.startswith(b"\x89PNG\r\n\x1a\n"):
            return struct.unpack(">II", data[16:24])
        if data[:4] == b"GIF8":
            return struct.unpack("<HH", data[6:10])
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return _webp(data)
        if data.startswith(b"\xff\xd8"):
            return _jpeg(data)
    except (struct.error, IndexError):
        pass
    return None


def picture_tokens(model: str, size: tuple[int, int], *, detail: str = "") -> int:
    """About how many tokens a picture of this size has for a model."""
    width, height = max(1, size[0]), max(1, size[1])
    for pattern, rule in _RULES:
        if re.search(pattern, model):
            return rule(width, height, detail)
    return _tiles(width, height, detail)


def _tiles(width: int, height: int, detail: str, base: int = 85, tile: int = 170) -> int:
    """OpenAI's older rule: 2048 at most, the shorter side 768, squares of 512."""
    if detail == "low":
        return base
    width, height = _within(width, height, 2048)
    scale = min(1.0, 768 / min(width, height))
    return base + tile * math.ceil(width * scale / 512) * math.ceil(height * scale / 512)


def _small_tiles(width: int, height: int, detail: str) -> int:
    return _tiles(width, height, detail, 2833, 5667)


def _patches(factor: float) -> Callable[[int, int, str], int]:
    """OpenAI's newer rule: squares of 32, 1,536 of them at most, times a factor of the model."""

    def rule(width: int, height: int, _: str) -> int:
        return math.ceil(min(1536, math.ceil(width / 32) * math.ceil(height / 32)) * factor)

    return rule


def _claude(width: int, height: int, _: str) -> int:
    """Anthropic's rule: 1,568 at most, 750 pixels a token."""
    width, height = _within(width, height, 1568)
    return min(1600, math.ceil(width * height / 750))


def _gemini(width: int, height: int, _: str) -> int:
    """Google's rule: 258 for a small picture, and for each square of 768 of a larger one."""
    if max(width, height) <= 384:  # noqa: PLR2004
        return 258
    return 258 * math.ceil(width / 768) * math.ceil(height / 768)


_RULES: tuple[tuple[str, Callable[[int, int, str], int]], ...] = (
    (r"claude", _claude),
    (r"gemini|gemma", _gemini),
    (r"gpt-4o-mini", _small_tiles),
    (r"gpt-4\.1-nano|gpt-5(?:\.\d)?-nano", _patches(2.46)),
    (r"gpt-4\.1-mini|gpt-5(?:\.\d)?-mini", _patches(1.62)),
    (r"o4-mini", _patches(1.72)),
)


def _within(width: int, height: int, most: int) -> tuple[int, int]:
    scale = min(1.0, most / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def _webp(data: bytes) -> tuple[int, int] | None:
    kind = data[12:16]
    if kind == b"VP8X":
        return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
    if kind == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 ":
        width, height = struct.unpack("<HH", data[26:30])
        return width & 0x3FFF, height & 0x3FFF
    return None


def _jpeg(data: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 <= len(data):
        if data[at] != 0xFF:  # noqa: PLR2004
            return None
        kind = data[at + 1]
        # A frame's header, which is none of the tables that share its numbers.
        if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):  # noqa: PLR2004
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return width, height
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None
