"""A comparison's columns in a cell's output while they grow."""

from __future__ import annotations

import pytest

from g4f_nb.cells.growing import GrowingColumns, styled, table
from g4f_nb.reply import Reply
from g4f_nb.showing.rendering import safe_html


class Clock:
    """A time that moves when it is told to."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        """Tell the time."""
        return self.now


@pytest.fixture
def painted(monkeypatch):
    """Give what is displayed, in the order in which it is."""
    shown = []

    class Handle:
        def display(self, bundle, **_):
            """Show it."""
            shown.append(("new", bundle))

        def update(self, bundle, **_):
            """Show it in the place of what was shown."""
            shown.append(("again", bundle))

    monkeypatch.setattr("g4f_nb.cells.displays.DisplayHandle", Handle)
    return shown


def _grown(columns, clock, texts, *, step):
    replies = [Reply(), Reply()]
    for at, reply in enumerate(replies):
        columns.began([at], reply)
    for piece in texts:
        for at, reply in enumerate(replies):
            reply.add(piece)
            columns.grew([at])
        clock.now += step
        columns.paint()
    return replies


def test_one_output_is_painted_again(painted):
    """All columns under their names in one output; what is shown is safe, and grows with the answers."""
    clock = Clock()
    columns = GrowingColumns(["a:<b>", "c:d"], clock=clock)
    replies = _grown(columns, clock, ["**Hello** ", "<img src=x onerror=alert(1)>\n\n", "More"], step=1)
    assert [kind for kind, _ in painted] == ["new", "again", "again"]
    html = painted[-1][1]["text/html"]
    assert "a:&lt;b&gt;" in html
    assert html.count(safe_html(replies[0].text)) == 2
    assert "<img" not in html


def test_painting_keeps_to_a_pace_and_a_budget(painted):
    """At most 12 times a second, and of long answers no more bytes a second than a front end takes."""
    clock = Clock()
    columns = GrowingColumns(["a", "b"], clock=clock)
    _grown(columns, clock, ["word "] * 300, step=0.01)
    assert len(painted) <= 3 * 12 + 1
    painted.clear()
    clock = Clock()
    columns = GrowingColumns(["a", "b"], clock=clock)
    _grown(columns, clock, ["some words that go on and on. " * 4 + "\n\n"] * 1000, step=0.01)
    sent = sum(len(bundle["text/html"]) for _, bundle in painted)
    assert sent <= 16_000 * 10 + 2 * len(painted[-1][1]["text/html"])
    assert len(painted) > 3


def test_another_try_begins_anew(painted):
    """What a failed try had said is gone; one that ended without a beginning says so."""
    columns = GrowingColumns(["a", "b"], clock=Clock())
    first, second = Reply(), Reply()
    columns.began([0], first)
    first.add("wrong")
    columns.paint()
    columns.began([0], second)
    second.add("right")
    columns.ended([1])
    columns._next = 0
    columns.paint()
    assert "wrong" not in painted[-1][1]["text/html"]
    assert "right" in painted[-1][1]["text/html"]
    assert "<em>ended</em>" in painted[-1][1]["text/html"]


def test_nothing_new_is_not_painted(painted):
    """Silence costs nothing."""
    clock = Clock()
    columns = GrowingColumns(["a"], clock=clock)
    for _ in range(50):
        clock.now += 1
        columns.paint()
    assert len(painted) == 1


def test_an_answer_s_own_table_is_text():
    """Front ends set tables as data, to the right: what an answer does not align stands left, as it reads."""
    html = styled(safe_html("| a | b |\n|---|--:|\n| x | 1 |\n\n~~~python\nx = 1\n~~~\n"))
    assert '<td style="text-align: left">x</td>' in html
    assert '<td style="text-align: right">1</td>' in html
    assert "<pre style=" in html
    made = table(["A", "B"], [["x", "y"]])
    assert made.count("width: 50%") == 2
    assert made.count('<tr style="background: none">') == 1
