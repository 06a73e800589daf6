"""A widget whose front end is stored in no notebook: a few lines are, which fetch the rest from the kernel.

anywidget keeps a widget's whole source in its state, once for each widget that was ever made. Here the state
holds `static/loader.js`. The rest travels with the first widget of a kernel, which drops it once it is there,
and later as a custom message to whoever asks.
"""

from __future__ import annotations

import contextvars
import hashlib
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import anywidget
import traitlets

from g4f_nb import frontend
from g4f_nb.errors import G4FError, sort_of

_STATIC = Path(__file__).parents[1] / "static"
# What of ipywidgets a user of a panel needs.
_OF_EVERY_WIDGET = ("close", "layout", "observe", "unobserve")


class Served(anywidget.AnyWidget):
    """Base of our widgets: `_files` of `static/` are joined, scripts to one module and styles to one sheet.

    The last script ends with `export default { render }`. A subclass hears custom messages in `_hear`.
    """

    _esm = _STATIC / "loader.js"
    _files: ClassVar[tuple[str, ...]] = ()
    # Versions that went along with a widget of this kernel.
    _sent: ClassVar[set[tuple[int, str]]] = set()
    _view_context: contextvars.Context | None = None

    _version = traitlets.Unicode(help="Which front end this widget has.").tag(sync=True)
    _source = traitlets.Dict(help="The front end, until a page has taken it.").tag(sync=True)

    def __init__(self, **state: Any) -> None:
        source = _joined(self._files)
        mark = (os.getpid(), source["version"])
        # A run without anybody in front keeps every state in the notebook: nothing takes the source there.
        if mark not in self._sent and frontend.attached():
            self._sent.add(mark)
            state["_source"] = {"js": source["js"], "css": source["css"]}
        super().__init__(_version=source["version"], **state)
        self.on_msg(self._receive)

    def __dir__(self) -> list[str]:
        """What Tab offers: what it does, without the hundred names of how widgets are made."""
        ours = [each for each in type(self).__mro__ if issubclass(each, Served)]
        named = {name for each in (self, *ours) for name in vars(each)}.difference(dir(anywidget.AnyWidget))
        hidden = [name for name in super().__dir__() if name.startswith("_")]
        return sorted(named.union(_OF_EVERY_WIDGET, hidden))

    def __setattr__(self, name: str, value: Any) -> None:
        kind = getattr(type(self), name, None)
        if isinstance(kind, property) and kind.fset is None:
            # What it says of itself ends with what changes it.
            words = (kind.__doc__ or "").strip().rstrip(".")
            raise AttributeError(
                f"{name!r} of {sort_of(self)} can only be read: {words[:1].lower()}{words[1:]}"
            )
        # Of what may hold a key nothing else is left, in this frame and in those of traitlets.
        if (veil := getattr(kind, "veil", None)) is not None:
            value = veil(value)
        super().__setattr__(name, value)

    def set_state(self, sync_data: Mapping[str, Any]) -> None:
        """Take what a view has set; where that cannot be meant, the view is told what holds."""
        try:
            super().set_state(sync_data)
        except (traitlets.TraitError, G4FError):
            self.send_state([name for name in sync_data if name in self.keys])

    def _hear(self, message: dict[str, Any], buffers: list[memoryview]) -> None:
        """Take a view's message; a subclass knows the forms."""

    def _receive(self, _: object, content: object, buffers: list[memoryview]) -> None:
        self._view_context = contextvars.copy_context()
        if not isinstance(content, dict):
            return
        if content.get("type") == "source":
            self.send({"type": "source", **_joined(self._files)})
        else:
            self._hear(content, buffers)

    def open(self) -> None:
        """Make the widget known to the front end."""
        super().open()
        self._release()

    def _send(self, msg: Any, buffers: Any = None) -> None:
        # The kernel notes from which request a message comes; that is what a view told us last, and not
        # whichever cell runs now.
        if self._view_context is None:
            super()._send(msg, buffers=buffers)
        else:
            self._view_context.copy().run(super()._send, msg, buffers=buffers)
        self._release()

    def _release(self) -> None:
        # ipykernel 7 delivers a view's messages where the comm was last used, which may be a busy main
        # thread, rather than on the subshell that the view chose: Stop would wait for the running cell.
        noted = getattr(self.comm, "__dict__", {})
        noted.pop("_reply_subshell_id", None)


@cache
def _joined(files: tuple[str, ...]) -> dict[str, str]:
    texts = {name: (_STATIC / name).read_text(encoding="utf-8") for name in files}
    made = {
        kind: "\n".join(text for name, text in texts.items() if name.endswith(f".{kind}"))
        for kind in ("js", "css")
    }
    digest = hashlib.sha256("\0".join(made.values()).encode()).hexdigest()
    return {"version": digest[:12], **made}
