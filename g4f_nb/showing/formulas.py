"""TeX as MathML, which browsers draw by themselves: no script, no font and nothing from elsewhere.

A model's TeX is hostile, too: of what the converter gives, only tags and attributes known here go out,
written anew; whatever else is there (links, classes, ids) does not. What cannot be converted is `None`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from html import escape, unescape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

# Characters of TeX; what is longer is no formula that anybody reads.
_LONGEST = 2_000
_DEEPEST = 40
_TAGS = frozenset({
    "math", "mrow", "mi", "mn", "mo", "ms", "mtext", "mspace", "mfrac", "msqrt", "mroot", "msub", "msup",
    "msubsup", "mmultiscripts", "mprescripts", "none", "munder", "mover", "munderover", "mtable", "mtr",
    "mtd", "mstyle", "mpadded", "mphantom", "merror", "menclose",
})  # fmt: skip
_ATTRIBUTES = frozenset({
    "display", "displaystyle", "mathvariant", "stretchy", "fence", "form", "accent", "accentunder",
    "separator", "largeop", "movablelimits", "symmetric", "linethickness", "columnalign", "rowalign",
    "columnlines", "rowlines", "columnspacing", "rowspacing", "width", "height", "depth", "lspace", "rspace",
    "minsize", "maxsize", "scriptlevel", "notation",
})  # fmt: skip
# Words and lengths; nothing that could be an address or end an attribute.
_VALUE = re.compile(r"[A-Za-z0-9.+\-% ]{0,40}")


@lru_cache(maxsize=512)
def mathml(tex: str, *, block: bool = False) -> str | None:
    """A formula as MathML, or `None` if it is too long, too deep or no TeX."""
    if len(tex) > _LONGEST or tex.count("{") > _LONGEST // 4:
        return None
    from latex2mathml.converter import convert_to_element

    try:
        root = convert_to_element(tex, display="block" if block else "inline")
        return "".join(_written(root, 0))
    except Exception:  # noqa: BLE001  # whatever the converter makes of nonsense, the text is shown instead
        return None


def _written(element: Element, depth: int) -> Iterator[str]:
    tag = element.tag
    if tag not in _TAGS or depth > _DEEPEST:
        raise ValueError(tag)
    if tag in ("mi", "mo") and (element.text or "").startswith("\\"):
        # A command that the converter does not know: the whole is clearer as it was typed.
        raise ValueError(element.text)
    kept = "".join(
        f' {name}="{value}"'
        for name, value in element.attrib.items()
        if name in _ATTRIBUTES and _VALUE.fullmatch(value)
    )
    yield f"<{tag}{kept}>"
    yield escape(unescape(element.text or ""))
    for child in element:
        yield from _written(child, depth + 1)
    yield f"</{tag}>"
