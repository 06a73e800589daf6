"""A turn that is settled, as the views show it: rendered once, and again only if it became another one."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Any

from g4f_nb.conversations.turns import Turn, prompt_messages
from g4f_nb.panels.calls import cards_of
from g4f_nb.panels.endings import CUT_OFF, tells_speed
from g4f_nb.reply import Reply
from g4f_nb.showing.exhibits import exhibits
from g4f_nb.showing.rendering import facts, login_line, safe_html, safe_link

# Characters of Markdown that go along with the HTML.
LONGEST_TEXT = 4_000


@dataclass(frozen=True, slots=True)
class Kept:
    """An item, and the turn that it was made of."""

    turn: Turn
    item: dict[str, Any]


class Items:
    """The items of one conversation; each is rendered when it is first asked for."""

    def __init__(self) -> None:
        self._kept: dict[str, Kept] = {}

    def of(self, turn: Turn) -> dict[str, Any]:
        """The item of a turn."""
        kept = self._kept.get(turn.id)
        if kept is None or kept.turn.reply is not turn.reply or kept.turn.error != turn.error:
            kept = self._kept[turn.id] = Kept(turn, item_of(turn))
        return kept.item

    def put(
        self,
        turn: Turn,
        html: str | None,
        *,
        files: Sequence[str] = (),
        notes: Sequence[str] = (),
        way_out: str = "",
    ) -> None:
        """Keep what was rendered while the answer came: nothing is rendered twice. `files` went along."""
        item = item_of(turn, html)
        if files:
            item["files"] = list(files)
        if notes:
            item["notes"] = list(notes)
        if way_out:
            item["help"] = way_out
        self._kept[turn.id] = Kept(turn, item)

    def keep(self, turns: Container[str]) -> None:
        """Let go of all turns but these."""
        for key in tuple(self._kept):
            if key not in turns:
                del self._kept[key]


_NOT_RENDERED = object()


def item_of(turn: Turn, html: Any = _NOT_RENDERED) -> dict[str, Any]:
    """A turn as the views show it; without `html` (None) they show the plain text."""
    reply = None if turn.reply is None else turn.reply.as_shown()
    item: dict[str, Any] = {"id": turn.id, "shown": turn.shown, "files": attached(turn)}
    if turn.continues:
        item["continues"] = True
    if turn.error is not None:
        item["error"] = turn.error
    if reply is None:
        return item
    text = reply.text or reply.refusal or ""
    item |= {
        "html": html_of(reply) if html is _NOT_RENDERED else html,
        # To be copied; a long one is fetched when it is.
        "text": text if len(text) <= LONGEST_TEXT or html is None else None,
        "reasoning": reply.reasoning,
        "calls": [card.as_json() for card in cards_of(reply, over=True)],
        "footer": [*facts(reply), *speed(reply)],
        "mark": mark_of(turn, reply),
    }
    return item


def html_of(reply: Reply, *, text: bool = True) -> str | None:
    """The answer as safe HTML, or what is beside its text; `None` if it cannot be rendered."""
    try:
        said = (reply.text or reply.refusal or "") if text else ""
        return "".join([safe_html(said), *exhibits(reply.images, reply.audio), links_of(reply)])
    except Exception:  # noqa: BLE001  # whatever it is, an answer comes before its looks
        return None


def mark_of(turn: Turn, reply: Reply) -> str:
    """What is unusual about how an answer ended, `""` if nothing is."""
    if turn.error is not None:
        return "Broken off"
    if reply.stopped_by:
        return f"Ended: {reply.stopped_by}"
    if reply.partial:
        return "Stopped"
    if len(reply.tool_results) < len(reply.tool_calls):
        ran = {result.id for result in reply.tool_results}
        names = ", ".join(call.name for call in reply.tool_calls if call.id not in ran)
        return f"The model asks for tools, which nobody here runs: {names}"
    if not (reply.text or reply.refusal):
        return "" if reply.images or reply.audio else "The answer is empty"
    return "Declined" if not reply.text else CUT_OFF.get(reply.finish_reason or "", "")


def speed(reply: Reply) -> list[str]:
    """Tokens per second, from the first one on."""
    tokens = reply.usage.output_tokens if reply.usage else None
    seconds = None if reply.seconds is None or reply.ttft is None else reply.seconds - reply.ttft
    if not tokens or seconds is None or not tells_speed(tokens, seconds) or len(reply.steps) > 1:
        return []
    return [f"{tokens / seconds:,.0f} tokens/s"]


def links_of(reply: Reply) -> str:
    """Sources, and a login that nobody did, as safe HTML."""
    links = [safe_link(source.title or source.url, source.url) for source in reply.sources]
    if reply.waits_for_login:
        links.append(login_line(reply))
    return safe_html("\n".join(f"- {link}" for link in links)) if links else ""


def attached(turn: Turn) -> list[str]:
    """What else was sent with a question, in a word each."""
    words = []
    for message in prompt_messages(turn.prompt):
        content = message.get("content")
        parts = content if isinstance(content, list) else []
        for part in parts:
            if part.get("type") != "text":
                named = part.get("file") or {}
                words.append(str(named.get("filename") or str(part.get("type")).replace("_url", "")))
    return words
