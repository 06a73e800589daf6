"""Which intervals of a ranking hold the truth as often as they say; print the table of docs/judging.md.

    python benchmarks/intervals.py          250 rankings of each kind; some minutes
    python benchmarks/intervals.py 50       fewer

Models of known strengths, each of which is better at some prompts than at others, are compared over so many
prompts: with ties or without, and asked once or twice. The truth is what 60,000 prompts give.
"""

from __future__ import annotations

import itertools
import sys
from statistics import NormalDist

import numpy as np

from g4f_nb.judging.intervals import student, with_ends
from g4f_nb.judging.resampling import Draws
from g4f_nb.judging.strengths import Contests, fit
from g4f_nb.judging.unlimited import is_limited

KINDS = ((0.0, 1), (0.3, 1), (0.0, 2))
RESAMPLES = 400
NORMAL = NormalDist()


def contests(chance: np.random.Generator, prompts: int, models: int, tie: float, asked: int) -> Contests:
    """What comes of so many prompts."""
    strengths = np.linspace(-0.9, 0.9, models) + 0.7 * chance.normal(size=(prompts, models))
    parts = []
    for one, other in itertools.combinations(range(models), 2):
        for _ in range(asked):
            wins = 1 / (1 + np.exp(strengths[:, other] - strengths[:, one]))
            result = (chance.random(prompts) < wins).astype(float)
            result[chance.random(prompts) < tie] = 0.5
            parts.append((np.full(prompts, one), np.full(prompts, other), result, np.arange(prompts)))
    first, second, results, prompt = map(np.concatenate, zip(*parts, strict=True))
    names = tuple(map(str, range(models)))
    return Contests(names=names, first=first, second=second, result=results, prompt=prompt)


def intervals(made: Contests, seed: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The ends by each method; where somebody has won always all are those of `rank`."""
    draws, count = Draws(resamples=RESAMPLES, seed=seed), len(made.names)
    found, low, high = with_ends(made, draws)
    ours = low, high
    if not is_limited(made):
        return dict.fromkeys(("rank", "percentiles", "BCa", "bootstrap with Student"), ours)
    drawn = fit(made, draws.weights(made.prompts))[:, :count]
    reach = student(made.prompts - 1, 0.95) * drawn.std(axis=0)
    without = fit(made, 1.0 - np.eye(made.prompts))[:, :count]
    away = without.mean(axis=0) - without
    skew = (away**3).sum(axis=0) / (6 * np.maximum((away**2).sum(axis=0), 1e-12) ** 1.5)
    ends = [bca(drawn[:, at], found[at], skew[at]) for at in range(count)]
    return {
        "rank": ours,
        "percentiles": tuple(np.quantile(drawn, [0.025, 0.975], axis=0)),
        "BCa": tuple(np.array(ends).T),
        "bootstrap with Student": (found - reach, found + reach),
    }


def bca(drawn: np.ndarray, found: float, skew: float) -> np.ndarray:
    """Efron's corrected percentiles."""
    below = (drawn < found).mean() + (drawn == found).mean() / 2
    middle = NORMAL.inv_cdf(float(np.clip(below, 1 / (2 * RESAMPLES), 1 - 1 / (2 * RESAMPLES))))
    at = [middle + NORMAL.inv_cdf(edge) for edge in (0.025, 0.975)]
    return np.quantile(drawn, [NORMAL.cdf(middle + each / (1 - skew * each)) for each in at])


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 250
    print("| models | prompts | `rank` | percentiles | BCa | bootstrap with Student |")
    print("|---:|---:|---:|---:|---:|---:|")
    for models, prompts in itertools.product((2, 3, 5), (6, 12, 30, 80)):
        held: dict[str, list[float]] = {}
        width: dict[str, list[float]] = {}
        for number, (tie, asked) in enumerate(KINDS):
            chance = np.random.default_rng([models, prompts, number])
            truth = fit(contests(chance, 60_000, models, tie, asked))[0]
            for seed in range(rounds):
                made = contests(chance, prompts, models, tie, asked)
                for name, (low, high) in intervals(made, seed).items():
                    held.setdefault(name, []).append(float(((low <= truth) & (truth <= high)).mean()))
                    width.setdefault(name, []).append(float((high - low).mean()))
        cells = (f"{np.mean(held[name]):.1%} ({np.median(width[name]):.1f})" for name in held)
        print(f"| {models} | {prompts} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
