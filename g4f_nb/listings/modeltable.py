"""Which models a provider offers, as a DataFrame: its server's own list, and what it says of them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from g4f_nb import loops
from g4f_nb.calls import Host
from g4f_nb.costs.tokens import context_size
from g4f_nb.errors import G4FError, InvalidParameterError, MissingAuthError, sort_of
from g4f_nb.loops import ownloop
from g4f_nb.notices import tell
from g4f_nb.providers.models.abilities import Flags, flags_of
from g4f_nb.providers.models.model import Model, Provider, several_named
from g4f_nb.providers.registry import choose, find_provider, options_for
from g4f_nb.providers.services.rows import Row
from g4f_nb.secret import Veiled

if TYPE_CHECKING:
    import pandas as pd

ProviderName = str | Model | Provider

TEXT, FLAG = "string", "boolean"
_MODELS: Mapping[str, str] = {
    "name": TEXT,
    "provider": TEXT,
    "model": TEXT,
    "context": "Int64",
    "vision": FLAG,
    "makes_images": FLAG,
    "owner": TEXT,
    "created": "datetime64[ns, UTC]",
}
# A moment that tables can hold.
_LAST = 9e9


@dataclass(frozen=True, slots=True)
class _Asked:
    """A provider that is asked for its list, and where."""

    provider: Provider
    host: Host | None
    row: Row | None
    # What its requests take beside the host: proxy, certificates and the like.
    way: Mapping[str, Any] = field(repr=False)


def list_models(
    *providers: ProviderName, match: str = "", refresh: bool = False, timeout: float = 30.0
) -> pd.DataFrame:
    """The models of a provider, as its server lists them; of several, all at once.

        nb.list_models("openrouter", match="llama")

    Without any, it is the provider in use. `name` is what one writes. The lists are kept for some minutes;
    `refresh=True` fetches them anew. Of several providers, one that fails is told and left out.
    """
    _check_match(match)
    providers = several_named(providers)
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
    _check_match(match)
    providers = several_named(providers)
    asked = _askable(providers)
    listed = await loops.call(_list(asked, refresh=refresh, timeout=timeout))
    return _models_frame(asked, listed, match)


def _check_match(match: object) -> None:
    if not isinstance(match, str):
        raise InvalidParameterError(
            f"match is {sort_of(match)}: it must be a part of a model's name, like 'llama'"
        )


def _askable(providers: Sequence[ProviderName]) -> list[_Asked]:
    """The providers with what a call to each carries along; a missing key is an error here."""
    return [_askable_one(each) for each in providers or (None,)]


def _askable_one(whose: ProviderName | None) -> _Asked:
    options = options_for(whose, None, {})
    cls = lister(whose)
    host = cls.look_up_host(**{name: options[name] for name in cls.host_options if options.get(name)})
    if host is not None and host.missing:
        raise MissingAuthError(host.missing, provider=cls.__name__)
    row = getattr(cls, "row", None)
    way = taken_for_listing(cls, options)
    return _Asked(provider=cls, host=host, row=row if isinstance(row, Row) else None, way=way)


def lister(whose: ProviderName | None) -> Provider:
    """Whose models are meant; a name that is no provider's is an error, and no model of the one in use."""
    name = whose.name if isinstance(whose, Model) else whose
    return choose(name)[0] if not isinstance(name, str) else find_provider(name.partition(":")[0].strip())


async def _list(asked: Sequence[_Asked], *, refresh: bool, timeout: float) -> list[list[str] | G4FError]:  # noqa: ASYNC109
    async def one(line: _Asked) -> list[str] | G4FError:
        try:
            return await _names(line, refresh=refresh, timeout=timeout)
        except G4FError as error:
            if len(asked) == 1:
                raise
            return error

    return await asyncio.gather(*map(one, asked))


async def _names(line: _Asked, *, refresh: bool, timeout: float) -> list[str]:  # noqa: ASYNC109
    given = Veiled({**line.way, **bound_to(line.host)})
    return await listed_by(line.provider, given, refresh=refresh, timeout=timeout)


async def listed_by(provider: Any, options: Mapping[str, Any], **how: Any) -> list[str]:
    """The names that a provider lists, asked with those of the options that its listing takes.

    `how` are `refresh` and `timeout`, for those that have a server to ask.
    """
    if hasattr(provider, "get_models_async"):
        taken = taken_for_listing(provider, options)
        return list(await provider.get_models_async(**taken, **how))
    # Code of a user's may take its time; the loop has others to serve.
    return list(await asyncio.to_thread(provider.get_models)) if hasattr(provider, "get_models") else []


def taken_for_listing(provider: Any, options: Mapping[str, Any]) -> Veiled:
    """Those of the options that a provider's listing takes: address and key, proxy, certificates."""
    return Veiled((name, options[name]) for name in provider.listing_options if options.get(name) is not None)


def bound_to(host: Host | None) -> dict[str, Any]:
    """What a listing of a host takes along: its address and its key."""
    given = host.options() if host is not None else {}
    given.pop("api_endpoint", None)
    return given


def _models_frame(
    asked: Sequence[_Asked], listed: Sequence[list[str] | G4FError], match: str
) -> pd.DataFrame:
    cells = []
    for line, names in zip(asked, listed, strict=True):
        provider = line.provider.__name__
        if isinstance(names, G4FError):
            tell(f"{provider} could not list its models: {names}", once=False)
            continue
        cells += [_model_cells(line, provider, name) for name in names if match.lower() in name.lower()]
    return frame_of(cells, _MODELS)


def _model_cells(line: _Asked, provider: str, name: str) -> dict[str, Any]:
    """What is known of a model: what its server's list said, else the row."""
    said = flags_of(str.__str__(line.host.base)) if line.host else Flags()
    return {
        "name": f"{provider}:{name}",
        "provider": provider,
        "model": name,
        "context": said.contexts.get(name) or (context_size(f"{provider}:{name}") if line.row else None),
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


def frame_of(cells: Sequence[Mapping[str, Any]], dtypes: Mapping[str, str]) -> pd.DataFrame:
    """The lines as a frame with these columns; what a line does not say is NA."""
    import pandas as pd

    columns = {
        name: pd.Series([each.get(name) for each in cells], dtype=dtype) for name, dtype in dtypes.items()
    }
    return pd.DataFrame(columns)
