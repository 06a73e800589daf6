"""A conversation as Markdown that reads well, and back: of each turn its question and its answer, as texts.

Comments, which no renderer shows, tell where a part begins and what is known of it; text that looks like one
of them is written so that it is none. What is written is what was said, and is not made harmless.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import orjson

from g4f_nb.conversations.replyjson import text_or_none
from g4f_nb.conversations.turnjson import Saved, moment
from g4f_nb.conversations.turns import Turn, prompt_text
from g4f_nb.errors import InvalidParameterError
from g4f_nb.reply import Reply

_MARK = re.compile(r"^<!-- g4f_nb (conversation|user|assistant|note|end) (\{.*\}) -->$", re.MULTILINE)
_LIKE_ONE = re.compile(r"(<|&(?:amp;)*lt;)(?=!-- g4f_nb )")
_ESCAPED = re.compile(r"&((?:amp;)*)lt;(?=!-- g4f_nb )")
_HEADING = re.compile(r"\n*(?:## [^\n]*(?:\n|\Z))?\n?")
_FORM = 1


def as_markdown(saved: Saved) -> str:
    """The current branch."""
    head = {"version": _FORM, "name": saved.name, "model": saved.model, "system": saved.system}
    parts = [_mark("conversation", head), f"# {_one_line(saved.name or 'A conversation')}"]
    if saved.system:
        parts.append("\n".join(f"> {line}" for line in saved.system.splitlines()))
    for turn in branch_of(saved):
        parts += _turn(turn)
    # A file without its end is torn.
    parts.append(_mark("end", {}))
    return "\n\n".join(parts) + "\n"


def from_markdown(text: str) -> Saved:
    """The conversation that `as_markdown` wrote, or was edited since."""
    if text.count("\r\n") == text.count("\n"):
        # Line ends of another system, made by an editor.
        text = text.replace("\r\n", "\n")
    marks = list(_MARK.finditer(text))
    if not marks or marks[0][1] != "conversation":
        raise InvalidParameterError("it has no mark of a conversation, like <!-- g4f_nb conversation {…} -->")
    head = _facts(marks[0])
    if not isinstance(head.get("version"), int) or head["version"] > _FORM:
        raise InvalidParameterError(f"its form is {head.get('version')!r}, and this g4f_nb knows {_FORM}")
    if marks[-1][1] != "end":
        raise InvalidParameterError("its end is missing, the mark <!-- g4f_nb end {} -->")
    turns: list[Turn] = []
    for at, (mark, following) in enumerate(pairwise(marks[1:]), 1):
        body = _body(text[mark.end() : following.start()])
        if mark[1] == "user":
            turns.append(user_turn(_facts(mark), body, turns[-1] if turns else None))
        elif mark[1] == "assistant":
            if not turns or turns[-1].reply is not None:
                raise InvalidParameterError(f"part {at} of it is an answer without a question")
            turns[-1] = answered(turns[-1], _facts(mark), body)
    return in_a_line(head, turns)


def branch_of(saved: Saved) -> Iterator[Turn]:
    """The turns of the current branch."""
    turns = {turn.id: turn for turn in saved.turns}
    at: str | None = None
    while (following := saved.chosen.get(at)) is not None:
        yield turns[following]
        at = following


def facts_of(turn: Turn) -> dict[str, Any]:
    """What is known of an answer beside its text."""
    reply = turn.reply
    made = {
        "model": turn.model,
        "provider": None if reply is None else reply.provider,
        "answered_as": None if reply is None else reply.model,
        "partial": turn.partial,
        "error": turn.error,
    }
    return {name: value for name, value in made.items() if value}


def user_turn(facts: Mapping[str, Any], text: str, before: Turn | None) -> Turn:
    """A turn that has no answer yet."""
    if not text.strip():
        raise InvalidParameterError("a question in it is empty")
    return Turn(
        id=uuid.uuid4().hex,
        parent=None if before is None else before.id,
        prompt=text,
        shown=str(facts.get("shown") or text),
        place=text_or_none(facts, "place"),
        continues=facts.get("continues") is True,
        asked_at=moment(facts["asked_at"]) if "asked_at" in facts else datetime.now(UTC),
        model=text_or_none(facts, "model"),
        error=text_or_none(facts, "error"),
    )


def answered(turn: Turn, facts: Mapping[str, Any], text: str) -> Turn:
    """The turn with the text of its answer."""
    reply = Reply(provider=text_or_none(facts, "provider"), model=text_or_none(facts, "answered_as"))
    reply.add(text)
    reply.messages = [{"role": "user", "content": turn.prompt}]
    reply.partial = facts.get("partial") is True
    said = ({"role": "assistant", "content": text},) if text.strip() else ()
    if not reply.partial:
        reply.end_round()
    model, error = text_or_none(facts, "model"), text_or_none(facts, "error")
    return replace(turn, reply=reply, dialogue=said, model=model, error=error)


def in_a_line(head: Mapping[str, Any], turns: list[Turn]) -> Saved:
    """A conversation of one branch."""
    return Saved(
        name=text_or_none(head, "name"),
        model=text_or_none(head, "model"),
        system=text_or_none(head, "system"),
        turns=tuple(turns),
        chosen={turn.parent: turn.id for turn in turns},
    )


def _turn(turn: Turn) -> Iterator[str]:
    facts = {"asked_at": turn.asked_at.isoformat(), "place": turn.place, "continues": turn.continues}
    text = prompt_text(turn.prompt) or turn.shown
    if turn.shown != text:
        facts["shown"] = turn.shown
    if turn.reply is None:
        facts |= facts_of(turn)
    yield _mark("user", {name: value for name, value in facts.items() if value})
    yield "## You"
    yield _written(text)
    if turn.reply is None:
        yield _mark("note", {})
        yield f"*{_one_line(turn.error or 'no answer')}*"
        return
    yield _mark("assistant", facts_of(turn))
    yield f"## {_one_line(turn.model or 'The model')}"
    yield _written(turn.reply.text)
    if turn.partial or turn.error:
        yield _mark("note", {})
        yield f"*{_one_line(turn.error or 'stopped early')}*"


def _mark(kind: str, facts: Mapping[str, Any]) -> str:
    # Two dashes would end the comment.
    said = orjson.dumps(facts).decode().replace("--", "-\\u002d")
    return f"<!-- g4f_nb {kind} {said} -->"


def _facts(mark: re.Match[str]) -> dict[str, Any]:
    try:
        found = orjson.loads(mark[2])
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise InvalidParameterError(f"a mark in it is damaged: {mark[0][:80]!r}")
    return found


def _body(part: str) -> str:
    """The text between two marks: without its heading, and the blank lines around it."""
    head = _HEADING.match(part)
    text = part[head.end() if head else 0 :].removesuffix("\n\n")
    return _ESCAPED.sub(lambda found: "<" if not found[1] else f"&{found[1][4:]}lt;", text)


def _written(text: str) -> str:
    return _LIKE_ONE.sub(lambda found: "&lt;" if found[1] == "<" else f"&amp;{found[1][1:]}", text)


def _one_line(text: str) -> str:
    return " ".join(text.split()).replace("<", "&lt;")
