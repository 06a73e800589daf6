"""What can be done in a chat panel: versions, tools, files, variables, templates, conversations."""

from __future__ import annotations

import base64
import json

import pytest
from chatting import Chat, Code
from playwright.sync_api import expect
from until import until

# An answer of a minute, so that it is stopped before it ends on any machine.
WORDS = " ".join(f"word{number}" for number in range(1200))
SETUP = """
import pandas as pd, g4f_nb as nb
frame = pd.DataFrame({"planet": ["Mercury", "Mars"], "moons": [0, 2]})
def add(a: int, b: int) -> int:
    "Add two numbers."
    return a + b
"""
# A PNG of one pixel.
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="


@pytest.fixture(scope="module")
def notebook(lab):
    """Give one notebook for all of them."""
    notebook = lab.open([SETUP])
    notebook.run(0)
    return notebook


def button(within, name):
    """Give a button by its name."""
    return within.get_by_role("button", name=name, exact=True)


def test_versions_forks_and_dropped_turns(panel, notebook, server):
    """A question is put otherwise, an answer asked again; one steps between them, forks, deletes."""
    chat = panel("OpenaiTemplate:echo")
    chat.ask("first")
    chat.done()
    chat.ask("second")
    chat.done(2)
    chat.node.get_by_role("article", name="Question").first.hover()
    button(chat.node, "Edit question").first.click()
    field = chat.node.get_by_label("Edit the question")
    expect(field).to_be_focused()
    chat.kept("edit")
    field.fill("primero")
    field.press("Enter")
    expect(chat.answers).to_have_count(1)
    expect(chat.done()).to_contain_text("primero")
    chat.kept("versions")
    button(chat.node, "Previous version").click()
    expect(chat.answers).to_have_count(2)
    expect(chat.answers.last).to_contain_text("second")
    button(chat.node, "Ask again").last.click()
    expect(chat.node.locator(".g4f-steps")).to_have_count(2)
    expect(chat.node.locator(".g4f-steps-at").last).to_have_text("2/2")
    button(chat.node, "Delete this turn").first.click()
    button(chat.node, "Really delete this turn?").click()
    expect(chat.answers).to_have_count(1)
    button(chat.node, "Fork from here").click()
    expect(chat.answers).to_have_count(1)
    until(lambda: notebook.python("[len(each) for each in panel.conversations][:2]") == "[1, 1]", every=0.1)


def test_stop_continue_and_retry(panel):
    """A stopped answer can be gone on with; what failed is tried again and leaves no trace."""
    chat = panel("OpenaiTemplate:drip-20", max_retries=0)
    chat.ask(WORDS)
    expect(chat.answers.last).to_contain_text("word5")
    chat.message.press("Escape")
    button(chat.node, "Continue").wait_for()
    chat.kept("stopped")
    button(chat.node, "Continue").click()
    expect(chat.node.locator(".g4f-continued")).to_be_visible()
    expect(chat.done(2)).to_contain_text("Go on exactly where it stopped")
    chat.model.fill("OpenaiTemplate:error-500")
    chat.model.press("Enter")
    chat.ask("Hello")
    expect(chat.errors).to_be_visible()
    chat.model.fill("OpenaiTemplate:echo")
    chat.model.press("Enter")
    button(chat.errors, "Retry").click()
    expect(chat.done(3)).to_contain_text("Hello")
    expect(chat.errors).to_have_count(0)
    expect(chat.node.locator(".g4f-steps")).to_have_count(0)


def test_tools_ask_for_leave(panel, notebook):
    """Nothing runs before Allow; Always is not asked about again; the calls fold."""
    chat = panel(tools=Code("[add]"))
    chat.ask("Please add 2 and 40")
    allow = button(chat.node, "Allow")
    allow.wait_for()
    expect(chat.node.locator(".g4f-call")).to_contain_text("a = 2")
    chat.kept("tool-asks")
    assert notebook.python("[str(call) for call in panel.waiting]") == "['add(a=2, b=40)']"
    button(chat.node, "Always").click()
    expect(chat.done()).to_contain_text("42")
    chat.ask("Please add 1 and 1")
    expect(chat.done(2)).to_contain_text("2")
    chat.node.locator(".g4f-call summary").last.click()
    expect(chat.node.locator(".g4f-call-result").last).to_have_text("2")
    chat.kept("tool-done")


def test_variables_and_files_go_along(panel, notebook, server):
    """`@` offers the user's variables with what they are; files are chosen, pasted, taken away."""
    chat = panel("OpenaiTemplate:echo")
    chat.message.press_sequentially("How many rows has @fra")
    option = chat.node.get_by_role("option", name="frame")
    expect(option).to_contain_text("DataFrame")
    chat.kept("mention")
    chat.message.press("Tab")
    expect(chat.message).to_have_value("How many rows has @frame ")
    file = {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"Remember the milk."}
    chat.node.locator("input[type=file]").first.set_input_files(file)
    paste = """(node, data) => {
        const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
        const transfer = new DataTransfer();
        transfer.items.add(new File([bytes], "image.png", {type: "image/png"}));
        const given = {clipboardData: transfer, bubbles: true, cancelable: true};
        node.dispatchEvent(new ClipboardEvent("paste", given));
    }"""
    chat.message.evaluate(paste, PNG)
    chat.message.evaluate(paste, PNG)
    chips = chat.node.locator(".g4f-field .g4f-chip")
    expect(chips).to_have_count(3)
    button(chips.last, "Remove image.png").click()
    expect(chips).to_have_count(2)
    chat.kept("attached")
    chat.message.press("Enter")
    chat.done()
    expect(chat.node.locator(".g4f-bubble .g4f-chip")).to_have_count(2)
    content = server.requests[-1].body["messages"][-1]["content"]
    sent = json.dumps(content)
    assert "Mercury" in sent
    assert "Remember the milk." in sent
    assert base64.b64decode(PNG) in [
        base64.b64decode(part["image_url"]["url"].partition(",")[2])
        for part in content
        if part["type"] == "image_url"
    ]


def test_a_newcomer_is_told_what_to_do(show, notebook):
    """Who answers where nobody is chosen; that a name is no variable, while one writes and in the end."""
    chat = show("panel = nb.ChatPanel()\npanel", Chat)
    expect(chat.node.get_by_text("No model is chosen, so Demo answers")).to_be_visible()
    chat.kept("nobody-chosen")
    chat.message.press_sequentially("How many rows has @fraem")
    slip = chat.node.get_by_text("@fraem is no variable here and goes as text; did you mean @frame?")
    expect(chat.node.locator(".g4f-strangers")).to_be_hidden()
    chat.message.press_sequentially(" then?")
    expect(slip).to_be_visible()
    chat.kept("no-variable")
    chat.message.fill("How many rows has @frame then?")
    expect(slip).to_be_hidden()
    chat.ask("And @fraem?")
    expect(chat.done()).to_contain_text("did you mean @frame?")


def test_templates_parameters_and_recall(panel, notebook, server):
    """A template's fields are filled in in a form; the drawer's values are sent, its examples are not."""
    chat = panel("OpenaiTemplate:echo", templates={"Sum up": "Sum up {text} in {n} words"})
    button(chat.node, "Templates").click()
    button(chat.node, "Sum up").click()
    chat.node.get_by_label("text", exact=True).fill("the news")
    chat.node.get_by_label("n", exact=True).fill("5")
    chat.kept("template")
    button(chat.node, "Fill in").click()
    expect(chat.message).to_have_value("Sum up the news in 5 words")
    button(chat.node, "Settings").click()
    temperature = chat.node.get_by_label("temperature")
    expect(temperature).to_have_attribute("placeholder", "e.g. 1")
    temperature.fill("0.5")
    chat.node.get_by_label("System prompt").fill("Be brief.")
    chat.node.get_by_label("max tokens").fill("many")
    chat.node.get_by_label("max tokens").press("Tab")
    expect(chat.node.locator(".g4f-side [role=alert]")).to_contain_text("'many'")
    chat.node.get_by_label("max tokens").fill("")
    chat.node.get_by_label("max tokens").press("Tab")
    expect(chat.node.locator(".g4f-side [role=alert]")).to_be_hidden()
    chat.kept("drawer")
    notebook.page.keyboard.press("Escape")
    expect(button(chat.node, "Settings")).to_be_focused()
    chat.message.press("Enter")
    chat.done()
    body = server.requests[-1].body
    assert body["temperature"] == 0.5
    assert body["messages"][0] == {"role": "system", "content": "Be brief."}
    assert not {"seed", "max_tokens", "stop"} & body.keys()
    chat.message.press("ArrowUp")
    expect(chat.message).to_have_value("Sum up the news in 5 words")
    chat.message.press("ArrowDown")
    expect(chat.message).to_have_value("")


def test_conversations_are_kept_and_saved(panel, notebook, tmp_path):
    """New, rename, open, delete; saved by the browser in four formats, and loaded again."""
    chat = panel()
    chat.ask("a list")
    chat.done()
    button(chat.node, "New conversation").first.click()
    expect(chat.answers).to_have_count(0)
    button(chat.node, "Conversations").click()
    shelf = chat.node.locator(".g4f-side-left")
    button(shelf, "Rename a list").click()
    shelf.get_by_label("Name of the conversation").fill("Lists")
    shelf.get_by_label("Name of the conversation").press("Enter")
    chat.kept("conversations")
    shelf.get_by_role("button", name="Lists 1 turn").click()
    expect(chat.answers).to_have_count(1)
    button(chat.node, "Conversations").click()
    for words, ending in (("Markdown", "md"), ("HTML", "html"), ("JSON", "json"), ("Notebook", "ipynb")):
        with notebook.page.expect_download() as download:
            button(shelf, words).click()
        assert download.value.suggested_filename == f"Lists.{ending}"
        download.value.save_as(tmp_path / f"saved.{ending}")
    assert "another one" in (tmp_path / "saved.md").read_text(encoding="utf-8")
    button(shelf, "Delete Lists").click()
    button(shelf, "Really delete Lists?").click()
    expect(chat.answers).to_have_count(0)
    shelf.locator("input[type=file]").set_input_files(tmp_path / "saved.json")
    expect(chat.answers).to_have_count(1)
    expect(chat.answers).to_contain_text("another one")
    chat.ask("a table")
    expect(chat.done(2)).to_contain_text("Mercury")


def test_code_goes_into_a_new_cell(panel, notebook):
    """Below the panel, as it is; it runs nothing."""
    chat = panel()
    chat.ask("code")
    chat.done()
    before = notebook.page.locator(".jp-Notebook-cell").count()
    button(chat.node, "Put into a new cell").click()
    expect(notebook.page.locator(".jp-Notebook-cell")).to_have_count(before + 1)
    source = "i => window.jupyterapp.shell.currentWidget.content.widgets[i].model.sharedModel.getSource()"
    notebook.page.wait_for_function(f"i => ({source})(i).includes('fibonacci')", arg=chat.index + 1)
    text = notebook.page.evaluate(source, chat.index + 1)
    assert text.startswith("def fibonacci(n):\n    a, b = 0, 1\n    for _ in range(n):\n        a, b")
    assert notebook.python("panel.last_code == panel.value.code.strip()") == "True"


def test_a_missing_key_is_typed_where_it_is_missed(panel, notebook):
    """It is said once, with a field; what is typed is nowhere on the page, in the state or in the file."""
    chat = panel("Demo:demo-fast")
    chat.model.fill("groq:x")
    chat.model.press("Enter")
    chat.ask("Hello")
    expect(chat.errors).to_contain_text("needs a key")
    assert chat.node.get_by_text("needs a key").locator("visible=true").count() == 1
    chat.kept("missing-key")
    chat.model.fill("Demo:demo-fast")
    chat.model.press("Enter")
    chat.node.get_by_label("Key for Groq").fill("planted-key-1234")
    chat.node.get_by_label("Key for Groq").press("Enter")
    expect(chat.done()).to_contain_text("Demo")
    expect(chat.errors).to_have_count(0)
    assert notebook.python("nb.resolve('groq:x').key_words") == "%g4f key, for this session"
    notebook.save()
    assert "planted-key-1234" not in notebook.path.read_text(encoding="utf-8")
    assert "planted-key-1234" not in notebook.page.content()
    assert notebook.python("'planted' in str(panel.get_state())") == "False"
    notebook.python("__import__('g4f_nb.credentials').credentials.forget_typed()")
