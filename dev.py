"""All set-up in one command: `python3 dev.py lab` opens the quick start, `dev.py test` runs the tests.

Both make a virtual environment in `.venv` (or in the folder that `--venv` names) and install the project
into it. Only Python 3.11 or newer is needed.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
QUICK_START = ROOT / "notebooks" / "01_quickstart.ipynb"
OLDEST = (3, 11)
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


# At least nine branches in ten are tested of what providers and the wire are made of; what only happens in
# other processes (kernels, forked children) is not seen.
COVERED = """
import os, sys, coverage
wire = "sse http deadlines attempts redirects sessions connecting proxies translation failures"
names = ["loops/*", "credentials.py", "providers/*", *(f"wire/{name}.py" for name in wire.split())]
data = coverage.Coverage()
data.load()
shares = {name: data.report(include=[f"g4f_nb/{name}"], file=open(os.devnull, "w")) for name in names}
print("branch coverage:", ", ".join(f"{name} {share:.0f} %" for name, share in shares.items()))
sys.exit(" ".join(["under 90 %:", *low]) if (low := [name for name in names if shares[name] < 90]) else 0)
"""


def main() -> int:
    """Run one of the commands; give the first exit status that is not 0."""
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0], epilog="What follows -- is passed on to pytest or jupyter."
    )
    parser.add_argument("command", choices=["lab", "test", "unit", "foreign", "check", "table", "setup"])
    parser.add_argument("--venv", type=Path, default=ROOT / ".venv", help="where the environment is")
    parser.add_argument("--cover", action="store_true", help="measure branch coverage; under 90 %% fails")
    # By hand: argparse takes what stands after -- for one of its own.
    own, _, rest = "\n".join(sys.argv[1:]).partition("\n--\n")
    given = parser.parse_args(own.split("\n") if own else [])
    passed_on = rest.split("\n") if rest else []
    if sys.version_info < OLDEST:
        print(f"g4f_nb needs Python 3.11 or newer; this is {sys.version.split()[0]} ({sys.executable})")
        return 1
    python = environment(given.venv, "lab,plots" if given.command == "lab" else "lab,test")
    commands = {
        "setup": [],
        "lab": [["-m", "jupyter", "lab", *root_user(), str(QUICK_START), *passed_on]],
        "unit": unit_tests(passed_on),
        "test": [*unit_tests(passed_on), notebooks()],
        "check": checks(),
        "foreign": [["-m", "pytest", "tests/foreign", "-m", "foreign", *passed_on]],
        "table": [["-c", WRITE_TABLES]],
    }[given.command]
    if given.command == "lab" and os.name != "nt":
        # In the place of this process: Ctrl-C is then JupyterLab's own question.
        os.chdir(ROOT)
        os.execv(python, [python, *commands[0]])
    if given.cover and (given.command not in ("unit", "test") or passed_on):
        parser.error("--cover goes with unit and test, and with nothing after --")
    if given.cover:
        tests = [command for command in commands if "tests" in command]
        for place, command in enumerate(tests):
            command += ["--cov", "--cov-report=", *(["--cov-append"] if place else [])]
        commands.insert(len(tests), ["-c", COVERED])
    if given.command == "foreign":
        os.environ["G4F_NB_FOREIGN"] = foreign_environment(given.venv)
    # What a notebook shows must not depend on answers that this user's own cache has kept.
    with tempfile.TemporaryDirectory(prefix="g4f_nb-", ignore_cleanup_errors=True) as folder:
        os.environ["G4F_NB_CACHE_DIR"] = folder
        return run_all(python, commands)


def run_all(python: str, commands: list[list[str]]) -> int:
    """One after the other, until one fails."""
    for command in commands:
        print("\n$ python", *command, flush=True)
        status = subprocess.run([python, *command], cwd=ROOT, check=False).returncode
        if status:
            return status
    return 0


def environment(folder: Path, extras: str) -> str:
    """The Python of the environment, made and filled if that was not done yet."""
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = folder / f".g4f_nb-{extras.replace(',', '-')}"
    project = (ROOT / "pyproject.toml").stat().st_mtime
    if not python.exists():
        print(f"making an environment in {folder}", flush=True)
        venv.create(folder, with_pip=True)
    if not stamp.exists() or stamp.stat().st_mtime < project:
        print("installing what is needed, which takes a minute or two", flush=True)
        command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*command, "--editable", f"{ROOT}[{extras}]"], check=True)
        stamp.touch()
    return str(python)


def foreign_environment(beside: Path) -> str:
    """The Python of another environment, with servers that are too heavy for this one: some 2 GB."""
    folder = beside.with_name(f"{beside.name}-foreign")
    wanted = ROOT / "tests" / "foreign" / "requirements.txt"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = folder / ".filled"
    if not stamp.exists() or stamp.stat().st_mtime < wanted.stat().st_mtime:
        print(f"making an environment in {folder}, which takes some minutes", flush=True)
        venv.create(folder, with_pip=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", "-r", str(wanted)], check=True)
        stamp.touch()
    return str(python)


def unit_tests(rest: list[str]) -> list[list[str]]:
    """The tests in tests/: two at a time, then one by one those that need a kernel or a browser."""
    if rest:
        return [["-m", "pytest", "tests", *rest]]
    together = ["-n", "2", "--dist", "worksteal", "-m", "not kernel and not browser and not foreign"]
    # Some watch the clock, and a busy machine may be late once: a fault fails twice.
    again = ["--reruns", "1"]
    alone = ["-m", "kernel or browser"]
    return [["-m", "pytest", "tests", *again, *chosen] for chosen in (together, alone)]


def notebooks() -> list[str]:
    """Every notebook, run and compared with what it shows; apart, for their cells have an order."""
    sanitizer = ROOT / "notebooks" / "sanitize.cfg"
    options = ["--nbval", "--nbval-current-env", f"--nbval-sanitize-with={sanitizer}", "-p", "no:randomly"]
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
