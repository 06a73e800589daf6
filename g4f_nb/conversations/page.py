"""A conversation as one HTML file that loads nothing and runs nothing: to be read, printed, sent."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from g4f_nb.conversations.markdownform import branch_of
from g4f_nb.conversations.turnjson import Saved
from g4f_nb.conversations.turns import Turn, prompt_messages
from g4f_nb.errors import shorten
from g4f_nb.reply import Reply
from g4f_nb.showing.exhibits import exhibits
from g4f_nb.showing.facts import facts
from g4f_nb.showing.rendering import safe_html
from g4f_nb.showing.spans import safe_link

_POLICY = (
    "default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'"
)
_STYLE = """
:root{color-scheme:light dark;--ink:#1d1d1f;--quiet:#65656b;--line:#dcdce0;--soft:#f4f4f7;--paper:#fff}
@media(prefers-color-scheme:dark){:root{--ink:#e8e8ea;--quiet:#a2a2aa;--line:#3a3a40;--soft:#26262b;--paper:#18181b}}
body{font:16px/1.6 system-ui,sans-serif;max-width:46rem;margin:2.5rem auto;padding:0 1.2rem;color:var(--ink);
background:var(--paper);overflow-wrap:anywhere}
h1{font-size:1.5rem;line-height:1.25;margin:0}
.told,footer,summary,.who{color:var(--quiet);font-size:.82rem}.told{margin:.3rem 0 2rem}
.system{white-space:pre-wrap;border-left:3px solid var(--line);padding-left:.9rem;color:var(--quiet);
margin:0 0 2rem}
section{margin:0 0 2.2rem}.who{margin:0 0 .3rem;font-weight:600}
.asked{white-space:pre-wrap;background:var(--soft);border-radius:.6rem;padding:.7rem 1rem;margin:0 0 1.1rem}
.error{border-left:3px solid #c62828;padding-left:.9rem}
pre{overflow:auto;background:var(--soft);border-radius:.4rem;padding:.7rem;font-size:.85rem}
table{border-collapse:collapse;display:block;overflow:auto}
td,th{border:1px solid var(--line);padding:.2rem .6rem}
code{background:var(--soft);border-radius:.25rem;padding:.1em .3em}pre code{padding:0}
.hl-k,.hl-kn,.hl-kd,.hl-kc,.hl-ow{color:#8839b0}.hl-s,.hl-s1,.hl-s2,.hl-sd{color:#2e7d32}
.hl-c,.hl-c1,.hl-cm{color:var(--quiet)}.hl-mi,.hl-mf{color:#b85c00}.hl-nf,.hl-nc,.hl-nb{color:#1565c0}
@media(prefers-color-scheme:dark){.hl-k,.hl-kn,.hl-kd,.hl-kc,.hl-ow{color:#d59cf0}
.hl-s,.hl-s1,.hl-s2,.hl-sd{color:#8fd694}.hl-mi,.hl-mf{color:#f0b070}.hl-nf,.hl-nc,.hl-nb{color:#8ab8ff}}
.asked img{display:block;margin-top:.6rem}img{max-width:100%}
details{margin:.4rem 0}details[open]{border-left:3px solid var(--line);padding-left:.9rem;color:var(--quiet)}
summary{cursor:pointer}footer{margin-top:.5rem}
@media print{section{break-inside:avoid}}
"""
# By it a page is known again, before another one is written in its place.
MADE_BY = '<meta name="generator" content="g4f_nb: a conversation">'
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">{made_by}
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="referrer" content="no-referrer"><meta name="viewport" content="width=device-width">
<title>{title}</title><style>{style}</style></head>
<body class="tex2jax_ignore mathjax_ignore">
<h1>{title}</h1><p class="told">{told}</p>
{parts}
</body></html>
"""


def html_page(saved: Saved) -> str:
    """The current branch; what models wrote is text in it."""
    turns = list(branch_of(saved))
    count = f"{len(turns)} {'question' if len(turns) == 1 else 'questions'}"
    told = [count, *dict.fromkeys(turn.model for turn in turns if turn.model)]
    if turns:
        told.append(f"{turns[0].asked_at:%Y-%m-%d %H:%M} UTC")
    parts = [f'<p class="system" dir="auto">{escape(saved.system)}</p>'] if saved.system else []
    parts += [f"<section>{''.join(_turn(turn))}</section>" for turn in turns]
    return _PAGE.format(
        made_by=MADE_BY, policy=_POLICY, style=_STYLE, title=escape(saved.name or "A conversation"),
        told=escape(" · ".join(told)), parts="\n".join(parts),
    )  # fmt: skip


def _turn(turn: Turn) -> Iterator[str]:
    yield '<p class="who">You</p>'
    pictures = "".join(exhibits(_pictures(turn), None))
    yield f'<div class="asked" dir="auto">{escape(turn.typed)}{pictures}</div>'
    if turn.expanded:
        yield _folded("As it was sent", f'<pre dir="auto">{escape(turn.expanded)}</pre>')
    if turn.reply is not None:
        yield f'<p class="who">{escape(turn.model or turn.reply.provider or "The model")}</p>'
        yield from _answer(turn.reply)
    if turn.error:
        yield f'<p class="error">{escape(turn.error)}</p>'


def _answer(reply: Reply) -> Iterator[str]:
    if reply.reasoning.strip():
        yield _folded("Reasoning", safe_html(reply.reasoning))
    for call in reply.tool_calls:
        results = [result.content for result in reply.tool_results if result.id == call.id]
        told = "\n".join([f"{call.name}({call.arguments})", *(f"→ {shorten(text)}" for text in results)])
        yield _folded(f"Tool {call.name}", f"<pre>{escape(told)}</pre>")
    yield f'<div dir="auto">{safe_html(reply.text or reply.refusal or "")}</div>'
    yield from exhibits(reply.images, reply.audio)
    if reply.sources:
        yield safe_html(
            "\n".join(f"- {safe_link(each.title or each.url, each.url)}" for each in reply.sources)
        )
    end = ["stopped early"] if reply.partial else []
    yield f"<footer>{escape(' · '.join([*facts(reply), *end]))}</footer>"


def _folded(title: str, content: str) -> str:
    return f"<details><summary>{escape(title)}</summary>{content}</details>"


def _pictures(turn: Turn) -> tuple[str, ...]:
    found = []
    for message in prompt_messages(turn.prompt):
        content = message.get("content")
        for part in content if isinstance(content, list) else ():
            url = part.get("image_url") if isinstance(part, dict) else None
            address = url.get("url") if isinstance(url, dict) else url
            found += [address] if isinstance(address, str) else []
    return tuple(found)
