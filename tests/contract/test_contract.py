"""What every provider of the package promises, tried on every one of them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import pickle

import pytest
from benches import BENCHES, bench_of, names
from frames import everything_shown
from thorough import some

import g4f_nb as nb
from g4f_nb.chunks import FinishReason, ProviderInfo
from g4f_nb.errors import G4FError, MissingAuthError, RateLimitError, UnknownParameterError
from g4f_nb.providers.registry import find_provider

DOORS = ["own", "caller"]


@pytest.fixture(autouse=True)
def _quiet(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("G4F_NB_CONFIG_DIR", str(tmp_path))


def pytest_generate_tests(metafunc):
    """Each with code of its own; of rows that are only data a third where not all is tried, by turns."""
    if "bench" in metafunc.fixturenames:
        of_data = [name for name in names() if name not in BENCHES]
        tried = {*BENCHES, *some(of_data, of=3, but=len(metafunc.function.__name__))}
        metafunc.parametrize("bench", [name for name in names() if name in tried], indirect=True)


@pytest.fixture
def bench(request):
    """Each provider in turn."""
    with bench_of(request.param) as bench:
        yield bench


def _messages(prompt):
    return [{"role": "user", "content": prompt}]


def _sync(bench, how, **more):
    model, prompt = how
    return bench.cls.create_completion(model, _messages(prompt), **{**bench.options, **more})


def _stream(bench, how, **more):
    model, prompt = how
    given = {"stream": True, **bench.options, **more}
    return bench.cls.create_async_generator(model, _messages(prompt), **given)


def _part(key):
    return key[:12]


# ---- streaming -------------------------------------------------------------------------------------


def test_an_answer_comes_in_pieces_and_is_whole(bench):
    """In a script: text as `str`, who answered, why it ended; the whole form gives the same text."""
    chunks = list(_sync(bench, bench.talks))
    texts = [chunk for chunk in chunks if isinstance(chunk, str)]
    assert len(texts) > 1
    said = "".join(map(str, chunks))
    assert bench.text in said
    assert any(isinstance(chunk, ProviderInfo) and chunk.name == bench.cls.__name__ for chunk in chunks)
    assert any(isinstance(chunk, FinishReason) and chunk.reason == "stop" for chunk in chunks)
    model, prompt = bench.talks
    whole = asyncio.run(bench.cls.create_async(model, _messages(prompt), **bench.options))
    assert whole == said == "".join(map(str, _sync(bench, bench.talks, stream=False)))


@pytest.mark.parametrize("door", DOORS)
def test_it_streams_synchronously_inside_a_running_loop(bench, door, monkeypatch):
    """Through either door, as in a notebook's cell."""
    monkeypatch.setenv("G4F_NB_DOOR", door)

    async def in_a_cell():
        return "".join(map(str, _sync(bench, bench.talks)))

    assert bench.text in asyncio.run(in_a_cell())


def test_a_question_takes_it(bench):
    """With `nb.ask`, as a class."""
    model, prompt = bench.talks
    reply = nb.ask(prompt, model, provider=bench.cls, **bench.options)
    assert bench.text in reply.text
    assert (reply.provider, reply.finish_reason, reply.partial) == (bench.cls.__name__, "stop", False)


# ---- cancelling ------------------------------------------------------------------------------------


def _begun(chunks):
    for chunk in chunks:
        if isinstance(chunk, str) and chunk:
            return
    raise AssertionError("no text came")


def _was_cut(bench):
    return bench.server is None or bench.server.wait_for(lambda server: server.aborted == 1)


def test_closing_the_iterator_closes_the_connection(bench):
    """In a script, after the first text."""
    chunks = _sync(bench, bench.stalls)
    _begun(chunks)
    chunks.close()
    assert _was_cut(bench)


@pytest.mark.parametrize("door", DOORS)
def test_an_error_in_the_consumer_closes_the_connection(bench, door, monkeypatch):
    """Inside a running loop, through either door; no task is left behind."""
    monkeypatch.setenv("G4F_NB_DOOR", door)

    async def in_a_cell():
        chunks = _sync(bench, bench.stalls)
        with pytest.raises(ZeroDivisionError), contextlib.closing(chunks):  # noqa: PT012
            _begun(chunks)
            1 / 0  # noqa: B018  # whatever a cell does wrong
        await asyncio.sleep(0)
        return asyncio.all_tasks() - {asyncio.current_task()}

    assert not asyncio.run(in_a_cell())
    assert _was_cut(bench)


def test_cancelling_the_task_closes_the_connection(bench):
    """The asynchronous form, while it waits for more."""

    async def go():
        began = asyncio.Event()

        async def read():
            async for chunk in _stream(bench, bench.stalls):
                if isinstance(chunk, str) and chunk:
                    began.set()

        task = asyncio.create_task(read())
        await asyncio.wait_for(began.wait(), 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(go())
    assert _was_cut(bench)


# ---- errors ----------------------------------------------------------------------------------------


def test_a_limit_is_an_error_with_its_facts(bench):
    """The class says what it is; provider and status are told; one `except` catches all."""
    with pytest.raises(RateLimitError) as caught:
        list(_sync(bench, bench.limited))
    error = caught.value
    assert isinstance(error, G4FError)
    assert (error.status, error.provider) == (429, bench.cls.__name__)
    assert str(error).startswith("Error 429: ")


def test_an_unknown_parameter_is_refused_before_anything_is_sent(bench):
    """By name, with the nearest one."""
    with pytest.raises(UnknownParameterError, match=r"temprature.*temperature"):
        list(_sync(bench, bench.talks, temprature=1))
    assert bench.server is None or not bench.server.requests


# ---- secrets ---------------------------------------------------------------------------------------


def test_a_refused_key_is_shown_nowhere(bench):
    """Not in the message, the repr, a pickle, or a traceback that shows locals."""
    calls = {
        "sync": lambda: list(_sync(bench, bench.refused)),
        "async": lambda: asyncio.run(_whole(bench)),
        "ask": lambda: _asked(bench),
    }
    for name, call in calls.items():
        with pytest.raises(MissingAuthError) as caught:
            call()
        assert _part(bench.key) not in everything_shown(caught.value), name


async def _whole(bench):
    model, prompt = bench.refused
    await bench.cls.create_async(model, _messages(prompt), **bench.options)


def _asked(bench):
    model, prompt = bench.refused
    nb.ask(prompt, model, provider=bench.cls, **bench.options)


def test_the_class_shows_no_key(bench):
    """Neither by itself nor where it is listed; it is pickled by its name."""
    own = type("Own", (bench.cls,), {"api_key": bench.key})
    shown = [repr(own), str(own.get_dict()), own.params, repr(own.get_parameters())]
    shown += [json.dumps(own.get_parameters(as_json=True)), repr(getattr(own, "row", None))]
    assert _part(bench.key) not in "".join(shown)
    registered = find_provider(bench.cls.__name__)
    assert pickle.loads(pickle.dumps(registered)) is registered  # noqa: S301  # our own


# ---- parameters ------------------------------------------------------------------------------------


def test_parameters_are_told(bench):
    """As text, as a signature, as a request in JSON."""
    cls = bench.cls
    assert cls.params.startswith(f"{cls.__name__} supports: (")
    found = cls.get_parameters()
    assert {"model", "messages"} <= set(found)
    request = cls.get_parameters(as_json=True)
    assert request["provider"] == cls.__name__
    assert json.loads(json.dumps(request))["stream"] is cls.supports_stream
    assert find_provider(cls.__name__).__doc__


def test_it_is_listed():
    """Every class of this table, and no other, is what the package lists."""
    listed = nb.list_providers()
    assert list(listed[listed["source"] == "g4f_nb"]["name"]) == names()
