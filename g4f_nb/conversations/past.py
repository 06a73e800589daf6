"""`Past`, what was asked and answered in a conversation: its turns, what they cost, what is on its way."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import replace

from g4f_nb.conversations.asked import Asking
from g4f_nb.conversations.preparing import Given, asked_before
from g4f_nb.conversations.sending import GO_ON, to_continue
from g4f_nb.conversations.spending import Ledger, entry_of
from g4f_nb.conversations.spots import Spot, at_place, behind, look_at, put, version_of
from g4f_nb.conversations.tree import Tree
from g4f_nb.conversations.trimming import Sizes
from g4f_nb.conversations.turnjson import Saved
from g4f_nb.conversations.turns import Turn, check_turn
from g4f_nb.conversations.wishes import END, Wish
from g4f_nb.conversations.writers import writer_of
from g4f_nb.errors import InvalidParameterError, shorten
from g4f_nb.masking import secrets_given
from g4f_nb.secret import Secret

_SHOWN = 60
_TURNS = "its .turns lists those there are"


class Past:
    """Whoever reads or changes it holds the conversation's lock; `called` gives the name, for errors."""

    def __init__(self, called: Callable[[], str]) -> None:
        self._called = called
        self.tree = Tree()
        self.ledger = Ledger()
        self.sizes = Sizes()
        # How each turn was asked, as far as this kernel knows it.
        self._given: dict[str, Given] = {}
        # Who wrote those of the answers that broke off, as far as this kernel knows it.
        self._writers: dict[str, Given] = {}
        # What questions went out with, wherever it was found: nothing that is written holds it.
        self.secrets: set[Secret] = set()
        self._on_their_way: weakref.WeakSet[Asking] = weakref.WeakSet()

    @property
    def on_their_way(self) -> tuple[Asking, ...]:
        """The questions that were begun and are not finished."""
        return tuple(sorted(self._on_their_way, key=lambda each: each.turn.asked_at))

    def turn(self, wanted: Turn | str) -> Turn:
        """The turn as it is now, or an error that says that there is none."""
        check_turn("the turn", wanted)
        key = wanted.id if isinstance(wanted, Turn) else wanted
        found = self.tree.get(str(key))
        if found is None:
            # A number is not a turn: which one it would be changes with what is dropped and switched.
            is_number = str(wanted).lstrip("-").isdecimal()
            way = "give the turn itself, like talk.turns[0]" if is_number else _TURNS
            raise InvalidParameterError(f"the conversation {self._called()!r} has no turn {key!r}: {way}")
        return found

    def last(self) -> Turn:
        """The newest turn of the current branch."""
        turns = self.tree.branch()
        if not turns:
            raise InvalidParameterError(
                f"the conversation {self._called()!r} has no turn yet: ask it something"
            )
        return turns[-1]

    def given(self, turn: Turn, own: Given) -> Given:
        """How a turn was asked."""
        return self._given.get(turn.id) or asked_before(turn, own)

    def of_its_writer(self, wish: Wish, spot: Spot, own: Given) -> Wish:
        """What goes on with an answer is asked of whoever wrote that, unless it says itself of whom."""
        half = to_continue(spot.before) if wish.continues else None
        if half is None or wish.given.says_where:
            return wish
        writer = self._writers.get(half.id) or asked_before(half, own)
        return replace(wish, given=wish.given.beside(writer))

    # ---- a question, from its wish to its turn -----------------------------------------------------

    def located(self, wish: Wish) -> tuple[Wish, Spot]:
        """Where the turn of a question will stand, and what it is, where it asks an older one again."""
        old = None if wish.instead_of is None else self.turn(wish.instead_of)
        if old is not None:
            wish = wish.again(old)
        spot = self._spot(wish, old)
        if wish.continues and (old is None or wish.prompt is None):
            self._check_broke_off(spot)
        return (replace(wish, prompt=GO_ON) if wish.continues and wish.prompt is None else wish), spot

    def begin(self, asking: Asking) -> Turn | None:
        """Note a question on its way, and go to where its answer will be; gives the turn that this shows."""
        self._on_their_way.add(asking)
        for options in (asking.question.options, *asking.question.plan.members):
            self.secrets.update(secrets_given(options))
        return look_at(self.tree, asking.spot)

    def record(self, done: Asking, *, failed: bool) -> Turn:
        """Keep what became of a question as a turn."""
        self._on_their_way.discard(done)
        turn = put(self.tree, done.turn, done.spot)
        self._given[turn.id] = done.given
        if to_continue((turn,)) is not None:
            self._writers[turn.id] = writer_of(done.question, done.reply, done.given)
        entry = entry_of(done.question, done.reply, failed=failed)
        if entry is not None:
            self.ledger.entries[turn.id] = entry
        return turn

    def _spot(self, wish: Wish, old: Turn | None) -> Spot:
        if old is not None:
            return version_of(self.tree, old)
        if wish.after != END:
            return behind(self.tree, None if wish.after is None else self.turn(wish.after))
        return at_place(self.tree, wish.place, continues=wish.continues)

    def _check_broke_off(self, spot: Spot) -> None:
        if to_continue(spot.before) is not None:
            return
        broken = next((turn for turn in reversed(spot.before) if to_continue((turn,)) is not None), None)
        # What was gone on with is whole by now.
        left = broken is not None and not spot.before[spot.before.index(broken) + 1].continues
        fact = f"nothing in the conversation {self._called()!r} broke off"
        if broken is not None and left:
            fact = (
                f"in the conversation {self._called()!r} the answer to {shorten(broken.typed, _SHOWN)!r} "
                "broke off, but another question was asked and answered after it"
            )
        raise InvalidParameterError(f"{fact}: ask for more in words of your own, without going on")

    # ---- changes -----------------------------------------------------------------------------------

    def drop(self, turn: Turn | str) -> Turn:
        """Take a turn out; what follows it follows the turn before it."""
        gone = self.turn(turn)
        self.tree.remove(gone)
        self._given.pop(gone.id, None)
        self._writers.pop(gone.id, None)
        return gone

    def clear(self) -> None:
        """Have no turn any more; what they cost stays counted."""
        self.tree, self._given, self._writers = Tree(), {}, {}

    def switch(self, turn: Turn | str) -> Turn:
        """Make the branch that a turn is on the current one."""
        wanted = self.turn(turn)
        self.tree.choose(wanted)
        return wanted

    def take(self, saved: Saved) -> None:
        """Begin with these turns and what they cost."""
        self.tree = Tree(saved.turns, saved.chosen)
        self.ledger = Ledger(saved.ledger.entries)

    def begin_as(self, other: Past, at: Turn | str | None) -> None:
        """Begin as another one does, up to a turn or to its end; it has spent nothing yet."""
        path = other.tree.branch() if at is None else other.tree.path(other.turn(at))
        self._given = {turn.id: other._given[turn.id] for turn in path if turn.id in other._given}
        self._writers = {turn.id: other._writers[turn.id] for turn in path if turn.id in other._writers}
        self.take(Saved(turns=path, chosen={turn.parent: turn.id for turn in path}))
