"""A field for a key: it goes to the kernel once, beside a message, and is in nothing that is saved."""

from __future__ import annotations

from typing import Any

import traitlets

from g4f_nb.errors import G4FError
from g4f_nb.keys import forget_key, key_need, type_key
from g4f_nb.panels.served import Served
from g4f_nb.providers.models.model import Model, Provider, one_named
from g4f_nb.secret import redact


class KeyPrompt(Served):
    """Ask for the key of a provider, and say beforehand which host it will go to.

        nb.KeyPrompt("groq")

    The key is kept for this session, or, with the box ticked, in the system's keyring (extra `keyring`); as
    with `%g4f key`. It is never a trait: no saved state, no notebook, no `repr` and no log holds it, and the
    field is emptied before it is sent. `ready` says whether there is a key, and can be observed.
    """

    _files = ("shared.js", "parts.js", "keyprompt.js", "shared.css", "parts.css", "keyprompt.css")

    ready = traitlets.Bool(default_value=False, help="Whether there is a key.").tag(sync=True)
    _title = traitlets.Unicode(help="Whose key it is.").tag(sync=True)
    place = traitlets.Unicode(help="Where it will go.").tag(sync=True)
    told = traitlets.Unicode(help="What became of it; no part of it.").tag(sync=True)
    problem = traitlets.Unicode(help="Why it was not taken.").tag(sync=True)
    _keyring = traitlets.Bool(default_value=False, help="Whether it could be kept for later.").tag(sync=True)
    _kept = traitlets.Bool(default_value=False, help="Whether there is something to forget.").tag(sync=True)

    def __init__(self, provider: str | Model | Provider) -> None:
        self._whose = provider = one_named(provider)
        # One that takes no key is refused here, where the user can see it.
        key_need(provider)
        super().__init__()
        self._look()

    def __repr__(self) -> str:
        state = "there is a key" if self.ready else "no key yet"
        return f"<KeyPrompt, {self._title}: {state}; shown in a live notebook>"

    def _hear(self, message: dict[str, Any], buffers: list[memoryview]) -> None:
        """Take the key out of what came beside the message; nothing of it is left there."""
        match message:
            case {"type": "key", "save": bool(save)} if buffers:
                self._do(lambda: type_key(self._whose, lambda _: _text(buffers), save=save))
            case {"type": "forget"}:
                self._do(lambda: forget_key(self._whose))
        buffers.clear()
        self.send({"type": "done"})

    def _do(self, change: Any) -> None:
        told = problem = ""
        # Whatever is raised here would be printed with what its frames hold.
        try:
            told = change()
        except G4FError as error:
            problem = redact(str(error))
        except Exception as error:  # noqa: BLE001  # its words are not ours: they may repeat the key
            problem = f"the key was not kept ({type(error).__name__}): set it in the environment instead"
        self._look(told)
        self.problem = problem

    def _look(self, told: str = "") -> None:
        need = key_need(self._whose)
        self._title = f"Key for {need.provider}"
        self.place = f"It will go to {need.where} and nowhere else."
        self._keyring, self._kept, self.ready = need.keyring, need.ours, need.found is not None
        self.told = told or (f"There is one already: {need.found}." if need.found else "")


def _text(buffers: list[memoryview]) -> str:
    return bytes(buffers.pop()).decode(errors="replace")
