"""The fields for a model and for a key in a real JupyterLab; where a key that was typed is not found."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

import pytest
from playwright.sync_api import expect

KEY = "planted4711planted4711"


@pytest.fixture(scope="module")
def notebook(lab):
    """Give one notebook for all."""
    notebook = lab.open(["import g4f_nb as nb"])
    notebook.run(0)
    return notebook


def test_a_model_is_picked_with_the_keyboard(notebook):
    """Search over names and hosts, arrows and Enter; what is picked is `value`, for the next cell."""
    index = notebook.run_new("picker = nb.ModelPicker()\npicker")
    node = notebook.output(index).locator(".g4f-model-picker")
    field = node.get_by_role("combobox", name="Model")
    field.click()
    expect(node.get_by_role("option", name="Demo")).to_be_visible()
    expect(node.get_by_role("option", name="Groq")).to_contain_text("no key")
    notebook.screenshot("picker-providers", notebook.cell(index))
    field.fill("api.groq")
    expect(node.get_by_role("option")).to_have_count(1)
    field.fill("dem")
    field.press("ArrowDown")
    field.press("Enter")
    expect(node.get_by_role("option", name="demo-fast")).to_be_visible()
    notebook.screenshot("picker-models", notebook.cell(index))
    node.get_by_role("option", name="demo-fast").click()
    expect(field).to_have_value("Demo:demo-fast")
    expect(node).to_contain_text("none needed")
    assert notebook.python("picker.value") == "Demo:demo-fast"
    field.fill("groq:any")
    field.press("Enter")
    expect(node.get_by_role("alert")).to_contain_text("GROQ_API_KEY")
    notebook.screenshot("picker-problem", notebook.cell(index))
    field.fill("mistral")
    field.press("Escape")
    expect(field).to_have_value("groq:any")


def files_in(folder):
    """Every file that is there, with what it holds; JupyterLab writes and removes some meanwhile."""
    for where, _, names in os.walk(folder):
        for name in names:
            path = Path(where, name)
            with contextlib.suppress(OSError):
                yield path, path.read_bytes()


def test_a_typed_key_is_found_nowhere(notebook, server):
    """Not in the file with widget state, the page, a talkative log, or any message but the one."""
    talkative = "import logging, os; logging.basicConfig(level=logging.DEBUG, force=True)"
    notebook.run_new(f"{talkative}\nos.environ['OPENAI_BASE_URL'] = {server.api_base!r}")
    index = notebook.run_new("prompt = nb.KeyPrompt('OpenaiTemplate')\nprompt")
    node = notebook.output(index).locator(".g4f-key")
    field = node.get_by_label("Key for OpenaiTemplate")
    expect(node).to_contain_text(server.api_base.removesuffix("/v1"))
    notebook.screenshot("key-empty", notebook.cell(index))
    heard = notebook.overhear()
    field.fill(KEY)
    notebook.screenshot("key-typed", notebook.cell(index))
    field.press("Enter")
    expect(node).to_contain_text("kept for this session")
    expect(field).to_have_value("")
    notebook.screenshot("key-kept", notebook.cell(index))
    # It is used, and it is where it should be.
    asked = notebook.run_new("nb.ask('HELLO', 'OpenaiTemplate:upper').text")
    expect(notebook.output(asked)).to_contain_text("'HELLO'")
    assert server.requests[-1].headers["Authorization"] == f"Bearer {KEY}"
    notebook.run_new("prompt, prompt.get_state(), vars(prompt), In, Out")
    notebook.run_new("get_ipython().kernel.get_parent('shell'), nb.resolve('OpenaiTemplate:echo')")
    holding = [each for each in heard.messages if KEY in json.dumps(each)]
    assert [(each[0], each[2]) for each in holding] == [("comm_msg", [KEY])]
    assert KEY not in json.dumps(holding[0][1])
    notebook.keep_widget_state()
    notebook.save()
    written = notebook.path.read_text(encoding="utf-8")
    assert "widget-state+json" in written
    assert "kept for this session" in written
    assert KEY not in written
    assert KEY not in notebook.page.content()
    assert [path for path, held in files_in(notebook.path.parent) if KEY.encode() in held] == []
