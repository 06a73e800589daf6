"""Inline Markdown made inert: one walk over a text, with a method for each kind of thing that is found."""

from __future__ import annotations

import re

from g4f_nb.showing.inert import (
    BARE_ADDRESS,
    ENTITY_START,
    PREFIX,
    PUNCTUATION,
    TEX,
    entities,
    harmless,
    inert_address,
    risky,
    safe_text,
    unescape,
)

_DEST = rf"(?:\\{PUNCTUATION}|[^\s()<>\\]|\((?:\\{PUNCTUATION}|[^\s()<>\\])*+\)){{0,2000}}+"
_TARGET = (
    rf"[ \t]*+(?:<(?P<angle>[^<>\n]*)>|(?P<dest>{_DEST}))"
    r"""(?:[ \t]++(?P<title>"[^"\n]*"|'[^'\n]*'|\([^()\n]*\)))?[ \t]*+"""
)
_TAIL = re.compile(rf"\({_TARGET}\)")
_DEFINITION = re.compile(rf":{_TARGET}(?=\n|$)".replace("{0,2000}", "{0,1000}"))
_NO_DEFINITION = re.compile(r""":[ \t]*+(?P<word>[^\s$"`<\\]{1,300}+)(?![ \t]+["'(])(?=\s|$)""")
_NEXT_TITLE = re.compile(r"""\n[ \t>]*["'(]""")
_PLAIN_TITLE = re.compile(r"""["'(][\w \-.,;:!?/+]*["')]""")
_ALT = r"(?:[^\[\]\\`]|\\.|\[[^\[\]\\`]*\])*"
_IMAGE = re.compile(rf"!\[(?P<alt>{_ALT})\](?:(?=(?P<tail>\())|\[(?P<ref>[^\[\]\\]*)\])", re.DOTALL)
_KEPT_TAG = re.compile(r"<(?:br ?/?|/?su[bp])>", re.IGNORECASE)
_AUTOLINK = re.compile(
    r"<(?P<url>[a-z][a-z0-9+.\-]{1,31}:[^\s<>]*|[\w.+\-]+@[\w\-]+(?:\.[\w\-]+)+)>", re.IGNORECASE
)
_MATH_START = re.compile(r"\$\$?|\\\\?(?:[(\[]|(?=begin))")
_TOKEN = re.compile(
    rf"""
      (?P<tex>{TEX.pattern})
    | (?P<math>\$\$[^$`]+\$\$
        | (?<![\\$])\$(?![\s$])(?:[^$`\\]|\\[^`])+(?<!\s)\$(?![\d$])
        | \\\\\((?:(?!\\\\[()])[^`]){{1,2000}}\\\\\) | \\\\\[(?:(?!\\\\\]|(?<!\\)\\\\\[)[^`]){{1,2000}}\\\\\]
        | (?<!\\)\\\((?:(?!\\[()])[^`]){{1,2000}}\\\) | (?<!\\)\\\[(?:(?!\\\]|(?<!\\)\\\[)[^`]){{1,2000}}\\\]
        | \\begin\{{(?P<env>[a-z]+\*?)\}}(?:(?!\\end\{{(?P=env)\}})[^`]){{1,2000}}\\end\{{(?P=env)\}})
    | (?P<display>\$\$|\\\\(?=[\[\]])|\\(?=(?:begin|end)\{{))
    | (?P<dollar>\$)
    | (?P<escape>\\{PUNCTUATION})
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


def _from_host(address: str) -> str:
    """Whose an address is, for the label of a link."""
    found = re.match(r"https?://([\w.-]+)", address, re.IGNORECASE)
    return f" from {found[1]}" if found else ""


def _target(found: re.Match[str]) -> str | None:
    address = inert_address(found["angle"] or found["dest"] or "")
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
    address = inert_address(url.strip())
    return f"[{safe_text(text)}]({address})" if address else safe_text(text)


def safe_line(text: str) -> str:
    """`safe_span` of a table's cell, or of a line whose next one is not known."""
    return safe_span(text, lone=True)


def safe_span(text: str, *, lone: bool = False) -> str:
    """Make inline Markdown safe; if `lone`, it is a table's cell or a line whose next one is not known."""
    if "&" in text and len(TEX.findall(unescape(text))) > len(TEX.findall(text)):
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
            found = BARE_ADDRESS.search(self.text, self.address[1])
            self.address = found.span() if found else (len(self.text), len(self.text) + 1)
        return self.address[0] <= at

    def begins_line(self, at: int) -> bool:
        """Whether nothing but marks of lists and quotes stands before in the line."""
        ahead = self.text[self.text.rfind("\n", 0, at) + 1 : at]
        return bool(PREFIX.fullmatch(ahead.replace("\t", " ")))

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
        text = TEX.sub(r"\1 \2", whole)
        if not whole.startswith(("$$", "\\\\[", "\\begin")):
            text = text.replace("$$", "$ $")
            text = re.sub(r"(?<=\\\\)(?=[\[\]])", " ", text)
        if not _balanced(text):
            text = re.sub(r"\\(?=(?:begin|end)\{)", r"\\ ", text)
        text = re.sub(r"(?<!\\)\\{3,}+(?=[\[\]])", r"\\\\ ", text)
        text = ENTITY_START.sub("& ", text).replace("<", r"\lt ")
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
        if len(run) < 3 and not risky(inner):  # noqa: PLR2004
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
        address = (
            inert_address(link["url"] if ":" in link["url"] else f"mailto:{link['url']}") if link else None
        )
        if link is None or address is None:
            return "&lt;"
        self.at = link.end()
        return f"[{entities(link['url'])}]({address})"

    def brace(self, found: re.Match[str]) -> str:
        brace = found["brace"]
        return f"{brace[:-1]}&#{ord(brace[-1])};"


_HANDLED = tuple(name for name in _TOKEN.groupindex if name not in ("env", "badge_alt"))
