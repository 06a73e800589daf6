"""A widget that works in the background: whether it does can be seen, observed and waited for."""

from __future__ import annotations

import threading
import time
from typing import Any

import traitlets

from g4f_nb import frontend
from g4f_nb.errors import LoopError
from g4f_nb.loops.ownloop import BEAT, own_loop
from g4f_nb.panels.given import checked_seconds
from g4f_nb.panels.served import Served


class Working(Served):
    """Base of the panels that have answers on their way; what they hold is changed under `_lock`."""

    busy = traitlets.Bool(default_value=False, help="Whether an answer is on its way.").tag(sync=True)

    def __init__(self, *, lock: threading.RLock | None = None, **state: Any) -> None:
        self._lock = threading.RLock() if lock is None else lock
        self._idle = threading.Event()
        self._idle.set()
        super().__init__(**state)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until no answer is on its way; `False` if that took longer than `timeout` seconds."""
        if threading.current_thread() is own_loop().thread:
            raise LoopError("wait() in an observer would wait for itself: look at .busy instead")
        timeout = checked_seconds(timeout)
        end = None if timeout is None else time.monotonic() + timeout
        # In beats, for a long wait would keep interrupts out on Windows.
        while not self._idle.wait(BEAT if end is None else max(0.0, min(BEAT, end - time.monotonic()))):
            if end is not None and time.monotonic() >= end:
                return False
        if not frontend.attached():
            # nbclient reads only what the cell that runs now sends.
            self._keep_here()
        return True

    def _keep_here(self) -> None:
        """Send with this cell what a notebook keeps of the panel."""

    @traitlets.observe("busy")
    def _mark_idle(self, _: object) -> None:
        (self._idle.clear if self.busy else self._idle.set)()
