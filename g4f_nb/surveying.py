"""Which providers and models there are, as DataFrames; no host is contacted unless that is asked for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from g4f_nb import loops, ownloop
from g4f_nb.calls import Host
from g4f_nb.errors import G4FError, MissingAuthError, RequestTimeoutError
from g4f_nb.notices import tell
from g4f_nb.parameters import refuse_unknown
from g4f_nb.providers.discovery import Running, find_local
from g4f_nb.providers.entries import Known
from g4f_nb.providers.failing import last_failure
from g4f_nb.providers.flags import Flags, flags_of
from g4f_nb.providers.hosts import key_of
from g4f_nb.providers.known import everything
from g4f_nb.providers.model import Model, Provider
from g4f_nb.providers.registry import choose, find_known, options_for
from g4f_nb.providers.rows import Row
from g4f_nb.secret import Veiled, shown_address

if TYPE_CHECKING:
    import pandas as pd

ProviderName = str | Model | Provider

_TEXT, _FLAG = "string", "boolean"
# In the order of the columns; what is not known is NA.
_PROVIDERS: Mapping[str, str] = {
    "name": _TEXT,
    "label": _TEXT,
    "host": _TEXT,
    "key": _FLAG,
    "key_from": _TEXT,
    "ready": _FLAG,
    "working": _FLAG,
    "local": _FLAG,
    "running": _FLAG,
    "streaming": _FLAG,
    "tools": _FLAG,
    "vision": _FLAG,
    "json_mode": _TEXT,
    "default_model": _TEXT,
    "context": "Int64",
    "models": "Int64",
    "latency_ms": "Float64",
    "checked": _FLAG,
    "problem": _TEXT,
    "last_error": _TEXT,
    "last_error_at": "datetime64[ns, UTC]",
    "source": _TEXT,
}
_MODELS: Mapping[str, str] = {
    "name": _TEXT,
    "provider": _TEXT,
    "model": _TEXT,
    "context": "Int64",
    "vision": _FLAG,
    "makes_images": _FLAG,
    "owner": _TEXT,
    "created": "datetime64[ns, UTC]",
}

# A moment that tables can hold.
_LAST = 9e9


@dataclass(slots=True)
class _Line:
    """One provider on its way into the table."""

    cells: dict[str, Any]
    provider: Provider | None = None
    host: Host | None = None
    row: Row | None = None
    models: Sequence[str] = field(default_factory=tuple)
    # What its requests take beside the host: proxy, certificates and the like.
    way: Mapping[str, Any] = field(default_factory=dict, repr=False)


def list_providers(
    *names: str | Provider,
    check: bool = False,
    timeout: float = 10.0,
    **where: bool,
) -> pd.DataFrame:
    """Every provider that can be named: its host, whether its key is there, what it can do.

    Keywords keep those of which a column says so: `ready=True` (could be called now), `key=`, `tools=`,
    `vision=`, `streaming=`, `working=`, `checked=`, `local=`. Names keep the named ones.

    Nobody is contacted, with two exceptions that have to be asked for. `local=True` looks for servers on this
    machine, which takes 0.3 s at most, and says which are `running`. `check=True` fetches the list of models
    from the hosts of those that are kept, all at once, and tells how long each took (`latency_ms`) or what
    went wrong (`problem`); none gets longer than `timeout` seconds.
    """
    lines = _survey(names, where)
    contact = _contact(lines, local=where.get("local"), check=check, timeout=timeout)
    ownloop.own_loop().submit(contact).result()
    return _providers_frame(lines, where)


async def list_providers_async(
    *names: str | Provider,
    check: bool = False,
    timeout: float = 10.0,  # noqa: ASYNC109  # a limit on each of many
    **where: bool,
) -> pd.DataFrame:
    """`list_providers` for `await`."""
    lines = _survey(names, where)
    await loops.call(_contact(lines, local=where.get("local"), check=check, timeout=timeout))
    return _providers_frame(lines, where)


def list_models(
    *providers: ProviderName, match: str = "", refresh: bool = False, timeout: float = 30.0
) -> pd.DataFrame:
    """The models of a provider, as its server lists them; of several, all at once.

        nb.list_models("openrouter", match="llama")

    Without any, it is the provider in use. `name` is what one writes. The lists are kept for some minutes;
    `refresh=True` fetches them anew. Of several providers, one that fails is told and left out.
    """
    asked = _askable(providers)
    listed = ownloop.own_loop().submit(_list(asked, refresh=refresh, timeout=timeout)).result()
    return _models_frame(asked, listed, match)


async def list_models_async(
    *providers: ProviderName,
    match: str = "",
    refresh: bool = False,
    timeout: float = 30.0,  # noqa: ASYNC109  # a limit on silence
) -> pd.DataFrame:
    """`list_models` for `await`."""
    asked = _askable(providers)
    listed = await loops.call(_list(asked, refresh=refresh, timeout=timeout))
    return _models_frame(asked, listed, match)


# ---- providers -------------------------------------------------------------------------------------


def _survey(names: Sequence[str | Provider], where: Mapping[str, bool]) -> list[_Line]:
    """What is known without asking anybody; keys are looked for here, on the caller's own thread."""
    filters = [name for name, kind in _PROVIDERS.items() if kind == _FLAG]
    refuse_unknown(where, [*filters, "check", "timeout"], provider="list_providers")
    chosen = [find_known(name) for name in names] if names else everything()
    return [_line(known) for known in chosen]


def _line(known: Known) -> _Line:
    cells: dict[str, Any] = {"name": known.name, "source": known.source, "problem": known.fault}
    line = _Line(cells, row=known.row)
    if known.fault is not None:
        cells["ready"] = False
    elif not known.foreign:
        line.provider = known.load()
        _describe(line, line.provider)
    return line


def _describe(line: _Line, cls: Provider) -> None:
    cells = line.cells
    try:
        line.host = cls.look_up_host()
    except G4FError as error:
        cells["problem"] = str(error)
    host, row = line.host, line.row
    if host is not None:
        cells["host"] = shown_address(host.base)
        cells["key"] = True if host.secret else False if host.missing else None
        cells["key_from"] = host.key_source
        if host.missing:
            cells["problem"] = f"no key: set {host.key_names[0]}" if host.key_names else host.missing
    elif row is not None:
        # It has no address yet; its key may be there all the same.
        found = key_of(row)
        cells["key"], cells["key_from"] = found is not None, found and found.source
    local = row is not None and row.local
    cells |= {
        "label": cls.label or cls.__name__,
        "working": cls.working,
        "local": local,
        "streaming": cls.supports_stream,
        "default_model": getattr(cls, "default_model", None) or (row.default_model if row else None) or None,
        # Whether a local server runs is not known before it is asked.
        "ready": None if local else cls.working and not cells["problem"],
    }
    if row is not None:
        cells |= {
            "tools": row.tools,
            "vision": row.vision,
            "json_mode": row.json_mode or None,
            "context": row.context.get(row.default_model),
            "checked": row.checked,
        }
    failure = last_failure(cls.__name__)
    if failure is not None:
        cells["last_error"] = failure.error
        cells["last_error_at"] = datetime.fromtimestamp(failure.at, tz=UTC)


async def _contact(lines: list[_Line], *, local: bool | None, check: bool, timeout: float) -> None:  # noqa: ASYNC109
    """Ask those who shall be asked, and write down what they say."""
    if local:
        rows = {
            line.row.name: line for line in lines if line.row and line.row.local and not line.cells["problem"]
        }
        found = await find_local([line.row for line in rows.values() if line.row])
        for line in rows.values():
            line.cells["running"] = line.cells["ready"] = False
        for server in found:
            line = rows.get(server.row or "") or _unknown(server)
            if server.row is None:
                lines.append(line)
            line.cells |= {"running": True, "ready": True, "host": server.base}
            line.cells["models"] = None if server.models is None else len(server.models)
            line.cells["latency_ms"] = server.seconds * 1000
    if check:
        await asyncio.gather(*(_check(line, timeout) for line in lines if _can_be_checked(line)))


def _unknown(server: Running) -> _Line:
    said = f" ({server.owner})" if server.owner else ""
    return _Line(
        {
            "name": "OpenaiTemplate",
            "label": f"a server that no row knows{said}",
            "local": True,
            "source": "found on this machine",
            "problem": f'call it with api_base="{server.base}"',
        }
    )


def _can_be_checked(line: _Line) -> bool:
    cls, host = line.provider, line.host
    listed = line.row is None or line.row.lists_models
    own_list = bool(getattr(cls, "models", None))
    return (
        hasattr(cls, "get_models_async") and host is not None and not host.missing and listed and not own_list
    )


async def _check(line: _Line, timeout: float) -> None:  # noqa: ASYNC109
    cls: Any = line.provider
    start = time.perf_counter()
    try:
        async with asyncio.timeout(timeout):
            names = await cls.get_models_async(**_bound(line.host), refresh=True)
    except G4FError as error:
        problem = str(error)
    except TimeoutError:
        problem = str(RequestTimeoutError(f"{cls.__name__} did not list its models within {timeout:g} s"))
    else:
        line.cells["models"] = len(names)
        line.cells["latency_ms"] = (time.perf_counter() - start) * 1000
        if line.cells["local"]:
            line.cells["running"] = line.cells["ready"] = True
        return
    line.cells["problem"] = problem
    line.cells["working"] = line.cells["ready"] = False


def _providers_frame(lines: Iterable[_Line], where: Mapping[str, bool]) -> pd.DataFrame:
    frame = _frame([line.cells for line in lines], _PROVIDERS)
    for name, wanted in where.items():
        frame = frame[(frame[name] == bool(wanted)).fillna(False)]  # noqa: FBT003  # pandas' own
    return frame.reset_index(drop=True)


# ---- models ----------------------------------------------------------------------------------------


def _askable(providers: Sequence[ProviderName]) -> list[_Line]:
    """The providers with what a call to each carries along; a missing key is an error here."""
    return [_askable_one(each) for each in providers or (None,)]


def _askable_one(whose: ProviderName | None) -> _Line:
    options = options_for(whose, None, {})
    cls = choose(whose.name if isinstance(whose, Model) else whose)[0]
    host = cls.look_up_host(**{name: options[name] for name in cls.host_options if options.get(name)})
    if host is not None and host.missing:
        raise MissingAuthError(host.missing, provider=cls.__name__)
    row = getattr(cls, "row", None)
    way = Veiled((name, options[name]) for name in cls.listing_options if options.get(name) is not None)
    return _Line({}, provider=cls, host=host, row=row if isinstance(row, Row) else None, way=way)


async def _list(asked: Sequence[_Line], *, refresh: bool, timeout: float) -> list[list[str] | G4FError]:  # noqa: ASYNC109
    async def one(line: _Line) -> list[str] | G4FError:
        try:
            return await _names(line, refresh=refresh, timeout=timeout)
        except G4FError as error:
            if len(asked) == 1:
                raise
            return error

    return await asyncio.gather(*map(one, asked))


async def _names(line: _Line, *, refresh: bool, timeout: float) -> list[str]:  # noqa: ASYNC109
    cls: Any = line.provider
    if hasattr(cls, "get_models_async"):
        given = Veiled({**line.way, **_bound(line.host)})
        found: list[str] = await cls.get_models_async(**given, refresh=refresh, timeout=timeout)
        return found
    return list(cls.get_models()) if hasattr(cls, "get_models") else []


def _bound(host: Host | None) -> dict[str, Any]:
    given = host.options() if host is not None else {}
    given.pop("api_endpoint", None)
    return given


def _models_frame(asked: Sequence[_Line], listed: Sequence[list[str] | G4FError], match: str) -> pd.DataFrame:
    cells = []
    for line, names in zip(asked, listed, strict=True):
        provider = line.provider.__name__ if line.provider else ""
        if isinstance(names, G4FError):
            tell(f"{provider} could not list its models: {names}", once=False)
            continue
        cells += [_model_cells(line, provider, name) for name in names if match.lower() in name.lower()]
    return _frame(cells, _MODELS)


def _model_cells(line: _Line, provider: str, name: str) -> dict[str, Any]:
    """What is known of a model: what its server's list said, else the row."""
    said = flags_of(str.__str__(line.host.base)) if line.host else Flags()
    return {
        "name": f"{provider}:{name}",
        "provider": provider,
        "model": name,
        "context": said.contexts.get(name) or (line.row.context.get(name) if line.row else None),
        # A list that marks some of its models says of the others that they are none of these.
        "vision": name in said.vision_models if said.vision_models else None,
        "makes_images": name in said.image_models if said.image_models else None,
        "owner": said.owners.get(name),
        "created": _moment(said.created.get(name, 0)),
    }


def _moment(seconds: float) -> datetime | None:
    """When that was; some servers count milliseconds."""
    if seconds > _LAST:
        seconds /= 1000
    return datetime.fromtimestamp(seconds, tz=UTC) if 0 < seconds <= _LAST else None


def _frame(cells: Sequence[Mapping[str, Any]], dtypes: Mapping[str, str]) -> pd.DataFrame:
    import pandas as pd

    columns = {
        name: pd.Series([each.get(name) for each in cells], dtype=dtype) for name, dtype in dtypes.items()
    }
    return pd.DataFrame(columns)
