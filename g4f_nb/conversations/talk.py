"""`Talk`, the parts of one conversation and where they meet: terms, past, copy on disk, whoever looks on."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from g4f_nb.conversations.asked import Asking
from g4f_nb.conversations.groups import group_json, is_nameless
from g4f_nb.conversations.names import made_up_name
from g4f_nb.conversations.observing import Observers
from g4f_nb.conversations.past import Past
from g4f_nb.conversations.preparing import Account, Chosen, Given, again_with, content_of, prepared
from g4f_nb.conversations.preserving import Keeper
from g4f_nb.conversations.spending import Ledger
from g4f_nb.conversations.terms import Terms
from g4f_nb.conversations.transcript import title_of
from g4f_nb.conversations.turnjson import Saved
from g4f_nb.conversations.turns import Turn
from g4f_nb.conversations.wishes import Wish
from g4f_nb.entering import check_switch


class Talk:
    """The parts know nothing of each other: each change goes through here, under one lock, and is told.

    Whoever needs the copy's lock, too, takes that one first: while it is written, it is asked what is new.
    """

    def __init__(self, *, keep: bool) -> None:
        self.lock = threading.RLock()
        # What tells it from every other one, also on disk.
        self.id = uuid.uuid4().hex
        self.terms = Terms(made_up_name(self.id))
        self.past = Past(lambda: self.terms.name)
        self.keeper = Keeper(wanted=keep)
        self.observers = Observers()

    # ---- the terms ---------------------------------------------------------------------------------

    def rename(self, name: str) -> None:
        """Call it otherwise."""
        self._set(self.terms.rename, name)

    def choose(self, model: Chosen) -> None:
        """Ask somebody else."""
        self._set(self.terms.choose, model)

    def instruct(self, system: str | None) -> None:
        """Set the system prompt."""
        self._set(self.terms.instruct, system)

    def ask_with(self, options: Mapping[str, Any]) -> None:
        """Set the options of every question."""
        self._set(self.terms.ask_with, options)

    def allow(self, limit: str | float | None) -> None:
        """Set what it may cost."""
        self._set(self.terms.allow, limit)

    def borrow(self, other: Talk) -> None:
        """Ask whom another one asks."""
        self._set(self.terms.borrow, other.terms)

    def keep(self, wanted: bool) -> None:  # the value of an attribute
        """Keep it on disk from its next change on, or no longer."""
        check_switch("keep", wanted)
        self.keeper.wanted = wanted

    # ---- a question --------------------------------------------------------------------------------

    def begin(self, wish: Wish, media: Any, *, interactive: bool) -> Asking:
        """Check a question, make it ready to be sent, and go to where its answer will be."""
        with self.lock:
            wish, spot = self.past.located(wish)
            wish = self.past.of_its_writer(wish, spot, self.terms.own)
            self.terms.check_found(wish.given)
            chosen, terms = wish.given.over(self.terms.own), self.terms
            account = Account(
                name=terms.name, ledger=self.past.ledger, limit=terms.limit, sizes=self.past.sizes
            )
        content = content_of(wish.prompt, media)
        question, notices = prepared(
            chosen,
            content,
            before=spot.before,
            continues=wish.continues,
            interactive=interactive,
            account=account,
        )
        turn = wish.turn(content, question)
        begun = Asking(question, turn, spot, given=wish.given, notices=notices, record=self._record)
        self.keeper.open()
        with self.lock:
            elsewhere = self.past.begin(begun)
        if elsewhere is not None:
            self.changed("switched", elsewhere)
        self.observers.tell("begun", turn)
        return begun

    def again(self, turn: Turn | str | None, chosen: Given) -> tuple[Turn, Mapping[str, Any]]:
        """A turn, the last one if none is named, and what its question is asked again with."""
        with self.lock:
            old = self.past.last() if turn is None else self.past.turn(turn)
            own = self.terms.own
            return old, again_with(chosen, self.past.given(old, own), own)

    def _record(self, done: Asking, *, failed: bool) -> Turn:
        with self.lock:
            turn = self.past.record(done, failed=failed)
        self.changed("finished", turn)
        return turn

    # ---- changes -----------------------------------------------------------------------------------

    def drop(self, turn: Turn | str) -> None:
        """Take a turn out."""
        with self.lock:
            gone = self.past.drop(turn)
        self.changed("removed", gone)

    def clear(self) -> None:
        """Begin anew; on disk it is another one from here."""
        with self.keeper.lock, self.lock:
            self.past.clear()
            self.id = uuid.uuid4().hex
            self.keeper.begin_anew()
        self.changed("removed")

    def switch(self, turn: Turn | str) -> None:
        """Make the branch that a turn is on the current one."""
        with self.lock:
            wanted = self.past.switch(turn)
        self.changed("switched", wanted)

    def begin_as(self, other: Talk, at: Turn | str | None) -> None:
        """Begin as another one does, up to a turn or to its end, on its terms."""
        with other.lock:
            self.past.begin_as(other.past, at)
            self.terms.own, self.terms.limit = other.terms.own, other.terms.limit
            self.terms.lost = other.terms.lost

    def changed(self, kind: str, turn: Turn | None = None) -> None:
        """Bring the copy on disk up to date, and tell whoever looks on."""
        self.keeper.keep(lambda: (self.saved(), title_of(self.past.tree.branch())), self.terms.name)
        self.observers.tell(kind, turn)

    def _set(self, change: Callable[[Any], None], value: Any) -> None:
        with self.lock:
            change(value)
        self.changed("settings")

    # ---- as a value --------------------------------------------------------------------------------

    def saved(self) -> Saved:
        """All of it that can be kept."""
        with self.lock:
            terms, past = self.terms, self.past
            return Saved(
                id=self.id,
                name=terms.name,
                model=terms.model_name,
                provider=terms.provider_name,
                group=group_json(terms.own.model),
                nameless=terms.lost is not None or is_nameless(terms.own.model),
                price=terms.price,
                system=terms.own.system,
                limit=terms.limit,
                options=terms.options,
                turns=past.tree.all,
                chosen=past.tree.chosen,
                ledger=Ledger(past.ledger.entries),
                secrets=(*past.secrets, *terms.secrets),
            )

    def take(self, saved: Saved, *, kept: bool = False) -> None:
        """Begin with these turns and what they cost; `kept` says that the disk has them under their id."""
        with self.keeper.lock, self.lock:
            self.past.take(saved)
            if kept and saved.id is not None:
                self.id = saved.id
                self.keeper.take_as_kept(saved)
