"""The chat panel in a real JupyterLab, as a user meets it."""

from __future__ import annotations

import contextlib

import pytest
from chatting import Chat
from contrast import CONTRASTS
from opened import THEMES
from playwright.sync_api import expect
from thorough import some
from until import until

KEY = "planted-key-4711"
# An answer of a minute: what is stopped has not ended by itself, however slow the machine is.
WORDS = " ".join(f"word{number}" for number in range(1200))
HOSTILE = (
    "<img src=x onerror=window.pwned=1> <script>window.pwned=2</script> [link](javascript:window.pwned=3) "
    '<svg onload=window.pwned=4> ![x](x "onerror=window.pwned=5")\n\n'
    "```html\n<script>window.pwned=6</script>\n```\n"
)


@pytest.fixture(scope="module")
def notebook(lab):
    """Give one notebook for all tests that do no harm to it."""
    notebook = lab.open(["import g4f_nb as nb"])
    notebook.run(0)
    return notebook


def test_an_answer_is_seen_while_it_comes(panel):
    """Text is there before its end, Send becomes Stop and Send again, and the footer says who answered."""
    chat = panel("OpenaiTemplate:drip-20")
    chat.ask(" ".join(WORDS.split()[:60]))
    expect(chat.answers.last).to_contain_text("word3")
    assert "word59" not in chat.answers.last.inner_text()
    expect(chat.stop).to_be_visible()
    answer = chat.done()
    expect(answer).to_contain_text("word59")
    expect(answer.locator(".g4f-facts")).to_contain_text("OpenaiTemplate · drip-20 · first token")
    expect(answer.locator(".g4f-facts")).to_contain_text("tokens")
    expect(chat.message).to_have_value("")


def test_stop_keeps_the_part_and_ends_the_connection(panel, server):
    """The Stop button ends the work at the server at once, keeps the text, and the next question works."""
    chat = panel("OpenaiTemplate:drip-20")
    aborted = server.aborted
    chat.ask(WORDS)
    expect(chat.answers.last).to_contain_text("word5")
    chat.stop.click()
    assert server.wait_for(lambda seen: seen.aborted > aborted, 10)
    stopped = chat.done()
    expect(stopped).to_contain_text("Stopped")
    expect(stopped).to_contain_text("word5")
    assert "word1199" not in stopped.inner_text()
    chat.ask("Hello again")
    answer = chat.done(2)
    expect(answer).to_contain_text("Hello again")
    assert "word" not in answer.locator(".g4f-body").inner_text()


def test_stop_works_while_a_cell_runs(panel, notebook, server):
    """The panel streams, stops and asks anew although the kernel is busy with a cell."""
    chat = panel("OpenaiTemplate:drip-20")
    aborted = server.aborted
    chat.ask(WORDS)
    expect(chat.answers.last).to_contain_text("word1")
    with notebook.at_work() as busy:
        expect(chat.answers.last).to_contain_text("word20")
        chat.message.press("Escape")
        expect(chat.answers.last).to_contain_text("Stopped")
        chat.choose("OpenaiTemplate:echo")
        chat.ask("meanwhile")
        expect(chat.done(2)).to_contain_text("meanwhile")
        assert notebook.output(busy).inner_text() == ""
    # What streamed meanwhile has not ended up below the cell.
    assert notebook.output(busy).inner_text().strip() == "done"
    assert server.aborted > aborted


def test_asked_from_a_cell_it_streams_on_during_the_next_one(panel, notebook):
    """`ask` in a cell returns at once; Stop is heard in the middle of the next cell."""
    chat = panel("OpenaiTemplate:drip-20")
    notebook.run_new(f"panel.ask({WORDS!r})")
    with notebook.at_work() as busy:
        expect(chat.answers.last).to_contain_text("word10")
        chat.stop.click()
        expect(chat.answers.last).to_contain_text("Stopped")
        assert notebook.output(busy).inner_text() == ""


def test_wait_in_a_cell_sees_the_end(panel, notebook):
    """`ask`, `wait` and `value` in one cell are enough for a script."""
    chat = panel("OpenaiTemplate:echo")
    code = "panel.ask('from Python'); print(panel.wait(10), panel.busy, panel.value, panel.messages)"
    shown = notebook.output(notebook.run_new(code)).inner_text()
    assert shown.startswith("True False from Python [{'role': 'user', 'content': 'from Python'}")
    expect(chat.done()).to_contain_text("from Python")


def test_the_picker_offers_and_takes_models(panel, notebook):
    """The list shows providers and, on demand, their models; what is picked or typed is what answers."""
    chat = panel("demo")
    chat.model.click()
    expect(chat.node.get_by_role("option", name="demo-fast")).to_be_visible()
    groq = chat.node.get_by_role("option", name="Groq")
    expect(groq).to_contain_text("no key")
    expect(groq).to_contain_text("api.groq.com")
    chat.kept("picker-open")
    chat.model.press("Escape")
    chat.model.fill("OpenaiTemplate:upp")
    chat.model.press("Escape")
    expect(chat.model).to_have_value("demo")
    with notebook.at_work():
        chat.model.fill("dem")
        expect(chat.node.get_by_role("option", name="Demo (offline)")).to_be_visible()
        chat.model.press("ArrowDown")
    # What Python tells only now takes the choice out of nobody's hand.
    notebook.page.wait_for_timeout(500)
    chat.model.press("Enter")
    expect(chat.model).to_have_value("Demo:")
    chat.node.get_by_role("option", name="demo-fast").click()
    expect(chat.model).to_have_value("Demo:demo-fast")
    assert notebook.python("panel.model") == "Demo:demo-fast"
    chat.ask("Hello")
    expect(chat.done().locator(".g4f-facts")).to_contain_text("Demo · demo-fast")


def test_the_picker_lists_the_servers_own_models(panel):
    """The models of the panel's own server are fetched from there, and can be searched."""
    chat = panel("OpenaiTemplate:echo")
    chat.model.fill("OpenaiTemplate:upp")
    chat.node.get_by_role("option", name="OpenaiTemplate:upper").click()
    chat.ask("loud")
    expect(chat.done()).to_contain_text("LOUD")


def test_a_bad_model_is_explained_with_the_way_out(panel):
    """A model that cannot be used says so under the field, and where it is asked instead."""
    chat = panel("demo")
    chat.model.fill("Grok:llama")
    chat.model.press("Enter")
    problem = chat.node.locator(".g4f-main-part > [role=alert]").first
    expect(problem).to_contain_text("did you mean")
    expect(chat.model).to_have_attribute("aria-invalid", "true")
    chat.ask("Hello")
    expect(chat.errors).to_contain_text("did you mean")
    # Once is enough.
    expect(problem).to_be_hidden()
    chat.kept("bad-model")
    chat.model.fill("demo")
    chat.model.press("Enter")
    expect(problem).to_be_hidden()


def test_an_error_is_shown_in_the_panel(panel, notebook):
    """What the server refuses stands in the conversation with its way out, and the panel goes on."""
    chat = panel("OpenaiTemplate:error-429", max_retries=0)
    chat.ask("Hello")
    expect(chat.errors).to_contain_text("429")
    chat.kept("error")
    chat.model.fill("OpenaiTemplate:memory")
    chat.model.press("Enter")
    chat.ask("How many?")
    expect(chat.done()).to_contain_text("1")


def test_images_and_sound_that_came_along_are_there(panel):
    """In the answer, once it is whole."""
    painting = panel("OpenaiTemplate:paint")
    painting.ask("a circle")
    picture = painting.done().locator("img")
    assert picture.evaluate("image => [image.complete, image.naturalWidth]") == [True, 32]
    speaking = panel("OpenaiTemplate:speak")
    speaking.ask("hello there")
    answer = speaking.done()
    expect(answer.locator("audio")).to_be_visible()
    expect(answer).to_contain_text("hello there")


def test_a_hostile_answer_does_nothing(panel, notebook):
    """Scripts, handlers and script links in question, answer and error stay text."""
    notebook.page.evaluate("() => { delete window.pwned; }")
    chat = panel("OpenaiTemplate:echo")
    chat.ask(HOSTILE)
    chat.done()
    chat.model.fill("<img src=x onerror=window.pwned=9>:x")
    chat.model.press("Enter")
    chat.ask("Hello")
    expect(chat.errors).to_contain_text("<img")
    notebook.page.wait_for_timeout(200)
    assert notebook.page.evaluate("() => window.pwned") is None
    assert chat.node.locator("img, script, [onerror], [onload], a[href^=javascript]").count() == 0
    expect(chat.answers.last).to_contain_text("<script>window.pwned=6</script>")
    chat.kept("hostile")


def test_the_keyboard_is_enough(panel, notebook):
    """Every part is reached with Tab, shows its focus, works with Enter, and the notebook takes no key."""
    chat = panel("OpenaiTemplate:echo")
    cells = notebook.page.locator(".jp-Notebook-cell").count()
    press = notebook.page.keyboard.press
    chat.message.focus()
    notebook.page.keyboard.type("one")
    press("Shift+Enter")
    notebook.page.keyboard.type("two")
    expect(chat.message).to_have_value("one\ntwo")
    # The Enter that ends a word of an input method is not this one.
    composing = "{key: 'Enter', isComposing: true, bubbles: true}"
    chat.message.evaluate(f"node => node.dispatchEvent(new KeyboardEvent('keydown', {composing}))")
    expect(chat.message).to_have_value("one\ntwo")
    press("Enter")
    chat.done()
    seen = []
    for _ in range(10):
        press("Shift+Tab")
        here = notebook.page.evaluate(
            """() => {
                const node = document.activeElement;
                const name = node.getAttribute("aria-label") ?? node.textContent;
                return [name, getComputedStyle(node).outlineStyle];
            }"""
        )
        seen.append(here)
    names = [
        "Delete this turn",
        "Fork from here",
        "Ask again",
        "Copy answer",
        "Copy question",
        "Edit question",
    ]
    names += ["Conversation", "Settings", "New conversation", "Model"]
    assert seen == [[name, "solid"] for name in names]
    chat.node.get_by_role("button", name="Copy answer").focus()
    press("Enter")
    expect(chat.node.get_by_role("button", name="Copied")).to_be_focused()
    assert notebook.page.evaluate("() => navigator.clipboard.readText()") == "one\ntwo"
    talks = chat.node.get_by_role("button", name="Conversations")
    talks.focus()
    press("d")
    press("d")
    assert notebook.page.locator(".jp-Notebook-cell").count() == cells
    press("Enter")
    chat.node.get_by_role("button", name="Delete all turns").focus()
    press("Enter")
    expect(chat.node.get_by_role("button", name="Really delete all turns?")).to_be_focused()
    # A second press that comes late asks again.
    expect(chat.node.get_by_role("button", name="Delete all turns", exact=True)).to_be_focused()
    press("Enter")
    press("Enter")
    expect(chat.answers).to_have_count(0)
    press("Escape")
    expect(talks).to_be_focused()


def test_code_is_copied_as_it_is(panel, notebook):
    """The button of a code block copies the code and nothing else."""
    chat = panel("OpenaiTemplate:markdown")
    chat.ask("Show all")
    chat.done()
    chat.node.get_by_role("button", name="Copy code").first.click()
    expected = "def double(x: int) -> int:\n    return 2 * x  # <b>not bold</b>"
    assert notebook.page.evaluate("() => navigator.clipboard.readText()") == expected


def test_a_second_view_agrees(panel, notebook):
    """A view opened in the middle of an answer shows the same as the first one, then and at the end."""
    first = panel("OpenaiTemplate:drip-20")
    first.ask(" ".join(WORDS.split()[:120]))
    expect(first.answers.last).to_contain_text("word9")
    second = Chat(notebook, notebook.run_new("panel"))
    expect(second.answers.last).to_contain_text("word1 ")
    expect(second.stop).to_be_visible()
    texts = [chat.done().locator(".g4f-body").inner_text() for chat in (first, second)]
    assert texts[0] == texts[1]
    assert texts[0].split() == WORDS.split()[:120]
    second.ask("And now?")
    expect(first.done(2)).to_contain_text("And now?")


def test_a_cell_that_is_run_again_leaves_no_panel_behind(notebook):
    """The panel of its run before follows the conversation no more, once its view has gone from the page."""
    notebook.run_new("talk = nb.Conversation('run again', model='Demo:demo-fast')")
    index = notebook.run_new("nb.ChatPanel(conversation='run again')")
    for _ in range(2):
        shown = Chat(notebook, index).node
        shown.evaluate("node => { node.id = 'of-the-run-before'; }")
        notebook.run(index)
        # One that nobody has seen yet cannot go.
        notebook.output(index).locator(".g4f-chat:not(#of-the-run-before)").wait_for()
    until(lambda: notebook.python("len(talk._talk.observers)") == "1", every=0.2)
    notebook.run_new("talk.ask('a list')")
    expect(Chat(notebook, index).done()).to_contain_text("another one")
    notebook.clear(index)


def test_a_reloaded_page_shows_the_conversation(desk):
    """With what was said, and it takes questions; the page that was left is no view any more."""
    shown = "nb.ChatPanel(conversation=talk)"
    notebook = desk.open(
        ["import g4f_nb as nb\ntalk = nb.Conversation('left', model='Demo:demo-fast')", shown], load=True
    )
    notebook.run(0)
    notebook.run(1)
    chat = Chat(notebook, 1)
    chat.ask("Hello")
    chat.done()
    notebook.save()
    notebook.page.reload()
    chat.node.wait_for()
    expect(chat.done()).to_contain_text("Demo")
    assert notebook.python("len(talk._talk.observers)") == "1"
    chat.ask("Hello again")
    expect(chat.done(2)).to_contain_text("Hello again")
    # Its cell run again, one panel follows the conversation.
    notebook.run(1)
    chat.node.wait_for()
    until(lambda: notebook.python("len(talk._talk.observers)") == "1", every=0.2)


def test_a_saved_notebook_holds_no_key(panel, notebook):
    """A key given to a panel is nowhere in the file, nor in the state that the widget manager would save."""
    chat = panel("OpenaiTemplate:leak", api_key=KEY)
    notebook.page.evaluate(
        "i => window.jupyterapp.shell.currentWidget.content.widgets[i].model.sharedModel.setSource('panel')",
        chat.index,
    )
    chat.ask("Hello")
    expect(chat.errors).to_be_visible()
    chat.model.fill("OpenaiTemplate:echo")
    chat.model.press("Enter")
    chat.ask("Hello")
    chat.done()
    notebook.save()
    assert KEY not in notebook.path.read_text(encoding="utf-8")
    assert KEY not in chat.node.inner_html()
    assert notebook.python(f"{KEY!r} in str(panel.get_state())") == "False"


@pytest.mark.parametrize("theme", some(THEMES, of=3, but=1))
def test_text_can_be_read_in_every_theme(panel, notebook, theme):
    """In each theme text stands out from its ground (4.5 : 1), and pictures are kept for the eye."""
    with contextlib.ExitStack() as after:
        notebook.theme(theme)
        after.callback(notebook.theme, "JupyterLab Light")
        chat = panel("Demo:demo-fast")
        name = theme.removeprefix("JupyterLab ").lower().replace(" ", "-")
        chat.kept(f"{name}-empty")
        chat.ask("think, a list, a table and code")
        chat.done()
        chat.node.locator(".g4f-reasoning summary").click()
        chat.kept(f"{name}-reasoning")
        chat.model.fill("nobody:x")
        chat.model.press("Enter")
        chat.ask("Hello")
        expect(chat.errors).to_be_visible()
        chat.kept(f"{name}-error")
        parts = (
            ".g4f-bubble, .g4f-body p, .g4f-body td, .g4f-facts, .g4f-thoughts, .g4f-error-text, .g4f-problem"
        )
        for text, contrast in chat.node.evaluate(CONTRASTS, parts):
            assert contrast >= 4.5, text


@pytest.mark.parametrize("width", [360, 1100])
def test_it_fits(panel, notebook, width):
    """At 360 pixels as at 1100 nothing sticks out, and wide code and tables scroll by themselves."""
    chat = panel("OpenaiTemplate:markdown")
    chat.node.evaluate("(node, width) => { node.parentElement.style.width = `${width}px`; }", width)
    chat.kept(f"{width}-empty")
    chat.ask("Show me everything that Markdown can do, and a_very_long_word_without_any_space_" + "x" * 60)
    chat.done()
    chat.kept(f"{width}-markdown")
    assert chat.node.evaluate("node => node.getBoundingClientRect().width") <= width
    sticking = """node => [...node.querySelectorAll("*")].filter((part) =>
        part.getBoundingClientRect().right > node.getBoundingClientRect().right + 1
        && !part.closest("pre, .g4f-wide, .g4f-unseen")).map((part) => part.outerHTML)"""
    assert chat.node.evaluate(sticking) == []
    chat.model.fill("OpenaiTemplate:drip-20")
    chat.model.press("Enter")
    chat.ask(WORDS)
    expect(chat.answers.last).to_contain_text("word20")
    chat.kept(f"{width}-streaming")
    chat.stop.click()
    chat.done(2)
