"""The comparing panel and the rating panel in a real JupyterLab, as a user meets them."""

from __future__ import annotations

import contextlib

import pytest
from axe import axe_core, faults_of
from chatting import Columns
from contrast import CONTRASTS
from hostile_markdown import PAYLOADS
from opened import THEMES
from playwright.sync_api import expect
from thorough import some

pytestmark = pytest.mark.browser
WORDS = " ".join(f"word{number}" for number in range(200))


@pytest.fixture(scope="module")
def notebook(lab):
    """Give one notebook for all tests that do no harm to it."""
    notebook = lab.open(["import g4f_nb as nb"])
    notebook.run(0)
    return notebook


def test_answers_come_side_by_side(columns, notebook):
    """Each is seen to grow, one is stopped by itself, the others end with their times; the frame has them."""
    both = columns("drip-20", "drip-10", "error-401")
    both.kept("compare-before")
    both.ask(" ".join(WORDS.split()[:120]))
    first, second, third = (both.sides.nth(at) for at in range(3))
    expect(first).to_contain_text("word3")
    expect(third).to_contain_text("401")
    both.kept("compare-streaming")
    first.get_by_role("button", name="Stop").click()
    expect(first).to_contain_text("Stopped")
    both.done()
    expect(second.locator(".g4f-body")).to_contain_text("word119")
    expect(second.locator(".g4f-column-facts")).to_contain_text("tokens/s")
    both.kept("compare-done")
    assert notebook.python("panel.results['status'].tolist()") == "['cancelled', 'ok', 'error']"
    first.get_by_role("button", name="Ask again").click()
    both.done()
    expect(first.locator(".g4f-body")).to_contain_text("word119")


def test_a_blind_vote_with_the_keyboard(columns, notebook):
    """No name is on the page before the vote; one key votes, and shows whose answers they were."""
    both = columns("upper", "echo", blind=True, seed=1)
    both.ask("Write a haiku about rain")
    both.done()
    expect(both.vote).to_be_visible()
    expect(both.sides.first).to_contain_text("Answer A")
    both.kept("compare-blind")
    assert "OpenaiTemplate" not in both.node.inner_html()
    left = both.sides.first.locator(".g4f-body").inner_text()
    notebook.page.keyboard.press("1")
    expect(both.sides.first).to_contain_text("OpenaiTemplate:")
    expect(both.sides.first).to_contain_text("better")
    both.kept("compare-revealed")
    better = "upper" if left.isupper() else "echo"
    assert notebook.python("panel.verdicts['winner_model'].tolist()") == f"['OpenaiTemplate:{better}']"


def test_a_reader_without_a_kernel_sees_the_answers(columns, notebook):
    """What is kept beside the panel is out of sight while it lives, and in the file with all answers."""
    both = columns("upper", "echo")
    both.ask("Kept for readers")
    both.done()
    kept = notebook.output(both.index).locator(".g4f-transcript")
    expect(kept).to_have_count(1)
    expect(kept).to_be_hidden()
    cell = notebook.save().cells[both.index]
    (html,) = [each["data"]["text/html"] for each in cell.outputs if "text/html" in each["data"]]
    assert "KEPT FOR READERS" in html
    assert "OpenaiTemplate:echo" in html
    assert len(str(cell.outputs)) < 8_000


def test_prompts_one_after_the_other_and_their_words(columns, notebook):
    """Next prompt goes through the list, arrows go back; two answers are compared word by word."""
    both = columns("upper", "echo", prompts={"rain": "About rain 1 2 3", "snow": "About snow 1 2 3"})
    for at in ("1 of 2", "2 of 2"):
        both.node.get_by_role("button", name=f"Next prompt ({at})").click()
        both.done()
    expect(both.node.locator(".g4f-question-text")).to_have_text("About snow 1 2 3")
    both.node.get_by_role("button", name="Differences").click()
    expect(both.node.locator(".g4f-diff-words del")).to_have_text("ABOUT SNOW")
    both.kept("compare-differences")
    both.node.get_by_role("button", name="Earlier prompt").click()
    expect(both.sides.first).to_contain_text("ABOUT RAIN")
    assert notebook.python("panel.results.llm.wide().index.tolist()") == "['rain', 'snow']"


def test_a_model_is_added(columns, notebook):
    """Picked from the list, it answers the prompt on the page; a column can be taken away."""
    one = columns("upper")
    one.ask("hello")
    one.done()
    field = one.node.get_by_role("combobox", name="Add a model")
    field.click()
    one.kept("compare-adding")
    field.fill("Demo:demo-fast")
    field.press("Enter")
    expect(one.sides).to_have_count(2)
    one.done()
    expect(one.sides.nth(1)).to_contain_text("first token")
    one.sides.first.get_by_role("button", name="Remove this column").click()
    expect(one.sides).to_have_count(1)


def test_it_streams_while_a_cell_runs_and_a_late_view_has_it_all(columns, notebook):
    """The kernel's work holds nothing up; a second view opened in the middle agrees in the end."""
    both = columns("drip-20", "drip-15")
    both.ask(" ".join(WORDS.split()[:150]))
    expect(both.sides.first).to_contain_text("word2")
    index = notebook.run_new("panel")
    second = Columns(notebook, index)
    expect(second.sides.first).to_contain_text("word2")
    with notebook.at_work():
        expect(both.sides.first).to_contain_text("word40")
    both.done()
    second.done()
    texts = [each.sides.first.locator(".g4f-body").inner_text() for each in (both, second)]
    assert texts[0] == texts[1]
    assert texts[0].split()[-1] == "word149"


def test_models_write_text_and_nothing_else(columns, notebook):
    """All hostile answers and prompts, in a column, word by word, and in what is kept: nothing acts."""
    both = columns("echo", "upper")
    both.ask("\n\n".join(PAYLOADS))
    both.done()
    both.node.get_by_role("button", name="Differences").click()
    expect(both.node.locator(".g4f-diff-words")).to_contain_text("onerror")
    notebook.page.wait_for_timeout(300)
    assert notebook.page.evaluate("() => window.pwned") is None
    acting = "script, iframe, object, embed, img, [onerror], [onload], a[href^='javascript']"
    assert notebook.output(both.index).locator(acting).count() == 0


def test_an_answer_is_copied_as_it_was_written(columns, notebook):
    """The Markdown, not what it looks like."""
    one = columns("echo")
    one.ask("Some **bold** words")
    one.done()
    one.sides.first.get_by_role("button", name="Copy answer").click()
    expect(one.sides.first.get_by_role("button", name="Copied")).to_be_visible()
    assert notebook.page.evaluate("() => navigator.clipboard.readText()") == "Some **bold** words"


RESULT = """from g4f_nb.testing import serve
answers = {"brief": lambda q: f"Brief: {q}", "long": lambda q: f"At *length*:\\n\\n- one\\n- two\\n\\n{q}"}
serving = serve(answers=answers)
own = serving.__enter__()
models = [nb.Model(f"OpenaiTemplate:{name}", api_base=own.api_base) for name in answers]
r = nb.compare(["About rain", "About snow", "About wind"], models, progress=False)
rating = r.llm.rate()
rating"""


def test_a_finished_comparison_is_rated(notebook):
    """Pair after pair with one key each, and undo; at the end whose answers they were."""
    panel = Columns(notebook, notebook.run_new(RESULT))
    expect(panel.node.get_by_text("1 of 3")).to_be_visible()
    panel.kept("rating-first")
    panel.node.get_by_role("button", name="A is better").click()
    expect(panel.node.get_by_text("2 of 3")).to_be_visible()
    notebook.page.keyboard.press("u")
    expect(panel.node.get_by_text("1 of 3")).to_be_visible()
    for key, after in (("ArrowRight", "2 of 3"), ("t", "3 of 3")):
        notebook.page.keyboard.press(key)
        expect(panel.node.get_by_text(after)).to_be_visible()
    assert "OpenaiTemplate" not in panel.node.inner_html()
    notebook.page.keyboard.press("b")
    expect(panel.node.get_by_text("All pairs are judged.")).to_be_visible()
    panel.kept("rating-end")
    code = "r.llm.verdicts()['winner'].tolist().count('tie'), len(r.llm.rank(judge='human'))"
    assert notebook.python(code) == "(2, 2)"
    notebook.run_new("serving.__exit__(None, None, None)")


@pytest.mark.parametrize("theme", some(THEMES, of=3, but=2))
def test_it_can_be_read_in_every_theme(columns, notebook, theme):
    """In each theme text stands out from its ground, and pictures are kept for the eye."""
    with contextlib.ExitStack() as after:
        notebook.theme(theme)
        after.callback(notebook.theme, "JupyterLab Light")
        both = columns("markdown", "upper", "error-401")
        both.ask("Everything that Markdown can do")
        both.done()
        both.node.get_by_role("button", name="Differences").click()
        expect(both.node.locator(".g4f-diff-words del").first).to_be_visible()
        both.kept(f"compare-{theme.removeprefix('JupyterLab ').lower().replace(' ', '-')}")
        parts = ".g4f-column-title, .g4f-body p, .g4f-column-facts, .g4f-column-error, .g4f-diff-words"
        for text, contrast in both.node.evaluate(CONTRASTS, parts):
            assert contrast >= 4.5, text


@pytest.mark.parametrize("width", [360, 1100])
def test_it_fits(columns, notebook, width):
    """At 360 pixels the columns stand below each other; at no width anything sticks out."""
    both = columns("markdown", "upper", blind=True)
    both.node.evaluate("(node, width) => { node.parentElement.style.width = `${width}px`; }", width)
    both.ask("Everything that Markdown can do, and a_very_long_word_without_any_space_" + "x" * 60)
    both.done()
    expect(both.vote).to_be_visible()
    both.kept(f"compare-{width}")
    assert both.node.evaluate("node => node.getBoundingClientRect().width") <= width
    sticking = """node => [...node.querySelectorAll("*")].filter((part) =>
        part.getBoundingClientRect().right > node.getBoundingClientRect().right + 1
        && !part.closest("pre, .g4f-wide, .g4f-unseen")).map((part) => part.outerHTML)"""
    assert both.node.evaluate(sticking) == []
    tops = [both.sides.nth(at).bounding_box()["y"] for at in (0, 1)]
    assert (tops[1] > tops[0]) == (width < 500)


def test_axe_finds_no_serious_fault(columns, notebook):
    """Empty, blind, with names, word by word, with an error; the fields for a model and for a key."""
    script = axe_core()
    notebook.page.evaluate(script)
    both = columns("upper", "markdown", "error-401", blind=True)
    field = both.node.get_by_role("combobox", name="Add a model")
    field.click()
    both.node.get_by_role("option", name="Demo").wait_for()
    assert faults_of(notebook.page, ".g4f-compare") == []
    field.press("Escape")
    both.ask("Everything")
    both.done()
    expect(both.vote.get_by_role("button").first).to_be_enabled()
    assert faults_of(notebook.page, ".g4f-compare") == []
    both.vote.get_by_role("button", name="Tie").click()
    both.node.get_by_role("button", name="Differences").click()
    expect(both.node.locator(".g4f-diff-words del").first).to_be_visible()
    assert faults_of(notebook.page, ".g4f-compare") == []
    picker = notebook.output(notebook.run_new("nb.ModelPicker('groq:x')"))
    key = notebook.output(notebook.run_new("nb.KeyPrompt('groq')"))
    picker.get_by_role("alert").wait_for()
    key.locator(".g4f-key").wait_for()
    picker.get_by_role("combobox").click()
    picker.get_by_role("option", name="Demo").wait_for()
    for place in (".g4f-model-picker", ".g4f-key"):
        assert faults_of(notebook.page, place) == []


def test_other_widgets_on_the_page_change_no_looks(columns, notebook):
    """Whatever is shown before or after, buttons stand where they stand: at the right of their column."""
    both = columns("upper", "echo")
    both.ask("hello")
    both.done()
    place = "node => node.getBoundingClientRect().right"
    remove = both.sides.first.get_by_role("button", name="Remove this column")
    before = remove.evaluate(place)
    for other in ("nb.KeyPrompt('groq')", "nb.ModelPicker()", "nb.ChatPanel('Demo:demo-fast')"):
        shown = notebook.output(notebook.run_new(other)).locator(".g4f-root")
        shown.wait_for()
    assert remove.evaluate(place) == before
    assert both.sides.first.evaluate(place) - before < 12
