"""Which models a class offers where no list of its server says so, and which it takes if none is named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from g4f_nb.errors import ModelNotSupportedError
from g4f_nb.notices import tell

_NOT_FOR_CHAT = (
    "embed", "whisper", "tts", "dall-e", "gpt-image", "stable-diffusion", "flux", "moderation", "rerank",
    "transcribe",
)  # fmt: skip


def unlisted(cls: Any) -> list[str]:
    """The models of a service that publishes no list: its default, and that there are others."""
    where = f"; {cls.url} tells" if cls.url else ""
    if not cls.default_model:
        raise ModelNotSupportedError(
            f"{cls.__name__} publishes no list of its models: name one, as "
            f"{cls.__name__}:MODEL{where} which there are",
            provider=cls.__name__,
        )
    told = f"{cls.__name__} publishes no list of its models; its default is {cls.default_model}"
    tell(f"{told}{where} others")
    return [cls.default_model]


def first_that_chats(cls: Any, base: str, offered: Sequence[str]) -> str:
    """The first of a server's models that is none for other work, said aloud; `""` if there is none."""
    chat = [name for name in offered if not any(word in name.lower() for word in _NOT_FOR_CHAT)]
    model = next(iter(chat or offered), "")
    if model:
        tell(f"no model given: {cls.__name__} at {base} answers with its first, {model}")
    return model
