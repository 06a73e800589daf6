"""A result as one HTML file that needs nothing else: tables, figures, failures, answers."""

from __future__ import annotations

import base64
import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from g4f_nb.comparing.keyless import keyless, mask_of_files
from g4f_nb.comparing.viewing import errors
from g4f_nb.entering import check_text
from g4f_nb.errors import InvalidParameterError, short
from g4f_nb.files.placing import Kind, path_of, put
from g4f_nb.files.reading import read_regular
from g4f_nb.judging import verdicts
from g4f_nb.judging.asked import questions
from g4f_nb.judging.candidates import Candidates
from g4f_nb.judging.contests import is_contested
from g4f_nb.judging.diagnostics import agreement, bias
from g4f_nb.judging.ranking import rank
from g4f_nb.judging.resampling import Draws
from g4f_nb.judging.significance import differences
from g4f_nb.judging.summaries import summary
from g4f_nb.notices import unheard
from g4f_nb.presenting.plotting import plot, png
from g4f_nb.presenting.sheets import SCRIPT, STYLE, script_hash, table_html, text
from g4f_nb.showing.rendering import safe_html

if TYPE_CHECKING:
    import pandas as pd

# A small p needs more of them than an interval does.
_RESAMPLES = 10_000
_STYLE = """
body{font:15px/1.55 system-ui,sans-serif;max-width:68em;margin:2em auto;padding:0 1.2em;color:#1d1d1f;
background:#fff}
h1{font-size:1.6em;margin:0}h2{font-size:1.2em;margin:2em 0 .6em}.told{color:#666;margin:.2em 0 1.5em}
img{max-width:100%}details{border-top:1px solid #e3e3e6;padding:.5em 0}summary{cursor:pointer}
summary b{unicode-bidi:isolate;white-space:pre-wrap;overflow-wrap:anywhere}
article{margin:.7em 0 .7em 1em;padding-left:.9em;border-left:3px solid #d5d5d8;overflow-wrap:anywhere}
article h3{font-size:.85em;color:#555;margin:0}article pre{overflow:auto;background:#f6f6f8;padding:.6em}
article table{border-collapse:collapse}article td,article th{border:1px solid #ddd;padding:2px 8px}
"""
# Nothing is loaded, and no script runs but ours: answers have been made harmless, and this is a lock besides.
_POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{}'; base-uri 'none'; "
    "form-action 'none'"
)
_SUFFIXES = ("", ".html", ".htm", ".xhtml")
# Of a page, where it says what made it; and how long it may be, in bytes.
_HEAD, _LONGEST = 1000, 2**30
_MADE_BY = '<meta name="generator" content="g4f_nb: a report">'
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">{made_by}
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="referrer" content="no-referrer"><meta name="viewport" content="width=device-width">
<title>{title}</title><style>{style}</style></head>
<body class="tex2jax_ignore mathjax_ignore">
<h1>{title}</h1><p class="told">{told}</p>
{parts}
<script>{script}</script></body></html>
"""


def report(
    frame: pd.DataFrame,
    path: Any,
    by: str | None = None,
    *,
    title: str = "A comparison of models",
    question: str | None = None,
    most: int = 500,
    draws: Draws | None = None,
    overwrite: bool = False,
) -> Path:
    """Write the file and give its path; `most` answers are in it. A report that is there is replaced."""
    _check_words(title, most)
    file = path_of(path, like="report.html")
    if file.suffix.lower() not in _SUFFIXES:
        raise InvalidParameterError(
            f"{str(file)!r} does not end with .html, and a report is a page: call it {file.stem + '.html'!r} "
            "(the table itself is written by .to_csv and .llm.to_excel)"
        )
    # A file goes further than a notebook: keys that were typed into a prompt, or repeated, are not in it.
    mask = mask_of_files()
    candidates = Candidates.of(frame)
    status = candidates.names["status"]
    told = (
        f"{len(frame)} calls of {len(candidates.order)} models, {int((status == 'ok').sum())} answered, "
        f"{int((status == 'error').sum())} failed; run {', '.join(candidates.names['run_id'].unique())}; "
        f"written {datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    )
    parts = [
        f"<section><h2>{heading}</h2>{content}</section>"
        for heading, content in _parts(
            frame, candidates, by, question=question, most=most, draws=draws or Draws(), mask=mask
        )
    ]
    page = _PAGE.format(
        made_by=_MADE_BY, policy=_POLICY.format(script_hash()), title=text(mask(title)), told=text(told),
        style=STYLE + _STYLE, parts="\n".join(parts), script=SCRIPT,
    )  # fmt: skip
    # Half a surrogate pair cannot be written.
    return put(file, page.encode(errors="replace"), _KIND, overwrite=overwrite)


def _check_words(title: object, most: object) -> None:
    check_text("title", title, "give the heading of the page as a text")
    if type(most) is not int or most < 0:
        raise InvalidParameterError(f"most is {short(most)}: it must be a number of answers, from 0")


def _is_report(file: Path) -> bool:
    return _MADE_BY.encode() in read_regular(file, most=_LONGEST)[:_HEAD]


_KIND = Kind(name="report", is_one=_is_report)


def _parts(
    frame: pd.DataFrame,
    candidates: Candidates,
    by: str | None,
    *,
    question: str | None,
    most: int,
    draws: Draws,
    mask: Callable[[str], str],
) -> Iterator[tuple[str, str]]:
    yield "Models", _table(summary(frame, by, draws=draws), mask)
    said = verdicts.of(frame)
    if by is not None:
        name = text(mask(by))
        yield (
            f"Ranking by {name}",
            _ranking(frame, by, draws, mask)
            if is_contested(frame, by)
            else f"<p>No two models have a {name} for the same prompt: there is nobody to rank.</p>",
        )
    if not said.empty:
        yield "Ranking by verdicts", _ranking(frame, None, draws, mask)
    if importlib.util.find_spec("matplotlib") is not None:
        with unheard():
            # It ranks as well, and what is to be said of that was said above.
            image = base64.b64encode(png(plot(frame, by, draws=draws))).decode()
        yield (
            "Figures",
            f'<img alt="quality, time and cost of each model" src="data:image/png;base64,{image}">',
        )
    if (said["status"] == "ok").any():
        yield "Judges", _table(bias(frame, draws=draws), mask) + _agreement(frame, mask)
    failed = errors(frame)
    if len(failed):
        told = failed.drop(columns=f"{candidates.names.prefix}cell_id")
        yield "What has no answer", _table(told, mask)
    asked = [mask(each) for each in questions(candidates.names, question)]
    yield "Answers", _answers(candidates, asked, most, mask)


def _ranking(frame: pd.DataFrame, by: str | None, draws: Draws, mask: Callable[[str], str]) -> str:
    ranked = rank(frame, by=by, draws=draws)
    html = _table(ranked, mask)
    if len(ranked) > 1:
        html += "<p>Differences over the same prompts, corrected for their number (Holm):</p>"
        html += _table(differences(frame, by=by, draws=replace(draws, resamples=_RESAMPLES)), mask)
    return html


def _agreement(frame: pd.DataFrame, mask: Callable[[str], str]) -> str:
    agreed = agreement(frame)
    return f"<p>How they agree:</p>{_table(agreed, mask)}" if len(agreed) else ""


def _table(frame: pd.DataFrame, mask: Callable[[str], str]) -> str:
    return table_html(keyless(frame, mask))


def _answers(candidates: Candidates, asked: list[str], most: int, mask: Callable[[str], str]) -> str:
    answers = [mask(str(answer)) for answer in candidates.names["answer"].tolist()[:most]]
    status = candidates.names["status"].tolist()
    errors_said = [mask(str(error)) for error in candidates.names["error"].tolist()[:most]]
    labels = [mask(str(label)) for label in candidates.label.tolist()[:most]]
    by_unit: dict[int, list[int]] = {}
    for at, unit in enumerate(candidates.unit.tolist()[:most]):
        by_unit.setdefault(unit, []).append(at)
    made: list[str] = []
    for rows in by_unit.values():
        articles = [
            f"<article><h3>{text(labels[at])}</h3>"
            + (safe_html(answers[at]) if status[at] == "ok" else f"<p>{text(errors_said[at])}</p>")
            + "</article>"
            for at in rows
        ]
        opened = " open" if not made else ""
        head = f'<summary><b dir="auto">{text(asked[rows[0]])}</b></summary>'
        made.append(f"<details{opened}>{head}{''.join(articles)}</details>")
    left = len(status) - most
    if left > 0:
        made.append(f"<p>{left} more answers are not in this file: raise most=.</p>")
    return "".join(made)
