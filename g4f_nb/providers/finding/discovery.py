"""Which local servers run on this machine now: their ports are asked, loopback only, all at once.

Nobody is asked who was not named by a row of the catalog, no key is sent, no redirect is followed, and a port
that does not answer like a model server is asked nothing more.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson

from g4f_nb.controls import clean
from g4f_nb.credentials import origin
from g4f_nb.errors import InvalidParameterError, shorten
from g4f_nb.providers.models.listing import entries_in, names_of
from g4f_nb.providers.services.hosts import base_from_environment, join
from g4f_nb.providers.services.rows import Row

if TYPE_CHECKING:
    import aiohttp

WITHIN = 0.3
_OK = 200
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_LONGEST = 4 * 1024 * 1024
# What servers write into `owned_by` beside each of their models, or into the header `Server`.
_OWNERS = {"library": "ollama", "organization_owner": "lmstudio"}
# Where that does not tell: a path that only this server answers.
_SIGNS = {
    "ollama": "/api/version",
    "lmstudio": "/api/v0/models",
    "vllm": "/version",
    "llamacpp": "/props",
    "localai": "/readyz",
    "textgen": "/v1/internal/model/info",
    "koboldcpp": "/api/extra/version",
    "g4f": "/v1/providers",
    "litellm": "/health/liveliness",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A server that answered: the row it was recognised as (`None`: some other), and what it offers.

    `models` is `None` where it asks for a key before it tells.
    """

    row: str | None
    base: str
    models: tuple[str, ...] | None
    owner: str
    seconds: float


async def find_local(rows: Sequence[Row], *, within: float = WITHIN) -> list[Running]:
    """The servers among these rows' addresses that answer within so many seconds altogether."""
    import aiohttp

    ports: dict[tuple[str, int], list[Row]] = {}
    for row in rows:
        base = local_base(row)
        if base is not None:
            ports.setdefault(origin(base)[1:], []).append(row)
    if not ports:
        return []
    # A session of its own: no proxy of the environment shall carry these requests elsewhere.
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        tasks = [asyncio.create_task(_ask(session, each)) for each in ports.values()]
        done, late = await asyncio.wait(tasks, timeout=within)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
    answers = [task.result() for task in tasks if task in done]
    return [answer for answer in answers if answer is not None]


def local_base(row: Row) -> str | None:
    """Where a row's server would be on this machine; `None` for one that is elsewhere."""
    try:
        given = base_from_environment(row)
    except InvalidParameterError:
        return None
    base = given[0] if given else row.api_base
    return base if row.local and base and urlsplit(base).hostname in _LOOPBACK else None


async def _ask(session: aiohttp.ClientSession, rows: list[Row]) -> Running | None:
    base = local_base(rows[0]) or ""
    start = time.perf_counter()
    status, body, server = await _get(session, join(base, "/models"))
    seconds = time.perf_counter() - start
    entries = entries_in(_json(body)) if status == _OK else None
    if entries is None and status not in (401, 403):
        return None
    # It stands in a table, and whoever listens there may have written anything.
    owner = shorten(clean(_owner(entries) or server), 100)
    known = next((row.name for row in rows if row.name == _row_of(owner)), None)
    if known is None:
        known = await _recognised(session, base, rows)
    models = None if entries is None else tuple(names_of(entries))
    return Running(row=known, base=base, models=models, owner=owner, seconds=seconds)


async def _recognised(session: aiohttp.ClientSession, base: str, rows: list[Row]) -> str | None:
    """Which of the servers that share a port this one is, by a path that it alone answers."""
    root = f"{urlsplit(base).scheme}://{urlsplit(base).netloc}"
    signed = [row.name for row in rows if row.name in _SIGNS]
    found = await asyncio.gather(*(_get(session, root + _SIGNS[name]) for name in signed))
    sure = [name for name, (status, _, _) in zip(signed, found, strict=True) if status == _OK]
    unsigned = [row.name for row in rows if row.name not in _SIGNS]
    # One that has no sign is what is left when no other has shown its own.
    return next(iter(sure), unsigned[0] if len(unsigned) == 1 and signed else None)


async def _get(session: aiohttp.ClientSession, url: str) -> tuple[int, bytes, str]:
    import aiohttp

    try:
        async with session.get(url, allow_redirects=False) as response:
            body = await response.content.read(_LONGEST)
            while len(body) < _LONGEST and (piece := await response.content.read(_LONGEST)):
                body += piece
            return response.status, body, response.headers.get("Server", "")
    except (aiohttp.ClientError, OSError, ValueError):
        return 0, b"", ""


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def _owner(entries: list[Any] | None) -> str:
    first = entries[0] if entries else None
    owner = first.get("owned_by") if isinstance(first, Mapping) else None
    return owner if isinstance(owner, str) else ""


def _row_of(owner: str) -> str:
    plain = owner.partition("/")[0].lower().replace(".", "").replace("-", "")
    return _OWNERS.get(owner, plain)
