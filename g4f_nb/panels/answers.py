"""`Answers`: one question of a panel at a time on its way, in the background, until it is settled.

What streams runs on our own loop; whoever asks is back at once. Nothing here renders or decides whom to ask.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from g4f_nb.asking import answer
from g4f_nb.conversations.conversation import Conversation
from g4f_nb.dialogues.plans import PendingCall, ToolLimits
from g4f_nb.errors import InvalidParameterError, short
from g4f_nb.loops.ownloop import own_loop
from g4f_nb.notices import tell
from g4f_nb.panels.approving import DECISIONS, Decision, Waiting
from g4f_nb.panels.items import html_of
from g4f_nb.panels.underway import UnderWay
from g4f_nb.reply import Reply
from g4f_nb.secret import Veiled

if TYPE_CHECKING:
    from concurrent.futures import Future

    from g4f_nb.conversations.turns import Turn

# Seconds between two deltas: at most 12 a second reach the browser, however fast the text comes.
_PACE = 1 / 10.5
# Seconds that a stopped provider gets to end by itself; then the panel goes on without it.
_GRACE = 1.0


class Shown(Protocol):
    """The widget: what of an answer can be seen and observed, and the way to its views."""

    busy: Any
    value: Any
    error: Any

    def send(self, content: Any, buffers: Any = None) -> None: ...  # noqa: D102


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Whom answers tell, with the panel's lock held."""

    # A question was taken up; the views shall see it.
    begun: Callable[[UnderWay], None]
    # It came to its end, with its turn and that as HTML; without a turn nothing was sent.
    over: Callable[[UnderWay, Turn | None, str | None, Exception | None], None]


class Answers:
    """What is asked here goes on by itself; the widget says how it stands."""

    def __init__(self, widget: Shown, lock: threading.RLock, told: Told) -> None:
        self._widget, self._lock, self._told = widget, lock, told
        self.live: UnderWay | None = None
        # While a turn is recorded, what its conversation says of that is told by us, with more to it.
        self.recording = False
        self._always: set[str] = set()
        self._on_reply: list[Callable[[Reply], object]] = []

    # ---- one turn ----------------------------------------------------------------------------------

    def ask(self, live: UnderWay, model: Any, how: Mapping[str, Any]) -> None:
        """Take a question up and return at once; an answer still on its way is stopped and kept.

        Without a `model`, its conversation decides whom to ask.
        """
        with self._lock:
            if self.live is not None:
                self.live.cancel()
                self._settle(self.live, busy=True)
            self.live, self._widget.error = live, None
            # Seen before Stop can be pressed, which names what it stops.
            self._told.begun(live)
            self._widget.busy = True
        try:
            self._start(live, model, Veiled(how))
        except Exception as error:  # noqa: BLE001  # whatever it is, the panel is where the user looks
            self._settle(live, error)

    def _start(self, live: UnderWay, model: Any, given: Veiled) -> None:
        prompt: Any = None
        if live.typed is not None:
            composed = live.typed.put_together()
            prompt, live.notes = composed.content, composed.notices
        if given.get("tools"):
            given.setdefault("approve", partial(self._approve, live))
            # The wait for the user's leave is no part of what the tools may take.
            given.setdefault("tool_limits", ToolLimits(seconds=None))
        asked = live.conversation.begin(
            prompt,
            model,
            shown=live.shown or None,
            interactive=True,
            continues=live.continues,
            **given,
        )
        with self._lock:
            if self.live is not live:
                asked.finish(asyncio.CancelledError())
                return
            live.asking = asked
            live.notes += asked.notices
            live.job = own_loop().submit(answer(asked.question, asked.reply, partial(self._changed, live)))
        live.job.future.add_done_callback(partial(self._ended, live))

    def _changed(self, live: UnderWay) -> None:
        if not live.due and not live.stopped:
            live.due = True
            loop = asyncio.get_running_loop()
            loop.call_later(max(0.0, live.last + _PACE - loop.time()), self._flush, live)

    def _flush(self, live: UnderWay) -> None:
        live.due, live.last = False, asyncio.get_running_loop().time()
        try:
            with self._lock:
                if live is self.live and not live.stopped and (delta := live.step()):
                    self._widget.send({"type": "delta", **delta})
        except Exception as error:  # noqa: BLE001  # a text that cannot be rendered must not hang the panel
            live.cancel()
            self._settle(live, error)

    def _ended(self, live: UnderWay, future: Future[Reply]) -> None:
        caught = future.exception()
        error = caught if isinstance(caught, Exception) and not live.stopped else None
        # Through the loop: a quick answer may have ended before this was asked for, on the caller's thread.
        if live.job is not None:
            live.job.later(self._settle, live, error)

    def _settle(self, live: UnderWay, error: Exception | None = None, *, busy: bool = False) -> None:
        with self._lock:
            if live is not self.live:
                return
            self.live, self._widget.error = None, error
            turn: Turn | None = None
            html, failure = None, None
            if live.asking is not None:
                live.asking.reply.partial = live.asking.reply.partial or live.stopped
                html, failure = self._rest(live)
                self._widget.error = error or failure
            self.recording = True
            try:
                if live.asking is not None:
                    stop = asyncio.CancelledError() if live.stopped else None
                    turn = live.asking.finish(error or stop or failure)
                self._told.over(live, turn, html, self._widget.error)
            finally:
                self.recording = False
            reply = None if turn is None else turn.reply
            self._widget.value = reply or self._widget.value
            self._widget.busy = busy
        if reply is not None:
            self._tell_of(reply)

    def _tell_of(self, reply: Reply) -> None:
        for callback in tuple(self._on_reply):
            try:
                callback(reply)
            except Exception as caught:  # noqa: BLE001  # whoever looks on must not undo what was done
                tell(f"a callback of on_reply failed: {caught!r}", once=False)

    def _rest(self, live: UnderWay) -> tuple[str | None, Exception | None]:
        """Send what is left of the text; gives all of it as HTML, or why there is none."""
        reply = live.asking.reply if live.asking is not None else None
        if reply is None or live.growing.broken:
            return None, None
        try:
            delta = live.step(last=True)
            extra = html_of(reply, text=False) or ""
            if extra:
                live.growing.put_down(extra)
            if delta is not None:
                if extra:
                    delta["finished"] = [*delta.get("finished", []), extra]
                self._widget.send({"type": "delta", **delta})
        except Exception as failure:  # noqa: BLE001  # the answer is there, the conversation goes on
            return None, failure
        return "".join(live.growing.finished), None

    # ---- leave for tools ---------------------------------------------------------------------------

    async def _approve(self, live: UnderWay, call: PendingCall) -> Any:
        """Wait until the user has decided; the answer is what the dialogue asks for."""
        if call.name in self._always:
            return True
        decided: asyncio.Future[Decision] = asyncio.get_running_loop().create_future()
        live.waiting[call.id] = Waiting(call, decided)
        self._changed(live)
        try:
            decision = await decided
        finally:
            live.waiting.pop(call.id, None)
            self._changed(live)
        if decision == "always":
            self._always.add(call.name)
        return decision != "deny"

    @property
    def waiting(self) -> tuple[PendingCall, ...]:
        """The calls of tools that wait for your leave."""
        live = self.live
        return () if live is None else tuple(each.call for each in tuple(live.waiting.values()))

    def decide(self, call: str | PendingCall, decision: Decision, *, late: bool) -> None:
        """Let a call run (`"allow"`), and all of its tool from now on (`"always"`), or not (`"deny"`).

        One that waits no more is an error, unless whoever decides may be `late`, as a click is.
        """
        if decision not in DECISIONS:
            raise InvalidParameterError(
                f"the decision is {short(decision)}: say one of {', '.join(DECISIONS)}"
            )
        live, key = self.live, call.id if isinstance(call, PendingCall) else call
        found = live.waiting.get(key) if live is not None and isinstance(key, str) else None
        if found is not None:
            found.decide(decision)
        elif not late:
            there = ", ".join(f"{each.id!r} ({each.name})" for each in self.waiting) or "none"
            raise InvalidParameterError(
                f"no call {short(key)} waits for leave: panel.waiting lists those that do, now {there}"
            )

    # ---- for the user ------------------------------------------------------------------------------

    def stop(self) -> None:
        """End the answer on its way and keep what there is of it."""
        with self._lock:
            live = self.live
            if live is None:
                return
            live.cancel()
            if live.job is None:
                self._settle(live)
                return
        live.job.later(self._settle, live, seconds=_GRACE)

    def give_up(self, conversation: Conversation) -> None:
        """End at once what is on its way in a conversation that goes away; any other goes on."""
        with self._lock:
            live = self.live
            if live is not None and live.conversation is not conversation:
                return
            self.live, self._widget.error = None, None
            if live is not None:
                live.cancel()
                if live.asking is not None:
                    live.asking.finish(asyncio.CancelledError())
            self._widget.busy = False

    def on_reply(self, callback: Callable[[Reply], object]) -> Callable[[], None]:
        """Call this with every reply that has ended, on the thread where it does.

        What is given back ends it.
        """
        self._on_reply.append(callback)

        def end() -> None:
            self._on_reply[:] = [each for each in self._on_reply if each is not callback]

        return end

    def in_conversation(self, conversation: Conversation) -> UnderWay | None:
        """The answer on its way, if it belongs to this conversation."""
        live = self.live
        return live if live is not None and live.conversation is conversation else None

    def is_meant(self, request: str, conversation: Conversation) -> bool:
        """Whether the answer on its way is the one of this request, or without a name the one in sight."""
        live = self.live
        if live is None:
            return False
        return live.id == request or (not request and live.conversation is conversation)
