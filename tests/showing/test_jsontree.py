"""JSON as a tree without scripts: every value is there, nothing of it acts, and it grows as the JSON does."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from thorough import examples

from g4f_nb.showing.jsontree import json_tree

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(), inner, max_size=6)
)


class _Read(HTMLParser):
    """Its texts, its tags, and how deep it is."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.texts, self._open, self.deepest = [], [], [], 0
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._open.append(tag)
        self.deepest = max(self.deepest, len(self._open))

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)

    @property
    def text(self):
        return "".join(self.texts)


def test_a_small_value_is_open():
    """Each name and each value in a line of its own; what is no text is set apart."""
    html = json_tree({"name": "Ann", "age": 7, "tags": ["a", None], "none": {}})
    read = _Read(html)
    assert read.text == '{4 fields}name: "Ann"age: 7tags: [2 items]0: "a"1: nullnone: {}'
    assert html.count("<details open>") == 2
    assert "<i>7</i>" in html
    assert "<i>null</i>" in html
    assert "<i>" not in json_tree(["7", "null"])


@examples(40)
@given(st.lists(VALUES) | st.dictionaries(st.text(), VALUES))
def test_nothing_is_lost_and_nothing_acts(value):
    """Whatever there is within: the tags are ours, and each text is there, but for what turns text around."""
    read = _Read(json_tree(value))
    assert {tag for tag, _ in read.tags} <= {"div", "details", "summary", "ul", "li", "b", "i", "span"}
    assert {name for _, attributes in read.tags for name in attributes} <= {"open", "style", "class", "dir"}
    for text in _texts(value):
        if text.isascii() and text.isprintable():
            assert text in read.text or json.dumps(text) in read.text


def _texts(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, each in value.items():
            yield name
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "</ul></details><img src=x onerror=alert(1)>"])
def test_markup_is_text(text):
    """In names and in values."""
    read = _Read(json_tree({text: [text]}))
    assert read.text.count(text) == 2


def test_it_grows_as_the_json_does():
    """Twice as much is no more than 2.2 times as long, in every form that JSON may have."""
    deep = []
    for _ in range(400):
        deep = [deep]
    for make in (
        lambda n: list(range(n)),
        lambda n: {str(at): "x" for at in range(n)},
        lambda n: [[at] * 5 for at in range(n)],
        lambda n: _nested(n // 100),
    ):
        once, twice = (len(json_tree(make(n))) for n in (4000, 8000))
        assert twice <= 2.2 * once
        assert once < 60 * len(json.dumps(make(4000)))


def _nested(depth):
    value = ["x"]
    for _ in range(depth):
        value = [value, "x" * 10]
    return value


def test_a_long_list_folds_in_parts_and_a_deep_one_ends():
    """A page shows the beginning of each; what is too deep is written in a line."""
    html = json_tree(list(range(1050)))
    assert [*re.findall(r"opacity:\.65\">([\d,]+ … [\d,]+)<", html)][-1] == "1,000 … 1,049"
    assert html.count("<details open>") == 1
    assert _Read(json_tree(_nested(500))).deepest < 200
    assert "999" in _Read(html).text
