"""HTML that a model wrote, made safe to show: no script, no style that reaches out, nothing loaded unasked.

An image at an address becomes a link that says whose it is: to click it is to agree. Images within the text
are looked into and encoded anew, as everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape, unescape
from urllib.parse import urlsplit

from g4f_nb.controls import clean
from g4f_nb.showing.exhibits import shown_image
from g4f_nb.showing.inert import harmless, straight

_NAMES = (
    "a abbr article aside b bdi blockquote br caption center cite code col colgroup data dd del details"
    " dfn div dl dt em figcaption figure footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main mark meter"
    " nav ol p pre progress q rp rt ruby s samp section small span strong sub summary sup table tbody td"
    " tfoot th thead time tr u ul var wbr"
)
_TAGS = set(_NAMES.split())
# What is taken away with all that is in it, and what a page has around what it shows.
_HIDDEN = {"script", "style", "title", "template", "noscript", "svg", "math", "iframe"}
_AROUND = {
    "html",
    "head",
    "body",
    "meta",
    "link",
    "base",
    "form",
    "label",
    "input",
    "button",
    "select",
    "option",
    "textarea",
    "picture",
    "source",
    "video",
    "audio",
    "canvas",
    "object",
    "font",
    "address",
    "hgroup",
}
_KNOWN = "|".join(sorted(_TAGS | _HIDDEN | _AROUND))
_BEGINS = re.compile(rf"<(?:!doctype\s|!--|/?(?:{_KNOWN})(?=[\s/>]))", re.IGNORECASE)
_STRAY = re.compile(rf"<(?!!doctype\s|!--|/?(?:{_KNOWN})(?=[\s/>]))", re.IGNORECASE)
_NEVER_SEEN = re.compile(
    rf"<(?:(?P<tag>{'|'.join(sorted(_HIDDEN | {'textarea'}))})(?=[\s/>])|!--)", re.IGNORECASE
)
_EVERYWHERE = {"style", "title", "dir", "lang", "align", "valign"}
_ATTRIBUTES = {
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "col": {"span"},
    "colgroup": {"span"},
    "ol": {"start", "type", "reversed"},
    "meter": {"value", "min", "max", "low", "high", "optimum"},
    "progress": {"value", "max"},
    "time": {"datetime"},
    "details": {"open"},
}
# What only looks: nothing that loads, covers the page or leaves its place.
_STYLES = re.compile(
    r"(?:color|background-color|background|font-(?:weight|style|size|family|variant)|text-(?:align|decoration"
    r"|transform|indent)|line-height|letter-spacing|white-space|vertical-align|list-style(?:-type)?"
    r"|(?:max-|min-)?(?:width|height)|padding(?:-\w+)?|margin(?:-\w+)?|border(?:-\w+)*|display|gap"
    r"|flex(?:-\w+)*|grid-template-columns|justify-content|align-items|opacity|overflow(?:-[xy])?)"
)
_VALUE = re.compile(r"[\w\s.,%#+'\"-]*(?:\((?:[\w\s.,%#+-])*\)[\w\s.,%#+'\"-]*)*")
_NEGATIVE = re.compile(r"(?:^|[\s(,])-\s*[\d.]")
_FUNCTION = re.compile(r"([\w-]+)\s*\(")
_FUNCTIONS = {"rgb", "rgba", "hsl", "hsla", "repeat", "minmax", "linear-gradient"}
_IMAGE = re.compile(r"<img\b([^>]*)>")
_ATTRIBUTE = re.compile(r'([a-z]+)="([^"]*)"')


def begins_with_html(text: str) -> bool:
    """Whether a text begins with an element that a page may have; `<T>` and `<https://…>` are none."""
    return _BEGINS.match(text) is not None


def with_strays_as_text(html: str) -> str:
    """Brackets that begin no element of a page as text: read as tags, they would lose what follows."""
    html, ends = _STRAY.sub("&lt;", html), html.lower()

    def kept(found: re.Match[str]) -> str:
        end = f"</{found['tag'].lower()}" if found["tag"] else "-->"
        return found[0] if end in ends else f"&lt;{found[0][1:]}"

    return _NEVER_SEEN.sub(kept, html)


def safe_page(html: str) -> str:
    """The part of the HTML that only shows something."""
    # After the images are written anew it is read once more: whatever is given comes from the sanitiser.
    return straight(_clean(_IMAGE.sub(_image, _clean(clean(html), _kept)), _kept_at_last))


def _clean(html: str, kept: Callable[[str, str, str], str | None]) -> str:
    import nh3

    return nh3.clean(
        html,
        tags=_TAGS,
        clean_content_tags=_HIDDEN,
        attributes={**{tag: _EVERYWHERE | names for tag, names in _ATTRIBUTES.items()}, "*": _EVERYWHERE},
        attribute_filter=kept,
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
        url_schemes={"http", "https", "mailto", "data"},
    )


def _kept(tag: str, name: str, value: str) -> str | None:
    # No attribute holds a bracket, so that in what the sanitiser gives `<` always begins a tag.
    value = value.replace("<", "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}")
    value = value.replace(">", "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}")
    if name == "style":
        return _style(value) or None
    if name == "href":
        outward = value.lower().startswith(("http:", "https:", "mailto:"))
        return value if tag == "a" and outward and harmless(value) else None
    return value


def _kept_at_last(tag: str, name: str, value: str) -> str | None:
    if tag == "img" and name == "src":
        return shown_image(value)
    return _kept(tag, name, value)


def _style(text: str) -> str:
    kept = []
    for declaration in text.split(";"):
        name, _, value = declaration.partition(":")
        name, value = name.strip().lower(), value.strip()
        functions = {found.lower() for found in _FUNCTION.findall(value)}
        # Nothing moves out of its place, over what is not the model's.
        if _NEGATIVE.search(value) and not name.startswith(("letter", "text")):
            continue
        if _STYLES.fullmatch(name) and _VALUE.fullmatch(value) and functions <= _FUNCTIONS:
            kept.append(f"{name}:{value}")
    return ";".join(kept)


def _image(found: re.Match[str]) -> str:
    given = {name: unescape(value) for name, value in _ATTRIBUTE.findall(found[1])}
    alt, source = given.get("alt", "").strip(), given.get("src", "")
    shown = shown_image(source)
    if shown is not None:
        return f'<img alt="{escape(alt)}" src="{shown}" style="max-width:100%">'
    host = urlsplit(source).hostname if source.lower().startswith(("http://", "https://")) else None
    label = escape(f"[image: {alt}]" if alt else "[image]")
    if host is None or not harmless(source):
        return label
    link = f'<a href="{escape(source)}" target="_blank" rel="noopener noreferrer nofollow">'
    return f"{link}{label[:-1]} from {escape(host)}]</a>"
