"""A call of a tool waits for the user's yes or no, and nothing runs without it.

It waits for as long as the user needs: no time-out turns silence into a yes, or into a no that the model
would act on. Stop ends it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Literal

from g4f_nb.dialogues.plans import PendingCall

Decision = Literal["allow", "deny", "always"]
DECISIONS: tuple[Decision, ...] = ("allow", "always", "deny")


@dataclass(frozen=True, slots=True, eq=False)
class Waiting:
    """One call that waits, on our own loop."""

    call: PendingCall
    decided: asyncio.Future[Decision] = field(repr=False)

    def decide(self, decision: Decision) -> None:
        """Let it run, or not; the first word counts. From any thread."""
        loop = self.decided.get_loop()
        loop.call_soon_threadsafe(self._settle, decision)

    def _settle(self, decision: Decision) -> None:
        if not self.decided.done():
            self.decided.set_result(decision)
