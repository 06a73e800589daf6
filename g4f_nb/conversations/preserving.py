"""Conversations kept on disk on the way, turn by turn, so that a later kernel can have them again.

A turn is a row of its own under its conversation's id: two kernels that go on with one conversation both keep
their turns, as branches, and overwrite nothing.
"""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from g4f_nb import frontend
from g4f_nb.conversations.keyless import Mask, keyless_json, keyless_turn
from g4f_nb.conversations.spending import Entry, Ledger
from g4f_nb.conversations.turnjson import KIND, VERSION, Saved, saved_from_json, settings_json, turn_json
from g4f_nb.errors import G4FError, InvalidParameterError
from g4f_nb.masking import masker
from g4f_nb.notices import tell
from g4f_nb.store import store
from g4f_nb.stored.damage import DamagedRowError
from g4f_nb.stored.talks import Talks

# Beside what is written into files, too.
_NOTEBOOK = "notebook"
# Of those of one name so many.
_LOOKED_AT = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptTalk:
    """One conversation of the store, as a list shows it."""

    id: str
    name: str
    title: str
    changed_at: datetime
    turns: int
    cost: float | None
    model: str | None


class Keeper:
    """Keeps one conversation up to date in the store, if that is wanted, by what is new since then."""

    def __init__(self, *, wanted: bool) -> None:
        self.wanted = wanted
        # Whether it keeps on with what an earlier kernel began.
        self.goes_on = False
        # Taken before that of the conversation, never while that is held.
        self.lock = threading.RLock()
        self._place: tuple[Path, int] | None = None
        self._parents: dict[str, str | None] = {}
        self._costs: dict[str, Entry] = {}

    def keep(self, now: Callable[[], tuple[Saved, str]], name: str) -> None:
        """Write what is new; a conversation that never had a turn is not kept.

        `now` gives it and its title. It is asked here: of two threads, the one that comes last must not bring
        what was before.
        """
        if not self.wanted:
            return
        try:
            with self.lock:
                self._write(*now())
        except Exception as error:  # noqa: BLE001  # what is here must not be lost with its copy
            tell(f"the conversation {name!r} is not kept on disk: {str(error) or type(error).__name__}")

    def open(self) -> None:
        """Open the store here, where it may take a moment: answers end on the loop that all streams share."""
        if self.wanted:
            # What is wrong with it is told when something is to be kept.
            with contextlib.suppress(G4FError):
                store().open()

    def take_as_kept(self, saved: Saved) -> None:
        """Note what the store has already, for a conversation that was read from it."""
        with self.lock:
            there = store()
            self._place = (there.file, there.purged)
            self._parents = {turn.id: turn.parent for turn in saved.turns}
            self._costs = dict(saved.ledger.entries)
            self.goes_on = True

    def begin_anew(self) -> None:
        """Keep what comes from here under another id: what was kept stays as it is."""
        with self.lock:
            self._place, self._parents, self._costs, self.goes_on = None, {}, {}, False

    def forget(self, id: str) -> None:  # noqa: A002  # what a conversation calls it
        """Delete the conversation from the store, and keep no more of it."""
        self.wanted = False
        with self.lock:
            self._parents, self._costs = {}, {}
            forget(id)

    def _write(self, saved: Saved, title: str) -> None:
        there = store()
        if self._place != (there.file, there.purged):
            self._place, self._parents, self._costs = (there.file, there.purged), {}, {}
        if saved.id is None or not (saved.turns or self._parents):
            return
        mask = masker(saved.secrets)
        self._keep_turns(there.talks, saved.id, saved, mask)
        costs = saved.ledger.entries
        new = {turn: entry for turn, entry in costs.items() if entry != self._costs.get(turn)}
        there.talks.keep_costs(
            saved.id, [(turn, entry.usd, entry.tokens, entry.guess) for turn, entry in new.items()]
        )
        self._costs = dict(costs)
        about = settings_json(replace(saved, ledger=Ledger(), chosen=_decisions(saved)))
        name, title = mask(saved.name or ""), mask(title)
        there.talks.keep(saved.id, name, title, {**keyless_json(about, mask), _NOTEBOOK: frontend.notebook()})

    def _keep_turns(self, there: Talks, id: str, saved: Saved, mask: Mask) -> None:  # noqa: A002  # as above
        new = [turn for turn in saved.turns if turn.id not in self._parents]
        moved = [turn for turn in saved.turns if self._parents.get(turn.id, turn.parent) != turn.parent]
        now = {turn.id: turn.parent for turn in saved.turns}
        kept = [(turn.id, turn.parent, turn_json(keyless_turn(turn, mask))) for turn in new]
        there.keep_turns(id, kept)
        there.move_turns(id, [(turn.id, turn.parent) for turn in moved])
        there.drop_turns(id, [gone for gone in self._parents if gone not in now])
        self._parents = now


def kept_talks(most: int = 100) -> list[KeptTalk]:
    """What the store has, the latest first."""
    return [
        KeptTalk(
            id=key, name=name, title=title, turns=count, cost=None if unknown else usd or 0.0,
            changed_at=datetime.fromtimestamp(at, UTC), model=_text_or_none(settings.get("model")),
        )
        for key, name, title, at, settings, count, unknown, usd in store().talks.latest(most)
    ]  # fmt: skip


def _text_or_none(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def ids_of(name: str) -> list[str]:
    """The ids of the conversations of that name or id, the latest first."""
    return store().talks.ids_of(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """One that was kept before: by what it is had again, its turns, and when it changed, since 1970."""

    called: str
    turns: int
    changed_at: float


def kept_before(name: str, *, besides: str, notebook: str | None = None) -> Earlier | None:
    """The latest conversation of that name that has turns and is not `besides`, by its id.

    With `notebook` the latest that was had in there; it may have to be called by its id.
    """
    talks = store().talks
    others = [key for key in ids_of(name) if key != besides][:_LOOKED_AT]
    for key in others:
        try:
            found = talks.find(key)
        except DamagedRowError:
            # That is told to whoever restores it.
            continue
        if found is None or (notebook is not None and found[1].get(_NOTEBOOK) != notebook):
            continue
        turns = talks.count_turns(key)
        called = name if key == others[0] else key
        return Earlier(called=called, turns=turns, changed_at=talks.changed_at(key)) if turns else None
    return None


def read_talk(id: str) -> Saved | None:  # noqa: A002  # what a conversation calls it
    """The conversation of that id, as the store has it."""
    try:
        return _read_talk(id, store().talks)
    except InvalidParameterError as error:
        failure = InvalidParameterError(
            f"the conversation {id!r} cannot be read from the store: {error}; begin another one, or restore "
            "by its id one of those that nb.list_conversations() lists"
        )
    raise failure


def _read_talk(id: str, talks: Talks) -> Saved | None:  # noqa: A002  # as above
    found = talks.find(id)
    if found is None:
        return None
    name, settings = found
    settings.pop(_NOTEBOOK, None)
    data: dict[str, Any] = {
        "g4f_nb": KIND, "version": VERSION, "id": id, "name": name, **settings,
        "turns": talks.turns(id), "costs": {turn: cost for turn, *cost in talks.costs(id)},
    }  # fmt: skip
    return saved_from_json(data, heal=True)


def forget(id: str) -> None:  # noqa: A002  # as above
    """Delete a conversation from the store."""
    store().talks.forget(id)


def _decisions(saved: Saved) -> dict[str | None, str]:
    """What is chosen where there is a choice: the rest follows, and need not be written with every turn."""
    after = Counter(turn.parent for turn in saved.turns)
    return {before: chosen for before, chosen in saved.chosen.items() if after[before] > 1}
