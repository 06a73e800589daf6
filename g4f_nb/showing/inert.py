"""What in a text, in code or in an address could come alive where it is rendered, and how it is dead."""

from __future__ import annotations

import re
from html import unescape as _unescape
from urllib.parse import quote, unquote

from g4f_nb.controls import clean

# What turns the order around in which text is seen; a reference to one becomes one.
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
# What may stand before a line's text: marks of lists and quotes.
PREFIX = re.compile(r"[ >*+\-\d.)]*")
PUNCTUATION = r"[!-/:-@\[-`{-~]"
# TeX that reaches out of a formula: links, styles with url(), loading, files (when printed by LaTeX).
_TEX_NAMES = (
    "href|url|style|class|cssId|html[A-Za-z]*|data|require|bbox|fcolorbox|mmlToken|includegraphics"
    "|input|include|immediate|write|openin|openout|csname|catcode"
)
# Asked once per run of backslashes, at its first: from each of them, long runs would cost their square.
TEX = re.compile(rf"(?<!\\)(\\++)({_TEX_NAMES})(?![A-Za-z])")
# Python refuses to read decimal numbers of over 4300 digits, zeros included.
_LEADING_ZEROS = re.compile(r"(?<=&#)0++(?=[0-9])")
_LONG_NUMBER = re.compile(r"&#[0-9]{9,}+;?")
_SCHEME = re.compile(r"([a-z][a-z0-9+.\-]*):", re.IGNORECASE)
_SCHEMES = ("http", "https", "mailto")
_IGNORED_IN_URL = re.compile("[\\s\\\\\x00-\x20\x7f-\xa0\xad\u180e\u200b-\u200f\u2028-\u202f\u2060\ufeff]")
_ESCAPE_IN_URL = re.compile(rf"\\({PUNCTUATION})|(&(?:#x[0-9a-f]{{1,6}}|#\d{{1,7}}|\w+);)", re.IGNORECASE)
_UNSAFE_IN_URL = re.compile(r"[^\w\-.~:/?#@!&'*+,;=%]")
BARE_ADDRESS = re.compile(r"(?:://|www\.)\S*", re.IGNORECASE)
ENTITY_START = re.compile(r"&(?=#|\w+;)")
# Anything in code that would be alive if a parser took the code for text.
_ALIVE = re.compile(
    r"<|!\[|\\{3}[\[\]]|@[@\\&]|\]\([^)\n]{0,300}[$\\]|^[ \t>*+\-\d.)]*\[[^\]\n]+\]:.*[$\\\"'(]"
    r"|^[ \t>*+\-\d.)]*(?:`{3}|~{3}).*[^\w+#.\- \n`~]"
    rf"|\}}`|:::|\{{[^{{}}\n]*\w\s*=\s*[\"'][^{{}}\n]*\}}|{TEX.pattern}",
    re.MULTILINE | re.IGNORECASE,
)
FENCE_LINE = re.compile(r"^[ \t>*+\-\d.)]*(?:`{3}|~{3})", re.MULTILINE)
# Half a display formula in what is left as typed might find its other half far away.
_DISPLAY = re.compile(r"\$\$|\\\\[\[\]]|\\(?:begin|end)\{")


def safe_text(text: str) -> str:
    """Any string as inert Markdown text in one line."""
    return entities(" ".join(clean(text).split()))


def straight(html: str) -> str:
    """What a sanitiser gives, without what turns text around and was written as a reference before."""
    return _TURNING.sub("\ufffd", html)


def risky(code: str) -> bool:
    """Whether code must not be mistaken for text."""
    return bool(alive(code) or FENCE_LINE.search(code) or _DISPLAY.search(code))


def entities(text: str) -> str:
    """Every ASCII character that means something in Markdown or HTML as a character reference."""
    # Not the at sign: `@@0@@` is JupyterLab's mark for a formula, which it guards as long as it sees it.
    return re.sub(rf"(?!@){PUNCTUATION}|[\n\t]", lambda found: f"&#{ord(found[0])};", text)


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
    if any(BARE_ADDRESS.search(word) and ("$" in word or "\\" in word) for word in code.split()):
        return True
    ends = re.finditer(r"\](?:\(|:)[\s>]*(\S{0,300})", code)
    return any(not harmless(found[1]) for found in ends)


def inert_address(raw: str) -> str | None:
    """An address in a form that no parser reads otherwise; `None` if it is harmful."""
    url = _ESCAPE_IN_URL.sub(lambda found: found[1] or unescape(found[2]), raw)
    if not (harmless(raw) and harmless(url)):
        return None
    return ENTITY_START.sub("&amp;", _UNSAFE_IN_URL.sub(lambda found: quote(found[0]), url))
