"""A turn, and a whole conversation, as JSON and back; keys are never among it.

`Saved` is a conversation as a value: what a file or the store holds of it. A file of a later form than this
one is refused, a damaged one too: there is never half a conversation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import orjson

from g4f_nb.conversations.replyjson import (
    DamagedError,
    listed,
    number_or_none,
    reply_from_json,
    reply_json,
    table,
    text_or_none,
)
from g4f_nb.conversations.spending import Entry, Ledger
from g4f_nb.conversations.turns import Content, Turn, prompt_messages
from g4f_nb.errors import InvalidParameterError
from g4f_nb.parameters import SAFE_PARAMETERS
from g4f_nb.prices import Price, checked_price
from g4f_nb.providers.models.model import HOST_BOUND
from g4f_nb.secret import Secret
from g4f_nb.stored.packing import packed
from g4f_nb.typed.loosejson import DEEPEST, deeper_than

KIND = "conversation"
VERSION = 1
# Levels around what an answer or a tool has given.
_AROUND = 20
# Of the options those are kept that every provider knows, and that can hold neither a key nor an address.
_NOT_KEPT = HOST_BOUND | {"proxy", "media", "tools", "conversation", "messages", "model", "prompt", "stream"}
_KEPT = frozenset(SAFE_PARAMETERS) - _NOT_KEPT


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """A conversation as a value; `model` and `provider` are names, and `group` several models as one.

    `nameless` says that no name tells whom it asks: `model` is what that was called.
    """

    id: str | None = None
    name: str | None = None
    model: str | None = None
    provider: str | None = None
    group: Mapping[str, Any] | None = None
    nameless: bool = False
    # What the user says that the model costs.
    price: Price | None = None
    system: str | None = None
    limit: float | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    turns: tuple[Turn, ...] = ()
    chosen: Mapping[str | None, str] = field(default_factory=dict)
    ledger: Ledger = field(default_factory=Ledger)
    # What it was asked with, and what nothing that is written may hold: see `keyless`.
    secrets: tuple[Secret, ...] = field(default=(), repr=False, compare=False)


def saved_json(saved: Saved) -> dict[str, Any]:
    """The whole conversation as JSON values."""
    return {
        "g4f_nb": KIND,
        "version": VERSION,
        "id": saved.id,
        "name": saved.name,
        **settings_json(saved),
        "turns": [turn_json(turn) for turn in saved.turns],
    }


def settings_json(saved: Saved) -> dict[str, Any]:
    """All but the turns: how it is asked, what it cost, which branch is the current one."""
    return {
        "model": saved.model,
        "provider": saved.provider,
        **({} if saved.group is None else {"group": saved.group}),
        **({"nameless": True} if saved.nameless else {}),
        "price": None if saved.price is None else _price_json(saved.price),
        "system": saved.system,
        "limit": saved.limit,
        "options": kept_options(saved.options),
        "chosen": [[before, after] for before, after in saved.chosen.items()],
        "costs": {turn: [each.usd, each.tokens, each.guess] for turn, each in saved.ledger.entries.items()},
    }


def saved_from_json(data: Any, *, heal: bool = False) -> Saved:
    """The conversation again, or `InvalidParameterError` that says what is wrong with it.

    `heal` mends what two kernels can do to each other in the store: a turn without its parent is a first one.
    """
    try:
        if deeper_than(data, DEEPEST + _AROUND):
            raise DamagedError("it is nested too deep")  # noqa: TRY301  # told below, like all else
        return _saved(table(data, "the file"), heal=heal)
    except (DamagedError, KeyError, TypeError, ValueError, AttributeError) as error:
        what = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        failure = InvalidParameterError(f"it is damaged, or no conversation: {what}")
    raise failure


def _saved(data: Mapping[str, Any], *, heal: bool) -> Saved:
    if data.get("g4f_nb") != KIND:
        raise DamagedError('it does not say "g4f_nb": "conversation"')
    version = data.get("version")
    if not isinstance(version, int):
        raise DamagedError(f"its version is {version!r}")
    if version > VERSION:
        raise DamagedError(f"it was written by a newer g4f_nb (form {version}, this one knows {VERSION})")
    turns = [turn_from_json(each) for each in listed(data, "turns")]
    chosen = {before: str(after) for before, after in data.get("chosen", ())}
    costs = table(data.get("costs", {}), "costs")
    turns, chosen = _healed(turns, chosen) if heal else (turns, chosen)
    _check(turns, chosen)
    return Saved(
        id=text_or_none(data, "id"),
        name=text_or_none(data, "name"),
        model=text_or_none(data, "model"),
        provider=text_or_none(data, "provider"),
        group=None if data.get("group") is None else table(data["group"], "group"),
        nameless=data.get("nameless") is True,
        price=None if data.get("price") is None else checked_price(data["price"], "its price"),
        system=text_or_none(data, "system"),
        limit=number_or_none(data, "limit"),
        options=kept_options(table(data.get("options", {}), "options")),
        turns=tuple(turns),
        chosen=chosen,
        ledger=Ledger({turn: _entry(each) for turn, each in costs.items()}),
    )


def _entry(costs: Any) -> Entry:
    told = dict(zip(("usd", "tokens", "guess"), costs, strict=True))
    return Entry(**{name: number_or_none(told, name) for name in told})  # type: ignore[arg-type]  # a count


def _healed(turns: list[Turn], chosen: Mapping[str | None, str]) -> tuple[list[Turn], dict[str | None, str]]:
    there = {turn.id for turn in turns}
    made = [turn if turn.parent in there else replace(turn, parent=None) for turn in turns]
    # Where nothing was decided, or somebody who is gone was chosen, the last one is.
    last = {turn.parent: turn.id for turn in made}
    parents = {turn.id: turn.parent for turn in made}
    kept = {before: after for before, after in chosen.items() if parents.get(after, after) == before}
    return made, last | kept


def _check(turns: Iterable[Turn], chosen: Mapping[str | None, str]) -> None:
    """A tree without rings and loose ends, or an error."""
    parents = {turn.id: turn.parent for turn in turns}
    if len(parents) != len(tuple(turns)):
        raise DamagedError("two turns have the same id")
    for id, parent in parents.items():  # noqa: A001  # what a turn calls it
        if parent is not None and parent not in parents:
            raise DamagedError(f"the turn {id!r} follows {parent!r}, which is not there")
    for before, after in chosen.items():
        if after not in parents or parents[after] != before:
            raise DamagedError(f"{after!r} is chosen after {before!r}, where it does not stand")
    if parents and None not in chosen:
        raise DamagedError("no branch of it is the current one")
    _check_rings(parents)


def _check_rings(parents: Mapping[str, str | None]) -> None:
    sound: set[str | None] = {None}
    for start in parents:
        seen: set[str | None] = set()
        at: str | None = start
        while at not in sound:
            if at in seen or at is None:
                raise DamagedError(f"the turn {at!r} follows itself")
            seen.add(at)
            at = parents[at]
        sound |= seen


def turn_json(turn: Turn) -> dict[str, Any]:
    """One turn as JSON values; what is empty is left out."""
    made = {
        "id": turn.id,
        "parent": turn.parent,
        "prompt": turn.prompt if isinstance(turn.prompt, str) else list(turn.prompt),
        "shown": turn.shown,
        "place": turn.place,
        "asked_at": turn.asked_at.isoformat(),
        "error": turn.error,
        "continues": turn.continues,
        "model": turn.model,
        "system": turn.system,
        "dialogue": list(turn.dialogue),
        "reply": None if turn.reply is None else reply_json(turn.reply),
    }
    return {name: value for name, value in made.items() if value not in (None, [], False)}


def turn_from_json(data: Mapping[str, Any]) -> Turn:
    """The turn again; raises `DamagedError` where it is none."""
    prompt = _content(data["prompt"])
    dialogue = tuple(map(dict, listed(data, "dialogue")))
    if not all(isinstance(message.get("role"), str) for message in dialogue):
        raise DamagedError("a message has no role")
    for message in prompt_messages(prompt) + list(map(dict, dialogue)):
        for call in listed(message, "tool_calls") if message.get("tool_calls") is not None else ():
            table(call.get("function") or {}, "what a call names")
    reply = reply_from_json(table(data["reply"], "reply")) if "reply" in data else None
    if reply is not None:
        reply.messages = [*prompt_messages(prompt), *map(dict, dialogue)]
    return Turn(
        id=_text(data, "id"),
        parent=text_or_none(data, "parent"),
        prompt=prompt,
        shown=text_or_none(data, "shown") or "",
        reply=reply,
        dialogue=dialogue,
        place=text_or_none(data, "place"),
        asked_at=moment(_text(data, "asked_at")),
        error=text_or_none(data, "error"),
        continues=data.get("continues") is True,
        model=text_or_none(data, "model"),
        system=text_or_none(data, "system"),
    )


def moment(text: Any) -> datetime:
    """A moment from its text; one that names no zone is in UTC."""
    if not isinstance(text, str):
        raise DamagedError(f"a moment is {text!r}")
    found = datetime.fromisoformat(text)
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _price_json(price: Price) -> dict[str, Any]:
    made = asdict(price)
    return {name: made[name] for name in made if name != "source" and made[name] is not None}


def kept_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the options that are kept: such as every provider knows, as plain JSON."""
    found = {name: value for name, value in options.items() if name in _KEPT}
    return {name: value for name, value in found.items() if _is_json(value)}


def json_bytes(data: Mapping[str, Any]) -> bytes:
    """JSON for a file: readable, and what is no JSON as text."""
    return orjson.dumps(orjson.loads(packed(data)), option=orjson.OPT_INDENT_2)


def _content(prompt: Any) -> Content:
    if isinstance(prompt, str):
        return prompt
    if not isinstance(prompt, list) or not prompt or not all(isinstance(part, dict) for part in prompt):
        raise DamagedError("the prompt is neither a text nor a list of parts")
    return tuple(prompt)


def _text(data: Mapping[str, Any], name: str) -> str:
    value = text_or_none(data, name)
    if not value:
        raise DamagedError(f"{name} is missing")
    return value


def _is_json(value: Any) -> bool:
    try:
        orjson.dumps(value)
    except TypeError:
        return False
    return True
