"""What GigaChat answers to inquiries beside the chat, as plain lists and numbers."""

from __future__ import annotations

from typing import Any

from g4f_nb.controls import clean
from g4f_nb.errors import UnreadableResponseError
from g4f_nb.secret import Secret
from g4f_nb.wire.complaints import as_text
from g4f_nb.wire.failures import excerpt


def models_of(data: Any, *, provider: str, secret: Secret | None) -> list[str]:
    """The names of chat models; where the list tells no kinds, models for vectors are known by their name."""
    entries = data.get("data") if isinstance(data, dict) else None
    if not isinstance(entries, list):
        raise _unreadable(data, "lists no models", provider, secret)
    names: dict[str, None] = {}
    for entry in entries:
        if isinstance(entry, dict) and isinstance(entry.get("id"), str):
            kind = entry.get("type")
            if kind == "chat" or (kind is None and "embeddings" not in entry["id"].lower()):
                names[clean(entry["id"])] = None
    return sorted(names)


def counts_of(data: Any, *, asked: int, provider: str, secret: Secret | None) -> list[int]:
    """The tokens of each text."""
    counts = [
        entry["tokens"]
        for entry in (data if isinstance(data, list) else ())
        if isinstance(entry, dict) and isinstance(entry.get("tokens"), int)
    ]
    if len(counts) != asked:
        raise _unreadable(data, f"counts not the tokens of {asked} texts", provider, secret)
    return counts


def vectors_of(data: Any, *, asked: int, provider: str, secret: Secret | None) -> list[list[float]]:
    """The vector of each text, in the order of the texts."""
    entries = data.get("data") if isinstance(data, dict) else None
    found = [
        entry
        for entry in (entries if isinstance(entries, list) else ())
        if isinstance(entry, dict) and _is_vector(entry.get("embedding"))
    ]
    if len(found) != asked:
        raise _unreadable(data, f"gives not the vectors of {asked} texts", provider, secret)
    found.sort(key=lambda entry: entry["index"] if isinstance(entry.get("index"), int) else 0)
    return [entry["embedding"] for entry in found]


def balance_of(data: Any, *, provider: str, secret: Secret | None) -> dict[str, float]:
    """What is left, by model."""
    entries = data.get("balance") if isinstance(data, dict) else None
    if not isinstance(entries, list):
        raise _unreadable(data, "tells no balance", provider, secret)
    return {
        str(entry.get("usage")): entry["value"]
        for entry in entries
        if isinstance(entry, dict) and isinstance(entry.get("value"), int | float)
    }


def _is_vector(value: Any) -> bool:
    return isinstance(value, list) and all(type(number) in (int, float) for number in value)


def _unreadable(data: Any, fault: str, provider: str, secret: Secret | None) -> UnreadableResponseError:
    return UnreadableResponseError(
        f"{provider} {fault} but sends {excerpt(as_text(data), secret=secret)!r}: check api_base=",
        provider=provider,
    )
