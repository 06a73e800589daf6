"""In a real kernel: queued cells all answer, and the stop button stops everything."""

from __future__ import annotations

import time

import ipykernel
import pytest

pytestmark = pytest.mark.kernel

TALKING = """
from g4f_nb.providers.base import AsyncGeneratorProvider
from g4f_nb.providers.mixins import ProviderModelMixin

class Talking(AsyncGeneratorProvider, ProviderModelMixin):
    working = True

    @classmethod
    async def create_async_generator(cls, model, messages, stream=True, **options):
        for number in range(3):
            print(model, number)
            await asyncio.sleep(0.05)
            yield str(number)
"""

# A bare thread has no context, and its prints go to whichever cell runs; so it is in Jupyter.
THREAD = """
copied = contextvars.copy_context().run
thread = threading.Thread(target=copied, args=(asking.ask, 'x', 'a'), kwargs={'provider': Talking})
thread.start()
"""
STREAM_AND_JOIN = "print(list(Talking.create_completion('c', [])))\nthread.join()"

# Seconds. Half of one is the aim; the rest is for busy machines, and no answer here would end within it.
_AT_ONCE = 5.0

# The ways to wait for an answer in a cell; M is the model, S the server.
WAYS = {
    "create_completion": "for _ in go(M, S): pass",
    "ask": "ask(M, S)",
    "ask_async": "await ask(M, S, form=asking.ask_async)",
    "async for": "async for _ in stream(M, S): pass",
    "nb.stream": "for _ in ask(M, S, form=g4f_nb.stream): pass",
    "nb.stream, async": "async for _ in ask(M, S, form=g4f_nb.stream): pass",
}


def answers(kernel, server, call):
    """Queue six cells and give what each answered, and how."""
    codes = [f"print({n}); str({call.format(base=server.api_base, n=n)})" for n in range(6)]
    results = kernel.queue(codes)
    return [(result.stdout, result.value) for result in results]


EXPECTED = [(f"{n}\n", repr(f"cell {n}")) for n in range(6)]
CALLS = ["text('drip-5', '{base}', 'cell {n}')", "ask('drip-5', '{base}', 'cell {n}').text"]


@pytest.mark.parametrize("call", CALLS)
def test_run_all(kernel, server, call):
    """Six cells queued at once: each has its reply and its own output."""
    assert answers(kernel, server, call) == EXPECTED
    assert len(server.requests) == 6


def test_run_all_beside_old_nest_asyncio(fresh_kernel, server):
    """nest_asyncio 1.x loses queued cells when a loop is entered again; then ours is used, and says why."""
    assert fresh_kernel.run("import nest_asyncio; nest_asyncio.apply()").error is None
    door = fresh_kernel.run("door = loops.choose_door(); print(door.reason); door.name")
    assert door.value == "'own'"
    assert "nest_asyncio 1.x" in door.stdout
    for call in CALLS:
        assert answers(fresh_kernel, server, call) == EXPECTED


def test_nothing_is_patched_before_a_call_needs_it(fresh_kernel, server):
    """Importing, asking and awaiting leave the kernel's loop alone; a synchronous stream enters it again."""
    patched = "hasattr(asyncio.get_event_loop(), '_nest_patched'), loops.choose_door().name"
    made = fresh_kernel.run(f"unused = go('echo', '{server.api_base}'); {patched}")
    assert made.value == "(False, 'caller')"
    fresh_kernel.run(f"ask('echo', '{server.api_base}')")
    fresh_kernel.run(f"await ask('echo', '{server.api_base}', form=asking.ask_async)")
    assert fresh_kernel.run(patched).value == "(False, 'caller')"
    assert fresh_kernel.run(f"text('echo', '{server.api_base}', 'hi')").value == "'hi'"
    assert fresh_kernel.run(patched).value == "(True, 'caller')"


@pytest.mark.parametrize("model", ["drip", "stall", "silent"])
@pytest.mark.parametrize("way", WAYS)
def test_the_stop_button(kernel, server, way, model):
    """The cell ends at once, the server sees the connection go, and the kernel is as good as before."""
    kernel.run("1/0")  # so that the first traceback's imports are not measured
    # It would take a minute: a whole answer comes in eight pieces, a streamed one word by word.
    name = model.replace("drip", "drip-7500" if way.startswith("ask") else "drip-300")
    cell = kernel.send(f"M, S = {name!r}, {server.api_base!r}\n{WAYS[way]}")
    assert server.wait_for(lambda s: s.requests)
    time.sleep(0.1)
    start = time.monotonic()
    kernel.interrupt()
    aborted = server.wait_for(lambda s: s.aborted == 1, timeout=_AT_ONCE)
    (result,) = kernel.collect([cell])
    assert aborted
    assert result.replied - start < _AT_ONCE
    assert result.error in ("KeyboardInterrupt", "CancelledError")
    another = f"text('echo', {server.api_base!r}, 'hi')"
    after = kernel.queue(["await asyncio.sleep(0); left()", another, "await asyncio.sleep(0, 7)"])
    assert [one.value for one in after] == ["(0, 0)", "'hi'", "7"]
    assert server.wait_for(lambda s: s.open_connections == 1)
    assert result.stderr == "".join(one.stderr for one in after) == ""


def test_the_stop_button_while_nothing_is_asked(kernel, server):
    """An interrupt between two calls does not hit the next one."""
    sleeping = kernel.send("print('asleep', flush=True)\nimport time; time.sleep(30)")
    time.sleep(0.3)
    kernel.interrupt()
    (result,) = kernel.collect([sleeping])
    assert result.error == "KeyboardInterrupt"
    assert kernel.run(f"text('drip-5', {server.api_base!r}, 'a b c')").value == "'a b c'"


def test_an_error_in_a_cell_leaves_no_stream_behind(kernel, server):
    """Though its traceback, which the kernel keeps, still holds the generator."""
    aborted = server.aborted
    result = kernel.run(f"for chunk in go('drip-20', {server.api_base!r}): 1/0")
    assert result.error == "ZeroDivisionError"
    kernel.run(f"chunks = go('drip-20', {server.api_base!r}); next(chunks)")
    assert kernel.run("del chunks; left()").value == "(0, 0)"
    begun = f"said = ask('drip-20', {server.api_base!r}, form=g4f_nb.stream)\n"
    for loop in ("for piece in said: 1/0", "async for piece in said: 1/0"):
        assert kernel.run(begun + loop).error == "ZeroDivisionError"
        kernel.run(begun + loop.replace("1/0", "break"))
    assert kernel.run("await asyncio.sleep(0.2); left(), said.reply.partial").value == "((0, 0), True)"
    assert server.wait_for(lambda seen: seen.aborted >= aborted + 6, timeout=10)


@pytest.mark.skipif(
    ipykernel.version_info < (6, 31),
    reason="what a thread prints goes to the cell that runs, in an old ipykernel",
)
@pytest.mark.parametrize("door", ["auto", "own"])
def test_prints_of_a_provider_land_in_the_cell_that_asked(kernel, door):
    """Also when two cells' answers come at the same time, one of them on a thread."""
    kernel.run(TALKING + f"\nos.environ['G4F_NB_DOOR'] = {door!r}")
    first, second, third = kernel.queue(
        [THREAD, "str(asking.ask('x', 'b', provider=Talking))", STREAM_AND_JOIN]
    )
    kernel.run("del os.environ['G4F_NB_DOOR']")
    assert first.stdout == "a 0\na 1\na 2\n"
    assert second.stdout == "b 0\nb 1\nb 2\n"
    assert third.stdout == "c 0\nc 1\nc 2\n['0', '1', '2']\n"


@pytest.mark.parametrize("module", ["nest_asyncio", "nest_asyncio2"])
def test_the_users_own_patching_still_works_afterwards(fresh_kernel, server, module):
    """After our call has patched the loop, `apply()` and `asyncio.run` in a cell work as ever."""
    assert fresh_kernel.run(f"print(text('echo', {server.api_base!r}, 'hello'))").stdout == "hello\n"
    code = f"import {module}; {module}.apply(); print(asyncio.run(asyncio.sleep(0, 'ran')))"
    result = fresh_kernel.run(code)
    assert result.error is None, result.trace
    assert result.stdout == "ran\n"
    assert fresh_kernel.run(f"print(text('echo', {server.api_base!r}, 'again'))").stdout == "again\n"


COMBINED = """
import g4f_nb as nb
def at(model): return nb.Model(f"OpenaiTemplate:{{model}}", api_base={base!r})
careful = nb.FallbackProvider([at("error-500"), at("drip-20")])
race = nb.RaceProvider([at("silent"), at("drip-20")])
MESSAGES = [dict(role="user", content="one two three four " * 50)]
"""


@pytest.mark.parametrize("name", ["careful", "race"])
def test_a_combined_provider_in_a_cell(fresh_kernel, server, name):
    """It streams synchronously on the kernel's loop; the stop button leaves neither task nor connection."""
    assert fresh_kernel.run(COMBINED.format(base=server.api_base)).error is None
    short = f"''.join(map(str, {name}.create_completion('', [dict(role='user', content='a b c')])))"
    assert fresh_kernel.run(short).value == "'a b c'"
    asked = len(server.requests)
    stopped = fresh_kernel.send(f"for _ in {name}.create_completion('', MESSAGES): pass")
    assert server.wait_for(lambda seen: len(seen.requests) == asked + 2, timeout=5)
    time.sleep(0.3)
    fresh_kernel.interrupt()
    assert fresh_kernel.collect([stopped])[0].error == "KeyboardInterrupt"
    # The loser of the first race was stopped before.
    expected = {"careful": 1, "race": 3}[name]
    assert server.wait_for(lambda seen: seen.aborted == expected, timeout=3)
    assert fresh_kernel.run("left()").value == "(0, 0)"
    assert fresh_kernel.run(short).value == "'a b c'"
