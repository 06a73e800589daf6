"""A saved conversation in a real browser, as a page and as a notebook: no hostile answer acts in either."""

from __future__ import annotations

from dataclasses import replace

import pytest
from contrast import CONTRASTS
from hostile_markdown import PAYLOADS
from opened import keep_picture

import g4f_nb as nb
from g4f_nb.testing import serve

_SHOWN = "h1, .told, .who, .asked, .system, footer, summary, section p, section li, td, th, code, .error"


def add(a: int, b: int) -> int:
    """Add."""
    return a + b


@pytest.fixture(scope="module")
def hostile():
    """All payloads as questions, and as their own answers."""
    with serve() as server:
        talk = nb.Conversation(
            "<img src=x onerror=window.pwned=1>", model="OpenaiTemplate:echo", api_base=server.api_base,
            system="<script>window.pwned=1</script>", keep=False,
        )  # fmt: skip
        for payload in PAYLOADS:
            talk.ask(payload, after=None)
            talk.ask(f"# Title\n\n- {payload}\n\n> {payload}")
        # One branch of all of them.
        turns = talk.all_turns
        made = nb.Conversation(talk.name, system=talk.system, keep=False)
        made._talk.take(_in_a_row(talk.as_saved(), turns))
        return made


def _in_a_row(saved, turns):
    before, row = None, []
    for turn in turns:
        row.append(replace(turn, parent=before))
        before = turn.id
    return replace(saved, turns=tuple(row), chosen={turn.parent: turn.id for turn in row})


def test_nothing_in_a_page_acts(lab, hostile, tmp_path):
    """No payload runs, even without the page's own policy; nothing is loaded from anywhere."""
    for policy in (True, False):
        file = hostile.save(tmp_path / f"policy-{policy}.html")
        if not policy:
            html = file.read_text(encoding="utf-8").replace("Content-Security-Policy", "x-none")
            file.write_text(html, encoding="utf-8")
        page = lab.browser.new_page()
        asked = []
        page.on("request", lambda request, asked=asked: asked.append(request.url))
        page.goto(file.as_uri())
        page.evaluate("() => document.querySelectorAll('details').forEach(each => each.open = true)")
        page.wait_for_timeout(300)
        assert page.locator("section").count() == 2 * len(PAYLOADS)
        assert page.evaluate("() => window.pwned") is None
        assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
        page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1000])
def test_a_page_can_be_read(lab, tmp_path, scheme, width):
    """In light and dark, on a phone too: every text stands out, and nothing is wider than the page."""
    talk = nb.Conversation("Physics of the sky", model="Demo:demo-fast", system="Be brief.", keep=False)
    talk.ask("Show me a table, math, code, a list, and think")
    talk.ask("add 2 and 40", tools=[add])
    with pytest.raises(nb.G4FError):
        talk.ask("error 429")
    page = lab.browser.new_page(color_scheme=scheme, viewport={"width": width, "height": 900})
    page.goto(talk.save(tmp_path / "talk.html").as_uri())
    page.evaluate("() => document.querySelectorAll('details').forEach(each => each.open = true)")
    low = [each for each in page.evaluate(f"({CONTRASTS})(document.body, {_SHOWN!r})") if each[1] < 4.5]
    assert low == []
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    keep_picture(page, f"conversation-page-{scheme}-{width}", full_page=True)
    page.close()


def test_a_saved_notebook_is_read_without_running_it(desk, jupyter):
    """Questions are cells, answers are seen at once, and none of the hostile ones acts."""
    with serve() as server:
        talk = nb.Conversation("hostile", model="OpenaiTemplate:echo", api_base=server.api_base, keep=False)
        talk.ask("# A title\n\n| a | b |\n|---|---|\n| 1 | 2 |")
        talk.ask("\n\n".join(PAYLOADS[:40]))
    notebook = desk.visit(talk.save(jupyter[1] / "talk.ipynb"))
    assert notebook.output(2).locator("h1").inner_text() == "A title"
    assert notebook.output(2).locator("td").count() == 2
    assert "window.pwned" in notebook.output(3).inner_text()
    assert notebook.page.evaluate("() => window.pwned") is None
    notebook.screenshot("conversation-notebook")
