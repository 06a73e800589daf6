"""Answers side by side, as views show them: what both panels for comparing do the same way.

    to Python    hello {view} · diff {view, one, other} · vote {choice} · skip · undo
                 text {view, side} · … of one panel alone
    to views     state {n, sides, ballot, …}    what there is; `contents` where a view cannot have it yet
                 delta {n, sides}               what is new of each answer, for all columns together
                 settled {n, side, item}        one answer is all there
                 diff {view, html} · text {view, side, text}   for one view

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

from g4f_nb import frontend
from g4f_nb.judging.ballots import CHOICES, Ballots, Choice
from g4f_nb.judging.diagnostics import agreement
from g4f_nb.loops.ownloop import own_loop
from g4f_nb.panels.beside import Beside, show_both
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

    files = (*_SCRIPTS, *_STYLES)

    kind = traitlets.Unicode(help="Which of the two panels it is.").tag(sync=True)
    height = traitlets.Unicode(help="A CSS length.").tag(sync=True)
    problem = traitlets.Unicode(help="Why something was not done, with the way out.").tag(sync=True)
    transcript = traitlets.Unicode(help="The class of what is kept beside the panel.").tag(sync=True)
    choices: traitlets.List[str] = traitlets.List(help="Models that are offered first.").tag(sync=True)

    def __init__(self, **state: Any) -> None:
        self._n = 0
        self._shown_at = time.monotonic()
        self._beside = Beside(uuid.uuid4().hex[:10])
        super().__init__(transcript=self._beside.mark, **state)

    def _ipython_display_(self) -> None:
        show_both(self, lambda: self._beside.publish(self._beside.bundle(*self.kept())))

    def keep(self, *, here: bool = False) -> None:
        """Bring up to date what the notebook keeps; `here` as a message of the cell that runs now."""
        if self._beside.is_shown:
            self._beside.renew(self._beside.bundle(*self.kept()), here=here)

    # ---- what a panel says of itself -----------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """What there is, without the answers' texts."""
        raise NotImplementedError

    def sides(self) -> list[Side]:
        """The answers that can be seen, as they stand."""
        raise NotImplementedError

    def ballots(self) -> Ballots | None:
        """What is voted on, if anything is."""
        raise NotImplementedError

    def kept(self) -> tuple[str, str]:
        """What a reader of the notebook sees without a kernel: HTML that is safe, and text."""
        raise NotImplementedError

    def voted(self) -> None:
        """Something about the votes has changed."""
        raise NotImplementedError

    def counted(self) -> None:
        """What has come of the votes can be looked at, without the lock; it was told what was voted."""

    # ---- voting --------------------------------------------------------------------------------------

    def vote(self, choice: Choice) -> None:
        """Vote on the two answers that are shown: "left", "right", "tie" or "bad" (both are)."""
        with self._lock:
            ballots = self.ballots()
            if ballots is None or ballots.current is None:
                return
            ballots.vote(choice, seconds=time.monotonic() - self._shown_at)
            self._shown_at = time.monotonic()
            self.voted()
        self.counted()

    def skip(self) -> None:
        """Look at another pair first; this one comes again at the end."""
        self._change("skip")

    def undo(self) -> None:
        """Take the last vote back."""
        self._change("undo")

    def _change(self, what: str) -> None:
        with self._lock:
            ballots = self.ballots()
            if ballots is not None:
                getattr(ballots, what)()
                self._shown_at = time.monotonic()
                self.voted()
        self.counted()

    # ---- to and from the views -----------------------------------------------------------------------

    def tell(self, kind: str, **message: Any) -> None:
        """Say something to all views."""
        with self._lock:
            self._n += 1
            self.send({"type": kind, "n": self._n, **message})

    def tell_state(self, *, contents: Iterable[Side] | None = None) -> None:
        """Tell all views what there is; with the texts of these sides, where they are new to them."""
        with self._lock:
            more = {} if contents is None else {"contents": [side.whole() for side in contents]}
            self.tell("state", **self.state(), **more)

    def hear(self, message: dict[str, Any], buffers: list[memoryview]) -> None:
        """Do what a view asks for; a message of no known form is of another version, and ignored."""
        del buffers
        match message:
            case {"type": "hello", "view": str(view)}:
                with self._lock:
                    contents = [side.whole() for side in self.sides()]
                    self.send(
                        {"type": "state", "view": view, "n": self._n, **self.state(), "contents": contents}
                    )
            case {"type": "vote", "choice": str(choice)} if choice in CHOICES:
                self.vote(choice)
            case {"type": "skip"}:
                self.skip()
            case {"type": "undo"}:
                self.undo()
            case {"type": "text", "view": str(view), "side": str(id_)}:
                text = next((side.text for side in self.sides() if side.id == id_), None)
                self.send({"type": "text", "view": view, "side": id_, "text": text})
            case {"type": "diff", "view": str(view), "one": str(one), "other": str(other)}:
                found = {side.id: side.text for side in self.sides()}
                if one in found and other in found:
                    own_loop().submit(self._differ(view, found[one], found[other]))

    async def _differ(self, view: str, one: str, other: str) -> None:
        html = await to_thread(lambda: Difference("", pieces(one, other)).html)
        self.send({"type": "diff", "view": view, "html": html, "same": one == other})

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until no answer is on its way; `False` if that took longer than `timeout` seconds."""
        done = super().wait(timeout)
        if done and not frontend.attached():
            # nbclient reads only what the cell that runs now sends.
            self.keep(here=True)
        return done


def letter(at: int) -> str:
    """What a side is called while its name is hidden."""
    return _LETTERS[at] if at < len(_LETTERS) else f"{at + 1}"


def letter_name(at: int) -> str:
    """The title of a side whose name is hidden."""
    return f"Answer {letter(at)}"


def side_state(side: Side, *, hidden: bool, at: int, **more: Any) -> dict[str, Any]:
    """One side without its text; while names are hidden, with a letter and without what would tell them."""
    title = letter_name(at) if hidden else side.name
    if hidden:
        more["letter"] = letter(at)
    item = side.item()
    if item is not None and hidden:
        item = {**item, "facts": [], "error": _HIDDEN_ERROR if item["error"] else None}
    status = "done" if side.is_settled else "live" if side.tries else "waiting"
    tries = 0 if hidden else side.tries
    return {"id": side.id, "title": title, "status": status, "tries": tries, "item": item, **more}


def ballot_state(ballots: Ballots, left: Side | None, right: Side | None) -> dict[str, Any]:
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
