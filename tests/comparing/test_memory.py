"""What a large comparison costs in memory: its answers, once, however slow the disk is."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
import threading
import time
import tracemalloc

import pandas as pd
import pytest

import g4f_nb as nb
from g4f_nb.comparing import columns, keeping
from g4f_nb.loops import ownloop
from g4f_nb.store import store
from g4f_nb.stored import inbox, whole_records
from g4f_nb.testing import serve

_LONG = "word " * 600
# Another program that holds the file until it is told to let go.
_HOLDER = """
import sqlite3, sys
held = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=20)
held.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
held.execute("ROLLBACK")
"""


@pytest.fixture
def server():
    with serve(answers={"long": lambda prompt: f"{prompt}: {_LONG}"}) as server:
        yield server


def _compare(server, rows, **options):
    model = nb.Model("OpenaiTemplate:long", api_base=server.api_base)
    return nb.compare("{n}", model, data={"n": range(rows)}, progress=False, **options)


@pytest.fixture
def held_file(server):
    """The store's file while another program writes into it; calling it lets go."""
    _compare(server, 1)
    store().flush()
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(store().file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout.readline() == b"held\n"
    yield holder.stdin.close
    holder.stdin.close()
    holder.stdout.close()
    assert holder.wait(20) == 0


@pytest.mark.clock
def test_no_more_is_asked_than_the_disk_takes(server, held_file, monkeypatch):
    """While another program holds the file, asking stops after a while instead of filling the memory."""
    monkeypatch.setattr(inbox, "MOST_WAITING", 150 * len(_LONG))
    rows, found = 600, []
    asking = threading.Thread(
        target=lambda: found.append(_compare(server, rows, cache="refresh", timing="fast"))
    )
    asking.start()
    begun = time.monotonic()
    while store().room() is None and time.monotonic() - begun < 25:
        time.sleep(0.02)
    sent, since = 0, time.monotonic()
    while time.monotonic() - since < 1.5 and time.monotonic() - begun < 26:
        time.sleep(0.05)
        if len(server.requests) != sent:
            sent, since = len(server.requests), time.monotonic()
    held_back = sent
    # Others who use our loop are not held up.
    ownloop.own_loop().submit(_nothing()).future.result(5)
    held_file()
    asking.join(60)
    assert found, "it never ended"
    assert 64 < held_back < 350
    assert found[0]["status"].eq("ok").all()
    store().flush()
    with sqlite3.connect(store().file) as file:
        assert file.execute("SELECT count(*) FROM cells WHERE key IS NOT NULL").fetchone() == (rows + 1,)
    file.close()


@pytest.mark.clock
def test_an_interrupted_wait_for_the_disk_is_over_at_once(server, held_file, monkeypatch):
    """Whoever cancels while the disk is waited for gets what there is."""
    monkeypatch.setattr(inbox, "MOST_WAITING", 50_000)
    model = nb.Model("OpenaiTemplate:long", api_base=server.api_base)
    asking = nb.compare_async("{n}", model, data={"n": range(1500)}, cache="refresh")
    job = ownloop.own_loop().submit(asking)
    begun = time.monotonic()
    while store().room() is None and time.monotonic() - begun < 25:
        time.sleep(0.02)
    assert store().room() is not None
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        job.future.result(5)
    held_file()
    store().flush()
    assert store().room() is None


async def _nothing():
    return None


def test_kept_answers_are_read_in_parts(server, monkeypatch):
    """A run whose answers are all kept holds them once, not also as they were read or are written."""
    monkeypatch.setattr(whole_records, "KEYS_AT_ONCE", 20)
    monkeypatch.setattr(columns, "_AT_ONCE", 100)
    rows = 400
    _compare(server, rows, timing="fast")
    keeping.forget()
    tracemalloc.start()
    try:
        frame = _compare(server, rows)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert frame["cached"].all()
    assert peak < rows * len(_LONG) * 2.2


@pytest.mark.parametrize("timing", ["stream", "fast"])
def test_older_runs_let_go_of_their_answers(server, monkeypatch, timing):
    """A cell that is run again and again fills no memory; what was let go is read again from the store."""
    monkeypatch.setattr(keeping, "_MOST_ANSWERS", 10)
    frames = [_compare(server, 8, timing=timing, cache="refresh") for _ in range(3)]
    held = [len(known.run.columns.lists["status"]) for known in keeping._live.values()]
    assert held[-3:] == [0, 0, 8]
    for frame in frames:
        pd.testing.assert_frame_equal(nb.attach(frame["run_id"].iloc[0]), frame)
        pd.testing.assert_frame_equal(frame.llm.retry(progress=False), frame)


def test_an_older_run_goes_on_with_its_own_key(server, monkeypatch):
    """What was let go can still be retried as it was asked, with a key that was given for it."""
    monkeypatch.setattr(keeping, "_MOST_ANSWERS", 1)
    flaky = nb.Model("groq:flaky-1", api_base=server.api_base, api_key="gsk-of-this-call")
    first = nb.compare(["a", "b"], flaky, retries=0, concurrency=1, progress=False)
    _compare(server, 2)
    again = first.llm.retry(progress=False)
    assert again["status"].tolist() == ["ok", "ok"]
    assert server.requests[-1].headers["Authorization"].endswith("gsk-of-this-call")


def test_a_plan_leaves_nothing_in_the_store(server):
    """A dry run shows what is kept and keeps nothing of its own."""
    _compare(server, 3)
    before = nb.store_info()
    plan = _compare(server, 5, dry_run=True)
    assert plan["status"].tolist() == ["ok"] * 3 + ["planned"] * 2
    assert nb.store_info().cells == before.cells


def test_a_question_of_many_rows_is_kept_once_in_memory(server, monkeypatch):
    """Rows that ask the same share what is on its way to the disk."""
    monkeypatch.setattr(columns, "_AT_ONCE", 100)
    rows = 600
    # What is loaded with the first comparison is no part of the second.
    _compare(server, 1)
    model = nb.Model("OpenaiTemplate:long", api_base=server.api_base)
    tracemalloc.start()
    try:
        frame = nb.compare("{n}!", model, data={"n": [1] * rows}, progress=False)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(server.requests) == 2
    assert frame["answer"].eq(frame["answer"].iloc[0]).all()
    assert frame["cached"].tolist() == [False] + [True] * (rows - 1)
    assert peak < rows * len(_LONG)


def _rows():
    store().flush()
    with sqlite3.connect(store().file) as file:
        found = file.execute("SELECT run_id, length(record) FROM cells").fetchall()
    file.close()
    return pd.DataFrame(found, columns=["run_id", "bytes"])


def test_what_is_asked_again_is_kept_once_on_the_disk(server):
    """A run that finds its answers in the store notes where they are; attached to, it has all of them."""
    first = _compare(server, 5)
    again = _compare(server, 5)
    sizes = _rows().groupby("run_id")["bytes"].sum()
    assert sizes[again["run_id"].iloc[0]] < 5 * 150
    keeping.forget()
    pd.testing.assert_frame_equal(nb.attach(again["run_id"].iloc[0]), again)
    assert again["answer"].equals(first["answer"])
    raw = again.llm.raw(again["cell_id"].iloc[3])
    assert raw["response"]["answer"] == again["answer"].iloc[3]
    assert raw["response"]["cached"] is True


def test_a_purge_leaves_a_run_its_answers(server):
    """Deleting an older run takes nothing from a newer one that has its answers from there."""
    first = _compare(server, 3)
    again = _compare(server, 4)
    age = "UPDATE runs SET began_at = began_at - 200000 WHERE run_id = ?"
    store().flush()
    store().write(age, [(first["run_id"].iloc[0],)])
    assert nb.purge_store(older_than_days=2) == 4
    keeping.forget()
    pd.testing.assert_frame_equal(nb.attach(again["run_id"].iloc[0]), again)
    assert nb.runs()["run_id"].tolist() == [again["run_id"].iloc[0]]
