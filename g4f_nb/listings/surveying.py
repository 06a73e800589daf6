"""Which providers there are, as a DataFrame; no host is contacted unless that is asked for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from g4f_nb import loops
from g4f_nb.calls import Host
from g4f_nb.costs.tokens import context_size
from g4f_nb.entering import check_switch
from g4f_nb.environment import variable
from g4f_nb.errors import G4FError, RequestTimeoutError
from g4f_nb.listings.modeltable import FLAG, TEXT, bound_to, frame_of
from g4f_nb.loops import ownloop
from g4f_nb.parameters import refuse_unknown
from g4f_nb.providers.failing import last_failure
from g4f_nb.providers.finding.discovery import Running, find_local
from g4f_nb.providers.finding.entries import Known
from g4f_nb.providers.finding.known import everything
from g4f_nb.providers.models.model import Provider, several_named
from g4f_nb.providers.registry import find_known
from g4f_nb.providers.services.hosts import key_of
from g4f_nb.providers.services.rows import Row
from g4f_nb.secret import shown_address

if TYPE_CHECKING:
    import pandas as pd

# In the order of the columns; what is not known is NA.
_PROVIDERS: Mapping[str, str] = {
    "name": TEXT,
    "label": TEXT,
    "host": TEXT,
    "key": FLAG,
    "key_from": TEXT,
    "ready": FLAG,
    "working": FLAG,
    "local": FLAG,
    "running": FLAG,
    "streaming": FLAG,
    "tools": FLAG,
    "vision": FLAG,
    "json_mode": TEXT,
    "default_model": TEXT,
    "context": "Int64",
    "models": "Int64",
    "latency_ms": "Float64",
    "checked": FLAG,
    "problem": TEXT,
    "last_error": TEXT,
    "last_error_at": "datetime64[ns, UTC]",
    "source": TEXT,
}


@dataclass(slots=True)
class _Line:
    """One provider on its way into the table."""

    cells: dict[str, Any]
    provider: Provider | None = None
    host: Host | None = None
    row: Row | None = None


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
    names = several_named(names)
    check_switch("check", check)
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
    names = several_named(names)
    check_switch("check", check)
    lines = _survey(names, where)
    await loops.call(_contact(lines, local=where.get("local"), check=check, timeout=timeout))
    return _providers_frame(lines, where)


def _survey(names: Sequence[str | Provider], where: Mapping[str, bool]) -> list[_Line]:
    """What is known without asking anybody; keys are looked for here, on the caller's own thread."""
    filters = [name for name, kind in _PROVIDERS.items() if kind == FLAG]
    refuse_unknown(where, [*filters, "check", "timeout"], provider="list_providers")
    for name, wanted in where.items():
        check_switch(name, wanted)
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


def _no_address(row: Row | None) -> str | None:
    """In a few words: which variable says where a service is that has another address for everybody."""
    names = (*row.api_base_env, *filter(None, [row.api_host_env])) if row and not row.api_base else ()
    return None if not names or any(map(variable, names)) else f"no address: set {names[0]}"


def _describe(line: _Line, cls: Provider) -> None:
    cells = line.cells
    try:
        line.host = cls.look_up_host()
    except G4FError as error:
        cells["problem"] = _no_address(line.row) or str(error)
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
    cells |= _abilities(cls) if row is None else _said_by(row, cls.__name__)
    failure = last_failure(cls.__name__)
    if failure is not None:
        cells["last_error"] = failure.error
        cells["last_error_at"] = datetime.fromtimestamp(failure.at, tz=UTC)


def _abilities(cls: Provider) -> dict[str, Any]:
    """What a class takes, it says in its parameters; what it does not name it may take all the same."""
    takes = cls.get_parameters()
    return {
        "tools": True if "tools" in takes else None,
        "vision": True if "media" in takes else None,
        "json_mode": getattr(cls, "json_mode", None),
    }


def _said_by(row: Row, name: str) -> dict[str, Any]:
    """What the catalog says of a service."""
    return {
        "tools": row.tools,
        "vision": row.vision,
        "json_mode": row.json_mode or None,
        "context": context_size(f"{name}:{row.default_model}") if row.default_model else None,
        "checked": row.checked,
    }


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
            names = await cls.get_models_async(**bound_to(line.host), refresh=True)
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
    frame = frame_of([line.cells for line in lines], _PROVIDERS)
    for name, wanted in where.items():
        frame = frame[(frame[name] == bool(wanted)).fillna(False)]  # noqa: FBT003  # pandas' own
    return frame.reset_index(drop=True)
