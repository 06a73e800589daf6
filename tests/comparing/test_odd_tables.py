"""Whatever a user's table holds, a comparison asks about it, keeps its types, and gives it back."""

from __future__ import annotations

import datetime as dt
import decimal
import typing
import uuid

import numpy as np
import pandas as pd
import pytest

import g4f_nb as nb
from g4f_nb.comparing import keeping, tablejson
from g4f_nb.errors import InvalidParameterError
from g4f_nb.testing import serve

COLUMNS = {
    "float": [1.5, np.inf],
    "category": pd.Categorical(["b", "a"], categories=["c", "b", "a"], ordered=True),
    "bins": pd.cut([1, 9], [0, 5, 10]),
    "zone": pd.date_range("2025-01-01", periods=2, tz="Europe/Berlin"),
    "delta": pd.to_timedelta([1, 2], unit="h"),
    "period": pd.period_range("2025-01", periods=2, freq="M"),
    "interval": pd.interval_range(0, 2),
    "dicts": [{"a": 1}, {"b": [1]}],
    "lists": [[1, 2], [3]],
    "bytes": [b"x", b"\xff"],
    "numpy": pd.Series([np.int64(3), np.float64(2.5)], dtype=object),
    "Int64": pd.array([1, None], dtype="Int64"),
    "boolean": pd.array([True, None], dtype="boolean"),
    "string": pd.array(["é", None], dtype="string"),
    "dates": [dt.date(2025, 1, 2), None],
    "times": [dt.time(3, 4), None],
    "decimals": [decimal.Decimal("1.50"), None],
    "uuids": [uuid.UUID(int=1), uuid.UUID(int=2)],
    "complex": [1 + 2j, 2j],
    "mixed": [1, "a"],
    "moments": pd.Series([pd.Timestamp("2025-01-01"), "x"], dtype=object),
    "small": np.array([0.1, 0.2], dtype="float32"),
    "big": [2**70, 1],
}


@pytest.fixture
def server():
    with serve() as server:
        yield server


@pytest.fixture
def echo(server):
    return nb.Model("OpenaiTemplate:echo", api_base=server.api_base)


@pytest.mark.parametrize("name", COLUMNS)
def test_every_kind_of_column(echo, name):
    """It is asked about, stays as it is in the result, and is the same in a later kernel; the views work."""
    data = pd.DataFrame({"x": COLUMNS[name]})
    frame = nb.compare("Say {x}", echo, data=data, progress=False)
    pd.testing.assert_series_equal(frame["x"], data["x"])
    keeping.forget()
    later = nb.attach(frame.attrs["g4f_nb_run"])
    pd.testing.assert_series_equal(later["x"], data["x"])
    assert frame.llm.wide().shape == (2, 1)
    assert later.llm.against(frame)["changed"].sum() == 0
    assert later.llm.retry(progress=False)["answer"].equals(frame["answer"])


def test_what_no_json_can_tell_is_text(echo):
    """Objects come back as their text, and the question is the same as before."""
    data = pd.DataFrame({"x": [{1}, ValueError("y")]})
    kept = tablejson.from_json(tablejson.as_json(data))
    assert kept["x"].tolist() == ["{1}", "y"]


def test_a_float_is_written_as_it_is_seen(echo):
    """A 32-bit 0.1 is "0.1" in the prompt."""
    data = pd.DataFrame({"x": np.array([0.1], dtype="float32")})
    assert nb.compare("{x}", echo, data=data, progress=False)["answer"].tolist() == ["0.1"]


@pytest.mark.parametrize(
    "index",
    [
        pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1)], names=["k", "n"]),
        pd.Index([0, 0, 1]),
        pd.CategoricalIndex(["a", "b", "a"]),
        pd.date_range("2025", periods=3, tz="UTC"),
        pd.Index([3, 2, 1], name="text"),
        pd.Index([np.nan, np.nan, 1]),
    ],
    ids=["multi", "twice", "category", "times", "named as a column", "nan"],
)
def test_every_kind_of_index(echo, index):
    """`map_prompts` keeps it, and puts each answer beside its row."""
    data = pd.DataFrame({"text": ["x", "y", "z"]}, index=index)
    made = nb.map_prompts(data, "Say {text}", echo, progress=False)
    pd.testing.assert_index_equal(made.index, index)
    assert made["answer"].tolist() == ["Say x", "Say y", "Say z"]


@pytest.mark.parametrize("name", [None, "text", "Review text", 3])
def test_a_column_on_its_own(echo, name):
    """`{value}` stands for a Series' values whatever its name is; the name may be used as well."""
    made = pd.Series(["x", "y"], name=name).llm.map("Say {value}", echo, progress=False)
    assert made["answer"].tolist() == ["Say x", "Say y"]
    assert made.columns[0] == (name or "value")
    if name == "text":
        again = nb.map_prompts(pd.Series(["x"], name=name), "Say {text}", echo, progress=False)
        assert again["answer"].tolist() == ["Say x"]


def test_names_that_are_no_words(server):
    """Columns may be named by numbers, tuples, nothing, or several words; `extract` reads any of them."""
    model = nb.Model("OpenaiTemplate:json", api_base=server.api_base)
    data = pd.DataFrame({0: ["x"], "Review Text": ["y"], (1, 2): [3], None: [4], "text": ["z"]})
    made = data.llm.extract("Review Text", {"word": str}, model, progress=False)
    assert [*made.columns[5:]] == ["word", "Review Text_error"]
    assert (
        server.requests[-1].body["messages"][0]["content"].startswith("Read this out of the text below.\n\ny")
    )
    twice = made.drop(columns="word").llm.extract(0, {"other": str}, model, progress=False)
    assert "0_error" in twice
    assert "word" in pd.Series(["x"]).llm.extract("word str", model, progress=False)
    with pytest.raises(InvalidParameterError, match="rename a column to one word"):
        nb.map_prompts(data[["Review Text"]], "{Review Text}", model, progress=False)


def test_a_table_without_rows(server, echo):
    """A filter that leaves nothing gives the same columns, asks nobody, and still finds a wrong name."""
    none = pd.DataFrame({"text": ["x"]}).iloc[:0]
    made = nb.map_prompts(none, "Say {text}", echo, schema="n int, ok bool", progress=False)
    assert {name: str(made[name].dtype) for name in ("n", "ok", "answer_error")} == {
        "n": "Int64",
        "ok": "boolean",
        "answer_error": "string",
    }
    assert server.requests == []
    with pytest.raises(InvalidParameterError, match="no column"):
        nb.map_prompts(none, "Say {other}", echo, progress=False)


def test_one_prompt_a_row(echo):
    """Several prompts are refused, and so is a column that is there already, with the way out."""
    data = pd.DataFrame({"text": ["x"], "answer": ["y"]})
    with pytest.raises(InvalidParameterError, match=r"nb\.compare"):
        nb.map_prompts(data, ["{text}", "{text}!"], echo)
    with pytest.raises(InvalidParameterError, match="into="):
        nb.map_prompts(data, "{text}", echo)


@pytest.mark.parametrize("value", [None, np.nan, pd.NA])
def test_a_prompt_that_is_missing(echo, value):
    """It is told by its name, with both ways out."""
    with pytest.raises(InvalidParameterError, match=r"'1' is missing.*dropna.*data="):
        nb.compare(["a", value], echo, progress=False)


@pytest.mark.parametrize(
    ("says", "schema", "value"),
    [
        ('{"n": 1000000000000000000000000000000}', "n int", None),
        ('{"n": 9999999999999999999}', "n int", None),
        ('{"n": "\\ud800"}', "n str", None),
        ('{"n": 1e999}', {"n": int | str}, "inf"),
        ('{"n": true}', {"n": int | str}, "true"),
        ('{"n": 7}', {"n": int | float}, 7.0),
    ],
)
def test_no_odd_value_costs_another_row(says, schema, value):
    """Numbers beyond 64 bits, half a surrogate pair, arms of several types: that row's alone."""
    with serve(answers={"odd": lambda _: says, "good": lambda _: '{"n": "5"}'}) as server:
        models = [nb.Model(f"OpenaiTemplate:{name}", api_base=server.api_base) for name in ("odd", "good")]
        frame = nb.compare("q", models, schema=schema, progress=False)
    assert frame["status"].eq("ok").all()
    assert frame["n"].notna().iloc[1]
    assert frame["n"].iloc[0] == value if value is not None else frame["n"].isna().iloc[0]


def test_an_answer_of_any_keys_is_one_value():
    """A dict whose keys nobody knows is JSON in one column."""
    with serve(answers={"m": lambda _: '{"a": 1}'}) as server:
        model = nb.Model("OpenaiTemplate:m", api_base=server.api_base)
        frame = nb.compare("q", model, schema=dict[str, int], progress=False)
        mapped = nb.map_prompts(pd.Series(["q"]), "{value}", model, schema=dict[str, int], progress=False)
    assert frame["value"].tolist() == ['{"a":1}']
    assert mapped["answer"].tolist() == ['{"a":1}']


def test_schemas_of_every_form():
    """Optional, choices and dates are nullable columns of their own type, nested ones JSON text."""
    says = '{"tags": ["a"], "at": "2025-01-02", "mood": "good", "n": null, "where": {"city": "Ulm"}}'

    class Where(typing.TypedDict):
        city: str

    schema = {"tags": list[str], "at": dt.date, "mood": typing.Literal["good", "bad"], "n": int | None}
    with serve(answers={"m": lambda _: says}) as server:
        model = nb.Model("OpenaiTemplate:m", api_base=server.api_base)
        frame = nb.compare("q", model, schema={**schema, "where": Where}, progress=False)
    row = frame.iloc[0]
    assert (row["tags"], row["at"], row["mood"], row["where"]) == (
        '["a"]',
        pd.Timestamp(2025, 1, 2),
        "good",
        '{"city":"Ulm"}',
    )
    assert str(frame["n"].dtype) == "Int64"
    assert str(frame["at"].dtype) == "datetime64[us]"


def test_dates_and_moments(tmp_path):
    """They are dates of pandas', missing where there is none, in files and after a restart too."""
    says = {
        "plain": '{"day": "2025-01-02", "at": "2025-01-02T03:04:05"}',
        "zone": '{"day": "0001-01-01", "at": "2025-01-02T03:04:05+02:00"}',
        "none": '{"day": null, "at": null}',
    }
    schema = {"day": dt.date | None, "at": dt.datetime | None}
    with serve(answers={name: lambda _, text=text: text for name, text in says.items()}) as server:
        models = [nb.Model(f"OpenaiTemplate:{name}", api_base=server.api_base) for name in says]
        plain = nb.compare("q", [models[0], models[2]], schema=schema, progress=False)
        zoned = nb.compare("q", models, schema=schema, progress=False)
    assert plain["at"].tolist() == [pd.Timestamp(2025, 1, 2, 3, 4, 5), pd.NaT]
    assert [str(plain[name].dtype) for name in ("day", "at")] == ["datetime64[us]"] * 2
    assert str(zoned["at"].dtype) == "datetime64[us, UTC]"
    assert zoned["at"].iloc[1] == pd.Timestamp("2025-01-02T01:04:05Z")
    assert zoned["day"].dt.year.tolist()[:2] == [2025, 1]
    keeping.forget()
    pd.testing.assert_frame_equal(nb.attach(zoned.attrs["g4f_nb_run"]), zoned)
    plain.llm.to_excel(tmp_path / "r.xlsx")
    assert pd.read_excel(tmp_path / "r.xlsx")["day"].iloc[0] == pd.Timestamp(2025, 1, 2)
    zoned.llm.to_excel(tmp_path / "z.xlsx")
    pytest.importorskip("pyarrow")
    zoned.to_parquet(tmp_path / "r.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "r.parquet"), zoned)


def test_half_a_surrogate_pair_in_a_prompt(echo):
    """It costs the other rows nothing, in this kernel and in a later one."""
    frame = nb.compare(["\ud800x", "y"], echo, progress=False)
    assert frame["answer"].iloc[1] == "y"
    keeping.forget()
    assert len(nb.attach(frame.attrs["g4f_nb_run"])) == 2
