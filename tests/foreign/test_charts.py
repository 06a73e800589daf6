"""Charts, maps, lazy tables and estimators of packages that the foreign environment has, in prompts."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

pytestmark = [pytest.mark.foreign, pytest.mark.timeout(300)]

SCRIPT = """
import json
import altair, dask.dataframe, geopandas, matplotlib, pandas, plotly.express, scipy.sparse, seaborn
import sklearn.datasets
from shapely.geometry import Point
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from g4f_nb.prompting.summaries import summarize

matplotlib.use("agg")
frame = pandas.DataFrame({"a": [1, 2], "b": [3, 4]})
given, wanted = sklearn.datasets.load_iris(return_X_y=True)
values = {
    "plotly": plotly.express.scatter(x=[1, 2, 3], y=[3, 1, 2], title="Sales"),
    "altair": altair.Chart(frame).mark_point().encode(x="a", y="b"),
    "seaborn": seaborn.relplot(x=[1, 2], y=[3, 4]),
    "geopandas": geopandas.GeoDataFrame({"n": ["x", "y"]}, geometry=[Point(0, 0), Point(2, 3)]),
    "many points": geopandas.GeoDataFrame(geometry=[Point(at, at) for at in range(50)]),
    "sparse": scipy.sparse.eye(100).tocsr(),
    "dask": dask.dataframe.from_pandas(frame, npartitions=1),
    "estimator": LogisticRegression(C=2).fit(given, wanted),
    "pipeline": make_pipeline(StandardScaler(), LogisticRegression()).fit(given, wanted),
    "unfitted": make_pipeline(StandardScaler()),
}
told = {}
for name, value in values.items():
    made = summarize(value, 1000)
    told[name] = [made.named("v"), made.media.type if made.media else None]
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def told():
    python = os.environ.get("G4F_NB_FOREIGN")
    if not python:
        pytest.skip("no foreign environment: python3 dev.py foreign")
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    made = subprocess.run(
        [python, "-c", SCRIPT], capture_output=True, text=True, env=environment, check=False, timeout=280
    )
    assert made.returncode == 0, made.stderr
    return json.loads(made.stdout.splitlines()[-1])


def test_charts_are_pictures_or_their_descriptions(told):
    """A figure of seaborn's is drawn; without kaleido plotly's is told with its numbers, as Altair's is."""
    assert told["seaborn"][1] == "image/png"
    text, kind = told["plotly"]
    assert kind == "image/png" or '"x": [1, 2, 3]' in text
    assert "plotly figure, 1 traces (scatter), 'Sales'" in text
    assert '"template"' not in text
    text = told["altair"][0]
    assert '"mark": {"type": "point"}' in text
    assert "its data: DataFrame, 2 rows" in text


def test_maps_and_lazy_tables(told):
    """Geometries by their kinds, extent and reference system; a lazy table by its columns alone."""
    assert "geometry: geometry\n" in told["geopandas"][0]
    assert "<POINT (2 3)>" in told["geopandas"][0]
    assert "geometry: geometry, Point ×50, within (0, 0, 49, 49), no CRS" in told["many points"][0]  # noqa: RUF001
    assert told["sparse"][0].startswith("`v`: csr_")
    assert told["sparse"][0].endswith("shape 100×100, float64, 100 stored, 1.00% of it")  # noqa: RUF001
    assert told["dask"][0] == "`v`: dask DataFrame, not computed; its columns\n  a: int64\n  b: int64"


def test_estimators(told):
    """Parameters that are no defaults, what was learnt, and whether a pipeline is fitted."""
    text = told["estimator"][0]
    assert text.startswith("`v`: sklearn LogisticRegression(C=2), fitted\n")
    assert "  classes_ = [0, 1, 2]" in text
    assert told["pipeline"][0].endswith(", fitted")
    assert told["unfitted"][0].endswith(", not fitted")
