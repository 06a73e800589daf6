r"""Markdown from a model, made inert for every renderer: Markdown in, Markdown out.

Parsers disagree, so nothing here trusts that another one reads the text as ours does. What could be alive
is rewritten so that it is dead in *every* reading: outside of top-level fences no `<` survives but those of
a fixed vocabulary; the fences themselves cannot be closed, swallowed or turned inside out from without;
whatever follows `](` or `]:` is a harmless address or no address; nothing is an image.
"""

from __future__ import annotations

import re
from html import unescape as _unescape
from itertools import pairwise
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin

from g4f_nb.controls import clean

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from markdown_it.token import Token

# What turns the order around in which text is seen; a reference to one becomes one.
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
_FENCE_LINE = re.compile(r"^[ \t>*+\-\d.)]*(?:`{3}|~{3})", re.MULTILINE)
_PREFIX = re.compile(r"[ >*+\-\d.)]*")
_LABEL_END = re.compile(r"(?:\\.|[^\[\]\\])*\]:", re.DOTALL)
_CELL_END = re.compile(r"(?<!\\)\|")
_CLEAN_WORD = re.compile(r"[A-Za-z0-9_+#.-]*")
# Renderers that know math let it run over blank lines, and then over the first line of a fence.
_MATH_PAIRS = (("$$", "$$"), ("\\[", "\\]"), ("\\(", "\\)"), ("\\begin{", "\\end{"))

_PUNCTUATION = r"[!-/:-@\[-`{-~]"
# TeX that reaches out of a formula: links, styles with url(), loading, files (when printed by LaTeX).
_TEX_NAMES = (
    "href|url|style|class|cssId|html[A-Za-z]*|data|require|bbox|fcolorbox|mmlToken|includegraphics"
    "|input|include|immediate|write|openin|openout|csname|catcode"
)
# Asked once per run of backslashes, at its first: from each of them, long runs would cost their square.
_TEX = re.compile(rf"(?<!\\)(\\++)({_TEX_NAMES})(?![A-Za-z])")
# Python refuses to read decimal numbers of over 4300 digits, zeros included.
_LEADING_ZEROS = re.compile(r"(?<=&#)0++(?=[0-9])")
_LONG_NUMBER = re.compile(r"&#[0-9]{9,}+;?")
_SCHEME = re.compile(r"([a-z][a-z0-9+.\-]*):", re.IGNORECASE)
_SCHEMES = ("http", "https", "mailto")
_IGNORED_IN_URL = re.compile("[\\s\\\\\x00-\x20\x7f-\xa0\xad\u180e\u200b-\u200f\u2028-\u202f\u2060\ufeff]")
_DEST = rf"(?:\\{_PUNCTUATION}|[^\s()<>\\]|\((?:\\{_PUNCTUATION}|[^\s()<>\\])*+\)){{0,2000}}+"
_TARGET = (
    rf"[ \t]*+(?:<(?P<angle>[^<>\n]*)>|(?P<dest>{_DEST}))"
    r"""(?:[ \t]++(?P<title>"[^"\n]*"|'[^'\n]*'|\([^()\n]*\)))?[ \t]*+"""
)
_TAIL = re.compile(rf"\({_TARGET}\)")
_DEFINITION = re.compile(rf":{_TARGET}(?=\n|$)".replace("{0,2000}", "{0,1000}"))
_NO_DEFINITION = re.compile(r""":[ \t]*+(?P<word>[^\s$"`<\\]{1,300}+)(?![ \t]+["'(])(?=\s|$)""")
_NEXT_TITLE = re.compile(r"""\n[ \t>]*["'(]""")
_PLAIN_TITLE = re.compile(r"""["'(][\w \-.,;:!?/+]*["')]""")
_ESCAPE_IN_URL = re.compile(rf"\\({_PUNCTUATION})|(&(?:#x[0-9a-f]{{1,6}}|#\d{{1,7}}|\w+);)", re.IGNORECASE)
_UNSAFE_IN_URL = re.compile(r"[^\w\-.~:/?#@!&'*+,;=%]")
_BARE_ADDRESS = re.compile(r"(?:://|www\.)\S*", re.IGNORECASE)
_ENTITY_START = re.compile(r"&(?=#|\w+;)")
_ALT = r"(?:[^\[\]\\`]|\\.|\[[^\[\]\\`]*\])*"
_IMAGE = re.compile(rf"!\[(?P<alt>{_ALT})\](?:(?=(?P<tail>\())|\[(?P<ref>[^\[\]\\]*)\])", re.DOTALL)
_KEPT_TAG = re.compile(r"<(?:br ?/?|/?su[bp])>", re.IGNORECASE)
_AUTOLINK = re.compile(
    r"<(?P<url>[a-z][a-z0-9+.\-]{1,31}:[^\s<>]*|[\w.+\-]+@[\w\-]+(?:\.[\w\-]+)+)>", re.IGNORECASE
)
# Anything in code that would be alive if a parser took the code for text.
_ALIVE = re.compile(
    r"<|!\[|\\{3}[\[\]]|@[@\\&]|\]\([^)\n]{0,300}[$\\]|^[ \t>*+\-\d.)]*\[[^\]\n]+\]:.*[$\\\"'(]"
    r"|^[ \t>*+\-\d.)]*(?:`{3}|~{3}).*[^\w+#.\- \n`~]"
    rf"|\}}`|:::|\{{[^{{}}\n]*\w\s*=\s*[\"'][^{{}}\n]*\}}|{_TEX.pattern}",
    re.MULTILINE | re.IGNORECASE,
)
_MATH_START = re.compile(r"\$\$?|\\\\?(?:[(\[]|(?=begin))")
# Half a display formula in what is left as typed might find its other half far away.
_DISPLAY = re.compile(r"\$\$|\\\\[\[\]]|\\(?:begin|end)\{")
_TOKEN = re.compile(
    rf"""
      (?P<tex>{_TEX.pattern})
    | (?P<math>\$\$[^$`]+\$\$
        | (?<![\\$])\$(?![\s$])(?:[^$`\\]|\\[^`])+(?<!\s)\$(?![\d$])
        | \\\\\((?:(?!\\\\[()])[^`]){{1,2000}}\\\\\) | \\\\\[(?:(?!\\\\\]|(?<!\\)\\\\\[)[^`]){{1,2000}}\\\\\]
        | (?<!\\)\\\((?:(?!\\[()])[^`]){{1,2000}}\\\) | (?<!\\)\\\[(?:(?!\\\]|(?<!\\)\\\[)[^`]){{1,2000}}\\\]
        | \\begin\{{(?P<env>[a-z]+\*?)\}}(?:(?!\\end\{{(?P=env)\}})[^`]){{1,2000}}\\end\{{(?P=env)\}})
    | (?P<display>\$\$|\\\\(?=[\[\]])|\\(?=(?:begin|end)\{{))
    | (?P<dollar>\$)
    | (?P<escape>\\{_PUNCTUATION})
    | (?P<backslash>\\)
    | (?P<at_sign>&(?i:commat|\#0*64|\#x0*40);)
    | (?P<turning>(?i:&\#(?:0*(?:823[4-8]|829[4-7])(?![0-9])|x0*(?:202[a-e]|206[6-9])(?![0-9a-f]));?))
    | (?P<ticks>`+)
    | (?P<tildes>~{{3,}})
    | (?P<badge>\[!\[(?P<badge_alt>[^\[\]`\\]*)\]\([^\s()<>]*\)(?=\]\())
    | (?P<image>!\[)
    | (?P<end>\](?=[(:]))
    | (?P<less><)
    | (?P<brace>\{{(?=[^{{}}\n]*\w\s*=)|(?<=:::)\s*\{{|\}}(?=`))
    """,
    re.VERBOSE,
)


def _reader() -> MarkdownIt:
    reader = MarkdownIt("commonmark", {"html": False}).enable("table").disable("reference")
    reader.use(dollarmath_plugin, allow_labels=False, allow_blank_lines=False)
    reader.core.ruler.enableOnly(["normalize", "block"])  # type: ignore[no-untyped-call,unused-ignore]
    return reader


_READER = _reader()


def safe_markdown(text: str, *, after: str = "") -> str:
    """Make Markdown safe to show anywhere; `after` is what will stand before it in the same output."""
    stream = MarkdownStream(after=after)
    stream.add(text)
    return stream.safe()


def safe_text(text: str) -> str:
    """Any string as inert Markdown text in one line."""
    return entities(" ".join(clean(text).split()))


def straight(html: str) -> str:
    """What a sanitiser gives, without what turns text around and was written as a reference before."""
    return _TURNING.sub("\ufffd", html)


class MarkdownStream:
    """`safe_markdown` of a growing text: finished blocks are kept, only the open end is read again."""

    __slots__ = ("_done", "_held", "_open", "_seen")

    def __init__(self, *, after: str = "") -> None:
        self._done = ""
        self._open = ""
        self._held = ""
        self._seen = openers(after)

    def add(self, text: str) -> None:
        r"""Take the next piece, cut anywhere, between `\r` and `\n` too."""
        text = self._held + text
        self._held = "\r" if text.endswith("\r") else ""
        self._open += clean(text.removesuffix("\r"))

    def safe(self) -> str:
        """All text so far as safe Markdown; equal to `safe_markdown` of the whole."""
        text = self._open + "\n" * len(self._held)
        lines = text.split("\n")
        blocks = parse_blocks(text)
        cut = 0 if self._held else closed_blocks(blocks, lines)
        if cut:
            self._done = _join(self._done, _render(blocks[:cut], lines, self._seen))
            self._open = "\n".join(lines[blocks[cut][0] :])
        return _join(self._done, _render(blocks[cut:], lines, set(self._seen)))


def parse_blocks(text: str) -> list[tuple[int, int, list[Token]]]:
    """The top-level blocks of a cleaned text, as `read_blocks` groups them."""
    return read_blocks(_READER.parse(text), text.count("\n") + 1)


def read_blocks(tokens: Sequence[Token], end: int) -> list[tuple[int, int, list[Token]]]:
    """Group tokens by top-level block: first line, line after the last (at most `end`), tokens."""
    starts = [i for i, token in enumerate(tokens) if not token.level and token.map and token.nesting >= 0]
    blocks = []
    for first, following in pairwise([*starts, len(tokens)]):
        group = list(tokens[first:following])
        blocks.append(((group[0].map or [0])[0], end, group))
    return [
        (start, blocks[i + 1][0] if i + 1 < len(blocks) else end, group)
        for i, (start, end, group) in enumerate(blocks)
    ]


def closed_blocks(blocks: Sequence[tuple[int, int, list[Token]]], lines: Sequence[str]) -> int:
    """How many of the blocks no further text can change.

    A block is closed once another begins after a blank line. That beginning must be a whole line, for a
    lone `2` may still become the list item `2.`, and after a blank line, for math may take back the rest.
    """
    for count in range(len(blocks) - 1, 0, -1):
        start = blocks[count][0]
        if start < len(lines) - 1 and not lines[start - 1].strip(" \t"):
            return count
    return 0


def _join(first: str, second: str) -> str:
    return f"{first}\n\n{second}" if first and second else first or second


def openers(text: str) -> set[str]:
    """What in a text may open a formula that runs on into the next one."""
    return {opener for opener, _ in _MATH_PAIRS if opener in text}


def _render(blocks: Sequence[tuple[int, int, list[Token]]], lines: list[str], seen: set[str]) -> str:
    """The blocks' safe text; `seen` is what might have opened math before them, and is kept up."""
    out: list[str] = []
    walled = blank = False
    for start, end, tokens in blocks:
        source = lines[start:end]
        while source and not source[-1].strip(" \t"):
            source.pop()
        was_walled, (walled, text) = walled, _block(tokens, source, start, seen)
        if out:
            out.append("\n\n" if walled or was_walled or blank else "\n")
        out.append(text)
        blank = len(source) < end - start
        seen |= openers("\n".join(source))
    return "".join(out)


def _block(tokens: list[Token], source: list[str], start: int, seen: set[str]) -> tuple[bool, str]:
    """One top-level block, and whether it needs blank lines around it."""
    head = tokens[0]
    if head.type == "fence":
        return True, _fence(head.content, head.info, seen)
    if head.type == "code_block":
        text = "\n".join(source)
        return (True, _fence(head.content, "", seen)) if _risky(text) else (False, text)
    return False, "\n".join(_lines(tokens, source, start, seen=seen | openers("\n".join(source))))


def _lines(tokens: list[Token], source: list[str], start: int, *, seen: set[str]) -> Iterator[str]:
    """A block's lines: runs of text made safe one by one, code within lists and quotes apart."""
    at = 0
    for token in tokens:
        first, last = ((token.map or [start, start])[0] - start), ((token.map or [start, start])[1] - start)
        last = min(last, len(source))
        if token.type not in ("inline", "fence", "code_block", "table_open", "math_block") or first < at:
            continue
        yield from map(_lone, source[at:first])
        part = source[first:last]
        if token.type == "table_open":
            # A bar ends a cell even within a code span, so each cell is a text of its own.
            for row in part:
                yield "|".join(map(_lone, _CELL_END.split(row)))
        elif token.type in ("fence", "code_block"):
            yield from _nested_code(token, part, seen=seen)
        else:
            yield safe_span("\n".join(part))
        at = last
    yield from map(_lone, source[at:])


def _nested_code(token: Token, part: list[str], *, seen: set[str]) -> Iterator[str]:
    """Code in a list or a quote: as typed if nothing in it could come alive, else `<pre>` in one line."""
    while part and not part[-1].strip(" \t>"):
        part.pop()
    if not part:
        return
    first = part[0].expandtabs(4)
    fenced = token.type == "fence"
    if fenced:
        prefix = first.partition(token.markup)[0]
    else:
        prefix = first.removesuffix(token.content.partition("\n")[0].expandtabs(4)).removesuffix("    ")
    if not _PREFIX.fullmatch(prefix):
        prefix = re.sub(r"[^ >].*", "", first)[:-4]
    if _risky(token.content) or _swallows(token.content, seen) or _word(token.info) != token.info.strip():
        yield prefix + _pre(token.content)
        return
    yield from part
    last = part[-1].strip(" \t>")
    if fenced and (len(part) == 1 or last.strip(token.markup[0]) or len(last) < len(token.markup)):
        yield re.sub(r"[^>\s]", " ", prefix) + token.markup


def _risky(code: str) -> bool:
    """Whether code must not be mistaken for text."""
    return bool(alive(code) or _FENCE_LINE.search(code) or _DISPLAY.search(code))


def _word(info: str) -> str:
    """A fence's language, one clean word. Mermaid is drawn from raw HTML, so its diagrams stay text."""
    found = _CLEAN_WORD.match(info.strip())
    word = found[0] if found else ""
    return "text" if word.lower().startswith("mermaid") else word


def _fence(code: str, info: str, seen: set[str]) -> str:
    """Code as a fence at column 0 that is code even for a parser which believes to be in a fence already.

    For that, its first line has a language and so cannot end a fence, and no line within could either.
    """
    danger = alive(code)
    if _swallows(code, seen) or (danger and _FENCE_LINE.search(code)):
        return _pre(code)
    longest = max(map(len, re.findall("`+", code)), default=0)
    fence = "`" * max(3, longest + 1)
    word = _word(info) or ("text" if danger else "")
    return f"{fence}{word}\n{code}{'' if code.endswith(chr(10)) or not code else chr(10)}{fence}"


def _swallows(code: str, seen: set[str]) -> bool:
    """Whether code holds the end of what a parser may have seen begin in the text before it.

    Such an end would swallow the fence's first line: a formula's, or that of a `[label]:` over blank lines.
    """
    return bool(_LABEL_END.match(code)) or any(ahead in seen and end in code for ahead, end in _MATH_PAIRS)


def _pre(code: str) -> str:
    """Code as HTML in one line, so that no blank line or prefix can end it."""
    return f"<pre><code>{entities(code.removesuffix(chr(10)))}</code></pre>"


def entities(text: str) -> str:
    """Every ASCII character that means something in Markdown or HTML as a character reference."""
    # Not the at sign: `@@0@@` is JupyterLab's mark for a formula, which it guards as long as it sees it.
    return re.sub(rf"(?!@){_PUNCTUATION}|[\n\t]", lambda found: f"&#{ord(found[0])};", text)


def unescape(text: str) -> str:
    """What character references stand for; a number of thousands of digits is no character."""
    return _unescape(_LONG_NUMBER.sub("&#0;", _LEADING_ZEROS.sub("", text)))


def harmless(url: str) -> bool:
    """Whether an address is http, https, mailto or relative, however it is written."""
    bare = _IGNORED_IN_URL.sub("", unquote(unescape(url))).lstrip("<>\"'|*+")
    scheme = _SCHEME.match(bare)
    # JupyterLab puts formulas back where it finds @@0@@, within attributes too.
    return "@@" not in bare and (scheme is None or scheme[1].lower() in _SCHEMES)


def alive(code: str) -> bool:
    """Whether code holds anything that acts if a parser takes it for text."""
    if _ALIVE.search(code):
        return True
    if any(_BARE_ADDRESS.search(word) and ("$" in word or "\\" in word) for word in code.split()):
        return True
    ends = re.finditer(r"\](?:\(|:)[\s>]*(\S{0,300})", code)
    return any(not harmless(found[1]) for found in ends)


def _address(raw: str) -> str | None:
    """An address in a form that no parser reads otherwise; `None` if it is harmful."""
    url = _ESCAPE_IN_URL.sub(lambda found: found[1] or unescape(found[2]), raw)
    if not (harmless(raw) and harmless(url)):
        return None
    return _ENTITY_START.sub("&amp;", _UNSAFE_IN_URL.sub(lambda found: quote(found[0]), url))


def _from_host(address: str) -> str:
    """Whose an address is, for the label of a link."""
    found = re.match(r"https?://([\w.-]+)", address, re.IGNORECASE)
    return f" from {found[1]}" if found else ""


def _target(found: re.Match[str]) -> str | None:
    address = _address(found["angle"] or found["dest"] or "")
    if address is None:
        return None
    title = found["title"]
    return f"{address} {title}" if title and _PLAIN_TITLE.fullmatch(title) else address


def _balanced(tex: str) -> bool:
    r"""Whether each `\begin{x}` in a formula has its end."""
    depth = [0]
    for found in re.finditer(r"\\(begin|end)\{", tex):
        depth.append(depth[-1] + (1 if found[1] == "begin" else -1))
    return min(depth) == 0 == depth[-1]


def safe_link(text: str, url: str) -> str:
    """A link with inert text; the text alone if the address is harmful."""
    address = _address(url.strip())
    return f"[{safe_text(text)}]({address})" if address else safe_text(text)


def _lone(text: str) -> str:
    return safe_span(text, lone=True)


def safe_span(text: str, *, lone: bool = False) -> str:
    """Make inline Markdown safe; if `lone`, it is a table's cell or a line whose next one is not known."""
    if "&" in text and len(_TEX.findall(unescape(text))) > len(_TEX.findall(text)):
        text = text.replace("&", "&amp;")
    return _Span(text, lone=lone).run()


class _Span:
    """One walk over inline Markdown; each method handles the token of its name and moves on."""

    __slots__ = ("address", "at", "lone", "missing", "out", "text")

    def __init__(self, text: str, *, lone: bool) -> None:
        self.text = text
        self.lone = lone
        self.out: list[str] = []
        self.at = 0
        self.address = (-1, 0)  # the next address written out
        self.missing: set[int] = set()  # lengths of backtick runs that nothing closes

    def run(self) -> str:
        while found := _TOKEN.search(self.text, self.at):
            self.out.append(self.text[self.at : found.start()])
            self.at = found.end()
            kind = next(name for name in _HANDLED if found[name])
            self.out.append(getattr(self, kind)(found))
        # What was written anew may have come to stand behind an exclamation mark.
        return ("".join(self.out) + self.text[self.at :]).replace("![", "&#33;[")

    def in_address(self, at: int) -> bool:
        """Whether a bare address runs up to here; a formula in it would end in its attribute."""
        while self.address[1] <= at:
            found = _BARE_ADDRESS.search(self.text, self.address[1])
            self.address = found.span() if found else (len(self.text), len(self.text) + 1)
        return self.address[0] <= at

    def begins_line(self, at: int) -> bool:
        """Whether nothing but marks of lists and quotes stands before in the line."""
        ahead = self.text[self.text.rfind("\n", 0, at) + 1 : at]
        return bool(_PREFIX.fullmatch(ahead.replace("\t", " ")))

    def tex(self, found: re.Match[str]) -> str:
        self.at = found.start() + len(found[2])
        if self.in_address(found.start()):
            return "&#92;" * len(found[2])
        return f"{found[2]} "

    def math(self, found: re.Match[str]) -> str:
        whole, start = found["math"], found.start()
        # nbconvert lets a formula run over blank lines and fences, so each has to be whole in every reading:
        # one of several lines begins a line, for words before it might be a heading's, which ends there.
        if self.in_address(start) or ("\n" in whole and not self.begins_line(start)):
            self.at = start + len(_MATH_START.match(whole)[0])  # type: ignore[index]
            return entities(self.text[start : self.at])
        text = _TEX.sub(r"\1 \2", whole)
        if not whole.startswith(("$$", "\\\\[", "\\begin")):
            text = text.replace("$$", "$ $")
            text = re.sub(r"(?<=\\\\)(?=[\[\]])", " ", text)
        if not _balanced(text):
            text = re.sub(r"\\(?=(?:begin|end)\{)", r"\\ ", text)
        text = re.sub(r"(?<!\\)\\{3,}+(?=[\[\]])", r"\\\\ ", text)
        text = _ENTITY_START.sub("& ", text).replace("<", r"\lt ")
        # Another parser may see the formula begin elsewhere, and this one as text: no address, fence, link.
        text = re.sub(r"(?<=~)(?=~)|(?<=:)(?=:|//)|(?i:(?<=www)(?=\.))", " ", text)
        text = re.sub(r"(?<=!)(?=\[)|(?<=\])(?=[(:{])", " ", text)
        text = self.in_dollars(text, whole, start)
        # To another parser a bracket ends a link's words here: what follows would be its address, unseen.
        return (
            f"{text} " if text.endswith("]") and self.text[self.at : self.at + 1] in ("(", ":", "{") else text
        )

    def in_dollars(self, text: str, whole: str, start: int) -> str:
        r"""`\(x\)` as `$x$`: many models write the one, and most notebooks read only the other."""
        mark = {"\\(": "$", "\\[": "$$"}.get(whole[:2], "")
        inner = text[2:-2].strip()
        # `a\[0\]` and `f\(x\)` are words with brackets that need not be escaped.
        beside = self.text[max(0, start - 1) : start] + self.text[self.at : self.at + 1]
        plain = inner and not re.search(r"\$|\n[ \t]*\n|\\$", inner) and not re.search(r"[\w$\\]", beside)
        if not mark or not plain or ("\n" in inner and mark == "$"):
            return text
        return f"{mark}{inner}{mark}"

    def display(self, found: re.Match[str]) -> str:
        # Half a formula. As references it is still one for MathJax, which reads the page.
        return "&#36;&#36;" if found["display"] == "$$" else "&#92;"

    def dollar(self, found: re.Match[str]) -> str:
        return "&#36;" if self.in_address(found.start()) else "$"

    def escape(self, found: re.Match[str]) -> str:
        char = found["escape"][1]
        if self.in_address(found.start()):
            self.at -= 1
            return "&#92;"
        behind, ahead = self.text[found.start() - 1 : found.start()], self.text[self.at : self.at + 1]
        if char == "@":
            return "@"
        if char == "\\" and re.compile(r"(?:begin|end)\{").match(self.text, self.at):
            return "&#92;"
        if char == "<" or (char == "!" and ahead == "["):
            return f"&#{ord(char)};"
        if (char in "[]" and behind == "\\") or (char == "]" and ahead in ("(", ":")):
            return f"&#{ord(char)};"
        return found["escape"]

    def backslash(self, found: re.Match[str]) -> str:
        return "&#92;" if self.in_address(found.start()) else "\\"

    def at_sign(self, _: re.Match[str]) -> str:
        return "@"

    def turning(self, _: re.Match[str]) -> str:
        return "\ufffd"

    def ticks(self, found: re.Match[str]) -> str:
        run = found["ticks"]
        closing = None
        if len(run) not in self.missing:
            closing = re.compile(rf"(?<!`){run}(?!`)").search(self.text, self.at)
        if closing is None:
            self.missing.add(len(run))
            return run if len(run) < 3 else entities(run)  # noqa: PLR2004
        inner = self.text[self.at : closing.start()]
        typed = self.text[found.start() : closing.end()]
        self.at = closing.end()
        # Three backticks may be taken for a fence, its text for a language and that for an attribute.
        if len(run) < 3 and not _risky(inner):  # noqa: PLR2004
            return typed
        code = re.sub(r"\n[ \t>]*", " ", inner)
        if self.lone:
            code = code.replace("\\|", "|")
        if code.startswith(" ") and code.endswith(" ") and code.strip():
            code = code[1:-1]
        return f"<code>{entities(code)}</code>"

    def tildes(self, found: re.Match[str]) -> str:
        return entities(found["tildes"])

    def badge(self, found: re.Match[str]) -> str:
        alt = safe_span(found["badge_alt"], lone=self.lone)
        return f"[image: {alt}" if alt.strip() else "[image"

    def image(self, found: re.Match[str]) -> str:
        image = _IMAGE.match(self.text, found.start())
        if image is None:
            return "&#33;["
        alt, ref = image["alt"], image["ref"]
        label = f"image: {safe_span(alt, lone=self.lone)}" if alt.strip() else "image"
        # Nothing is loaded: whoever clicks knows from where.
        self.at = image.end()
        if image["tail"]:
            tail = _TAIL.match(self.text, self.at)
            target = _target(tail) if tail else None
            if tail is None:
                return f"&#91;{label}&#93;"
            self.at = tail.end()
            # A picture within the text, megabytes perhaps, is dropped: it is nothing to read.
            return f"&#91;{label}&#93;" if target is None else f"[{label}{_from_host(target)}]({target})"
        if not ref and not alt.replace(" ", "").isalnum():
            return f"&#91;{label}&#93;"
        return f"[{label}][{safe_span(ref or alt)}]"

    def end(self, _: re.Match[str]) -> str:
        tail = _TAIL.match(self.text, self.at)
        target = _target(tail) if tail else None
        if tail and target is not None:
            self.at = tail.end()
            return f"]({target})"
        definition = _DEFINITION.match(self.text, self.at)
        if definition and (definition["angle"] or definition["dest"]):
            target = _target(definition)
            if target is not None:
                self.at = definition.end()
                more = self.lone or _NEXT_TITLE.match(self.text, self.at)
                # A title may begin in the next line and go on over blank ones; an empty one here ends it.
                return f"]: {target}" + (' ""' if more and " " not in target else "")
        other = _NO_DEFINITION.match(self.text, self.at)
        return "]" if other and harmless(other["word"]) else "&#93;"

    def less(self, found: re.Match[str]) -> str:
        tag = _KEPT_TAG.match(self.text, found.start())
        if tag:
            self.at = tag.end()
            return tag[0].lower()
        link = _AUTOLINK.match(self.text, found.start())
        address = _address(link["url"] if ":" in link["url"] else f"mailto:{link['url']}") if link else None
        if link is None or address is None:
            return "&lt;"
        self.at = link.end()
        return f"[{entities(link['url'])}]({address})"

    def brace(self, found: re.Match[str]) -> str:
        brace = found["brace"]
        return f"{brace[:-1]}&#{ord(brace[-1])};"


_HANDLED = tuple(name for name in _TOKEN.groupindex if name not in ("env", "badge_alt"))
