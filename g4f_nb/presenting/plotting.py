"""Figures of a result: how good, how fast and how dear each model is, and how that is spread."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from g4f_nb.comparing.keyless import mask_of_files
from g4f_nb.errors import InvalidParameterError, MissingRequirementsError, short, shorten
from g4f_nb.judging import verdicts
from g4f_nb.judging.candidates import Candidates
from g4f_nb.judging.contests import scores_of
from g4f_nb.judging.ranking import rank
from g4f_nb.judging.resampling import Draws
from g4f_nb.judging.summaries import mean_over_prompts

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

# Colours that are told apart by those who see few, too (Okabe and Ito).
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999933")
_AXES = {
    "latency_s": "seconds an answer",
    "cost_usd": "US dollars an answer",
    "ttft_s": "seconds to the first word",
}
_SMALLEST, _LARGEST = 50.0, 700.0
_LONGEST_NAME = 32


def check_installed() -> None:
    """Say which extra is missing."""
    if importlib.util.find_spec("matplotlib") is None:
        raise MissingRequirementsError('figures need the extra "plots": pip install "g4f_nb[plots]"')


def plot(
    frame: pd.DataFrame,
    by: str | None = None,
    *,
    against: str = "latency_s",
    draws: Draws | None = None,
) -> Figure:
    """Quality against time (or cost) with intervals, bubbles as large as the cost; and the spread of times.

    Quality is the column `by`, else what judges said; where there is neither, only the spread is drawn.
    """
    check_installed()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    candidates = Candidates.of(frame)
    if not isinstance(against, str) or against not in _AXES:  # type: ignore[redundant-expr]  # users' own calls
        raise InvalidParameterError(f"against is {short(against)}: it must be one of {', '.join(_AXES)}")
    # The same draws as those of the summary and the ranking: a figure is to say what the tables say.
    draws = draws or Draws()
    quality = _quality(frame, candidates, by, draws)
    count = len(candidates.order)
    size = (11.0 if quality else 5.5, max(3.4, 0.45 * count + 1.6))
    made = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(made)
    # It may become a file, or a part of one.
    mask = mask_of_files()
    looks = {
        name: Look(_COLOURS[at % len(_COLOURS)], _safe(mask(name)))
        for at, name in enumerate(candidates.order)
    }
    if quality:
        first, second = made.subplots(1, 2)
        _draw_quality(first, candidates, quality, against, looks, draws, is_score=by is not None)
        first.set_ylabel(_safe(mask(by)) if by is not None else "strength (logits)")
    else:
        second = made.subplots()
    _draw_spread(second, candidates, against, looks)
    return made


def png(figure: Figure) -> bytes:
    """A figure as the bytes of an image."""
    out = io.BytesIO()
    with boxes_for_letters():
        figure.savefig(out, format="png", dpi=110, metadata={"Software": None})
    return out.getvalue()


@contextlib.contextmanager
def boxes_for_letters() -> Iterator[None]:
    """A name in letters that the font has not: boxes in a figure are no reason to warn."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing", category=UserWarning)
        yield


class Look(NamedTuple):
    """How a model is drawn, and what it is called there."""

    colour: str
    words: str


Looks = dict[str, Look]
Ends = tuple[float | None, float | None, float | None]


def _quality(frame: pd.DataFrame, candidates: Candidates, by: str | None, draws: Draws) -> dict[str, Ends]:
    """The quality of each model with its interval, as far as it is known."""
    if by is not None:
        values = scores_of(frame, by)
        return {name: _mean(candidates, values, name, draws) for name in candidates.order}
    if verdicts.of(frame).empty:
        return {}
    ranked = rank(frame, draws=draws)
    rows = zip(ranked["model"], ranked["strength"], ranked["low"], ranked["high"], strict=True)
    return {str(name): (float(value), float(low), float(high)) for name, value, low, high in rows}


def _mean(candidates: Candidates, values: NDArray[Any], name: str, draws: Draws) -> Ends:
    here = (candidates.label == name).to_numpy()
    return mean_over_prompts(values[here], candidates.prompt.to_numpy()[here], draws)


def _draw_quality(
    axes: Axes,
    candidates: Candidates,
    quality: dict[str, Ends],
    against: str,
    looks: Looks,
    draws: Draws,
    *,
    is_score: bool,
) -> None:
    across = _numbers(candidates, against)
    paid = _numbers(candidates, "cost_usd")
    ends = [end for each in quality.values() for end in each if end is not None]
    # Strengths go below 0 as well as above 1.
    is_share = bool(ends) and is_score and min(ends) >= 0 and max(ends) <= 1
    costs = {name: _mean(candidates, paid, name, draws)[0] for name in candidates.order}
    dearest = max((cost for cost in costs.values() if cost), default=None)
    for name, (value, low, high) in quality.items():
        middle, left, right = _mean(candidates, across, name, draws)
        if value is None or middle is None:
            continue
        share = (costs[name] or 0) / dearest if dearest else 0.2
        axes.errorbar(
            middle, value, xerr=_bar(middle, left, right), yerr=_bar(value, low, high),
            color=looks[name].colour, capsize=3, lw=1.2, clip_on=False,
        )  # fmt: skip
        axes.scatter(
            middle, value, s=_SMALLEST + share * (_LARGEST - _SMALLEST), color=looks[name].colour, alpha=0.55,
            label=looks[name].words, clip_on=False,
        )  # fmt: skip
    axes.set_xlabel(_AXES[against])
    about = " and cost" if against == "cost_usd" else ", time and cost" if dearest else " and time"
    # Room for a bubble at the upper end.
    axes.set_title(f"quality{about}", fontsize=11, pad=14)
    axes.margins(0.15)
    # No time is less than none, and a score from 0 to 1 no more than that.
    axes.set_xlim(left=max(0.0, axes.get_xlim()[0]))
    if is_share:
        bottom, top = axes.get_ylim()
        axes.set_ylim(max(0.0, bottom), min(1.0, top))
    axes.locator_params(axis="x", nbins=5)
    axes.grid(alpha=0.25)
    _name_bubbles(axes, "the larger, the dearer" if dearest else None)


def _bar(value: float, low: float | None, high: float | None) -> list[list[float]] | None:
    """How far an interval reaches to both sides, where there is one."""
    return None if low is None or high is None else [[max(value - low, 0)], [max(high - value, 0)]]


def _name_bubbles(axes: Axes, title: str | None) -> None:
    if not axes.get_legend_handles_labels()[0]:
        return
    legend = axes.legend(fontsize=8, title=title, title_fontsize=8)
    for handle in legend.legend_handles:
        # Names, not costs, are what the legend tells.
        handle.set_sizes([_SMALLEST])  # type: ignore[union-attr]  # handles of scatter have sizes


def _draw_spread(axes: Axes, candidates: Candidates, against: str, looks: Looks) -> None:
    import numpy as np

    values = _numbers(candidates, against)
    labels = candidates.label.to_numpy()
    shift = np.random.default_rng(0)
    for at, name in enumerate(candidates.order):
        here = values[labels == name]
        here = here[~np.isnan(here)]
        if not len(here):
            continue
        axes.boxplot(
            here, positions=[at], orientation="horizontal", widths=0.55, showfliers=False,
            medianprops={"color": looks[name].colour, "lw": 2},
        )  # fmt: skip
        axes.scatter(here, at + shift.uniform(-0.2, 0.2, len(here)), s=9, color=looks[name].colour, alpha=0.5)
    axes.set_yticks(
        range(len(candidates.order)), [looks[name].words for name in candidates.order], fontsize=8
    )
    axes.set_ylim(len(candidates.order) - 0.4, -0.6)
    axes.set_xlabel(_AXES[against])
    axes.set_title("every answer", fontsize=11, pad=14)
    axes.locator_params(axis="x", nbins=5)
    axes.grid(axis="x", alpha=0.25)


def _numbers(candidates: Candidates, name: str) -> NDArray[Any]:
    import numpy as np

    made: NDArray[Any] = candidates.names[name].to_numpy(dtype=float, na_value=np.nan)
    return made


def _safe(name: str) -> str:
    # A dollar would begin a formula, and a wrong formula ends the figure.
    return shorten(" ".join(name.split()), _LONGEST_NAME).replace("$", r"\$")
