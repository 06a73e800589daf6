"""How a notebook shows a reply: one MIME bundle, safe as it is and readable wherever a notebook is read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING

from g4f_nb.controls import clean
from g4f_nb.showing.exhibits import exhibits
from g4f_nb.showing.formats import Body, body_of, data_text, fenced, plain_of
from g4f_nb.showing.inert import entities, safe_text
from g4f_nb.showing.markdown import openers, safe_markdown
from g4f_nb.showing.parts import (
    call_folds,
    folded,
    footer_facts,
    login_line,
    reasoning_fold,
    rounds_of,
    small,
    sources_list,
    wrapped,
)

if TYPE_CHECKING:
    from g4f_nb.reply import Reply

_QUIET = "margin-top:.6em;font-size:80%;opacity:.7"


def mimebundle(
    reply: Reply, *, kind: str = "markdown", quiet: bool = False, turn: str = "", notices: Sequence[str] = ()
) -> dict[str, str]:
    """How a notebook shows a reply: its text, and beside it safe Markdown or HTML with what surrounds it.

    It never raises: what cannot be shown in its form is shown as plain text, so that no answer is lost.
    The plain text, too, holds nothing that a terminal would obey: `jupyter console` writes it as it is. A key
    that is known here is not shown, for what a cell shows is saved with the notebook.
    `turn` says which of a conversation it is; `notices` are lines that are not the model's.
    """
    reply = reply.as_shown()
    try:
        return _bundle(reply, kind, [] if quiet else footer_facts(reply, turn=turn), notices)
    except Exception as error:  # noqa: BLE001 -- whatever it was, the answer comes first
        plain = clean(plain_of(reply))
        note = f"(shown as plain text: its Markdown could not be read, {type(error).__name__})"
        shown = f"<pre><code>{entities(plain)}</code></pre>\n\n<sub>{safe_text(note)}</sub>"
        return {"text/plain": plain, "text/markdown": shown}


def _bundle(reply: Reply, kind: str, footer: list[str], notices: Sequence[str]) -> dict[str, str]:
    body = body_of(reply, kind) if kind != "markdown" else None
    if body is not None and body.html is not None:
        return {"text/plain": clean(body.plain), "text/html": _html(body, footer, notices)}
    parts = _chronicle(reply) if body is None else iter((body.markdown,))
    fault = [body.fault] if body is not None and body.fault else []
    lines = [*notices, *([" · ".join(footer)] if footer else [])]
    shown = "\n\n".join(filter(None, [*map(_warning, fault), *parts, small(lines)]))
    plain = (data_text(reply) or plain_of(reply)) if body is None else body.plain
    return {"text/plain": clean(plain), "text/markdown": wrapped(shown)}


def _warning(text: str) -> str:
    return f"**{safe_text(text)}**"


def _html(body: Body, footer: list[str], notices: Sequence[str]) -> str:
    lines = [*notices, *([" · ".join(footer)] if footer else [])]
    small_print = "<br>".join(escape(" ".join(clean(line).split())) for line in lines)
    return f"{body.html}" + (f'<div style="{_QUIET}">{small_print}</div>' if small_print else "")


def _chronicle(reply: Reply) -> Iterator[str]:
    """Every round in its order, then what came with the whole."""
    # Math that one part opened would go on in the next, so each knows what stands before it.
    before, data, rounds = "", data_text(reply), rounds_of(reply)
    for step in rounds:
        yield reasoning_fold(step.reasoning, after=before)
        before = _opened(before, step.reasoning)
        if data is not None and step is rounds[-1]:
            yield safe_markdown(fenced(data, "json"), after=before)
        elif not step.retracted:
            yield safe_markdown(step.text, after=before)
            before = _opened(before, step.text)
        yield from call_folds(step.tool_calls, step.tool_results, after=before)
    if not reply.text and reply.refusal:
        yield safe_markdown(reply.refusal, after=before)
        before = _opened(before, reply.refusal)
    yield from exhibits(reply.images, reply.audio)
    for number, other in enumerate(reply.alternatives, 1):
        text = other.text or other.refusal or ""
        yield folded(f"Alternative {number}", safe_markdown(text, after=before))
        before = _opened(before, text)
    if reply.waits_for_login:
        yield login_line(reply)
    yield sources_list(reply)


def _opened(before: str, text: str) -> str:
    """What may have opened a formula so far, as a text that holds just that."""
    return " ".join(sorted(openers(f"{before} {text}")))
