"""Images made from a prompt: the answer of `/images/generations`, to chunks."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Mapping
from typing import Any

from g4f_nb.calls import Call
from g4f_nb.chunks import Chunk, ImageResponse, ProviderInfo, Usage
from g4f_nb.errors import G4FError, InvalidParameterError
from g4f_nb.files.dataurls import data_url
from g4f_nb.files.kinds import media_type_of
from g4f_nb.providers.reading.answerer import Answerer
from g4f_nb.providers.reading.contents import images_in
from g4f_nb.providers.reading.lenient import read_json
from g4f_nb.providers.sending.fields import image_fields
from g4f_nb.wire.sse import too_long

PATH = "/images/generations"


def image_body(
    model: str, prompt: str, fields: Mapping[str, Any], *, allowed: Collection[str], provider: str
) -> dict[str, Any]:
    """The request's body; without a model where the server is to choose."""
    if not isinstance(prompt, str) or not prompt.strip():  # type: ignore[redundant-expr]  # a caller's mistake
        raise InvalidParameterError(
            "there is nothing to make an image of: prompt= is a text; else it is the last user message",
            provider=provider,
        )
    named = {"model": model} if model else {}
    return named | {"prompt": prompt} | image_fields(fields, allowed, provider)


def image_reader(call: Call, prompt: str, *, url: str, limit: int) -> Callable[[str], ImageReader]:
    """What makes the reader for the answer to this call."""

    def make(media_type: str) -> ImageReader:
        who = Answerer(
            provider=call.provider or "",
            model=call.model or "",
            url=url,
            media_type=media_type,
            secret=call.secret,
        )
        return ImageReader(who, prompt=prompt, limit=limit)

    return make


class ImageReader:
    """Reads one answer, whole: addresses, base64, or the image itself."""

    failure: G4FError | None = None
    # Nothing is given before the end, which is the whole.
    finish_reason: str | None = None
    partial = ""

    def __init__(self, who: Answerer, *, prompt: str, limit: int) -> None:
        self.done = False
        self.started = False
        self._who = who
        self._prompt = prompt
        self._limit = limit
        self._whole: list[bytes] = []
        # An image is long: as long as it comes, the server is at work.
        self.held = 0

    def feed(self, piece: bytes) -> list[str | Chunk]:
        """Take the next piece of the body."""
        self._whole.append(piece)
        self.held += len(piece)
        if self.held > self._limit:
            raise too_long(self._limit)
        return []

    def finish(self) -> list[str | Chunk]:
        """Who made them, one `ImageResponse`, and what it cost; an error if the body holds no image."""
        body = b"".join(self._whole)
        kind = media_type_of(body) or ""
        if kind.startswith("image/"):
            return self._told((data_url(body, kind),), {})
        try:
            data = read_json(body)
        except ValueError:
            data = None
        self._who.complain(data)
        entries = data
        if isinstance(data, dict):
            entries = data.get("data") or data.get("images") or data.get("output")
        urls: tuple[str, ...] = ()
        if isinstance(entries, list | str | dict) and entries:
            with contextlib.suppress(ValueError):
                urls = images_in(entries).urls
        if not urls:
            raise self._who.unreadable(body)
        return self._told(urls, data if isinstance(data, dict) else {})

    def _told(self, urls: tuple[str, ...], data: dict[str, Any]) -> list[str | Chunk]:
        self.started = self.done = True
        model = data.get("model")
        named = model if isinstance(model, str) and model else self._who.model
        out: list[str | Chunk] = [
            ProviderInfo(self._who.provider, named or None, self._who.url),
            ImageResponse(urls, self._prompt),
        ]
        usage = data.get("usage")
        if isinstance(usage, dict) and usage:
            out.append(Usage.from_json(usage))
        return out
