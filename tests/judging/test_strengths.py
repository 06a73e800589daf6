"""Bradley-Terry strengths agree with what is published and with another library; intervals hold true."""

from __future__ import annotations

import itertools
from dataclasses import replace
from math import comb

import numpy as np
import pytest
from later import Later
from published import AT_HOME, CHAMELEONS, PLAIN, baseball, chameleons
from thorough import THOROUGH, rounds

from g4f_nb.judging import intervals, resampling, strengths
from g4f_nb.judging.intervals import student, with_ends
from g4f_nb.judging.resampling import Draws, holm, p_of_mean
from g4f_nb.judging.strengths import Contests, fit
from g4f_nb.judging.unlimited import is_limited

evalica = Later("evalica")
# What a share that was counted in fewer rounds may differ more.
SLACK = 0.0 if THOROUGH else 0.02


def test_it_agrees_with_the_published_baseball_season():
    """The strengths of seven teams are those of BradleyTerry2, to four digits."""
    contests = baseball()
    strengths = dict(zip(contests.names, fit(contests)[0], strict=True))
    for team, published in PLAIN.items():
        assert strengths[team] - strengths["Baltimore"] == pytest.approx(published, abs=1e-4)


def test_it_agrees_with_the_published_advantage_of_home():
    """So are they beside the effect of playing at home, which is the same thing as standing first."""
    contests = baseball(at_home=True)
    estimates = dict(zip((*contests.names, "home"), fit(contests)[0], strict=True))
    assert estimates["home"] == pytest.approx(AT_HOME["home"], abs=1e-4)
    for team, published in AT_HOME.items():
        if team != "home":
            assert estimates[team] - estimates["Baltimore"] == pytest.approx(published, abs=1e-4)


def test_it_agrees_with_the_published_chameleons():
    """Contests that are explained by what is known of each animal give the published coefficients."""
    contests = chameleons()
    assert len(contests.result) == 106
    estimates = dict(zip(contests.besides, fit(contests)[0, 1:], strict=True))
    assert estimates == pytest.approx(CHAMELEONS, abs=1e-4)


@pytest.mark.parametrize("seed", range(5))
def test_it_agrees_with_evalica(seed):
    """With ties as halves the strengths are evalica's to three digits."""
    contests = _simulated(np.random.default_rng(seed), prompts=60, models=5, tie=0.2)
    names = [str(name) for name in contests.names]
    winners = [
        {1.0: evalica.Winner.X, 0.0: evalica.Winner.Y, 0.5: evalica.Winner.Draw}[each]
        for each in contests.result
    ]
    theirs = evalica.bradley_terry(
        [names[at] for at in contests.first], [names[at] for at in contests.second], winners,
        tolerance=1e-12, limit=10_000,
    ).scores  # fmt: skip
    theirs = np.log([theirs[name] for name in names])
    assert fit(contests)[0] == pytest.approx(theirs - theirs.mean(), abs=5e-4)


def test_who_always_wins_has_a_finite_strength():
    """Where the likelihood has no maximum there is a number, and it is the highest."""
    contests = Contests(
        names=("a", "b", "c"), first=np.array([0] * 9 + [1] * 4), second=np.array([1] * 9 + [2] * 4),
        result=np.array([1.0] * 9 + [1, 1, 0, 0]), prompt=np.arange(13),
    )  # fmt: skip
    strengths = fit(contests)[0]
    assert np.isfinite(strengths).all()
    assert strengths.argmax() == 0
    assert strengths.sum() == pytest.approx(0)


def test_who_limits_whom():
    """Everybody must have taken something from somebody, round the whole circle; ties do."""
    ring = Contests(
        names=("a", "b", "c"), first=np.array([0, 1, 2]), second=np.array([1, 2, 0]), result=np.ones(3),
        prompt=np.arange(3),
    )  # fmt: skip
    assert is_limited(ring)
    assert not is_limited(replace(ring, result=np.array([1.0, 1.0, 0.0])))
    assert is_limited(replace(ring, result=np.array([1.0, 0.5, 0.5])))


@pytest.mark.parametrize("at_once", [4_000_000, 100])
def test_a_resample_is_what_it_would_be_alone(monkeypatch, at_once):
    """Fitting many weights at once, or a few at a time, is as fitting contests that stand there so often."""
    monkeypatch.setattr(strengths, "_NUMBERS_AT_ONCE", at_once)
    contests = _simulated(np.random.default_rng(3), prompts=30, models=4)
    drawn = Draws(resamples=3).weights(contests.prompts)
    for weights, together in zip(drawn, fit(contests, drawn), strict=True):
        rows = np.repeat(np.arange(len(contests.first)), weights[contests.prompt])
        alone = Contests(
            names=contests.names, first=contests.first[rows], second=contests.second[rows],
            result=contests.result[rows], prompt=np.arange(len(rows)),
        )  # fmt: skip
        assert together == pytest.approx(fit(alone)[0], abs=1e-5)


@pytest.mark.parametrize(("prompts", "models"), [(8, 4), (12, 3), (80, 4)])
def test_intervals_cover_at_the_stated_rate(prompts, models):
    """95 % of 95 % intervals hold the true strength (never less), though each verdict was given twice."""
    generator = np.random.default_rng(0)
    truth = _truth(models)
    inside = []
    for _ in range(rounds(400, 120)):
        contests = _simulated(generator, prompts=prompts, models=models)
        _, low, high = with_ends(contests, Draws(resamples=300))
        inside.append((low <= truth) & (truth <= high))
    assert 0.94 - SLACK < np.mean(inside) < 0.985 + SLACK / 2


@pytest.mark.parametrize("level", [0.5, 0.8, 0.99])
def test_intervals_of_another_level(level):
    """At another level they hold it as often as that one says."""
    generator = np.random.default_rng(2)
    truth = _truth(3)
    inside = []
    for _ in range(rounds(300, 100)):
        contests = _simulated(generator, prompts=30, models=3)
        _, low, high = with_ends(contests, Draws(level=level))
        inside.append((low <= truth) & (truth <= high))
    assert np.mean(inside) == pytest.approx(level, abs=0.04 + SLACK)


@pytest.mark.parametrize("prompts", [3, 6, 8, 12, 20])
def test_two_models_over_few_prompts_are_covered_exactly(prompts):
    """However often the better one really wins, the interval holds that in 94 % of all cases."""
    ends = []
    for won in range(prompts + 1):
        contests = Contests(
            names=("a", "b"), first=np.zeros(prompts, dtype=int), second=np.ones(prompts, dtype=int),
            result=np.repeat([1.0, 0.0], [won, prompts - won]), prompt=np.arange(prompts),
        )  # fmt: skip
        _, low, high = with_ends(contests, Draws())
        ends.append((2 * low[0], 2 * high[0]))
    for ahead in np.linspace(-2, 2, 81):
        chance = 1 / (1 + np.exp(-ahead))
        cases = [
            comb(prompts, won) * chance**won * (1 - chance) ** (prompts - won) for won in range(prompts + 1)
        ]
        held = sum(case for case, (low, high) in zip(cases, ends, strict=True) if low <= ahead <= high)
        assert held > 0.94, ahead


@pytest.mark.parametrize(
    ("prompts", "models", "tie", "asked"), [(6, 3, 0.3, 1), (12, 2, 0.3, 2), (12, 5, 0.0, 1), (30, 3, 0.3, 2)]
)
def test_intervals_cover_with_ties_and_repeats(prompts, models, tie, asked):
    """So they do with ties, with few prompts, and where each prompt was asked several times anew."""
    generator = np.random.default_rng(5)
    truth = _limit(models, tie)
    inside = []
    for _ in range(rounds(250, 80)):
        contests = _simulated(generator, prompts=prompts, models=models, tie=tie, asked=asked)
        _, low, high = with_ends(contests, Draws(resamples=300))
        inside.append((low <= truth) & (truth <= high))
    assert np.mean(inside) > 0.935 - SLACK


def test_who_wins_nearly_always_is_in_the_interval():
    """Two models of which one often wins all: the coins keep the interval honest."""
    generator = np.random.default_rng(4)
    truth = np.array([1.2, -1.2])
    inside = []
    for _ in range(rounds(300, 100)):
        result = (generator.random(10) < 1 / (1 + np.exp(-2.4))).astype(float)
        contests = Contests(
            names=("a", "b"), first=np.zeros(10, dtype=int), second=np.ones(10, dtype=int), result=result,
            prompt=np.arange(10),
        )  # fmt: skip
        _, low, high = with_ends(contests, Draws(resamples=300))
        inside.append((low <= truth) & (truth <= high))
    assert np.mean(inside) > 0.94 - SLACK


def test_nothing_but_ties_is_no_certainty():
    """Over a few prompts on which two models were alike, they need not be so on others."""
    ties = Contests(
        names=("a", "b"), first=np.zeros(6, dtype=int), second=np.ones(6, dtype=int), result=np.full(6, 0.5),
        prompt=np.arange(6),
    )  # fmt: skip
    strengths, low, high = with_ends(ties, Draws())
    assert strengths == pytest.approx([0, 0], abs=1e-6)
    assert (low < -0.1).all()
    assert (high > 0.1).all()


def test_thousands_of_prompts_are_left_out_together():
    """Beyond some hundreds the interval is nearly the same as with each left out alone, and much faster."""
    assert intervals._MOST_GROUPS < 1200
    contests = _simulated(np.random.default_rng(6), prompts=1200, models=3)
    _, low, high = with_ends(contests, Draws())
    found = fit(contests)[0]
    alone = fit(contests, 1.0 - np.eye(1200))
    spread = np.sqrt(1199 / 1200 * ((alone - found) ** 2).sum(axis=0))
    assert (high - low) / 2 == pytest.approx(1.96 * spread, rel=0.1)


def test_students_distribution():
    """The two-sided quantiles are those of the tables."""
    for freedom, level, expected in (
        (1, 0.95, 12.706),
        (2, 0.95, 4.303),
        (10, 0.99, 3.169),
        (120, 0.95, 1.980),
    ):
        assert student(freedom, level) == pytest.approx(expected, abs=2e-3)


def test_chance_alone_is_seldom_significant():
    """Where two models are alike, 5 % of tests say otherwise at the level of 5 %, with few prompts too."""
    generator = np.random.default_rng(1)
    draws = Draws(resamples=400)
    for prompts in (8, 40):
        found = [p_of_mean(generator.choice((-1.0, 0.0, 1.0), prompts), draws) <= 0.05 for _ in range(600)]
        assert np.mean(found) < 0.075, prompts
    found = [p_of_mean(generator.normal(0, 1, 30), draws) <= 0.05 for _ in range(600)]
    assert 0.025 < np.mean(found) < 0.075


def test_chance_is_drawn_in_parts(monkeypatch):
    """Of many prompts a few draws at a time are as many draws."""
    differences, draws = np.random.default_rng(2).normal(0.3, 1, 30), Draws(resamples=4000)
    together = p_of_mean(differences, draws)
    monkeypatch.setattr(resampling, "_NUMBERS_AT_ONCE", 100)
    assert 0.01 < together < 0.5
    assert p_of_mean(differences, draws) == pytest.approx(together, abs=0.04)


def test_two_prompts_prove_nothing():
    """However clear two prompts are, chance alone does it half of the time."""
    assert p_of_mean(np.array([1.0, 1.0]), Draws()) == 0.5


def test_holm_corrects_as_published():
    """The step-down of Holm (1979): each p times how many are left, never falling."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.9]) == [1.0, 1.0]


def _truth(models):
    truth = np.linspace(-0.9, 0.9, models)
    return truth - truth.mean()


def _limit(models, tie):
    """The strengths that come of ever more prompts: ties bring them nearer to each other."""
    truth = _truth(models)
    first, second = np.array(list(itertools.combinations(range(models), 2))).T
    chance = 1 / (1 + np.exp(truth[second] - truth[first]))
    expected = Contests(
        names=tuple(map(str, range(models))), first=first, second=second,
        result=(1 - tie) * chance + tie / 2, prompt=np.zeros(len(first), dtype=int),
    )  # fmt: skip
    return fit(expected)[0]


def _simulated(generator, *, prompts, models, tie=0.0, asked=1):
    """Every two models over every prompt, twice; the verdicts on one prompt hang together.

    `asked` is how often the models were asked the same anew, each time with verdicts of their own.
    """
    first, second, result, prompt = [], [], [], []
    truth = _truth(models)
    for number in range(prompts):
        for one, other in list(itertools.combinations(range(models), 2)) * asked:
            chance = 1 / (1 + np.exp(truth[other] - truth[one]))
            won = float(generator.random() < chance)
            if generator.random() < tie:
                won = 0.5
            # Asked twice, the same is said mostly: as of one opinion in two orders.
            for _ in range(2):
                first.append(one)
                second.append(other)
                result.append(won)
                prompt.append(number)
    return Contests(
        names=tuple(map(str, range(models))), first=np.array(first), second=np.array(second),
        result=np.array(result), prompt=np.array(prompt),
    )  # fmt: skip
