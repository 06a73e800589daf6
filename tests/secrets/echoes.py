"""What a server says that repeats what it was sent: keys, too, in every form."""

from __future__ import annotations

import base64
import html
from urllib.parse import quote, urlsplit

from small_server import events

_HALF = {"choices": [{"index": 0, "delta": {"content": "half"}}]}


def echo(seen):
    """Repeats the whole request in its complaint: address, headers and body; the path says in which form."""
    # To a proxy the whole address is sent.
    case = (urlsplit(seen.path).path or seen.path).split("/")[1]
    words = f"{seen.path} {seen.headers} {seen.raw.decode()}"
    error = {"error": {"message": f"no: {words}", "code": words, "type": words}}
    page = f"<html><title>{html.escape(words)}</title><body>{html.escape(words)}</body></html>"
    return {
        "401": (401, error),
        "429": (429, error),
        "200": (200, error),
        "list": (200, [error]),
        "detail": (422, {"detail": [{"msg": words}]}),
        "midstream": (200, events(_HALF, error), "text/event-stream"),
        "page": (502, page.encode(), "text/html"),
        "page-200": (200, page.encode(), "text/html"),
        "text": (500, words.encode(), "text/plain"),
        "quoted": (400, quote(words).encode(), "text/plain"),
        "no-json": (200, f'{{"choices": {words}'.encode(), "application/json"),
        "no-frame": (200, f"data: {words}\n\n".encode(), "text/event-stream"),
        "no-answer": (200, {"said": words}),
        "base64": (400, {"error": {"message": base64.b64encode(words.encode()).decode()}}),
        "cut": (400, {"error": {"message": " ".join(_cut(value) for value in seen.headers.values())}}),
    }[case]


def _cut(value):
    """A header without its last letters: a part of what a server was sent."""
    return value[:-6]


ECHOES = [
    "401", "429", "200", "list", "detail", "midstream", "page", "page-200", "text", "quoted", "no-json",
    "no-frame", "no-answer", "base64", "cut",
]  # fmt: skip
