"""The models that a server lists: from whichever of the usual shapes it sends, kept for some minutes."""

from __future__ import annotations

import asyncio
import copy
import time
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar

import orjson

from g4f_nb import settings
from g4f_nb.calls import Call, Host
from g4f_nb.controls import clean
from g4f_nb.errors import G4FError, UnreadableResponseError
from g4f_nb.newest import Newest
from g4f_nb.notices import tell
from g4f_nb.providers.models.abilities import note_flags
from g4f_nb.secret import shown_address
from g4f_nb.wire.attempts import Attempts
from g4f_nb.wire.complaints import read_complaint
from g4f_nb.wire.failures import error_for, excerpt
from g4f_nb.wire.fetching import fetch

_Read = TypeVar("_Read")
_KEPT_FOR = 300.0
_listings: Newest[tuple[str, str], tuple[float, list[str]]] = Newest(256)
_under_way: dict[tuple[asyncio.AbstractEventLoop, Hashable], asyncio.Future[list[str]]] = {}


async def kept_models(
    cls: Any,
    host: Host,
    listed: Callable[[], Awaitable[list[str]]],
    *,
    refresh: bool,
    in_order: bool = False,
    way: Hashable = None,
) -> list[str]:
    """What `listed` gives, kept per address and key; where it fails, the class's own list, said aloud.

    It is kept as the server sent it, for another class may want that order; `in_order` sorts what is given.
    Who asks there for the same at the same time, in the same `way`, waits for the one request.
    """
    key = key_of_listing(host)
    kept = _listings.get(key)
    if kept is not None and not refresh and time.monotonic() - kept[0] < _KEPT_FOR:
        return sorted(kept[1]) if in_order else list(kept[1])
    try:
        names = await (listed() if refresh else _together((cls, key, way), listed))
    except G4FError as error:
        if not cls.fallback_models:
            raise
        tell(f"{cls.__name__} could not list its models ({error}); showing the list of the package")
        return list(cls.fallback_models)
    _listings[key] = (time.monotonic(), names)
    return sorted(names) if in_order else list(names)


async def _together(whose: Hashable, listed: Callable[[], Awaitable[list[str]]]) -> list[str]:
    """What `listed` gives or raises; what is under way on this loop already is waited for."""
    place = asyncio.get_running_loop(), whose
    while (first := _under_way.get(place)) is not None:
        await asyncio.wait({first})
        if first.cancelled():
            # Who had asked has given up.
            continue
        failure = first.exception()
        if failure is not None:
            raise copy.copy(failure)
        return first.result()
    mine = _under_way[place] = place[0].create_future()
    try:
        names = await listed()
    except G4FError as error:
        mine.set_exception(error.alone())
        # If nobody waits for it, it is no loss.
        mine.exception()
        raise
    else:
        mine.set_result(names)
        return names
    finally:
        del _under_way[place]
        mine.cancel()


def models_at_hand(host: Host) -> list[str] | None:
    """What was listed there before, however long ago; `None` if nothing was. Nothing is sent."""
    kept = _listings.get(key_of_listing(host))
    return None if kept is None else list(kept[1])


def key_of_listing(host: Host) -> tuple[str, str]:
    """Whose list it is: an address and a key, which may see other models than the next one."""
    return host.base, host.secret.fingerprint() if host.secret else ""


def model_names(body: bytes, provider: str, call: Call, *, base: str | None = None) -> list[str]:
    """Names from `{data: […]}`, `{models: […]}` or a bare list, in `id` or `name`; the rest is left out.

    With `base`, what the list says of its models beside their names is remembered for that address.
    """
    _, entries = read_listing(body, provider, call)
    if base is not None:
        note_flags(base, entries)
    return names_of(entries)


def read_listing(body: bytes, provider: str, call: Call) -> tuple[Any, list[Any]]:
    """What a server sent as its list of models, and the entries in it; what is no list is an error."""
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError:
        # Refused below, outside of the handler: the parser's error holds the whole text.
        data = None
    complaint = read_complaint(data)
    if complaint is not None:
        raise error_for(complaint, secret=call.secret, provider=provider)
    entries = entries_in(data)
    if entries is None:
        raise _no_list(body, provider, call)
    return data, entries


def entries_in(data: Any) -> list[Any] | None:
    """The entries of a listing in any of its shapes; `None` for what is none."""
    if isinstance(data, dict):
        data = data["data"] if isinstance(data.get("data"), list) else data.get("models")
    return data if isinstance(data, list) else None


def names_of(entries: list[Any]) -> list[str]:
    """The models' names, each once."""
    return list(dict.fromkeys(filter(None, map(name_of, entries))))


def name_of(entry: Any) -> str:
    """The name of one entry; `""` for what has none."""
    name = (entry.get("id") or entry.get("name")) if isinstance(entry, dict) else entry
    return clean(name) if isinstance(name, str) else ""


async def fetched(call: Call, read: Callable[[bytes], _Read]) -> _Read:
    """What `read` makes of a small answer; a failure that may pass is tried once more."""
    return await fetch(lambda: call, read, attempts=Attempts(1), limit=settings.current().max_event_bytes)


def _no_list(body: bytes, provider: str, call: Call) -> UnreadableResponseError:
    shown = excerpt(body.decode(errors="replace"), secret=call.secret)
    return UnreadableResponseError(
        f"{shown_address(call.url)} lists no models but sends {shown!r}: check api_base=", provider=provider
    )
