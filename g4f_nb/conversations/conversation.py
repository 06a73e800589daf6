"""`Conversation`: a dialogue that goes on, the one memory of cells and panels."""

from __future__ import annotations

import uuid
import weakref
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from g4f_nb import asking, questions
from g4f_nb.conversations.asked import Asking
from g4f_nb.conversations.filed import Filed
from g4f_nb.conversations.held import checked_system
from g4f_nb.conversations.names import checked_name
from g4f_nb.conversations.preparing import Account, Chosen, Given, asked_before, content_of, prepared
from g4f_nb.conversations.sending import GO_ON, to_continue
from g4f_nb.conversations.shelf import shelf
from g4f_nb.conversations.spending import entry_of
from g4f_nb.conversations.spots import Spot, at_place, behind, look_at, put, version_of
from g4f_nb.conversations.tree import Tree
from g4f_nb.conversations.turnjson import Saved
from g4f_nb.conversations.turns import Turn, check_words, checked_content, prompt_text
from g4f_nb.errors import InvalidParameterError
from g4f_nb.halves import sound
from g4f_nb.masking import secrets_given
from g4f_nb.notices import tell
from g4f_nb.providers.models.model import Provider, veiled
from g4f_nb.reply import Reply
from g4f_nb.secret import Veiled
from g4f_nb.streaming import Stream

Prompt = questions.Prompt | None
# `after=None` is the beginning, so "not said" needs a word of its own.
_END = "end"


class Conversation(Filed):
    """A dialogue that goes on: each question is sent with the answers before it.

        talk = nb.Conversation("physics", model="groq:openai/gpt-oss-120b", system="Be brief.")
        talk.ask("Why is the sky blue?")
        talk.ask("And at sunset?")

    Args:
        name: what it is called in lists; one is made up if none is given.
        model, provider, options: as for `nb.ask`; they hold where a question names nothing else.
        system: the system prompt.
        limit: what it may cost, like "2 USD"; once that is reached, nothing more is asked.
        keep: whether it is kept on disk on the way, so that `restore` gives it to a later kernel; where it
            is not said, the setting `keep_conversations` decides.

    `turns` are the questions with their answers, oldest first. A question may be asked anew (`edit`,
    `regenerate`): both versions stay, `branches` lists them and `switch` chooses. Any thread may use it.
    """

    def __init__(
        self,
        name: str | None = None,
        *,
        model: Chosen = None,
        provider: str | Provider | None = None,
        system: str | None = None,
        limit: str | float | None = None,
        keep: bool | None = None,
        **options: Any,
    ) -> None:
        # A traceback that prints locals must show no key: from here on only names are seen.
        options = veiled(options)
        model, provider = _one_of(model, provider, options)
        super().__init__(
            name, model=model, provider=provider, system=system, limit=limit, keep=keep, **options
        )
        self._on_their_way: weakref.WeakSet[Asking] = weakref.WeakSet()
        there = shelf()
        if there is not None:
            there.put(self, stays=name is not None)

    @classmethod
    def named(cls, name: str = "main", **settings: Any) -> Conversation:
        """The notebook's conversation of that name; it is made, with these settings, where there is none."""
        settings = veiled(settings)
        there = shelf()
        if there is None:
            return cls(name, **settings)
        with there.lock:
            found = there.get(checked_name(name))
            return cls(name, **settings) if found is None else found

    @property
    def on_their_way(self) -> tuple[Asking, ...]:
        """The questions that were begun and are not finished."""
        with self._lock:
            return tuple(sorted(self._on_their_way, key=lambda each: each.turn.asked_at))

    # ---- asking ------------------------------------------------------------------------------------

    def begin(
        self,
        prompt: Prompt = None,
        model: Chosen = None,
        *,
        shown: str | None = None,
        place: str | None = None,
        instead_of: Turn | str | None = None,
        after: Turn | str | None = _END,
        continues: bool = False,
        provider: str | Provider | None = None,
        system: str | None = None,
        interactive: bool = False,
        **options: Any,
    ) -> Asking:
        """Check a question and make it ready to be sent, with the answers before it; nothing is sent yet.

        `shown` is what was typed, where that is not what is sent. A question from the same `place` replaces
        the turn of that place, and later turns stay. `instead_of` makes another version of a turn, `after`
        goes on behind any turn, or with `None` at the beginning. With `continues` the last answer, which
        broke off, is gone on with. Where no prompt is given, `instead_of` asks its own again.
        """
        options = veiled(options)
        media = options.pop("media", None)
        model, provider = _one_of(model, provider, options)
        given = Given(model=model, provider=provider, system=checked_system(system), options=options)
        check_words(shown=shown, place=place)
        place = None if place is None else sound(place)
        if instead_of is not None and after != _END:
            raise InvalidParameterError("instead_of= and after= are two spots for one turn: give one of them")
        with self._lock:
            old = None if instead_of is None else self._turn(instead_of)
            if old is not None:
                place = place or old.place
            if old is not None and prompt is None:
                prompt, continues, shown = old.prompt, old.continues, shown or old.shown
            spot = self._spot(old, after, place, continues=continues)
            if prompt is None and continues:
                prompt = self._to_go_on(spot)
            account = Account(name=self._name, ledger=self._ledger, limit=self._limit, sizes=self._sizes)
            chosen = given.over(self._own)
        content = content_of(prompt, media)
        question, notices = prepared(
            chosen,
            content,
            before=spot.before,
            continues=continues,
            interactive=interactive,
            account=account,
        )
        turn = Turn(
            id=uuid.uuid4().hex,
            prompt=content,
            shown=prompt_text(content) if shown is None else sound(shown),
            place=place,
            asked_at=datetime.now(UTC),
            continues=continues,
            model=sound(question.label),
            system=given.system,
        )
        return self._begun(Asking(question, turn, spot, given=given, notices=notices, record=self._record))

    def ask(self, prompt: Prompt = None, model: Chosen = None, **how: Any) -> Reply:
        """Ask and wait for the whole answer; the arguments are those of `begin` and of `nb.ask`."""
        how = veiled(how)
        begun = _told(self.begin(prompt, model, **how))
        try:
            asking.complete(begun.question, begun.reply)
        except BaseException as error:
            begun.finish(error)
            raise
        begun.finish()
        return begun.reply

    async def ask_async(self, prompt: Prompt = None, model: Chosen = None, **how: Any) -> Reply:
        """`ask` for `await`; cancelling it closes the connection and keeps what had arrived."""
        how = veiled(how)
        begun = _told(self.begin(prompt, model, **how))
        try:
            await asking.complete_async(begun.question, begun.reply)
        except BaseException as error:
            begun.finish(error)
            raise
        begun.finish()
        return begun.reply

    def stream(self, prompt: Prompt = None, model: Chosen = None, **how: Any) -> Stream:
        """Ask and read the answer as it comes, with `for` or `async for`; what had come by its end is kept.

        for piece in talk.stream("And at sunset?"):
            print(piece, end="")
        """
        how = veiled(how)
        begun = _told(self.begin(prompt, model, **how))
        return Stream(begun.question, reply=begun.reply, when_done=begun.finish)

    def edit(self, turn: Turn | str, prompt: questions.Prompt, model: Chosen = None, **how: Any) -> Reply:
        """Ask something else in the place of a turn; that one stays as another branch."""
        how = veiled(how)
        return self.ask(checked_content(prompt), model, instead_of=turn, **how)

    def regenerate(self, turn: Turn | str | None = None, model: Chosen = None, **how: Any) -> Reply:
        """Ask the same again, the last question if no other is named; the first answer stays as a branch."""
        how = veiled(how)
        return self.ask(None, **self.again(turn, model, **how))

    def again(self, turn: Turn | str | None = None, model: Chosen = None, **how: Any) -> dict[str, Any]:
        """What `begin` needs to ask a turn's question again, of the same model and with the same options."""
        how = veiled(how)
        with self._lock:
            old = self._turn(turn) if turn is not None else self._last()
            own = self._own
            before = self._given.get(old.id) or asked_before(old, own)
        chosen = Given(model=model, provider=how.pop("provider", None))
        asked = before if before.names_somebody else replace(before, model=own.model, provider=own.provider)
        # What was given for the server of the first answer goes to no other.
        options = chosen.options_over(asked)
        who = chosen if chosen.names_somebody else before
        same = {"instead_of": old, "system": before.system, "model": who.model, "provider": who.provider}
        # A kept answer would be the one that is there.
        return Veiled({**options, **same, "cache": False, **how})

    # ---- changing ----------------------------------------------------------------------------------

    def drop(self, turn: Turn | str) -> None:
        """Take a turn out; what follows it stays and follows the turn before it."""
        with self._lock:
            gone = self._turn(turn)
            self._tree.remove(gone)
            self._given.pop(gone.id, None)
        self._changed("removed", gone)

    def clear(self) -> None:
        """Begin anew, without any turn; what they cost stays counted.

        On disk it is another conversation from here: `restore` gives the one before it.
        """
        with self._lock:
            self._tree, self._given = Tree(), {}
            self._begin_anew()
        self._changed("removed")

    def switch(self, turn: Turn | str) -> None:
        """Make the branch that a turn is on the current one."""
        with self._lock:
            wanted = self._turn(turn)
            self._tree.choose(wanted)
        self._changed("switched", wanted)

    def fork(self, name: str | None = None, at: Turn | str | None = None) -> Conversation:
        """Another conversation that begins as this one does, up to a turn or to the end.

        It has spent nothing yet, and its limit is as high.
        """
        own = self._own
        made = Conversation(
            name,
            model=own.model,
            provider=own.provider,
            system=own.system,
            limit=self._limit,
            keep=self.keep,
            **Veiled(own.options),
        )
        with self._lock:
            path = self._tree.branch() if at is None else self._tree.path(self._turn(at))
            made._given = {turn.id: self._given[turn.id] for turn in path if turn.id in self._given}
        made._take(Saved(turns=path, chosen={turn.parent: turn.id for turn in path}))
        return made

    # ---- within ------------------------------------------------------------------------------------

    def _spot(
        self, old: Turn | None, after: Turn | str | None, place: str | None, *, continues: bool
    ) -> Spot:
        if old is not None:
            return version_of(self._tree, old)
        if after != _END:
            return behind(self._tree, None if after is None else self._turn(after))
        return at_place(self._tree, place, continues=continues)

    def _to_go_on(self, spot: Spot) -> str:
        if to_continue(spot.before) is None:
            raise InvalidParameterError(
                f"nothing in the conversation {self.name!r} broke off: ask for more in words of your own"
            )
        return GO_ON

    def _begun(self, begun: Asking) -> Asking:
        """Note a question that is on its way, and go to where its answer will be."""
        self._open_store()
        with self._lock:
            self._on_their_way.add(begun)
            for options in (begun.question.options, *begun.question.plan.members):
                self._secrets.update(secrets_given(options))
            elsewhere = look_at(self._tree, begun.spot)
        if elsewhere is not None:
            self._changed("switched", elsewhere)
        self._observers.tell("begun", begun.turn)
        return begun

    def _record(self, done: Asking, *, failed: bool) -> Turn:
        with self._lock:
            self._on_their_way.discard(done)
            turn = put(self._tree, done.turn, done.spot)
            self._given[turn.id] = done.given
            entry = entry_of(done.question, done.reply, failed=failed)
            if entry is not None:
                self._ledger.entries[turn.id] = entry
        self._changed("finished", turn)
        return turn


def _one_of(
    model: Chosen, provider: str | Provider | None, options: Veiled
) -> tuple[Chosen, str | Provider | None]:
    """Who is asked; several as one, where the options name more of them."""
    several = {name: options.pop(name, None) for name in ("fallback", "race")}
    return questions.one_of(model, provider, **several)


def _told(begun: Asking) -> Asking:
    """Say what was done to the question, to a user who has nothing but the reply."""
    for notice in begun.notices:
        tell(notice, once=False)
    return begun
