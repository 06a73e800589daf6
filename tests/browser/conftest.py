"""A real JupyterLab and a real Chromium for tests that look at what a user sees.

    def test_something(lab):
        notebook = lab.open(["1 + 1", "%load_ext g4f_nb"])
        notebook.run(0)
        assert notebook.output(0).inner_text() == "2"

The Lab runs once for all; browser and notebooks belong to a module. Opening a notebook (with a kernel of
its own) takes seconds, so tests that can share one add cells: `notebook.output(notebook.run_new("1 + 1"))`.
"""

from __future__ import annotations

import ast
import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from chatting import Chat, Columns, Heard
from later import Later

from g4f_nb.testing import serve

nbformat = Later("nbformat")
SCREENSHOTS = Path(__file__).parents[2] / "screenshots"
NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Nothing is fetched, nothing pops up, and every cell is on the page whether in sight or not.
SETTINGS = {
    "apputils-extension/notification": '{"fetchNews": "false", "checkForUpdates": false}',
    "notebook-extension/tracker": '{"windowingMode": "none"}',
    "docmanager-extension/plugin": '{"autosave": false}',
}
WAIT = 30_000  # milliseconds; generous, for slow machines
HEAD = "() => window.jupyterapp?.shell?.currentWidget"
# A switch, and what it is set to outlives the page that set it.
SAVE_STATE = "@jupyter-widgets/jupyterlab-manager:saveWidgetState"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Whatever is in this folder needs a browser."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.browser)


class Notebook:
    """One open notebook; cells are counted from 0."""

    def __init__(self, page, path):
        self.page, self.path = page, path

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
        """Keep a picture of the page, or of a part of it, in the ignored folder."""
        SCREENSHOTS.mkdir(exist_ok=True)
        (of or self.page).screenshot(path=SCREENSHOTS / f"{name}.png", animations="disabled")


class Lab:
    """Where notebooks are opened; `open` gives a `Notebook` with a kernel of its own."""

    def __init__(self, url, root, browser):
        self.url, self._root, self.browser = url, root, browser
        self._contexts = []

    def open(self, cells=(), *, width=1280, height=900, front="lab"):
        """Write a notebook with these cells and open it in a new browser profile."""
        return self.visit(self.write(cells), width=width, height=height, front=front)

    def write(self, cells, *, kernel="python3"):
        """Write a notebook with these cells and give its path."""
        path = self._root / f"test-{time.monotonic_ns()}.ipynb"
        spec = {"name": kernel, "display_name": "Python 3", "language": "python"}
        made = nbformat.v4.new_notebook(metadata={"kernelspec": spec})
        made.cells = [nbformat.v4.new_code_cell(source) for source in cells]
        nbformat.write(made, path)
        return path

    def visit(self, path, *, width=1280, height=900, front="lab", kernel=True):
        """Open a notebook file that exists, in JupyterLab or in Notebook 7 (`front="notebook"`).

        Without `kernel` nobody waits for one: its name in the file may be one that there is not.
        """
        context = self.browser.new_context(viewport={"width": width, "height": height})
        context.set_default_timeout(WAIT)
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        self._contexts.append(context)
        page = context.new_page()
        # A workspace of its own: Lab would open again what another test had open.
        lab = f"lab/workspaces/{path.stem}/tree/{path.name}?reset"
        page.goto(f"{self.url}/{lab if front == 'lab' else f'notebooks/{path.name}'}")
        ready = "context.sessionContext.session?.kernel?.status === 'idle'" if kernel else "true"
        page.wait_for_function(
            f"""() => {{
                const context = ({HEAD})()?.context;
                return context?.isReady && {ready};
            }}"""
        )
        if front == "lab":
            page.evaluate("() => window.jupyterapp.shell.collapseLeft()")
        return Notebook(page, path)

    def close(self):
        """Close every notebook and end their kernels."""
        for context in self._contexts:
            for page in context.pages:
                with contextlib.suppress(Exception):
                    page.evaluate(f"async () => ({HEAD})().context.sessionContext.shutdown()")
            context.close()


def _find_chromium():
    named = os.environ.get("G4F_NB_CHROMIUM")
    found = named if named and Path(named).exists() else next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        reason = f"no Chromium: set G4F_NB_CHROMIUM, or put {' or '.join(NAMES)} on the PATH"
        if os.environ.get("G4F_NB_REQUIRE_BROWSER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def _environment(home):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "G4F_NB_"))}
    folders = ("CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR")
    own = {f"JUPYTER_{name}": str(home / name.lower()) for name in folders}
    own |= {
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "spaces"),
    }
    return kept | own | {"HOME": str(home), "IPYTHONDIR": str(home / "ipython"), "NO_PROXY": "127.0.0.1"}


def _command(port, root):
    given = {
        "ServerApp.token": "",
        "ServerApp.password": "",
        "ServerApp.port": port,
        "ServerApp.port_retries": 0,
        "ServerApp.root_dir": root,
        # Should this process be killed, the server does not outlive it for long.
        "ServerApp.shutdown_no_activity_timeout": 300,
        "MappingKernelManager.cull_idle_timeout": 240,
        "MappingKernelManager.cull_interval": 60,
        "LabApp.extension_manager": "readonly",
        "LabApp.expose_app_in_browser": True,
        "JupyterNotebookApp.expose_app_in_browser": True,
    }
    options = [f"--{name}={value}" for name, value in given.items()]
    return [sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root", *options]


def _wait_for(url, process, log):
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/api", timeout=5):  # noqa: S310
            return
        time.sleep(0.1)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text(encoding='utf-8')[-3000:]}")


@pytest.fixture(scope="session")
def jupyter(tmp_path_factory):
    """Give address and folder of a JupyterLab that runs as long as the tests do."""
    _find_chromium()
    home = tmp_path_factory.mktemp("lab")
    root = home / "notebooks"
    root.mkdir()
    for name, text in SETTINGS.items():
        file = home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log, url = home / "lab.log", f"http://127.0.0.1:{port}"
    with log.open("w", encoding="utf-8") as out:
        process = subprocess.Popen(  # our own interpreter
            _command(port, root), env=_environment(home), cwd=root, stdout=out, stderr=subprocess.STDOUT
        )
        try:
            _wait_for(url, process, log)
            yield url, root
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


# A module's, not the session's: while Playwright runs, this thread looks as if an event loop ran on it.
@pytest.fixture(scope="module")
def lab(jupyter):
    """Open notebooks in a real JupyterLab."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=WAIT)

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_find_chromium(), args=FLAGS)
        opened = Lab(*jupyter, browser)
        yield opened
        opened.close()
        browser.close()


@pytest.fixture(scope="module")
def server():
    """Give a server whose model names are behaviours."""
    with serve() as server:
        yield server


@pytest.fixture
def show(notebook):
    """Show what a cell's code ends with; it is cleared away afterwards, so that the page stays short."""
    made = []

    def shown(code, kind):
        made.append(notebook.run_new(code))
        panel = kind(notebook, made[-1])
        panel.node.wait_for()
        return panel

    yield shown
    for index in made:
        notebook.clear(index)


@pytest.fixture
def panel(show, server):
    """Make chat panels, each in a cell of its own, as `panel` in the kernel; they ask the test's server."""

    def make(model="Demo:demo-fast", **options):
        if ":" in model and not model.startswith("Demo"):
            options.setdefault("api_base", server.api_base)
        given = "".join(f", {name}={value!r}" for name, value in options.items())
        return show(f"panel = nb.ChatPanel({model!r}{given})\npanel", Chat)

    return make


@pytest.fixture
def columns(show, server):
    """Make comparing panels, likewise."""

    def make(*behaviours, **options):
        models = [f"OpenaiTemplate:{each}" for each in behaviours]
        given = {"api_base": server.api_base, "api_key": "sk-none", **options}
        words = "".join(f", {name}={value!r}" for name, value in given.items())
        return show(f"panel = nb.ComparePanel({models!r}{words})\npanel", Columns)

    return make
