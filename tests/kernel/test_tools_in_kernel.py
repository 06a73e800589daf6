"""Tools in a notebook: they run where the cell runs, may touch all that is the user's, and stop with it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.kernel

TOOLS = """
import asyncio, threading, time
import g4f_nb as nb

seen = []

def note(text: str) -> int:
    "Keep a note."
    seen.append(text)
    print("noted", threading.current_thread() is threading.main_thread())
    return len(seen)

def slow(text: str):
    "Take long."
    print("slow begins", flush=True)
    time.sleep(30)

async def slow_async(text: str):
    "Take long."
    print("slow begins", flush=True)
    await asyncio.sleep(30)

def tools(model, *functions, form=nb.ask, text="hello"):
    return form(text, f"OpenaiTemplate:{model}", api_base=BASE, tools=functions)
"""


@pytest.fixture
def notebook(kernel, server):
    """A kernel with tools in it."""
    assert kernel.run(f"BASE = {server.api_base!r}\n{TOOLS}").error is None
    return kernel


@pytest.mark.parametrize("call", ["tools('tools', note)", "await tools('tools', note, form=nb.ask_async)"])
def test_a_tool_is_at_home_in_the_cell(notebook, call):
    """It runs on the kernel's main thread, prints into its cell, and changes the user's variables."""
    result = notebook.run(f"reply = {call}\n(reply.text, seen)")
    assert result.value == "('The tool said: 1', ['hello'])"
    assert result.stdout == "noted True\n"
    assert result.stderr == ""


def test_run_all_with_tools_loses_no_cell(notebook):
    """Each of six cells that are queued at once has its answer."""
    codes = ["tools('agent-2', note).text", "(await tools('tools', note, form=nb.ask_async)).text"] * 3
    assert len([one.value for one in notebook.queue(codes)]) == 6


@pytest.mark.parametrize(
    "call",
    [
        "tools('tools', slow)",
        "tools('tools', slow_async)",
        "await tools('tools', slow_async, form=nb.ask_async)",
    ],
)
def test_the_stop_button_stops_a_tool(notebook, call):
    """At once, whichever kind it is; the kernel is as good as before, and what there was is kept."""
    notebook.run("1/0")
    cell = notebook.send(f"begun = time.monotonic()\n{call}")
    time.sleep(1.0)
    start = time.monotonic()
    notebook.interrupt()
    (result,) = notebook.collect([cell])
    # The tool would take half a minute.
    assert result.replied - start < 5
    assert result.stdout.startswith("slow begins")
    assert result.error in ("KeyboardInterrupt", "CancelledError")
    after = notebook.run("tools('tools', note).tool_results[0].content")
    assert after.error is None
    if result.error == "KeyboardInterrupt":
        kept = notebook.run("import sys; sys.last_value.reply.tool_calls[0].name")
        assert kept.value in ("'slow'", "'slow_async'")


def test_an_error_of_a_tool_is_no_error_of_the_cell(notebook):
    """The model is told, and answers."""
    result = notebook.run("def broken(text: str): 1/0\ntools('tools', broken).text")
    assert result.value == "'The tool said: ZeroDivisionError: division by zero'"
    assert result.stderr == ""


def test_a_tool_server_lives_from_cell_to_cell(notebook):
    """Opened in one cell, used in others, closed in a third; nothing of it is written into the notebook."""
    script = Path(__file__).parent.parent / "mcp_server.py"
    opened = notebook.run(
        f"import sys\nsmall = nb.mcp_tools([sys.executable, {str(script)!r}]).open()\nlen(small)"
    )
    assert opened.value == "6"
    codes = ["tools('tools', small, text='add 2 and 3').text"] * 2
    codes += ["(await tools('tools', small, text='add 2 and 3', form=nb.ask_async)).text"]
    results = notebook.queue([*codes, "small.close(); repr(small).endswith('closed)')"])
    assert [one.value for one in results] == ["'The tool said: 5'"] * 3 + ["True"]
    assert "".join(one.stderr for one in results) == ""
