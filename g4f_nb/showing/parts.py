"""The parts of a reply beside its text, as safe Markdown: folds of thoughts and calls, links, a footer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from g4f_nb.errors import shorten
from g4f_nb.reply import Step
from g4f_nb.showing.facts import facts
from g4f_nb.showing.inert import entities, safe_text
from g4f_nb.showing.markdown import safe_markdown
from g4f_nb.showing.spans import safe_link

if TYPE_CHECKING:
    from g4f_nb.chunks import ToolCall, ToolResult
    from g4f_nb.reply import Reply

_PREVIEW = 80
_CUT_OFF = ("length", "max_tokens")
# How our own elements look where a page keeps styles; without them everything is still readable.
_WRAPPED = "overflow-wrap:break-word"
_FOLD = "margin:.3em 0 .9em;padding-left:.7em;border-left:3px solid rgba(127,127,127,.35)"
_QUIET = "opacity:.7"
_HEADING = "margin:.7em 0 .2em"
_LONG_WORD = re.compile(r"[^\s<>]{90}")
# Code wraps by itself, and where a link leads is not seen.
_NOT_SHOWN = re.compile(r"^(`{3,})[^`].*?^\1|\]\([^)\s]*\)|<[^>]*>", re.DOTALL | re.MULTILINE)


def rounds_of(reply: Reply) -> tuple[Step, ...]:
    """The finished rounds of a reply and the one that runs, if it has said anything."""
    running = reply.running
    said = running.text or running.reasoning or running.tool_calls
    return (*reply.steps, running) if said else reply.steps


def folded(title: str, content: str) -> str:
    """A fold; `title` is HTML of ours."""
    # Within, `</details>` can stand only in a fence, where it is code; blank lines end both HTML blocks.
    return f'<details style="{_FOLD}"><summary>{title}</summary>\n\n{content}\n\n</details>'


def wrapped(content: str) -> str:
    """Markdown whose long words are broken, if it has any, and do not run out of the page."""
    # Not always: front ends give code at the top level more room than within an element.
    if not _LONG_WORD.search(_NOT_SHOWN.sub("", content)):
        return content
    return f'<div style="{_WRAPPED}">\n\n{content}\n\n</div>'


def reasoning_fold(reasoning: str, *, after: str = "") -> str:
    """What the model thought; `after` is what stands before it in the same output."""
    return folded("Reasoning", safe_markdown(reasoning, after=after)) if reasoning.strip() else ""


def call_folds(calls: Sequence[ToolCall], results: Sequence[ToolResult], *, after: str = "") -> Iterator[str]:
    """One fold for each call: itself and its result in a line, all of both within."""
    given = {result.id: result for result in results}
    for call in calls:
        yield _call_fold(call, given.get(call.id), after=after)


def call_line(call: ToolCall) -> str:
    """A call as it would be written in Python, in plain text and no longer than a line."""
    arguments = _json(call.arguments)
    if isinstance(arguments, Mapping):
        shown = ", ".join(f"{name}={_short_json(value)}" for name, value in arguments.items())
    else:
        shown = str(arguments)
    return f"{call.name}({shorten(' '.join(shown.split()), _PREVIEW)})"


def _call_fold(call: ToolCall, result: ToolResult | None, *, after: str) -> str:
    title = f"{'Calls' if result is None else 'Called'} <code>{entities(call_line(call))}</code>"
    parts = [_heading("Arguments"), _fenced(call.arguments, after)]
    if result is not None:
        line = shorten(" ".join(result.content.split()), _PREVIEW)
        title += f" → {'error: ' if result.error else ''}<code>{entities(line)}</code>"
        parts += [_heading("Error" if result.error else "Result"), _fenced(result.content, after)]
    return folded(title, "\n\n".join(parts))


def _heading(text: str) -> str:
    return f'<p style="{_HEADING}">{text}</p>'


def _fenced(text: str, after: str) -> str:
    """A text as a block of code, shortened; JSON so that it can be read."""
    value = _json(text)
    readable = isinstance(value, dict | list)
    shown = shorten(json.dumps(value, indent=2, ensure_ascii=False) if readable else text)
    longest = max(map(len, re.findall("`+", shown)), default=0)
    marks = "`" * max(3, longest + 1)
    return safe_markdown(f"{marks}{'json' if readable else 'text'}\n{shown}\n{marks}", after=after)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _short_json(value: Any) -> str:
    return shorten(json.dumps(value, ensure_ascii=False), _PREVIEW)


def login_line(reply: Reply) -> str:
    """The login that a reply asks for, as safe Markdown."""
    if reply.login is None:
        return ""
    return f"Log in to go on: {safe_link(reply.login.label, reply.login.login_url)}"


def sources_list(reply: Reply) -> str:
    """The pages that an answer rests on, as a list of links; each page once."""
    if not reply.sources:
        return ""
    pages = dict.fromkeys((source.title or source.url, source.url) for source in reply.sources)
    return "\n".join(["Sources:", "", *(f"- {safe_link(title, url)}" for title, url in pages)])


def footer_facts(reply: Reply, *, turn: str = "") -> list[str]:
    """Who answered, how fast, for how much, and what is not as it should be: plain texts for one line."""
    early = ["stopped early"] if reply.partial or reply.finish_reason in _CUT_OFF else []
    early += [reply.stopped_by] if reply.stopped_by else []
    early += [f"not of the asked form: {reply.parse_error}"] if reply.parse_error else []
    return [*facts(reply), *([turn] if turn else []), *early]


def small(lines: Sequence[str]) -> str:
    """Plain texts as quiet lines, one below the other."""
    if not lines:
        return ""
    return f'<sub style="{_QUIET}">{"<br>".join(safe_text(line) for line in lines)}</sub>'
