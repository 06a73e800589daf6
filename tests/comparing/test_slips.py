"""A name that is nearly right is told as an error that names the right one, never as a bare TypeError."""

from __future__ import annotations

import inspect

import pandas as pd
import pytest

import g4f_nb as nb
from g4f_nb.accessor import TableMethods
from g4f_nb.column_accessor import ColumnMethods
from g4f_nb.errors import InvalidParameterError, UnknownParameterError
from g4f_nb.testing import serve


@pytest.fixture
def result():
    with serve() as server:
        models = [nb.Model(f"OpenaiTemplate:{name}", api_base=server.api_base) for name in ("upper", "echo")]
        frame = nb.compare(["a", "b"], models, progress=False)
    return frame.llm.score(contains="A", case=True, into="right")


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda r: r.llm.score(contans="x"), r"\.llm\.score .* 'contans': did you mean 'contains'"),
        (lambda r: r.llm.rank(bye="right"), r"\.llm\.rank .*'bye': did you mean 'by'"),
        (lambda r: r.llm.judge("Demo", critera="x"), r"\.llm\.judge .*'critera': did you mean 'criteria'"),
        (lambda r: r.llm.judge("Demo", temprature=1), "temprature.*temperature"),
        (lambda r: r.llm.grade("Demo", "x", scael=(1, 3)), r"\.llm\.grade .*'scael': did you mean 'scale'"),
        (lambda r: r.llm.retry(progres=False), r"\.llm\.retry .*'progres': did you mean 'progress'"),
        (lambda r: r.llm.map("{answer}", "Demo", into="x", repaets=2), "'repaets'"),
        (lambda r: r.llm.nothing_here, "nothing_here"),
    ],
)  # fmt: skip
def test_a_mistyped_parameter(result, call, says):
    """The nearest parameter is named, of the method's own and of those that go on to the model."""
    with pytest.raises((UnknownParameterError, AttributeError), match=says):
        call(result)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda r: r.llm.rank(by="rihgt"), "no column 'rihgt': did you mean 'right'"),
        (lambda r: r.llm.test(by="Right"), "did you mean 'right'"),
        (lambda r: r.llm.rank(by="zzzz"), r"\.llm\.score\(\.\.\., into='zzzz'\) would make it"),
        (lambda r: r.llm.wide("latncy_s"), "did you mean 'latency_s'"),
        (lambda r: r.llm.view(["anwser"]), "did you mean 'answer'"),
        (lambda r: r.llm.summary("rigth"), "did you mean 'right'"),
        (lambda r: r.llm.extract("anwser", "n int", "Demo"), "did you mean 'answer'"),
        (lambda r: r.llm.plot("rigth"), "did you mean 'right'"),
        (lambda r: r.llm.judge("Demo", reference="rigth"), "did you mean 'right'"),
        (lambda r: r.llm.judge("Demo", question="promt"), "did you mean 'prompt'"),
        (lambda r: r.llm.judge("Demo", baseline="uper"), "did you mean 'upper'"),
        (lambda r: r.llm.diff("uper"), "did you mean 'upper'"),
        (lambda r: r.llm.rank(judge="hman"), "no verdict of 'hman'|no verdict on these"),
        (lambda r: r.llm.plot("right", against="latency"), "latency_s"),
        (lambda r: r.llm.rank("right"), r"\.llm\.rank: .*by="),
        (lambda r: r.llm.vote("a"), r"\.llm\.vote: .*worse"),
    ],
)  # fmt: skip
def test_a_mistyped_name(result, call, says):
    """A column or model that is not there is told with the nearest one; so are too few or too many."""
    with pytest.raises(InvalidParameterError, match=says):
        call(result)


@pytest.mark.parametrize("kind", [TableMethods, ColumnMethods])
def test_every_method_refuses_by_name(kind):
    """No method of `.llm` lets an unknown name through as a TypeError, and each keeps signature and help."""
    methods = {name: each for name, each in vars(kind).items() if not name.startswith("_")}
    frame = pd.DataFrame({"text": ["a"]})
    of = kind(frame if kind is TableMethods else frame["text"])
    for name, method in methods.items():
        assert inspect.getdoc(method), name
        parameters = inspect.signature(method).parameters.values()
        if not any(each.kind is inspect.Parameter.VAR_KEYWORD for each in parameters):
            with pytest.raises(UnknownParameterError, match="zzz"):
                getattr(of, name)(zzz=1)


def test_what_can_be_done_is_aligned():
    """`.llm` alone lists its methods in columns, as text and in a notebook."""
    shown = repr(pd.DataFrame({"a": [1]}).llm).splitlines()
    assert len({line.index("  ", 2) > 0 for line in shown[1:]}) == 1
    starts = {len(line) - len(line[line.index("()") + 2 :].lstrip()) for line in shown[1:]}
    assert len(starts) == 1
    assert "<table>" in pd.DataFrame({"a": [1]}).llm._repr_html_()


@pytest.mark.parametrize(
    ("prompt", "told"),
    [
        ("Say {x}, {nope} and {more}!", "{more}, {nope}"),
        ("{nope}: {x}", "{nope}"),
        (r"What is \frac{a}{b} of {x}, x_{i} or f{y}?", None),
        ("In `{code}` or\n```\n{block} here\n```\n{x}", None),
        ('A JSON like {"a": {x}} or {}', None),
    ],
)
def test_what_is_sent_as_typed_is_told_where_a_value_may_have_been_meant(prompt, told, capsys):
    """`{name}` in prose, of a name that the data has not; formulas, code and JSON are nobody's slip."""
    nb.compare(prompt, "Demo:demo-fast", data={"x": [1, 2]}, dry_run=True)
    said = capsys.readouterr().err
    assert said.count("as typed") == (1 if told else 0)
    assert told is None or f"is sent with {told} as typed: the data has 'x'" in said
