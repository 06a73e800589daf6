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

import afresh
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
    """CONTRIBUTING names every room there is, and every module in its room, and no other; none twice."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    drawing = re.search(r"```\ng4f_nb/\n(.*?)```", text, re.DOTALL)[1]
    named = []
    for room, lines in _rooms_drawn(drawing):
        named += [(room, name) for name in re.findall(r"(\w+)\.py", lines) if name != "__init__"]
    # Of the dialects the picture names the pattern; the test servers are one line.
    apart = {"native", "testing", "static"}
    files = [path.relative_to(ROOT / "g4f_nb") for path in (ROOT / "g4f_nb").rglob("*.py")]
    there = [
        (path.parts[0] if len(path.parts) > 1 else "", path.stem)
        for path in files
        if path.stem != "__init__" and not apart & set(path.parts)
    ]
    assert sorted(named) == sorted(there)
    rooms = {file.parent.name for file in (ROOT / "g4f_nb").rglob("__init__.py")}
    assert sorted(room for room in rooms if not re.search(rf"\b{room}/", f"g4f_nb/{drawing}")) == []


def _rooms_drawn(drawing):
    """The parts of the picture, each with the folder it draws; what stands beside the folders has none."""
    for part in re.split(r"^├── |^└── ", drawing, flags=re.MULTILINE)[1:]:
        room = re.match(r"(\w+)/", part)
        yield (room[1] if room else ""), part


def test_every_room_has_an_order():
    """Each folder with several modules has a contract that says of all of them which may import which."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    ordered = {
        each
        for contract in contracts
        if contract.get("exhaustive")
        for each in contract.get("containers", ())
    }
    rooms = {file.parent for file in (ROOT / "g4f_nb").rglob("__init__.py")}
    several = {room for room in rooms if len([*room.glob("[a-z]*.py"), *room.glob("*/__init__.py")]) > 1}
    assert {".".join(room.relative_to(ROOT).parts) for room in several} <= ordered


def test_all_that_is_kept_between_calls_is_told():
    """A module with a memory of its own is listed.

    That is a container that begins empty, a global or a class's value that is set, a cached function.
    """
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    told = re.findall(
        r"`((?:\w+/)*\w+\.py)`", text.partition("## What is kept between calls")[2].partition("\n## ")[0]
    )
    modules = {f"/{file.relative_to(ROOT).as_posix()}": file for file in (ROOT / "g4f_nb").rglob("*.py")}
    meant = {name: [path for path in modules if path.endswith(f"/{name}")] for name in told}
    assert {name: paths for name, paths in meant.items() if len(paths) != 1} == {}
    remembering = {path for path, file in modules.items() if _remembers(file)}
    assert remembering == {paths[0] for paths in meant.values()}


def test_no_test_sees_what_another_left():
    """Every memory that fills by the newest is forgotten between tests, or is named with why it may stay."""
    filling = set()
    for file in (ROOT / "g4f_nb").rglob("*.py"):
        for _, value in _values_of(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(value, ast.Call) and getattr(value.func, "id", "") in ("Newest", "Tokens"):
                filling.add(".".join(file.relative_to(ROOT).with_suffix("").parts))
    assert sorted(filling - afresh.FORGOTTEN) == sorted(afresh.STAYING)


_CONTAINERS = {"dict", "list", "set", "deque", "Newest", "Tokens", "WeakKeyDictionary", "WeakSet"}


_CHANGES = {"add", "append", "appendleft", "clear", "extend", "pop", "setdefault", "update"}


def _remembers(file):
    tree = ast.parse(file.read_text(encoding="utf-8"))
    nodes = list(ast.walk(tree))
    classes = [node for node in nodes if isinstance(node, ast.ClassDef)]
    # What is set while a class is made is how it is declared.
    making = [node for node in nodes if getattr(node, "name", None) == "__init_subclass__"]
    declared = {id(node) for function in making for node in ast.walk(function)}
    named = {each.name for each in classes} | {"cls"}
    return (
        any(isinstance(node, ast.Global) for node in nodes)
        or any(_begins_empty(value) for _, value in _values_of(tree))
        or any(
            _begins_empty(value) and any(_changes(node, name) for node in nodes)
            for each in classes
            for name, value in _values_of(each)
        )
        or any(_sets_a_class(node, named) for node in nodes if id(node) not in declared)
        or any(_is_cached(node) for node in nodes)
    )


def _values_of(body):
    """The names that a module or a class sets, with their values."""
    for node in body.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                yield name, value
            case ast.AnnAssign(target=ast.Name(id=name), value=value):
                yield name, value


def _changes(node, name):
    """Whether a class's container of this name is changed here, or is only the default of its subclasses."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Attribute(attr=attribute), attr=method)):
            return attribute == name and method in _CHANGES
        case ast.Subscript(value=ast.Attribute(attr=attribute), ctx=ast.Store()):
            return attribute == name
    return False


def _begins_empty(value):
    match value:
        case ast.Dict(keys=[]) | ast.List(elts=[]):
            return True
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            # Of something else that there is it is a constant.
            return name in _CONTAINERS and (name == "Newest" or not value.args)
    return False


def _sets_a_class(node, classes):
    match node:
        case ast.AugAssign(target=target) | ast.AnnAssign(target=target):
            targets = [target]
        case ast.Assign(targets=targets):
            pass
        case _:
            return False
    parts = [part for each in targets for part in (each.elts if isinstance(each, ast.Tuple) else [each])]
    return any(
        isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name) and part.value.id in classes
        for part in parts
    )


def _is_cached(node):
    names = {"cache", "lru_cache"}
    for each in getattr(node, "decorator_list", []):
        match each.func if isinstance(each, ast.Call) else each:
            case ast.Name(id=name) | ast.Attribute(attr=name) if name in names:
                return True
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


def test_a_slip_in_a_public_name_is_told():
    """With the nearest one; whoever only asks whether there is such a name gets no."""
    with pytest.raises(AttributeError, match="'Convrsation': did you mean 'Conversation'"):
        nb.Convrsation  # noqa: B018  # that is what a user writes
    with pytest.raises(AttributeError, match=r"no attribute 'nothing'$"):
        nb.nothing  # noqa: B018
    assert not hasattr(nb, "_ipython_display_")
