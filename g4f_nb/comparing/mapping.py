"""One prompt for every row of a table or column: the answers come back as columns beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from g4f_nb.comparing import columns, templates, typed
from g4f_nb.comparing.axes import values_of
from g4f_nb.comparing.entry import run_of
from g4f_nb.comparing.frames import RUN
from g4f_nb.comparing.given import ModelName, as_frame, named_prompts
from g4f_nb.comparing.slips import has_column, no_column
from g4f_nb.entering import check_text
from g4f_nb.errors import InvalidParameterError
from g4f_nb.halves import sound
from g4f_nb.providers.models.model import one_named
from g4f_nb.secret import Veiled
from g4f_nb.typed.wanted import Wanted

if TYPE_CHECKING:
    import pandas as pd


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
    options, model = _checked(options), one_named(model)
    table, asked = _tables(data)
    return _beside(
        table, _Wish(asked, _one_prompt(prompt), into, f"{into}_error", schema), model, progress=progress,
        options=options,
    )  # fmt: skip


def extract(
    data: pd.DataFrame | pd.Series[Any],
    column: Any,
    schema: Mapping[str, Any] | Any,
    model: ModelName | None = None,
    *,
    into: str = "answer",
    prompt: str | None = None,
    progress: bool = True,
    **options: Any,
) -> pd.DataFrame:
    """Read facts out of a column of texts: a column for each field of the schema.

    Where nothing could be read, the column's name + "_error" says why. `prompt` is another way to ask.

        df.llm.extract("review", {"city": str, "stars": int}, "Demo")
    """
    options, model = _checked(options), one_named(model)
    table, asked = _tables(data)
    if hasattr(data, "columns"):
        if not has_column(data, column):
            raise no_column(data, column)
        text = data[column]
    else:
        text, column = data, table.columns[0]
    if prompt is None:
        # The column under its own name, if that can stand in braces.
        name = str(column) if str(column).isidentifier() else "text"
        prompt, asked = f"Read this out of the text below.\n\n{{{name}}}", text.to_frame(name)
    named = column if into == "answer" and typed.is_table(Wanted.of(schema)) else into
    wish = _Wish(asked, prompt, into, f"{named}_error", schema)
    return _beside(table, wish, model, progress=progress, options=options)


@dataclass(frozen=True, slots=True)
class _Wish:
    """What is asked about which table, and where it shall go."""

    asked: pd.DataFrame
    prompt: Any
    into: str
    reason: str
    schema: Any


def _beside(
    table: pd.DataFrame, wish: _Wish, model: ModelName | None, *, progress: bool, options: Veiled
) -> pd.DataFrame:
    wanted = None if wish.schema is None else Wanted.of(wish.schema)
    _check_into(wish.into)
    new = _new_names(wish.into, wanted)
    clash = sorted({*map(str, table.columns)} & {*new.values(), wish.reason})
    if clash:
        raise InvalidParameterError(
            f"the table has a column {clash[0]!r} already, where an answer would go: name another with "
            "into=, or take that one out (drop(columns=…))"
        )
    if table.empty and len(table.columns):
        return _without_rows(table, wish, wanted)
    run = run_of(
        wish.prompt, model if model is None else [model], data=wish.asked, schema=wish.schema,
        prefix=_free_prefix(wish.asked), progress=progress, options=options,
    )  # fmt: skip
    values = run.columns.lists
    answers = {} if wanted is None else typed.columns_of(wanted, values["parsed"])
    result = table.copy()
    for name, made in new.items():
        result[made] = answers[name].array if answers else columns.series(name, values[name]).array
    result[wish.reason] = columns.series("error", _reasons(values)).array
    result.attrs[RUN] = run.run_id
    return result


def _free_prefix(asked: pd.DataFrame) -> str:
    """What keeps the columns of the kept run, as `nb.attach` shows it, apart from the table's."""
    taken = {*map(str, asked.columns)}
    prefix = ""
    while taken & {prefix + name for name in (*columns.PLACE, *columns.OUTCOME)}:
        prefix += "llm_"
    return prefix


def _without_rows(table: pd.DataFrame, wish: _Wish, wanted: Wanted | None) -> pd.DataFrame:
    """A filter that leaves nothing is no reason to fail: the same columns, and nobody is asked."""
    for name, prompt in named_prompts(wish.prompt).items():
        templates.check_names(name, prompt, list(map(str, wish.asked.columns)))
    empty = {} if wanted is None else typed.columns_of(wanted, [])
    result = table.copy()
    for name, made in _new_names(wish.into, wanted).items():
        result[made] = empty.get(name, columns.series("answer", [])).array
    result[wish.reason] = columns.series("error", []).array
    return result


def _checked(options: Mapping[str, Any]) -> Veiled:
    for name in ("data", "models", "repeats", "cross", "zip", "dry_run", "prefix"):
        if name in options:
            raise InvalidParameterError(f"{name}= belongs to nb.compare: here one prompt is asked once a row")
    params = options.get("params")
    if isinstance(params, Mapping) and any(varies for _, varies in values_of(params, Veiled()).values()):
        raise InvalidParameterError(
            "params= holds a list, and here one prompt is asked once a row: give one value, or use nb.compare"
        )
    return Veiled(options)


def _tables(data: Any) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The table that comes back, and the one that a prompt's names are looked up in."""
    import pandas as pd

    if isinstance(data, list | tuple) and not any(isinstance(each, Mapping) for each in data):
        data = pd.Series(list(data), name="value", dtype=None if data else "object")
    table = as_frame(data)
    if table is None:
        raise InvalidParameterError("there is no data: give a DataFrame or a Series")
    if not isinstance(data, pd.Series):
        return table, table
    # Of a column on its own, `{value}` is always a name.
    return table, table if "value" in map(str, table.columns) else table.assign(value=data)


def _one_prompt(prompt: Any) -> Any:
    if len(named_prompts(prompt)) > 1:
        raise InvalidParameterError(
            "there are several prompts: here one is asked about every row; nb.compare(prompts, models, "
            "data=…) asks several"
        )
    return prompt


def _check_into(into: object) -> None:
    """Before anybody is asked: an answer that has no column is paid for all the same."""
    way_out = "give the name of the column for the answers, like 'answer'"
    check_text("into", into, way_out)
    if not into or sound(str(into)) != into:
        fault = "has half of a surrogate pair, which no table can hold" if into else "is empty"
        raise InvalidParameterError(f"into {fault}: {way_out}")


def _new_names(into: str, wanted: Wanted | None) -> dict[str, str]:
    """Which columns of the comparison become which of the table."""
    if wanted is None:
        return {"answer": into}
    if not typed.is_table(wanted):
        return {typed.VALUE: into}
    return {name: name if into == "answer" else f"{into}_{name}" for name in typed.fields_of(wanted)}


def _reasons(values: Mapping[str, list[Any]]) -> list[str | None]:
    """Why a row has no answer: its failure, or what does not fit the schema."""
    return [
        unfit if status == "ok" else error or status or "cancelled"
        for status, error, unfit in zip(values["status"], values["error"], values["parse_error"], strict=True)
    ]
