"""`.llm` on DataFrames: what can be done with a result, and with any table of texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from g4f_nb.comparing import again, keeping, mapping
from g4f_nb.comparing.given import ModelName
from g4f_nb.comparing.slips import tells_slips
from g4f_nb.comparing.viewing import Names, against, errors, wide
from g4f_nb.errors import InvalidParameterError
from g4f_nb.judging import diagnostics, grading, judges, ranking, scoring, significance, summaries
from g4f_nb.judging import verdicts as verdict_table
from g4f_nb.judging.resampling import Draws
from g4f_nb.providers.models.model import one_named, several_named
from g4f_nb.secret import Veiled
from g4f_nb.tables import TableOfMethods

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from g4f_nb.panels.rating_panel import RatingPanel
    from g4f_nb.presenting.charts import Chart
    from g4f_nb.presenting.differences import Differences
    from g4f_nb.presenting.sheets import Sheet


@tells_slips(".llm")
class TableMethods(TableOfMethods):
    """The methods of `frame.llm`."""

    _title = ".llm: what can be done with this table"

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame

    def map(self, prompt: Any, model: ModelName | None = None, **options: Any) -> pd.DataFrame:
        """`nb.map_prompts` of this table: the answers as columns beside it."""
        options, model = Veiled(options), one_named(model)
        return mapping.map_prompts(self._frame, prompt, model, **options)

    def extract(
        self, column: str, schema: Any, model: ModelName | None = None, **options: Any
    ) -> pd.DataFrame:
        """Facts out of a column of texts: a column for each field of the schema."""
        options, model = Veiled(options), one_named(model)
        return mapping.extract(self._frame, column, schema, model, **options)

    def wide(self, values: str = "answer") -> pd.DataFrame:
        """A row a prompt (or data row), a column a model: the answers, or another column, side by side."""
        return wide(self._frame, values, labelled=keeping.labelled(self._frame))

    def errors(self) -> pd.DataFrame:
        """The calls that gave no answer: who, what, why."""
        return errors(self._frame)

    def retry(self, *, progress: bool = True, **changes: Any) -> pd.DataFrame:
        """This result with everything asked again that failed; `timeout=` and the like may change.

        Columns that were added to the result stay, rows that were taken out stay out.
        """
        changes = Veiled(changes)
        names = Names.of(self._frame)
        if self._frame.empty:
            return self._frame.copy()
        made = again.retry(names.run_id, progress=progress, **changes)
        return names.as_before(made)

    def raw(self, cell_id: str) -> dict[str, Any]:
        """What was sent for one cell and what came."""
        return keeping.raw(cell_id)

    def against(self, old: pd.DataFrame) -> pd.DataFrame:
        """What changed since an older result: the same cells side by side, and whether they differ."""
        return against(self._frame, old)

    def score(
        self,
        function: scoring.Scorer | None = None,
        *,
        contains: Any = None,
        regex: str | None = None,
        json_valid: bool | None = None,
        exact: Any = None,
        similarity: Any = None,
        into: str = "score",
        case: bool = False,
        failed: float | None = None,
    ) -> pd.DataFrame:
        """This result with a number for each answer in the column `into`.

        By one of: `contains=` a text, `regex=`, `json_valid=True`, `exact=` the whole answer, `similarity=`
        (0 to 1), where a text that names a column is its value in each row; or a function of the answer, or
        of the answer and its row. Case and runs of blanks do not count, unless `case=True`. A call that
        failed has no score, or the one that `failed=` says.
        """
        criterion = scoring.Criterion(
            function=function, contains=contains, regex=regex, json_valid=json_valid, exact=exact,
            similarity=similarity,
        )  # fmt: skip
        return scoring.score(self._frame, criterion, into=into, case=case, failed=failed)

    def judge(
        self,
        model: Sequence[ModelName] | ModelName,
        *,
        criteria: str = judges.CRITERIA,
        both_orders: bool = True,
        baseline: str | None = None,
        reference: str | None = None,
        question: str | None = None,
        **options: Any,
    ) -> pd.DataFrame:
        """Let a model, or several, say which of every two answers is better; one row a verdict.

        Each pair is asked in both orders, without the names of the models. `baseline` compares all others
        with one model; `reference` names a column with the right answer. The options are those of
        `nb.compare`: answers are kept, an interrupt returns what there is, `budget=`, `prices=`, `dry_run=`.
        The verdicts are kept with the run: `.llm.verdicts()`, `.llm.rank()`.
        """
        options, model = Veiled(options), several_named(model)
        return judges.judge(
            self._frame, model, criteria=criteria, both_orders=both_orders, baseline=baseline,
            reference=reference, question=question, options=options,
        )  # fmt: skip

    def grade(
        self,
        model: Sequence[ModelName] | ModelName,
        criteria: str | Mapping[str, str],
        *,
        scale: grading.Scale = (1, 5),
        into: str = "grade",
        question: str | None = None,
        **options: Any,
    ) -> pd.DataFrame:
        """This result with grades that a model (or several) gives to each answer by itself."""
        options, model = Veiled(options), several_named(model)
        return grading.grade(
            self._frame, model, criteria, scale=scale, into=into, question=question, options=options
        )

    def verdicts(self) -> pd.DataFrame:
        """All verdicts on these answers that were ever given, by models and by people."""
        return verdict_table.kept(self._frame)

    def vote(
        self, better: str, worse: str, *, tie: bool = False, judge: str = "human", reason: str = ""
    ) -> pd.DataFrame:
        """Add a person's verdict on two cells, given by their `cell_id`; gives all verdicts."""
        return verdict_table.vote(self._frame, better, worse, tie=tie, judge=judge, reason=reason)

    def rate(
        self,
        *,
        blind: bool = True,
        judge: str = "human",
        seed: int | None = 0,
        question: str | None = None,
        height: str = "34rem",
    ) -> RatingPanel:
        """Judge these answers yourself: a panel with two at a time, without the names of their models.

        Pairs and sides are shuffled by `seed`. Votes are kept at once, under the name `judge`, and
        `.llm.rank()` takes them in (`judge="human"` ranks by them alone); a later panel goes on where this
        one was left.
        Without a notebook to show it in it is an error: `.llm.vote` is for scripts.
        """
        from g4f_nb import frontend

        if not frontend.in_kernel():
            raise InvalidParameterError(
                "there is no notebook here to show answers in: call it in a notebook, or keep verdicts with "
                ".llm.vote(better, worse), which takes two values of the column cell_id"
            )
        from g4f_nb.panels.rating_panel import RatingPanel

        return RatingPanel(self._frame, blind=blind, judge=judge, seed=seed, question=question, height=height)

    def rank(
        self,
        *,
        by: str | None = None,
        judge: str | Sequence[str] | None = None,
        control: str | Sequence[str] = (),
        resamples: int = 1000,
        level: float = 0.95,
        seed: int | None = None,
    ) -> pd.DataFrame:
        """The models from the strongest to the weakest, with intervals and shared ranks.

        From the verdicts on these answers (of `judge` alone, if named), or from the scores in the column
        `by`. `control=["length", "position"]` takes out what those did to the verdicts. `resamples`
        and `seed` (else that of `nb.compare`) are for what is drawn where somebody has won always.
        """
        draws = self._draws(resamples, seed, level)
        return ranking.rank(self._frame, by=by, judge=judge, control=control, draws=draws)

    def test(
        self,
        *,
        by: str | None = None,
        judge: str | Sequence[str] | None = None,
        resamples: int = 10_000,
        level: float = 0.95,
        seed: int | None = None,
    ) -> pd.DataFrame:
        """Whether models differ by more than chance: every two over the same prompts, Holm-corrected."""
        draws = self._draws(resamples, seed, level)
        return significance.differences(self._frame, by=by, judge=judge, draws=draws)

    def bias(self, *, resamples: int = 1000, level: float = 0.95, seed: int | None = None) -> pd.DataFrame:
        """What position and length do to each judge's verdicts, and how often it contradicts itself."""
        draws = self._draws(resamples, seed, level)
        return diagnostics.bias(self._frame, draws=draws)

    def agreement(self) -> pd.DataFrame:
        """How often every two judges (people among them) agree: plainly, and as Cohen's kappa."""
        return diagnostics.agreement(self._frame)

    def summary(self, by: str | None = None) -> pd.DataFrame:
        """One row a model: calls, failures, times, cost, and the mean of the scores in the column `by`."""
        return summaries.summary(self._frame, by, draws=self._draws(1000, None, 0.95))

    def _draws(self, resamples: int, seed: int | None, level: float) -> Draws:
        given = keeping.seed_of(self._frame) if seed is None else seed
        return Draws(resamples=resamples, seed=given, level=level)

    def diff(self, one: str | None = None, other: str | None = None) -> Differences:
        """What is different, word by word, between the answers of two models (else of the first two)."""
        from g4f_nb.presenting.differences import diff

        return diff(self._frame, one, other)

    def plot(self, by: str | None = None, *, against: str = "latency_s") -> Chart:
        """Quality (the column `by`, or the verdicts), time and cost with intervals, and every answer's time.

        `against` is "latency_s", "ttft_s" or "cost_usd". Needs the extra "plots".
        """
        from g4f_nb.presenting.charts import Chart
        from g4f_nb.presenting.plotting import plot

        return Chart(plot(self._frame, by, against=against, draws=self._draws(1000, None, 0.95)))

    def view(self, columns: Sequence[str] | None = None, *, page: int = 25, most: int = 500) -> Sheet:
        """This table to look through: in pages, sorted by a click on a column's name, all of it text."""
        from g4f_nb.presenting.sheets import sheet

        return sheet(self._frame, columns, page=page, most=most)

    def report(
        self,
        path: Any,
        by: str | None = None,
        *,
        title: str = "A comparison of models",
        question: str | None = None,
        most: int = 500,
        overwrite: bool = False,
    ) -> Path:
        """Write one HTML file that needs nothing else: tables, ranking, figures, failures, answers.

        `question` names a column that holds what was asked, where the run is not kept any more. A report that
        was written there before is replaced, any other file only with `overwrite`.
        """
        from g4f_nb.presenting.reporting import report

        return report(
            self._frame, path, by, title=title, question=question, most=most,
            draws=self._draws(1000, None, 0.95), overwrite=overwrite,
        )  # fmt: skip

    def to_excel(self, path: Any, *, overwrite: bool = False, **options: Any) -> Any:
        """Write it to an Excel file: times without zones, and no text that Excel would run as a formula.

        A table that was written there before is replaced, any other file only with `overwrite`. Other options
        are those of pandas.
        """
        from g4f_nb.comparing.exporting import to_excel

        return to_excel(self._frame, path, overwrite=overwrite, **options)
