"""The calls of tools in an answer, as cards: what was asked for, whether it may run, what came of it."""

from __future__ import annotations

import json
from collections.abc import Container
from dataclasses import asdict, dataclass
from typing import Any

from g4f_nb.errors import shorten
from g4f_nb.reply import Reply

# Characters; the whole result is in the reply.
_LONGEST = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CallCard:
    """One call as a view shows it; `state` is asks, runs, done or failed, or passed where nobody runs it."""

    id: str
    name: str
    arguments: str
    state: str
    result: str = ""
    seconds: float | None = None

    def as_json(self) -> dict[str, Any]:
        """The same as a message carries it."""
        return {name: value for name, value in asdict(self).items() if value not in ("", None)}


def cards_of(reply: Reply, waiting: Container[str] = (), *, over: bool = False) -> tuple[CallCard, ...]:
    """A card for every call so far; those that are `waiting` ask for leave. If `over`, no more comes."""
    if not reply.tool_calls:
        return ()
    results = {result.id: result for result in reply.tool_results}
    cards = []
    for call in reply.tool_calls:
        result = results.get(call.id)
        if result is not None:
            state = "failed" if result.error else "done"
        elif over:
            state = "passed"
        else:
            state = "asks" if call.id in waiting else "runs"
        cards.append(
            CallCard(
                id=call.id,
                name=call.name,
                arguments=_readable(call.arguments),
                state=state,
                result="" if result is None else shorten(result.content, _LONGEST),
                seconds=None if result is None or result.seconds is None else round(result.seconds, 3),
            )
        )
    return tuple(cards)


def _readable(arguments: str) -> str:
    try:
        value = json.loads(arguments)
    except (ValueError, RecursionError):
        return shorten(arguments, _LONGEST)
    if isinstance(value, dict):
        lines = (f"{name} = {json.dumps(each, ensure_ascii=False)}" for name, each in value.items())
        return shorten("\n".join(lines), _LONGEST)
    return shorten(json.dumps(value, ensure_ascii=False), _LONGEST)
