"""JSON is found in whatever a model puts around it, and a part of a broken answer is never taken for one."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from g4f_nb.typed.loosejson import NoJsonError, read_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.floats(-1e9, 1e9) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
CONTAINERS = st.lists(VALUES, min_size=1, max_size=4) | st.dictionaries(st.text(), VALUES, min_size=1)


@given(VALUES, st.booleans())
def test_plain_json_is_itself(value, pretty):
    """Any JSON value, on one line or on many, surrogates and control characters escaped."""
    assert read_json(json.dumps(value, indent=2 if pretty else None)) == value


@given(CONTAINERS)
def test_json_in_a_fence_with_prose_around_it_is_found(value):
    """Backticks, brackets and braces inside of strings do not end it."""
    text = f"Sure, here it is:\n\n```json\n{json.dumps(value)}\n```\nAnything else?"
    assert read_json(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('The answer is {"a": 1}.', {"a": 1}),
        ('{"a": [1, 2,], "b": 3,}', {"a": [1, 2], "b": 3}),
        ('{"a": 1, // first\n /* then */ "b": 2}', {"a": 1, "b": 2}),
        ('{"url": "http://a.invalid/,}", "b": [1,]}', {"url": "http://a.invalid/,}", "b": [1]}),
        ("{'a': True, 'b': None, 'c': 'it is'}", {"a": True, "b": None, "c": "it is"}),
        ("{'url': 'http://a.invalid', 'n': 1, // the number\n}", {"url": "http://a.invalid", "n": 1}),
        ('{"a": "two\nlines"}', {"a": "two\nlines"}),
        ('{"a": NaN}', {"a": None}),
        ('See [1] and [2]: {"a": 1, "b": [1, 2]}', {"a": 1, "b": [1, 2]}),
        ('It\'s what\'s asked: {"a": "it\'s"}', {"a": "it's"}),
        ("~~~\n[1, 2]\n~~~", [1, 2]),
        ("```\n{'a': 1}\n```", {"a": 1}),
        ('```json\n{"a": 1}', {"a": 1}),
        ('\ufeff{"a": 1}', {"a": 1}),
        ("  5 ", 5),
        ('"text"', "text"),
    ],
)
def test_what_models_do_to_json_is_undone(text, value):
    """Prose, fences, comments, trailing commas, Python's literals, line ends in strings."""
    assert read_json(text) == value


def test_the_kind_decides_between_several():
    """The longest of the kind that is wanted, else the longest of any."""
    text = 'Given {"a": 1} and {"a": 1, "b": 2}, the list is [7].'
    assert read_json(text) == read_json(text, kind=dict) == {"a": 1, "b": 2}
    assert read_json(text, kind=list) == [7]
    assert read_json("only [1]", kind=dict) == [1]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no JSON in it"),
        ("I cannot answer that.", "no JSON in it"),
        ('{"a": [1, 2], "b" 3}', "it is no JSON"),
        ('{"items": [1, 2], "next": }', "near"),
        ('{"a": {"b": 1}, oops}', "it is no JSON"),
        ("{'a': print()}", "it is no JSON"),
        ("{1: 2}", "it is no JSON"),
    ],
)
def test_what_is_none_is_refused_with_a_reason(text, words):
    """The inner part of a broken object is no answer; the reason shows where it breaks."""
    with pytest.raises(NoJsonError, match=words):
        read_json(text)


@pytest.mark.clock
@pytest.mark.parametrize(
    "text",
    ["[" * 100_000, '{"a":' * 50_000, "{'a" * 50_000, '{"' * 50_000, "[{" * 50_000 + "}]" * 9, "'" * 99_999],
)
def test_no_text_takes_long(text):
    """Depth and length cost neither a crash nor much time."""
    begun = time.perf_counter()
    with pytest.raises(NoJsonError):
        read_json(text)
    assert time.perf_counter() - begun < 10
