"""JSON values become what the type wants; what does not fit is told in words a model can act on."""

from __future__ import annotations

import contextlib
import datetime as dt
import decimal
import json
import pathlib
import uuid
from collections import OrderedDict
from typing import Annotated, Any, Literal

import pandas as pd
import pytest
from annotated_types import Ge, Len, MultipleOf
from hypothesis import given
from hypothesis import strategies as st
from shapes import Badge, Color, Even, Film, Level, Mixed, Pair, Person, Point, Team, Tree

from g4f_nb.typed.fitting import MisfitError, fit, fit_fields
from g4f_nb.typed.forms import Bounds, Field, NoFormError

UUID = "12345678-1234-5678-1234-567812345678"


@pytest.mark.parametrize(
    ("value", "annotation", "fitted"),
    [
        ("a", str, "a"),
        (5, str, "5"),
        (True, str, "true"),
        ("7", int, 7),
        (7.0, int, 7),
        ("7.0", int, 7),
        (7, float, 7.0),
        ("7.5", float, 7.5),
        ("yes", bool, True),
        (0, bool, False),
        ("null", None, None),
        ("1.10", decimal.Decimal, decimal.Decimal("1.10")),
        (1.1, decimal.Decimal, decimal.Decimal("1.1")),
        ("2025-01-02", dt.date, dt.date(2025, 1, 2)),
        ("2025-01-02T03:04:05", dt.date, dt.date(2025, 1, 2)),
        ("2025-01-02T03:04:05Z", dt.datetime, dt.datetime(2025, 1, 2, 3, 4, 5, tzinfo=dt.UTC)),
        ("2025-01-02", pd.Timestamp, pd.Timestamp("2025-01-02")),
        ("03:04", dt.time, dt.time(3, 4)),
        (90, dt.timedelta, dt.timedelta(seconds=90)),
        (UUID, uuid.UUID, uuid.UUID(UUID)),
        ("a/b", pathlib.Path, pathlib.Path("a/b")),
        (["1", 2], list[int], [1, 2]),
        ("[1, 2]", list[int], [1, 2]),
        ([1, 1], set[int], {1}),
        ([1, 2], tuple[int, ...], (1, 2)),
        ([1, "b"], tuple[int, str], (1, "b")),
        ({"a": "1"}, dict[str, int], {"a": 1}),
        ('{"a": 1}', dict, {"a": 1}),
        ({"1": 2}, dict[int, int], {1: 2}),
        ({"a": 1}, OrderedDict[str, int], OrderedDict(a=1)),
        ("red", Color, Color.RED),
        ("Blue", Color, Color.BLUE),
        ("RED", Color, Color.RED),
        (2, Level, Level.HIGH),
        ("high", Level, Level.HIGH),
        ("Good", Literal["good", "bad"], "good"),
        ("1", Literal[1, 2], 1),
        (True, Literal[1, True], True),
        ("5", int | str, "5"),
        (5, str | float | int, 5),
        (5, float | None, 5.0),
        ("", int | None, None),
        (None, int | None, None),
        ({"x": 1}, Point, Point(1.0, 0.0)),
        ({"x": 1, "y": None, "z": 3}, Point, Point(1.0, 0.0)),
        ({"name": "a", "children": [{"name": "b"}]}, Tree, Tree("a", [Tree("b")])),
        ({"title": "M", "year": "1931"}, Film, {"title": "M", "year": 1931}),
        ({"left": 1}, Pair, Pair(1)),
        ({"many": [1], "mood": "bad"}, Mixed, Mixed([decimal.Decimal(1)], "bad")),
        ({"lead": {"title": "x"}}, Team, Team(lead=Badge(title="x"))),
        ([{"name": "a", "age": 1}], list[Person], [Person(name="a", age=1)]),
        (5, Annotated[int, Ge(1), Bounds(le=5)], 5),
        (None, Annotated[int | None, Ge(1)], None),
        ({"x": [1]}, Any, {"x": [1]}),
    ],
    ids=str,
)
def test_what_is_meant_is_understood(value, annotation, fitted):
    """Numbers in quotes, choices in other case, dates, JSON within JSON, missing parts with defaults."""
    made = fit(value, annotation)
    assert made == fitted
    assert type(made) is type(fitted)


@pytest.mark.parametrize(
    ("value", "annotation", "words"),
    [
        ("old", int, "a whole number is wanted, not 'old'"),
        (7.5, int, "a whole number"),
        (True, int, "a whole number"),
        (False, float, "a number"),
        ("inf", float, "a number"),
        ("nan", decimal.Decimal, "a number"),
        (True, decimal.Decimal, "a number"),
        ([1], str, "a text"),
        ("maybe", bool, "true or false"),
        ("soon", dt.date, "a date like 2025-12-31"),
        (5, dt.datetime, "a date and time"),
        (20250101, dt.date, "a date like 2025-12-31 is wanted, not 20250101"),
        (None, dt.date, "a date like 2025-12-31 is wanted, not None"),
        (True, dt.date, "a date like 2025-12-31"),
        ({"a": 1}, dt.date, "a date like 2025-12-31"),
        ([2025], dt.date, "a date like 2025-12-31"),
        ([5], dt.time, "a time like 23:59:00"),
        ("x", uuid.UUID, "a UUID"),
        (5, uuid.UUID, "a UUID is wanted, not 5"),
        (None, pathlib.PurePath, "a path"),
        ("green", Color, 'one of "red", "blue" is wanted, not \'green\''),
        (True, Literal[1], "one of 1"),
        ("a", list[int], "a list is wanted"),
        ([1, "x", "y"], list[int], r"\[1\]: a whole number.*\[2\]: a whole number"),
        ([1], tuple[int, int], "2 items are wanted, not 1"),
        ({"a": "x"}, dict[str, int], r"\[a\]: a whole number"),
        ({"a": 1}, dict[int, int], "a whole number"),
        ("x", int | bool, "a whole number.*true or false"),
        ({}, Point, "x: is missing"),
        ({"x": "far", "y": "up"}, Point, "x: a number is wanted, not 'far'; y: a number"),
        ({"name": "a", "children": [{"name": "b"}, {}]}, Tree, r"children\[1\]\.name: is missing"),
        ([], Point, "an object is wanted"),
        ({"n": 3}, Even, "3 is odd"),
        ({"name": "a", "age": -1}, Person, "age: Input should be greater"),
        ([{"name": "a"}], list[Person], r"\[0\]\.age: Field required"),
        (0, Annotated[int, Ge(1)], "at least 1 is wanted, not 0"),
        (6, Annotated[int, Bounds(le=5)], "at most 5"),
        (5, Annotated[int, MultipleOf(2)], "a multiple of 2"),
        ([], Annotated[list[int], Len(1)], "at least 1 items"),
        ("abc", Annotated[str, Bounds(max_length=2)], "at most 2 characters are wanted, not 3"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_told(value, annotation, words):
    """What is wanted, what came, and where; every problem of a record at once."""
    with pytest.raises(MisfitError, match=words):
        fit(value, annotation)


def test_many_problems_are_told_in_few_words():
    """A hundred wrong items make a short message."""
    with pytest.raises(MisfitError, match="and 92 more") as caught:
        fit(["x" * 1000] * 100, list[int])
    assert len(str(caught.value)) < 2000


def test_unknown_names_are_ignored_refused_or_kept():
    """An answer may say more than was asked; a function takes what it names, or everything."""
    fields = [Field("a", int)]
    given = {"a": 1, "b": 2}
    assert fit_fields(given, fields) == {"a": 1}
    assert fit_fields(given, fields, others="keep") == {"a": 1, "b": 2}
    with pytest.raises(MisfitError, match="b: is not known: the names are a"):
        fit_fields(given, fields, others="refuse")


def test_a_missing_part_that_may_be_null_is_null():
    """Models leave out what they have nothing to say of."""
    assert fit_fields({}, [Field("a", int | None)]) == {"a": None}


def test_a_type_without_a_form_is_the_author_s_mistake():
    """It is no `MisfitError`, which a model would be asked to mend."""
    with pytest.raises(NoFormError):
        fit(1, bytes)


@given(st.dictionaries(st.text(), st.integers()), st.lists(st.floats(allow_nan=False, allow_infinity=False)))
def test_what_fits_stays_itself(numbers, items):
    """A value of the right types is unchanged by fitting."""
    value = json.loads(json.dumps([numbers, items]))
    assert fit(value, tuple[dict[str, int], list[float]]) == (numbers, items)


@pytest.mark.parametrize("value", [None, True, 1, 1.5, "x", "{", "[", [], {}, [None], {"x": None}])
@pytest.mark.parametrize(
    "annotation",
    [
        int,
        str,
        bool,
        list[int],
        dict[str, int],
        Point,
        Person,
        Color,
        Film,
        int | str | None,
        tuple[int, str],
    ],
    ids=str,
)
def test_any_value_fits_or_is_told(value, annotation):
    """There is no third outcome."""
    with contextlib.suppress(MisfitError):
        fit(value, annotation)
