"""JSON values one behind the other: the same values however the bytes are joined and torn."""

from __future__ import annotations

from itertools import pairwise

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from g4f_nb.errors import UnreadableResponseError
from g4f_nb.wire.joinedjson import JoinedJson

VALUES = st.recursive(
    st.one_of(st.none(), st.integers(0, 99), st.text(alphabet='a"\\{}[]\n ÿ🙂', max_size=6)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text('k"}', max_size=2), inner, max_size=3)
    ),
    max_leaves=6,
)
OBJECTS = st.lists(st.dictionaries(st.text(max_size=3), VALUES, max_size=3), max_size=5)
BETWEEN = st.sampled_from([b"", b"\n", b"\r\n", b" \n\n ", b"\t"])


def _split(data, cuts):
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[a:b] for a, b in pairwise(places)]


@given(OBJECTS, st.lists(BETWEEN, min_size=6, max_size=6), st.lists(st.integers(0, 10_000), max_size=8))
def test_values_are_found_however_they_come(objects, between, cuts):
    """Without line ends, with many, torn inside of texts, escapes and characters."""
    data = (
        b"".join(gap + orjson.dumps(each) for gap, each in zip(between, objects, strict=False)) + between[-1]
    )
    reader = JoinedJson()
    found = [value for piece in _split(data, cuts) for value in reader.feed(piece)]
    assert [orjson.loads(value) for value in found] == objects
    assert not reader.torn
    assert reader.flush() == b""


@pytest.mark.parametrize("cut", range(1, 12))
def test_what_is_no_value_is_given_by_the_line(cut):
    """Between values and at the end; a value behind it is found again."""
    data = b'{"a":1}oops, {"b"\n{"c":2}\nend'
    reader = JoinedJson()
    found = [value for piece in _split(data, range(0, len(data), cut)) for value in reader.feed(piece)]
    assert found == [b'{"a":1}', b'oops, {"b"\n', b'{"c":2}']
    assert (reader.torn, reader.flush()) == (False, b"end")


def test_a_value_that_is_not_whole_is_told():
    """At the end it is there, and marked."""
    reader = JoinedJson()
    assert reader.feed(b'{"a": "}') == []
    assert (reader.torn, reader.flush()) == (True, b'{"a": "}')


def test_a_value_has_a_longest():
    """The cap of events holds here, too, and only for one value."""
    reader = JoinedJson(limit=50)
    for _ in range(20):
        assert len(reader.feed(b'{"a": "0123456789"}')) == 1
    assert reader.feed(b'{"a": "' + b"0" * 40) == []
    with pytest.raises(UnreadableResponseError, match="longer than 50 bytes"):
        reader.feed(b"0" * 10)


def test_deep_values_cost_no_more_than_flat_ones():
    """The reader keeps a count, not a stack."""
    data = b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    assert JoinedJson().feed(data) == [data]
