"""`CompareActs`: what a view of a comparing panel asks for, done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from g4f_nb.errors import G4FError
from g4f_nb.kept.records import text as clean_text
from g4f_nb.keys import type_key
from g4f_nb.loops.ownloop import own_loop
from g4f_nb.panels.columns import Columns
from g4f_nb.panels.offers import said, tell_models, tell_providers
from g4f_nb.panels.served import Served


class Panel(Protocol):
    """What can also be done from Python, and what of it is one side's or one view's."""

    problem: Any

    def ask(self, prompt: str) -> None: ...  # noqa: D102
    def ask_next(self) -> bool: ...  # noqa: D102
    def add(self, model: Any) -> None: ...  # noqa: D102
    def remove(self, name: str) -> None: ...  # noqa: D102
    def stop(self) -> None: ...  # noqa: D102
    def stop_side(self, id_: str) -> None: ...  # noqa: D102
    def ask_again(self, column: str) -> None: ...  # noqa: D102
    def go(self, to: int) -> None: ...  # noqa: D102
    def counted(self) -> None: ...  # noqa: D102


class CompareActs:
    """The hand of the views; the widget is the way to one of them."""

    def __init__(self, panel: Panel, columns: Columns, widget: Served) -> None:
        self._panel, self._columns, self._widget = panel, columns, widget

    def do(self, message: Mapping[str, Any], buffers: list[memoryview]) -> None:
        """What goes wrong is told in the panel, where the user looks."""
        try:
            match message:
                case {"type": "key", "column": str(column)} if buffers:
                    self._take_key(column, buffers)
                case _:
                    self._do(message)
        except Exception as error:  # noqa: BLE001  # see above
            self._panel.problem = said(error)

    def _do(self, message: Mapping[str, Any]) -> None:
        panel = self._panel
        match message:
            case {"type": "ask", "text": str(text)} if text.strip():
                panel.ask(clean_text(text) or "")
            case {"type": "next"}:
                panel.ask_next()
            case {"type": "stop", "side": str(id_)}:
                panel.stop_side(id_)
            case {"type": "stop"}:
                panel.stop()
            case {"type": "go", "to": int(to)}:
                panel.go(to)
            case {"type": "hello"}:
                # Judges may have voted meanwhile.
                panel.counted()
            case _:
                self._do_with_columns(message)

    def _do_with_columns(self, message: Mapping[str, Any]) -> None:
        match message:
            case {"type": "add", "model": str(model)} if model.strip():
                self._panel.add(model.strip())
            case {"type": "remove", "column": str(column)}:
                self._panel.remove(column)
            case {"type": "again", "column": str(column)}:
                self._panel.ask_again(column)
            case {"type": "providers", "view": str(view)}:
                own_loop().submit(tell_providers(self._widget, view))
            case {"type": "models", "view": str(view), "provider": str(provider)}:
                own_loop().submit(tell_models(self._widget, view, provider))

    def _take_key(self, id_: str, buffers: list[memoryview]) -> None:
        """Keep a key that was typed where it was missed, for this session, and ask again with it."""
        column = self._columns.find(id_)
        failed = None
        try:
            if column is not None:
                type_key(column.model, lambda _: bytes(buffers.pop()).decode(errors="replace"))
        except G4FError as error:
            failed = said(error)
        except Exception as error:  # noqa: BLE001  # its words are not ours: they may repeat the key
            failed = f"the key was not kept ({type(error).__name__}): set it in the environment instead"
        buffers.clear()
        self._panel.problem = failed or ""
        if not failed:
            self._panel.ask_again(id_)
