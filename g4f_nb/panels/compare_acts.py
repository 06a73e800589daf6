"""`CompareActs`: what a view of a comparing panel asks for, done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from g4f_nb.errors import G4FError
from g4f_nb.kept.records import text as clean_text
from g4f_nb.keys import type_key
from g4f_nb.loops.ownloop import own_loop
from g4f_nb.panels import compare_requests as requests
from g4f_nb.panels.columns import Columns
from g4f_nb.panels.compare_requests import Request
from g4f_nb.panels.offers import said, tell_models, tell_providers
from g4f_nb.panels.served import Served


class Panel(Protocol):
    """What can also be done from Python."""

    problem: Any

    def ask_next(self) -> bool: ...  # noqa: D102
    def add(self, model: Any) -> None: ...  # noqa: D102
    def remove(self, name: str) -> None: ...  # noqa: D102
    def stop(self) -> None: ...  # noqa: D102


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """What only views do, or do otherwise than users of Python."""

    # With a name for the request, by which the view knows that it was taken up.
    ask: Callable[[str, str], None]
    ask_again: Callable[[str], None]
    stop_side: Callable[[str], None]
    go: Callable[[int], None]
    count: Callable[[], None]


class CompareActs:
    """The hand of the views; the widget is the way to one of them."""

    def __init__(self, panel: Panel, columns: Columns, inside: Inside, widget: Served) -> None:
        self._panel, self._columns, self._inside, self._widget = panel, columns, inside, widget

    def do(self, request: Request, buffers: list[memoryview]) -> None:  # one arm a kind
        """What comparing alone can do; what goes wrong is raised."""
        inside, panel = self._inside, self._panel
        match request:
            case requests.Hello():
                # Judges may have voted meanwhile.
                inside.count()
            case requests.Ask(_, name, text):
                inside.ask(clean_text(text) or "", name)
            case requests.Next():
                panel.ask_next()
            case requests.Stop(None):
                panel.stop()
            case requests.Stop(str(side)):
                inside.stop_side(side)
            case requests.Go(to):
                inside.go(to)
            case _:
                self._do_with_columns(request, buffers)

    def _do_with_columns(self, request: Request, buffers: list[memoryview]) -> None:
        match request:
            case requests.Add(_, _, model):
                self._panel.add(model)
            case requests.Remove(column) if self._columns.find(column) is not None:
                self._panel.remove(column)
            case requests.Again(column):
                self._inside.ask_again(column)
            case requests.Key(column) if buffers:
                self._take_key(column, buffers)
            case requests.Providers(view):
                own_loop().submit(tell_providers(self._widget, view))
            case requests.Models(view, provider):
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
            self._inside.ask_again(id_)
