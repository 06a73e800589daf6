"""A value of the wrong kind is told with the way out, before anything is sent or built."""

from __future__ import annotations

import pandas as pd
import pytest

import g4f_nb as nb
from g4f_nb.errors import InvalidParameterError
from g4f_nb.testing import serve

TABLE = pd.DataFrame({"a": [1]})
HALF = "\ud800"


@pytest.fixture(scope="module")
def server():
    with serve() as server:
        yield server


@pytest.fixture(scope="module")
def models(server):
    return [nb.Model(f"OpenaiTemplate:{name}", api_base=server.api_base) for name in ("echo", "upper")]


@pytest.mark.parametrize("data", [None, TABLE], ids=["alone", "data"])
@pytest.mark.parametrize("prompts", [[None], [b"x"], {"k": None}, b"x", bytearray(b"x")], ids=repr)
def test_a_prompt_that_is_no_text(server, models, prompts, data):
    """Also where the places of a table would be looked for in it."""
    before = len(server.requests)
    with pytest.raises(InvalidParameterError, match=r"leave it out|pass a text|give a text"):
        nb.compare(prompts, models, data=data, progress=False)
    assert len(server.requests) == before


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"params": "x"}, "it must be a dict like"),
        ({"zip": None}, "it must be a list of axes"),
        ({"zip": 5}, "it must be a list of axes"),
        ({"zip": [["a"]]}, "it must be a list of axes"),
        ({"prefix": None}, "it must be a text like"),
        ({"prefix": HALF}, "half of a surrogate pair"),
        ({"cache": TABLE}, "it must be one of use"),
        ({"timing": TABLE}, "it must be stream or fast"),
        ({"data": {"a": {"x"}}}, "data makes no table"),
        ({"system": TABLE}, "it must be a text"),
        ({"schema": TABLE}, "give a type like"),
        ({"temperature": [0, 1]}, r"params=\{'temperature': \[0, 1\]\}"),
        ({"max_tokens": range(2)}, r"params=\{'max_tokens': \[0, 1\]\}"),
        ({"timeout": "x"}, "timeout= .* number of seconds above 0"),
        ({"total_timeout": -1}, "number of seconds above 0"),
        ({"repeats": 10**12, "dry_run": True}, "ask in parts"),
        ({"repeats": 5_000_001, "dry_run": True}, "that is 10,000,002 calls"),
    ],
)
def test_an_option_of_another_kind(server, models, options, says):
    """Nothing is sent, and no comparison is built that no memory would hold."""
    before = len(server.requests)
    with pytest.raises(InvalidParameterError, match=says):
        nb.compare("hi {a}", models, progress=False, **options)
    assert len(server.requests) == before


def test_what_goes_together_is_counted_once(models):
    """Paired axes multiply nothing, so a comparison of pairs is not refused for its product."""
    made = nb.compare(["a", "b"], models, zip=["prompts", "models"], repeats=3, dry_run=True, progress=False)
    assert len(made) == 6


def test_half_a_surrogate_pair_outlives_its_run(models):
    """A prompt with one is sent with U+FFFD in its place, and the run can be had again."""
    frame = nb.compare(["good", f"bad {HALF}"], [models[0], "Demo"], progress=False)
    assert frame["status"].tolist() == ["ok", "ok", "ok", "ok"]
    again = nb.attach(frame["run_id"].iloc[0])
    assert again["answer"].equals(frame["answer"])


@pytest.mark.parametrize("run_id", [TABLE, TABLE["a"], None, HALF], ids=["table", "column", "None", "half"])
def test_a_run_of_another_kind(run_id):
    """`nb.attach` takes the text that `nb.runs()` lists."""
    with pytest.raises(InvalidParameterError, match=r"nb\.runs\(\)"):
        nb.attach(run_id)


@pytest.mark.parametrize(
    "ask",
    [
        lambda _: nb.runs(2**70),
        lambda frame: frame.llm.raw(None),
        lambda frame: frame.llm.raw(HALF),
        lambda frame: frame.llm.raw("a-" + "9" * 30),
        lambda frame: frame.llm.against(None),
        lambda frame: frame.llm.wide(None),
        lambda frame: frame.llm.score(regex=5),
        lambda frame: frame.llm.score(regex="("),
        lambda frame: frame.llm.view(most=""),
        lambda frame: frame.llm.view(columns=5),
        lambda frame: frame.llm.report(None),
        lambda frame: frame.llm.report("x.csv"),
        lambda frame: frame.llm.to_excel(None),
        lambda frame: frame.llm.test(level=None),
        lambda frame: frame.llm.test(resamples=2**70),
        lambda frame: frame.llm.test(seed=""),
        lambda frame: frame.llm.summary([]),
        lambda frame: frame.llm.summary(TABLE),
    ],
    ids=range(18),
)
def test_a_method_given_another_kind(models, ask):
    """What is wrong is said, and never by pandas, numpy or sqlite."""
    frame = nb.compare("hi", models, progress=False)
    with pytest.raises(InvalidParameterError):
        ask(frame)


@pytest.fixture(scope="module")
def judged(models):
    """The texts differ, so that a judge would be asked."""
    return nb.compare("hi", models, progress=False).llm


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda llm, _: llm.grade("Demo", None), "criteria is None: say what a good answer is"),
        (lambda llm, _: llm.grade("Demo", 5), "criteria is an int: say"),
        (lambda llm, _: llm.grade("Demo", ["clear", "right"]), "criteria is a list: say"),
        (lambda llm, _: llm.grade("Demo", {"a": 1}), "a criterion is an int: say"),
        (lambda llm, _: llm.grade("Demo", "clear", scale=None), "scale is a NoneType: it must be two"),
        (lambda llm, _: llm.grade("Demo", "clear", scale=5), "scale is an int: it must be two"),
        (lambda llm, _: llm.grade("Demo", "clear", scale=(1, 2, 3)), "scale is a tuple: it must be two"),
        (lambda llm, _: llm.grade("Demo", "clear", question=TABLE), "a column's name is a DataFrame: give"),
        (lambda llm, _: llm.judge("Demo", criteria=None), "criteria is None: say"),
        (lambda llm, _: llm.judge("Demo", both_orders=TABLE["a"]), "it must be True or False"),
        (lambda llm, _: llm.judge("Demo", baseline=TABLE["a"]), "the name of a model is a Series"),
        (lambda llm, _: llm.judge("Demo", question=TABLE["a"]), "a column's name is a Series"),
        (lambda llm, _: llm.diff(TABLE["a"]), "the name of a model is a Series"),
        (lambda llm, _: llm.rank(judge=5), "judge is an int: name one"),
        (lambda llm, _: llm.rank(judge=float("nan")), "judge is a float: name one"),
        (lambda llm, path: llm.report(path, title=5), "title is an int: give"),
        (lambda llm, path: llm.report(path, title=None), "title is None: give"),
        (lambda llm, path: llm.report(path, most=None), "most is None: it must be a number"),
        (lambda llm, path: llm.report(path, most=float("nan")), "most is nan: it must be a number"),
        (lambda llm, path: llm.report(path, most=-1), "most is -1: it must be a number"),
        (lambda llm, path: llm.report(path, question=[[]]), "a column's name is a list: give"),
        (lambda llm, _: llm.plot(against=["latency_s"]), "it must be one of latency_s"),
        (lambda llm, _: llm.extract(["answer"], "name"), "a column's name is a list: give"),
    ],
    ids=range(23),
)
def test_a_slip_in_what_is_done_with_a_result(server, judged, tmp_path, call, says):
    """It is told in words before anybody is asked and before a file is begun."""
    before, file = len(server.requests), tmp_path / "made.html"
    with pytest.raises(InvalidParameterError) as caught:
        call(judged, file)
    assert says in str(caught.value)
    assert len(server.requests) == before
    assert not file.exists()


@pytest.mark.parametrize("into", [["x"], int, f"a{HALF}", memoryview(b"ab"), None, ""], ids=range(6))
def test_answers_go_into_a_column_that_can_be(server, models, into):
    """What is no name of one is told before the calls are made, and paid for."""
    before = len(server.requests)
    with pytest.raises(InvalidParameterError, match="give the name of the column"):
        nb.map_prompts(TABLE, "{a}", models[0], into=into, progress=False)
    assert len(server.requests) == before


def test_complex_numbers_are_shown(models, tmp_path):
    """As text, for they have no order."""
    frame = nb.compare("hi", models, progress=False).assign(z=[1 + 2j, 2j])
    assert "(1+2j)" in frame.llm.view().html
    assert frame.llm.report(tmp_path / "made.html").exists()
