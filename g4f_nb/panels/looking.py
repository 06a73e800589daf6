"""What one view wants to see, fetched when it does: models, variables, parameters, a file."""

from __future__ import annotations

import re
import tempfile
from asyncio import to_thread
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from g4f_nb.conversations.conversation import Conversation
from g4f_nb.errors import InvalidParameterError, short
from g4f_nb.keys import type_key
from g4f_nb.listings.modeltable import listed_by
from g4f_nb.panels.choosing import Choice
from g4f_nb.panels.drawer import checked_values, rows_of, values_of
from g4f_nb.panels.offers import said, tell_providers
from g4f_nb.panels.putting import namespace, words_of_strangers
from g4f_nb.panels.room import title_of
from g4f_nb.panels.served import Served
from g4f_nb.prompting.mentions import candidates
from g4f_nb.providers.registry import find_provider

KINDS = {"md": "text/markdown", "html": "text/html", "json": "application/json"}
KINDS["ipynb"] = "application/x-ipynb+json"
_MOST_NAMES = 50


class Panel(Protocol):
    """What is looked at."""

    model: Any

    @property
    def conversation(self) -> Conversation: ...  # noqa: D102

    @property
    def parameters(self) -> dict[str, Any]: ...  # noqa: D102


class Looking:
    """The part of a panel that answers one view's questions."""

    def __init__(self, panel: Panel, choice: Choice, widget: Served) -> None:
        self._panel, self._choice, self._widget = panel, choice, widget

    async def look(self, view: str, what: str, text: str) -> None:
        """Answer one question; an error is shown where the answer would stand."""
        panel = self._panel
        if what == "providers":
            await tell_providers(self._widget, view)
            return
        made: dict[str, Any] = {"type": what, "view": view}
        buffers: list[bytes] = []
        try:
            match what:
                case "models":
                    made |= {"provider": text, "names": [], "error": None}
                    made["names"] = await self._models(text)
                case "parameters":
                    made |= {"provider": self._provider().__name__}
                    made["rows"] = rows_of(self._provider(), panel.parameters)
                case "text":
                    found = [turn for turn in self._panel.conversation.turns if turn.id == text]
                    made |= {"id": text, "text": found[0].text if found else None}
                case "names":
                    made["names"] = await to_thread(self.names, text)
                case "strangers":
                    made["words"] = await to_thread(lambda: list(words_of_strangers(text, namespace())))
                case "file":
                    data, name, kind = await to_thread(self.exported, text)
                    made |= {"name": name, "kind": kind}
                    buffers = [data]
                case _:
                    return
        except Exception as error:  # noqa: BLE001  # shown where the answer would stand
            made["error"] = said(error)
        self._widget.send(made, buffers=buffers or None)

    def _provider(self) -> Any:
        panel = self._panel
        return self._choice.provider(panel.model, panel.conversation)

    async def _models(self, name: str) -> list[str]:
        own = self._choice.class_of(name)
        options = self._choice.options(name if own else f"{name}:", self._panel.conversation)
        return await listed_by(own or find_provider(name), options)

    def parameters(self, texts: Mapping[str, str]) -> dict[str, Any]:
        """What was filled in, as values."""
        return values_of(self._provider(), texts)

    def checked(self, values: object) -> dict[str, Any]:
        """What was set from Python, as values that the provider takes."""
        if not isinstance(values, Mapping):
            raise InvalidParameterError(
                f"parameters is {short(values)}: it must be a dict, like {{'temperature': 0.5}}"
            )
        return checked_values(self._provider(), values)

    def names(self, beginning: str) -> list[dict[str, str]]:
        """The variables that could be meant, each with what it is."""
        found = candidates(beginning, namespace(), most=_MOST_NAMES)
        return [{"name": each.name, "kind": each.kind} for each in found]

    # ---- files and keys ----------------------------------------------------------------------------

    def exported(self, kind: str) -> tuple[bytes, str, str]:
        """The conversation as a file of this kind: its bytes, a name, and its type."""
        if kind not in KINDS:
            raise InvalidParameterError(f"the kind is {kind!r}: it must be one of {', '.join(KINDS)}")
        conversation = self._panel.conversation
        name = re.sub(r"[^\w-]+", "-", title_of(conversation)).strip("-")[:40] or "conversation"
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"{name}.{kind}"
            conversation.save(path)
            return path.read_bytes(), path.name, KINDS[kind]

    def read_file(self, name: str, buffers: list[memoryview]) -> Conversation:
        """A conversation from a file that a view sent."""
        if not buffers:
            raise InvalidParameterError("the file is empty: choose one that a panel has saved")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / Path(name).name
            path.write_bytes(bytes(buffers[0]))
            return Conversation.load(path)

    def take_key(self, provider: str, buffers: list[memoryview]) -> None:
        """Keep a key that was typed where it was missed, for this session; nothing of it is left here."""
        if buffers:
            type_key(provider, lambda _: bytes(buffers.pop()).decode(errors="replace"), save=False)
