"""A model that the user has named is called so everywhere: in the wide table, verdicts, ranks, tests."""

from __future__ import annotations

import pytest

import g4f_nb as nb
from g4f_nb.testing import serve


@pytest.fixture
def result():
    with serve() as server:
        models = [
            nb.Model("OpenaiTemplate:upper", api_base=server.api_base, label="loud"),
            nb.Model("OpenaiTemplate:echo", api_base=server.api_base),
        ]
        frame = nb.compare(["a", "b", "c"], models, progress=False)
    return frame.llm.score(regex="[A-Z]", case=True, into="right")


def test_a_name_of_the_users_own_is_the_name(result):
    """`wide`, `rank`, `test` and `summary` call it by its label alone; others stay provider:model."""
    names = ["loud", "OpenaiTemplate:echo"]
    assert result.llm.wide().columns.tolist() == names
    assert result.llm.rank(by="right")["model"].tolist() == names
    assert result.llm.summary()["model"].tolist() == names
    assert result.llm.test(by="right").loc[0, ["model_a", "model_b"]].tolist() == names


def test_verdicts_are_named_as_the_result_is(result):
    """So are verdicts, also those that were kept when it was called otherwise; either name finds it."""
    loud, plain = result["cell_id"].iloc[:2]
    found = result.llm.vote(better=loud, worse=plain)
    assert found.loc[0, ["model_a", "model_b", "winner_model"]].tolist() == [
        "loud",
        "OpenaiTemplate:echo",
        "loud",
    ]
    assert result.llm.rank()["model"].tolist() == ["loud", "OpenaiTemplate:echo"]
    assert result.llm.diff("OpenaiTemplate:loud", "echo").text == result.llm.diff("loud", "echo").text


def test_one_name_for_two_models_tells_nobody_apart():
    """Where a label is that of two providers' models, both have their providers' names."""
    with serve() as server:
        models = [
            nb.Model(f"{provider}:upper", api_base=server.api_base, api_key="x", label="same")
            for provider in ("OpenaiTemplate", "groq")
        ]
        frame = nb.compare("a", models, progress=False)
    assert frame.llm.wide().columns.tolist() == ["OpenaiTemplate:same", "Groq:same"]
    assert frame.llm.summary()["model"].tolist() == ["OpenaiTemplate:same", "Groq:same"]
