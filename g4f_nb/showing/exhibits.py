"""Images and sound that came with an answer, as HTML that holds them and nothing else.

Only what is there already is shown: an image at an address would be loaded from it, which tells its owner
who reads what. Bytes are decoded, looked into and encoded anew, so that nothing else can hide in them.
"""

from __future__ import annotations

from collections.abc import Iterator

from g4f_nb.chunks import AudioResponse
from g4f_nb.files.dataurls import data_url, is_data_url, read_data_url
from g4f_nb.files.kinds import media_type_of

# What every browser shows and what cannot hold a script, as SVG can.
_SHOWN = {"image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp", "image/avif"}
_HEARD = {"audio/mpeg", "audio/wav", "audio/flac", "audio/ogg", "audio/aac", "audio/mp4"}
# Bytes of all exhibits of one answer: what is shown is saved in the notebook.
_MOST = 32 * 1024 * 1024


def exhibits(images: tuple[str, ...], audio: AudioResponse | None) -> Iterator[str]:
    """One HTML element each, for what can be shown without asking anybody for it."""
    left = _MOST
    for number, url in enumerate(images, 1):
        found = _image(url)
        if found is not None and len(found[1]) <= left:
            left -= len(found[1])
            alt = f"image {number}" if len(images) > 1 else "image"
            yield f'<img alt="{alt}" src="{data_url(found[1], found[0])}">'
    if audio is not None and audio.data:
        data = audio.as_file()
        kind = media_type_of(data)
        if kind in _HEARD and len(data) <= left:
            yield f'<audio controls src="{data_url(data, kind)}"></audio>'


def shown_image(url: str) -> str | None:
    """An image's `data:` URL encoded anew, if it is one that is shown."""
    found = _image(url)
    return data_url(found[1], found[0]) if found is not None and len(found[1]) <= _MOST else None


def _image(url: str) -> tuple[str, bytes] | None:
    if not is_data_url(url):
        return None
    try:
        _, data = read_data_url(url)
    except ValueError:
        return None
    kind = media_type_of(data)
    return (kind, data) if kind in _SHOWN else None
