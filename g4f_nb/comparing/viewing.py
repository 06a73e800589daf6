"""Views of a result: side by side, its failures, and beside an older one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from g4f_nb.comparing.columns import OUTCOME, PLACE
from g4f_nb.errors import InvalidParameterError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Names:
    """A result's columns under the names that they have there, whatever its prefix."""

    frame: pd.DataFrame
    prefix: str

    @classmethod
    def of(cls, frame: pd.DataFrame) -> Names:
        """Find the prefix; a table that is no result is refused."""
        for name in map(str, frame.columns):
            prefix = name.removesuffix("cell_id")
            if prefix != name and f"{prefix}status" in frame.columns and f"{prefix}run_id" in frame.columns:
                return cls(frame, prefix)
        raise InvalidParameterError(
            "this table is no result of nb.compare: its columns run_id, cell_id and status are missing"
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


def wide(frame: pd.DataFrame, values: str = "answer") -> pd.DataFrame:
    """A row a prompt or data row, a column a model (and parameters and repeat, where there are several)."""
    names = Names.of(frame)
    column = values if values in frame.columns else names.prefix + values
    if column not in frame.columns:
        raise InvalidParameterError(
            f"there is no column {values!r}: there are {', '.join(map(repr, frame.columns))}"
        )
    data = frame.copy()
    same_model = data[names.prefix + "model"].fillna("").astype("string")
    data["_model"] = data[names.prefix + "provider"].str.cat(same_model, sep=":").str.removesuffix(":")
    across = ["_model"]
    if len(data[names.prefix + "repeat"].unique()) > 1:
        across.append(names.prefix + "repeat")
    down = [names.prefix + "prompt_id"]
    if data[names.prefix + "row"].notna().any():
        down = [names.prefix + "row", *down]
    # A varied parameter belongs to the columns; data and prompts go with the rows.
    per_row = data.groupby(down, dropna=False)[names.varied()].nunique(dropna=False).max()
    across += [name for name in names.varied() if per_row[name] > 1]
    made = data.pivot(index=down, columns=across, values=column)  # noqa: PD010  # each cell once, so nothing to aggregate
    order = data[across].drop_duplicates()
    keys = list(order.itertuples(index=False, name=None)) if len(across) > 1 else order["_model"].tolist()
    made = made[keys]
    made.columns.names = ["model" if name == "_model" else name for name in across]
    return made


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
    new_names, old_names = Names.of(frame), Names.of(old)
    keys = ["provider", "model", "prompt_id", "row", "repeat"]
    shared = [name for name in new_names.varied() if name in old_names.varied() and name != "prompt"]
    compared = ["answer", "status", "latency_s", "out_tokens", "cost_usd"]

    def part(names: Names) -> pd.DataFrame:
        wanted = [*(names.prefix + key for key in keys), *shared, *(names.prefix + name for name in compared)]
        return names.frame[wanted].rename(columns={names.prefix + name: name for name in (*PLACE, *OUTCOME)})

    made = part(new_names).merge(
        part(old_names), on=[*keys, *shared], how="outer", suffixes=("", "_old"), indicator="_side"
    )
    both = made["_side"] == "both"
    same = made["answer"].eq(made["answer_old"]) | (made["answer"].isna() & made["answer_old"].isna())
    made["changed"] = (~same.fillna(value=False)).where(both).astype("boolean")
    made["only_in"] = (
        made["_side"].map({"both": None, "left_only": "new", "right_only": "old"}).astype("string")
    )
    return made.drop(columns="_side")
