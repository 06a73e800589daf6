"""Views of a result: side by side, its failures, and beside an older one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from g4f_nb.comparing.columns import OUTCOME, PLACE
from g4f_nb.comparing.rowlabels import called_by_what_was_asked
from g4f_nb.comparing.slips import no_column
from g4f_nb.errors import InvalidParameterError, short, sort_of

if TYPE_CHECKING:
    import pandas as pd

# What every view needs of a result.
_NEEDED = ("run_id", "cell_id", "status", "row", "repeat", "provider", "model", "prompt_id", "answer")
# Columns of our own while a view is made, whose names no user has.
_MODEL, _VALUES, _AGAIN = "__model__", "__values__", "__again__"


@dataclass(frozen=True, slots=True)
class Names:
    """A result's columns under the names that they have there, whatever its prefix."""

    frame: pd.DataFrame
    prefix: str

    @classmethod
    def of(cls, frame: pd.DataFrame) -> Names:
        """Find the prefix; a table that is no result is refused."""
        there = {*map(str, frame.columns)}
        for name in (*there, *map(str, frame.index.names)):
            prefix = name.removesuffix("cell_id")
            if prefix == name or f"{prefix}status" not in there:
                continue
            missing = [each for each in _NEEDED if prefix + each not in there]
            if missing:
                raise InvalidParameterError(
                    f"the result has no column {prefix + missing[0]!r} any more: leave it in, or take it "
                    "out of the index with reset_index()"
                )
            return cls(frame, prefix)
        raise InvalidParameterError(
            "this table is no result of nb.compare: its columns run_id, cell_id and status are missing (what "
            "nb.map_prompts could not answer is asked again by running it again)"
        )

    def __getitem__(self, name: str) -> pd.Series[str]:
        return self.frame[self.prefix + name]

    @property
    def run_id(self) -> str:
        """The one run that all rows are of."""
        found = self["run_id"].unique().tolist()
        if len(found) != 1:
            raise InvalidParameterError(f"the rows are of {len(found)} runs: take those of one run_id")
        return str(found[0])

    def varied(self) -> list[str]:
        """The columns between the place and the outcome: varied parameters and data."""
        names = [str(name) for name in self.frame.columns]
        begin = names.index(f"{self.prefix}prompt_id") + 1
        end = names.index(f"{self.prefix}answer")
        return names[begin:end]

    def as_before(self, made: pd.DataFrame) -> pd.DataFrame:
        """A newer frame of the same run with the rows, their order and the added columns of this one."""
        key = f"{self.prefix}cell_id"
        rows = made.set_index(key).loc[self.frame[key].tolist()].reset_index()[list(made.columns)]
        rows.index = self.frame.index
        for name in self.frame.columns:
            if name not in rows.columns:
                rows[name] = self.frame[name]
        rows.attrs = dict(self.frame.attrs)
        return rows


def wide(
    frame: pd.DataFrame, values: str = "answer", *, labelled: Collection[tuple[str, str]] = ()
) -> pd.DataFrame:
    """A row a prompt or data row, a column a model (and parameters and repeat, where there are several).

    `labelled` are the providers and models that have a name of the user's own, which stands alone.
    """
    names = Names.of(frame)
    if not isinstance(values, str):
        raise InvalidParameterError(
            f"values is {short(values)}: it must be the name of a column, like 'latency_s'"
        )
    column = values if values in frame.columns else names.prefix + values
    if column not in frame.columns:
        raise no_column(frame, values)
    data = frame.copy()
    for name in names.varied():
        data[name] = comparable(data[name])
    data[_MODEL] = model_names(names, labelled)
    across = [_MODEL]
    if len(data[names.prefix + "repeat"].unique()) > 1:
        across.append(names.prefix + "repeat")
    down = [names.prefix + "prompt_id"]
    if data[names.prefix + "row"].notna().any():
        down = [names.prefix + "row", *down]
    # A varied parameter belongs to the columns; data and prompts go with the rows.
    per_row = data.groupby(down, dropna=False, observed=True)[names.varied()].nunique(dropna=False).max()
    across += [name for name in names.varied() if per_row[name] > 1]
    # Cells that nothing tells apart, as after pd.concat of two runs: each has a column of its own.
    again = data.groupby([*down, *across], dropna=False, observed=True).cumcount()
    data[_MODEL] = data[_MODEL].where(again == 0, data[_MODEL] + " (" + (again + 1).astype("string") + ")")
    data[_VALUES] = frame[column]
    made = data.pivot(index=down, columns=across, values=_VALUES)  # noqa: PD010  # each cell once, so nothing to aggregate
    order = data[across].drop_duplicates()
    keys = list(order.itertuples(index=False, name=None)) if len(across) > 1 else order[_MODEL].tolist()
    made = made[keys]
    made.columns.names = ["model" if name == _MODEL else name for name in across]
    fixed = [name for name in names.varied() if name not in across]
    return called_by_what_was_asked(made, data, down, fixed, prompt=f"{names.prefix}prompt")


def model_names(names: Names, labelled: Collection[tuple[str, str]]) -> pd.Series[Any]:
    """What each row's model is called: "provider:model", or the name that the user gave it, alone."""
    import pandas as pd

    provider, model = (names[name].astype("string") for name in ("provider", "model"))
    full = provider.str.cat(model.fillna(""), sep=":").str.removesuffix(":")
    pairs = set(zip(provider, model, strict=True))
    # A name that the user gave twice tells nobody apart.
    several = {own for own, count in Counter(own for _, own in pairs).items() if count > 1}
    alone = {pair for pair in labelled if pair[1] not in several}
    shown = [
        own if (service, own) in alone else name
        for service, own, name in zip(provider, model, full, strict=True)
    ]
    made: pd.Series[Any] = pd.Series(shown, index=names.frame.index, dtype="string")
    return made


def comparable(column: pd.Series[Any]) -> pd.Series[Any]:
    """Values that can be grouped and matched: of dicts, lists and the like their text."""
    try:
        column.nunique()
    except (TypeError, ValueError, NotImplementedError):
        # Unhashable, or half of a surrogate pair, or a type that Arrow cannot tell apart.
        return column.map(repr, na_action=None).astype("object")
    return column


def errors(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows without an answer, and of them what tells why."""
    names = Names.of(frame)
    kept = [
        "cell_id",
        "provider",
        "model",
        "prompt_id",
        "row",
        "status",
        "error_type",
        "error",
        "http_status",
        "attempts",
    ]
    failed = frame[names["status"] != "ok"]
    return failed[[names.prefix + name for name in kept]]


def against(frame: pd.DataFrame, old: pd.DataFrame) -> pd.DataFrame:
    """The same cells of two results side by side: provider, model, prompt, row, parameters and repeat."""
    import pandas as pd

    if not isinstance(old, pd.DataFrame):
        raise InvalidParameterError(f"old is {sort_of(old)}: it must be an older result, see nb.attach()")
    new_names, old_names = Names.of(frame), Names.of(old)
    keys = ["provider", "model", "prompt_id", "row", "repeat"]
    shared = [name for name in new_names.varied() if name in old_names.varied() and name != "prompt"]
    # A column of the user's may have the name of a result column, where those have a prefix.
    apart = {name: f"data_{name}" if name in (*PLACE, *OUTCOME) else name for name in shared}
    compared = ["answer", "status", "latency_s", "out_tokens", "cost_usd"]

    def part(names: Names) -> pd.DataFrame:
        place = {key: names[key] for key in keys}
        given = {apart[name]: comparable(names.frame[name]) for name in shared}
        made = pd.DataFrame({**place, **given, **{name: names[name] for name in compared}})
        # The second of two cells that nothing tells apart belongs to the second of the others.
        made[_AGAIN] = made.groupby([*keys, *given], dropna=False, observed=True).cumcount()
        return made

    made = part(new_names).merge(
        part(old_names),
        on=[*keys, *apart.values(), _AGAIN],
        how="outer",
        suffixes=("", "_old"),
        indicator="_side",
    )
    both = made["_side"] == "both"
    same = made["answer"].eq(made["answer_old"]) | (made["answer"].isna() & made["answer_old"].isna())
    made["changed"] = (~same.fillna(value=False)).where(both).astype("boolean")
    made["only_in"] = (
        made["_side"].map({"both": None, "left_only": "new", "right_only": "old"}).astype("string")
    )
    return made.drop(columns=["_side", _AGAIN])
