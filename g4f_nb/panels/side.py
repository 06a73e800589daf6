"""One answer in one column: what there is of it, and what the views have been sent of it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from g4f_nb.masking import mask_of_calls
from g4f_nb.panels.compare_messages import Item, Step
from g4f_nb.panels.endings import CUT_OFF, tells_speed
from g4f_nb.reply import Reply
from g4f_nb.showing.exhibits import exhibits
from g4f_nb.showing.facts import in_time
from g4f_nb.showing.growing import GrowingAnswer, Growth


def opaque() -> str:
    """A name that says nothing about what bears it: a page's source must not tell who wrote what."""
    return secrets.token_hex(6)


@dataclass(slots=True, eq=False)
class Side:
    """One answer, and what the views have been sent of it in `growing`."""

    name: str
    id: str = field(default_factory=opaque)
    # How many tries were begun, and what became of it in the end: a row's outcome.
    tries: int = 0
    record: Mapping[str, Any] | None = None
    reply: Reply | None = None
    growing: GrowingAnswer = field(default_factory=GrowingAnswer)
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
        """What was said so far, as it may be shown."""
        return self.growing.text

    def begin(self, reply: Reply) -> None:
        """A try begins; what an earlier one left is not shown beside it."""
        self.tries += 1
        self._begin_anew(reply)

    def _begin_anew(self, reply: Reply | None) -> None:
        self._anew = self._anew or bool(self.growing.html or self.growing.reasoning)
        self.reply, self.growing = reply, GrowingAnswer()

    def step(self) -> Step | None:
        """Render what has come since the last step; `None` if nothing has."""
        growth = None if self.reply is None else self.growing.grow(self.reply)
        if growth is None and self._anew:
            growth = self.growing.still()
        return None if growth is None else self._told(growth)

    def settle(self, record: Mapping[str, Any]) -> Step:
        """All that will come has come; gives the last step."""
        self.record = record
        reply = self.reply or Reply()
        text = mask_of_calls(reply.asked_with)(str(record.get("answer") or ""))
        if not text.startswith(self.growing.text):
            # What was shown is not what counts: a try that failed after it had begun.
            self._begin_anew(self.reply)
        try:
            step = self._told(self.growing.end(text, reply))
        except Exception:  # noqa: BLE001  # the answer comes first: a view shows its text as it is
            self.growing.text = text
            self.growing.finished, self.growing.open = [], ""
            return {"id": self.id, "plain": text, "open": "", "anew": True}
        beside = list(exhibits(reply.images, reply.audio))
        if beside:
            self.growing.finished += beside
            step["finished"] = [*step.get("finished", []), *beside]
        return step

    def whole(self) -> Step:
        """All that the steps gave, for a view that comes later."""
        growing = self.growing
        return {
            "id": self.id, "anew": True, "finished": growing.finished, "open": growing.open,
            "reasoning": growing.reasoning,
            "plain": self.text if self.is_settled and not growing.finished else "",
        }  # fmt: skip

    def item(self) -> Item | None:
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

    def _told(self, growth: Growth) -> Step:
        step: Step = {"id": self.id, **growth.as_json()}  # type: ignore[typeddict-item]  # the same names
        if self._anew:
            step["anew"], self._anew = True, False
        return step


def facts_of(record: Mapping[str, Any]) -> Iterator[str]:
    """Times, speed, tokens and cost of one row, each in a few words; what is not known is left out."""
    if record.get("ttft_s") is not None:
        yield f"first token {in_time(record['ttft_s'])}"
    if record.get("latency_s") is not None:
        yield f"total {in_time(record['latency_s'])}"
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
