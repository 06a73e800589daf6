"""One answer in one column: what there is of it, and what the views have been sent of it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from g4f_nb.panels.endings import CUT_OFF, tells_speed
from g4f_nb.panels.growing import common, units
from g4f_nb.reply import Reply
from g4f_nb.showing.exhibits import exhibits
from g4f_nb.showing.rendering import HtmlStream


def opaque() -> str:
    """A name that says nothing about what bears it: a page's source must not tell who wrote what."""
    return secrets.token_hex(6)


@dataclass(slots=True, eq=False)
class Side:
    """One answer; what is `finished` is sent once, of the open block only what is new."""

    name: str
    id: str = field(default_factory=opaque)
    # How many tries were begun, and what became of it in the end: a row's outcome.
    tries: int = 0
    record: Mapping[str, Any] | None = None
    reply: Reply | None = None
    finished: list[str] = field(default_factory=list)
    open: str = ""
    _html: HtmlStream = field(default_factory=HtmlStream)
    _read: int = 0
    _thought: int = 0
    _anew: bool = False

    @classmethod
    def settled(cls, name: str, record: Mapping[str, Any]) -> Side:
        """An answer that is all there."""
        side = cls(name)
        side.settle(record)
        return side

    @property
    def is_settled(self) -> bool:
        """Whether nothing more will come."""
        return self.record is not None

    @property
    def text(self) -> str:
        """What was said so far."""
        if self.record is not None:
            return str(self.record.get("answer") or "")
        return (self.reply.text or self.reply.refusal or "") if self.reply else ""

    def begin(self, reply: Reply) -> None:
        """A try begins; what an earlier one left is not shown beside it."""
        self.tries += 1
        self.reply, self._html = reply, HtmlStream()
        self._anew = bool(self.finished or self.open or self._thought)
        self._read = self._thought = 0
        self.finished, self.open = [], ""

    def step(self) -> dict[str, Any] | None:
        """Render what has come since the last step; `None` if nothing has."""
        text = self.text[self._read :]
        thoughts = self.reply.reasoning[self._thought :] if self.reply else ""
        if not (text or thoughts or self._anew):
            return None
        self._thought += len(thoughts)
        return self._rendered(text, thoughts, last=False)

    def settle(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """All that will come has come; gives the last step."""
        self.record = record
        thoughts = self.reply.reasoning[self._thought :] if self.reply else ""
        if self._read > len(self.text):
            # What was shown is not what counts: a try that failed after it had begun.
            self.begin(self.reply or Reply())
        try:
            step = self._rendered(self.text[self._read :], thoughts, last=True)
        except Exception:  # noqa: BLE001  # the answer comes first: a view shows its text as it is
            self.finished, self.open = [], ""
            return {"id": self.id, "plain": self.text, "open": "", "anew": True}
        if self.reply is not None:
            beside = list(exhibits(self.reply.images, self.reply.audio))
            self.finished += beside
            step["finished"] = [*step.get("finished", []), *beside]
        return step

    def whole(self) -> dict[str, Any]:
        """All that the steps gave, for a view that comes later."""
        thoughts = self.reply.reasoning if self.reply else ""
        plain = self.text if self.is_settled and not self.finished else ""
        return {
            "id": self.id, "anew": True, "finished": self.finished, "open": self.open,
            "reasoning": thoughts, "plain": plain,
        }  # fmt: skip

    def item(self) -> dict[str, Any] | None:
        """How it ended, as a view shows it below the text; `None` while it goes on."""
        if self.record is None:
            return None
        status = self.record.get("status")
        error = self.record.get("error") if status in ("error", "skipped") else None
        return {
            "facts": list(facts_of(self.record)),
            "mark": _mark(self.record, self.text),
            "error": error,
            # The text itself is fetched by who wants to copy it: it is on the page already.
            "said": bool(self.text),
        }

    def _rendered(self, text: str, thoughts: str, *, last: bool) -> dict[str, Any]:
        before = self.open
        self._read += len(text)
        self._html.add(text)
        update = self._html.take(last=last)
        self.finished += update.finished
        self.open = update.open
        kept = "" if update.finished or self._anew else common(before, self.open)
        step: dict[str, Any] = {"id": self.id, "open": self.open[len(kept) :]}
        if kept:
            step["keep"] = units(kept)
        if update.finished:
            step["finished"] = update.finished
        if thoughts:
            step["reasoning"] = thoughts
        if self._anew:
            step["anew"], self._anew = True, False
        return step


def facts_of(record: Mapping[str, Any]) -> Iterator[str]:
    """Times, speed, tokens and cost of one row, each in a few words; what is not known is left out."""
    if record.get("ttft_s") is not None:
        yield f"first token {_time(record['ttft_s'])}"
    if record.get("latency_s") is not None:
        yield f"total {_time(record['latency_s'])}"
    if record.get("tokens_per_s") is not None and _tells(record):
        yield f"{record['tokens_per_s']:,.0f} tokens/s"
    counts = [record.get(name) for name in ("in_tokens", "out_tokens")]
    if counts != [None, None]:
        yield " → ".join("?" if count is None else f"{count:,}" for count in counts) + " tokens"
    if record.get("cost_usd") is not None:
        yield _money(record["cost_usd"])
    if record.get("cached"):
        yield "asked before"


def _tells(record: Mapping[str, Any]) -> bool:
    """Whether an answer was long enough to say something about speed."""
    spoken = (record.get("latency_s") or 0.0) - (record.get("ttft_s") or 0.0)
    return tells_speed(record.get("out_tokens") or 0, spoken)


def _mark(record: Mapping[str, Any], text: str) -> str:
    match record.get("status"):
        case "cancelled":
            return "Stopped"
        case "error":
            return "Broken off" if text else ""
        case "skipped":
            return "Not asked"
    if not text.strip():
        return "The answer is empty"
    return CUT_OFF.get(str(record.get("finish_reason")), "")


def _money(dollars: float) -> str:
    if not dollars:
        return "free"
    return f"${dollars:.2g}" if dollars < 1 else f"${dollars:,.2f}"


def _time(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
