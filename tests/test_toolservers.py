"""The tools of MCP servers, over a program's pipes and over HTTP, from a real server of the official SDK."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import g4f_nb as nb
from g4f_nb import toolservers
from g4f_nb.errors import (
    ConnectionFailedError,
    InvalidParameterError,
    MissingRequirementsError,
    RequestTimeoutError,
)
from g4f_nb.testing import serve
from g4f_nb.tools import Toolbox

SCRIPT = Path(__file__).with_name("mcp_server.py")
COMMAND = [sys.executable, str(SCRIPT)]
# Where it matters that a program starts and ends, and not what it says.
LIGHT = [sys.executable, str(SCRIPT.with_name("light_mcp_server.py"))]


@pytest.fixture(scope="module")
def server():
    with serve() as server:
        yield server


@pytest.fixture(scope="module")
def address():
    """The same server over HTTP, on loopback."""
    import uvicorn
    from mcp_server import app

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    served = uvicorn.Server(uvicorn.Config(app(), host="127.0.0.1", port=port, log_level="critical"))
    thread = threading.Thread(target=served.run, daemon=True)
    thread.start()
    while not served.started and thread.is_alive():
        time.sleep(0.01)
    yield f"http://127.0.0.1:{port}/mcp"
    served.should_exit = True
    thread.join(10)


# One program and one server for the tests that leave them as they were: starting one takes a second.
@pytest.fixture(scope="module", params=["stdio", "http"])
def tools(request):
    where = COMMAND if request.param == "stdio" else request.getfixturevalue("address")
    with nb.mcp_tools(where) as tools:
        yield tools


def _call(tools, name, /, **arguments):
    """Let a scripted model call one tool, and give the result."""
    made = Toolbox.of(tools).tools[name]

    async def run():
        return await made.run(arguments)

    return asyncio.run(run())


def test_a_model_calls_the_tools_of_a_server(server, tools):
    """Names, words and parameters are the server's; results come back as text."""
    assert [tool.name for tool in tools][:2] == ["add", "files_read"]
    assert tools[0].description == "Add two numbers."
    assert tools[0].parameters["required"] == ["a", "b"]
    reply = nb.ask("add 2 and 3", "OpenaiTemplate:tools", api_base=server.api_base, tools=tools)
    assert reply.text == "The tool said: 5"
    options = {"api_base": server.api_base, "tools": [tools, len]}
    assert (
        asyncio.run(nb.ask_async("add 4 and 5", "OpenaiTemplate:tools", **options)).text == "The tool said: 9"
    )


def test_a_failing_tool_is_told_to_the_model(tools):
    """What the server says, and arguments that it refuses."""
    with pytest.raises(Exception, match=r"there is no a\.txt"):
        _call(tools, "files_read", path="a.txt")
    with pytest.raises(Exception, match="validation error"):
        _call(tools, "add", a="x", b=1)


def test_what_is_no_text_is_described(tools):
    """A picture by its kind and size."""
    assert _call(tools, "picture") == "(image, image/png, 12 bytes)"


def test_the_program_sees_only_what_it_is_given(monkeypatch):
    """Keys of this environment are none of its business; `env` adds."""
    monkeypatch.setenv("OPENAI_API_KEY", "planted")
    with nb.mcp_tools(LIGHT, env={"MINE": "5"}, prefix="s_") as tools:
        assert tools[0].name == "s_add"
        assert _call(tools, "s_variable", name="OPENAI_API_KEY") == "(not set)"
        assert _call(tools, "s_variable", name="MINE") == "5"


def test_open_and_close_do_what_a_block_does():
    """Nothing runs before, nothing after; a closed one can be opened again."""
    small = nb.mcp_tools(" ".join(LIGHT))
    assert (len(small), repr(small)) == (0, f"McpServer({os.path.basename(sys.executable)!r}, closed)")  # noqa: PTH119
    small.open()
    assert "3 tools" in repr(small)
    with pytest.raises(InvalidParameterError, match="open already"):
        small.open()
    pid = int(_call(small, "pid"))
    add = small[0]
    small.close()
    small.close()
    assert len(small) == 0
    with pytest.raises(InvalidParameterError, match="is not open: use it in `with"):
        nb.ask("x", "Demo", tools=small)
    _gone(pid)
    with pytest.raises(Exception, match="is closed"):
        asyncio.run(_run(add, a=1, b=2))
    with small:
        assert asyncio.run(_run(small[0], a=1, b=2)) == "3"


def test_a_block_may_be_awaited(address):
    """In a coroutine, without holding up its loop."""

    async def main():
        async with nb.mcp_tools(address) as tools:
            return await _run(tools[0], a=1, b=2)

    assert asyncio.run(main()) == "3"


def test_a_server_that_goes_away_fails_its_calls_only(server):
    """The model is told; the dialogue goes on; closing is no error."""
    with nb.mcp_tools(LIGHT) as tools:
        pid = int(_call(tools, "pid"))
        os.kill(pid, 9)
        _gone(pid)
        reply = nb.ask("add 2 and 3", "OpenaiTemplate:tools", api_base=server.api_base, tools=tools)
        assert reply.tool_results[0].error
        assert reply.text.startswith("The tool said: ")


def test_a_slow_tool_is_left_when_the_time_is_over(server, address):
    """The limit on the dialogue holds for tools of servers, too."""
    with nb.mcp_tools(address) as tools:
        slow = [tool for tool in tools if tool.name == "slow"]
        options = {"api_base": server.api_base, "tools": slow, "tool_limits": nb.ToolLimits(seconds=0.5)}
        reply = nb.ask("wait 3 s", "OpenaiTemplate:tools", **options)
    assert "not done within" in reply.tool_results[0].content
    assert reply.partial


@pytest.mark.clock
def test_what_does_not_start_says_why():
    """With the end of what it wrote, keys masked."""
    with pytest.raises(ConnectionFailedError, match=r"did not start.*no configuration, key \*\*\*"):
        nb.mcp_tools([*LIGHT, "--broken"]).open()
    with pytest.raises(ConnectionFailedError, match="'no-such-program' did not start"):
        nb.mcp_tools("no-such-program --x").open()
    with pytest.raises(RequestTimeoutError, match=r"not ready within 0\.3 s: allow more"):
        nb.mcp_tools([sys.executable, "-c", "import time; time.sleep(30)"], timeout=0.3).open()


def test_an_address_without_a_server_says_so():
    """Without what may be a key in it."""
    with pytest.raises(
        ConnectionFailedError, match=r"no MCP server answers at http://127\.0\.0\.1:9/mcp "
    ) as caught:
        nb.mcp_tools("http://127.0.0.1:9/mcp?key=planted", headers={"Authorization": "Bearer planted"}).open()
    assert "planted" not in str(caught.value)


def test_headers_go_to_the_address(server):
    """And into no message."""
    small = nb.mcp_tools(f"{server.api_base}/mcp", headers={"Authorization": "Bearer planted-key-1"})
    assert "planted" not in repr(small)
    with pytest.raises(ConnectionFailedError, match="no MCP server answers") as caught:
        small.open()
    assert server.requests[-1].headers["Authorization"] == "Bearer planted-key-1"
    assert "planted" not in str(caught.value)


@pytest.mark.parametrize("server", ["", [], 5, [5], None])
def test_what_is_no_server_is_refused(server):
    """A command, its words, or an address."""
    with pytest.raises(InvalidParameterError, match="is a command, like"):
        nb.mcp_tools(server)


def test_the_package_is_asked_for_by_name(monkeypatch):
    """Without it, the error names the extra."""
    monkeypatch.setitem(sys.modules, "mcp", None)
    with pytest.raises(MissingRequirementsError, match=r"install g4f_nb\[mcp\]"):
        nb.mcp_tools(COMMAND).open()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"env": "PLANTED=planted"}, r'env= is a str: it must be a dict, like \{"NAME": "value"\}'),
        ({"headers": "Authorization: planted"}, "headers= is a str: it must be a dict"),
        ({"headers": [("Authorization", "planted")]}, "headers= is a list"),
        ({"headers": {"X-Key ": "planted"}}, "begins with 'X-Key' and is none"),
        ({"headers": {"X-Key": "planted\n"}}, "'X-Key' is no text of one line: mend it in headers="),
        ({"env": {"planted": 5}}, "env= holds an int: names and values are texts"),
    ],
)
def test_env_and_headers_are_dicts_of_texts(given, words):
    """A mistake is told without the value, in no frame of ours either."""
    with pytest.raises(InvalidParameterError, match=words) as caught:
        nb.mcp_tools("x", **given)
    assert "planted" not in str(caught.value)
    assert "planted" not in repr(caught.traceback[-1].frame.f_locals)


@pytest.mark.clock
def test_an_interrupt_ends_the_opening_soon(tmp_path):
    """A program that never answers is not waited for, and is gone a little later."""
    code = f"import os, time; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    asked = []

    def interrupt():
        while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text(encoding="utf-8"):
            time.sleep(0.05)
        asked.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt, daemon=True)
    thread.start()
    small = nb.mcp_tools([sys.executable, "-c", code])
    with pytest.raises(KeyboardInterrupt):
        small.open()
    assert time.monotonic() - asked[0] < 3
    assert repr(small).endswith("closed)")
    _gone(int((tmp_path / "pid").read_text(encoding="utf-8")))
    while toolservers._ending:
        time.sleep(0.05)


def test_an_interrupted_opening_leaves_no_program_behind(tmp_path):
    """Also where ours ends right after it."""
    pid = tmp_path / "pid"
    endless = f"import os, time; open({str(pid)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    code = (
        "import os, pathlib, signal, sys, threading, time\n"
        "import g4f_nb as nb\n"
        "def interrupt():\n"
        f"    while not (pathlib.Path({str(pid)!r}).exists() and pathlib.Path({str(pid)!r}).read_text()):\n"
        "        time.sleep(0.05)\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "threading.Thread(target=interrupt, daemon=True).start()\n"
        "try:\n"
        f"    nb.mcp_tools([sys.executable, '-c', {endless!r}]).open()\n"
        "except KeyboardInterrupt:\n"
        "    print('interrupted')\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("interrupted\n", "")
    _gone(int(pid.read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def program():
    """One that opens a server and ends: what it has printed, and its warnings."""
    code = (
        "import asyncio, sys, threading\n"
        "import g4f_nb as nb\n"
        "class Seen:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name in ('mcp', 'mcp.client.stdio', 'mcp.client.streamable_http'):\n"
        "            print(threading.current_thread().name)\n"
        "sys.meta_path.insert(0, Seen())\n"
        "try:\n"
        "    nb.mcp_tools('http://127.0.0.1:9/mcp').open()\n"
        "except ConnectionError:\n"
        "    pass\n"
        f"small = nb.mcp_tools({LIGHT!r}).open()\n"
        "tool = [one for one in small if one.name == 'pid'][0]\n"
        "async def run(): return await tool.run({})\n"
        "print(asyncio.run(run()))\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True
    )
    return done.stdout.split(), done.stderr


def test_the_library_is_loaded_on_the_asking_thread(program):
    """Not on the loop that everybody shares, where it would hold up all other answers."""
    assert set(program[0][:-1]) == {"MainThread"}


def test_a_program_that_ends_leaves_no_server_behind(program):
    """What was opened and never closed is closed at exit, quietly."""
    printed, warned = program
    assert warned == ""
    _gone(int(printed[-1]))


async def _run(tool, **arguments):
    return await tool.run(arguments)


def _gone(pid):
    """Wait until a process is no more."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        try:
            os.kill(pid, 0)
            state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
            if state == "Z":
                return
        except (ProcessLookupError, FileNotFoundError):
            return
        time.sleep(0.05)
    pytest.fail(f"process {pid} is still there")
