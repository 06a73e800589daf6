"""Values in prompts, in a real kernel: what cells define, show and fail with."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.kernel


@pytest.fixture
def sent(kernel, server):
    """A way to run a cell that asks, and see the content that the server got."""
    assert kernel.run("%reload_ext g4f_nb").error is None
    # Where another test's cell has set one of these, as `for _ in …` does, IPython leaves it alone for good.
    assert kernel.run("for name in ('_', '__', '___'): globals().pop(name, None)").error is None
    prepared = f"import g4f_nb as nb\nshown = nb.Model('OpenaiTemplate:echo', api_base={server.api_base!r})"
    assert kernel.run(prepared).error is None

    def run(prompt, flags=""):
        before = len(server.requests)
        result = kernel.run(f"%%chat -m shown --new {flags}\n{prompt}")
        assert result.error is None, result.trace
        return server.requests[before].body["messages"][-1]["content"]

    return run


def test_what_cells_have_defined(kernel, sent):
    """A table, a function and a class of the notebook's own with their source, a result, an input."""
    kernel.run("import pandas as pd\nsales = pd.DataFrame({'city': ['Rome', 'Oslo'], 'n': [1, 2]})")
    kernel.run("def double(x):\n    return 2 * x")
    kernel.run("from dataclasses import dataclass\n@dataclass\nclass Point:\n    x: int\n    y: int = 0")
    kernel.run("6 * 7")
    assert sent("is {_} the value of {In[-2]}?") == "is 42 the value of 6 * 7?"
    text = sent("{sales} and {double}, {Point} and {Point(1)}, {sales.n.sum()}, \\frac{1}{2}")
    assert text.startswith(
        "`sales` and `double`, `Point` and Point(x=1, y=0), 3, \\frac{1}{2}\n\n`sales`: DataFrame"
    )
    assert "def double(x):\n    return 2 * x" in text
    assert "@dataclass\nclass Point:\n    x: int\n    y: int = 0" in text


def test_a_figure_is_sent_as_a_picture(kernel, sent):
    """What a plotting cell has shown, by its name and as the last result."""
    kernel.run("import matplotlib\nmatplotlib.use('agg')\nimport matplotlib.pyplot as plt")
    kernel.run("figure, axes = plt.subplots()\naxes.set_title('Sales')")
    for name in ("figure", "axes"):
        content = sent(f"describe {{{name}}}")
        assert [part["type"] for part in content] == ["text", "image_url"]
        assert "'Sales'" in content[0]["text"]
    kernel.run("plt.plot([1, 2])")
    assert [part["type"] for part in sent("describe {_}")] == ["text", "image_url"]


def test_the_last_error_is_that_of_the_users_last_failed_cell(kernel, sent):
    """With the cell's number and line; a question that could not be asked in between is not it."""
    assert kernel.run("def part(n):\n    return 1 / n\n").error is None
    assert "ZeroDivisionError" in kernel.run("secret_value = 'hunter2'\npart(0)").trace
    assert kernel.run("%%chat --modle x\nhello").error == "UsageError"
    assert "has no value" in kernel.run("%%chat -m shown\n{part.nothing}").trace
    text = sent("explain:\n{last_error}")
    assert text.startswith("explain:\nZeroDivisionError: division by zero\n")
    assert "cell " in text
    assert "→   2 part(0)" in text
    assert ", line 2, in part:" in text
    assert "ipykernel" not in text
    assert "IPython" not in text


def test_a_mistake_in_braces_is_one_line(kernel, server):
    """No frames of ours: the expression, what happened, and the way out."""
    kernel.run("%reload_ext g4f_nb\nnumbers = [1]")
    before = len(server.requests)
    trace = kernel.run("%%chat -p Demo\nwhat of {numbers[3]}?").trace
    assert "{numbers[3]} in the prompt has no value: IndexError: list index out of range" in trace
    assert "g4f_nb/" not in trace
    assert len(server.requests) == before
