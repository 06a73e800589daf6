"""A model's Markdown as HTML for panels and reports, which holds nothing that acts: its text is hostile.

What cells show is made in `g4f_nb.showing.bundles`; names for the parts of both are here too, for one import.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.dollarmath import dollarmath_plugin

from g4f_nb.controls import GrowingText
from g4f_nb.showing.facts import facts
from g4f_nb.showing.formulas import mathml
from g4f_nb.showing.inert import harmless, safe_text, straight
from g4f_nb.showing.markdown import MarkdownStream, closed_blocks, read_blocks, safe_markdown
from g4f_nb.showing.parts import login_line
from g4f_nb.showing.spans import safe_link

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it.renderer import RendererHTML
    from markdown_it.rules_core import StateCore
    from markdown_it.utils import EnvType, OptionsDict

__all__ = [
    "HtmlStream",
    "MarkdownStream",
    "Update",
    "facts",
    "login_line",
    "safe_html",
    "safe_link",
    "safe_markdown",
    "safe_text",
]

_TAGS = {"a", "blockquote", "br", "code", "del", "div", "em", "hr", "li", "ol", "p", "pre", "s", "span"}
_TAGS |= {"h1", "h2", "h3", "h4", "h5", "h6", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul"}
_ATTRIBUTES = {
    "a": {"href"},
    "code": {"class"},
    "div": {"class"},
    "ol": {"start"},
    "pre": {"class", "data-language"},
    "span": {"class"},
    "td": {"align"},
    "th": {"align"},
}
_OUR_CLASSES = re.compile(r"(?:g4f-(?:code|math|formula)|hl-[a-z0-9]+)(?: hl-[a-z0-9]+)*")
_LANGUAGE = re.compile(r"[A-Za-z0-9_+#.-]*")
_OUTWARD = ("http:", "https:", "mailto:")
# Characters; past that, colours cost more than they tell. A block that grows is coloured again each time.
_LONGEST_COLOURED = 100_000
_LONGEST_GROWING = 3_000
_GROWING = "g4f_growing"
_FORMULAS = "g4f_formulas"
# What inline Markdown is made of, and how many of them times the length of their block are still read.
_MARKS = re.compile(r"[\[\]()!*_~`$<&\\]")
_MOST_WORK = 20_000_000


@dataclass(frozen=True, slots=True)
class Update:
    """What is new in a panel: blocks that will not change again, and the one that is growing."""

    finished: list[str]
    open: str


def safe_html(text: str, *, formulas: bool = True) -> str:
    """Render Markdown as HTML that holds no script, no image, no style and no harmful link.

    Without `formulas` they stay TeX, in code: for places that know no MathML, or typeset what they find.
    """
    stream = HtmlStream(formulas=formulas)
    stream.add(text)
    return "".join(stream.take(last=True).finished)


class HtmlStream(GrowingText):
    """`safe_html` of a growing text, block by block.

    A reference link resolves once its definition has come, so in a finished block only if that came first.
    """

    __slots__ = ("_env", "_formulas")

    def __init__(self, *, formulas: bool = True) -> None:
        super().__init__()
        self._env: dict[str, Any] = {}
        self._formulas = formulas

    def take(self, *, last: bool = False) -> Update:
        """Give what has been finished since the last time, and the open rest as it is now.

        With `last`, nothing more will come: the rest is finished too, and long code gets its colours.
        """
        reader = _reader()
        lines = self._open.split("\n")
        # What was read before stays known, what is open now is read anew each time.
        env: dict[str, Any] = {"references": dict(self._env.get("references", {}))}
        env[_FORMULAS] = [] if self._formulas else None
        blocks = read_blocks(reader.parse(self._open, env), len(lines))
        cut = len(blocks) if last else closed_blocks(blocks, lines)
        if cut:
            start = len(lines) if last else blocks[cut][0]
            reader.parse("\n".join(lines[:start]), self._env)
            self._open = "\n".join(lines[start:])
        finished = [_html(reader, tokens, env) for _, _, tokens in blocks[:cut]]
        env[_GROWING] = {}
        return Update(finished, "".join(_html(reader, tokens, env) for _, _, tokens in blocks[cut:]))


def _html(reader: MarkdownIt, tokens: Sequence[Token], env: dict[str, Any]) -> str:
    import nh3

    cleaned = nh3.clean(
        reader.renderer.render(tokens, reader.options, env),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        attribute_filter=_kept_attribute,
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
        url_schemes={"http", "https", "mailto"},
    )
    # Formulas are safe by themselves, in tags the sanitiser does not know; nobody else can write the mark.
    made: list[str] = env[_FORMULAS] or []
    return _FORMULA_MARK.sub(lambda found: made[int(found[1])], straight(cleaned))


_FORMULA_MARK = re.compile(r'<span class="g4f-formula">(\d+)</span>')


def _kept_attribute(tag: str, name: str, value: str) -> str | None:
    if name == "href":
        return value if value.lower().startswith(_OUTWARD) and harmless(value) else None
    if name == "class":
        return value if _OUR_CLASSES.fullmatch(value) else None
    if name == "align":
        return value if value in ("left", "right", "center") else None
    return value if tag != "ol" or value.isdecimal() else None


@cache
def _reader() -> MarkdownIt:
    reader = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    reader.use(dollarmath_plugin, allow_labels=False, allow_blank_lines=False, double_inline=True)
    reader.core.ruler.at("inline", _inline)
    for name, rule in _RULES.items():
        reader.add_render_rule(name, rule)
    return reader


def _inline(state: StateCore) -> None:
    """Read the text of each block, as markdown-it does, but not where that would take too long.

    For brackets in brackets and the like, it takes the square of the length: such text is shown as typed.
    """
    for token in state.tokens:
        if token.type != "inline":
            continue
        token.children = token.children or []
        if len(token.content) * len(_MARKS.findall(token.content)) > _MOST_WORK:
            token.children.append(Token("text", "", 0, content=token.content))
        else:
            state.md.inline.parse(token.content, state.md, state.env, token.children)


def _code(_: RendererHTML, tokens: Sequence[Token], at: int, _options: OptionsDict, env: EnvType) -> str:
    language = _LANGUAGE.match(tokens[at].info.strip())
    word = language[0] if language else ""
    longest = _LONGEST_GROWING if _GROWING in env else _LONGEST_COLOURED
    code = tokens[at].content
    code = _coloured(code, word) if word and len(code) <= longest else escape(code)
    return f'<pre class="g4f-code" data-language="{word}"><code>{code}</code></pre>\n'


def _coloured(code: str, language: str) -> str:
    from pygments import highlight  # type: ignore[import-untyped,unused-ignore]
    from pygments.formatters import HtmlFormatter  # type: ignore[import-untyped,unused-ignore]
    from pygments.lexers import get_lexer_by_name  # type: ignore[import-untyped,unused-ignore]
    from pygments.util import ClassNotFound  # type: ignore[import-untyped,unused-ignore]

    try:
        lexer = get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return escape(code)
    return str(highlight(code, lexer, HtmlFormatter(nowrap=True, classprefix="hl-")))


def _image(
    renderer: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType
) -> str:
    alt = renderer.renderInlineAsText(tokens[at].children or [], options, env).strip()
    label = escape(f"[image: {alt}]" if alt else "[image]")
    url = str(tokens[at].attrs.get("src", ""))
    within_link = sum(token.nesting for token in tokens[:at] if token.type.startswith("link_"))
    if within_link or not url.lower().startswith(_OUTWARD):
        return label
    return f'<a href="{escape(url)}">{label}</a>'


def _math(_: RendererHTML, tokens: Sequence[Token], at: int, _options: OptionsDict, env: EnvType) -> str:
    inline, tex = tokens[at].type == "math_inline", tokens[at].content.strip()
    made: list[str] | None = env.get(_FORMULAS)
    drawn = None if made is None else mathml(tex, block=not inline)
    tag, sign = ("span", "$") if inline else ("div", "$$")
    if made is None or drawn is None:
        return f'<{tag} class="g4f-math"><code>{escape(sign + tex + sign)}</code></{tag}>'
    made.append(drawn)
    mark = f'<span class="g4f-formula">{len(made) - 1}</span>'
    return mark if inline else f'<div class="g4f-math">{mark}</div>'


def _cell(
    renderer: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType
) -> str:
    style = str(tokens[at].attrs.pop("style", ""))
    if style:
        tokens[at].attrs["align"] = style.removeprefix("text-align:")
    return str(renderer.renderToken(tokens, at, options, env))


_RULES: dict[str, Any] = {
    "fence": _code,
    "code_block": _code,
    "image": _image,
    "math_inline": _math,
    "math_inline_double": _math,
    "math_block": _math,
    "td_open": _cell,
    "th_open": _cell,
}
