"""What an interrupt leaves of a comparison: everything that had come, wherever the result was to go."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import textwrap

import pytest

import g4f_nb as nb
from g4f_nb.comparing import keeping
from g4f_nb.testing import serve


@pytest.fixture
def server():
    with serve() as server:
        yield server


def _model(server, name="stall"):
    return nb.Model(f"OpenaiTemplate:{name}", api_base=server.api_base)


async def _cancelled(server, prompts, model):
    """Ask, and cancel when some of every answer has come."""
    asking = asyncio.create_task(nb.compare_async(prompts, [_model(server, "upper"), model]))
    async with asyncio.timeout(30):
        while len(server.requests) < 2 * len(prompts):  # noqa: ASYNC110  # the server tells nobody
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.5)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking


def test_a_cancelled_comparison_can_be_had(server, capsys):
    """A comparison that is cancelled before anybody has its result is told with its id, and is all there."""
    asyncio.run(_cancelled(server, ["one two three four", "five"], _model(server)))
    run_id = nb.runs()["run_id"].iloc[0]
    assert f"nb.attach({run_id!r})" in capsys.readouterr().err
    frame = nb.attach(run_id)
    assert frame["status"].tolist() == ["ok", "cancelled"] * 2
    cut = frame["answer"].iloc[1]
    assert cut
    assert frame["answer"].iloc[0].startswith("ONE")
    keeping.forget()
    again = nb.attach(run_id)
    assert again["answer"].iloc[1] == cut
    assert again["status"].tolist() == frame["status"].tolist()


def test_what_was_cut_off_is_asked_again(server):
    """Half an answer is shown, and never taken for a whole one."""
    asyncio.run(_cancelled(server, ["one two three four"], _model(server)))
    before = len(server.requests)
    frame = nb.compare(
        ["one two three four"],
        [_model(server, "upper"), _model(server)],
        timeout=0.3,
        retries=0,
        progress=False,
    )
    assert len(server.requests) - before == 1
    assert frame["cached"].iloc[0]
    assert frame["status"].tolist() == ["ok", "error"]


def test_a_result_that_nobody_took_can_be_had(server):
    """Ctrl-C in a comparison whose result is not assigned: the line names its id, and all is there."""
    code = textwrap.dedent(
        """
        import os, signal, sys, threading, time
        import g4f_nb as nb
        models = [nb.Model("OpenaiTemplate:" + name, api_base=sys.argv[1]) for name in ("upper", "stall")]
        def stop():
            while not len(nb.runs()) or nb.runs()["finished"].max() < 1:
                time.sleep(0.05)
            time.sleep(0.5)
            os.kill(os.getpid(), signal.SIGINT)
        threading.Thread(target=stop, daemon=True).start()
        nb.compare("one two three four", models, progress=False)
        frame = nb.attach(nb.runs()["run_id"].iloc[0])
        print(frame["run_id"].iloc[0], frame["status"].tolist(), bool(frame["answer"].iloc[1]))
        """
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, server.api_base],
        capture_output=True, text=True, timeout=100, check=False, env=dict(os.environ),
    )  # fmt: skip
    run_id, _, rest = done.stdout.partition(" ")
    assert rest == "['ok', 'cancelled'] True\n", done.stderr
    assert "interrupted: 1 of 2 calls were done" in done.stderr
    assert f"nb.attach({run_id!r})" in done.stderr


def test_a_run_under_way_can_be_looked_at(server):
    """Attached to while it runs, what is still to come is planned."""

    async def look():
        asking = asyncio.create_task(nb.compare_async("a b c", [_model(server, "upper"), _model(server)]))
        async with asyncio.timeout(30):
            while not len(nb.runs()) or nb.runs()["finished"].max() < 1:  # noqa: ASYNC110  # the store neither
                await asyncio.sleep(0.05)
        frame = nb.attach(nb.runs()["run_id"].iloc[0])
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        return frame

    assert asyncio.run(look())["status"].tolist() == ["ok", "planned"]
