"""`Conversation`: a dialogue that goes on, the one memory of cells and panels; what it does is in `Talk`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from os import PathLike
from typing import Any, Self

from g4f_nb import questions, settings
from g4f_nb.conversations.asked import Asking
from g4f_nb.conversations.declared import Seen, Setting
from g4f_nb.conversations.keyless import keyless, mask_of
from g4f_nb.conversations.names import mended_name
from g4f_nb.conversations.observing import Observer
from g4f_nb.conversations.preparing import Chosen, Given
from g4f_nb.conversations.restoring import lost_of, named, restored, settings_of, tell_namesake
from g4f_nb.conversations.sending import messages_of
from g4f_nb.conversations.shelf import shelf
from g4f_nb.conversations.talk import Talk
from g4f_nb.conversations.terms import HOW_TO_NAME, NAMELESS, checked_system
from g4f_nb.conversations.transcript import title_of, transcript
from g4f_nb.conversations.turnjson import Saved, saved_from_json, saved_json
from g4f_nb.conversations.turns import Turn
from g4f_nb.conversations.verbs import Prompt, Verbs
from g4f_nb.conversations.wishes import END, Wish
from g4f_nb.errors import InvalidParameterError, short
from g4f_nb.notices import tell
from g4f_nb.parameters import refuse_slips
from g4f_nb.providers.models.model import Provider, one_named, veiled
from g4f_nb.secret import Veiled, names_only

# What a question takes beside the parameters of its provider: a slip of one of them is told as one.
_WORDS = (
    "prompt", "model", "provider", "system", "schema", "tools", "approve", "tool_limits", "cache", "fallback",
    "race", "media", "continues", "instead_of", "after", "shown", "place", "interactive",
)  # fmt: skip


class Conversation(Verbs):
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

    id = Seen(lambda talk: talk.id, "What tells it from every other one, also on disk.")
    model = Setting(
        lambda talk: talk.terms.own.model,
        Talk.choose,
        "Who is asked where a question names nobody; `None` leaves it to `nb.use` and the settings.",
        veil=one_named,
    )
    provider = Seen(
        lambda talk: talk.terms.own.provider, "Whose model it is, where the model's name does not say so."
    )
    system = Setting(
        lambda talk: talk.terms.own.system, Talk.instruct, "The system prompt, of every question from now on."
    )
    options = Setting(
        lambda talk: Veiled(talk.terms.own.options),
        Talk.ask_with,
        "The options of every question; it shows their names only, for one may be a key.",
        veil=names_only,
    )
    limit = Setting(
        lambda talk: talk.terms.limit,
        Talk.allow,
        'What it may cost in US dollars, `None` for no limit; "2 USD" is understood as well.',
    )
    keep = Setting(lambda talk: talk.keeper.wanted, Talk.keep, "Whether it is kept on disk on the way.")
    restored = Seen(lambda talk: talk.keeper.goes_on, "Whether it is one that an earlier kernel began.")
    turns = Seen(lambda talk: talk.past.tree.branch(), "The current branch, oldest first.")
    all_turns = Seen(
        lambda talk: talk.past.tree.all,
        "The turns of every branch, in the order of their answers.",
    )
    cost = Seen(
        lambda talk: talk.past.ledger.cost,
        "What all its answers cost in US dollars, also of other branches and of turns that are gone; `None` "
        "as soon as one is among them of which nobody knows: `spent` is what is known or guessed then.",
    )
    spent = Seen(
        lambda talk: talk.past.ledger.spent,
        "The US dollars that are held against the limit: known costs, and guesses for stopped answers.",
    )
    tokens = Seen(
        lambda talk: talk.past.ledger.tokens,
        "The tokens of all its questions and answers; `None` as soon as one service did not tell them.",
    )
    on_their_way = Seen(
        lambda talk: talk.past.on_their_way, "The questions that were begun and are not finished."
    )

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
        options, model, provider = veiled(options), one_named(model), one_named(provider)
        # First: one whose making is refused is shown, too.
        self._talk = Talk(keep=settings.current().keep_conversations if keep is None else keep is True)
        refuse_slips(options, ("name", "model", "provider", "system", "limit", "keep"), of="Conversation")
        if not isinstance(keep, bool | None):
            raise InvalidParameterError(
                f"keep is {short(keep)}: it must be True, False, or None for what is set"
            )
        if name is not None:
            self._talk.terms.rename(name)
        self._talk.terms.begin_with(_given(model, provider, system, options), limit)
        if (there := shelf()) is not None:
            there.put(self, stays=name is not None)

    def __setattr__(self, name: str, value: Any) -> None:
        setting = getattr(type(self), name, None)
        if isinstance(setting, Setting) and setting.veil is not None:
            value = setting.veil(value)
        # `talk.temperature = 0` would be kept and never be heeded. Whoever writes a class of one's own may.
        if type(self) is Conversation and not name.startswith("_") and not hasattr(Conversation, name):
            raise AttributeError(
                f"a conversation has no {name!r} that can be set: there are model, system, limit, keep, name "
                "and options for all else that questions shall have, like talk.options = {'temperature': 0}"
            )
        object.__setattr__(self, name, value)

    @property
    def name(self) -> str:
        """What it is called; setting it renames it."""
        return self._talk.terms.name

    @name.setter
    def name(self, name: str) -> None:
        self._talk.rename(name)
        if (there := shelf()) is not None:
            there.put(self, stays=True)

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The current branch as it would be sent: without answers that broke off and were left so."""
        return messages_of(self.turns)

    @property
    def title(self) -> str:
        """What it is about: the beginning of its first question, `""` as long as there is none."""
        return title_of(self.turns)

    # ---- asking ------------------------------------------------------------------------------------

    def begin(
        self,
        prompt: Prompt = None,
        model: Chosen = None,
        *,
        shown: str | None = None,
        place: str | None = None,
        instead_of: Turn | str | None = None,
        after: Turn | str | None = END,
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
        broke off, is gone on with, by whoever wrote it if nobody else is named. Where no prompt is given,
        `instead_of` asks its own again.
        """
        options, model, provider = veiled(options), one_named(model), one_named(provider)
        refuse_slips(options, _WORDS, of="a question")
        media = options.pop("media", None)
        wish = Wish(
            prompt=prompt, given=_given(model, provider, system, options), shown=shown, place=place,
            instead_of=instead_of, after=after, continues=continues,
        )  # fmt: skip
        return self._talk.begin(wish, media, interactive=interactive)

    def again(self, turn: Turn | str | None = None, model: Chosen = None, **how: Any) -> dict[str, Any]:
        """What `begin` needs to ask a turn's question again, of the same model and with the same options."""
        how, model = veiled(how), one_named(model)
        old, same = self._talk.again(turn, Given(model=model, provider=one_named(how.pop("provider", None))))
        return Veiled({**same, "instead_of": old, **how})

    # ---- changing ----------------------------------------------------------------------------------

    def drop(self, turn: Turn | str) -> None:
        """Take a turn out; what follows it stays and follows the turn before it."""
        self._talk.drop(turn)

    def clear(self) -> None:
        """Begin anew, without any turn; what they cost stays counted.

        On disk it is another conversation from here: `restore` gives the one before it.
        """
        self._talk.clear()

    def switch(self, turn: Turn | str) -> None:
        """Make the branch that a turn is on the current one."""
        self._talk.switch(turn)

    def fork(self, name: str | None = None, at: Turn | str | None = None) -> Self:
        """Another conversation that begins as this one does, up to a turn or to the end.

        It has spent nothing yet, and its limit is as high.
        """
        tell_namesake(name)
        made = type(self)(name, keep=self.keep)
        made._talk.begin_as(self._talk, at)  # noqa: SLF001  # one of us
        return made

    def branches(self, turn: Turn | str) -> tuple[Turn, ...]:
        """All versions of a turn, oldest first, itself among them."""
        with self._talk.lock:
            return self._talk.past.tree.versions(self._talk.past.turn(turn))

    def borrow(self, other: Conversation) -> None:
        """Ask whom another conversation asks, and with its options; the system prompt stays."""
        if not isinstance(other, Conversation):
            raise InvalidParameterError(
                f"what is borrowed from is {short(other)}: give a conversation, nb.Conversation(…)"
            )
        self._talk.borrow(other._talk)

    def options_for(self, model: Chosen = None, provider: str | Provider | None = None) -> Mapping[str, Any]:
        """The options that a question to this model would have: what is for one server goes to no other."""
        model, provider = one_named(model), one_named(provider)
        return Given(model=model, provider=provider).over(self._talk.terms.own).options

    def observe(self, observer: Observer) -> Callable[[], None]:
        """Call this with a `Change` whenever something changes, on the thread where it does.

        What is given back ends it.
        """
        if not callable(observer):
            raise InvalidParameterError(
                f"an observer is {short(observer)}: it must be a function that takes a Change"
            )
        return self._talk.observers.add(observer)

    # ---- kept, saved, had again --------------------------------------------------------------------

    @classmethod
    def named(cls, name: str = "main", **settings: Any) -> Self:
        """The notebook's conversation of that name; it is made, with these settings, where there is none."""
        settings = veiled(settings)
        return named(name, lambda called: cls(called, **settings))

    @classmethod
    def restore(cls, name: str) -> Self:
        """The conversation of that name or id as it was kept on disk, also by an earlier kernel.

        `nb.list_conversations()` lists them. Of several with one name it is the latest that is not in this
        notebook; one that was restored before is given as it is.
        """
        return restored(name, lambda saved: cls._of(saved, kept=True))

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Self:
        """The conversation that `save` wrote as `.json`, `.md` or `.ipynb`; it goes its own way from there.

        JSON holds everything; of Markdown and notebooks the questions and answers of one branch come back.
        Keys and addresses are in no file: name the model anew where it needs one.
        """
        from g4f_nb.conversations.saving import read

        return cls._of(read(path))

    def forget(self) -> None:
        """Take it off the notebook's list and off the disk; this object goes on, and is kept no more."""
        if (there := shelf()) is not None:
            there.remove(self)
        self._talk.keeper.forget(self.id)

    def as_saved(self) -> Saved:
        """All of it that can be kept, as a value: no key, no address, no function."""
        return self._talk.saved()

    @classmethod
    def _of(cls, saved: Saved, *, kept: bool = False, copied: bool = False) -> Self:
        made = cls(**settings_of(saved))
        made._talk.terms.name = mended_name(saved.name or "") or made.name
        made._talk.terms.lost = lost = lost_of(saved)
        made._talk.take(saved, kept=kept)
        if lost is not None and not copied:
            tell(
                f"the conversation {made.name!r} asked {lost}, {NAMELESS}: {HOW_TO_NAME} names another",
                once=False,
            )
        if not copied and (there := shelf()) is not None:
            there.put(made, stays=True)
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        # What another process may know of it is what a file holds: no key, no address.
        return _rebuilt, (type(self), saved_json(keyless(self.as_saved())))

    # ---- shown -------------------------------------------------------------------------------------

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
        count, cost = len(self.turns), self.cost
        paid = f", {cost:.4g} USD" if cost else ""
        return f"<Conversation {self.name!r}, {count} {'turn' if count == 1 else 'turns'}{paid}>"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        del include, exclude
        return transcript(repr(self)[1:-1], self.turns, mask_of(self))


def _given(model: Chosen, provider: str | Provider | None, system: str | None, options: Veiled) -> Given:
    """Who is asked and how; several as one, where the options name more of them."""
    several = {name: options.pop(name, None) for name in ("fallback", "race")}
    model, provider = questions.one_of(model, provider, **several)
    return Given(model=model, provider=provider, system=checked_system(system), options=options)


def _rebuilt(cls: type[Conversation], data: Mapping[str, Any]) -> Conversation:
    return cls._of(saved_from_json(data), copied=True)
