"""One prompt for every row of a table or column: the answers come back as columns beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from g4f_nb.comparing import columns, typed
from g4f_nb.comparing.entry import compare
from g4f_nb.comparing.frames import RUN
from g4f_nb.comparing.grid import ModelName, as_frame
from g4f_nb.errors import InvalidParameterError
from g4f_nb.secret import Veiled
from g4f_nb.wanted import Wanted

if TYPE_CHECKING:
    import pandas as pd

_OURS = "__llm__"


def map_prompts(
    data: pd.DataFrame | pd.Series[Any],
    prompt: Any,
    model: ModelName | None = None,
    *,
    into: str = "answer",
    schema: Any = None,
    progress: bool = True,
    **options: Any,
) -> pd.DataFrame:
    """Ask about every row; the table comes back with the answers as columns, its index and types kept.

    `{column}` in the prompt is the row's value; of a Series it is its name, or `{value}`. The answer is in
    the column `into`; with `schema` it has the schema's type, or there is a column for each of its fields.
    Where there is no answer it is missing, and `into` + "_error" says why. The options are those of
    `nb.compare`: `system=`, `temperature=`, `cache=`, `limits=`, `budget=`…

        nb.map_prompts(reviews, "Classify as good or bad: {text}", "groq:openai/gpt-oss-20b", into="label")
    """
    options = Veiled(options)
    for name in ("data", "models", "repeats", "params", "zip", "dry_run", "prefix"):
        if name in options:
            raise InvalidParameterError(f"{name}= belongs to nb.compare: here one prompt is asked once a row")
    table = as_frame(data)
    if table is None:
        raise InvalidParameterError("there is no data: give a DataFrame or a Series")
    wanted = None if schema is None else Wanted.of(schema)
    made = _new_names(into, wanted)
    columns.check_free(map(str, table.columns), [*made.values(), f"{into}_error"], what="the column")
    asked = compare(
        prompt, model if model is None else [model], data=table, schema=schema, prefix=_OURS,
        progress=progress, **options,
    )  # fmt: skip
    result = table.copy()
    for name, new in made.items():
        result[new] = asked[name].array
    result[f"{into}_error"] = _reasons(asked).array
    result.attrs[RUN] = asked.attrs[RUN]
    return result


def _new_names(into: str, wanted: Wanted | None) -> dict[str, str]:
    """Which columns of the comparison become which of the table."""
    if wanted is None:
        return {f"{_OURS}answer": into}
    if wanted.wrapped:
        return {typed.VALUE: into}
    return {name: name if into == "answer" else f"{into}_{name}" for name in typed.fields_of(wanted)}


def extract(
    data: pd.DataFrame,
    column: str,
    schema: Mapping[str, Any] | Any,
    model: ModelName | None = None,
    **options: Any,
) -> pd.DataFrame:
    """Read facts out of a column of texts: a column for each field of the schema.

    df.llm.extract("review", {"city": str, "stars": int}, "Demo")
    """
    options = Veiled(options)
    if column not in data.columns:
        raise InvalidParameterError(
            f"there is no column {column!r}: there are {', '.join(map(repr, data.columns))}"
        )
    prompt = f"Read this out of the text below.\n\n{{{column}}}"
    return map_prompts(data, options.pop("prompt", prompt), model, schema=schema, **options)


def _reasons(asked: pd.DataFrame) -> pd.Series[Any]:
    """Why a row has no answer: its failure, or what does not fit the schema."""
    reasons = asked[f"{_OURS}error"].where(asked[f"{_OURS}status"] != "ok")
    reasons = reasons.fillna(asked[f"{_OURS}status"].where(asked[f"{_OURS}status"] != "ok"))
    if f"{_OURS}parse_error" in asked:
        reasons = reasons.fillna(asked[f"{_OURS}parse_error"])
    return reasons
