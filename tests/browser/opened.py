"""Notebooks in a browser: one that is open, the pages that Chromium has, and where notebooks are opened."""

from __future__ import annotations

import ast
import contextlib
import os
import time
from pathlib import Path

from chatting import Heard
from later import Later
from thorough import THOROUGH

nbformat = Later("nbformat")
SCREENSHOTS = Path(__file__).parents[2] / "screenshots"
# For people to look at: they are taken where everything is tried, or where somebody asks for them.
PICTURES = THOROUGH or os.environ.get("G4F_NB_SCREENSHOTS") == "1"
THEMES = ("JupyterLab Light", "JupyterLab Dark", "JupyterLab Dark High Contrast")
WAIT = 60_000  # milliseconds; generous, for slow machines
HEAD = "() => window.jupyterapp?.shell?.currentWidget"
# A switch, and what it is set to outlives the page that set it.
SAVE_STATE = "@jupyter-widgets/jupyterlab-manager:saveWidgetState"

# Open a notebook in a page where JupyterLab is loaded, as a double click on its name does.
OPEN = """async path => {
    const {commands, shell} = window.jupyterapp;
    const panel = await commands.execute("docmanager:open", {path});
    await panel.context.ready;
    await panel.context.sessionContext.ready;
    shell.activateById(panel.id);
}"""
# Close it again without a question, with its kernel; leave the page as it was found.
CLOSE = """async () => {
    const {commands, shell} = window.jupyterapp;
    const panel = shell.currentWidget;
    await panel.context.sessionContext.shutdown();
    panel.context.model.dirty = false;
    const closed = new Promise(resolve => panel.disposed.connect(resolve));
    panel.close();
    await closed;
    await commands.execute("apputils:change-theme", {theme: "JupyterLab Light"});
    if (document.querySelector(".jp-Dialog") || [...shell.widgets("main")].some(each => each.context)) {
        throw new Error("something is still open");
    }
}"""


def keep_picture(shown, name, **how):
    """Keep a picture of a page, or of a part of one, in the ignored folder."""
    if PICTURES:
        SCREENSHOTS.mkdir(exist_ok=True)
        shown.screenshot(path=SCREENSHOTS / f"{name}.png", **how)


class Notebook:
    """One open notebook; cells are counted from 0."""

    def __init__(self, page, path, close):
        self.page, self.path, self.close = page, path, close

    def cell(self, index):
        """Give a whole cell."""
        return self.page.locator(".jp-Notebook-cell").nth(index)

    def output(self, index):
        """Give what stands below a cell's code: a locator, so it can be waited for."""
        return self.cell(index).locator(".jp-OutputArea").first

    def run(self, index, *, wait=True):
        """Run a cell; with `wait`, until the kernel is done with it."""
        script = """index => {
            const panel = window.jupyterapp.shell.currentWidget;
            panel.content.activeCellIndex = index;
            window.jupyterapp.commands.execute("notebook:run-cell");
        }"""
        self.page.evaluate(script, index)
        if wait:
            self.wait(index)
        return index

    def wait(self, index):
        """Wait until a cell that was started has ended."""
        self.page.wait_for_function(
            """index => {
                const cell = window.jupyterapp.shell.currentWidget.content.widgets[index];
                return cell.model.executionState === "idle" && cell.model.executionCount !== null;
            }""",
            arg=index,
        )

    def add(self, source):
        """Add a cell at the end and give its number."""
        script = """source => {
            const shared = window.jupyterapp.shell.currentWidget.content.model.sharedModel;
            shared.addCell({cell_type: "code", source});
            return shared.cells.length - 1;
        }"""
        return self.page.evaluate(script, source)

    def run_new(self, source, *, wait=True):
        """Add a cell at the end, run it and give its number."""
        return self.run(self.add(source), wait=wait)

    @contextlib.contextmanager
    def at_work(self):
        """Keep the kernel busy with a cell for as long as this lasts; gives the cell's number."""
        end = self.path.with_suffix(".end")
        code = f"end = pathlib.Path({str(end)!r})\nfor _ in range(1200):\n    if end.exists(): break\n"
        index = self.run_new(f"import pathlib, time\n{code}    time.sleep(0.05)\nprint('done')", wait=False)
        state = "window.jupyterapp.shell.currentWidget.content.widgets[i].model.executionState"
        self.page.wait_for_function(f"i => {state} === 'running'", arg=index)
        try:
            yield index
        finally:
            end.touch()
            self.wait(index)
            end.unlink()

    def clear(self, index):
        """Take a cell's outputs away."""
        self.page.evaluate(
            "i => window.jupyterapp.shell.currentWidget.content.widgets[i].model.clearExecution()", index
        )

    def python(self, expression):
        """Give a text that an expression is in the kernel: beside all outputs, whatever is logged there."""
        script = """async expression => {
            const kernel = window.jupyterapp.shell.currentWidget.context.sessionContext.session.kernel;
            const given = {code: "", silent: true, user_expressions: {asked: `str((${expression}))`}};
            const {content} = await kernel.requestExecute(given).done;
            return content.user_expressions?.asked ?? content;
        }"""
        answer = self.page.evaluate(script, expression)
        assert answer["status"] == "ok", answer
        return ast.literal_eval(answer["data"]["text/plain"])

    def overhear(self):
        """Note every message between page and kernel from now on, its text and its bytes."""
        return Heard(self.page)

    def save(self):
        """Save the notebook and give it as nbformat reads it."""
        self.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
        return nbformat.read(self.path, as_version=4)

    def keep_widget_state(self):
        """Have the state of all widgets saved with the notebook from now on, whoever switched that before."""
        script = """async name => {
            const {commands} = window.jupyterapp;
            if (!commands.isToggled(name)) await commands.execute(name);
        }"""
        self.page.evaluate(script, SAVE_STATE)
        self.page.wait_for_function("name => window.jupyterapp.commands.isToggled(name)", arg=SAVE_STATE)

    def theme(self, name):
        """Change the theme: `JupyterLab Light`, `JupyterLab Dark`, `JupyterLab Dark High Contrast`."""
        self.page.evaluate(
            "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", name
        )
        self.page.wait_for_function("theme => document.body.dataset.jpThemeName === theme", arg=name)

    def screenshot(self, name, of=None):
        """Keep a picture of the page, or of a part of it."""
        keep_picture(of or self.page, name, animations="disabled")


class Pages:
    """A browser, and its pages where JupyterLab is loaded and nothing is open."""

    def __init__(self, browser):
        self.browser = browser
        self._free = []

    def new(self, url, *, width, height):
        """Load a page in a new browser profile."""
        context = self.browser.new_context(viewport={"width": width, "height": height})
        context.set_default_timeout(WAIT)
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        page = context.new_page()
        page.goto(url)
        return page

    def take(self, *, width, height):
        """Give a page that is loaded, if there is one."""
        page = self._free.pop() if self._free else None
        if page is not None:
            page.set_viewport_size({"width": width, "height": height})
        return page

    def give_back(self, page):
        """Close the notebook of a page, which can be used again if that is all that was open."""
        try:
            page.evaluate(CLOSE)
        except Exception:  # noqa: BLE001  # whatever it is, this page is used no more
            self.leave(page)
        else:
            if self._free:
                # One is enough; each looks now and then what there is at the server.
                page.context.close()
            else:
                self._free.append(page)

    def leave(self, page):
        """Close a page and the kernel of its notebook."""
        with contextlib.suppress(Exception):
            page.evaluate(f"async () => ({HEAD})().context.sessionContext.shutdown()")
        page.context.close()


class Lab:
    """Where notebooks are opened; `open` gives a `Notebook` with a kernel of its own."""

    def __init__(self, url, root, pages):
        self.url, self._root, self._pages = url, root, pages
        self.browser = pages.browser
        self.notebooks = []

    def open(self, cells=(), **options):
        """Write a notebook with these cells and open it as `visit` does."""
        return self.visit(self.write(cells), **options)

    def write(self, cells, *, kernel="python3"):
        """Write a notebook with these cells and give its path."""
        path = self._root / f"test-{time.monotonic_ns()}.ipynb"
        spec = {"name": kernel, "display_name": "Python 3", "language": "python"}
        made = nbformat.v4.new_notebook(metadata={"kernelspec": spec})
        made.cells = [nbformat.v4.new_code_cell(source) for source in cells]
        nbformat.write(made, path)
        return path

    def visit(self, path, *, width=1280, height=900, front="lab", load=False, kernel=True):
        """Open a notebook file that exists, in JupyterLab or in Notebook 7 (`front="notebook"`).

        With `load` the page is loaded for it, as by somebody who begins with its address. Without `kernel`
        nobody waits for one: its name in the file may be one that there is not.
        """
        lab, size = front == "lab", {"width": width, "height": height}
        page = self._pages.take(**size) if lab and kernel and not load else None
        if page is not None:
            page.evaluate(OPEN, path.name)
        else:
            # A workspace of its own: Lab would open again what another test had open.
            place = f"lab/workspaces/{path.stem}/tree/{path.name}?reset" if lab else f"notebooks/{path.name}"
            page = self._pages.new(f"{self.url}/{place}", **size)
        ready = "context.sessionContext.session?.kernel?.status === 'idle'" if kernel else "true"
        page.wait_for_function(
            f"""name => {{
                const context = ({HEAD})()?.context;
                return context?.path === name && context.isReady && {ready};
            }}""",
            arg=path.name,
        )
        if lab:
            page.evaluate("() => window.jupyterapp.shell.collapseLeft()")
        opened = Notebook(page, path, lambda: self._close(opened, again=lab and kernel))
        self.notebooks.append(opened)
        return opened

    def _close(self, notebook, *, again):
        self.notebooks.remove(notebook)
        (self._pages.give_back if again else self._pages.leave)(notebook.page)

    def close(self):
        """Close every notebook that is still open, and end their kernels."""
        for notebook in list(self.notebooks):
            notebook.close()
