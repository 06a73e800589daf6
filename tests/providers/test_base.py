"""The hierarchy does what its descriptions show, in their order, and what they leave open is settled."""
# the original's signatures

from __future__ import annotations

import asyncio
import contextvars
import gc
import threading
import time
from collections.abc import AsyncGenerator, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from g4f_nb.chunks import FinishReason, Reasoning, Usage
from g4f_nb.errors import G4FError, InvalidParameterError, RequestTimeoutError
from g4f_nb.providers import (
    AbstractProvider,
    AsyncGeneratorProvider,
    AsyncProvider,
    BaseProvider,
    Demo,
    OpenaiTemplate,
)
from g4f_nb.typing import Messages

HELLO = [{"role": "user", "content": "Hello"}]
_where = contextvars.ContextVar("_where", default="nowhere")

# ---- the examples of the first telling -------------------------------------------------------------


@pytest.mark.parametrize("more", [{}, {"timeout": 10}])
def test_an_abstract_provider_cannot_answer(more):
    """Awaited, examples 1 and 2 raise, at once."""
    with pytest.raises(NotImplementedError, match="AbstractProvider does not define create_completion"):
        asyncio.run(AbstractProvider.create_async("gpt-3.5-turbo", HELLO, **more))


def test_what_an_abstract_provider_takes():
    """Examples 3 to 5: names, a filled-in request, a text."""
    assert list(AbstractProvider.get_parameters()) == ["model", "messages"]
    assert AbstractProvider.get_parameters(as_json=True) == {
        "provider": "AbstractProvider",
        "model": "",
        "messages": [{"role": "user", "content": ""}],
        "stream": False,
        "timeout": None,
        "response_format": None,
        "max_tokens": None,
        "stop": None,
    }
    assert type(AbstractProvider.params) is str
    assert "    model: str,\n    messages: " in AbstractProvider.params


@pytest.mark.parametrize("kind", [AsyncProvider, AsyncGeneratorProvider])
def test_an_abstract_completion_raises_at_its_first_step(kind):
    """Examples 6 and 7: an iterator first; read or not, nothing is left un-awaited."""
    chunks = kind.create_completion("gpt-3.5-turbo", HELLO)
    assert isinstance(chunks, Iterator)
    with pytest.raises(NotImplementedError):
        next(chunks)
    kind.create_completion("gpt-3.5-turbo", HELLO).close()
    gc.collect()  # a coroutine left alone would warn, and a warning is an error here


def test_an_abstract_generator_raises_at_its_first_step():
    """It is an async generator like every other."""

    async def go():
        await anext(AsyncGeneratorProvider.create_async_generator("m", HELLO))

    with pytest.raises(NotImplementedError, match="create_async_generator"):
        asyncio.run(go())
    with pytest.raises(NotImplementedError, match="create_async_generator"):
        asyncio.run(AsyncGeneratorProvider.create_async("m", HELLO))
    with pytest.raises(NotImplementedError, match="create_async"):
        asyncio.run(AsyncProvider.create_async("m", HELLO))
    with pytest.raises(NotImplementedError, match="AbstractProvider"):
        AbstractProvider.create_completion("m", HELLO, False)  # noqa: FBT003


@pytest.mark.parametrize("kind", [AbstractProvider, AsyncProvider, AsyncGeneratorProvider])
def test_nothing_is_instantiated(kind):
    """Everything is called on the class."""
    with pytest.raises(TypeError):
        kind()


# ---- the examples of the second telling ------------------------------------------------------------


class MyProvider(AbstractProvider):
    """The description's own, with context and the flag made visible."""

    @classmethod
    def create_completion(cls, model: str, messages: Messages, stream: bool, **kwargs) -> Generator:
        """Say one text."""
        yield "This is a completion chunk"


class MyAsyncProvider(AsyncProvider):
    """The description's own."""

    @staticmethod
    async def create_async(model: str, messages: Messages, **kwargs) -> str:
        """Say one text, a moment later."""
        await asyncio.sleep(0.001)
        return "This is an asynchronous result"


class MyAsyncGeneratorProvider(AsyncGeneratorProvider):
    """The description's own, and a thought."""

    @staticmethod
    async def create_async_generator(
        model: str, messages: Messages, stream: bool = True, **kwargs
    ) -> AsyncGenerator:
        """Think, then say one text."""
        yield Reasoning("a thought")
        yield "This is an asynchronous generator result"
        yield FinishReason("stop")
        yield Usage(1, 1, 2)


def test_the_examples_of_a_synchronous_provider():
    """1 to 6: its text, the same awaited, the two functions, what it takes."""
    text = "This is a completion chunk"
    assert list(MyProvider.create_completion("m", [], False)) == [text]  # noqa: FBT003
    assert asyncio.run(MyProvider.create_async("m", HELLO, timeout=10)) == text
    assert MyProvider.get_create_function() == MyProvider.create_completion
    assert MyProvider.get_async_create_function() == MyProvider.create_async
    assert asyncio.run(MyProvider.get_async_create_function()("m", HELLO)) == text
    assert list(MyProvider.get_parameters()) == ["model", "messages"]
    assert "model" in MyProvider.params
    assert "messages" in MyProvider.params


def test_the_examples_of_an_asynchronous_provider():
    """7 to 10: an iterator of its one result, in a running loop as well."""
    text = "This is an asynchronous result"

    async def in_a_cell():
        return list(MyAsyncProvider.create_completion("m", HELLO, stream=False))

    assert list(MyAsyncProvider.create_completion("m", HELLO, stream=False)) == [text]
    assert asyncio.run(in_a_cell()) == [text]
    assert MyAsyncProvider.get_create_function() == MyAsyncProvider.create_completion
    assert MyAsyncProvider.get_async_create_function() is MyAsyncProvider.create_async
    assert asyncio.run(MyAsyncProvider.create_async("m", HELLO)) == text


def test_the_examples_of_a_streaming_provider():
    """11 to 14: a stream, in a running loop as well; awaited, its text without the thoughts."""
    text = "This is an asynchronous generator result"
    expected = [Reasoning("a thought"), text, FinishReason("stop"), Usage(1, 1, 2)]

    async def in_a_cell():
        return list(MyAsyncGeneratorProvider.create_completion("m", HELLO, stream=True))

    async def awaited():
        return [one async for one in MyAsyncGeneratorProvider.create_async_generator("m", HELLO)]

    assert list(MyAsyncGeneratorProvider.create_completion("m", HELLO, stream=True)) == expected
    assert asyncio.run(in_a_cell()) == asyncio.run(awaited()) == expected
    assert MyAsyncGeneratorProvider.get_create_function() == MyAsyncGeneratorProvider.create_completion
    found = MyAsyncGeneratorProvider.get_async_create_function()
    assert found is MyAsyncGeneratorProvider.create_async_generator
    assert asyncio.run(MyAsyncGeneratorProvider.create_async("m", HELLO)) == text
    assert "stream: bool = True" in MyAsyncGeneratorProvider.params


# ---- create_async of a synchronous provider --------------------------------------------------------


class _Slow(AbstractProvider):
    """Gives chunks for ever, and remembers what became of it."""

    def __init_subclass__(cls):
        cls.seen, cls.ended = {}, threading.Event()

    @classmethod
    def create_completion(cls, model, messages, stream, **kwargs):
        """Count until somebody stops it."""
        cls.seen |= {"stream": stream, "thread": threading.current_thread(), "where": _where.get()} | kwargs
        try:
            for number in range(10**6):
                yield f"{number} "
                if number == 2 and model == "short":
                    return
                time.sleep(0.005)
        finally:
            cls.ended.set()


@pytest.fixture
def slow():
    """A provider of the test's own."""
    return type("Slow", (_Slow,), {})


def test_the_flag_is_forwarded_and_the_context_carried(slow):
    """`stream=False`, unless the caller says otherwise; on a daemon thread that holds up no exit."""
    _where.set("here")
    assert asyncio.run(slow.create_async("short", HELLO, other=1)) == "0 1 2 "
    assert (slow.seen["stream"], slow.seen["where"], slow.seen["other"]) == (False, "here", 1)
    assert slow.seen["thread"].daemon
    assert slow.seen["thread"].name == "g4f_nb-work"
    asyncio.run(slow.create_async("short", HELLO, stream=True))
    assert slow.seen["stream"] is True


def test_an_executor_is_used(slow):
    """The context variables go along."""
    _where.set("there")
    with ThreadPoolExecutor(1, thread_name_prefix="mine") as executor:
        assert asyncio.run(slow.create_async("short", HELLO, executor=executor)) == "0 1 2 "
    assert slow.seen["thread"].name.startswith("mine")
    assert slow.seen["where"] == "there"


@pytest.mark.clock
def test_after_the_time_out_the_work_stops(slow):
    """The error is a TimeoutError, too, and names the limit; the generator's `finally` ran."""
    with pytest.raises(RequestTimeoutError, match=r"Slow did not finish within 0.05 s.*timeout=") as caught:
        asyncio.run(slow.create_async("endless", HELLO, timeout=0.05))
    assert isinstance(caught.value, TimeoutError)
    assert caught.value.provider == "Slow"
    assert slow.ended.wait(2)


@pytest.mark.clock
def test_cancelling_stops_the_work(slow):
    """At its next chunk."""

    async def go():
        task = asyncio.create_task(slow.create_async("endless", HELLO))
        await asyncio.sleep(0.03)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(go())
    assert slow.ended.wait(2)


class _Stop(BaseException):
    pass


@pytest.mark.parametrize("error", [ValueError("mine"), TimeoutError("mine"), G4FError("mine"), _Stop("mine")])
def test_the_provider_s_own_error_comes_out(error):
    """As it is: a time-out of its own is not taken for ours, and nothing hangs."""

    class Failing(AbstractProvider):
        @classmethod
        def create_completion(cls, model, messages, stream, **kwargs):
            yield "a"
            raise error

    with pytest.raises(type(error), match="mine") as caught:
        asyncio.run(Failing.create_async("m", HELLO, timeout=5))
    assert caught.value is error


def test_a_stop_iteration_does_not_hang():
    """It cannot be put into a future; the caller hears of it all the same."""

    class Bare(AbstractProvider):
        @classmethod
        def create_completion(cls, model, messages, stream, **kwargs):
            return next(iter(()))

    with pytest.raises(RuntimeError, match="StopIteration"):
        asyncio.run(Bare.create_async("m", HELLO, timeout=5))


def test_a_list_is_as_good_as_a_generator():
    """`create_completion` may give any iterable; `None` adds nothing."""

    class Listed(AbstractProvider):
        @classmethod
        def create_completion(cls, model, messages, stream, **kwargs):
            return ["a", None, Reasoning("x"), "b"]

    assert asyncio.run(Listed.create_async("m", HELLO)) == "ab"


@pytest.mark.parametrize("kind", [MyProvider, MyAsyncGeneratorProvider])
def test_the_running_loop_or_none(kind):
    """Work cannot be carried to another loop, and the error says so."""

    async def go():
        assert await kind.create_async("m", HELLO, loop=asyncio.get_running_loop())
        other = asyncio.new_event_loop()
        try:
            with pytest.raises(InvalidParameterError, match=r"loop= is not the loop that runs here"):
                await kind.create_async("m", HELLO, loop=other)
        finally:
            other.close()

    asyncio.run(go())


@pytest.mark.clock
def test_a_streaming_provider_is_awaited_on_the_caller_s_loop():
    """What the caller made there stays usable; the limit is for the whole; the generator is closed."""
    seen = []

    class Here(AsyncGeneratorProvider):
        @classmethod
        async def create_async_generator(cls, model, messages, stream=True, **kwargs):
            seen.extend([asyncio.get_running_loop(), stream])
            try:
                while True:
                    yield "x"
                    await asyncio.sleep(0.01)
            finally:
                seen.append("closed")

    async def go():
        with pytest.raises(RequestTimeoutError, match="Here did not finish"):
            await Here.create_async("m", HELLO, timeout=0.05)
        assert seen == [asyncio.get_running_loop(), False, "closed"]

    asyncio.run(go())


# ---- what is known without calling -----------------------------------------------------------------


def test_what_is_known_of_a_provider():
    """Flags with the original's defaults; a listing of three entries."""
    assert BaseProvider.get_dict() == {"name": "BaseProvider", "url": None, "label": None}
    flags = [
        "working",
        "needs_auth",
        "supports_stream",
        "supports_message_history",
        "supports_system_message",
    ]
    assert [getattr(BaseProvider, name) for name in flags] == [False] * 5
    assert AsyncGeneratorProvider.supports_stream is True
    assert Demo.get_dict()["label"] == "Demo (offline)"
    assert BaseProvider.params == "BaseProvider supports: ()"
    assert issubclass(AbstractProvider, BaseProvider)


def test_a_keyword_that_nobody_reads_is_refused():
    """The original's docstrings describe a `loop` that `create_completion` does not take."""
    with pytest.raises(TypeError, match="Demo takes no parameter 'loop'"):
        list(Demo.create_completion("demo-fast", HELLO, loop=None))
    with pytest.raises(TypeError, match="OpenaiTemplate takes no parameter 'loop'"):
        list(OpenaiTemplate.create_completion("m", HELLO, loop=None))
