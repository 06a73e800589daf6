"""`score`: a number for each answer, a missing one where there is none."""

from __future__ import annotations

import pandas as pd
import pytest

import g4f_nb as nb
from g4f_nb.errors import InvalidParameterError
from g4f_nb.testing import serve

SAYS = {
    "plain": lambda _: "  Good ",
    "json": lambda _: '```json\n{"a": 1}\n```',
    "prose": lambda _: "It is bad.",
}


@pytest.fixture(scope="module")
def server():
    with serve(models=["error-500"], answers=SAYS) as server:
        yield server


@pytest.fixture
def result(server):
    models = [nb.Model(f"OpenaiTemplate:{name}", api_base=server.api_base) for name in (*SAYS, "error-500")]
    data = pd.DataFrame({"text": ["x"], "label": ["good"], "mood": pd.array([None], dtype="string")})
    return nb.compare("{text}", models, data=data, retries=0, progress=False)


@pytest.mark.parametrize(
    ("criterion", "expected"),
    [
        ({"exact": "good"}, [1, 0, 0]),
        ({"exact": "label"}, [1, 0, 0]),
        ({"exact": "Good", "case": True}, [1, 0, 0]),
        ({"exact": "good", "case": True}, [0, 0, 0]),
        ({"exact": ["good", "x", "it is bad.", "y"]}, [1, 0, 1]),
        ({"contains": "BAD"}, [0, 0, 1]),
        ({"regex": r"^it\b"}, [0, 0, 1]),
        ({"json_valid": True}, [0, 1, 0]),
        ({"json_valid": False}, [1, 0, 1]),
        ({"similarity": "label"}, [1, 0.16, 0.14]),
    ],
)
def test_each_criterion(result, criterion, expected):
    """Texts, columns, patterns and JSON; a failed call has no score and never a 0."""
    scored = result.llm.score(**criterion)
    assert scored["score"].dtype == "Float64"
    assert scored["score"].tolist()[:3] == pytest.approx(
        expected, abs=0.2 if "similarity" in criterion else 0
    )
    assert scored["score"].isna().tolist() == [False, False, False, True]
    assert "score" not in result


def test_a_function_scores_answers_or_rows(result):
    """It may take the answer, or the answer and its row; what it raises costs its own row and is told."""
    assert result.llm.score(len, into="chars")["chars"].tolist()[:3] == [7, 20, 10]
    by_row = result.llm.score(lambda answer, row: answer.strip().lower() == row["label"])
    assert by_row["score"].tolist()[:3] == [1, 0, 0]
    failing = result.llm.score(lambda answer: 1 / answer.count("bad"))
    assert failing["score"].isna().tolist() == [True, True, False, True]
    assert failing["score_error"].tolist()[0] == "ZeroDivisionError: division by zero"


def test_what_a_failure_is_worth_can_be_said(result):
    """`failed=0` counts a failed call as wrong."""
    assert result.llm.score(exact="good", failed=0)["score"].tolist() == [1, 0, 0, 0]


def test_a_missing_right_answer_gives_no_score(result):
    """Where the column has no value there is nothing to compare with."""
    assert result.llm.score(exact="mood")["score"].isna().all()


@pytest.mark.parametrize("wrong", [{}, {"exact": "a", "regex": "b"}, {"exact": "a", "into": "answer"}])
def test_wrong_calls_say_what_to_do(result, wrong):
    """No criterion, two of them, or a column of the result as the place."""
    with pytest.raises(InvalidParameterError, match=r"criterion|choose another name"):
        result.llm.score(**wrong)


def test_a_column_in_braces_must_be_there(result):
    """`{label}` is always a column; a name that is nearly one of the data's is an error."""
    column = result.llm.score(exact="{label}", into="s")["s"]
    assert column.equals(result.llm.score(exact="label", into="s")["s"])
    for given, says in (
        ("{right}", r"'{right}' is no column"),
        ("{lable}", "did you mean {label}"),
        ("lable", r"did you mean {label}.*function"),
    ):
        with pytest.raises(InvalidParameterError, match=says):
            result.llm.score(exact=given)


def test_a_word_that_no_answer_has_is_told(result, capsys):
    """It may have been meant as a column; the scores are there all the same."""
    assert result.llm.score(exact="expected")["score"].dropna().eq(0).all()
    assert "no answer has the text 'expected'" in capsys.readouterr().err
    result.llm.score(contains="good")
    assert not capsys.readouterr().err


def test_a_table_that_is_no_result_is_refused():
    """The error says what is missing."""
    with pytest.raises(InvalidParameterError, match=r"no result of nb\.compare"):
        pd.DataFrame({"answer": ["x"]}).llm.score(exact="x")


def test_data_that_has_no_hash(server, tmp_path):
    """Dicts and lists in the data are in nobody's way, neither of ranks nor of votes nor of a report."""
    models = [nb.Model(f"OpenaiTemplate:{name}", api_base=server.api_base) for name in ("plain", "prose")]
    made = nb.compare("{text}", models, data={"text": [{"a": 1}, [1, 2]]}, progress=False)
    scored = made.llm.score(contains="good")
    assert scored.llm.rank(by="score")["model"].tolist() == ["OpenaiTemplate:plain", "OpenaiTemplate:prose"]
    assert len(scored.llm.test(by="score")) == 1
    assert scored.llm.summary("score")["calls"].tolist() == [2, 2]
    assert len(made.llm.vote(*made["cell_id"].tolist()[:2])) == 1
    assert len(made.llm.judge(models[0], dry_run=True, progress=False)) > 0
    assert made.llm.report(tmp_path / "made.html").exists()
