"""`compare`: a tidy frame in the grid's order, failures as rows, many calls at once."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import pandas as pd
import pytest

import g4f_nb as nb
from g4f_nb.chunks import FinishReason, Usage
from g4f_nb.comparing import columns
from g4f_nb.errors import G4FError, InvalidParameterError, NoProviderError, ProviderNotFoundError
from g4f_nb.providers import AsyncGeneratorProvider
from g4f_nb.testing import serve


@pytest.fixture(scope="module")
def server():
    with serve() as server:
        yield server


def _model(server, name, **options):
    return nb.Model(f"OpenaiTemplate:{name}", api_base=server.api_base, max_retries=0, **options)


def test_one_row_a_call_in_the_order_of_the_grid(server):
    """Rows come by prompt, model and repeat, however the answers arrive."""
    models = [_model(server, "slow-60"), _model(server, "upper")]
    frame = nb.compare({"a": "one", "b": "two"}, models, repeats=2, progress=False)
    assert list(frame["prompt_id"]) == ["a"] * 4 + ["b"] * 4
    assert list(frame["model"]) == ["slow-60", "slow-60", "upper", "upper"] * 2
    assert list(frame["repeat"]) == [0, 1] * 4
    assert list(frame["answer"]) == ["ok", "ok", "ONE", "ONE", "ok", "ok", "TWO", "TWO"]
    assert set(frame["status"]) == {"ok"}


def test_a_failed_call_is_a_row(server):
    """Of one good and four bad models each bad one is a row that says why; nothing raises."""
    names = ["upper", "error-429", "error-500", "cut", "html"]
    models = [_model(server, name) for name in names]
    frame = nb.compare("hi", models, progress=False, retries=0).set_index("model")
    assert frame.loc["upper", "status"] == "ok"
    bad = frame.drop(index="upper")
    assert set(bad["status"]) == {"error"}
    assert list(bad["error_type"]) == [
        "RateLimitError",
        "ServerError",
        "StreamInterruptedError",
        "UnreadableResponseError",
    ]
    assert bad.loc["error-429", "http_status"] == 429
    assert bad.loc["cut", "answer"].startswith("This answer breaks off")
    assert bad["error"].str.len().min() > 20


def test_a_provider_without_its_key_fails_its_own_rows_only():
    """A missing key costs the rows of that provider, sends nothing and says what to set."""
    frame = nb.compare("hi", ["Demo:demo-fast", "groq:some-model"], progress=False)
    assert list(frame["status"]) == ["ok", "error"]
    assert list(frame["provider"]) == ["Demo", "Groq"]
    assert frame["model"][1] == "some-model"
    assert "GROQ_API_KEY" in frame["error"][1]


@pytest.mark.parametrize(
    ("prompts", "models", "more", "error"),
    [
        ("hi", ["Demo", "Grok:x"], {}, NoProviderError),
        ("hi", [object], {}, ProviderNotFoundError),
        ("hi", [], {}, InvalidParameterError),
        ([], ["Demo"], {}, InvalidParameterError),
        ("  ", ["Demo"], {}, InvalidParameterError),
        ("hi", ["Demo"], {"repeats": 0}, InvalidParameterError),
        ("hi", ["Demo"], {"concurrency": 0}, InvalidParameterError),
    ],
)
def test_what_is_wrong_from_the_start_is_an_error_before_sending(prompts, models, more, error):
    """A mistyped provider or an empty grid raises at once; it does not become a column of errors."""
    with pytest.raises(error):
        nb.compare(prompts, models, progress=False, **more)


def test_columns_have_nullable_dtypes_and_plain_values(server):
    """The frame goes to CSV and back; no cell holds a dict or an exception; missing is NA."""
    models = [_model(server, "upper"), _model(server, "error-400")]
    frame = nb.compare("hi", models, progress=False)
    usual = {**columns.PLACE, "prompt": "string", **columns.OUTCOME}
    del usual["parsed"], usual["parse_error"]
    assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == usual
    kinds = {type(value) for value in frame.to_numpy().ravel()} - {type(pd.NA), type(pd.NaT)}
    assert kinds <= {str, int, float, bool, pd.Timestamp}
    assert frame["out_tokens"].isna().tolist() == [False, True]
    assert frame["answer"].isna().tolist() == [False, True]
    assert frame["ttft_s"][0] <= frame["latency_s"][0] <= frame["total_s"][0]
    assert list(frame.attrs) == ["g4f_nb_run"]
    assert frame.to_csv().count("\n") >= 3


@pytest.mark.clock
def test_calls_run_at_the_same_time_but_never_too_many(server):
    """Forty calls of 100 ms, ten at once, take about four rounds and never more than ten connections."""
    most = 0
    stop = threading.Event()

    def watch():
        nonlocal most
        while not stop.is_set():
            most = max(most, server.open_connections)
            time.sleep(0.005)

    watcher = threading.Thread(target=watch)
    watcher.start()
    before = server.open_connections
    start = time.perf_counter()
    frame = nb.compare(["x"] * 40, [_model(server, "slow-100")], concurrency=10, progress=False)
    seconds = time.perf_counter() - start
    stop.set()
    watcher.join()
    assert set(frame["status"]) == {"ok"}
    assert seconds < 2.0  # one after the other: 4 s
    assert most <= max(before, 10) + 1


def test_message_lists_system_prompt_and_parameters_are_sent(server):
    """A list of messages is one prompt; `system` and parameters reach every call."""
    dialogue = [{"role": "user", "content": "first"}, {"role": "assistant", "content": "yes"}]
    dialogue.append({"role": "user", "content": "second"})
    frame = nb.compare(dialogue, _model(server, "upper"), system="Be brief.", temperature=0.1, progress=False)
    assert list(frame["answer"]) == ["SECOND"]
    assert frame["prompt"][0] == "first\nyes\nsecond"
    body = server.requests[-1].body
    assert body["temperature"] == 0.1
    assert [message["role"] for message in body["messages"]] == ["system", "user", "assistant", "user"]


def test_a_users_own_provider_may_raise_anything():
    """An exception of any kind in a provider is the error of its row."""

    class Broken(AsyncGeneratorProvider):
        @classmethod
        async def create_async_generator(cls, model, messages, stream=True, **kwargs):
            yield "a start"
            raise ZeroDivisionError("by design")

    frame = nb.compare(["x", "y"], [Broken, "Demo:demo-fast"], progress=False)
    assert list(frame["status"]) == ["error", "ok"] * 2
    assert frame["error_type"][0] == "ZeroDivisionError"
    assert frame["answer"][0] == "a start"


def test_prompts_may_be_a_series_or_any_iterable(server):
    """A column of a frame is a list of prompts, a generator too."""
    model = _model(server, "upper")
    assert list(nb.compare(pd.Series(["a", "b"], index=[5, 7]), model, progress=False)["answer"]) == [
        "A",
        "B",
    ]
    assert list(nb.compare((word for word in "ab"), model, progress=False)["answer"]) == ["A", "B"]


def _provider(last):
    class Odd(AsyncGeneratorProvider):
        @classmethod
        async def create_async_generator(cls, model, messages, stream=True, **kwargs):
            yield "a start"
            if isinstance(last, BaseException):
                raise last
            yield last

    return Odd


class _UnspeakableError(Exception):
    def __str__(self):
        raise ValueError("no words")


@pytest.mark.parametrize(
    "last",
    [
        SystemExit(2),
        KeyboardInterrupt(),
        GeneratorExit(),
        asyncio.CancelledError(),
        _UnspeakableError(),
        G4FError("odd", status="abc"),
    ],
    ids=lambda last: type(last).__name__,
)
def test_no_exception_of_one_row_costs_the_others(last):
    """Whatever a provider raises is the error of its row, and the run goes on."""
    frame = nb.compare(["x", "y"], [_provider(last), "Demo:demo-fast"], progress=False)
    assert list(frame["status"]) == ["error", "ok"] * 2


@pytest.mark.parametrize("last", [Usage("x", "y"), Usage(10**30, -5), FinishReason("\ud800"), 7, "\ud800"])
def test_no_value_of_one_row_costs_the_others(last):
    """Counts that are none are missing, and text that is not quite text is made so."""
    frame = nb.compare("x", [_provider(last), "Demo:demo-fast"], progress=False)
    assert list(frame["status"]) == ["ok", "ok"]
    assert frame["out_tokens"].isna()[0]
    assert frame.to_csv()


def test_the_forms_of_prompts():
    """One message is one prompt; a frame, a number and names that fall together are refused in words."""
    one = nb.compare({"role": "user", "content": "hi"}, "Demo:demo-fast", progress=False)
    assert list(one["prompt"]) == ["hi"]
    for wrong in (pd.DataFrame({"a": ["x"]}), 5, None, {1: "one", "1": "uno"}):
        with pytest.raises(InvalidParameterError):
            nb.compare(wrong, "Demo:demo-fast", progress=False)
    for name, value in (("models", 5), ("models", []), ("repeats", 2.0), ("concurrency", None)):
        with pytest.raises(InvalidParameterError):
            nb.compare(**{"prompts": "hi", "models": "Demo", "progress": False, name: value})


def test_the_asynchronous_form_and_a_second_call(server):
    """`compare_async` gives the same frame, and calls after it work."""

    async def twice():
        first = await nb.compare_async("hi", [_model(server, "upper")])
        second = await nb.compare_async("ho", [_model(server, "upper")])
        return [*first["answer"], *second["answer"]]

    assert asyncio.run(twice()) == ["HI", "HO"]
    assert list(nb.compare("hi", [_model(server, "upper")], progress=False)["answer"]) == ["HI"]


def test_it_works_where_a_loop_is_running(server):
    """`compare` called synchronously inside a running loop answers and leaves that loop unpatched."""

    async def main():
        frame = nb.compare("hi", [_model(server, "upper")], progress=False)
        return list(frame["answer"]), hasattr(asyncio.get_running_loop(), "_nest_patched")

    code = f"""
        import asyncio, g4f_nb as nb
        async def main():
            model = nb.Model("OpenaiTemplate:upper", api_base={server.api_base!r})
            frame = nb.compare("hi", [model], progress=False)
            print(list(frame["answer"]), hasattr(asyncio.get_running_loop(), "_nest_patched"))
        asyncio.run(main())
    """
    assert asyncio.run(main())[0] == ["HI"]
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(code)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "['HI'] False\n"
    assert done.stderr == ""


@pytest.mark.clock
@pytest.mark.skipif(os.name == "nt", reason="signals of a child are POSIX")
def test_an_interrupt_returns_the_rows_so_far(server):
    """Ctrl-C keeps the finished rows, marks the others cancelled, says so, and closes every connection."""
    code = f"""
        import g4f_nb as nb
        base = {server.api_base!r}
        models = [nb.Model("OpenaiTemplate:" + name, api_base=base) for name in ("upper", "stall", "silent")]
        print("go", flush=True)
        frame = nb.compare("hi", models, progress=False)
        print(list(frame["status"]), flush=True)
    """
    aborted = server.aborted
    child = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stdout.readline() == "go\n"
    asked = len(server.requests)
    assert server.wait_for(lambda seen: len(seen.requests) >= asked + 2, timeout=10)
    time.sleep(0.5)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=10)
    assert out == "['ok', 'cancelled', 'cancelled']\n"
    assert "interrupted: 1 of 3 calls were done" in err
    assert "Traceback" not in err
    assert server.wait_for(lambda seen: seen.aborted >= aborted + 1, timeout=2)
