"""A message's content that is a list of parts: text, thoughts, images, refusals."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from g4f_nb.chunks import Chunk, ImageResponse, Reasoning, Refusal
from g4f_nb.files.dataurls import data_url, from_base64, is_data_url
from g4f_nb.files.kinds import media_type_of
from g4f_nb.providers.reading.thoughts import words_of

_THINKING = ("thinking", "reasoning", "reasoning_content", "thought")
_IMAGE = "image"
_WEB = re.compile("https?://", re.IGNORECASE)


def parts_of(content: Any) -> Iterator[str | Chunk]:
    """Each part as a chunk, text as `str`; parts of a kind that nobody knows are left out.

    `ValueError` for a content that is no list, and for an image that is none.
    """
    if isinstance(content, dict):
        content = [content]
    if not isinstance(content, list):
        raise ValueError("no content")  # noqa: TRY004  # the server's mistake, not a caller's
    for part in content:
        if isinstance(part, str):
            yield part
        elif isinstance(part, dict):
            yield from _part(part)


def images_in(images: Any) -> ImageResponse:
    """The images of a message's own list of them, as OpenRouter sends; `ValueError` for one that is none."""
    if not isinstance(images, list):
        images = [images]
    return ImageResponse(tuple(_address(image) for image in images), _IMAGE)


def _part(part: dict[str, Any]) -> Iterator[str | Chunk]:
    kind = part.get("type")
    for name in _THINKING:
        if kind == name or part.get(name):
            words = words_of(part)
            if words:
                yield Reasoning(words)
            return
    text = part.get("text")
    if isinstance(text, dict):
        text = text.get("value")
    if isinstance(text, str) and text:
        yield text
    elif isinstance(part.get("refusal"), str) and part["refusal"]:
        yield Refusal(part["refusal"])
    elif isinstance(kind, str) and "image" in kind and len(part) > 1:
        yield images_in([part])


def _address(image: Any) -> str:
    """The address of one image, whatever it is wrapped in; base64 becomes a `data:` URL."""
    if isinstance(image, dict):
        for name in ("image_url", "url", "image", "source", "b64_json", "data", "base64"):
            if image.get(name):
                return _address(image[name])
    elif isinstance(image, str) and image:
        return image if _WEB.match(image) or is_data_url(image) else _from_base64(image)
    raise ValueError("no image")


def _from_base64(text: str) -> str:
    try:
        data = from_base64(text)
    except ValueError:
        if text.startswith("/") and not any(map(str.isspace, text)):
            # An address on the server itself; base64 of a JPEG begins like one.
            return text
        raise
    kind = media_type_of(data)
    if kind == "text/plain" and b"<svg" in data[:1000]:
        kind = "image/svg+xml"
    if kind is None or not kind.startswith("image/"):
        raise ValueError("no image")
    return data_url(data, kind)
