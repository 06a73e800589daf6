"""A report and a view in a real browser: they page and sort, and no hostile answer acts."""

from __future__ import annotations

import pytest
from hostile_markdown import PAYLOADS

import g4f_nb as nb
from g4f_nb.testing import serve


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """A report in which all payloads are answers, of two models, and each the question of its own answer."""
    says = {"bare": lambda text: text, "around": lambda text: f"# Title\n\n- {text}\n\n> {text}"}
    file = tmp_path_factory.mktemp("report") / "report.html"
    with serve(answers=says, models=["error-500"]) as server:
        models = [
            nb.Model(f"OpenaiTemplate:{name}", api_base=server.api_base) for name in (*says, "error-500")
        ]
        made = nb.compare(list(PAYLOADS), models, retries=0, progress=False)
        return made.llm.score(len, into="chars").llm.report(file, "chars", most=2000)


def test_nothing_in_a_report_acts(lab, report):
    """No payload runs, even without the page's own policy; nothing is loaded from anywhere."""
    for policy in (True, False):
        page = lab.browser.new_page()
        asked = []
        page.on("request", lambda request, asked=asked: asked.append(request.url))
        html = report.read_text(encoding="utf-8")
        if not policy:
            html = html.replace("Content-Security-Policy", "x-none")
        file = report.with_name(f"policy-{policy}.html")
        file.write_text(html, encoding="utf-8")
        page.goto(file.as_uri())
        page.evaluate("() => document.querySelectorAll('details').forEach(each => each.open = true)")
        page.wait_for_timeout(300)
        assert page.evaluate("() => window.pwned") is None
        assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
        page.close()


def test_tables_of_a_report_are_paged_and_sorted(lab, report):
    """A click on a column's name sorts by it, numbers as numbers; a page shows 25 rows."""
    page = lab.browser.new_page(viewport={"width": 1200, "height": 900})
    page.goto(report.as_uri())
    failures = page.locator("section", has_text="What has no answer").locator(".g4f-sheet")
    assert failures.locator("tbody tr:visible").count() == 25
    assert "page 1 of" in failures.inner_text()
    failures.get_by_role("button", name="next").click()
    assert "page 2 of" in failures.inner_text()
    models = page.locator("section", has_text="Models").first
    head = models.get_by_role("button", name="chars", exact=True)
    seen = []
    for _ in range(2):
        head.click()
        seen.append(models.locator("tbody tr").first.inner_text().split("\t")[0].strip())
    # What has no number comes last, whichever way it is sorted.
    assert seen == ["OpenaiTemplate:bare", "OpenaiTemplate:around"]
    assert models.locator("th[aria-sort=descending]").inner_text() == "chars"
    page.close()


def test_a_view_works_in_a_notebook(desk):
    """The table is paged and sorted in JupyterLab, and a formula in an answer stays as it was typed."""
    notebook = desk.open(
        [
            "import pandas as pd, g4f_nb as nb",
            """texts = ['$x$ <img src=x onerror=window.pwned=1>'] * 60
pd.DataFrame({'n': range(60), 'text': texts}).llm.view()""",
        ]
    )
    notebook.run(0)
    notebook.run(1)
    sheet = notebook.output(1).locator(".g4f-sheet")
    sheet.get_by_role("button", name="next").wait_for()
    assert sheet.locator("tbody tr:visible").count() == 25
    name = sheet.get_by_role("button", name="n", exact=True)
    name.click()
    name.click()
    assert sheet.locator("tbody tr").first.locator("td").first.inner_text() == "59"
    assert "$x$" in sheet.locator("tbody tr").first.inner_text()
    assert notebook.page.evaluate("() => window.pwned") is None
    notebook.screenshot("view", of=notebook.cell(1))
