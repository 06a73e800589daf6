"""After a restart: what was asked is known, goes nowhere else, and is gone on with."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pandas as pd
import pytest

import g4f_nb as nb
from g4f_nb import store as store_module
from g4f_nb.comparing import columns, keeping
from g4f_nb.errors import InvalidParameterError
from g4f_nb.testing import serve


@pytest.fixture
def server():
    with serve() as server:
        yield server


def _restart():
    """What a kernel's end leaves: the file alone."""
    keeping.forget()
    store_module.close_stores()


def _compare(*args, **options):
    return nb.compare(*args, progress=False, **options)


def test_a_retry_goes_to_the_same_host(server, monkeypatch):
    """A model at an address of the user's is asked there again, not at its provider's own address."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-for-this-server")
    flaky = nb.Model("OpenaiTemplate:flaky-1", api_base=server.api_base, label="mine")
    run = _compare(["a", "b"], flaky, retries=0, concurrency=1).attrs["g4f_nb_run"]
    _restart()
    before = len(server.requests)
    frame = nb.attach(run).llm.retry(progress=False)
    assert frame["status"].tolist() == ["ok", "ok"]
    assert frame["model"].tolist() == ["mine", "mine"]
    assert len(server.requests) - before == 1
    assert "sk-not-for-this-server" not in str(server.requests[-1].headers)


def test_a_retry_without_a_key_can_be_retried(server, monkeypatch):
    """Where the key is missing after a restart the row says so, and the next one still knows the model."""
    bad = nb.Model("groq:error-400", api_base=server.api_base, api_key="gsk-one-for-here", label="mine")
    run = _compare("a", bad, retries=0).attrs["g4f_nb_run"]
    for _ in range(2):
        _restart()
        frame = nb.attach(run).llm.retry(progress=False)
        assert frame["status"].tolist() == ["error"]
    _restart()
    assert keeping.store().runs.find(run).plan["seats"][0]["sent_as"] == "error-400"


def test_what_cannot_be_kept_is_not_left_out(server):
    """A run with tools or pictures as objects is not asked again without them."""

    def add(a: int, b: int) -> int:
        """Add."""
        return a + b

    model = nb.Model("OpenaiTemplate:error-500", api_base=server.api_base)
    run = _compare("a", model, tools=[add], retries=0).attrs["g4f_nb_run"]
    _restart()
    before = len(server.requests)
    frame = nb.attach(run).llm.retry(progress=False)
    assert "tools= of error-500 was not kept" in frame["error"].iloc[0]
    assert len(server.requests) == before


@pytest.mark.parametrize("schema", [int, "n int", dict[str, int]])
def test_a_schema_outlives_the_restart(schema):
    """Typed columns are the same afterwards, also of an answer that is one value, and of rows asked anew."""
    calls = []

    def says(_):
        calls.append(1)
        return '{"n": 5}' if schema is not int else "5" if len(calls) > 2 else "no number"

    with serve(answers={"m": says}) as server:
        model = nb.Model("OpenaiTemplate:m", api_base=server.api_base)
        frame = _compare(
            "q", [model, nb.Model("OpenaiTemplate:flaky-1", api_base=server.api_base)], schema=schema
        )
        run = frame.attrs["g4f_nb_run"]
        _restart()
        later = nb.attach(run)
        pd.testing.assert_frame_equal(later, frame)
        again = later.llm.retry(progress=False)
    assert again.dtypes.equals(frame.dtypes)
    assert len(again) == 2


def test_a_store_that_forgets(server, monkeypatch):
    """`store_days` takes older runs out when the store is opened; without it everything is kept."""
    model = nb.Model("OpenaiTemplate:upper", api_base=server.api_base)
    run = _compare("old", model).attrs["g4f_nb_run"]
    store = store_module.store()
    store.flush()
    store.write("UPDATE runs SET began_at = ?", [(time.time() - 3 * 86_400,)])
    _compare("new", model)
    _restart()
    assert len(nb.runs()) == 2
    _restart()
    monkeypatch.setenv("G4F_NB_STORE_DAYS", "2")
    assert run not in nb.runs()["run_id"].tolist()
    assert len(nb.runs()) == 1
    assert nb.store_info().answers == 1


@pytest.mark.parametrize("days", [-1, "x", None, float("nan"), True])
def test_a_purge_of_no_days(days):
    """What is no number of days deletes nothing."""
    with pytest.raises(InvalidParameterError, match="number of days"):
        nb.purge_store(older_than_days=days)


def test_many_answers_are_once_in_memory(server, monkeypatch):
    """Of a large result the run keeps the column itself: it is attached to, changed and retried as ever."""
    monkeypatch.setattr(columns, "_AT_ONCE", 4)
    model = nb.Model("OpenaiTemplate:flaky-1", api_base=server.api_base)
    asked = [f"t{n}" for n in range(9)]
    frame = nb.compare(asked, model, retries=0, concurrency=1, progress=False)
    run_id = frame["run_id"].iloc[0]
    assert frame["answer"].isna().tolist() == [True] + [False] * 8
    assert str(frame["answer"].dtype) == "string"
    expected = frame.copy()
    frame.loc[3, "answer"] = "mine"
    pd.testing.assert_frame_equal(nb.attach(run_id), expected)
    again = expected.llm.retry(progress=False)
    assert again["answer"].tolist() == asked
    assert again["status"].eq("ok").all()
    pd.testing.assert_frame_equal(nb.attach(run_id), again)
    keeping.forget()
    assert nb.attach(run_id)["answer"].tolist() == asked


def test_threads_that_look_for_a_purged_run_find_none(monkeypatch):
    """Of a run whose answers were in the store alone and are purged, two threads are told the same."""
    run = nb.compare("hi", "Demo", progress=False).attrs["g4f_nb_run"]
    known = keeping._live[run]
    keeping._live[run] = replace(known, run=known.run.without_answers())
    store = store_module.store()
    store.purge()
    both, found = threading.Barrier(2), store.runs.find

    def slow(run_id):
        """Comes back when the other thread has looked, too, if it can."""
        with contextlib.suppress(threading.BrokenBarrierError):
            both.wait(0.5)
        return found(run_id)

    monkeypatch.setattr(store.runs, "find", slow)
    with ThreadPoolExecutor(2) as pool:
        looked = [each.result() for each in [pool.submit(keeping.with_answers, run) for _ in range(2)]]
    assert looked == [None, None]


def test_threads_begin_runs_at_once():
    """However many threads begin comparisons at once, each is noted, and the oldest are let go."""
    run = nb.compare("hi", "Demo", progress=False).attrs["g4f_nb_run"]
    one = keeping._live[run].run
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)

    def begin(number):
        for count in range(100):
            made = one.without_answers()
            made.run_id = f"{number}-{count}"
            keeping.begin(made, noted=True)

    try:
        with ThreadPoolExecutor(6) as pool:
            for each in [pool.submit(begin, number) for number in range(6)]:
                each.result()
    finally:
        sys.setswitchinterval(before)
        left = len(keeping._live)
        keeping._live.clear()
    assert left == keeping._MOST


def test_the_list_of_runs_tells_them_apart(monkeypatch):
    """By how the first prompt begins and who was asked, in a line without keys and odd signs."""
    monkeypatch.setenv("GROQ_API_KEY", "gsk_planted4711Qab0815")
    nb.compare(
        {"a": "Write a haiku\nabout {x}" + " and more" * 20},
        ["Demo:demo", "Demo:demo-fast"],
        data={"x": [1]},
        progress=False,
    )
    nb.compare("my key is gsk_planted4711Qab0815 \x1b[2J", "Demo:demo-fast", progress=False)
    nb.compare([[{"role": "user", "content": "hi"}]], "Demo:demo-fast", progress=False)
    listed = nb.runs()
    assert listed["models"].tolist() == ["Demo:demo-fast", "Demo:demo-fast", "Demo:demo, Demo:demo-fast"]
    assert listed["prompt"].str.len().max() <= 60
    assert listed["prompt"].iloc[2].startswith("Write a haiku about {x} and more")
    assert listed["prompt"].iloc[1].startswith("my key is •••")
    assert "hi" in listed["prompt"].iloc[0]
    assert all(map(str.isprintable, listed["prompt"]))
