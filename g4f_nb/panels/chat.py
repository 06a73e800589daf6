"""`ChatPanel`, the widget: its traits, what can be done with it from Python, and the parts that it holds.

Turns live in a `Conversation`, of which a `Room` has several; `Questions` are asked, `Answers` stream, the
`Screen` tells all views of both, and `Acts` do what a view asks for. The traits that are synced, and stored
in notebooks, are small and settled: no text, no history, never a key.
"""

from __future__ import annotations

import os
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import traitlets

from g4f_nb.conversations.conversation import Conversation
from g4f_nb.conversations.turns import Turn
from g4f_nb.dialogues.plans import PendingCall, checked_plan
from g4f_nb.errors import InvalidParameterError
from g4f_nb.panels.acts import Acts
from g4f_nb.panels.answers import Answers, Told
from g4f_nb.panels.approving import Decision
from g4f_nb.panels.beside import show_both
from g4f_nb.panels.choosing import Choice
from g4f_nb.panels.given import Length, checked_callback, checked_files, checked_question
from g4f_nb.panels.looking import Looking
from g4f_nb.panels.picker import PickedModel
from g4f_nb.panels.putting import Typed
from g4f_nb.panels.questions import Questions
from g4f_nb.panels.reruns import made_here
from g4f_nb.panels.room import Room, checked_templates, given_conversation
from g4f_nb.panels.screen import Screen
from g4f_nb.panels.transcript import Transcript
from g4f_nb.panels.working import Working
from g4f_nb.providers.models.model import Model, Provider, one_named, veiled
from g4f_nb.reply import Reply
from g4f_nb.tools import Toolbox

_WORDS = {"schema": "an answer of a type", "n": "several answers"}


class ChatPanel(Working):
    """A chat in the notebook; streams in the background while other cells run.

        panel = ChatPanel("groq:openai/gpt-oss-120b", system="Be brief.", tools=[look_up])
        panel                       # shows it
        panel.ask("Why is the sky blue?")

    Args:
        model: as everywhere, `"provider:model"`; the user can change it in the panel.
        system: the system prompt.
        tools: functions that the model may call, each call with the user's leave; `approve=` decides instead.
        conversation: an `nb.Conversation` to go on with, or the name of one of this notebook.
        height: a CSS length.
        provider: whose model it is, where `model` does not say so.
        limit: what a conversation may cost, like `"2 USD"`.
        templates: prompts with fields, by name: `{"Summarise": "Summarise {text} in {n} words"}`.
        options: whatever the provider takes: `temperature=`, `api_base=`, `api_key=`… Those that belong to
            one server (its address, its key) go to the provider of `model`, and to no other.

    `busy`, `model`, `value` and `error` can be observed; observers run on the thread of the change.
    """

    _files = (
        "shared.js", "parts.js", "choosing.js", "blocks.js", "chat/answer.js", "chat/turns.js", "chat/log.js",
        "chat/attachments.js", "chat/mentions.js", "chat/templates.js", "chat/compose.js", "chat/drawer.js",
        "chat/shelf.js", "chat/newcell.js", "chat/panel.js",
        "shared.css", "parts.css", "choosing.css", "blocks.css", "chat/panel.css", "chat/log.css",
        "chat/compose.css",
    )  # fmt: skip

    model = PickedModel(help="Who answers, as provider:model.").tag(sync=True)
    problem = traitlets.Unicode(help="Why the model cannot be used, with the way out.").tag(sync=True)
    height = Length("28rem", help="A CSS length.").tag(sync=True)
    _hint = traitlets.Unicode(help="What to know before the first question.").tag(sync=True)
    _transcript = traitlets.Unicode(help="The class of the transcript beside the panel.").tag(sync=True)

    value = traitlets.Instance(Reply, allow_none=True, help="The last reply that has ended.")
    error = traitlets.Instance(Exception, allow_none=True, help="Why the last question failed, if it did.")

    def __init__(
        self,
        model: str | Model | Provider | None = None,
        system: str | None = None,
        tools: Sequence[Any] | None = None,
        conversation: Conversation | str | None = None,
        height: str = "28rem",
        *,
        provider: str | Provider | None = None,
        limit: str | float | None = None,
        templates: Mapping[str, str] | None = None,
        **options: Any,
    ) -> None:
        options, model, provider = veiled(options), one_named(model), one_named(provider)
        _refuse(options)
        plan = {name: options.pop(name) for name in ("approve", "tool_limits") if name in options}
        checked_plan(tools=tools, approve=plan.get("approve"), limits=plan.get("tool_limits"), schema=None)
        names = [str((each.get("function") or each).get("name")) for each in Toolbox.of(tools).as_json()]
        choice = Choice(model, provider)

        def make() -> Conversation:
            # No partial: its repr would show the options, and in them a key.
            return Conversation(model=model, provider=provider, system=system, limit=limit, **options)

        given = given_conversation(conversation) if conversation is not None else make()
        if conversation is not None:
            # What it goes on with is its own, unless this panel says otherwise.
            if model is not None or provider is not None or options:
                given.borrow(make())
            given.system = given.system if system is None else system
            given.limit = given.limit if limit is None else limit
        if options:
            choice.refuse_slips(given)
        self.last_code = ""
        self._choice = choice
        self._room = Room(given, make, templates=checked_templates(templates), tools=names)
        self._furnish(lock := threading.RLock(), veiled({"tools": list(tools or ()), **plan}))
        mark = self._screen.transcript.mark
        super().__init__(lock=lock, model=choice.text or choice.name(given), height=height, _transcript=mark)
        self._check_model()
        made_here(self._screen)

    def _text_of(self, model: Model | Provider) -> str:
        """A model that is no text, as its text in the picker."""
        return self._choice.name_for(model)

    def _furnish(self, lock: threading.RLock, tools: Mapping[str, Any]) -> None:
        """Put the parts together, each of which knows only those that it needs."""
        room, choice = self._room, self._choice
        transcript = Transcript(
            uuid.uuid4().hex[:10], lambda: room.current.as_saved().secrets, model=lambda: str(self.model)
        )
        self._screen = screen = Screen(self, lock, room, choice, transcript)
        self._answers = screen.answers = Answers(self, lock, Told(begun=screen.begun, over=screen.over))
        self._questions = Questions(self, room, choice, screen, self._answers, tools=tools)
        self._looking = Looking(self, choice, self)
        self._acts = Acts(
            self, room, screen=screen, answers=self._answers, questions=self._questions,
            looking=self._looking, check=self._check_model,
        )  # fmt: skip

    def __repr__(self) -> str:
        # What a saved notebook, a terminal or a script shows instead of the panel; a traceback shows one that
        # could not be made.
        turns = len(self.turns) if hasattr(self, "_room") else 0
        problem = f"; {self.problem}" if self.problem else ""
        return f"<ChatPanel of {self.model or 'no model'}, {turns} turns: shown in a live notebook{problem}>"

    def _ipython_display_(self) -> None:
        show_both(self, lambda: self._screen.transcript.show(self.turns))

    # ---- from Python -------------------------------------------------------------------------------

    @property
    def conversation(self) -> Conversation:
        """The conversation that is shown; another one can be set, and appears in the panel's list."""
        return self._room.current

    @conversation.setter
    def conversation(self, conversation: Conversation | str) -> None:
        self._screen.turn_to(given_conversation(conversation))
        chosen = self._choice.name(self.conversation)
        if chosen:
            self.model = chosen

    @property
    def conversations(self) -> tuple[Conversation, ...]:
        """Those in the panel's list; one that is set as `conversation` is added."""
        return self._room.all

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The turns of the conversation that is shown; `ask` adds one, `conversation.drop` takes one out."""
        return self.conversation.turns

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The finished turns, as sent with the next question; they are made of `turns`."""
        return self.conversation.messages

    @property
    def parameters(self) -> dict[str, Any]:
        """What goes along with every question, as filled in in the drawer; setting it replaces all of it."""
        return dict(self._room.values)

    @parameters.setter
    def parameters(self, values: Mapping[str, Any]) -> None:
        self._room.values = self._looking.checked(values)
        self._screen.refresh()

    def ask(self, text: str, *, files: Sequence[Any] = ()) -> None:
        """Ask and return at once; an answer still on its way is stopped. Errors are shown in the panel.

        `@name` in it brings a variable; `files` are paths, bytes, images, figures or tables.
        """
        self._questions.take(Typed(checked_question(text), checked_files(files)), uuid.uuid4().hex)

    def regenerate(self, turn: Turn | str | None = None) -> None:
        """Ask the same again, the last question if no other is named; the answer before stays as a branch."""
        self._questions.again(uuid.uuid4().hex, self._questions.named(turn))

    def stop(self) -> None:
        """End the answer on its way and keep what there is of it."""
        self._answers.stop()

    @property
    def waiting(self) -> tuple[PendingCall, ...]:
        """The calls of tools that wait for your leave; `decide` gives it or not."""
        return self._answers.waiting

    def decide(self, call: str | PendingCall, decision: Decision) -> None:
        """Let a call run (`"allow"`), and all of its tool from now on (`"always"`), or not (`"deny"`)."""
        self._answers.decide(call, decision, late=False)

    def on_reply(self, callback: Callable[[Reply], object]) -> Callable[[], None]:
        """Call this with every reply that has ended, on the thread where it does.

        What is given back ends it.
        """
        return self._answers.on_reply(checked_callback(callback))

    def clear(self) -> None:
        """Forget the conversation that is shown; an answer on its way in it is stopped."""
        with self._lock:
            self._answers.give_up(self.conversation)
            self._screen.unsent = None
            self.conversation.clear()
            self._screen.refresh()

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
        """Save the conversation that is shown: `.json`, `.md`, `.html` or `.ipynb`, by the ending.

        A file that is no saved conversation is replaced only with `overwrite`.
        """
        self.conversation.save(path, overwrite=overwrite)
        return Path(path)

    def load(self, path: str | os.PathLike[str]) -> Conversation:
        """Show a conversation that was saved."""
        self.conversation = self._room.adopt(Conversation.load(path))
        return self.conversation

    def close(self) -> None:
        """Stop, and take the panel away from every view; what was said stays in its conversation."""
        # One whose making was refused is closed, too.
        if hasattr(self, "_screen"):
            self.stop()
            self._screen.unwatch()
        super().close()

    def _keep_here(self) -> None:
        self._screen.keep(here=True)

    # ---- what the views ask for --------------------------------------------------------------------

    def _hear(self, message: dict[str, Any], buffers: list[memoryview]) -> None:
        """Do what a view asks for."""
        self._acts.hear(message, buffers)

    @traitlets.observe("model")
    def _check_model(self, _: object = None) -> None:
        """See whether the model can be used; why not is in `problem`, and what to know of it in `_hint`."""
        self.problem = self._choice.problem(self.model, self.conversation)
        self._hint = "" if self.problem else self._choice.hint(self.model, self.conversation)


def _refuse(options: Mapping[str, Any]) -> None:
    for name in _WORDS.keys() & options.keys():
        raise InvalidParameterError(
            f"{name}= asks for {_WORDS[name]}, which a panel does not show: use nb.ask(…, {name}=…)"
        )
