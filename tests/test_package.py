"""The package as a whole: what importing costs, which names there are, and that the documents are true."""

from __future__ import annotations

import ast
import dataclasses
import importlib.metadata
import pkgutil
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import g4f_nb as nb
from g4f_nb import providers, settings
from g4f_nb.providers.services.rows import rows

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def _python(code):
    command = [sys.executable, "-W", "error", "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout


def test_importing_loads_nothing_heavy():
    """`import g4f_nb` loads none of pandas, aiohttp, ipywidgets, matplotlib, IPython, asyncio."""
    heavy = {"pandas", "aiohttp", "ipywidgets", "anywidget", "matplotlib", "IPython", "asyncio"}
    loaded = _python("import sys, g4f_nb; print(*sys.modules)").split()
    assert not heavy & set(loaded)


def test_importing_opens_no_socket_and_starts_no_thread():
    """Every module of the package can be imported without a connection or a thread."""
    modules = [
        module.name
        for module in pkgutil.walk_packages(nb.__path__, "g4f_nb.")
        if not module.name.endswith("__main__")
    ]
    code = (
        "import socket, threading, importlib\n"
        "def no(*_): raise AssertionError('network at import')\n"
        "socket.socket.connect = socket.getaddrinfo = no\n"
        f"for name in {modules!r}: importlib.import_module(name)\n"
        "print(threading.active_count())"
    )
    assert _python(code).strip() == "1"


@pytest.mark.parametrize("name", nb.__all__)
def test_every_public_name_loads(name):
    """What `__all__` promises is there, and is documented."""
    assert getattr(nb, name).__doc__
    assert name in dir(nb)


def test_no_public_name_is_also_a_module():
    """Importing a submodule would replace a public function of the same name."""
    modules = {module.name for module in pkgutil.iter_modules(nb.__path__)}
    assert not modules & set(nb.__all__)


def test_an_unknown_name_is_an_attribute_error():
    """A typo gives Python's own error."""
    with pytest.raises(AttributeError, match="comapre"):
        _ = nb.comapre
    with pytest.raises(AttributeError, match="Grok"):
        _ = providers.Grok


def test_the_version_is_stated_once():
    """pyproject, the module, the installed metadata and the changelog agree."""
    version = PROJECT["project"]["version"]
    assert nb.__version__ == version == importlib.metadata.version("g4f_nb")
    assert f"## {version}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


@pytest.mark.filterwarnings("default::ResourceWarning")
def test_the_readmes_code_runs(capsys):
    """Each block of the README that is marked as runnable offline runs, in order, in one namespace."""
    assert _run_blocks(README) >= 4
    printed = capsys.readouterr().out
    assert "Polly wants a cracker hello again" in printed
    assert "HELLO\n1 request seen" in printed


@pytest.mark.filterwarnings("default::ResourceWarning")
@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.md")), ids=lambda page: page.stem)
def test_the_code_of_each_page_runs(page, monkeypatch, tmp_path):
    """Its blocks that are marked as runnable offline, in order, in one namespace and in an empty folder."""
    monkeypatch.chdir(tmp_path)
    _run_blocks(page.read_text(encoding="utf-8"))


def _run_blocks(text):
    blocks = re.findall(r"<!-- test: offline -->\n```python\n(.*?)```", text, re.DOTALL)
    namespace = {}
    for block in blocks:
        exec(block, namespace)  # noqa: S102  # the document's own code
    return len(blocks)


def test_every_page_is_linked_from_the_readme():
    """What nobody finds is not there; no link leads nowhere."""
    linked = set(re.findall(r"\]\((docs/[\w-]+\.md)", README))
    assert linked == {f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md")}


def test_the_readme_lists_every_setting():
    """The table of settings holds all options and their variables."""
    for field in dataclasses.fields(settings.Settings):
        assert f"`{field.name}`" in README, field.name
        assert f"G4F_NB_{field.name.upper()}" in README, field.name


def test_the_readme_names_every_service_and_its_key():
    """Each row of the catalog is in the README with its key's variable."""
    for row in rows().values():
        assert row.label.split(" (")[0] in README
        for name in row.api_key_env:
            assert name in README


def test_every_module_says_what_it_is():
    """The first line of each file says its one idea."""
    for file in (ROOT / "g4f_nb").rglob("*.py"):
        assert re.match(r'r?"""\S.+', file.read_text(encoding="utf-8")), file


def test_the_house_in_contributing_is_the_house():
    """CONTRIBUTING names every module there is, and no other."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    drawing = re.search(r"```\ng4f_nb/\n(.*?)```", text, re.DOTALL)[1]
    named = set(re.findall(r"(\w+)\.py", drawing)) - {"__init__"}
    # Of the dialects the picture names the pattern; the test servers are one line.
    apart = {"native", "testing", "static"}
    files = [path.relative_to(ROOT / "g4f_nb") for path in (ROOT / "g4f_nb").rglob("*.py")]
    there = {path.stem for path in files if not apart & set(path.parts)}
    assert named == there - {"__init__"}


def test_all_that_is_kept_between_calls_is_told():
    """A module with a memory of its own, a container that begins empty or a global that is set, is listed."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    told = set(
        re.findall(
            r"`(?:\w+/)*(\w+)\.py`", text.partition("## What is kept between calls")[2].partition("\n## ")[0]
        )
    )
    remembering = {file.stem for file in (ROOT / "g4f_nb").rglob("*.py") if _remembers(file)}
    assert remembering == told


_CONTAINERS = {"dict", "list", "set", "deque", "Newest", "Tokens", "WeakKeyDictionary", "WeakSet"}


def _remembers(file):
    tree = ast.parse(file.read_text(encoding="utf-8"))
    if any(isinstance(node, ast.Global) for node in ast.walk(tree)):
        return True
    return any(
        _begins_empty(node.value) for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign)
    )


def _begins_empty(value):
    match value:
        case ast.Dict(keys=[]) | ast.List(elts=[]):
            return True
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            # Of something else that there is it is a constant.
            return name in _CONTAINERS and (name == "Newest" or not value.args)
    return False


def test_nothing_names_a_registry_host():
    """No lock file and no address of a package registry is in the repository."""
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    files = [ROOT / name for name in tracked.stdout.split()] or list(ROOT.glob("*.*"))
    names = ("py" + "pi.org", "python" + "hosted", "registry." + "npmjs")
    for file in files:
        if file.suffix in {".py", ".toml", ".md", ".yml", ".json", ".cfg", ".lock", ".txt"} and file.exists():
            text = file.read_text(encoding="utf-8")
            assert not any(name in text for name in names), file
