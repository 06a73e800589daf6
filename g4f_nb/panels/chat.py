"""The chat panel: it tells its views what its conversations hold, and does what a user asks for there.

Turns live in `Conversation`, answers stream in `Answering`, looks are made in `views` and `items`. The traits
that are synced, and so stored in notebooks, are small and settled: no text, no history, never a key.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import traitlets

from g4f_nb import frontend
from g4f_nb.conversations.conversation import Conversation
from g4f_nb.conversations.turns import Turn
from g4f_nb.errors import InvalidParameterError
from g4f_nb.loops.ownloop import own_loop
from g4f_nb.panels import requests
from g4f_nb.panels.beside import show_both
from g4f_nb.panels.choosing import Choice
from g4f_nb.panels.offers import said
from g4f_nb.panels.putting import Typed
from g4f_nb.panels.room import Room, checked_templates
from g4f_nb.panels.telling import Telling
from g4f_nb.panels.transcript import Transcript
from g4f_nb.providers.models.model import Model, Provider, veiled
from g4f_nb.secret import redact
from g4f_nb.tools import Toolbox

_WORDS = {"schema": "an answer of a type", "n": "several answers"}


class ChatPanel(Telling):
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

    files = (
        "shared.js", "parts.js", "choosing.js", "blocks.js", "chat/answer.js", "chat/turns.js", "chat/log.js",
        "chat/attachments.js", "chat/mentions.js", "chat/templates.js", "chat/compose.js", "chat/drawer.js",
        "chat/shelf.js", "chat/newcell.js", "chat/panel.js",
        "shared.css", "parts.css", "choosing.css", "blocks.css", "chat/panel.css", "chat/log.css",
        "chat/compose.css",
    )  # fmt: skip

    model = traitlets.Unicode(help="Who answers, as provider:model.").tag(sync=True)
    problem = traitlets.Unicode(help="Why the model cannot be used, with the way out.").tag(sync=True)
    height = traitlets.Unicode("28rem").tag(sync=True)
    transcript = traitlets.Unicode(help="The class of the transcript beside the panel.").tag(sync=True)

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
        options = veiled(options)
        for name in _WORDS.keys() & options.keys():
            raise InvalidParameterError(
                f"{name}= asks for {_WORDS[name]}, which a panel does not show: use nb.ask(…, {name}=…)"
            )
        plan = {name: options.pop(name) for name in ("approve", "tool_limits") if name in options}
        names = [str((each.get("function") or each).get("name")) for each in Toolbox.of(tools).as_json()]
        choice = Choice(model, provider)

        def make() -> Conversation:
            # No partial: its repr would show the options, and in them a key.
            return Conversation(model=model, provider=provider, system=system, limit=limit, **options)

        given = _given(conversation) if conversation is not None else make()
        if conversation is not None:
            # What it goes on with is its own, unless this panel says otherwise.
            if model is not None or provider is not None or options:
                given.borrow(make())
            given.system = given.system if system is None else system
            given.limit = given.limit if limit is None else limit
        self.last_code = ""
        super().__init__(
            Room(given, make, templates=checked_templates(templates), tools=names),
            choice,
            tools=veiled({"tools": list(tools or ()), **plan}),
            model=choice.text or choice.name(given),
            height=height,
            transcript=Transcript(uuid.uuid4().hex[:10], lambda: self.conversation.as_saved().secrets),
        )

    def __repr__(self) -> str:
        # What a saved notebook, a terminal or a script shows instead of the panel.
        turns = len(self.turns)
        return f"<ChatPanel of {self.model or 'no model'}, {turns} turns: shown in a live notebook>"

    def _ipython_display_(self) -> None:
        show_both(self, lambda: self._transcript.show(self.turns))

    # ---- from Python -------------------------------------------------------------------------------

    @property
    def conversation(self) -> Conversation:
        """The conversation that is shown; another one can be set, and appears in the panel's list."""
        return super().conversation

    @conversation.setter
    def conversation(self, conversation: Conversation | str) -> None:
        self._turn_to(_given(conversation))
        chosen = self._choice.name(self.conversation)
        if chosen:
            self.model = chosen

    @property
    def conversations(self) -> tuple[Conversation, ...]:
        """Those in the panel's list."""
        return self._room.all

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The finished turns, as sent with the next question."""
        return self.conversation.messages

    def ask(self, text: str, *, files: Sequence[Any] = ()) -> None:
        """Ask and return at once; an answer still on its way is stopped. Errors are shown in the panel.

        `@name` in it brings a variable; `files` are paths, bytes, images, figures or tables.
        """
        if not text.strip():
            raise InvalidParameterError("the question is empty: pass a text")
        self._take(Typed(text, tuple(files)), uuid.uuid4().hex)

    def regenerate(self, turn: Turn | str | None = None) -> None:
        """Ask the same again, the last question if no other is named; the answer before stays as a branch."""
        self._again(uuid.uuid4().hex, turn.id if isinstance(turn, Turn) else turn)

    def clear(self) -> None:
        """Forget the conversation that is shown; an answer on its way in it is stopped."""
        with self._lock:
            self._give_up(self.conversation)
            self._unsent = None
            self.conversation.clear()
            self._refresh()

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
        if hasattr(self, "_unwatch"):
            self.stop()
            self._unwatch()
        super().close()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until no answer is on its way; `False` if that took longer than `timeout` seconds."""
        done = super().wait(timeout)
        if done and not frontend.attached():
            # nbclient reads only what the cell that runs now sends.
            self._transcript.update(self.turns, here=True)
        return done

    # ---- what the views ask for --------------------------------------------------------------------

    def hear(self, message: dict[str, Any], buffers: list[memoryview]) -> None:
        """Do what a view asks for; a message of no known form is of another version, and ignored."""
        request = requests.read(message)
        try:
            self._do(request, buffers)
        except Exception as error:  # noqa: BLE001  # the panel is where the user looks, not the kernel's log
            self.send({"type": "trouble", "view": message.get("view"), "words": redact(said(error))})
        finally:
            buffers.clear()

    def _do(self, request: requests.Request | None, buffers: list[memoryview]) -> None:  # one arm a kind
        match request:
            case requests.Hello(view):
                with self._lock:
                    live = self._place_of(self.conversation)
                    turns = self._shown_turns(None if live is None else live.before)
                    self.send(
                        self._views.whole(
                            view, turns, self.conversation, self._room_now(), unsent=self._unsent, live=live
                        )
                    )
            case requests.Ask(id, text, turn, files) if text.strip() or buffers:
                sent = tuple((bytes(data), name) for data, (name, _) in zip(buffers, files, strict=False))
                self._take(Typed(text, sent), id, again=turn)
            case requests.Again(id, turn):
                self._again(id, turn)
            case requests.GoOn(id):
                self._go_on(id)
            case requests.Stop(id) if self._is_meant(id):
                self.stop()
            case requests.Change(do, id, value):
                self._change(do, id, value, buffers)
            case requests.Look(view, what, text):
                own_loop().submit(self._looking.look(view, what, text))

    def _change(self, do: str, key: str, value: Any, buffers: list[memoryview]) -> None:  # noqa: C901, PLR0912  # the same
        room = self._room
        match do:
            case "clear":
                self.clear()
            case "drop" if self._unsent is not None and key == self._unsent["id"]:
                self._unsent = None
                self._refresh()
            case "drop":
                self.conversation.drop(key)
            case "switch":
                self.conversation.switch(key)
            case "fork":
                self.conversation = room.adopt(self.conversation.fork(at=key))
            case "allow" | "deny" | "always":
                self.decide(key, do)
            case "new":
                self.conversation = room.new()
            case "open" if (found := room.find(key)) is not None:
                self.conversation = found
            case "rename" if (found := room.find(key)) is not None:
                found.name = str(value)
                self._refresh()
            case "delete":
                if (found := room.find(key)) is not None:
                    self._give_up(found)
                self.conversation = room.delete(key)
            case "load":
                self.conversation = room.adopt(self._looking.read_file(str(value), buffers))
            case "system":
                self.conversation.system = str(value) or None
            case "parameters" if isinstance(value, dict):
                self._values = self._looking.parameters({str(k): str(v) for k, v in value.items()})
                self._refresh()
            case "code":
                self.last_code = str(value)
            case "key":
                self._looking.take_key(key, buffers)
                self._check_model(None)
                self._refresh()

    @traitlets.observe("model")
    def _check_model(self, _: object) -> None:
        self.problem = self._choice.problem(self.model, self.conversation)


def _given(conversation: object) -> Conversation:
    if isinstance(conversation, str):
        return Conversation.named(conversation)
    if isinstance(conversation, Conversation):
        return conversation
    raise InvalidParameterError(
        f"conversation is a {type(conversation).__name__}: it must be an nb.Conversation or the name of one"
    )
