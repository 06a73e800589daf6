"""All set-up in one command: `python3 dev.py lab` opens the quick start, `dev.py test` runs the tests.

Both make a virtual environment in `.venv` (or in the folder that `--venv` names) and install the project
into it. Only Python 3.11 or newer is needed.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent
QUICK_START = ROOT / "notebooks" / "01_quickstart.ipynb"
OLDEST = (3, 11)
EVERYTHING = "lab,test"
# What is made from the catalog of providers: the type stub, and the table in the README.
WRITE_TABLES = """
from pathlib import Path
from g4f_nb.providers.__main__ import stub, table
Path("g4f_nb/providers/__init__.pyi").write_text(stub(), encoding="utf-8")
readme = Path("README.md")
before, begin, rest = readme.read_text(encoding="utf-8").partition("<!-- dev.py table -->\\n")
_, end, after = rest.partition("<!-- end of table -->\\n")
readme.write_text(before + begin + table() + end + after, encoding="utf-8")
"""


# What depends on the version of Python, of IPython or of ipywidgets: annotations and types, loops, processes
# and signals, TLS, tracebacks, shells and widgets, the type checker, and the promises of every provider. What
# only computes is the same on all of them.
VERSIONED = (
    "cells", "contract", "conversations/test_preserving.py", "conversations/test_shelf.py",
    "conversations/test_signatures.py", "descriptions", "dialogues", "kernel", "loops", "panels", "prompting",
    "providers/authed", "providers/combined", "providers/test_base.py", "providers/test_mixins.py",
    "providers/test_registry.py", "test_afterwards.py", "test_asking.py", "test_errors.py",
    "test_every_error.py", "test_one_resolution.py", "test_package.py", "test_parameters.py",
    "test_results.py", "test_secret.py", "test_tools.py", "test_toolservers.py", "typed", "wire",
)  # fmt: skip
# In an old kernel: whatever is about kernels alone.
IN_OLD_KERNELS = ("descriptions", "kernel")
UNIT = "not kernel and not browser and not foreign"
# Two thirds of them, about; all others are the last third. Each collects only what it runs itself, and now
# and then all of them wait: three rows keep two cores busy.
THIRDS = (
    ("cells", "comparing", "conversations", "descriptions", "judging"),
    ("contract", "costs", "dialogues", "hostile", "loops", "providers", "secrets", "testing", "wire"),
)
# Now and then all of them wait: one more than there are cores keeps those busy.
SEVERAL = ["-n", str(min(8, (os.cpu_count() or 2) + 1)), "--dist", "worksteal"]
# How far what does not hurry steps back, in steps of nice(1): it has a third of what it would have.
BACK = 5
# What tests write is gone with them: memory is the place for it, where there is so much.
MEMORY, ENOUGH = Path("/dev/shm"), 4_000_000_000  # noqa: S108  # it is asked for a folder of our own in it


class Beside(list[list[list[str]]]):
    """Rows of commands that run at the same time; the first `patient` ones give way to the others."""

    def __init__(self, rows: list[list[list[str]]], *, patient: int = 1) -> None:
        super().__init__(rows)
        self.patient = patient


Step = list[str] | Beside


# At least nine branches in ten are tested of what providers and the wire are made of; what only happens in
# other processes (kernels, forked children) is not seen.
COVERED = """
import os, sys, coverage
from pathlib import Path
wire = sorted(file.name for file in Path("g4f_nb/wire").glob("*.py") if file.name != "__init__.py")
names = ["loops/*", "credentials.py", "providers/*", *(f"wire/{name}" for name in wire)]
data = coverage.Coverage()
data.combine([os.environ["G4F_NB_COVERED"]])
shares = {name: data.report(include=[f"g4f_nb/{name}"], file=open(os.devnull, "w")) for name in names}
print("branch coverage:", ", ".join(f"{name} {share:.0f} %" for name, share in shares.items()))
sys.exit(" ".join(["under 90 %:", *low]) if (low := [name for name in names if shares[name] < 90]) else 0)
"""


def main() -> int:
    """Run one of the commands; give the first exit status that is not 0."""
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0], epilog="What follows -- is passed on to pytest or jupyter."
    )
    commands = ["lab", "test", "unit", "colab", "foreign", "check", "table", "setup"]
    parser.add_argument("command", choices=commands)
    parser.add_argument("--venv", type=Path, default=ROOT / ".venv", help="where the environment is")
    parser.add_argument("--cover", action="store_true", help="measure branch coverage; under 90 %% fails")
    # By hand: argparse takes what stands after -- for one of its own.
    own, _, rest = "\n".join(sys.argv[1:]).partition("\n--\n")
    given, unknown = parser.parse_known_args(own.split("\n") if own else [])
    if unknown:
        parser.error(f"{unknown[0]} is none of these: what is meant for pytest or jupyter stands after --")
    passed_on = rest.split("\n") if rest else []
    if sys.version_info < OLDEST:
        print(f"g4f_nb needs Python 3.11 or newer; this is {sys.version.split()[0]} ({sys.executable})")
        return 1
    if given.command == "colab":
        python = colab_environment(given.venv)
    else:
        python = environment(given.venv, "lab,plots" if given.command == "lab" else EVERYTHING)
    if given.command == "setup":
        print(f"everything is in {given.venv}: python3 dev.py lab, test, unit and check need no more")
    lab = ["-m", "jupyter", "lab", *root_user(), str(QUICK_START), *passed_on]
    judged: list[Step] = [["-c", COVERED]] if given.cover else []
    units = [unit_tests(passed_on)] if passed_on else [Beside(thirds(cover=given.cover), patient=0), *judged]
    steps: dict[str, list[Step]] = {
        "setup": [],
        "lab": [lab],
        "unit": units,
        "colab": [older_tests(passed_on)],
        "test": [chosen_tests(passed_on)] if passed_on else [all_tests(cover=given.cover), *judged],
        "check": [*checks()],
        "foreign": [["-m", "pytest", "tests/foreign", "-m", "foreign", *passed_on]],
        "table": [["-c", WRITE_TABLES]],
    }
    if given.command == "lab" and os.name != "nt":
        # In the place of this process: Ctrl-C is then JupyterLab's own question.
        os.chdir(ROOT)
        os.execv(python, [python, *lab])
    if given.cover and (given.command not in ("unit", "test") or passed_on):
        parser.error("--cover goes with unit and test, and with nothing after --")
    if given.command == "foreign":
        os.environ["G4F_NB_FOREIGN"] = foreign_environment(given.venv)
    # Else each of a hundred processes and kernels would compile the package for itself.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    # What a notebook shows must not depend on answers that this user's own cache has kept.
    with tempfile.TemporaryDirectory(
        prefix="g4f_nb-", dir=quick_place(), ignore_cleanup_errors=True
    ) as folder:
        os.environ["G4F_NB_CACHE_DIR"] = os.environ["TMPDIR"] = folder
        # What an earlier run has left that was broken off is no part of this one.
        os.environ["G4F_NB_COVERED"] = folder
        os.environ["COVERAGE_FILE"] = str(Path(folder) / ".coverage")
        return run_all(python, steps[given.command])


def quick_place() -> Path | None:
    """Memory for what tests write, if there is room: thousands of stores wait for no disk there."""
    with contextlib.suppress(OSError):
        if shutil.disk_usage(MEMORY).free > ENOUGH and os.access(MEMORY, os.W_OK):
            return MEMORY
    return None


def run_all(python: str, steps: list[Step]) -> int:
    """One after the other, until one fails."""
    for step in steps:
        status = beside(python, step) if isinstance(step, Beside) else run(python, step)
        if status:
            return status
    return 0


def run(python: str, command: list[str], *, later: bool = False, back: int = 0) -> int:
    """One command; what it says is seen at once, or when it has ended, and how long it took afterwards."""
    shown = f"\n$ python {' '.join(command)}"
    began = time.monotonic()
    if not later:
        print(shown, flush=True)
    into = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT} if later else {}
    with subprocess.Popen([python, *command], cwd=ROOT, **into) as running:
        if back and hasattr(os, "setpriority"):
            os.setpriority(os.PRIO_PROCESS, running.pid, os.getpriority(os.PRIO_PROCESS, 0) + back)
        output, _ = running.communicate()
    said = f"{shown}\n{output.decode(errors='replace')}" if later else ""
    print(f"{said}({time.monotonic() - began:.0f} s)", flush=True)
    return running.returncode


def beside(python: str, tracks: Beside) -> int:
    """Some rows of commands at the same time, for most of them wait for something now and then.

    What the first row says is seen at once; what each command of another said, when that has ended. What
    does not hurry works while the others wait.
    """

    def follow(number: int) -> int:
        for command in tracks[number]:
            status = run(python, command, later=number > 0, back=BACK if number < tracks.patient else 0)
            if status:
                # Negative where a signal ended it: that is a failure like any other.
                return abs(status)
        return 0

    with ThreadPoolExecutor(len(tracks)) as pool:
        return max(pool.map(follow, range(len(tracks))))


def environment(folder: Path, extras: str) -> str:
    """The Python of the environment, with what the project needs now; what has all has enough."""
    if is_filled(folder, needed=needs(EVERYTHING), stamp=stamp_of(EVERYTHING)):
        extras = EVERYTHING
    given = ["--editable", f"{ROOT}[{extras}]"]
    return filled(folder, given, needed=needs(extras), stamp=stamp_of(extras))


def stamp_of(extras: str) -> str:
    """The file in an environment that says with what it was filled."""
    return f".g4f_nb-{extras.replace(',', '-')}"


def colab_environment(beside: Path) -> str:
    """The Python of another environment, with the IPython and ipywidgets that Google Colab has."""
    pins = ROOT / "tests" / "colab.txt"
    folder = beside.with_name(f"{beside.name}-colab")
    given = ["--editable", f"{ROOT}[lab,test]", "--constraint", str(pins)]
    needed = needs("lab,test") + pins.read_text(encoding="utf-8")
    return filled(folder, given, needed=needed, stamp=".filled")


def foreign_environment(beside: Path) -> str:
    """The Python of another environment, with servers that are too heavy for this one: 2.5 GB."""
    wanted = ROOT / "tests" / "foreign" / "requirements.txt"
    folder = beside.with_name(f"{beside.name}-foreign")
    return filled(folder, ["-r", str(wanted)], needed=wanted.read_text(encoding="utf-8"), stamp=".filled")


def filled(folder: Path, given: list[str], *, needed: str, stamp: str) -> str:
    """The Python of an environment, which is made and filled if that was not done for just what is needed."""
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        print(f"making an environment in {folder}", flush=True)
        venv.create(folder, with_pip=True)
    if not is_filled(folder, needed=needed, stamp=stamp):
        print("installing what is needed, which takes a minute or more", flush=True)
        command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*command, *given], check=True)
        (folder / stamp).write_text(needed, encoding="utf-8")
    return str(python)


def is_filled(folder: Path, *, needed: str, stamp: str) -> bool:
    """Whether an environment was filled with just that."""
    done = folder / stamp
    return done.exists() and done.read_text(encoding="utf-8") == needed


def needs(extras: str) -> str:
    """What of pyproject.toml an environment depends on; another rule for ruff is no reason to install."""
    import tomllib  # not there in a Python that is refused, which must come so far

    whole = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    project = whole["project"]
    more = project.pop("optional-dependencies")
    named = {name: more[name] for name in extras.split(",")}
    return json.dumps([str(ROOT), project, named, whole["build-system"], whole["tool"]["hatch"]], indent=1)


def unit_tests(passed_on: list[str]) -> list[str]:
    """What needs no kernel and no browser, some at a time, of what pytest is told of."""
    return ["-m", "pytest", *SEVERAL, "-m", UNIT, *passed_on]


def thirds(*, cover: bool) -> list[list[list[str]]]:
    """All of it in three rows that collect nothing twice; with `cover` their coverage is measured."""
    watched = ",".join(f"g4f_nb.{name}" for name in ("providers", "wire", "loops", "credentials"))
    measure = ["-m", "coverage", "run", "--parallel-mode", "--branch", f"--source={watched}"] if cover else []
    rows = [[f"tests/{name}" for name in third] for third in THIRDS]
    rest = ["tests", *(f"--ignore={place}" for row in rows for place in row)]
    return [[[*measure, "-m", "pytest", *each, "-m", UNIT]] for each in (rest, *rows)]


def older_tests(passed_on: list[str]) -> Beside:
    """What depends on a version, with old ones; what those are warned of is theirs to mend."""
    quiet = ["DeprecationWarning", "FutureWarning", "pytest.PytestUnraisableExceptionWarning"]
    tests = ["-m", "pytest", *(word for each in quiet for word in ("-W", f"ignore::{each}"))]
    if passed_on:
        return Beside([[[*tests, "-m", "not browser and not foreign", *passed_on]]])
    places = [f"tests/{name}" for name in VERSIONED]
    return Beside([
        [[*tests, *places, *SEVERAL, "-m", UNIT]],
        [[*tests, *(f"tests/{name}" for name in IN_OLD_KERNELS), "-m", "kernel"]],
    ])  # fmt: skip


def chosen_tests(passed_on: list[str]) -> list[str]:
    """Those that pytest is told of, of every kind: one after the other, for they are few."""
    return ["-m", "pytest", "-m", "not foreign", *passed_on]


def all_tests(*, cover: bool) -> Beside:
    """Units, real kernels, notebooks and real browsers beside each other: some wait while others work."""
    others = [
        [["-m", "pytest", *marked("browser"), "-m", "browser"]],
        [["-m", "pytest", *marked("kernel"), "-m", "kernel and not browser"], notebooks()],
    ]
    return Beside([*thirds(cover=cover), *others], patient=len(THIRDS) + 1)


def marked(name: str) -> list[str]:
    """The files with tests of that mark, or their folder: collecting all others takes longer than these."""
    files = [
        file for file in sorted((ROOT / "tests").rglob("*.py"))
        if re.search(rf"\bmark\.{name}\b", file.read_text(encoding="utf-8"))
    ]  # fmt: skip
    places = [file if file.name.startswith("test_") else file.parent for file in files]
    return [str(place.relative_to(ROOT)) for place in dict.fromkeys(places)]


def notebooks() -> list[str]:
    """Every notebook, run and compared with what it shows; apart, for their cells have an order."""
    sanitizer = ROOT / "notebooks" / "sanitize.cfg"
    options = [
        "-p",
        "nbval",
        "--nbval",
        "--nbval-current-env",
        f"--nbval-sanitize-with={sanitizer}",
        "-p",
        "no:randomly",
    ]
    return ["-m", "pytest", *options, "notebooks"]


def checks() -> list[list[str]]:
    """Lint, types and layers."""
    return [
        ["-m", "ruff", "check", "."],
        ["-m", "ruff", "format", "--check", "."],
        ["-m", "mypy"],
        ["-c", "from importlinter.cli import lint_imports_command; lint_imports_command()", "--no-cache"],
    ]


def root_user() -> list[str]:
    """JupyterLab refuses to run as root (in a container, say) unless it is told that this is meant."""
    return ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []


if __name__ == "__main__":
    sys.exit(main())
