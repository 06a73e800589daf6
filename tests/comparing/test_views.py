"""Results side by side, whatever is compared: nothing is mixed up, nothing is lost."""

from __future__ import annotations

import openpyxl
import pandas as pd
import pytest

import g4f_nb as nb
from g4f_nb.comparing import keeping
from g4f_nb.errors import InvalidParameterError
from g4f_nb.testing import serve


@pytest.fixture
def server():
    with serve() as server:
        yield server


@pytest.fixture
def upper(server):
    return nb.Model("OpenaiTemplate:upper", api_base=server.api_base)


def _compare(*args, **options):
    return nb.compare(*args, progress=False, **options)


def test_models_of_one_name_are_told_apart(server):
    """Two models of one name have a number each, or the labels they were given; no grouping mixes them."""
    made = [
        nb.Model("OpenaiTemplate:upper", api_base=server.api_base, temperature=heat, label=label)
        for heat, label in ((0, None), (1, None), (0, "cold"), (1, "warm"))
    ]
    frame = _compare("a", made)
    assert frame["model"].tolist() == ["upper", "upper (2)", "cold", "warm"]
    assert frame.llm.wide().shape == (1, 4)
    assert {request.body["model"] for request in server.requests} == {"upper"}


def test_a_label_is_the_name_of_its_column(server):
    """`wide` calls a model as its user does, after a restart too; others are `provider:model`."""
    models = [
        nb.Model("OpenaiTemplate:upper", api_base=server.api_base, label="loud"),
        nb.Model("OpenaiTemplate:echo", api_base=server.api_base),
    ]
    frame = _compare("a", models)
    assert frame.llm.wide().columns.tolist() == ["loud", "OpenaiTemplate:echo"]
    keeping.forget()
    again = nb.attach(frame["run_id"].iloc[0])
    assert again.llm.wide().columns.tolist() == ["loud", "OpenaiTemplate:echo"]


def test_the_accessor_says_what_it_can(upper):
    """`frame.llm` alone lists its methods, each with what it does."""
    said = repr(_compare("a", upper).llm)
    assert ".wide()" in said
    assert ".rank()" in said
    assert "_repr" not in said
    assert ".extract()" in repr(pd.Series(["a"]).llm)


def test_several_providers_as_one_have_columns_of_their_own(server, upper):
    """Two combined providers of like parts stand side by side."""
    broken = nb.Model("OpenaiTemplate:error-500", api_base=server.api_base, max_retries=0)
    made = [nb.FallbackProvider([broken, upper]), nb.FallbackProvider([upper, broken])]
    assert _compare("a", made).llm.wide().iloc[0].tolist() == ["A", "A"]


def test_wide_of_a_table_read_back(server, upper, tmp_path):
    """CSV has numbers for the prompts that nobody has named; their rows are called by what was asked."""
    frame = _compare(["a", "b"], [upper])
    frame.to_csv(tmp_path / "r.csv")
    again = pd.read_csv(tmp_path / "r.csv", index_col=0)
    assert again.llm.wide().iloc[:, 0].tolist() == ["A", "B"]
    assert again.llm.wide().index.tolist() == frame.llm.wide().index.tolist()


def test_wide_of_everything(server, upper):
    """Data rows and prompts go down, models, repeats and varied parameters across."""
    echo = nb.Model("OpenaiTemplate:echo", api_base=server.api_base)
    frame = _compare(
        {"p": "{text}", "q": "{text}?"}, [upper, echo], data={"text": ["x", "y", "x"]}, repeats=2,
        params={"stop": [["#"], None]},
    )  # fmt: skip
    wide = frame.llm.wide()
    assert wide.shape == (6, 8)
    assert list(wide.index.names) == ["row", "text", "prompt_id"]
    assert list(wide.columns.names) == ["model", "repeat", "stop"]
    assert wide.notna().all(axis=None)
    assert frame.llm.wide("latency_s").dtypes.map(str).eq("Float64").all()


@pytest.mark.parametrize(
    ("prompts", "data", "index"),
    [
        ("hi", None, {"prompt": ["hi"]}),
        (["hi", "you"], None, {"prompt": ["hi", "you"]}),
        ({"a": "hi", "b": "you"}, None, {"prompt_id": ["a", "b"]}),
        (["hi", "hi"], None, {"prompt_id": ["0", "1"], "prompt": ["hi", "hi"]}),
        (["x" * 200], None, {"prompt_id": ["0"], "prompt": ["x" * 99 + "…"]}),
        ("{city}", {"city": ["Rome", "Bonn"], "n": [1, 2]}, {"city": ["Rome", "Bonn"]}),
        ("{city}", {"n": [1, 1], "city": ["Rome", "Bonn"]}, {"city": ["Rome", "Bonn"]}),
        ("{n}", {"n": [1, 1, 2], "of": [5, 6, 6]}, {"n": [1, 1, 2], "of": [5, 6, 6]}),
        ("{n}", {"n": [1, 1]}, {"row": [0, 1], "n": [1, 1]} ),
        ("{n}", {"n": ["x" * 200, "y"]}, {"row": [0, 1], "n": ["x" * 99 + "…", "y"]}),
        (["{n}", "{n}!"], {"n": [7]}, {"n": [7, 7], "prompt_id": ["0", "1"]}),
        ({"p": "{n}"}, {"n": [7]}, {"n": [7], "prompt_id": ["p"]}),
    ],
)  # fmt: skip
def test_rows_are_called_what_was_asked(upper, prompts, data, index):
    """By the prompt, its name, or the columns that tell rows apart; a number only where those do not."""
    wide = _compare(prompts, upper, data=data).llm.wide()
    assert list(wide.index.names) == list(index)
    assert [wide.index.get_level_values(name).tolist() for name in index] == list(index.values())


def test_rows_stand_in_the_order_of_the_grid(upper):
    """Side by side, prompts come as they were given, and not sorted by their names."""
    assert _compare(list("lkjihgfedcba"), upper).llm.wide().index.tolist() == list("lkjihgfedcba")
    named = _compare({"b": "1", "a": "2", "c": "3"}, upper)
    assert named.llm.wide().index.tolist() == ["b", "a", "c"]
    assert named[1:].llm.wide().index.tolist() == ["a", "c"]
    assert _compare(["x", "y", "z"], upper)[1:].llm.wide().index.tolist() == ["y", "z"]


def test_rows_are_called_by_what_can_be_called(upper):
    """Missing values and values without a hash tell rows apart like others; a prefix changes nothing."""
    data = pd.DataFrame({"city": ["Rome", None, "Bonn"], "more": [{"a": 1}, [2], [3]]})
    wide = _compare("{more}", upper, data=data, prefix="llm_").llm.wide()
    assert wide.index.name == "city"
    assert wide.loc["Bonn"].tolist() == ["[3]"]
    wide = _compare("{more}", upper, data=data[["more"]], prefix="llm_").llm.wide()
    assert wide.index.tolist() == ["{'a': 1}", "[2]", "[3]"]
    assert _compare(["b", "a"], upper, prefix="llm_").llm.wide().loc["b"].tolist() == ["B"]


def test_two_runs_in_one_table(upper):
    """Cells that nothing tells apart have columns of their own, and are matched one to one by `against`."""
    both = pd.concat([_compare("a", upper), _compare("a", upper)])
    assert list(both.llm.wide().columns) == ["OpenaiTemplate:upper", "OpenaiTemplate:upper (2)"]
    assert len(both.llm.against(both)) == 2


def test_columns_named_like_results(server, upper):
    """With `prefix=` every view works on a table whose columns are called answer, status and model."""
    data = pd.DataFrame({"answer": ["x"], "status": ["old"], "model": ["m"]})
    flaky = nb.Model("OpenaiTemplate:flaky-1", api_base=server.api_base)
    frame = _compare("Say {answer}", [upper, flaky], data=data, prefix="llm_", retries=0)
    assert frame["status"].tolist() == ["old", "old"]
    assert frame.llm.wide().shape == (1, 2)
    assert len(frame.llm.errors()) == 1
    assert frame.llm.retry(progress=False)["llm_status"].tolist() == ["ok", "ok"]
    assert frame.llm.against(frame)["data_status"].tolist() == ["old", "old"]


def test_a_result_without_rows(upper):
    """Views of nothing are nothing."""
    none = _compare("a", upper).iloc[:0]
    assert none.llm.wide().empty
    assert none.llm.errors().empty
    assert none.llm.retry(progress=False).empty


def test_every_table_goes_to_excel(server, upper, tmp_path):
    """Wide tables keep the names of their rows; no name and no answer runs as a formula."""
    echo = nb.Model("OpenaiTemplate:echo", api_base=server.api_base)
    frame = _compare({"=1+1": "a", "b": "+b"}, [upper, echo], repeats=2)
    frame.llm.wide().llm.to_excel(tmp_path / "many.xlsx")
    frame[frame["repeat"] == 0].llm.wide().llm.to_excel(tmp_path / "wide.xlsx")
    back = pd.read_excel(tmp_path / "wide.xlsx")
    assert back["prompt_id"].tolist() == ["'=1+1", "b"]
    assert back["OpenaiTemplate:echo"].tolist() == ["a", "'+b"]


def test_parquet(upper, server, tmp_path):
    """A result comes back from Parquet as it was, and can be gone on with."""
    pytest.importorskip("pyarrow")
    bad = nb.Model("OpenaiTemplate:flaky-1", api_base=server.api_base)
    frame = _compare("a", [upper, bad], retries=0)
    frame.to_parquet(tmp_path / "r.parquet")
    back = pd.read_parquet(tmp_path / "r.parquet")
    pd.testing.assert_frame_equal(back, frame)
    assert back.llm.retry(progress=False)["status"].tolist() == ["ok", "ok"]


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ([1], "it must be a dict"),
        ({"api_key": ["sk-1234567890abcdef", "sk-abcdef1234567890"]}, "'api_key': that belongs to a model"),
        ({"api_base": "http://127.0.0.1:1"}, "belongs to a model"),
        ({"model": ["a"]}, "models="),
        ({"prompt": ["a"]}, "'prompt' has the name"),
    ],
)  # fmt: skip
def test_what_belongs_to_a_model_does_not_vary(server, upper, params, says):
    """A key among params= would stand in a column and in the store: it is refused, and not shown."""
    with pytest.raises(InvalidParameterError, match=says) as caught:
        _compare("a", upper, params=params)
    assert "sk-" not in str(caught.value)
    assert server.requests == []


def test_a_parameter_is_given_once(upper):
    """A value in `params=` and beside it would leave one of them out without a word."""
    with pytest.raises(InvalidParameterError, match="temperature is given twice"):
        _compare("a", upper, params={"temperature": [0, 1]}, temperature=0.5)


@pytest.mark.parametrize("values", [range(2), {0, 1}, (0, 1), pd.Series([0, 1]), pd.array([0, 1])])
def test_values_of_a_parameter_in_any_row(upper, values):
    """A range, a set, a column vary like a list."""
    assert sorted(_compare("a", upper, params={"temperature": values})["temperature"]) == [0, 1]


def test_a_plan_estimates(server):
    """A dry run says about how many tokens go in and out and what they cost, and asks nobody."""
    models = [
        nb.Model("OpenaiTemplate:long-7", api_base=server.api_base, price=(1, 10)),
        nb.Model("OpenaiTemplate:echo", api_base=server.api_base, max_tokens=50),
    ]
    _compare("What is it?", models[:1])
    before = len(server.requests)
    plan = _compare(["What is it?", "What else?", "What else?"], models, dry_run=True)
    assert len(server.requests) == before
    assert plan["status"].tolist() == ["ok"] + ["planned"] * 5
    assert plan["in_tokens"].iloc[1:].between(5, 20).all()
    # As long as its kept answers, or as long as it may be.
    assert plan["out_tokens"].tolist() == [7, 50, 7, 50, 7, 50]
    assert plan["cost_usd"].iloc[2] == pytest.approx((plan["in_tokens"].iloc[2] + 70) / 1e6)
    assert plan["cost_usd"].iloc[[1, 3]].isna().all()
    # Of two rows that ask the same, one is asked.
    assert plan["cached"].tolist() == [True, False, False, False, True, True]


@pytest.mark.parametrize("name", ["cell_id", "prompt_id"])
def test_a_result_that_was_indexed(upper, name):
    """A column that became the index is missed by its name, with the way out."""
    with pytest.raises(InvalidParameterError, match=rf"no column '{name}' any more.*reset_index"):
        _compare("a", upper).set_index(name).llm.wide()


def test_models_and_system_of_another_kind(server, upper):
    """A dict of models and a list as system prompt are refused in words, before anything is sent."""
    with pytest.raises(InvalidParameterError, match="label="):
        _compare("a", {"mine": upper})
    with pytest.raises(InvalidParameterError, match="system is a list"):
        _compare("a", upper, system=["be brief"])
    assert server.requests == []


@pytest.mark.parametrize(
    "made",
    [
        pd.DataFrame({"x": pd.Categorical(["=1+1", "b"])}),
        pd.DataFrame({"x": pd.array(["=1+1", None], dtype="string")}),
        pd.DataFrame({"x": ["=1+1", "\ud800", None, 1, {"a": 1}]}),
        pd.DataFrame({"=1+1": [1]}),
        pd.DataFrame([[1]], columns=pd.CategoricalIndex(["=1+1"])),
        pd.DataFrame([[1]], columns=pd.Index([1], name="=1+1"), index=pd.Index([2], name="=2+2")),
        pd.DataFrame({"x": [1, 2]}, index=pd.Index(["=1+1", "\ud800"], dtype=object)),
        pd.DataFrame({"x": [1]}, index=pd.CategoricalIndex(["=1+1"])),
        pd.DataFrame({"x": [1]}, index=pd.MultiIndex.from_tuples([("=1+1", 2)], names=["=3", "b"])),
        pd.DataFrame([[1]], columns=pd.MultiIndex.from_tuples([("=1+1", "@2")])),
        pd.DataFrame({"x": [1]}, index=pd.date_range("2025-01-01", periods=1, tz="UTC", name="at")),
        pd.DataFrame({"x": []}),
    ],
)
def test_no_formula_runs_in_excel(made, tmp_path):
    """Not from any kind of column, from the names of columns, or from the index; odd texts get there too."""
    made.llm.to_excel(tmp_path / "made.xlsx", index=True)
    sheet = openpyxl.load_workbook(tmp_path / "made.xlsx").active
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert [cell.value for cell in cells if cell.data_type == "f"] == []


def test_a_view_begins_with_what_is_read(server, upper):
    """Model, data, the answer with its fields and scores, then how it went; no bookkeeping of ours."""
    data = {"city": ["Ulm"], "note": ["n"]}
    frame = _compare("{city}", upper, data=data).llm.score(contains="U", into="right")
    shown = repr(frame.llm.view()).partition("columns ")[2].split(", ")
    assert shown[:6] == ["model", "city", "note", "answer", "right", "status"]
    assert shown[-1] == "cell_id"
    assert not {"run_id", "request_key", "prompt_id"} & set(shown)
    several = _compare({"p": "{city}", "q": "{city}?"}, upper, data=data, prefix="llm_")
    shown = repr(several.llm.view()).partition("columns ")[2].split(", ")
    assert shown[:5] == ["llm_model", "llm_prompt_id", "city", "note", "llm_answer"]
    assert repr(pd.DataFrame({"b": [1], "a": ["x"]}).llm.view()).endswith("columns b, a")


def test_a_column_of_long_texts_has_room(server, upper):
    """It is not as narrow as the page has space left; a short one takes what it needs."""
    long = "a text of more than forty characters, as most answers are"
    html = _compare([long, "b"], upper).llm.view(["answer", "status"]).html
    assert html.count("g4f-text g4f-long") == 2
