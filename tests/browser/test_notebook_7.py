"""Panels in Notebook 7: the same as in JupyterLab."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect


@pytest.fixture(scope="module")
def notebook(lab):
    """Give one notebook, as the tests of panels in JupyterLab have one."""
    notebook = lab.open(["import g4f_nb as nb"], front="notebook")
    notebook.run(0)
    return notebook


def test_a_chat(panel, notebook, server):
    """Streams, stops while it does, goes on; code becomes a cell; the transcript is there."""
    chat = panel("OpenaiTemplate:drip-20")
    transcript = notebook.output(chat.index).locator(".g4f-transcript")
    chat.ask(" ".join(f"word{n}" for n in range(1200)))
    expect(chat.answers.last).to_contain_text("word9")
    assert not transcript.is_visible()
    aborted = server.aborted
    chat.stop.click()
    assert server.wait_for(lambda seen: seen.aborted > aborted, 10)
    expect(chat.done()).to_contain_text("Stopped")
    chat.choose("OpenaiTemplate:markdown")
    chat.ask("Show all")
    chat.done(2)
    chat.kept("notebook-7")
    cells = notebook.page.locator(".jp-Notebook-cell")
    before = cells.count()
    chat.node.get_by_role("button", name="Put into a new cell").first.click()
    expect(cells).to_have_count(before + 1)
    expect(transcript).to_contain_text("Stopped")


def test_answers_side_by_side(columns, notebook):
    """Stream, are stopped, are voted on blindly with a key; what is kept is out of sight."""
    both = columns("drip-20", "upper", blind=True)
    both.ask("one two three four five six seven eight nine")
    expect(both.sides.first).to_contain_text("two", ignore_case=True)
    both.done()
    assert not notebook.output(both.index).locator(".g4f-transcript").is_visible()
    expect(both.vote.get_by_role("button").first).to_be_enabled()
    notebook.page.keyboard.press("t")
    expect(both.sides.first).to_contain_text("a tie")
    both.kept("compare-notebook-7")
