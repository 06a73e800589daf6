"""Images: the answer of `/v1/images/generations`, and the small real PNG files that it is about."""

from __future__ import annotations

import base64
import hashlib
import re
import struct
import time
import zlib
from typing import Any

from .faults import Fault

Json = dict[str, Any]

# The models that make images, and what they do; `/v1/models` marks them.
MODELS = {
    "image": "makes an image of one colour, the prompt's own; gives its address, or base64 if asked",
    "image-b64": "the same, always as base64",
}
_MOST_PIXELS = 1024
_MOST_IMAGES = 10
_NAME = re.compile(r"([0-9a-f]{6})-(\d{1,4})x(\d{1,4})\.png", re.ASCII)


def made(body: Json, model: str, base: str) -> Json:
    """Answer one request for images, or raise a 400 `Fault`; `base` is where their files are served."""
    prompt, count, size = body.get("prompt"), body.get("n"), body.get("size") or "32x32"
    form = body.get("response_format") or "url"
    if not isinstance(prompt, str) or not prompt:
        raise Fault(400, "Missing required parameter: 'prompt'.", param="prompt")
    if count is not None and not (type(count) is int and 1 <= count <= _MOST_IMAGES):
        raise Fault(400, f"Invalid value for 'n': expected 1 to {_MOST_IMAGES}.", param="n")
    if form not in ("url", "b64_json"):
        raise Fault(400, f"Invalid value: {form!r}. Supported values are: 'url' and 'b64_json'.")
    names = [_name(f"{prompt}{number or ''}", size) for number in range(count or 1)]
    if form == "url" and model != "image-b64":
        data = [{"url": f"{base}/images/{name}"} for name in names]
    else:
        data = [{"b64_json": base64.b64encode(png(name)).decode()} for name in names]
    spent, said = len(prompt.split()), len(names)
    usage = {"input_tokens": spent, "output_tokens": said, "total_tokens": spent + said}
    return {"created": int(time.time()), "data": data, "usage": usage}


def png(name: str) -> bytes:
    """The file of that name; each name has one and the same. A 404 `Fault` for any other."""
    parts = _NAME.fullmatch(name)
    if parts is None:
        raise Fault(404, f"There is no image {name!r}.", code="not_found")
    width, height = int(parts[2]), int(parts[3])
    row = b"\0" + bytes.fromhex(parts[1]) * width
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(row * height)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _name(prompt: str, size: object) -> str:
    name = f"{hashlib.sha256(prompt.encode()).hexdigest()[:6]}-{size}.png"
    parts = _NAME.fullmatch(name)
    if parts is None or not all(1 <= int(side) <= _MOST_PIXELS for side in parts.groups()[1:]):
        raise Fault(400, f"Invalid value for 'size': {size!r}.", param="size")
    return name


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
