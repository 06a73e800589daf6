"""A result at first sight: a plain DataFrame that a notebook shows by its leading columns."""

from __future__ import annotations

import gc
import pickle
import re
import weakref

import pandas as pd
import pytest

import g4f_nb as nb


@pytest.fixture(autouse=True)
def _as_in_a_notebook():
    with pd.option_context("display.max_columns", 20):
        yield


def _compared(**options):
    data = {"city": ["Ulm", "Bonn"]}
    return nb.compare("Tell of {city}", ["Demo:demo-fast"], data=data, progress=False, **options)


def _shown(frame):
    """The columns that a notebook shows."""
    return re.findall(r"<th>(.+?)</th>", frame._repr_html_().partition("</thead>")[0])


def test_a_notebook_shows_who_what_the_answer_and_how_it_went():
    """And that there are others; what the user has added is among them."""
    frame = _compared()
    assert _shown(frame) == [
        "provider",
        "model",
        "city",
        "answer",
        "status",
        "latency_s",
        "out_tokens",
        "cost_usd",
    ]
    assert f"8 of {len(frame.columns)} columns are shown" in frame._repr_html_()
    frame["mine"] = 5
    assert _shown(frame)[4] == "mine"


def test_a_prefix_repeats_failures_and_fields_of_a_schema_are_shown():
    """Each where there is something to be seen."""
    frame = _compared(prefix="llm_", repeats=2, schema="name, age int")
    assert " ".join(_shown(frame)).startswith("llm_provider llm_model city llm_repeat llm_answer name age")
    frame = nb.compare({"a": "error 500", "b": "hello"}, "Demo:demo-fast", retries=0, progress=False)
    assert {"prompt_id", "prompt", "error"} <= set(_shown(frame))


def test_where_pandas_has_no_html_the_table_is_shown_as_text(monkeypatch):
    """Its name for that is not documented."""
    frame = _compared()
    monkeypatch.delattr(pd.DataFrame, "_repr_html_")
    assert frame._repr_html_() is None


def test_it_is_a_plain_table_all_the_same():
    """Its parts and copies are shown as pandas does, it goes with its last reference, and is pickled."""
    frame = _compared()
    assert type(frame) is pd.DataFrame
    for other in (frame.copy(), frame.head(1), pickle.loads(pickle.dumps(frame))):  # noqa: S301  # our own
        assert "run_id" in _shown(other)
    with pd.option_context("display.max_columns", None):
        assert "run_id" in _shown(frame)
    del frame["cell_id"]
    assert "run_id" in _shown(frame)
    gc.disable()
    try:
        gone = weakref.ref(frame)
        del frame
        assert gone() is None
    finally:
        gc.enable()
