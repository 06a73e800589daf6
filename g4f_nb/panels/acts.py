"""`Acts`: what a view asks for, done; what goes wrong is told where the user looks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from g4f_nb.conversations.conversation import Conversation
from g4f_nb.loops.ownloop import own_loop
from g4f_nb.panels import requests
from g4f_nb.panels.answers import Answers
from g4f_nb.panels.looking import Looking
from g4f_nb.panels.offers import said
from g4f_nb.panels.putting import Typed
from g4f_nb.panels.questions import Questions
from g4f_nb.panels.room import Room
from g4f_nb.panels.screen import Screen
from g4f_nb.secret import redact


class Panel(Protocol):
    """What can also be done from Python."""

    conversation: Any
    last_code: str

    def clear(self) -> None: ...  # noqa: D102

    def send(self, content: Any, buffers: Any = None) -> None: ...  # noqa: D102


class Acts:
    """The hand of the views."""

    def __init__(
        self,
        panel: Panel,
        room: Room,
        *,
        screen: Screen,
        answers: Answers,
        questions: Questions,
        looking: Looking,
        check: Callable[[], None],
    ) -> None:
        self._panel, self._room, self._check = panel, room, check
        self._screen, self._answers, self._questions, self._looking = screen, answers, questions, looking

    def hear(self, message: dict[str, Any], buffers: list[memoryview]) -> None:
        """Do what a view asks for; a message of no known form is of another version, and ignored."""
        request = requests.read(message)
        try:
            self._do(request, buffers)
        except Exception as error:  # noqa: BLE001  # the panel is where the user looks, not the kernel's log
            words = redact(said(error))
            self._panel.send({"type": "trouble", "view": message.get("view"), "words": words})
        finally:
            buffers.clear()

    def _do(self, request: requests.Request | None, buffers: list[memoryview]) -> None:
        match request:
            case requests.Hello(view):
                # Somebody may have chosen whom to use, or typed a key, since the panel was made.
                self._check()
                self._screen.hello(view)
            case requests.Bye(view):
                self._screen.bye(view)
            case requests.Ask(id, text, turn, files) if text.strip() or buffers:
                sent = tuple((bytes(data), name) for data, (name, _) in zip(buffers, files, strict=False))
                self._questions.take(Typed(text, sent), id, again=turn)
            case requests.Again(id, turn):
                self._questions.again(id, turn)
            case requests.GoOn(id):
                self._questions.go_on(id)
            case requests.Stop(id) if self._answers.is_meant(id, self._room.current):
                self._answers.stop()
            case requests.Change(do, id, value):
                if not self._change(do, id, value):
                    self._keep(do, id, value, buffers)
            case requests.Look(view, what, text):
                own_loop().submit(self._looking.look(view, what, text))

    def _change(self, do: str, key: str, value: Any) -> bool:  # one arm a kind
        """Something small about turns, calls, or which conversation is shown; whether it was that."""
        panel, room = self._panel, self._room
        match do:
            case "clear":
                panel.clear()
            case "drop":
                self._drop(key)
            case "switch":
                room.current.switch(key)
            case "fork":
                panel.conversation = room.adopt(room.current.fork(at=key))
            case "allow" | "deny" | "always":
                self._answers.decide(key, do, late=True)
            case "new":
                panel.conversation = room.new()
            case "open" if (found := room.find(key)) is not None:
                panel.conversation = found
            case "rename" if (found := room.find(key)) is not None:
                found.name = value
                self._screen.refresh()
            case "delete":
                self._delete(room.find(key), key)
            case _:
                return False
        return True

    def _keep(self, do: str, key: str, value: Any, buffers: list[memoryview]) -> None:
        """Something that was filled in, chosen, or typed."""
        match do:
            case "load":
                self._panel.conversation = self._room.adopt(self._looking.read_file(value, buffers))
            case "system":
                self._room.current.system = value or None
            case "parameters":
                self._room.values = self._looking.parameters(value)
                self._screen.refresh()
            case "code":
                self._panel.last_code = value
            case "key":
                self._looking.take_key(key, buffers)
                self._check()
                self._screen.refresh()

    def _drop(self, key: str) -> None:
        unsent = self._screen.unsent
        if unsent is not None and key == unsent["id"]:
            self._screen.unsent = None
            self._screen.refresh()
        else:
            self._room.current.drop(key)

    def _delete(self, gone: Conversation | None, key: str) -> None:
        if gone is not None:
            self._answers.give_up(gone)
        self._panel.conversation = self._room.delete(key)
