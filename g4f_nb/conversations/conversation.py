"""`Conversation`: a dialogue that goes on, the one memory of cells and panels."""

from __future__ import annotations

import threading
import uuid
import weakref
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from g4f_nb import asking
from g4f_nb.conversations.asked import Asking, Given, Spot
from g4f_nb.conversations.sending import GO_ON, messages_of, to_continue
from g4f_nb.conversations.tree import Tree
from g4f_nb.conversations.turns import Change, Content, Turn, checked_content, prompt_text
from g4f_nb.errors import G4FError, InvalidParameterError
from g4f_nb.files.media import read_media, with_media
from g4f_nb.messages import as_messages
from g4f_nb.notices import tell
from g4f_nb.providers import registry
from g4f_nb.providers.calling import locate
from g4f_nb.providers.models.model import HOST_BOUND, Model, Provider, check_model, laid_over, veiled
from g4f_nb.reply import Reply
from g4f_nb.secret import Veiled

Chosen = str | Model | Provider | None
Prompt = asking.Prompt | None
# `after=None` is the beginning, so "not said" needs a word of its own.
_END = "end"
# What is done beside asking, and is no option of a provider.
_PLANNED = frozenset({"schema", "approve", "tool_limits"})


class Conversation:
    """A dialogue that goes on: each question is sent with the answers before it.

        talk = nb.Conversation("physics", model="groq:openai/gpt-oss-120b", system="Be brief.")
        talk.ask("Why is the sky blue?")
        talk.ask("And at sunset?")

    Args:
        name: what it is called in lists; one is made up if none is given.
        model, provider, options: as for `nb.ask`; they hold where a question names nothing else.
        system: the system prompt.

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
        **options: Any,
    ) -> None:
        options = veiled(options)
        if name is not None and not str(name).strip():
            raise InvalidParameterError(f"name is {name!r}: it is a text, like 'physics'")
        check_model(model.name if isinstance(model, Model) else model)
        self.id = uuid.uuid4().hex
        self.name = str(name).strip() if name else f"chat-{self.id[:4]}"
        self.model: Chosen = model
        self.provider = provider
        self.system = system
        self.options: dict[str, Any] = options
        self._lock = threading.RLock()
        self._tree = Tree()
        self._given: dict[str, Given] = {}
        self._on_their_way: weakref.WeakSet[Asking] = weakref.WeakSet()
        self._observers: list[Callable[[Change], object]] = []

    # ---- what there is -----------------------------------------------------------------------------

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The current branch, oldest first."""
        with self._lock:
            return self._tree.branch()

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The current branch as it would be sent: without answers that broke off and were left so."""
        return messages_of(self.turns)

    @property
    def on_their_way(self) -> tuple[Asking, ...]:
        """The questions that were begun and are not finished."""
        with self._lock:
            return tuple(sorted(self._on_their_way, key=lambda each: each.turn.asked_at))

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
        return f"<Conversation {self.name!r}, {count} {'turn' if count == 1 else 'turns'}>"

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
        goes on behind any turn. With `continues` the last answer, which broke off, is gone on with.
        """
        options = veiled(options)
        given = Given(model=model, provider=provider, system=system, options=options)
        with self._lock:
            old = None if instead_of is None else self._turn(instead_of)
            if old is not None and prompt is None:
                prompt, continues, shown = old.prompt, old.continues, shown or old.shown
            spot, before = self._spot(old, after, place, continues=continues)
            content = self._content(prompt, options, continues=continues)
            mine, home = self._defaults(model, provider), (self.model, self.provider)
        who, whose = (model, provider) if model is not None or provider is not None else home
        question = _question(
            who,
            whose,
            laid_over(mine, options),
            before=before,
            content=content,
            continues=continues,
            system=self.system if system is None else system,
            interactive=interactive,
        )
        turn = Turn(
            id=uuid.uuid4().hex,
            prompt=content,
            shown=prompt_text(content) if shown is None else shown,
            place=place if old is None or place is not None else old.place,
            asked_at=datetime.now(UTC),
            continues=continues,
            model=question.label,
            system=system,
        )
        begun = Asking(question, turn, spot, given=given, record=self._record)
        with self._lock:
            self._on_their_way.add(begun)
        self._tell("begun", turn)
        return begun

    def ask(self, prompt: Prompt = None, model: Chosen = None, **how: Any) -> Reply:
        """Ask and wait for the whole answer; the arguments are those of `begin` and of `nb.ask`."""
        begun = self.begin(prompt, model, **veiled(how))
        try:
            asking.complete(begun.question, begun.reply)
        except BaseException as error:
            begun.finish(error)
            raise
        begun.finish()
        return begun.reply

    async def ask_async(self, prompt: Prompt = None, model: Chosen = None, **how: Any) -> Reply:
        """`ask` for `await`; cancelling it closes the connection and keeps what had arrived."""
        begun = self.begin(prompt, model, **veiled(how))
        try:
            await asking.complete_async(begun.question, begun.reply)
        except BaseException as error:
            begun.finish(error)
            raise
        begun.finish()
        return begun.reply

    def edit(self, turn: Turn | str, prompt: asking.Prompt, model: Chosen = None, **how: Any) -> Reply:
        """Ask something else in the place of a turn; that one stays as another branch."""
        return self.ask(prompt, model, instead_of=turn, **veiled(how))

    def regenerate(self, turn: Turn | str | None = None, model: Chosen = None, **how: Any) -> Reply:
        """Ask the same again, the last question if no other is named; the first answer stays as a branch."""
        return self.ask(None, **self.again(turn, model, **veiled(how)))

    def again(self, turn: Turn | str | None = None, model: Chosen = None, **how: Any) -> dict[str, Any]:
        """What `begin` needs to ask a turn's question again, of the same model and with the same options."""
        how = veiled(how)
        with self._lock:
            old = self._turn(turn) if turn is not None else self._last()
            before = self._given.get(old.id, Given(system=old.system))
        same: dict[str, Any] = {"instead_of": old, "system": before.system}
        if model is None and how.get("provider") is None:
            model, same["provider"] = before.model, before.provider
        return Veiled({**before.options, **same, "model": model, **how})

    # ---- changing ----------------------------------------------------------------------------------

    def drop(self, turn: Turn | str) -> None:
        """Take a turn out; what follows it stays and follows the turn before it."""
        with self._lock:
            gone = self._turn(turn)
            self._tree.remove(gone)
            self._given.pop(gone.id, None)
        self._tell("removed", gone)

    def switch(self, turn: Turn | str) -> None:
        """Make the branch that a turn is on the current one."""
        with self._lock:
            wanted = self._turn(turn)
            self._tree.choose(wanted)
        self._tell("switched", wanted)

    def fork(self, name: str | None = None, at: Turn | str | None = None) -> Conversation:
        """Another conversation that begins as this one does, up to a turn or to the end."""
        made = Conversation(
            name or f"{self.name}-fork",
            model=self.model,
            provider=self.provider,
            system=self.system,
            **Veiled(self.options),
        )
        with self._lock:
            path = self._tree.branch() if at is None else self._tree.path(self._turn(at))
            made._tree = Tree(path, {turn.parent: turn.id for turn in path})
            made._given = {turn.id: self._given[turn.id] for turn in path if turn.id in self._given}
        return made

    def observe(self, callback: Callable[[Change], object]) -> Callable[[], None]:
        """Call this with a `Change` whenever something changes, on the thread where it does.

        What is given back ends it.
        """
        with self._lock:
            self._observers.append(callback)

        def end() -> None:
            with self._lock:
                self._observers[:] = [each for each in self._observers if each is not callback]

        return end

    # ---- within ------------------------------------------------------------------------------------

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

    def _spot(
        self, old: Turn | None, after: Turn | str | None, place: str | None, *, continues: bool
    ) -> tuple[Spot, tuple[Turn, ...]]:
        """Where the new turn goes, and the turns before it."""
        branch = self._tree.branch()
        if old is not None:
            return Spot(instead_of=old), self._tree.path(old)[:-1]
        if after is None:
            return Spot(), ()
        if after != _END:
            behind = self._turn(after)
            return Spot(after=behind), self._tree.path(behind)
        for at, turn in enumerate(branch):
            if place is not None and turn.place == place and not continues:
                return Spot(instead_of=turn, keeps_later=True), branch[:at]
        return Spot(after=branch[-1] if branch else None, at_end=True), branch

    def _content(self, prompt: Prompt, options: dict[str, Any], *, continues: bool) -> Content:
        if prompt is None and continues:
            if to_continue(self._tree.branch()) is None:
                raise InvalidParameterError(
                    f"nothing in the conversation {self.name!r} broke off: ask for more in words of your own"
                )
            return GO_ON
        content = checked_content(prompt)
        media = read_media(options.pop("media", None))
        if not media:
            return content
        # As parts of the prompt they are sent again with it, as what was asked.
        return checked_content(with_media([{"role": "user", "content": content}], media)[0]["content"])

    def _defaults(self, model: Chosen, provider: str | Provider | None) -> dict[str, Any]:
        """The conversation's own options, as far as a question to this model may have them."""
        if model is None and provider is None:
            return Veiled(self.options)
        if isinstance(model, Model):
            return laid_over(self._defaults(model.name, provider), model.options)
        if _provider_of(model, provider) is _provider_of(self.model, self.provider):
            return Veiled(self.options)
        # What was given for one server goes to no other.
        return Veiled((name, value) for name, value in self.options.items() if name not in HOST_BOUND)

    def _record(self, done: Asking) -> Turn:
        with self._lock:
            self._on_their_way.discard(done)
            turn = self._put(done.turn, done.spot)
            self._given[turn.id] = done.given
        self._tell("finished", turn)
        return turn

    def _put(self, turn: Turn, spot: Spot) -> Turn:
        old = None if spot.instead_of is None else self._tree.get(spot.instead_of.id)
        if old is not None and spot.keeps_later and old in self._tree.branch():
            turn = self._tree.put_in_place_of(old, turn)
            if not old.dialogue:
                # Nobody wants a failure back.
                self._tree.remove(old)
            return turn
        branch = self._tree.branch()
        behind = None if spot.after is None else spot.after.id
        after = behind if old is None else old.parent
        grown = spot.at_end and (after is None or any(each.id == after for each in branch))
        lost = after is not None and self._tree.get(after) is None
        if grown or lost or (spot.instead_of is not None and old is None):
            after = branch[-1].id if branch else None
        turn = replace(turn, parent=after)
        self._tree.add(turn)
        return turn

    def _tell(self, kind: str, turn: Turn | None = None) -> None:
        for observer in tuple(self._observers):
            try:
                observer(Change(kind, turn))
            except Exception as error:  # noqa: BLE001  # whoever looks on must not undo what was done
                tell(f"an observer of the conversation {self.name!r} failed: {error!r}", once=False)


def _provider_of(model: str | Model | Provider | None, provider: str | Provider | None) -> Provider | None:
    name = model.name if isinstance(model, Model) else model
    try:
        return registry.choose(name, provider, interactive=True)[0]
    except G4FError:
        # Whoever asks it is told.
        return None


def _question(
    model: Chosen,
    provider: str | Provider | None,
    options: dict[str, Any],
    *,
    before: tuple[Turn, ...],
    content: Content,
    continues: bool,
    system: str | None,
    interactive: bool,
) -> asking.Question:
    plan = Veiled((name, options.pop(name)) for name in _PLANNED & options.keys())
    place = locate(model, provider=provider, interactive=interactive, **options)
    reader = place[0].provider.__name__
    messages = messages_of(before, continued=continues, provider=reader, then=content)
    return asking.Question.of(place, as_messages(messages, system), asking.plan_of(place, **plan))
