"""Answers side by side, as views show them: what both panels for comparing do the same way.

    to Python    see `compare_requests`; what the parts of the others are is in `compare_messages`
    to views     state {n, sides, ballot, …}    what there is; `contents` where a view cannot have it yet
                 delta {n, sides}               what is new of each answer, for all columns together
                 settled {n, side, item}        one answer is all there
                 diff {view, html} · text {view, side, text} · refused {view, request}   for one view

Each message to all has the next `n`; a view that misses one says hello and gets everything. While names are
hidden, nothing that is sent tells them: sides bear random ids and letters, and neither times nor tokens.
"""

from __future__ import annotations

import time
import uuid
from asyncio import to_thread
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import traitlets

from g4f_nb.errors import InvalidParameterError, short
from g4f_nb.judging.ballots import CHOICES, Ballots, Choice
from g4f_nb.judging.diagnostics import agreement
from g4f_nb.loops.ownloop import own_loop
from g4f_nb.panels.beside import Beside, show_both
from g4f_nb.panels.compare_messages import BallotState, SideState, State
from g4f_nb.panels.compare_requests import Add, Ask, Differ, Hello, Request, Skip, Text, Undo, Vote, read
from g4f_nb.panels.given import Length
from g4f_nb.panels.offers import said
from g4f_nb.panels.side import Side
from g4f_nb.panels.working import Working
from g4f_nb.presenting.differences import Difference, pieces

if TYPE_CHECKING:
    import pandas as pd

_SCRIPTS = (
    "shared.js", "blocks.js", "parts.js", "choosing.js", "compare/side.js", "compare/vote.js",
    "compare/difference.js", "compare/ask.js", "compare/panel.js",
)  # fmt: skip
_STYLES = (
    "shared.css", "blocks.css", "parts.css", "choosing.css", "compare/columns.css", "compare/panel.css",
)  # fmt: skip
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
# What is withheld of an answer's end while nobody may know whose it is.
_HIDDEN_ERROR = "This model gave no answer. Whose it is and why is shown after the vote."


class SideBySide(Working):
    """Base of the panels that show answers in columns."""

    _files = (*_SCRIPTS, *_STYLES)

    height = Length(help="A CSS length.").tag(sync=True)
    problem = traitlets.Unicode(help="Why something was not done, with the way out.").tag(sync=True)
    _kind = traitlets.Unicode(help="Which of the two panels it is.").tag(sync=True)
    _transcript = traitlets.Unicode(help="The class of what is kept beside the panel.").tag(sync=True)

    def __init__(self, **state: Any) -> None:
        self._n = 0
        self._shown_at = time.monotonic()
        self._beside = Beside(uuid.uuid4().hex[:10])
        super().__init__(_transcript=self._beside.mark, **state)

    def _ipython_display_(self) -> None:
        show_both(self, lambda: self._beside.publish(self._beside.bundle(*self._to_keep())))

    def _keep(self, *, here: bool = False) -> None:
        """Bring up to date what the notebook keeps; `here` as a message of the cell that runs now."""
        if self._beside.is_shown:
            self._beside.renew(self._beside.bundle(*self._to_keep()), here=here)

    # ---- what a panel says of itself -----------------------------------------------------------------

    def _state(self) -> State:
        """What there is, without the answers' texts."""
        raise NotImplementedError

    def _sides(self) -> list[Side]:
        """The answers that can be seen, as they stand."""
        raise NotImplementedError

    def _voting(self) -> Ballots | None:
        """What is voted on, if anything is."""
        raise NotImplementedError

    def _to_keep(self) -> tuple[str, str]:
        """What a reader of the notebook sees without a kernel: HTML that is safe, and text."""
        raise NotImplementedError

    def _voted(self) -> None:
        """Something about the votes has changed."""
        raise NotImplementedError

    def _count(self) -> None:
        """What has come of the votes can be looked at, without the lock; it was told what was voted."""

    # ---- voting --------------------------------------------------------------------------------------

    def vote(self, choice: Choice) -> None:
        """Vote on the two answers that are shown: "left", "right", "tie" or "bad" (both are)."""
        if choice not in CHOICES:
            raise InvalidParameterError(f"the vote is {short(choice)}: say one of {', '.join(CHOICES)}")
        if not self._vote(choice):
            raise InvalidParameterError(f"there are no two answers to vote on now: {self._no_vote}")

    # When there is nothing to vote on, and what to do then.
    _no_vote = "every pair is voted on"

    def skip(self) -> None:
        """Look at another pair first; this one comes again at the end."""
        self._change("skip")

    def undo(self) -> None:
        """Take the last vote back."""
        self._change("undo")

    def _vote(self, choice: Choice) -> bool:
        with self._lock:
            ballots = self._voting()
            if ballots is None or ballots.current is None:
                return False
            ballots.vote(choice, seconds=time.monotonic() - self._shown_at)
            self._shown_at = time.monotonic()
            self._voted()
        self._count()
        return True

    def _change(self, what: str) -> None:
        with self._lock:
            ballots = self._voting()
            if ballots is not None:
                getattr(ballots, what)()
                self._shown_at = time.monotonic()
                self._voted()
        self._count()

    # ---- to and from the views -----------------------------------------------------------------------

    def _tell(self, kind: str, **message: Any) -> None:
        """Say something to all views."""
        with self._lock:
            self._n += 1
            self.send({"type": kind, "n": self._n, **message})

    def _tell_state(self, *, contents: Iterable[Side] | None = None) -> None:
        """Tell all views what there is; with the texts of these sides, where they are new to them."""
        with self._lock:
            more = {} if contents is None else {"contents": [side.whole() for side in contents]}
            self._tell("state", **self._state(), **more)

    def _hear(self, message: dict[str, Any], buffers: list[memoryview]) -> None:
        """Do what a view asks for; what goes wrong is told in the panel, where the user looks."""
        request = read(message)
        try:
            if request is not None:
                self._do(request, buffers)
        except Exception as error:  # noqa: BLE001  # see above
            self.problem = said(error)
            if isinstance(request, Ask | Add):
                # What was typed is to stay in its field.
                self.send({"type": "refused", "view": request.view, "request": request.request})
        finally:
            buffers.clear()

    def _do(self, request: Request, buffers: list[memoryview]) -> None:
        """What both panels can do."""
        del buffers
        match request:
            case Hello(view):
                self._greet(view)
            case Vote(choice):
                self._vote(choice)
            case Skip():
                self.skip()
            case Undo():
                self.undo()
            case Text(view, id_):
                text = next((side.text for side in self._sides() if side.id == id_), None)
                self.send({"type": "text", "view": view, "side": id_, "text": text})
            case Differ(view, one, other):
                found = {side.id: side.text for side in self._sides()}
                if one in found and other in found:
                    own_loop().submit(self._differ(view, found[one], found[other]))

    def _greet(self, view: str) -> None:
        with self._lock:
            contents = [side.whole() for side in self._sides()]
            self.send({"type": "state", "view": view, "n": self._n, **self._state(), "contents": contents})

    async def _differ(self, view: str, one: str, other: str) -> None:
        html = await to_thread(lambda: Difference("", pieces(one, other)).html)
        self.send({"type": "diff", "view": view, "html": html, "same": one == other})

    def _keep_here(self) -> None:
        self._keep(here=True)


def letter(at: int) -> str:
    """What a side is called while its name is hidden."""
    return _LETTERS[at] if at < len(_LETTERS) else f"{at + 1}"


def letter_name(at: int) -> str:
    """The title of a side whose name is hidden."""
    return f"Answer {letter(at)}"


def side_state(side: Side, *, hidden: bool, at: int) -> SideState:
    """One side without its text; while names are hidden, with a letter and without what would tell them."""
    title = letter_name(at) if hidden else side.name
    item = side.item()
    if item is not None and hidden:
        item = {**item, "facts": [], "error": _HIDDEN_ERROR if item["error"] else None}
    status = "done" if side.is_settled else "live" if side.tries else "waiting"
    tries = 0 if hidden else side.tries
    state: SideState = {"id": side.id, "title": title, "status": status, "tries": tries, "item": item}
    if hidden:
        state["letter"] = letter(at)
    return state


def ballot_state(ballots: Ballots, left: Side | None, right: Side | None) -> BallotState:
    """How far the voting is, and which two are voted on."""
    return {
        "left": left.id if left else None, "right": right.id if right else None, "ready": True,
        "done": ballots.done, "total": ballots.total, "undo": ballots.can_undo,
        "skip": ballots.total - ballots.done > 1,
    }  # fmt: skip


def agreed(frame: pd.DataFrame, judge: str) -> list[str]:
    """How far this person and each judge agree on the same pairs, a line each."""
    lines = []
    rows: list[dict[Any, Any]] = agreement(frame).to_dict("records")
    for row in rows:
        if judge not in (row["judge_a"], row["judge_b"]) or not row["pairs"]:
            continue
        other = row["judge_b"] if row["judge_a"] == judge else row["judge_a"]
        same = round(row["agreement"] * row["pairs"])
        kappa = row["kappa"]
        # Not a number, where all said the same of every pair.
        more = f", κ = {kappa:.2f}" if isinstance(kappa, float) and kappa == kappa else ""  # noqa: PLR0124
        lines.append(
            f"You and {other} agree on {same} of {row['pairs']} pairs ({row['agreement']:.0%}{more})."
        )
    return lines
