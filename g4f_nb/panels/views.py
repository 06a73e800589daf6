"""What all views of a panel show, as messages: each change once, and everything for a view that asks.

    state    {v, order, items, room?, live?, over?}   `order` names the turns; `items` are those that are new
    delta    {request, n, keep, open, finished, reasoning, calls}   what is new of the answer on its way

A view that misses a `v` or an `n` says hello and gets all of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from g4f_nb.conversations.conversation import Conversation
from g4f_nb.conversations.turns import Turn
from g4f_nb.panels.items import Items
from g4f_nb.panels.underway import UnderWay
from g4f_nb.showing.growing import units

State = dict[str, Any]


class Views:
    """What the views have been told."""

    def __init__(self) -> None:
        self.items = Items()
        self._told: dict[str, Any] = {}
        self._room: Mapping[str, Any] = {}
        self._v = 0

    def change(
        self,
        turns: Iterable[Turn],
        conversation: Conversation,
        room: Mapping[str, Any],
        *,
        unsent: Mapping[str, Any] | None = None,
        over: tuple[UnderWay, Turn] | None = None,
    ) -> State:
        """What is new since the last time, for every view.

        `over` is the answer that has just come to its end: its text is on the page already.
        """
        items = self._all(turns, conversation, unsent)
        changed = {key: item for key, item in items.items() if self._told.get(key) != item}
        self._told = items
        self._v += 1
        state: State = {"type": "state", "v": self._v, "order": list(items), "items": changed}
        if room != self._room:
            self._room = state["room"] = dict(room)
        if over is not None:
            live, turn = over
            state["over"] = live.id
            if turn.id in changed:
                shown = "".join(live.growing.finished)
                item = changed[turn.id]
                state["became"] = turn.id
                if item.get("html") == shown:
                    there = units(shown)
                    changed[turn.id] = {**item, "html": "", "reasoning": None, "there": there}
        return state

    def whole(
        self,
        view: str,
        turns: Iterable[Turn],
        conversation: Conversation,
        room: Mapping[str, Any],
        *,
        unsent: Mapping[str, Any] | None = None,
        live: UnderWay | None = None,
    ) -> State:
        """Everything, for one view."""
        items = self._all(turns, conversation, unsent)
        if self._v == 0:
            # Nothing has changed yet since the panel was made: this is what every view has.
            self._told, self._room = items, dict(room)
        return {
            "type": "state",
            "view": view,
            "v": self._v,
            "order": list(items),
            "items": items,
            "room": dict(room),
            "live": None if live is None else live.whole(),
        }

    def _all(
        self, turns: Iterable[Turn], conversation: Conversation, unsent: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        found = {}
        for turn in turns:
            item = self.items.of(turn)
            versions = conversation.branches(turn)
            if len(versions) > 1:
                ids = [each.id for each in versions]
                item = {**item, "versions": ids}
            found[turn.id] = item
        if unsent is not None:
            found[unsent["id"]] = dict(unsent)
        return found
