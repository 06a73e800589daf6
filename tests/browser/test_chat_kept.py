"""What is left of a panel: in a reopened notebook, in its file, on a page that all can trust and read."""

from __future__ import annotations

import json

from axe import axe_core, faults_of
from chatting import Chat
from hostile_markdown import PAYLOADS
from playwright.sync_api import expect
from thorough import THOROUGH

from g4f_nb.testing import serve

MANY = """
import g4f_nb as nb
from IPython.display import display
panel = nb.ChatPanel("Demo:demo-fast")
for n in range(5):
    panel.ask("a long text, a table, code and math")
    assert panel.wait(20)
panel
"""


# Further panels, each with a short conversation.
MORE = 9 if THOROUGH else 3


def size(notebook):
    """Save the notebook and give the bytes of its file."""
    notebook.save()
    return notebook.path.stat().st_size


def test_a_reopened_notebook_shows_the_conversation(desk):
    """With a kernel that knows nothing of the panel, and without any: the transcript, and no error."""
    notebook = desk.open(["import g4f_nb as nb\npanel = nb.ChatPanel('Demo:demo-fast')\npanel", "0"])
    notebook.run(0)
    chat = Chat(notebook, 0)
    chat.ask("think, a list and math")
    chat.done()
    notebook.run_new("panel.ask('a table')\npanel.wait(20)")
    expect(chat.answers).to_have_count(2)
    transcript = notebook.output(0).locator(".g4f-transcript")
    expect(transcript).to_contain_text("Mercury")
    # The live panel stands for it.
    expect(transcript).to_be_hidden()
    # Whether the state of widgets is saved or not, which would bring back a panel that nobody answers.
    notebook.keep_widget_state()
    notebook.save()
    notebook.page.evaluate(
        "async () => window.jupyterapp.shell.currentWidget.context.sessionContext.shutdown()"
    )
    text = notebook.path.read_text(encoding="utf-8")
    dead = notebook.path.with_name("nobody.ipynb")
    dead.write_text(text.replace('"python3"', '"not-there"'), encoding="utf-8")
    notebook.close()
    for path, kernel in ((notebook.path, True), (dead, False)):
        # What is there without a kernel is there when the page is loaded.
        again = desk.visit(path, load=not kernel, kernel=kernel)
        shown = again.output(0)
        if kernel:
            # Brought back by now, or not at all.
            shown.locator(".jupyter-widgets-disconnected").first.wait_for(state="attached")
            again.page.wait_for_timeout(500)
        expect(shown.locator(".g4f-chat")).to_have_count(0)
        expect(shown.locator(".g4f-transcript")).to_be_visible()
        expect(shown.locator(".g4f-transcript")).to_contain_text("another one")
        expect(shown.get_by_text("Error displaying widget")).to_be_hidden()
        expect(shown.get_by_text("Loading widget")).to_be_hidden()
        # Nor what the widget says of itself in a terminal.
        expect(shown.get_by_text("shown in a live notebook")).to_have_count(0)
        again.screenshot(f"reopened-{'new-kernel' if kernel else 'no-kernel'}", of=again.cell(0))


def test_a_panel_adds_little_to_a_notebook(desk):
    """60 kB at most for one with a long conversation, 150 for ten; saved with the state of all widgets."""
    notebook = desk.open([MANY, *["panel = nb.ChatPanel('Demo:demo-fast')\npanel"] * MORE])
    before = notebook.path.stat().st_size
    notebook.run(0)
    Chat(notebook, 0).done(5)
    notebook.keep_widget_state()
    one = size(notebook) - before
    saved = json.loads(notebook.path.read_text(encoding="utf-8"))
    assert saved["metadata"]["widgets"]
    assert one < 60_000, one
    for index in range(1, 1 + MORE):
        notebook.run(index)
        Chat(notebook, index).node.wait_for()
        Chat(notebook, index).ask("a table and code")
        Chat(notebook, index).done()
    every = size(notebook) - before
    assert every < 60_000 + 10_000 * MORE, every


def test_no_payload_acts_in_a_panel(desk):
    """All hostile answers and questions in one conversation, live and as a transcript: nothing runs."""
    with serve() as server:
        notebook = desk.open([f"import g4f_nb as nb\nbase = {server.api_base!r}\npayloads = {PAYLOADS!r}"])
        asked = []
        notebook.page.on("request", lambda request: asked.append(request.url))
        notebook.run(0)
        index = notebook.run_new(
            "panel = nb.ChatPanel('OpenaiTemplate:echo', api_base=base)\n"
            "for text in payloads:\n"
            "    panel.ask(text + '\\n\\n- ' + text + '\\n\\n> ' + text)\n"
            "    assert panel.wait(20)\n"
            "panel"
        )
        chat = Chat(notebook, index)
        chat.done(len(PAYLOADS))
        notebook.page.evaluate(
            "() => document.querySelectorAll('details').forEach((each) => { each.open = true; })"
        )
        chat.ask(PAYLOADS[0])
        chat.done(len(PAYLOADS) + 1)
        assert chat.node.locator("script, iframe, object, embed, [onerror], [onload]").count() == 0
        notebook.save()
        assert notebook.page.evaluate("() => window.pwned") is None
        notebook.close()
        again = desk.visit(notebook.path)
        transcript = again.output(index).locator(".g4f-transcript")
        expect(transcript).to_be_visible()
        again.page.wait_for_timeout(500)
        assert again.page.evaluate("() => window.pwned") is None
        assert [url for url in asked if "beacon" in url] == []
        assert transcript.locator("script, iframe, object, embed, [onerror], [onload]").count() == 0


STATES = """
import g4f_nb as nb
def add(a: int, b: int) -> int:
    return a + b
templates = {"Sum": "Sum {text}"}
panel = nb.ChatPanel("Demo:demo-fast", tools=[add], templates=templates, height="40rem")
panel
"""


def test_axe_finds_no_serious_fault(desk):
    """In every state: empty, answers of all kinds, an error, a call that waits, each drawer and list open."""
    script = axe_core()
    notebook = desk.open([STATES])
    notebook.run(0)
    page, chat = notebook.page, Chat(notebook, 0)
    chat.node.wait_for()
    page.evaluate(script)
    assert faults_of(page, ".g4f-chat") == []
    chat.ask("Please add 2 and 3")
    chat.node.get_by_role("button", name="Allow").wait_for()
    assert faults_of(page, ".g4f-chat") == []
    chat.node.get_by_role("button", name="Deny").click()
    chat.done()
    calm = "panel.conversation = nb.Conversation('x', model='Demo:demo-fast')"
    notebook.run_new(f"{calm}\npanel._questions.tools = {{'tools': []}}")
    chat.ask("think, a list, a table, code and math")
    chat.done()
    chat.ask("error 500")
    expect(chat.errors).to_be_visible()
    for theme in ("JupyterLab Dark", "JupyterLab Light"):
        notebook.theme(theme)
        assert faults_of(page, ".g4f-chat") == []
    for name in ("Settings", "Conversations"):
        chat.node.get_by_role("button", name=name, exact=True).click()
        page.wait_for_timeout(300)
        assert faults_of(page, ".g4f-chat") == []
        page.keyboard.press("Escape")
    chat.model.click()
    chat.node.get_by_role("option").first.wait_for()
    assert faults_of(page, ".g4f-chat") == []
    chat.model.press("Escape")
    chat.node.get_by_role("button", name="Templates").click()
    chat.node.get_by_role("button", name="Sum", exact=True).click()
    assert faults_of(page, ".g4f-chat") == []
