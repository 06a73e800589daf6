"""The one command for all set-up: which tests it runs, together, apart and beside each other."""

from __future__ import annotations

import fnmatch
import importlib.util
import os
import re
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def dev():
    """`dev.py` as a module; it stands beside the package, not in it."""
    spec = importlib.util.spec_from_file_location("dev", ROOT / "dev.py")
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def test_what_depends_on_the_version_is_there(dev):
    """A renamed file is not silently left out on the other Python."""
    assert [
        name for name in (*dev.VERSIONED, *dev.IN_OLD_KERNELS) if not (ROOT / "tests" / name).exists()
    ] == []
    assert [name for third in dev.THIRDS for name in third if not (ROOT / "tests" / name).is_dir()] == []


def test_what_loads_a_shell_depends_on_its_version(dev):
    """No test that imports IPython, widgets or pydoc is forgotten on the other Python."""
    shells = re.compile(
        r"^ *(?:from|import) (?:IPython|ipykernel|ipywidgets|anywidget|traitlets|pydoc)\b", re.MULTILINE
    )
    files = [file for file in (ROOT / "tests").rglob("test_*.py") if shells.search(file.read_text("utf-8"))]
    tried = [ROOT / "tests" / name for name in dev.VERSIONED]
    apart = [ROOT / "tests" / name for name in ("browser", "foreign")]
    assert files
    assert [file for file in files if not {file, *file.parents} & {*tried, *apart}] == []


def test_three_rows_are_the_whole(dev):
    """Whatever a folder is called, its tests run in one of the rows, and in one only."""
    (rest,), *others = dev.thirds(cover=False)
    left_out = [word.removeprefix("--ignore=") for word in rest if word.startswith("--ignore=")]
    assert "tests" in rest
    assert left_out == [word for (row,) in others for word in row if word.startswith("tests/")]
    assert len(left_out) == len(set(left_out))
    (measured,), *_ = dev.thirds(cover=True)
    assert measured[:4] == ["-m", "coverage", "run", "--parallel-mode"]
    assert measured[-len(rest) :] == rest


def test_marked_tests_are_found_wherever_they_are(dev):
    """No file with a test of a kernel or a browser is left out by the command that runs them apart."""
    assert "tests/browser" in dev.marked("browser")
    kernels = dev.marked("kernel")
    assert {"tests/descriptions", "tests/kernel/test_kernel.py"} <= set(kernels)
    assert all((ROOT / place).exists() for place in kernels)


def test_what_is_passed_on_chooses_among_what_the_command_runs(dev, monkeypatch):
    """`unit -- -k name` starts no kernel and no browser, and a file that is named is the only one."""
    given = {}
    # What it tells the commands that it starts is none of this process.
    monkeypatch.setattr(os, "environ", os.environ.copy())
    monkeypatch.setattr(dev, "environment", lambda *_: "python")
    monkeypatch.setattr(dev, "colab_environment", lambda *_: "python")
    monkeypatch.setattr(dev, "run_all", lambda _, steps: given.update(steps=steps) or 0)

    def command(name):
        monkeypatch.setattr(sys, "argv", ["dev.py", name, "--", "tests/test_dev.py", "--collect-only", "-q"])
        assert dev.main() == 0
        (step,) = given["steps"]
        return step[0][0] if isinstance(step, dev.Beside) else step

    assert command("unit")[-5:-3] == ["-m", dev.UNIT]
    assert "-n" in command("unit")
    assert command("test")[-5:-3] == ["-m", "not foreign"]
    assert command("colab")[-5:-3] == ["-m", "not browser and not foreign"]
    run = subprocess.run(
        [sys.executable, *command("unit"), "-n0"], check=False, cwd=ROOT, capture_output=True, text=True
    )
    files = {line.partition("::")[0] for line in run.stdout.splitlines() if "::" in line}
    assert files == {"tests/test_dev.py"}, run.stdout + run.stderr


@pytest.mark.clock
def test_rows_of_commands_run_at_the_same_time(dev, capfd):
    """Each to its end; one that fails ends its row only, and is the status."""
    wait = "import time; print('begun', flush=True); time.sleep(0.6); print('{}')"
    tracks = dev.Beside([
        [["-c", wait.format("one")], ["-c", "raise SystemExit(3)"], ["-c", "print('never said')"]],
        [["-c", wait.format("two")]],
    ])  # fmt: skip
    began = time.monotonic()
    assert dev.beside(sys.executable, tracks) == 3
    assert time.monotonic() - began < 60
    said = capfd.readouterr().out
    assert "\none\n" in said
    assert "begun\ntwo\n" in said
    assert "\nnever said" not in said


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX")
def test_what_a_signal_ended_has_failed(dev, capfd):
    """Beside others, too, that went well: memory may run out."""
    ended = ["-c", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"]
    assert dev.run_all(sys.executable, [dev.Beside([[["-c", ""]], [ended]])]) == 9
    assert dev.run_all(sys.executable, [ended]) != 0
    capfd.readouterr()


def test_what_the_first_row_says_is_seen_at_once(dev, capfd):
    """The others wait until they are done, so that their lines stay together; what is patient gives way."""
    wait = "import os, time; print('{0} begun', flush=True); time.sleep(0.6); print('{0} done'); "
    wait += "print('{0}', os.getpriority(os.PRIO_PROCESS, 0) if hasattr(os, 'getpriority') else '')"
    assert (
        dev.beside(sys.executable, dev.Beside([[["-c", wait.format(name)]] for name in ("one", "two")])) == 0
    )
    said = capfd.readouterr().out
    assert "\ntwo begun\ntwo done\n" in said
    assert said.index("one begun") < said.index("two begun")
    if hasattr(os, "getpriority"):
        mine = os.getpriority(os.PRIO_PROCESS, 0)
        assert f"\none {min(19, mine + dev.BACK)}\n" in said
        assert f"\ntwo {mine}\n" in said


@pytest.mark.parametrize("name", [".venv-colab", ".venv-foreign", ".venv-313"])
def test_every_environment_is_left_out(name):
    """Neither git nor ruff looks into those that `dev.py` makes, or that somebody makes with --venv."""
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    rules = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["ruff"]
    assert any(fnmatch.fnmatch(f"{name}/", line) for line in ignored)
    assert any(fnmatch.fnmatch(name, line) for line in rules["extend-exclude"])


def test_an_environment_is_filled_again_only_for_other_dependencies(dev, tmp_path, monkeypatch):
    """Not for another rule of ruff, a classifier of another extra, or a file that was touched."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    monkeypatch.setattr(dev, "ROOT", tmp_path)

    def needed(before="", after="", extras="lab,test"):
        (tmp_path / "pyproject.toml").write_text(text.replace(before, after) if before else text, "utf-8")
        return dev.needs(extras)

    known = needed()
    assert needed("line-length = 110", "line-length = 80") == known
    assert needed('"openpyxl>=3.1"]', '"openpyxl>=3.2"]') == known
    assert needed('"aiohttp>=3.14"', '"aiohttp>=3.15"') != known
    assert needed('"hypothesis>=6.100"', '"hypothesis>=6.101"') != known
    assert needed(extras="lab,plots") != known


def test_what_has_everything_has_enough_for_the_lab(dev, tmp_path):
    """After `dev.py setup` the lab begins at once; after `dev.py lab` the tests need more."""
    python = tmp_path / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    python.parent.mkdir()
    python.touch()
    (tmp_path / dev.stamp_of(dev.EVERYTHING)).write_text(dev.needs(dev.EVERYTHING), encoding="utf-8")
    # Nothing is installed here: that would fail, for this is no Python.
    assert dev.environment(tmp_path, "lab,plots").startswith(str(tmp_path))
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    assert {*extras["lab"], *extras["plots"]} <= {*extras["lab"], *extras["test"]}


def test_an_option_of_jupyter_is_told_where_it_goes(dev, monkeypatch, capsys):
    """`dev.py lab --no-browser` says that -- comes first."""
    monkeypatch.setattr(sys, "argv", ["dev.py", "lab", "--no-browser"])
    with pytest.raises(SystemExit):
        dev.main()
    told = "--no-browser is none of these: what is meant for pytest or jupyter stands after --"
    assert told in capsys.readouterr().err


def test_only_what_watches_a_clock_is_run_again(tmp_path):
    """And why it failed at first is told at the end; what only computes fails the first time."""
    late = "import time, pytest\ncounts = []\n@pytest.mark.clock\ndef test_late():\n"
    late += "    counts.append(time.monotonic())\n    assert len(counts) == 2, 'it was late'\n"
    (tmp_path / "test_late.py").write_text(late, encoding="utf-8")
    (tmp_path / "test_wrong.py").write_text(late.replace("@pytest.mark.clock\n", ""), encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-c", ROOT / "pyproject.toml", "-p", "conftest", "-q", tmp_path],
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "1 failed, 1 passed, 1 rerun" in ran.stdout, ran.stdout + ran.stderr
    told = ran.stdout.partition("rerun test summary info")[2]
    assert "test_late.py" in told
    assert "it was late" in told
