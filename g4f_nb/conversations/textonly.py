"""Pictures and files in a dialogue, for a model that takes text only: a line stands for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from g4f_nb.providers.models.abilities import flags_of
from g4f_nb.providers.registry import Resolution

_TEXTS = ("text", "input_text", "output_text")
_PICTURES = ("image_url", "input_image")
_WORDS = {"image_url": "a picture", "input_image": "a picture", "video_url": "a film", "input_audio": "sound"}


def readable(
    messages: Sequence[Mapping[str, Any]], where: Resolution
) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
    """The messages as whoever answers can read them, and what the user should know of it."""
    kinds = {kind for message in messages for kind in _files_in(message.get("content"))}
    if not kinds or _takes(where, kinds):
        return [dict(message) for message in messages], ()
    notice = f"{where.label} takes text only: a line stands for each picture and file"
    return [_in_words(message) for message in messages], (notice,)


def _takes(where: Resolution, kinds: set[str]) -> bool:
    if where.places:
        # Each of several sends what it can; where none of them takes files, no parts help.
        return any(place.where is None or _takes(place.where, kinds) for place in where.places)
    if "media" not in where.provider.get_parameters():
        return False
    seeing = flags_of(str.__str__(where.address.base)).vision_models if where.address else frozenset()
    # A list that marks some of its models says of the others that they see nothing.
    return not (seeing and kinds <= set(_PICTURES) and where.model not in seeing)


def _files_in(content: Any) -> list[str]:
    if not isinstance(content, list | tuple):
        return []
    kinds = [str(part.get("type")) for part in content if isinstance(part, Mapping)]
    return [kind for kind in kinds if kind not in _TEXTS]


def _in_words(message: Mapping[str, Any]) -> dict[str, Any]:
    content = message.get("content")
    if not isinstance(content, list | tuple):
        return dict(message)
    return {**message, "content": "\n\n".join(map(_words_of, content))}


def _words_of(part: Any) -> str:
    if not isinstance(part, Mapping):
        return str(part)
    if part.get("type") in _TEXTS:
        return str(part.get("text") or "")
    return f"({_WORDS.get(str(part.get('type')), 'a file')} that cannot be shown to you)"
