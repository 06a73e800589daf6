"""The models that a server lists, from whichever of the usual shapes it sends."""

from __future__ import annotations

import orjson

from g4f_nb.calls import Call
from g4f_nb.errors import UnreadableResponseError
from g4f_nb.failures import error_for, excerpt, read_complaint
from g4f_nb.secret import shown_address


def model_names(body: bytes, provider: str, call: Call) -> list[str]:
    """Names from `{data: […]}`, `{models: […]}` or a bare list, in `id` or `name`; the rest is left out."""
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError:
        # Refused below, outside of the handler: the parser's error holds the whole text.
        data = None
    complaint = read_complaint(data)
    if complaint is not None:
        raise error_for(complaint, secret=call.secret, provider=provider)
    entries = data
    if isinstance(data, dict):
        entries = data["data"] if isinstance(data.get("data"), list) else data.get("models")
    if not isinstance(entries, list):
        raise _no_list(body, provider, call)
    names: dict[str, None] = {}
    for entry in entries:
        name = (entry.get("id") or entry.get("name")) if isinstance(entry, dict) else entry
        if isinstance(name, str) and name:
            names[name] = None
    return list(names)


def _no_list(body: bytes, provider: str, call: Call) -> UnreadableResponseError:
    shown = excerpt(body.decode(errors="replace"), secret=call.secret)
    return UnreadableResponseError(
        f"{shown_address(call.url)} lists no models but sends {shown!r}: check api_base=", provider=provider
    )
