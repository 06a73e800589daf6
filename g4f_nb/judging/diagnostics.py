"""How a judge errs: what position and length do to its verdicts, and whether judges agree."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from g4f_nb.judging import verdicts
from g4f_nb.judging.contests import CONTROLS, lengths, of_verdicts, positions
from g4f_nb.judging.few import tell_if_few
from g4f_nb.judging.resampling import Draws, has_width
from g4f_nb.judging.strengths import fit

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

# Beyond this (99.9 %) a finite effect is what the fit's prior says, not what the verdicts do.
_DECISIVE = 7.0
# An effect of this and less is the last digits of a fit.
_NONE = 1e-7
_POINTS = {"a": 1.0, "tie": 0.5, "b": 0.0}


def bias(frame: pd.DataFrame, *, draws: Draws | None = None) -> pd.DataFrame:
    """A row a judge: does it prefer what stands first, or what is longer?

    `first_wins` and `longer_wins` are plain shares, with ties as halves. `position` and `length` are
    effects on the logit scale beside the strengths of the models: 0 is none, and each has its interval.
    `position` is what standing first adds, `length` what twice the length adds; an effect that decides
    everything has no interval, and nothing has one that was the same with every prompt. `consistent` is the
    share of pairs, asked in both orders, in which both verdicts agree.
    """
    import pandas as pd

    found = verdicts.of(frame)
    # Where nobody was asked, nobody could err.
    found = found[found["status"] == "ok"]
    if found.empty:
        raise verdicts.none_of(frame)
    prompts = min(
        some.groupby(["prompt_id", "row"], dropna=False).ngroups for _, some in found.groupby("judge")
    )
    tell_if_few("what is said of a judge rests", prompts, "intervals from so few are rough")
    rows = [_of_one(str(judge), some, draws or Draws()) for judge, some in found.groupby("judge", sort=False)]
    return pd.DataFrame.from_records(rows).astype(_kinds(rows[0]))


def _kinds(row: dict[str, Any]) -> dict[str, str]:
    kinds = {"judge": "string", "verdicts": "Int64"}
    return {name: kinds.get(name, "Float64") for name in row}


def _of_one(judge: str, found: pd.DataFrame, draws: Draws) -> dict[str, Any]:
    contests = of_verdicts(found.reset_index(drop=True), CONTROLS)
    count = len(contests.names)
    drawn = draws.weights(contests.prompts)
    effects, spread = fit(contests)[0, count:], fit(contests, drawn)[:, count:]
    low, high = draws.interval(spread)
    row: dict[str, Any] = {"judge": judge, "verdicts": len(found)}
    shares = (("first_wins", positions(found)), ("longer_wins", lengths(found)))
    for name, side in shares:
        row |= dict(zip((name, f"{name}_low", f"{name}_high"), _share(contests, side, draws), strict=True))
    for at, name in enumerate(CONTROLS):
        there = contests.besides[name].any()
        values = _effect(effects[at], low[at], high[at]) if there else (None, None, None)
        row |= dict(zip((name, f"{name}_low", f"{name}_high"), values, strict=True))
    row["consistent"] = _consistent(found)
    return row


def _effect(*found: float) -> tuple[float, float | None, float | None]:
    """An effect and its ends, without what are only the last digits of a fit."""
    value, low, high = (0.0 if abs(each) < _NONE else float(each) for each in found)
    has_ends = abs(value) <= _DECISIVE and has_width(low, high)
    return (value, low, high) if has_ends else (value, None, None)


def _share(contests: Any, side: NDArray[Any], draws: Draws) -> tuple[float | None, ...]:
    """How much of what there was to win went to that side, with its interval over prompts."""
    import numpy as np

    here = side != 0
    if not here.any():
        return None, None, None
    points = np.where(side > 0, contests.result, 1 - contests.result)
    sums = np.bincount(contests.prompt, points * here, contests.prompts)
    counts = np.bincount(contests.prompt, here, contests.prompts)
    return float(sums.sum() / counts.sum()), *draws.mean_interval(sums, counts)


def _consistent(found: pd.DataFrame) -> float | None:
    asked = found[found["shown_first"].notna()].groupby(["run_id", "pair"])
    both = asked["shown_first"].agg(lambda sides: len(set(sides))) > 1
    if not both.any():
        return None
    return float((asked["winner"].agg(lambda sides: len(set(sides)))[both] == 1).mean())


def agreement(frame: pd.DataFrame) -> pd.DataFrame:
    """A row for every two judges (people among them): how often they agree on the same pairs of answers.

    What a judge said of a pair in several turns is one opinion: the better on the whole, else a tie.
    `kappa` is Cohen's, over the three outcomes: 1 is full agreement, 0 what chance alone would give.
    """
    import pandas as pd

    found = verdicts.of(frame)
    found = found[found["status"] == "ok"]
    points = found["winner"].map(_POINTS).astype("Float64")
    opinion: Any = points.groupby([found["run_id"], found["pair"], found["judge"]]).mean()
    opinion = opinion.unstack("judge")  # noqa: PD010  # each judge once a pair, so nothing to aggregate
    judges = list(dict.fromkeys(found["judge"].tolist()))
    rows = []
    for one, other in itertools.combinations(judges, 2):
        both = opinion[[one, other]].dropna()
        left, right = (_sides(both[name].tolist()) for name in (one, other))
        rows.append((one, other, len(both), *_agree(left, right)))
    made = pd.DataFrame.from_records(rows, columns=["judge_a", "judge_b", "pairs", "agreement", "kappa"])
    kinds = {"judge_a": "string", "judge_b": "string", "pairs": "Int64"}
    return made.astype({name: kinds.get(name, "Float64") for name in made.columns})


def _sides(points: Sequence[float]) -> list[str]:
    return ["a" if each > 0.5 else "b" if each < 0.5 else "tie" for each in points]  # noqa: PLR2004  # half


def _agree(left: list[str], right: list[str]) -> tuple[float | None, float | None]:
    if not left:
        return None, None
    seen = sum(one == other for one, other in zip(left, right, strict=True)) / len(left)
    chance = sum(left.count(side) * right.count(side) for side in verdicts.WINNERS) / len(left) ** 2
    return seen, None if chance == 1 else (seen - chance) / (1 - chance)
