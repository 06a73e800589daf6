"""Cells with `%%chat` in a real JupyterLab: run again, completed with Tab, code below, a tool approved."""

from __future__ import annotations

import pytest

from g4f_nb.testing import serve

pytestmark = pytest.mark.browser
_PREPARE = """%load_ext g4f_nb
import g4f_nb as nb
def model(name):
    return nb.Model('OpenaiTemplate:' + name, api_base={base!r})
upper, tools = model('upper'), model('tools')
def note(text: str) -> str:
    "Keep a note."
    return 'noted ' + text
prefix_of_mine = 1"""


@pytest.fixture(scope="module")
def notebook(lab):
    with serve() as server:
        notebook = lab.open([_PREPARE.format(base=server.api_base)], height=1000)
        notebook.run(0)
        yield notebook


def _count(notebook):
    return notebook.page.evaluate("() => window.jupyterapp.shell.currentWidget.content.widgets.length")


def test_a_cell_run_again_replaces_its_own_turn(notebook):
    """JupyterLab tells which cell it is; what was asked later stays."""
    first = notebook.run_new("%%chat -m upper --new\nfirst")
    notebook.run_new("%%chat -m upper\nsecond")
    notebook.run(first)
    asked = "[turn.shown for turn in nb.Conversation.named('main')]"
    # `--new` begins anew, also when it is run again.
    assert notebook.python(asked) == "['first']"
    second = notebook.run_new("%%chat -m upper\nsecond")
    notebook.run_new("%%chat -m upper\nthird")
    notebook.run(second)
    assert notebook.python(asked) == "['first', 'second', 'third']"


def test_code_comes_into_a_cell_below(notebook):
    """A new cell with the code and nothing else; it was not run."""
    before = _count(notebook)
    cell = notebook.run_new("%%chat -p Demo -m demo-fast --code\nsome code")
    below = notebook.cell(cell + 1).locator(".cm-content")
    below.get_by_text("def fibonacci").wait_for()
    assert "no model is behind it" not in below.inner_text()
    assert _count(notebook) == before + 2
    assert notebook.cell(cell + 1).locator(".jp-OutputArea-child").count() == 0


def test_a_tool_runs_once_the_user_has_said_yes(notebook):
    """The call is shown, and the answer follows what was typed."""
    cell = notebook.run_new("%%chat -m tools --tool note --new\nhello", wait=False)
    box = notebook.cell(cell).locator("input.jp-Stdin-input")
    box.wait_for()
    notebook.output(cell).get_by_text("Run note(text='hello')?").first.wait_for()
    notebook.screenshot("cell-approval", of=notebook.cell(cell))
    box.fill("y")
    box.press("Enter")
    notebook.wait(cell)
    notebook.output(cell).get_by_text("The tool said: noted hello").wait_for()
    notebook.screenshot("cell-approved", of=notebook.cell(cell))


@pytest.mark.parametrize(
    ("typed", "offered", "not_offered"),
    [
        ("%%chat -p dee", ["deepseek", "deepinfra"], "del"),
        ("%%chat -m Demo:demo-", ["Demo:demo-fast", "Demo:demo-slow"], "demo"),
        ("%%chat -m upper --sc", ["--schema"], "upper"),
        ("%%chat\nwhat is {prefix", ["prefix_of_mine"], "print"),
    ],
)
def test_tab_offers_what_fits(notebook, typed, offered, not_offered):
    """In the menu that JupyterLab opens, or typed at once where there is only one."""
    page = notebook.page
    cell = notebook.run_new("", wait=False)
    editor = notebook.cell(cell).locator(".cm-content")
    editor.click()
    page.keyboard.insert_text(typed)
    page.keyboard.press("Tab")
    menu = page.locator(".jp-Completer-list")
    menu.wait_for()
    names = menu.locator(".jp-Completer-match").all_inner_texts()
    # JupyterLab has an order of its own, and adds words of the notebook.
    assert set(offered) <= set(names)
    assert not_offered not in names
    page.keyboard.press("Escape")
