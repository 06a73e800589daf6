"""IPython in a real terminal: a process of its own behind a pty, typed into and read as a person would."""

from __future__ import annotations

import contextlib
import os
import re
import select
import subprocess
import sys
import time

import pytest
from real_kernel import user_env

from g4f_nb.testing import serve

if sys.platform == "win32":
    pytest.skip("a pty is a thing of Unix", allow_module_level=True)

import fcntl
import pty
import struct
import termios

pytestmark = pytest.mark.clock

PLENTY = 60.0
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07|\x1b[=>]|\r")
COLOUR = re.compile(r"\x1b\[(?:[0-9;]*;)?(?:3[1-7]|9[1-7]|38;[0-9;]+)m")
# The pty becomes the terminal that sends Ctrl-C: whoever leads a session takes the first one it opens.
LAUNCH = (
    "import os, sys; os.open(os.ttyname(0), os.O_RDWR); "
    "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
)
IPYTHON = ("-m", "IPython", "--no-banner", "--no-confirm-exit", "--HistoryManager.enabled=False")
WITHOUT_RICH = "import sys; sys.modules['rich'] = None"
ANSWER = "# A head\n\nSome **bold** words.\n\n```python\nx = 'one'\n```\n"


class Terminal:
    """One IPython; `seen` is all that it has written so far."""

    def __init__(self, home, *, rich=True, **environment):
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
        env = user_env(home) | {"PROMPT_TOOLKIT_NO_CPR": "1", "TERM": "xterm-256color"} | environment
        startup = "" if rich else WITHOUT_RICH
        arguments = [*IPYTHON, f"--InteractiveShellApp.exec_lines={startup!r}"] if startup else [*IPYTHON]
        self.process = subprocess.Popen(
            [sys.executable, "-c", LAUNCH, *arguments],
            stdin=theirs, stdout=theirs, stderr=theirs, env=env, cwd=home, start_new_session=True,
        )  # fmt: skip
        os.close(theirs)
        self.seen = ""
        self._prompts = 0
        self.wait_for_prompt()

    def type(self, line):
        """Type a line and Enter; gives where what it writes begins."""
        begin = len(self.seen)
        os.write(self._ours, f"{line}\r".encode())
        return begin

    def run(self, line):
        """Type a line, wait until the next may be typed, and give what was written."""
        begin = self.type(line)
        self.wait_for_prompt()
        return self.seen[begin:]

    def wait_for(self, pattern, begin=0):
        """Read until this is there."""
        end = time.monotonic() + PLENTY
        while not re.search(pattern, self.plain(begin)):
            if time.monotonic() > end or not self._read(0.2):
                pytest.fail(f"{pattern!r} did not come:\n{self.seen[begin:][-3000:]}")

    def wait_for_prompt(self):
        """Read until the next line may be typed."""
        self._prompts += 1
        self.wait_for(rf"In \[{self._prompts}\]: ")

    def plain(self, begin=0):
        """What a person reads of it."""
        return ESCAPES.sub("", self.seen[begin:])

    def interrupt(self):
        """Press Ctrl-C."""
        os.write(self._ours, b"\x03")

    def _read(self, seconds):
        ready, _, _ = select.select([self._ours], [], [], seconds)
        if ready:
            try:
                more = os.read(self._ours, 65536)
            except OSError:
                return False
            self.seen += more.decode(errors="replace")
        return self.process.poll() is None or bool(ready)

    def close(self):
        """End it."""
        self.process.kill()
        self.process.wait()
        with contextlib.suppress(OSError):
            os.close(self._ours)


def _screen(written):
    """The lines that are seen once this has been written, by a terminal that knows what rich uses."""
    lines, row, column = [""], 0, 0
    for part in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|[\r\n]|[^\x1b\r\n]+", written):
        if part == "\r":
            column = 0
        elif part == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif part.endswith("A") and part.startswith("\x1b["):
            row = max(0, row - int(part[2:-1]))
        elif part == "\x1b[2K":
            lines[row] = ""
        elif not part.startswith("\x1b"):
            lines[row] = lines[row][:column].ljust(column) + part + lines[row][column + len(part) :]
            column += len(part)
    return lines


KINDS = {
    "rich": {},
    "no rich": {"rich": False},
    "no colour": {"NO_COLOR": "1"},
    "dumb": {"TERM": "dumb"},
}


@pytest.fixture(scope="module")
def server():
    with serve(answers={"told": lambda _: ANSWER}) as server:
        yield server


@pytest.fixture(scope="module", params=KINDS)
def terminal(request, server, tmp_path_factory):
    """An IPython of each kind, with models of a server's that can be named."""
    made = Terminal(tmp_path_factory.mktemp("home"), **KINDS[request.param])
    made.kind = request.param
    made.run("%load_ext g4f_nb")
    made.run("import g4f_nb as nb")
    made.run(f"def model(name): return nb.Model('OpenaiTemplate:' + name, api_base={server.api_base!r})\r")
    made.run("told, drip = model('told'), model('drip-20')")
    # Put in by name: a long line that is typed is written several times.
    made.run("words = ' '.join(f'word{number}' for number in range(30))")
    made.run("long = 'several words in a row that take their time ' * 20")
    yield made
    made.close()


def test_an_answer_is_text(terminal):
    """Set as Markdown, with colours, where rich is and the terminal shows them; else as it was written."""
    shown = terminal.run("%chat -m told hello")
    answer = shown[shown.index("A head") - 2 : shown.index("OpenaiTemplate · told")]
    plain = ESCAPES.sub("", answer)
    assert "x = 'one'" in plain
    set_by_rich = terminal.kind in ("rich", "no colour")
    assert ("# A head" in answer) != set_by_rich
    assert ("**bold**" in plain) != set_by_rich
    assert bool(COLOUR.search(answer)) == (terminal.kind == "rich")
    assert ("\x1b[" in answer) == ((terminal.kind != "dumb" and set_by_rich) or terminal.kind == "no rich")


def test_it_streams_and_ctrl_c_keeps_what_had_come(terminal, server):
    """Words are there long before the end; the interrupt closes the connection and says how to go on."""
    before = server.aborted
    begin = terminal.type("%chat -m drip {long}")
    terminal.wait_for(r"several words in a row", begin)
    assert "OpenaiTemplate · drip-20" not in terminal.plain(begin)
    terminal.interrupt()
    terminal.wait_for_prompt()
    shown = terminal.plain(begin)
    assert "stopped early" in shown
    assert "Stopped. What had arrived is kept in `_`; %chat --continue goes on with it." in shown
    assert "Traceback" not in shown
    assert server.wait_for(lambda seen: seen.aborted == before + 1, timeout=5)
    assert "partial: True True" in terminal.run(
        "print('partial:', _.partial, _.text.startswith('several words'))"
    )


def test_the_whole_text_is_written_once(terminal):
    """What grew and what stays are one text: no word of it is there twice, and none is missing."""
    shown = terminal.run("%chat -m drip {words}")
    begin = shown.index("word0")
    painted = shown[begin : shown.index("OpenaiTemplate · ")]
    stays = re.findall(r"word\d+", "\n".join(_screen(painted)))
    assert stays == [f"word{number}" for number in range(30)]
    if terminal.kind == "dumb":
        assert "\x1b" not in painted


def test_commands_are_tables_of_text(terminal):
    """`%g4f models` lists them, a line each."""
    shown = ESCAPES.sub("", terminal.run("%g4f models Demo"))
    assert re.search(r"models of Demo\s+demo\s+demo-fast\s+demo-slow", shown)
    assert "<table" not in shown


def test_an_error_is_one_line(terminal):
    """In red where colours are shown, and without our frames."""
    shown = terminal.run("%chat -p Demo -m nothing hello")
    assert "has no model 'nothing': the nearest are" in ESCAPES.sub("", shown)
    assert "Traceback" not in shown
    assert ("\x1b[31mModelNotSupportedError" in shown) == (terminal.kind in ("rich", "no rich"))
    unknown = ESCAPES.sub("", terminal.run("%chat --formt json hello"))
    assert "did you mean --format?" in unknown
