"""Whole programs: they answer, say nothing else, end when asked to, and leave nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest
from thorough import some

pytestmark = pytest.mark.clock

needs_signals = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform does not fork")
needs_uvloop = pytest.mark.skipif(sys.platform == "win32", reason="uvloop is not made for Windows")

BEGIN = """
import asyncio, sys, threading
from concurrent.futures import ThreadPoolExecutor as Pool
from g4f_nb import asking
from g4f_nb import loops
from g4f_nb.loops import ownloop
from g4f_nb.providers.openai_template import OpenaiTemplate

BASE = sys.argv[1]

def go(model="echo", text="Hello big world", **options):
    messages = [{"role": "user", "content": text}]
    return OpenaiTemplate.create_completion(model, messages, stream=True, api_base=BASE, **options)

def text(*given, **options):
    return "".join(chunk for chunk in go(*given, **options) if isinstance(chunk, str))

def ask(model="echo"):
    return asking.ask("Hello big world", model, provider=OpenaiTemplate, api_base=BASE).text

async def main():
    await asyncio.sleep(0)
    print(text())

async def half():
    global left
    left = go("drip-20", "a b c " * 50)
    print(next(left) and text())

async def wait(model="echo"):
    print(await asking.ask_async("Hello big world", model, provider=OpenaiTemplate, api_base=BASE))

def patched():
    import asyncio.base_events
    kinds = [asyncio, asyncio.BaseEventLoop, asyncio.SelectorEventLoop, type(ownloop.own_loop().loop)]
    return any(hasattr(kind, "_nest_patched") for kind in kinds) or "nest_asyncio2" in sys.modules
"""

# Each prints the answer so many times.
SCRIPTS = {
    "plain": ("print(text()); print(ask())", 2),
    "asyncio.run": ("asyncio.run(main())", 1),
    "asyncio.run twice": ("asyncio.run(main()); print(text()); asyncio.run(main()); print(ask())", 4),
    "a runner's loop": ("with asyncio.Runner() as runner: runner.run(main()); runner.run(main())", 2),
    "half read": ("print(text()); half = go('drip-20', 'a b c ' * 50); next(half)", 1),
    "half read in a loop": ("asyncio.run(half())", 1),
    "awaiting": ("asyncio.run(wait()); asyncio.run(wait())", 2),
    "a thread": ("t = threading.Thread(target=lambda: print(text())); t.start(); t.join()", 1),
    "a daemon at work": (
        "threading.Thread(target=text, args=['stall'], daemon=True).start(); print(text())",
        1,
    ),
    "daemons at work": (
        "threading.Thread(target=ask, args=['silent'], daemon=True).start(); print(text())",
        1,
    ),
    "a pool": ("with Pool(3) as pool: print(*pool.map(text, ['echo'] * 3), sep=chr(10))", 3),
    "nothing asked": ("unused = go(); print('Hello big world')", 1),
}


@pytest.fixture
def script(python, clean_env, server):
    """Run a script to its end, and see that it left no connection open."""

    def run(code, *arguments, **env):
        command = [*python, "-c", BEGIN + code, server.api_base, *arguments]
        ran = subprocess.run(  # our own interpreter
            command, env=clean_env | env, capture_output=True, text=True, timeout=30, check=False
        )
        assert server.wait_for(lambda s: s.open_connections == 0)
        # How long the machine takes for a step, which the debug mode also tells, is not the question.
        errors = [line for line in ran.stderr.splitlines() if not line.startswith("Executing <")]
        assert (ran.returncode, errors) == (0, []), ran.stderr
        return ran.stdout

    return run


# Nearly all in the debug mode, which sees more; starting Python takes its time.
@pytest.mark.parametrize(
    ("name", "debug"),
    [
        *((name, "1") for name in SCRIPTS),
        *((name, "") for name in some(["half read", "plain", "a pool"], of=3)),
    ],
)
def test_a_script_prints_its_answer_and_nothing_else(script, name, debug):
    """Warnings are errors, and asyncio's debug mode would name whatever was left behind."""
    code, times = SCRIPTS[name]
    assert script(code, PYTHONASYNCIODEBUG=debug) == "Hello big world\n" * times


def test_without_a_running_loop_nothing_is_patched(script):
    """Nor by making a generator inside of one, nor by awaiting there."""
    code = """
async def unused():
    go()
    await asking.ask_async("x", "echo", provider=OpenaiTemplate, api_base=BASE)

text(); ask(); asyncio.run(unused()); OpenaiTemplate.get_models(api_base=BASE)
print(patched(), asyncio.Task.__module__)
asyncio.run(main())
print(patched())
"""
    assert script(code) == "False _asyncio\nHello big world\nTrue\n"


@pytest.mark.parametrize("when", ["before the import", "before the call", "after a call"])
def test_our_own_loop_is_out_of_reach_of_patching(script, when):
    """In a process that somebody patched it keeps the original methods, and C tasks that asyncio knows."""
    code = """
async def look():
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert loop is ownloop.own_loop().loop
    assert asyncio.all_tasks() == {task} and type(task).__module__ == "_asyncio", task
    assert type(loop.create_future()).__module__ == "_asyncio"
    for name in ("run_forever", "run_until_complete", "_run_once"):
        assert getattr(type(loop), name).__module__ == "asyncio.base_events", name
    try:
        async with asyncio.timeout(0.01):
            await asyncio.sleep(10)
    except TimeoutError:
        async with asyncio.TaskGroup() as group:
            return type(group.create_task(asyncio.sleep(0))).__module__

if sys.argv[2] == "after a call": text()
nest_asyncio2.apply(); asyncio.get_event_loop().close(); asyncio.set_event_loop(None)
print(ownloop.own_loop().submit(look()).result(), text(), ask())
"""
    if when == "before the import":
        code = "import nest_asyncio2; nest_asyncio2.apply()\n" + code.replace("if sys", "text()\nif sys")
    assert script("import nest_asyncio2\n" + code, when) == "_asyncio Hello big world Hello big world\n"


@needs_uvloop
def test_inside_of_uvloop(script):
    """Its loop cannot be entered again: ours answers, nothing is patched, its connectors are refused."""
    code = """
import aiohttp, uvloop
from g4f_nb.errors import LoopError

async def inside():
    print(loops.choose_door().name, text(), ask(), patched())
    async with aiohttp.TCPConnector() as connector:
        try:
            text(connector=connector)
        except LoopError as error:
            print("another event loop" in str(error))
        messages = [dict(role="user", content="own")]
        print(await OpenaiTemplate.create_async("echo", messages, api_base=BASE, connector=connector))
        print(connector.closed)

with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
    runner.run(inside())
"""
    assert script(code) == "own Hello big world Hello big world False\nTrue\nown\nFalse\n"


@needs_fork
def test_a_forked_child_can_call_too(script):
    """The child starts its own loop, and leaves the parent's connections alone."""
    code = """
import multiprocessing, os, warnings
warnings.simplefilter("ignore", DeprecationWarning)  # Python warns of forking beside threads
print(text(), flush=True)
child = multiprocessing.get_context("fork").Process(target=lambda: print(text(), ask(), flush=True))
child.start(); child.join()
if (pid := os.fork()) == 0:
    print(text(), flush=True)
    sys.exit(0)
print(os.waitpid(pid, 0)[1], child.exitcode)
print(text(timeout=3), ask())
"""
    hello = "Hello big world"
    assert script(code) == f"{hello}\n{hello} {hello}\n{hello}\n0 0\n{hello} {hello}\n"


LONG = """
async def long():
    for _ in go(sys.argv[2], "a b c " * 99): pass

"""
INTERRUPTED = {
    "plain": "for _ in go(sys.argv[2], 'a b c ' * 99): pass",
    "ask": "ask(sys.argv[2])",
    "in asyncio.run": "asyncio.run(long())",
    "in a second asyncio.run": "asyncio.run(main()); asyncio.run(long())",
    "awaiting": "asyncio.run(wait(sys.argv[2]))",
}


@needs_signals
@pytest.mark.parametrize(
    ("way", "model"),
    [
        (way, model)
        for number, way in enumerate(INTERRUPTED)
        for model in some(["drip-20", "silent"], of=2, but=number)
    ],
)
def test_ctrl_c_ends_a_program_at_once(python, clean_env, server, way, model):
    """With KeyboardInterrupt, and the server sees the connection closed."""
    # It would take a minute: a whole answer comes in eight pieces, a streamed one word by word.
    model = model.replace("drip-20", "drip-7500" if way in ("ask", "awaiting") else "drip-300")
    with subprocess.Popen(  # our own interpreter
        [*python, "-c", BEGIN + LONG + INTERRUPTED[way], server.api_base, model],
        env=clean_env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert server.wait_for(lambda s: s.requests and s.requests[-1].body["model"] == model, timeout=20)
        time.sleep(0.1)
        start = time.monotonic()
        process.send_signal(signal.SIGINT)
        aborted = server.wait_for(lambda s: s.aborted == 1, timeout=5)
        trace = process.communicate(timeout=10)[1]
        # Half a second is the aim; the rest is for busy machines.
        assert time.monotonic() - start < 5
    assert process.returncode == -signal.SIGINT
    # Whoever waits for the whole answer is told that there is nothing of it.
    last = ["KeyboardInterrupt", *(["Nothing had arrived yet."] if way == "ask" else [])]
    assert trace.splitlines()[-len(last) :] == last
    assert not any(word in trace for word in ("never", "destroyed", "ignored", "Warning"))
    assert aborted
    assert server.open_connections == 0


def test_in_ipython_in_a_terminal(python, clean_env, server):
    """The prompts answer one after the other, awaiting or not."""
    lines = [
        *BEGIN.replace("sys.argv[1]", repr(server.api_base)).split("\n\n"),
        "print('<' + text('drip-5') + '>')",
        "print('<' + ask() + '>')",
        "await main()",
        "await wait()",
        "print('<' + text('drip-5', 'last') + '>')",
    ]
    command = [*python[:1], "-m", "IPython", "--no-banner", "--simple-prompt", "--no-confirm-exit"]
    ran = subprocess.run(  # our own interpreter
        command, input="\n\n".join(lines) + "\n", env=clean_env, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    answers = [line.rpartition("]: ")[2] for line in ran.stdout.splitlines() if "<" in line or "big" in line]
    hello = "Hello big world"
    assert answers == [f"<{hello}>", f"<{hello}>", hello, hello, "<last>"], ran.stdout + ran.stderr
    assert (ran.returncode, ran.stderr) == (0, "")
    assert server.wait_for(lambda s: s.open_connections == 0)
