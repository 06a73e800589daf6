"""Whatever a tool returns is compact text for the model; an exception is one line without a key."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from decimal import Decimal
from pathlib import PurePosixPath

import numpy as np
import pandas as pd
import pytest
from later import Later
from PIL import Image
from shapes import Badge, Color, Pair

from g4f_nb.results import NOTHING, complaint, result_text

figures = Later("matplotlib.figure")


@dataclass
class Here:  # noqa: D101
    at: dt.date
    tags: set[str]


class Odd:  # noqa: D101
    def __str__(self):
        raise RuntimeError("planted")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, NOTHING),
        ("as it is\n", "as it is\n"),
        (5, "5"),
        (True, "true"),
        ({"a": [1, 2.5, None]}, '{"a":[1,2.5,null]}'),
        ({1: "x"}, '{"1":"x"}'),
        ((1, "b"), '[1,"b"]'),
        ({3}, "[3]"),
        (dt.date(2025, 1, 2), '"2025-01-02"'),
        (dt.timedelta(minutes=1), "60.0"),
        (uuid.UUID(int=1), '"00000000-0000-0000-0000-000000000001"'),
        (Color.RED, '"red"'),
        (Decimal("1.10"), '"1.10"'),
        (PurePosixPath("a/b"), '"a/b"'),
        (Here(dt.date(2025, 1, 2), {"x"}), '{"at":"2025-01-02","tags":["x"]}'),
        (Badge(title="x"), '{"title":"x"}'),
        ([Badge(title="x")], '[{"title":"x"}]'),
        (Pair(1, "b"), '[1,"b"]'),
        (b"abc", '"(3 bytes)"'),
        (np.int64(5), "5"),
        (np.array([[1, 2], [3, 4]]), "[[1,2],[3,4]]"),
        (pd.DataFrame({"a": [1, 2]}), "DataFrame, 2 rows x 1 columns:\na\n1\n2"),
        (pd.DataFrame({"a": [1]}, index=["r"]), "DataFrame, 1 rows x 1 columns:\n,a\nr,1"),
        (pd.Series([1, 2], name="s"), "Series, 2 rows:\ns\n1\n2"),
        ({"frame": pd.Series([1], name="s")}, '{"frame":"Series, 1 rows:\\ns\\n1"}'),
        (Odd(), '"an Odd (RuntimeError when it was to be shown)"'),
        (float("nan"), "null"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_value_is_text(value, text):
    """JSON where it can be, CSV for tables, words for the rest."""
    assert result_text(value, 10_000) == text


def test_long_results_are_cut_and_say_so():
    """The beginning of a text, the first rows of a table, the first values of an array."""
    assert result_text("x" * 5000, 100) == "x" * 100 + "\n… (cut: 100 of 5,000 characters)"
    frame = result_text(pd.DataFrame({"a": range(1000)}), 10_000)
    assert frame.startswith("DataFrame, 1000 rows x 1 columns; the first 50 of them:\na\n0\n")
    assert frame.endswith("\n49")
    array = result_text(np.zeros((100, 100)), 10_000)
    assert array.startswith("array of float64, 100x100; its first 200 values: [0.0,")


def test_a_value_that_holds_itself_is_no_error():
    """Depth ends somewhere."""
    value = []
    value.append(value)
    assert "[...]" in result_text(value, 100)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("no such city"), "ValueError: no such city"),
        (KeyError("x"), "KeyError: 'x'"),
        (RuntimeError(), "RuntimeError"),
        (ValueError("two\nlines"), "ValueError: two lines"),
        (ValueError("key sk-1234567890abcdef is wrong"), "ValueError: key *** is wrong"),
        (ValueError("http://u:planted@a.invalid failed"), "ValueError: http://***@a.invalid failed"),
    ],
)
def test_an_exception_is_one_line(error, text):
    """Its kind and its words, keys masked; nothing of the traceback."""
    assert complaint(error) == text


def test_an_exception_that_cannot_be_shown_is_told_as_well():
    """Its own `__str__` may raise; the call goes on."""

    class BrokenError(Exception):
        def __str__(self):
            raise RuntimeError("planted")

    assert complaint(BrokenError()) == "BrokenError: a BrokenError (RuntimeError when it was to be shown)"


def test_a_long_exception_is_cut():
    """A page of HTML in an exception is not sent to the model."""
    assert len(complaint(ValueError("x" * 10_000))) == 500


def test_pictures_are_told_not_sent():
    """A figure by its axes, an image by its size: a tool's result is text."""
    figure = figures.Figure()
    figure.subplots(1, 2)
    assert result_text(figure, 100) == "(a figure was drawn: 2 axes; the user can see it)"
    assert result_text({"picture": Image.new("RGB", (4, 3))}, 100) == '{"picture":"(an image of 4x3 pixels)"}'


class DataFrame:
    """A table of another library."""

    shape = (100, 2)

    def head(self, count):  # noqa: D102
        assert count == 50
        return self

    def write_csv(self):  # noqa: D102
        return "a,b\n1,2\n"


def test_tables_of_other_libraries_are_tables():
    """Whoever calls itself a DataFrame and can write CSV."""
    assert result_text(DataFrame(), 100) == "DataFrame, 100 rows x 2 columns; the first 50 of them:\na,b\n1,2"
