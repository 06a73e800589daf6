"""A request fitted to its service: the names, headers and addresses that its row says are different."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from g4f_nb.calls import Host
from g4f_nb.credentials import origin
from g4f_nb.notices import tell
from g4f_nb.providers.services.hosts import is_home, join
from g4f_nb.providers.services.rows import Row, rows

# What services put into their answers to find it again; no other service knows it.
_THOUGHTS = frozenset({
    "reasoning_content", "reasoning_details", "thinking_blocks", "reasoning_items", "thought_signatures",
})  # fmt: skip


def row_in_force(cls: Any, host: Host) -> Row | None:
    """The row whose peculiarities hold for a call, or `None`.

    A row's class talks to that service wherever it is reached. OpenAI's row is the exception: every
    compatible server is reached through it, so it holds at OpenAI's own address only.
    """
    row: Row | None = cls.row
    if row is not None and row is rows()["openai"] and origin(host.base) != origin(row.api_base):
        return None
    return row


def key_headers(row: Row | None, key: str) -> dict[str, str]:
    """The header that carries the key."""
    match row.auth if row else "bearer":
        case "none":
            return {}
        case "bearer":
            return {"Authorization": f"Bearer {key}"}
        case name:
            return {name: key}


def row_headers(row: Row | None, host: Host) -> Mapping[str, str]:
    """The headers that a row adds, at its own hosts only: they may be a key of the user's."""
    return row.headers if row is not None and row.headers and is_home(row, host) else {}


def models_url(row: Row | None, host: Host) -> str:
    """Where the models are listed: below the base, or on the same host where the row says."""
    if row is None or not row.models_path:
        return join(host.base, "/models")
    scheme, name, port = origin(host.base)
    usual = {"http": 80, "https": 443}[scheme] == port
    return f"{scheme}://{name}{'' if usual else f':{port}'}{row.models_path}"


def fitted_fields(row: Row | None, fields: Mapping[str, Any], provider: str) -> dict[str, Any]:
    """The given fields under the names that the service knows; what it does not know is left out, aloud."""
    given = {name: value for name, value in fields.items() if value is not None}
    if row is None:
        return given
    for name in row.drop:
        if given.pop(name, None) is not None:
            tell(f"{provider} does not know {name!r}: it is left out")
    if row.tools is False and given.get("tools"):
        tell(f"{provider} is not known to call tools: it may ignore them")
    for name, known_as in row.rename.items():
        if name in given:
            value = given.pop(name)
            given.setdefault(known_as, value)
    return given


def fitted_messages(row: Row | None, messages: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """The messages as the service takes them: without empty fields, and without reasoning it does not want.

    Messages that another client's objects were dumped to are full of nulls, which some services refuse.
    Reasoning is wanted, if at all, while tools are called: before the user's last question it is refused.
    """
    if row is None or not any(map(_is_cluttered, messages)):
        return messages
    kept = {"reasoning_details"} if row.name == "openrouter" else set()
    begin = len(messages)
    if row.returns_reasoning:
        asked = [at for at, message in enumerate(messages) if message.get("role") == "user"]
        begin = asked[-1] if asked else 0
    return [
        _cleared(message, kept | {"reasoning_content"} if at >= begin else kept)
        for at, message in enumerate(messages)
    ]


def _is_cluttered(message: Mapping[str, Any]) -> bool:
    return not _THOUGHTS.isdisjoint(message) or (len(message) > 2 and None in message.values())  # noqa: PLR2004


def _cleared(message: Mapping[str, Any], kept: Collection[str]) -> dict[str, Any]:
    return {
        name: value
        for name, value in message.items()
        if (value is not None or name == "content") and (name not in _THOUGHTS or name in kept)
    }
