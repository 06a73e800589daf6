"""HTML that a model wrote: what shows something stays, and nothing acts, loads or leaves its place."""

from __future__ import annotations

import re
import sys
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from g4f_nb.showing.pages import _ATTRIBUTES, _EVERYWHERE, _TAGS, safe_page

sys.path.insert(0, str(Path(__file__).parents[1]))
from hostile_markdown import HTML, IMAGES, LINKS, RUN

PNG = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5E"
    "rkJggg=="
)
# What sanitisers have been fooled by: tags in attributes, foreign content, raw text, styles.
TRICKS = (
    f'<b title="<img "><i title="x onmouseover={RUN}>" x>hi</i></b>',
    f"<b title='<img src=\"https://beacon.invalid/?a\" onerror={RUN}>'>hi</b>",
    f'<img alt="><script>{RUN}</script>" src=x>',
    f'<img alt="&quot; onerror={RUN} x=&quot;" src="https://beacon.invalid/a">',
    f"<form><math><mtext></form><form><mglyph><style></math><img src onerror={RUN}>",
    f'<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror={RUN}&gt;">',
    f'<svg></p><style><a id="</style><img src=1 onerror={RUN}>">',
    f'<noscript><p title="</noscript><img src=x onerror={RUN}>"></noscript>',
    f'<xmp><p title="</xmp><img src=x onerror={RUN}>"></xmp>',
    f"<textarea></textarea><img src=x onerror={RUN}>",
    f"<!--<img src=--><img src=x onerror={RUN}//>",
    f"<![CDATA[<img src=x onerror={RUN}>]]>",
    '<p style="background:url(https://beacon.invalid/a)">x</p>',
    '<p style="background-image:image-set(\'https://beacon.invalid/a\' 1x)">x</p>',
    '<p style="background:u\\72l(https://beacon.invalid/a)">x</p>',
    '<p style="background:/**/url/**/(https://beacon.invalid/a)">x</p>',
    '<p style="color:red;position:fixed;top:0;left:0;width:100%;height:100%">x</p>',
    '<p style="margin-top:-500px;margin: 0 -9em;transform:translateY(-500px)">x</p>',
    '<p style="behavior:url(x);-moz-binding:url(x);width:expression(1)">x</p>',
    '<p style="content:url(https://beacon.invalid/a);cursor:url(x),auto;list-style:url(https://beacon.invalid)">x</p>',
    '<ul style="list-style-image:url(https://beacon.invalid/a)"><li>x</ul>',
    '<div id="notebook" name="body" class="jp-Cell">x</div>',
    '<a href="/api/shutdown">x</a><a href="//beacon.invalid">y</a><a href="data:text/html,x">z</a>',
    '<a href="https://a.invalid" ping="https://beacon.invalid" target="_top" download>x</a>',
    '<img src="data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9IndpbmRvdy5wd25lZD0xIi8+">',
    '<img src="data:text/html,<script>1</script>"><img srcset="https://beacon.invalid/a 1x" src=x>',
    '<link rel=stylesheet href="https://beacon.invalid/a.css"><style>@import "https://beacon.invalid";</style>',
    '<table background="https://beacon.invalid/a"><tr><td background="https://beacon.invalid/b">x</table>',
    '<video poster="https://beacon.invalid/a"></video><input type=image src="https://beacon.invalid/b">',
    '<q cite="https://beacon.invalid">x</q><ins cite="javascript:1">y</ins>',
)  # fmt: skip
_STYLE = re.compile(r"[a-z-]+:[^;:\\/]*(;[a-z-]+:[^;:\\/]*)*")


class _Page(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.faults, self.words = [], ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        if tag not in _TAGS:
            self.faults.append(f"<{tag}>")
        for name, value in attrs:
            self._look_at(tag, name, unescape(value or ""))

    def _look_at(self, tag, name, value):
        known = _EVERYWHERE | _ATTRIBUTES.get(tag, set())
        if tag == "a":
            known = known | {"rel", "target"}
        if name not in known:
            self.faults.append(f"<{tag} {name}>")
        if name == "href" and not value.lower().startswith(("http:", "https:", "mailto:")):
            self.faults.append(f"<{tag} href={value}>")
        if name == "src" and not value.startswith("data:image/png;base64,"):
            self.faults.append(f"<{tag} src={value}>")
        if name == "style":
            if not _STYLE.fullmatch(value):
                self.faults.append(value)
            if re.search(r"url|expression|image-set|position|transform|fixed|(^|[\s:])-\d", value):
                self.faults.append(value)

    def handle_data(self, data):
        self.words += data

    def handle_comment(self, data):
        self.faults.append(f"<!--{data}-->")

    handle_decl = handle_pi = unknown_decl = handle_comment


def faults(html):
    """Whatever in the page could act."""
    return _Page(safe_page(html)).faults


@pytest.mark.parametrize("payload", [*HTML, *LINKS, *IMAGES, *TRICKS])
def test_no_payload_acts(payload):
    """Alone, within other elements, and behind one that is never closed."""
    for before, after in (
        ("", ""),
        ("<table><tr><td>", "</td></tr></table>"),
        ("<p title='", ""),
        ("<b><", ">"),
    ):
        assert not faults(before + payload + after)


WORDS = [
    "<", ">", '"', "'", "=", "/", " ", "img", "src", "a", "href", "title", "alt", "style", "b", "p", "svg",
    "math", "script", "onerror", "javascript:", "https://b.invalid/", "data:image/png;base64,AA", "&lt;",
    "&gt;", "&quot;", "<img src=", "<a href=", "-->", "<!--", "table", "color:red", "url(", ";", "\n",
    '<b title="<img ">',
]  # fmt: skip


@given(st.lists(st.sampled_from(WORDS), max_size=24).map("".join))
def test_no_random_page_acts(html):
    """However the parts of a page are put together."""
    assert not faults(html)


def test_what_shows_something_stays():
    """Structure, colours, tables, lists and images within the text."""
    html = (
        '<h2 style="color: teal">Offer</h2><p style="font-weight:bold;background-color:rgb(1, 2, 3)">x</p>'
        '<table><tr><th colspan="2">a</th></tr></table><details open><summary>s</summary>t</details>'
        f'<img src="{PNG}" alt="dot"><progress value="3" max="5"></progress>'
    )
    shown = safe_page(html)
    assert '<h2 style="color:teal">Offer</h2>' in shown
    assert "background-color:rgb(1, 2, 3)" in shown
    assert '<th colspan="2">a</th>' in shown
    assert "<details open" in shown
    assert f'src="{PNG}"' in shown
    assert '<progress value="3" max="5">' in shown or '<progress max="5" value="3">' in shown


def test_an_image_from_elsewhere_is_a_link_that_says_so():
    """Nothing is asked of its host before somebody clicks."""
    shown = safe_page('<img src="https://pics.invalid/a.png" alt="a <b>">')
    assert "<img" not in shown
    assert 'href="https://pics.invalid/a.png"' in shown
    assert "from pics.invalid]" in shown
    assert safe_page('<img src="/files/secret.png">') == "[image]"
