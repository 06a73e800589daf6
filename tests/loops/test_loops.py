"""Both doors between synchronous code and coroutines keep the same promises."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import gc
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import aiohttp
import anyio
import pytest

from g4f_nb import loops
from g4f_nb.errors import LoopError
from g4f_nb.loops import ownloop, to_sync_generator
from g4f_nb.providers.openai_template import OpenaiTemplate
from g4f_nb.testing import serve

pytestmark = pytest.mark.usefixtures("quick_garbage")

WORD = contextvars.ContextVar("WORD", default="unset")
TEXT = "one two three four five six seven eight nine ten " * 20


@pytest.fixture(autouse=True)
def _no_settings_of_the_user(monkeypatch, tmp_path):
    monkeypatch.setenv("G4F_NB_CONFIG_DIR", str(tmp_path))
    monkeypatch.delenv("G4F_NB_DOOR", raising=False)


@pytest.fixture
def server():
    """A server of the test's own."""
    with serve() as server:
        yield server


@pytest.fixture(params=["caller", "own", "forced"])
def door(request, monkeypatch):
    """Which door the test goes through: the caller's, our own, or our own because a setting says so."""
    if request.param == "forced":
        monkeypatch.setenv("G4F_NB_DOOR", "own")
    return request.param


@pytest.fixture
def inside(door):
    """Run a plain function at this door, and see that nothing of it goes on afterwards."""

    async def beside_a_loop(work):
        assert loops.choose_door().name == ("caller" if door == "caller" else "own")
        result = work()
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return result

    def enter(work):
        if door == "own":
            result = work()
        else:
            with asyncio.Runner() as runner:
                result = runner.run(beside_a_loop(work))
        assert not asyncio.all_tasks(ownloop.own_loop().loop)
        return result

    return enter


class Source:
    """An endless async generator that knows how far it ran and whether it was ended."""

    def __init__(self, pause=0.0, burst=1):
        self.given = 0
        self.ended = threading.Event()
        self._pause, self._burst = pause, burst

    async def items(self):
        """Count, with a pause after every burst; no pause at all if it is None."""
        try:
            while True:
                for _ in range(self._burst):
                    self.given += 1
                    yield self.given
                if self._pause is not None:
                    await asyncio.sleep(self._pause)
        finally:
            self.ended.set()


async def count(most, pause=None):
    """Count up to a number."""
    for number in range(most):
        if pause is not None:
            await asyncio.sleep(pause)
        yield number


async def value_of(result):
    """Give a result, or raise it."""
    await asyncio.sleep(0)
    if isinstance(result, BaseException):
        raise result
    return result


def ask(server, model="echo", text="Hello big world", **options):
    """Start one answer of the test server."""
    messages = [{"role": "user", "content": text}]
    return OpenaiTemplate.create_completion(model, messages, stream=True, api_base=server.api_base, **options)


def text_of(chunks):
    """Join the text of an answer."""
    return "".join(chunk for chunk in chunks if isinstance(chunk, str))


@pytest.mark.parametrize("pause", [None, 0])
@pytest.mark.parametrize("most", [0, 1, 511, 513, 20_000])
def test_every_item_comes_once_and_in_order(inside, most, pause):
    """Whether the source waits or not, and however long it is."""
    for stream in (True, False):
        assert inside(partial(list, to_sync_generator(count(most, pause), stream))) == list(range(most))


def test_a_coroutine_gives_its_one_result(inside):
    """Streamed or not, and through `run`."""
    assert inside(lambda: list(to_sync_generator(value_of(7)))) == [7]
    assert inside(lambda: list(to_sync_generator(value_of(7), stream=False))) == [7]
    assert inside(lambda: loops.run(value_of(None))) is None


@pytest.mark.clock
def test_nothing_runs_and_nothing_is_sent_before_the_first_item_is_asked_for(inside, server):
    """A generator that is made and dropped costs nothing."""
    source = Source()

    def work():
        made = to_sync_generator(source.items()), ask(server)
        time.sleep(0.05)
        del made

    inside(work)
    assert source.given == server.connections == 0


def test_the_first_item_is_out_as_soon_as_it_is_in(inside):
    """The consumer does not wait for the second one, which never comes."""

    async def one_then_silence():
        yield 1
        await asyncio.sleep(3600)

    def work():
        start = time.monotonic()
        chunks = to_sync_generator(one_then_silence())
        assert next(chunks) == 1
        chunks.close()
        return time.monotonic() - start

    assert inside(work) < 30


def leave(how, chunks):
    """Take two items and leave in one of the ways in which people leave."""
    next(chunks)
    next(chunks)
    if how == "close":
        chunks.close()
    elif how == "raise":
        with contextlib.suppress(ZeroDivisionError):
            for _ in chunks:
                raise ZeroDivisionError
        chunks.close()
    elif how == "throw":
        with pytest.raises(KeyboardInterrupt):
            chunks.throw(KeyboardInterrupt)
    elif how == "cycle":
        chunks = [chunks]
        chunks.append(chunks)
        del chunks
        gc.collect()


WAYS = ["close", "raise", "throw", "drop", "cycle"]


@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize("pause", [None, 0, 3600])
def test_leaving_early_ends_the_source(inside, how, pause):
    """By then its `finally` has run, whether it waits, works or is silent."""
    source = Source(pause, burst=3)

    def work():
        leave(how, to_sync_generator(source.items()))
        gc.collect()
        assert source.ended.is_set()

    inside(work)


@pytest.mark.clock
@pytest.mark.parametrize("how", WAYS)
def test_leaving_early_closes_the_connection(inside, server, how):
    """The server stops to write, and so stops to bill."""

    def work():
        leave(how, ask(server, "drip-20", TEXT))
        gc.collect()
        assert server.wait_for(lambda s: s.aborted == 1 and s.open_connections == 0, timeout=1)

    inside(work)


@pytest.mark.parametrize(
    "error", [ValueError, TimeoutError, asyncio.CancelledError, KeyboardInterrupt, SystemExit]
)
def test_an_error_arrives_as_it_is_after_the_items_before_it(inside, error):
    """The same object; our own loop survives even one that is meant to end a program."""
    error = error("no")

    async def failing():
        yield 1
        raise error

    def work():
        thread = ownloop.own_loop().thread
        chunks = to_sync_generator(failing())
        assert next(chunks) == 1
        whole = to_sync_generator(failing(), stream=False)
        for waiting in (chunks, to_sync_generator(value_of(error)), whole):
            with pytest.raises(type(error)) as caught:
                next(waiting)
            assert caught.value is error
        assert ownloop.own_loop().thread is thread

    inside(work)


@pytest.mark.clock
@pytest.mark.parametrize(("pause", "burst"), [(None, 1), (0, 1), (0, 100), (0.0001, 1000)])
def test_a_slow_consumer_holds_the_source_back(inside, pause, burst):
    """What waits for it is bounded, in whatever portions it comes."""
    source = Source(pause, burst)

    def work():
        ahead = []
        for item in to_sync_generator(source.items()):
            if item % 1000 == 1:
                time.sleep(0.04)
                ahead.append(source.given - item)
            if item > 4000:
                break
        return max(ahead)

    # The backlog, and two batches that are on their way.
    assert inside(work) <= 4096 + 2 * 1024


@pytest.mark.clock
def test_a_source_that_never_waits_leaves_room_for_others(inside):
    """Beside an endless one without `await`, another answer comes through."""
    source = Source(None)

    def work():
        endless = to_sync_generator(source.items())
        next(endless)
        start = time.monotonic()
        assert list(to_sync_generator(count(20, 0.001))) == list(range(20))
        for _ in range(50_000):
            next(endless)
        endless.close()
        return time.monotonic() - start

    assert inside(work) < 2


@pytest.mark.clock
def test_a_source_that_blocks_still_streams(inside):
    """A provider around a blocking library gives its items as they come, not at its end."""

    async def blocking():
        for number in range(40):
            yield number
            time.sleep(0.01)  # noqa: ASYNC251  # what such a provider does

    def work():
        start = time.monotonic()
        return [time.monotonic() - start for _ in to_sync_generator(blocking())]

    times = inside(work)
    assert times[0] < 0.2
    assert times[-1] > 0.4
    assert len({round(at, 1) for at in times}) >= 3


@pytest.mark.clock
def test_a_timeout_held_across_items_fires(inside):
    """`asyncio.timeout` in the source belongs to one task, whatever the consumer does in between."""

    async def limited():
        async with asyncio.timeout(0.1):
            for number in range(1000):
                yield number
                await asyncio.sleep(0.01)

    def work():
        chunks = to_sync_generator(limited())
        assert next(chunks) == 0
        with pytest.raises(TimeoutError):
            list(chunks)

    inside(work)


@pytest.mark.clock
def test_cancel_scopes_held_across_items_work(inside):
    """For anyio checks that a scope is left in the task that entered it."""

    async def limited(scope):
        with scope(0.05):
            yield 1
            await anyio.sleep(3600)
        yield 2

    assert inside(lambda: list(to_sync_generator(limited(anyio.move_on_after)))) == [1, 2]
    with pytest.raises(TimeoutError):
        inside(lambda: list(to_sync_generator(limited(anyio.fail_after))))


def test_context_variables_are_the_callers_and_can_be_reset(inside):
    """The source sees what the caller set, and what it sets itself does not leak out."""

    async def marking():
        yield WORD.get()
        token = WORD.set("inner")
        try:
            yield WORD.get()
            await asyncio.sleep(0)
            yield WORD.get()
        finally:
            WORD.reset(token)
        yield WORD.get()

    def work():
        WORD.set("outer")
        assert list(to_sync_generator(marking())) == ["outer", "inner", "inner", "outer"]
        assert WORD.get() == "outer"

    contextvars.copy_context().run(inside, work)


def test_many_threads_at_once(inside, server):
    """Each has its own answer, beside the one of the thread with the loop."""

    def work():
        with ThreadPoolExecutor(8) as pool:
            there = [pool.submit(lambda n=n: text_of(ask(server, "drip-1", f"{n} big"))) for n in range(40)]
            assert text_of(ask(server, "drip-1", TEXT)) == TEXT
            assert [job.result() for job in there] == [f"{n} big" for n in range(40)]

    inside(work)


def test_an_answer_inside_of_an_answer(server):
    """On the caller's loop, a coroutine that a consumer starts may itself call synchronously."""

    async def deeper(word):
        await asyncio.sleep(0)
        return text_of(ask(server, "drip-1", f"<{word}>"))

    async def main():
        words = [chunk for chunk in ask(server, "drip-5", "a b c") if isinstance(chunk, str)]
        chunks = ask(server, "drip-5", "a b c")
        nested = [loops.run(deeper(chunk)) for chunk in chunks if isinstance(chunk, str)]
        assert nested == [f"<{word}>".strip() for word in words]
        assert asyncio.all_tasks() == {asyncio.current_task()}

    with asyncio.Runner() as runner:
        runner.run(main())


BESIDE_OTHERS = """
import asyncio
from g4f_nb import loops

ran = []

async def other(number):
    ran.append(number)
    await asyncio.sleep(0)
    ran.append(number)

async def first(apply):
    if apply:
        import nest_asyncio2
        nest_asyncio2.apply()
    ran.append(loops.run(asyncio.sleep(0.01, "waited")))
    ran.append("once more" if list(loops.to_sync_generator(asyncio.sleep(0, "again"))) else "")

async def main(apply):
    # All of these are ready in one turn of the loop; the first of them takes the others' turns.
    await asyncio.gather(first(apply), *map(other, range(4)))
    ran.append("gathered")

asyncio.run(main({apply}))
assert sorted(map(str, ran)) == sorted(["waited", "once more", "gathered", *"00112233"]), ran
"""


@pytest.mark.parametrize("apply", [False, True])
def test_the_first_call_may_come_while_others_are_ready_to_run(apply):
    """It runs them meanwhile; the turn of the loop that had counted on them does not miss them and end it."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", BESIDE_OTHERS.replace("{apply}", str(apply))],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.clock
def test_the_callers_time_limit_reaches_into_a_synchronous_wait(server):
    """`asyncio.timeout` around a plain for-loop ends it, and leaves the task able to go on."""

    async def main():
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):  # noqa: ASYNC100  # it is reached from within
                list(ask(server, "stall"))
        await asyncio.sleep(0)
        assert server.wait_for(lambda s: s.aborted == 1, timeout=1)
        return text_of(ask(server))

    with asyncio.Runner() as runner:
        assert runner.run(main()) == "Hello big world"


@pytest.mark.clock
def test_a_generator_keeps_to_the_loop_it_began_on(server):
    """Carried to another thread, it says so instead of running a loop that runs elsewhere."""

    async def main():
        chunks = ask(server, "drip-20", TEXT)
        next(chunks)
        with pytest.raises(LoopError, match="thread"):
            await asyncio.to_thread(list, chunks)
        await asyncio.sleep(0.05)
        assert server.wait_for(lambda s: s.aborted == 1, timeout=1)

    with asyncio.Runner() as runner:
        runner.run(main())


def test_the_callers_connector_is_used_and_left_open(inside, door, server):
    """On its own loop a connector serves and stays the caller's; carried to ours it is refused in words."""

    async def with_connector():
        async with aiohttp.TCPConnector() as connector:
            assert text_of(ask(server, connector=connector)) == "Hello big world"
            assert not connector.closed
            assert text_of(ask(server, connector=connector)) == "Hello big world"
            assert server.connections == 1

    if door == "own":
        pytest.skip("a connector is made on a running loop")
    with asyncio.Runner() as runner:
        if door == "caller":
            runner.run(with_connector())
        else:
            with pytest.raises(LoopError, match="another event loop"):
                runner.run(with_connector())


def test_a_python_whose_loops_are_not_known_has_the_other_door(monkeypatch):
    """What asyncio does not promise may be gone: no loop is entered again then, and calls work as well."""
    monkeypatch.setattr("g4f_nb.loops.callersloop._COUNTING_TURN", None)

    async def in_a_cell():
        assert loops.choose_door().name == "own"
        return "".join(to_sync_generator(_words()))

    async def _words():
        yield "one "
        yield "two"

    assert asyncio.run(in_a_cell()) == "one two"
