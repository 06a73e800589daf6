"""The fields for a model and for a key in a real JupyterLab; where a key that was typed is not found."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

from g4f_nb.testing import serve

KEY = "planted4711planted4711"


@pytest.fixture(scope="module")
def notebook(lab):
    """Give one notebook for all."""
    notebook = lab.open(["import g4f_nb as nb"])
    notebook.run(0)
    return notebook


def python(notebook, expression):
    """Evaluate an expression in the notebook's kernel."""
    return notebook.output(notebook.run_new(f"print({expression})")).inner_text().splitlines()[-1].strip()


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
    assert python(notebook, "picker.value") == "Demo:demo-fast"
    field.fill("groq:any")
    field.press("Enter")
    expect(node.get_by_role("alert")).to_contain_text("GROQ_API_KEY")
    notebook.screenshot("picker-problem", notebook.cell(index))
    field.fill("mistral")
    field.press("Escape")
    expect(field).to_have_value("groq:any")


def messages_of(page):
    """Note every message between page and kernel from now on, its text and its bytes."""
    page.evaluate("""() => {
        const kernel = window.jupyterapp.shell.currentWidget.context.sessionContext.session.kernel;
        window.seen = [];
        kernel.anyMessage.connect((_, {msg}) => window.seen.push(JSON.stringify(
            [msg.header.msg_type, msg.content, (msg.buffers ?? []).map((each) =>
                new TextDecoder().decode(each.buffer ? each : new Uint8Array(each)))])));
    }""")


def test_a_typed_key_is_found_nowhere(notebook):
    """Not in the file with widget state, the page, a talkative log, or any message but the one."""
    with serve() as server:
        talkative = "import logging, os; logging.basicConfig(level=logging.DEBUG, force=True)"
        notebook.run_new(f"{talkative}\nos.environ['OPENAI_BASE_URL'] = {server.api_base!r}")
        index = notebook.run_new("prompt = nb.KeyPrompt('OpenaiTemplate')\nprompt")
        node = notebook.output(index).locator(".g4f-key")
        field = node.get_by_label("Key for OpenaiTemplate")
        expect(node).to_contain_text(server.api_base.removesuffix("/v1"))
        notebook.screenshot("key-empty", notebook.cell(index))
        messages_of(notebook.page)
        field.fill(KEY)
        notebook.screenshot("key-typed", notebook.cell(index))
        field.press("Enter")
        expect(node).to_contain_text("kept for this session")
        expect(field).to_have_value("")
        notebook.screenshot("key-kept", notebook.cell(index))
        # It is used, and it is where it should be.
        assert python(notebook, "nb.ask('hello', 'OpenaiTemplate:echo').text") == "hello"
        assert server.requests[-1].headers["Authorization"] == f"Bearer {KEY}"
        notebook.run_new("prompt, prompt.get_state(), vars(prompt), In, Out")
        notebook.run_new("get_ipython().kernel.get_parent('shell'), nb.resolve('OpenaiTemplate:echo')")
        seen = [json.loads(each) for each in notebook.page.evaluate("window.seen")]
        holding = [each for each in seen if KEY in json.dumps(each)]
        assert [(each[0], each[2]) for each in holding] == [("comm_msg", [KEY])]
        assert KEY not in json.dumps(holding[0][1])
        notebook.page.evaluate(
            "window.jupyterapp.commands.execute('@jupyter-widgets/jupyterlab-manager:saveWidgetState')"
        )
        notebook.save()
        written = notebook.path.read_text(encoding="utf-8")
        assert "widget-state+json" in written
        assert "kept for this session" in written
        assert KEY not in written
        assert KEY not in notebook.page.content()
        for path in notebook.path.parent.rglob("*"):
            if path.is_file():
                assert KEY.encode() not in path.read_bytes(), path
