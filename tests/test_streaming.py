"""`nb.stream`: pieces as they come, the growing reply, the connection closed however a loop is left."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import threading
import time

import pytest

import g4f_nb as nb
from g4f_nb import questions
from g4f_nb.errors import G4FError, NoProviderError, SchemaError, UnknownParameterError
from g4f_nb.streaming import Stream
from g4f_nb.testing import serve

WORDS = " ".join(f"word{number}" for number in range(60))


@pytest.fixture
def server():
    """A server of the test's own: connections that end late are not counted elsewhere."""
    with serve() as server:
        yield server


def _stream(server, model, prompt=WORDS, **options):
    return nb.stream(prompt, f"OpenaiTemplate:{model}", api_base=server.api_base, **options)


async def _all(stream):
    return [piece async for piece in stream]


@pytest.mark.parametrize("read", [list, lambda stream: asyncio.run(_all(stream))], ids=["for", "async for"])
def test_pieces_are_the_answer(server, read):
    """They come one by one, joined they are the text, and the reply is whole at the end."""
    stream = _stream(server, "drip-5")
    pieces = read(stream)
    assert len(pieces) > 20
    assert all(isinstance(piece, str) and piece for piece in pieces)
    assert "".join(pieces) == stream.reply.text == WORDS
    assert stream.reply.usage.output_tokens
    assert stream.reply.ttft < stream.reply.seconds
    assert not stream.reply.partial
    assert stream.reply.messages[-1]["content"] == WORDS


def test_the_reply_grows_beside_the_pieces(server):
    """`.reply.text` is what was given so far, while the rest has not come."""
    stream = _stream(server, "drip-20")
    said, seconds = "", []
    for piece in stream:
        said += piece
        assert stream.reply.text.startswith(said)
        assert stream.reply.partial
        seconds.append(time.monotonic())
        if len(seconds) == 10:
            break
    assert seconds[-1] - seconds[0] > 0.1
    assert 0 < len(stream.reply.text) < len(WORDS)


def test_nothing_is_sent_before_the_first_piece_is_asked_for(server):
    """Mistakes are errors of the call itself; a stream that nobody reads asks nobody."""
    before = len(server.requests)
    made = _stream(server, "echo")
    assert repr(made) == "Stream('OpenaiTemplate:echo', not begun: iterate over it)"
    with pytest.raises(NoProviderError, match="did you mean"):
        nb.stream("hi", "Grok:llama")
    with pytest.raises(UnknownParameterError, match="temprature"):
        _stream(server, "echo", temprature=1)
    assert len(server.requests) == before


@pytest.mark.parametrize("way", ["break", "exception"])
def test_a_loop_that_is_left_closes_the_connection(server, way):
    """Though the stream itself is still held; what had arrived stays, marked."""
    aborted, stream = server.aborted, _stream(server, "drip-50")
    with contextlib.suppress(LookupError):
        for number, _ in enumerate(stream):
            if number == 3 and way == "break":
                break
            if number == 3:
                raise LookupError
    assert server.wait_for(lambda seen: seen.aborted == aborted + 1, timeout=2)
    assert stream.reply.partial
    assert 0 < len(stream.reply.text) < len(WORDS)
    with pytest.raises(G4FError, match="has been read already"):
        list(stream)


@pytest.mark.clock
@pytest.mark.parametrize("way", ["break", "exception", "cancellation"])
def test_an_async_loop_that_is_left_closes_the_connection(server, way):
    """By `break`, by an exception, or by whoever cancels the task."""
    aborted, streams = server.aborted, []

    async def leave():
        streams.append(_stream(server, "drip-50"))
        number = 0
        async for _ in streams[0]:
            number += 1
            if number == 3:
                if way == "break":
                    break
                if way == "exception":
                    raise LookupError
                asyncio.current_task().cancel()
        del _
        gc.collect()
        await asyncio.sleep(0.5)

    async def around():
        with pytest.raises(asyncio.CancelledError if way == "cancellation" else LookupError):
            await asyncio.create_task(leave())
        await asyncio.sleep(0.3)

    asyncio.run(leave() if way == "break" else around())
    assert server.wait_for(lambda seen: seen.aborted == aborted + 1, timeout=2)
    assert streams[0].reply.partial
    assert 0 < len(streams[0].reply.text) < len(WORDS)


def test_it_streams_in_a_running_loop(server):
    """A plain `for` within a coroutine, as in a notebook's kernel; the loop goes on afterwards."""

    async def cell():
        said = "".join(_stream(server, "echo"))
        await asyncio.sleep(0)
        return said

    assert asyncio.run(cell()) == WORDS


def test_tools_run_where_the_loop_is(server):
    """On the thread that iterates; the text of both rounds is given."""
    seen = []

    def weather(city: str) -> str:
        """Tell the weather."""
        seen.append(threading.current_thread())
        return f"sunny in {city}"

    sync = _stream(server, "tools", "what now", tools=[weather])
    assert "".join(sync) == sync.reply.text
    assert "sunny" in sync.reply.text
    later = _stream(server, "tools", "what now", tools=[weather])
    assert "".join(asyncio.run(_all(later))) == later.reply.text
    assert seen == [threading.main_thread()] * 2
    refused = _stream(server, "tools", "what now", tools=[weather], approve=lambda _: False)
    list(refused)
    assert len(seen) == 2
    assert refused.reply.tool_results[0].error


def test_a_schema_is_checked_at_the_end(server):
    """`.reply.data` holds what was asked for; an answer that never fits is an error after its last piece."""
    stream = nb.stream("Ann is 7 and happy", "Demo:demo-fast", schema="name, age int")
    assert "".join(stream)
    assert stream.reply.data == {"name": "Ann", "age": 7}
    bad = _stream(server, "echo", "no JSON at all", schema="name, age int")
    with pytest.raises(SchemaError, match="does not fit"):
        list(bad)
    assert bad.reply.parse_error


@pytest.mark.parametrize("read", [list, lambda stream: asyncio.run(_all(stream))], ids=["for", "async for"])
def test_an_error_in_the_middle_comes_after_what_had_arrived(server, read):
    """The loop raises it, and the reply keeps the part."""
    stream = _stream(server, "error-midstream", max_retries=0)
    with pytest.raises(G4FError) as caught:
        read(stream)
    assert caught.value.reply is stream.reply
    assert stream.reply.partial
    assert stream.reply.text


def test_whoever_made_it_is_told_once_how_it_ended(server):
    """With nothing, or with what ended it: so a conversation records it."""
    told = []
    question = questions.prepare("hi", "Demo:demo-fast")
    "".join(Stream(question, when_done=told.append))
    for _ in Stream(question, when_done=told.append):
        break
    assert told[0] is None
    assert isinstance(told[1], GeneratorExit)
    assert len(told) == 2
