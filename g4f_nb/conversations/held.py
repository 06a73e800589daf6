"""`Held`, what a conversation holds: settings, turns, costs, and who looks on."""

from __future__ import annotations

import contextlib
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from g4f_nb import settings
from g4f_nb.conversations.names import checked_name
from g4f_nb.conversations.observing import Observer, Observers
from g4f_nb.conversations.preparing import Chosen, Given
from g4f_nb.conversations.preserving import Keeper
from g4f_nb.conversations.sending import messages_of
from g4f_nb.conversations.shelf import shelf
from g4f_nb.conversations.spending import Ledger
from g4f_nb.conversations.transcript import transcript
from g4f_nb.conversations.tree import Tree
from g4f_nb.conversations.trimming import Sizes
from g4f_nb.conversations.turnjson import Saved
from g4f_nb.conversations.turns import Turn, check_words
from g4f_nb.errors import G4FError, InvalidParameterError, shorten
from g4f_nb.halves import sound
from g4f_nb.masking import masker, secrets_given
from g4f_nb.notices import tell
from g4f_nb.prices import dollars
from g4f_nb.providers.models.model import HOST_BOUND, Model, Provider, check_model, veiled
from g4f_nb.secret import Secret, Veiled

_LONGEST_TITLE = 60


class Held:
    """The part of a conversation that asks nobody anything."""

    def __init__(
        self,
        name: str | None,
        *,
        model: Chosen,
        provider: str | Provider | None,
        system: str | None,
        limit: str | float | None,
        keep: bool | None,
        **options: Any,
    ) -> None:
        options = veiled(options)
        self._id = uuid.uuid4().hex
        self._lock = threading.RLock()
        self._tree = Tree()
        self._ledger = Ledger()
        # One whose making is refused is shown, too: by a traceback that prints locals.
        self._name = f"chat-{self.id[:4]}"
        if name is not None:
            self._name = checked_name(name)
        if not isinstance(keep, bool | None):
            raise InvalidParameterError(f"keep is {keep!r}: it must be True, False, or None for what is set")
        check_model(model.name if isinstance(model, Model) else model)
        self._own = Given(model=model, provider=provider, system=checked_system(system), options=options)
        self._limit = dollars(limit, "limit")
        self._given: dict[str, Given] = {}
        # What questions went out with, wherever it was found: nothing that is written holds it.
        self._secrets: set[Secret] = set()
        self._sizes = Sizes()
        self._observers = Observers()
        self.keep = settings.current().keep_conversations if keep is None else keep
        # Whether it is one that an earlier kernel began.
        self.restored = False
        self._keeper = Keeper()

    # ---- settings ----------------------------------------------------------------------------------

    @property
    def id(self) -> str:
        """What tells it from every other one, also on disk."""
        return self._id

    @property
    def name(self) -> str:
        """What it is called; setting it renames it."""
        return self._name

    @name.setter
    def name(self, name: str) -> None:
        name = checked_name(name)
        with self._lock:
            self._name = name
        there = shelf()
        if there is not None:
            there.put(self, stays=True)
        self._changed("settings")

    @property
    def model(self) -> Chosen:
        """Who is asked where a question names nobody; `None` leaves it to `nb.use` and the settings."""
        return self._own.model

    @model.setter
    def model(self, model: Chosen) -> None:
        check_model(model.name if isinstance(model, Model) else model)
        chosen = Given(model=model)
        with self._lock:
            # A key or an address that was given for one server is not another's.
            options = Veiled(chosen.options_over(self._own))
            if model is None:
                options = Veiled((name, value) for name, value in options.items() if name not in HOST_BOUND)
            self._own = replace(self._own, model=model, provider=None, options=options)
        self._changed("settings")

    @property
    def provider(self) -> str | Provider | None:
        """Whose model it is, where the model's name does not say so."""
        return self._own.provider

    @property
    def system(self) -> str | None:
        """The system prompt, of every question from now on."""
        return self._own.system

    @system.setter
    def system(self, system: str | None) -> None:
        system = checked_system(system)
        with self._lock:
            self._own = replace(self._own, system=system)
        self._changed("settings")

    @property
    def options(self) -> Mapping[str, Any]:
        """The options of every question; it shows their names only, for one may be a key."""
        return Veiled(self._own.options)

    @options.setter
    def options(self, options: Mapping[str, Any]) -> None:
        if not isinstance(options, Mapping):
            raise InvalidParameterError(f"options are a {type(options).__name__}: they are a dict")
        options = veiled(options)
        with self._lock:
            self._own = replace(self._own, options=options)
        self._changed("settings")

    def options_for(self, model: Chosen = None, provider: str | Provider | None = None) -> Mapping[str, Any]:
        """The options that a question to this model would have: what is for one server goes to no other."""
        return Given(model=model, provider=provider).over(self._own).options

    def borrow(self, other: Held) -> None:
        """Ask whom another conversation asks, and with its options; the system prompt stays."""
        theirs = other._own
        with self._lock:
            self._own = replace(theirs, system=self._own.system or theirs.system)
        self._changed("settings")

    @property
    def limit(self) -> float | None:
        """What it may cost in US dollars, `None` for no limit; "2 USD" is understood as well."""
        return self._limit

    @limit.setter
    def limit(self, limit: str | float | None) -> None:
        checked = dollars(limit, "limit")
        with self._lock:
            self._limit = checked
        self._changed("settings")

    # ---- what there is -----------------------------------------------------------------------------

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The current branch, oldest first."""
        with self._lock:
            return self._tree.branch()

    @property
    def all_turns(self) -> tuple[Turn, ...]:
        """The turns of every branch, in the order in which they were answered."""
        with self._lock:
            return self._tree.all

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The current branch as it would be sent: without answers that broke off and were left so."""
        return messages_of(self.turns)

    @property
    def title(self) -> str:
        """What it is about: the beginning of its first question, `""` as long as there is none."""
        first = next(iter(self.turns), None)
        return "" if first is None else shorten(" ".join(first.shown.split()), _LONGEST_TITLE)

    @property
    def cost(self) -> float | None:
        """What all its answers cost in US dollars, also of other branches and of turns that are gone.

        `None` as soon as one is among them of which nobody knows; `spent` is what is known or guessed then.
        """
        with self._lock:
            return self._ledger.cost

    @property
    def spent(self) -> float:
        """The US dollars that are held against the limit: known costs, and guesses for stopped answers."""
        with self._lock:
            return self._ledger.spent

    @property
    def tokens(self) -> int | None:
        """The tokens of all its questions and answers; `None` as soon as one service did not tell them."""
        with self._lock:
            return self._ledger.tokens

    def branches(self, turn: Turn | str) -> tuple[Turn, ...]:
        """All versions of a turn, oldest first, itself among them."""
        with self._lock:
            return self._tree.versions(self._turn(turn))

    def __len__(self) -> int:
        return len(self.turns)

    def __bool__(self) -> bool:
        # An empty conversation is one, too.
        return True

    def __iter__(self) -> Iterator[Turn]:
        return iter(self.turns)

    def __getitem__(self, at: int) -> Turn:
        return self.turns[at]

    def __repr__(self) -> str:
        count = len(self.turns)
        cost = self.cost
        paid = f", {cost:.4g} USD" if cost else ""
        return f"<Conversation {self.name!r}, {count} {'turn' if count == 1 else 'turns'}{paid}>"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        del include, exclude
        return transcript(repr(self)[1:-1], self.turns, masker(self.as_saved().secrets))

    def observe(self, observer: Observer) -> Callable[[], None]:
        """Call this with a `Change` whenever something changes, on the thread where it does.

        What is given back ends it.
        """
        if not callable(observer):
            raise InvalidParameterError(
                f"an observer is {observer!r}: it must be a function that takes a Change"
            )
        return self._observers.add(observer)

    # ---- within ------------------------------------------------------------------------------------

    def as_saved(self) -> Saved:
        """All of it that can be kept, as a value: no key, no address, no function."""
        with self._lock:
            own, model = self._own, self._own.model
            settings_of_model = model.options if isinstance(model, Model) else {}
            return Saved(
                id=self._id,
                name=self._name,
                model=_name_of(own.model),
                provider=_name_of(own.provider),
                price=model.price if isinstance(model, Model) else None,
                system=own.system,
                limit=self._limit,
                options=Veiled({**settings_of_model, **own.options}),
                turns=self._tree.all,
                chosen=self._tree.chosen,
                ledger=Ledger(self._ledger.entries),
                secrets=(*self._secrets, *secrets_given(settings_of_model), *secrets_given(own.options)),
            )

    def _take(self, saved: Saved, *, kept: bool = False) -> None:
        """Begin with these turns and what they cost; `kept` says that the disk has them under their id."""
        with self._lock:
            self._tree = Tree(saved.turns, saved.chosen)
            self._ledger = Ledger(saved.ledger.entries)
            if kept and saved.id is not None:
                self._id = saved.id
                self._keeper.take_as_kept(saved)
                self.restored = True

    def _begin_anew(self) -> None:
        """Be another one on disk from here."""
        self._id, self._keeper, self.restored = uuid.uuid4().hex, Keeper(), False

    def _turn(self, wanted: Turn | str) -> Turn:
        key = wanted.id if isinstance(wanted, Turn) else wanted
        found = self._tree.get(str(key))
        if found is None:
            raise InvalidParameterError(
                f"the conversation {self.name!r} has no turn {key!r}: its .turns lists those there are"
            )
        return found

    def _last(self) -> Turn:
        turns = self._tree.branch()
        if not turns:
            raise InvalidParameterError(f"the conversation {self.name!r} has no turn yet: ask it something")
        return turns[-1]

    def _open_store(self) -> None:
        if self.keep:
            # What is wrong with it is told when something is to be kept.
            with contextlib.suppress(G4FError):
                self._keeper.open()

    def _changed(self, kind: str, turn: Turn | None = None) -> None:
        if self.keep:
            try:
                self._keeper.keep(lambda: (self.as_saved(), self.title))
            except G4FError as error:
                # What is here must not be lost with its copy.
                tell(f"the conversation {self._name!r} is not kept on disk: {error}")
        self._observers.tell(kind, turn)


def _name_of(chosen: Chosen) -> str | None:
    if isinstance(chosen, Model):
        return _name_of(chosen.name)
    return chosen if isinstance(chosen, str | None) else chosen.__name__


def checked_system(system: str | None) -> str | None:
    """A system prompt, if it is one."""
    check_words(system=system)
    return None if system is None else sound(system)
