"""A real JupyterLab and a real Chromium for tests that look at what a user sees.

    def test_something(lab):
        notebook = lab.open(["1 + 1", "%load_ext g4f_nb"])
        notebook.run(0)
        assert notebook.output(0).inner_text() == "2"

The Lab runs once for all, and so do the browser and its pages where nothing else is tested: to load
JupyterLab costs six times what it costs to open a notebook where it is loaded. Notebooks belong to a module,
or to who closes them before; tests that can share one add cells:
`notebook.output(notebook.run_new("1 + 1"))`.
"""

from __future__ import annotations

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
from chatting import Chat, Columns
from opened import WAIT, Lab, Pages

from g4f_nb.testing import serve

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


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Whatever is in this folder needs a browser."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.browser)


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


def _as_long_as_only_browsers(fixture_name, config):
    """While Playwright runs, this thread looks as if a loop ran on it: other tests would not do with that."""
    return "session" if config.option.markexpr == "browser" else "module"


@pytest.fixture(scope=_as_long_as_only_browsers)
def pages():
    """Start a real Chromium."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=WAIT)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_find_chromium(), args=FLAGS)
        yield Pages(browser)
        browser.close()


@pytest.fixture(scope="module")
def lab(jupyter, pages):
    """Open notebooks in a real JupyterLab."""
    opened = Lab(*jupyter, pages)
    yield opened
    opened.close()


@pytest.fixture
def desk(lab):
    """Give a Lab whose notebooks are closed when the test ends."""
    before = set(lab.notebooks)
    yield lab
    for notebook in set(lab.notebooks) - before:
        notebook.close()


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
