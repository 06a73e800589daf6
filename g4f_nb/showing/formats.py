"""What `--format` makes of an answer: verbatim text, the model's HTML, JSON, code, math or tables.

Where the answer holds no such thing it is shown as it came, below a line that says so.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from g4f_nb.controls import clean
from g4f_nb.errors import InvalidParameterError
from g4f_nb.results import json_text
from g4f_nb.showing.extracts import blocks_of, code_of, json_of, paragraphs_of, tables_of
from g4f_nb.showing.jsontree import json_tree
from g4f_nb.showing.markdown import safe_markdown
from g4f_nb.showing.pages import begins_with_html, safe_page, with_strays_as_text

if TYPE_CHECKING:
    import pandas as pd

    from g4f_nb.reply import Reply

FORMATS = ("markdown", "text", "html", "json", "code", "math", "df")
_WRAPPED = "white-space:pre-wrap;overflow-wrap:anywhere;margin:0"
_TEX_BLOCKS = ("latex", "tex", "math", "katex")
_DELIMITED = re.compile(r"\$|\\\(|\\\[|\\begin\{")
_LOOKS_LIKE_TEX = re.compile(r"\\[A-Za-z]+|[\^_]")
_IN_LINE = re.compile(r"(?<!\\)\\\((.+?)(?<!\\)\\\)", re.DOTALL)
_DISPLAYED = re.compile(r"(?<!\\)\\\[(.+?)(?<!\\)\\\]", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """An answer in some form: as plain text, and as safe HTML or safe Markdown.

    `fault` says why it is not in the form that was asked for.
    """

    plain: str
    html: str | None = None
    markdown: str = ""
    fault: str = ""


def checked_format(name: str) -> str:
    """The name of a format, if it is one."""
    if name not in FORMATS:
        raise InvalidParameterError(f"there is no format {name!r}: it must be one of {', '.join(FORMATS)}")
    return name


def data_text(reply: Reply) -> str | None:
    """The data that `schema=` asked for, as JSON that can be read; `None` where there is none."""
    if reply.data is None:
        return None
    # An instance of the user's own type is not looked into, but what is shown of it is.
    mask = type(reply).masking(reply)
    return mask(json.dumps(json.loads(json_text(reply.data)), indent=2, ensure_ascii=False))


def plain_of(reply: Reply) -> str:
    """The whole text of a reply; without any, what there is in its place."""
    text = reply.text or reply.refusal
    if not text and reply.login and reply.waits_for_login:
        return f"Log in to go on: {reply.login.label}, {reply.login.login_url}"
    return text or "\n".join(f"{call.name}({call.arguments})" for call in reply.tool_calls)


def body_of(reply: Reply, kind: str) -> Body:
    """The answer in a format other than Markdown."""
    return _MAKERS[checked_format(kind)](reply)


def verbatim(text: str) -> str:
    """A text as it is, as HTML."""
    return f'<pre style="{_WRAPPED}">{escape(clean(text))}</pre>'


def _text(reply: Reply) -> Body:
    plain = plain_of(reply)
    return Body(plain=plain, html=verbatim(plain))


def _as_it_came(reply: Reply, missing: str) -> Body:
    plain = plain_of(reply)
    fault = f"There is {missing} in this answer; here it is as it came."
    return Body(plain=plain, markdown=safe_markdown(plain), fault=fault)


def _html(reply: Reply) -> Body:
    blocks = [block.code for block in blocks_of(reply.text) if block.language in ("html", "htm", "xhtml")]
    source = "\n".join(blocks)
    if not source and any(map(begins_with_html, paragraphs_of(reply.text))):
        # Whatever else stands there is Markdown, in which a bracket need not be a tag's.
        source = with_strays_as_text(reply.text)
    page = safe_page(source)
    if not page.strip():
        return _as_it_came(reply, "no HTML")
    return Body(plain=plain_of(reply), html=page)


def _json(reply: Reply) -> Body:
    value = json_of(reply.text)
    if value is None:
        return _as_it_came(reply, "no JSON object or list")
    plain = json.dumps(value, indent=2, ensure_ascii=False)
    return Body(plain=plain, html=json_tree(value))


def _code(reply: Reply) -> Body:
    blocks = blocks_of(reply.text)
    if not blocks:
        return _as_it_came(reply, "no block of code")
    fences = (safe_markdown(fenced(block.code, block.language)) for block in blocks)
    return Body(plain=code_of(reply.text), markdown="\n\n".join(fences))


def fenced(code: str, language: str) -> str:
    """A text as a block of code that it cannot end."""
    longest = max(map(len, re.findall("`+", code)), default=0)
    marks = "`" * max(3, longest + 1)
    return f"{marks}{language}\n{code.removesuffix(chr(10))}\n{marks}"


def _math(reply: Reply) -> Body:
    plain = plain_of(reply)
    blocks = [block.code.strip() for block in blocks_of(plain) if block.language in _TEX_BLOCKS]
    if blocks:
        plain_math = "\n\n".join(map(_displayed, blocks))
    elif not _DELIMITED.search(plain) and _LOOKS_LIKE_TEX.search(plain):
        # Bare TeX, as asked for: each line a formula.
        plain_math = "\n\n".join(_displayed(line) for line in plain.split("\n") if line.strip())
    else:
        plain_math = _dollars(plain)
    if not _DELIMITED.search(plain_math):
        return _as_it_came(reply, "no math")
    return Body(plain=plain, markdown=safe_markdown(plain_math))


def _displayed(tex: str) -> str:
    tex = _dollars(tex).strip()
    # A formula has no blank line, and none of its lines is the beginning of a list.
    joined = " ".join(line.strip() for line in tex.split("\n") if line.strip())
    return joined if _DELIMITED.search(joined) and "\\begin" not in joined else f"$${joined}$$"


def _dollars(text: str) -> str:
    text = _DISPLAYED.sub(lambda found: f"$${' '.join(found[1].split())}$$", text)
    return _IN_LINE.sub(lambda found: f"${' '.join(found[1].split())}$", text)


def _df(reply: Reply) -> Body:
    frames = frames_of(reply)
    if not frames:
        return _as_it_came(reply, "no table")
    plain = "\n\n".join(frame.to_string(max_rows=60, max_cols=20) for frame in frames)
    return Body(plain=plain, html="\n".join(map(_frame_html, frames)))


def frames_of(reply: Reply) -> list[pd.DataFrame]:
    """The tables of an answer, in Markdown or CSV; without any, its data or JSON as a table."""
    frames = tables_of(reply.text)
    if frames:
        return frames
    frame = _frame_of(reply.data if reply.data is not None else json_of(reply.text))
    return [] if frame is None else [frame]


def _frame_of(value: Any) -> pd.DataFrame | None:
    import pandas as pd

    if isinstance(value, pd.DataFrame):
        return value
    if isinstance(value, dict):
        inner = [each for each in value.values() if _is_rows(each)]
        if len(inner) == 1:
            # `{"planets": [{…}, {…}]}`: the rows are what is meant.
            value = inner[0]
        elif not all(isinstance(each, list) for each in value.values()):
            value = [value]
    if not value or not isinstance(value, list | dict):
        return None
    try:
        return pd.DataFrame(value)
    except (ValueError, TypeError):
        return None


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, dict) for each in value)


def _frame_html(frame: pd.DataFrame) -> str:
    table = clean(frame.to_html(max_rows=60, max_cols=20, border=0))
    return f'<div style="overflow-x:auto;max-width:100%">{table}</div>'


_MAKERS: dict[str, Callable[[Reply], Body]] = {
    "text": _text,
    "html": _html,
    "json": _json,
    "code": _code,
    "math": _math,
    "df": _df,
}
