"""From verdicts and scores to ranks, tests, and to what is wrong with a judge, over simulated judges."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from thorough import THOROUGH, rounds

import g4f_nb as nb
from g4f_nb.errors import InvalidParameterError
from g4f_nb.judging import verdicts
from g4f_nb.testing import serve

NAMES = ("weak", "fair", "good", "best")


def _simulated(*, prompts=60, first=0.0, length=0.0, apart=0.6, judge="judge", seed=0, names=NAMES):
    """Verdicts of a judge to whom standing first and twice the length are worth so much, in logits."""
    generator = np.random.default_rng(seed)
    rows = []
    for prompt in range(prompts):
        chars = (100 * 2 ** generator.normal(0, 1, len(names))).astype(int)
        for one in range(len(names)):
            for other in range(one + 1, len(names)):
                for turn, sign in enumerate((1, -1)):
                    ahead = (one - other) * apart + sign * first
                    ahead += length * np.log2((chars[one] + 1) / (chars[other] + 1))
                    won = generator.random() < 1 / (1 + np.exp(-ahead))
                    rows.append(
                        {
                            "run_id": "r", "pair": f"{prompt}-{one}|{prompt}-{other}", "judge": judge,
                            "turn": turn, "prompt_id": str(prompt), "repeat": 0, "model_a": names[one],
                            "model_b": names[other], "shown_first": "ab"[turn],
                            "winner": "a" if won else "b", "chars_a": chars[one], "chars_b": chars[other],
                            "status": "ok",
                        }
                    )  # fmt: skip
    return verdicts.table(rows)


def test_the_ranking_is_a_tidy_frame():
    """From the strongest to the weakest, each strength in its interval, strengths with mean 0."""
    ranked = _simulated().llm.rank()
    assert ranked["model"].tolist() == ["best", "good", "fair", "weak"]
    assert ranked["rank"].tolist() == [1, 2, 3, 4]
    assert (ranked["low"] < ranked["strength"]).all()
    assert (ranked["strength"] < ranked["high"]).all()
    assert ranked["strength"].sum() == pytest.approx(0, abs=1e-9)
    assert ranked["comparisons"].tolist() == [360] * 4
    assert {str(kind) for kind in ranked.dtypes} == {"Int64", "string", "Float64"}


def test_ranks_are_shared_where_nobody_can_tell():
    """Where intervals overlap, models share the rank of the best that they cannot be told from."""
    assert _simulated(apart=0.0, seed=2).llm.rank()["rank"].tolist() == [1] * 4


def test_eight_wins_of_eight_are_no_certainty(capsys):
    """A model that has won always is first, in an interval that has a width; that prompts are few is told."""
    found = _simulated(prompts=8, names=("loser", "winner")).assign(winner="b", winner_model="winner")
    few = found.llm.rank()
    assert few["model"].tolist() == ["winner", "loser"]
    assert 1 < few["strength"][0] < 3
    assert few["low"][0] < few["strength"][0] < few["high"][0]
    assert few["high"][0] - few["low"][0] > 0.5
    assert "rests on 8 prompts" in capsys.readouterr().err
    many = _simulated(prompts=200, names=("loser", "winner")).assign(winner="b").llm.rank()
    assert many["low"][0] > few["strength"][0]
    assert many["rank"].tolist() == [1, 2]


def test_an_effect_that_decides_everything_has_no_interval():
    """A judge that always takes what stands first: the share says it all, the logit has no end."""
    found = _simulated(prompts=10)
    row = found.assign(winner=found["shown_first"]).llm.bias().iloc[0]
    assert row["first_wins"] == 1
    assert row["position"] > 7
    assert pd.isna(row["position_low"])
    assert row["consistent"] == 0


def test_one_prompt_is_no_certainty(capsys):
    """What rests on one prompt, or is the same with all, has no interval; that they are few is told."""
    for prompts in (1, 3):
        found = _simulated(prompts=prompts, names=("one", "other"))
        found = found.assign(winner="a", chars_b=found["chars_a"])
        biased = found.llm.bias()
        assert biased.loc[0, "first_wins"] == 0.5
        assert biased.loc[0, "position"] == 0
        ends = biased.filter(regex="_(low|high)$")
        assert ends.isna().all(axis=None)
        tested = found.llm.test()
        assert tested.loc[0, "difference"] == 1
        assert tested[["low", "high"]].isna().all(axis=None)
        told = capsys.readouterr().err
        count = "1 prompt" if prompts == 1 else "3 prompts"
        assert f"what is said of a judge rests on {count}: intervals" in told
        assert f"the test rests on {count}: no difference can be significant" in told
        assert told.rstrip().endswith("it takes 6")


def test_what_it_takes_to_be_significant(capsys):
    """So many prompts on one side are: that number is told, of several pairs too."""
    for names, needed in ((NAMES[:2], 6), (NAMES, 8)):
        for prompts, found in ((needed - 1, False), (needed, True)):
            tested = _simulated(prompts=prompts, names=names).assign(winner="a").llm.test()
            assert tested["significant"].any() == found
            told = capsys.readouterr().err
            assert (f"it takes {needed}" in told) != found
            assert f"rests on {prompts} prompts" in told
    _simulated(prompts=10).llm.test()
    assert not capsys.readouterr().err


def test_means_that_differ_by_rounding_are_equal(capsys):
    """0.1 three times and 0.3 once are the same on the whole: no difference of 5e-17 is shown."""
    table = nb.compare(["a", "b"], models=["Demo:demo", "Demo:demo-fast"], repeats=3, progress=False)
    table["score"] = [0.1, 0.2, 0.3, 0.3, 0.2, 0.1] * 2
    tested = table.llm.test(by="score")
    assert tested.loc[0, "difference"] == 0
    assert tested[["low", "high"]].isna().all(axis=None)


def test_why_there_is_no_verdict_is_told():
    """That nobody was asked, that nobody had to be, or what became of those who were."""
    found = _simulated(prompts=2, names=("one", "other"))
    unfit = found.assign(winner=pd.NA, status=["unfit", "unfit", "unfit", "error"])
    for ask in (unfit.llm.rank, unfit.llm.bias, unfit.llm.test):
        with pytest.raises(InvalidParameterError, match=r"gave a verdict \(3 unfit, 1 error\)"):
            ask()
    with pytest.raises(InvalidParameterError, match="no judge was asked"):
        found.assign(winner="tie", status="same").llm.bias()


def test_the_same_seed_gives_the_same_intervals():
    """Nothing depends on when it is run."""
    found = _simulated(prompts=10)
    pd.testing.assert_frame_equal(found.llm.rank(seed=4), found.llm.rank(seed=4))
    assert found.llm.bias(seed=4).equals(found.llm.bias(seed=4))
    assert not found.llm.bias(seed=4).equals(found.llm.bias(seed=5))


def test_a_judge_that_favours_the_first_is_found_out():
    """The position effect is what was put in, length has none; it contradicts itself."""
    row = _simulated(prompts=150, first=1.0, seed=1).llm.bias().iloc[0]
    assert row["position_low"] < 1.0 < row["position_high"]
    assert row["position"] == pytest.approx(1.0, abs=0.25)
    assert row["first_wins_low"] > 0.6
    assert row["length_low"] < 0 < row["length_high"]
    assert row["consistent"] < 0.65


def test_a_judge_that_favours_what_is_long_is_found_out():
    """The effect of twice the length is what was put in, beside the strengths; position has none."""
    row = _simulated(prompts=150, length=0.7, seed=2).llm.bias().iloc[0]
    assert row["length_low"] < 0.7 < row["length_high"]
    assert row["longer_wins_low"] > 0.55
    assert row["position_low"] < 0 < row["position_high"]


def test_a_fair_judge_is_not_accused():
    """Neither interval leaves out 0."""
    row = _simulated(prompts=150, seed=3).llm.bias().iloc[0]
    assert row["position_low"] < 0 < row["position_high"]
    assert row["length_low"] < 0 < row["length_high"]
    assert row["first_wins_low"] < 0.5 < row["first_wins_high"]


def test_controls_take_the_effect_of_length_out():
    """Where the weaker model is longer and the judge likes that, only the controlled ranking is right."""
    found = _simulated(prompts=200, names=("chatty", "terse"), apart=0.5, length=1.0, seed=4)
    long = found["chars_a"] * 4
    generator = np.random.default_rng(0)
    ahead = -0.5 + np.log2((long + 1) / (found["chars_b"] + 1))
    won = generator.random(len(found)) < 1 / (1 + np.exp(-ahead.astype(float)))
    found = found.assign(chars_a=long, winner=pd.array(np.where(won, "a", "b"), dtype="string"))
    assert found.llm.rank()["model"][0] == "chatty"
    assert found.llm.rank(control="length")["model"][0] == "terse"
    with pytest.raises(InvalidParameterError, match="length or position"):
        found.llm.rank(control="colour")


def test_several_judges_and_how_they_agree():
    """A row a judge, and for every two the raw agreement and Cohen's kappa."""
    first = _simulated(prompts=20, judge="one")
    both = pd.concat([first, first.assign(judge="two"), _simulated(prompts=20, judge="odd", apart=-0.6)])
    assert both.llm.bias()["judge"].tolist() == ["one", "two", "odd"]
    agreed = both.llm.agreement().set_index(["judge_a", "judge_b"])
    assert agreed.loc[("one", "two"), "agreement"] == 1
    assert agreed.loc[("one", "two"), "kappa"] == 1
    assert agreed.loc[("one", "odd"), "kappa"] < 0.1
    assert agreed["pairs"].tolist() == [120] * 3


def test_kappa_is_cohens():
    """The example of Cohen's kappa in the literature: 20 and 15 agreed of 50 gives 0.4."""
    said = [("a", "a")] * 20 + [("a", "b")] * 5 + [("b", "a")] * 10 + [("b", "b")] * 15
    rows = [
        {"run_id": "r", "pair": str(at), "judge": judge, "turn": 0, "prompt_id": str(at), "repeat": 0,
         "model_a": "x", "model_b": "y", "winner": winner, "status": "ok"}
        for at, both in enumerate(said)
        for judge, winner in zip(("one", "two"), both, strict=True)
    ]  # fmt: skip
    agreed = verdicts.table(rows).llm.agreement().iloc[0]
    assert agreed["agreement"] == pytest.approx(0.7)
    assert agreed["kappa"] == pytest.approx(0.4)


def test_the_test_of_verdicts():
    """Clearly better is significant, after Holm's correction too; of alike models nothing is."""
    found = _simulated(apart=0.9).llm.test()
    assert len(found) == 6
    assert found["significant"].all()
    assert (found["p_holm"] >= found["p_value"]).all()
    assert (found["difference"] < 0).all()  # the weaker one is model_a
    assert ((found["low"] <= found["difference"]) & (found["difference"] <= found["high"])).all()
    assert not _simulated(apart=0.0, seed=7).llm.test()["significant"].any()


def test_many_tests_at_once_keep_the_error_rate():
    """Of comparisons in which all four models are alike, few have any finding at all."""
    false = [
        _simulated(apart=0.0, prompts=12, seed=seed).llm.test(resamples=300)["significant"].any()
        for seed in range(rounds(100, 30))
    ]
    assert np.mean(false) <= 0.11


def test_repeats_of_one_prompt_are_no_new_prompts():
    """What is drawn anew are prompts: asking the same twenty times does not make it surer."""
    found = _simulated(prompts=3)
    again = pd.concat(
        [found.assign(repeat=repeat, pair=found["pair"] + f"/{repeat}") for repeat in range(20)]
    )
    once, often = found.llm.test(), again.llm.test()
    assert often["p_value"].tolist() == once["p_value"].tolist()
    assert often["prompts"].tolist() == [3] * 6


@pytest.fixture(scope="module")
def scored():
    """Thirty questions whose answers two models know better than a third."""
    known = {"knows": 28, "mostly": 20, "guesses": 3}
    says = {
        name: (lambda text, most=most: "yes" if int(text) < most else "no") for name, most in known.items()
    }
    with serve(models=["error-500"], answers=says) as server:
        models = [
            nb.Model(f"OpenaiTemplate:{name}", api_base=server.api_base) for name in [*says, "error-500"]
        ]
        data = {"number": list(range(30)), "right": ["yes"] * 30}
        result = nb.compare(
            "{number}", models, data=data, retries=0, progress=False, prices={"OpenaiTemplate": (1, 1)}
        )
    return result.llm.score(exact="right", into="correct")


def test_scores_rank_and_are_tested(scored):
    """A column of scores gives contests: who is right beats who is wrong; a failed model has none."""
    ranked = scored.llm.rank(by="correct")
    assert ranked["model"].str.partition(":")[2].tolist() == ["knows", "mostly", "guesses"]
    assert ranked["rank"].tolist() == [1, 2, 3]
    found = scored.llm.test(by="correct")
    assert found["difference"].tolist() == pytest.approx([8 / 30, 25 / 30, 17 / 30])
    assert found["significant"].all()
    assert found["prompts"].tolist() == [30] * 3


def test_the_summary_is_a_row_a_model(scored):
    """Calls, failures, times, cost, and the mean with its interval; what is unknown is missing."""
    made = scored.llm.summary("correct").set_index("model")
    assert made.loc["OpenaiTemplate:mostly", "correct"] == pytest.approx(20 / 30)
    assert (
        made.loc["OpenaiTemplate:mostly", "correct_low"]
        < 20 / 30
        < made.loc["OpenaiTemplate:mostly", "correct_high"]
    )
    assert made.loc["OpenaiTemplate:error-500", "failed"] == 30
    assert made.loc["OpenaiTemplate:error-500", ["correct", "latency_s", "cost_usd"]].isna().all()
    assert made["cost_usd"].dropna().gt(0).all()


@pytest.mark.parametrize("column", ["ok", "failed", "calls"])
def test_a_score_may_be_called_like_a_column_of_the_summary(scored, column, tmp_path):
    """Its mean has another name then, and what is counted stays what it is."""
    table = scored.assign(**{column: scored["correct"]})
    made = table.llm.summary(column).set_index("model")
    assert made.loc["OpenaiTemplate:mostly", f"{column}_mean"] == pytest.approx(20 / 30)
    assert made["calls"].tolist() == [30] * 4
    assert made["ok"].tolist() == [30, 30, 30, 0]
    if not THOROUGH and column != "ok":
        return
    # The run itself is an earlier test's: its questions stand in the table.
    table = table.assign(prompt=table["number"].astype("string"))
    assert table.llm.report(tmp_path / "report.html", column).exists()


@pytest.mark.parametrize("names", [["knows"], ["knows", "error-500"]])
def test_a_report_of_scores_that_rank_nobody(scored, tmp_path, names):
    """One model, or one whose rivals have no score, has a report: its means, and that there is no ranking."""
    alone = scored[scored["model"].isin(names)]
    # The store of the run is gone by now: the column holds the questions.
    file = alone.llm.report(tmp_path / "r.html", "correct", question="number")
    html = file.read_text(encoding="utf-8")
    assert "<h2>Ranking by correct</h2><p>No two models have" in html
    assert "<h2>Answers</h2>" in html


def test_wrong_columns_are_told(scored):
    """A column that is not there, one that is no number, and options that do not go together."""
    with pytest.raises(InvalidParameterError, match="no column 'score'"):
        scored.llm.rank(by="score")
    with pytest.raises(InvalidParameterError, match="not numbers"):
        scored.llm.test(by="answer")
    with pytest.raises(InvalidParameterError, match="by= takes a score"):
        scored.llm.rank(by="correct", judge="x")


def test_two_models_of_one_name_are_told_apart_or_refused():
    """Varied parameters tell candidates apart, and so do numbers; under one name they are refused."""
    made = nb.compare("hi", "Demo:demo-fast", params={"temperature": [0, 1]}, progress=False)
    assert made.llm.summary()["model"].tolist() == [
        "Demo:demo-fast temperature=0",
        "Demo:demo-fast temperature=1",
    ]
    twice = nb.compare("hi", ["Demo:demo-fast", nb.Model("Demo:demo-fast", top_p=0.5)], progress=False)
    assert twice.llm.summary()["model"].tolist() == ["Demo:demo-fast", "Demo:demo-fast (2)"]
    with pytest.raises(InvalidParameterError, match="label="):
        twice.assign(model="demo-fast").llm.summary()
