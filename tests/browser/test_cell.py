"""`%%chat` in a real JupyterLab: what a person sees of an answer, a stop, an error and a hostile model."""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path

import pytest
from playwright.sync_api import expect

sys.path.insert(0, str(Path(__file__).parents[1]))
from hostile_markdown import hostile_cell_outputs
from thorough import some

# An answer of a minute and more.
_WORDS = "several words in a row that take their time " * 150


@pytest.fixture(scope="module")
def notebook(lab, server):
    prepare = (
        "%load_ext g4f_nb\nimport g4f_nb as nb\n"
        "def model(name):\n"
        f"    return nb.Model('OpenaiTemplate:' + name, api_base={server.api_base!r})\n"
        "drip, markdown, reason = model('drip-20'), model('markdown'), model('reason')\n"
        "speaker = model('speak')\n"
        f"painter = nb.Model('OpenaiTemplate:image-b64', api_base={server.api_base!r}, prompt='a red circle')"
    )
    notebook = lab.open([prepare], height=1000)
    notebook.run(0)
    return notebook


def test_the_answer_is_seen_while_it_comes(notebook):
    """Words are on the page long before the cell has ended, and then the footer says who answered."""
    cell = notebook.run_new(f"%%chat -m drip\n{_WORDS[:900]}", wait=False)
    output = notebook.output(cell)
    output.get_by_text("several words").wait_for()
    assert "drip-20" not in output.inner_text()
    notebook.screenshot("cell-streaming", of=notebook.cell(cell))
    notebook.wait(cell)
    expect(output).to_contain_text("drip-20")
    expect(output.locator(".jp-OutputArea-child")).to_have_count(1)


def test_stop_keeps_what_had_arrived(notebook, server):
    """The interrupt ends the cell at once; the partial answer stays, marked, with one line below it."""
    before = server.aborted
    cell = notebook.run_new(f"%%chat -m drip\n{_WORDS}", wait=False)
    notebook.output(cell).get_by_text("several words").wait_for()
    notebook.page.evaluate("() => window.jupyterapp.commands.execute('notebook:interrupt-kernel')")
    notebook.wait(cell)
    output = notebook.output(cell)
    for words in ("several words", "stopped early", "kept in `_`"):
        expect(output).to_contain_text(words)
    expect(output).not_to_contain_text("Traceback")
    assert server.wait_for(lambda seen: seen.aborted == before + 1, timeout=10)
    notebook.screenshot("cell-stopped", of=notebook.cell(cell))


def test_markdown_is_rendered(notebook):
    """Tables, code, lists and math of an answer are rendered by the notebook, in light and dark."""
    cell = notebook.run_new("%%chat -m markdown\nanything")
    output = notebook.output(cell)
    # It is rendered some time after the kernel is done.
    expect(output.locator("pre code")).to_have_count(1)
    assert output.locator("table td").count() >= 2
    assert output.locator("h1, h2, h3").count() >= 1
    output.locator("mjx-container, .MathJax").first.wait_for()
    thought = notebook.run_new("%%chat -m reason\nwhat a person thinks")
    assert notebook.output(thought).locator("details summary").inner_text() == "Reasoning"
    failed = notebook.run_new("%%chat -p groq\nhi")
    expect(notebook.output(failed)).to_contain_text("GROQ_API_KEY")
    frame = notebook.run_new(
        "nb.compare(['hi', 'ho'], ['Demo:demo-fast', model('upper'), model('error-400')])"
        "[['prompt', 'model', 'status', 'answer']]"
    )
    expect(notebook.output(frame).locator("tbody tr")).to_have_count(6)
    shown = {"markdown": cell, "reasoning": thought, "error": failed, "compare": frame}
    for theme in ("Light", "Dark"):
        notebook.theme(f"JupyterLab {theme}")
        for name, index in shown.items():
            notebook.screenshot(f"cell-{name}-{theme.lower()}", of=notebook.cell(index))
    notebook.theme("JupyterLab Light")


def test_images_and_sound_that_came_along_are_there(notebook):
    """A picture is painted and sound can be played, from the notebook itself; nothing is fetched for it."""
    asked = []
    notebook.page.on("request", lambda request: asked.append(request.url))
    drawn = notebook.run_new("%%chat -m painter\na red circle")
    picture = notebook.output(drawn).locator("img")
    picture.wait_for()
    assert picture.evaluate("image => [image.complete, image.naturalWidth]") == [True, 32]
    notebook.screenshot("cell-image", of=notebook.cell(drawn))
    spoken = notebook.run_new("%%chat -m speaker\nhello there")
    player = notebook.output(spoken).locator("audio")
    player.wait_for()
    expect(notebook.output(spoken)).to_contain_text("hello there")
    long = "sound => new Promise(done => { const told = () => done(sound.duration); "
    long += "if (sound.readyState) told(); else sound.onloadedmetadata = told; sound.load(); })"
    assert abs(player.evaluate(long) - 0.1) < 0.01
    notebook.screenshot("cell-sound", of=notebook.cell(spoken))
    assert [url for url in asked if "127.0.0.1" not in url and not url.startswith(("data:", "blob:"))] == []


def test_a_hostile_answer_does_nothing(notebook):
    """No payload runs, none loads anything, and no link of theirs has a dangerous target."""
    asked = []
    notebook.page.on("request", lambda request: asked.append(request.url))
    every = hostile_cell_outputs()
    texts = some(every)
    # JupyterLab shows the first fifty outputs of a cell, so several answers share one.
    shared = ["\n\n---\n\n".join(texts[start::45]) for start in range(45)]
    bundle = base64.b64encode(json.dumps(shared).encode()).decode()
    cell = notebook.run_new(
        "import base64, json\nfrom IPython.display import display\n"
        f"for each in json.loads(base64.b64decode({bundle!r})):\n"
        "    display({'text/markdown': each, 'text/plain': 'x'}, raw=True)"
    )
    output = notebook.output(cell)
    output.locator(".jp-RenderedMarkdown").last.wait_for()
    notebook.page.wait_for_timeout(500)
    assert notebook.page.evaluate("() => window.pwned") is None
    foreign = [url for url in asked if "127.0.0.1" not in url and not url.startswith(("data:", "blob:"))]
    assert foreign == []
    found = output.evaluate(
        """area => {
            const bad = "script, iframe, object, embed, form, img, style, link, base, meta, video, audio";
            const inside = [...area.querySelectorAll(".jp-RenderedMarkdown")];
            const elements = inside.flatMap(each => [...each.querySelectorAll("*")]);
            const links = elements.filter(each => each.tagName === "A").map(each => each.protocol);
            const handlers = elements.flatMap(each => [...each.attributes])
                .filter(each => each.name.startsWith("on")).map(each => each.name);
            return {
                outputs: inside.length,
                bad: elements.filter(each => each.matches(bad)).map(each => each.outerHTML),
                links: [...new Set(links)],
                handlers,
            };
        }"""
    )
    assert found["outputs"] == 45
    assert len(every) > 600
    assert found["bad"] == []
    assert found["handlers"] == []
    assert set(found["links"]) <= {"http:", "https:", "mailto:"}
    notebook.clear(cell)
