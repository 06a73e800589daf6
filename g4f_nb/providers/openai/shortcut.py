"""The commonest whole answer, one text and nothing beside it, read on a short way."""

from __future__ import annotations

import orjson

from g4f_nb.chunks import Chunk, FinishReason, ProviderInfo, Usage
from g4f_nb.providers.reading.answerer import id_of
from g4f_nb.providers.reading.citations import FIELDS


def plain_answer(
    body: bytes, *, provider: str, model: str, url: str, think: bool = True
) -> list[str | Chunk] | None:
    """The chunks of the commonest whole answer, one text and nothing beside it; `None` for any other.

    A small request spends more on `ChatReader` than on the network; this is a fifth of it.
    """
    try:
        data = orjson.loads(body)
        (choice,) = data["choices"]
        message, usage = choice["message"], data.get("usage")
        text, reason = message["content"], choice["finish_reason"]
        usual = data.get("error") is None and not choice.get("index") and data.keys().isdisjoint(FIELDS)
        if "error" in choice or reason == "error":
            return None
        if (
            not usual
            or type(text) is not str
            or type(reason) is not str
            or not text
            or (think and "<" in text[:64])
        ):
            return None
        size = len(message)
        beside = size > 1 and (size > 2 or "role" not in message)  # noqa: PLR2004  # role and content
        if beside and any(message[name] for name in message.keys() - {"role", "content"}):
            return None
        named = data.get("model")
        who = ProviderInfo(provider, named if isinstance(named, str) and named else model, url, id_of(data))
        told = [Usage.from_json(usage)] if isinstance(usage, dict) and usage else []
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError):
        return None
    return [who, text, *told, FinishReason(reason)]
