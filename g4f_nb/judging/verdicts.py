"""The one table of verdicts: which of two answers is better, said by a model or by a person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from g4f_nb.comparing.viewing import Names
from g4f_nb.entering import check_text
from g4f_nb.errors import InvalidParameterError
from g4f_nb.judging.candidates import Candidates
from g4f_nb.store import store

if TYPE_CHECKING:
    import pandas as pd

_TEXT, _WHOLE, _REAL = "string", "Int64", "Float64"
COLUMNS: Mapping[str, str] = {
    "run_id": _TEXT,
    # The two cells; `a` is the one whose model comes first in the result.
    "pair": _TEXT,
    "judge": _TEXT,
    "turn": _WHOLE,
    "prompt_id": _TEXT,
    "row": _WHOLE,
    "repeat": _WHOLE,
    "cell_a": _TEXT,
    "cell_b": _TEXT,
    "model_a": _TEXT,
    "model_b": _TEXT,
    "shown_first": _TEXT,
    "winner": _TEXT,
    "winner_model": _TEXT,
    "reason": _TEXT,
    "chars_a": _WHOLE,
    "chars_b": _WHOLE,
    "same_family": "boolean",
    # "ok" as given, "same" where the answers are alike and nobody was asked, else why there is no verdict.
    "status": _TEXT,
    "error": _TEXT,
    "cost_usd": _REAL,
    "latency_s": _REAL,
    "in_tokens": _WHOLE,
    "out_tokens": _WHOLE,
    "cached": "boolean",
    "given_at": "datetime64[ns, UTC]",
}
_KEYS = ("run_id", "pair", "judge", "turn")
WINNERS = ("a", "b", "tie")
HUMAN = "human"


def table(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Verdicts as a tidy frame, in nullable types."""
    import pandas as pd

    made: dict[str, Any] = {}
    for name, kind in COLUMNS.items():
        values = [row.get(name) for row in rows]
        if kind.startswith("datetime"):
            seconds = pd.to_datetime(pd.array(values, dtype="Float64"), unit="s", utc=True)
            made[name] = pd.Series(seconds).dt.as_unit("ns")
        else:
            made[name] = pd.Series(values, dtype=kind)
    return pd.DataFrame(made)


def is_table(frame: pd.DataFrame) -> bool:
    """Whether these are verdicts (and not a result that may be judged)."""
    return {"judge", "model_a", "model_b", "winner", "pair"} <= set(frame.columns)


def keep(rows: Iterable[Mapping[str, Any]]) -> None:
    """Put verdicts into the store, each in the place of an earlier one on the same pair in the same turn."""
    by_run: dict[str, list[tuple[str, str, int, Mapping[str, Any]]]] = {}
    for row in rows:
        record = {
            name: value
            for name, value in row.items()
            if value is not None and name not in (*_KEYS, "given_at")
        }
        by_run.setdefault(row["run_id"], []).append((row["pair"], row["judge"], row["turn"], record))
    for run_id, kept in by_run.items():
        store().verdicts.keep(run_id, kept)


def drop(row: Mapping[str, Any]) -> None:
    """Take a verdict back, as if it had never been given."""
    store().verdicts.drop(row["run_id"], row["pair"], row["judge"], row["turn"])


def kept(frame: pd.DataFrame) -> pd.DataFrame:
    """All verdicts on the answers of a result, from models and from people."""
    names = Names.of(frame)
    cells = set(names["cell_id"])
    rows = [
        {"run_id": run_id, **row}
        for run_id in names["run_id"].unique().tolist()
        for row in store().verdicts.of(str(run_id))
    ]
    # Rows that were taken out of the result take their verdicts with them.
    rows = [row for row in rows if row.get("cell_a") in cells and row.get("cell_b") in cells]
    return table(list(_named_anew(rows, frame) if rows else ()))


def _named_anew(rows: Iterable[Mapping[str, Any]], frame: pd.DataFrame) -> Iterator[Mapping[str, Any]]:
    """Verdicts with the names that the models have in this result, whatever they were called once."""
    candidates = Candidates.of(frame)
    named = dict(zip(candidates.names["cell_id"], candidates.label.astype(str), strict=True))
    for row in rows:
        said = {**row, "model_a": named[row["cell_a"]], "model_b": named[row["cell_b"]]}
        yield {**said, "winner_model": winner_model(said, row.get("winner"))}


def of(frame: pd.DataFrame, judge: str | Sequence[str] | None = None) -> pd.DataFrame:
    """The verdicts in a frame: itself, or those on its answers; of these judges alone, if some are named."""
    found = frame if is_table(frame) else kept(frame)
    if judge is not None:
        names = list(judge) if isinstance(judge, list | tuple | set) else [judge]
        for name in names:
            check_text("judge", name, "name one of the column judge of .llm.verdicts(), or a list of them")
        chosen = found[found["judge"].isin(names)]
        if chosen.empty:
            there = ", ".join(map(repr, found["judge"].unique())) or "none"
            raise InvalidParameterError(f"there is no verdict of {judge!r}: the judges are {there}")
        found = chosen
    return found[found["winner"].notna()].reset_index(drop=True)


def none_of(frame: pd.DataFrame) -> InvalidParameterError:
    """Why there is no verdict: nobody was asked, nobody had to be, or what was said was none."""
    said = frame if is_table(frame) else kept(frame)
    if said.empty:
        return InvalidParameterError(
            "there is no verdict on these answers (what a judge says amiss is not kept): ask a judge with "
            ".llm.judge(model), or name a column of scores with by= (.llm.score makes one)"
        )
    if (said["status"] == "same").all():
        return InvalidParameterError(
            "no judge was asked, for all answers to the same prompt are alike: compare models that answer "
            "otherwise"
        )
    counts = said["status"].value_counts()
    told = ", ".join(f"{count} {status}" for status, count in counts.items() if status != "same")
    return InvalidParameterError(
        f"no judge gave a verdict ({told}): the columns status and error say why; ask another judge with "
        ".llm.judge(model)"
    )


def place(candidates: Candidates, one: int, other: int) -> dict[str, Any]:
    """What is said of a pair before anybody has judged it."""
    import pandas as pd

    names = candidates.names
    rows = {name: names[name].tolist() for name in ("cell_id", "run_id", "prompt_id", "row", "repeat")}
    answers = names["answer"].tolist()
    said = {name: None if pd.isna(values[one]) else values[one] for name, values in rows.items()}
    labels = candidates.label.tolist()
    return {
        "run_id": said["run_id"],
        "pair": f"{rows['cell_id'][one]}|{rows['cell_id'][other]}",
        "prompt_id": said["prompt_id"],
        "row": said["row"],
        "repeat": said["repeat"],
        "cell_a": rows["cell_id"][one],
        "cell_b": rows["cell_id"][other],
        "model_a": labels[one],
        "model_b": labels[other],
        "chars_a": len(answers[one]),
        "chars_b": len(answers[other]),
    }


def vote(
    frame: pd.DataFrame, better: str, worse: str, *, tie: bool = False, judge: str = HUMAN, reason: str = ""
) -> pd.DataFrame:
    """Keep a person's verdict on two cells of a result; the later one on the same pair counts."""
    candidates = Candidates.of(frame)
    cells = {cell: at for at, cell in enumerate(candidates.names["cell_id"].tolist())}
    unknown = [cell for cell in (better, worse) if cell not in cells]
    if unknown:
        raise InvalidParameterError(f"the result has no cell {unknown[0]!r}: see its column cell_id")
    asked = {cells[better], cells[worse]}
    pair = next((each for each in candidates.meetings() if set(each) == asked), None)
    answers = candidates.names["answer"]
    if pair is None or answers.iloc[list(pair)].isna().any():
        raise InvalidParameterError(
            f"{better!r} and {worse!r} cannot be compared: both must have answered the same prompt"
        )
    winner = "tie" if tie else "a" if pair[0] == cells[better] else "b"
    said = place(candidates, *pair)
    row = {
        **said, "judge": judge, "turn": 0, "winner": winner, "reason": reason or None, "status": "ok",
        "winner_model": winner_model(said, winner),
    }  # fmt: skip
    keep([row])
    return kept(frame)


def winner_model(said: Mapping[str, Any], winner: str | None) -> str | None:
    """The model that a verdict is for."""
    return said[f"model_{winner}"] if winner in ("a", "b") else None
