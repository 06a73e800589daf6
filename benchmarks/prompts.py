"""How long a large table takes to be put into a prompt, beside what pandas itself would say of it.

python benchmarks/prompts.py            a million rows of 20 columns
python benchmarks/prompts.py 10000000   more
"""

from __future__ import annotations

import sys
import time

import numpy as np
import pandas as pd

from g4f_nb.costs.tokens import estimate_tokens
from g4f_nb.prompting.composing import compose


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    table = made(rows)
    ways = {
        "g4f_nb, {table}": lambda: compose("{table}", {"table": table}).text,
        "pandas, describe of all columns": lambda: table.describe(include="all").to_string(),
        "pandas, repr": lambda: repr(table),
    }
    print(f"| {rows:,} rows of {table.shape[1]} columns | seconds | tokens |\n|---|---:|---:|")
    for name, way in ways.items():
        best = min(timed(way) for _ in range(3))
        print(f"| {name} | {best:.2f} | {int(estimate_tokens(way())):,} |")


def made(rows: int) -> pd.DataFrame:
    random = np.random.default_rng(0)
    columns = {f"number_{at}": random.normal(size=rows) for at in range(12)}
    columns |= {f"word_{at}": random.choice(["red", "green", "blue"], rows) for at in range(4)}
    columns["when"] = pd.date_range("2000", periods=rows, freq="s")
    columns["true"] = random.random(rows) > 0.5
    columns["id"] = [f"user-{each}" for each in range(rows)]
    columns["kind"] = pd.Categorical(random.choice(["a", "b"], rows))
    return pd.DataFrame(columns)


def timed(way: object) -> float:
    start = time.perf_counter()
    way()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
