"""Values of polars, xarray and scikit-learn's form: told without computing or loading anything."""

import datetime as dt

import numpy as np
import polars as pl
import pytest
import xarray as xr

from g4f_nb.prompting.limits import tokens_of
from g4f_nb.prompting.naming import kind_of
from g4f_nb.prompting.summaries import summarize


def told(value, budget=1_000):
    return summarize(value, budget).named("v")


def table(rows):
    return pl.DataFrame(
        {
            "n": [float(each) if each % 3 else None for each in range(rows)],
            "word": ["ab"[each % 2] for each in range(rows)],
            "when": [
                dt.datetime(2024, 1, 1, tzinfo=dt.UTC) + dt.timedelta(hours=each) for each in range(rows)
            ],
            "nested": [[each] for each in range(rows)],
        }
    )


def test_a_table_of_polars():
    """Shape, columns with what is missing and numbers, and rows; all rows of a small one."""
    text = told(table(300))
    assert text.startswith(
        "`v`: polars DataFrame, 300 rows × 4 columns\ncolumns:\n  n: Float64, 100 missing, min 1, "  # noqa: RUF001
    )
    assert "  word: String, 2 distinct, top 'a' ×150, 'b' ×150" in text  # noqa: RUF001
    assert "nested: List(Int64)" in text
    assert "the first " in text
    assert tokens_of(text) <= 1_100
    small = told(table(3))
    assert small.endswith(
        "all rows:\nn, word, when, nested\n, a, 2024-01-01 00:00:00+00:00, [0]\n"
        "1, b, 2024-01-01 01:00:00+00:00, [1]\n2, a, 2024-01-01 02:00:00+00:00, [2]"
    )
    assert "empty" in told(pl.DataFrame())
    assert kind_of(table(3)) == "DataFrame 3×4"  # noqa: RUF001


@pytest.mark.parametrize("budget", [150, 500, 2_000])
@pytest.mark.parametrize("width", [1, 300])
def test_a_table_of_polars_keeps_to_its_budget(width, budget):
    """However wide it is."""
    made = pl.DataFrame({f"c{at}": range(50) for at in range(width)})
    assert tokens_of(told(made, budget)) <= budget + 150


def test_a_column_of_polars():
    """Its numbers and its values."""
    text = told(pl.Series("x", [1.23456789, None]))
    assert text.startswith("`v`: polars Series 'x', 2 values\nx: Float64, 1 missing, min 1.235")
    assert text.endswith("all values: 1.23457, missing")


def test_a_lazy_table_is_not_computed():
    """Its plan is told; a function in it is not called."""

    def never(_):
        raise AssertionError("computed")

    text = told(table(3).lazy().map_batches(never, schema={"n": pl.Float64}))
    assert "polars LazyFrame, not collected; its plan" in text


def test_xarray_tells_itself():
    """Dimensions, coordinates and types in its own words, within the budget."""
    made = xr.Dataset({"t": (("x", "y"), np.zeros((30, 40)))}, coords={"x": range(30)})
    assert told(made).startswith("`v`: xarray Dataset\n<xarray.Dataset>")
    assert "Dimensions:  (x: 30, y: 40)" in told(made)
    assert told(made.t).startswith("`v`: xarray DataArray")
    assert tokens_of(told(made, 60)) <= 100


class DeviceArray:
    """An array that lives elsewhere, as JAX's do: its values are asked for only if they are few."""

    def __init__(self, *shape):
        self.shape, self.dtype = shape, "float32"

    def __repr__(self):
        assert self.shape == (2,)
        return "Array([1., 2.])"


DeviceArray.__module__ = "jaxlib._jax"


def test_arrays_of_other_devices_are_not_fetched_whole():
    """Shape and type of a large one; of a small one its own text."""
    assert told(DeviceArray(1000, 1000)) == "`v`: jaxlib DeviceArray, shape 1000×1000, float32"  # noqa: RUF001
    assert told(DeviceArray(2)).endswith("shape 2, float32\nArray([1., 2.])")


class Line:
    """An estimator as scikit-learn's are: parameters, and names that end with `_` once it is fitted."""

    def __init__(self, slope=1.0):
        self.slope = slope

    def get_params(self):
        """The parameters."""
        return {"slope": self.slope}

    def fit(self, values):
        """Learn."""
        self.mean_, self.large_ = np.array([values.mean()]), np.zeros((50, 50))
        return self

    def __repr__(self):
        return f"Line(slope={self.slope})"


def test_an_estimator_tells_its_parameters_and_what_it_has_learnt():
    """Short values in full, large ones by their shape."""
    assert told(Line()).endswith("Line(slope=1.0), not fitted")
    text = told(Line(2.0).fit(np.array([1.0, 2.0])))
    assert "Line(slope=2.0), fitted" in text
    assert "  mean_ = [1.5]" in text
    assert "  large_ = <ndarray 50×50>" in text  # noqa: RUF001
