"""What a comparison promises: no row costs another, nothing paid for is lost or asked twice."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time

import pandas as pd
import pytest
from small_server import web

import g4f_nb as nb
from g4f_nb.errors import (
    InvalidParameterError,
    NoProviderError,
    ProviderNotFoundError,
    UnknownParameterError,
)
from g4f_nb.providers import AsyncGeneratorProvider
from g4f_nb.testing import serve


@pytest.fixture
def server():
    with serve() as server:
        yield server


def _model(server, name="upper", **options):
    return nb.Model(f"OpenaiTemplate:{name}", api_base=server.api_base, **options)


def _compare(*args, **options):
    return nb.compare(*args, progress=False, **options)


def test_one_bad_row_of_forty(server):
    """Of forty rows of which one cannot be asked, forty come back and thirty-nine are answered."""
    texts = [f"text {n}" for n in range(39)] + [None]
    frame = _compare("Say {text}", _model(server), data={"text": texts})
    assert len(frame) == 40
    assert frame["status"].value_counts().to_dict() == {"ok": 39, "skipped": 1}
    assert frame["answer"].notna().sum() == 39
    assert "'text' is empty" in frame["error"].iloc[-1]


def test_a_row_more_is_one_request_more(server):
    """Running it again with one more row asks exactly one question; the others are as they were."""
    data = pd.DataFrame({"text": [f"text {n}" for n in range(30)]})
    first = _compare("Say {text}", _model(server), data=data)
    data.loc[30] = ["new"]
    before = len(server.requests)
    second = _compare("Say {text}", _model(server), data=data)
    assert len(server.requests) - before == 1
    assert second["cached"].tolist() == [True] * 30 + [False]
    kept = ["answer", "latency_s", "ttft_s", "out_tokens", "started_at"]
    pd.testing.assert_frame_equal(second[kept].iloc[:30], first[kept])


@pytest.mark.parametrize(
    "changed", [{"system": "be brief"}, {"temperature": 0.5}, {"schema": "word str"}, {"cache": "refresh"}]
)
def test_whatever_decides_an_answer_asks_anew(server, changed):
    """Another system prompt, parameter or schema is another question; `refresh` asks anew in any case."""
    _compare(["a", "b"], _model(server))
    before = len(server.requests)
    _compare(["a", "b"], _model(server), **changed)
    assert len(server.requests) - before >= 2


@pytest.mark.parametrize(
    "changed", [{"timeout": 50}, {"concurrency": 3}, {"retries": 1}, {"total_timeout": 60}]
)
def test_how_it_travels_asks_nothing_anew(server, changed):
    """Time-outs and how many at once are no part of the question."""
    _compare(["a", "b"], _model(server))
    before = len(server.requests)
    assert _compare(["a", "b"], _model(server), **changed)["cached"].all()
    assert len(server.requests) == before


def test_the_cache_can_be_true_or_false_as_for_one_question(server):
    """`cache=True` looks and keeps, `False` does neither: what `nb.ask` takes is understood."""
    _compare("a", _model(server), cache=False)
    assert _compare("a", _model(server), cache="only")["status"].tolist() == ["skipped"]
    first = _compare("a", _model(server), cache=True)
    assert _compare("a", _model(server), cache=True)["cached"].tolist() == [True]
    assert first["cached"].tolist() == [False]
    assert len(server.requests) == 2


def test_the_cache_can_be_left_alone_or_be_all_there_is(server):
    """`off` keeps and finds nothing, `only` sends nothing."""
    only = _compare("a", _model(server), cache="only")
    assert only["status"].tolist() == ["skipped"]
    _compare("a", _model(server), cache="off")
    assert _compare("a", _model(server), cache="only")["status"].tolist() == ["skipped"]
    _compare("a", _model(server))
    assert _compare("a", _model(server), cache="only")["answer"].tolist() == ["A"]
    assert len(server.requests) == 2


def test_the_same_question_is_asked_once(server):
    """Rows that ask the same are one request; repeats are as many as there are."""
    frame = _compare("Say {text}", _model(server), data={"text": ["x", "y", "x", "x"]}, repeats=2)
    assert len(server.requests) == 4
    assert frame["answer"].tolist() == ["SAY X"] * 2 + ["SAY Y"] * 2 + ["SAY X"] * 4


def test_no_tries_are_no_tries(server):
    """With `retries=0` a refusal is the row's error at once."""
    frame = _compare("a", _model(server, "error-429"), retries=0)
    assert frame[["status", "http_status", "attempts"]].to_numpy().tolist() == [["error", 429, 1]]
    assert len(server.requests) == 1


def test_errors_are_not_kept(server):
    """A failed call is asked again the next time."""
    assert _compare("a", _model(server, "error-500"), retries=0)["status"].tolist() == ["error"]
    before = len(server.requests)
    _compare("a", _model(server, "error-500"), retries=0)
    assert len(server.requests) - before == 1


def test_a_local_server_that_is_not_there_is_tried_twice():
    """It may just start; waiting longer helps nobody."""
    gone = nb.Model("OpenaiTemplate:m", api_base="http://127.0.0.1:1/v1", label="gone")
    frame = nb.compare("hello", [gone], cache="off", progress=False)
    assert frame[["status", "error_type", "attempts"]].to_numpy().tolist() == [
        ["error", "ConnectionFailedError", 2]
    ]
    assert "start the server there" in frame["error"][0]


@pytest.mark.parametrize("name", ["error-401", "error-404"])
def test_what_is_refused_costs_what_is_under_way(server, name):
    """A wrong key or model is met by the first few, which are sent together, and by nobody after them."""
    status = _compare([f"p{n}" for n in range(40)], _model(server, name))["status"]
    assert status.value_counts().to_dict() == {"error": 8, "skipped": 32}
    assert sum(request.method == "POST" for request in server.requests) == 8


def test_a_wrong_key_stops_its_model_alone(server):
    """A key that is refused stops its model: the rest is skipped, with the reason; other models go on."""
    models = [_model(server, "error-401", api_key="one"), _model(server, api_key="another")]
    frame = _compare(
        [f"p{n}" for n in range(50)], models, limits={"openaitemplate": nb.Limits(concurrency=2)}
    )
    bad = frame[frame["model"] == "error-401"]
    assert set(bad["status"]) == {"error", "skipped"}
    assert (bad["status"] == "error").sum() <= 2
    assert bad[bad["status"] == "skipped"]["error"].str.contains("401").all()
    assert (frame[frame["model"] == "upper"]["status"] == "ok").all()


def test_a_model_that_is_not_there_stops_no_other(server):
    """One at a time, a model that the server does not know is met once; others of that server go on."""
    models = [_model(server, "error-404"), _model(server)]
    limits = {"openaitemplate": nb.Limits(concurrency=1)}
    frame = _compare([f"p{n}" for n in range(20)], models, limits=limits)
    status = frame.set_index("model")["status"]
    assert status["error-404"].value_counts().to_dict() == {"skipped": 19, "error": 1}
    assert (status["upper"] == "ok").all()


def test_an_interrupt_keeps_what_was_paid_for(server, tmp_path):
    """Ctrl-C at half gives a frame with the finished rows; the next run sends only what is missing."""
    code = textwrap.dedent(
        """
        import sys, threading, time, os, signal
        import g4f_nb as nb
        model = nb.Model("OpenaiTemplate:slow-40", api_base=sys.argv[1])
        def stop():
            while not len(nb.runs()) or nb.runs()["finished"].max() < 4:
                time.sleep(0.1)
            os.kill(os.getpid(), signal.SIGINT)
        threading.Thread(target=stop, daemon=True).start()
        frame = nb.compare([f"p{n}" for n in range(100)], model, concurrency=1, progress=False)
        print(frame["status"].value_counts().to_dict(), flush=True)
        rest = nb.compare([f"p{n}" for n in range(100)], model, concurrency=50, progress=False)
        print(rest["status"].value_counts().to_dict(), int(rest["cached"].sum()))
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", code, server.api_base],
        capture_output=True, text=True, timeout=100, check=False,
        env={**os.environ, "PYTHONWARNINGS": "error"},
    )  # fmt: skip
    first, second = done.stdout.splitlines()
    statuses = eval(first)  # noqa: S307  # our own program's output
    assert statuses["ok"] >= 3, done.stderr
    assert statuses["ok"] + statuses["cancelled"] == 100
    assert "run the cell again to continue" in done.stderr
    answered, cached = second.rsplit(" ", 1)
    assert eval(answered) == {"ok": 100}  # noqa: S307  # as above
    assert int(cached) == statuses["ok"]
    # The one in flight was cut off and is asked again.
    assert len(server.requests) <= 101 + 1


@pytest.mark.clock
@pytest.mark.parametrize("says_when", [True, False], ids=["with Retry-After", "without"])
def test_a_limited_service_loses_no_row(says_when):
    """150 rows against 30 requests a window: 150 answers, at most 1.3 requests a row."""
    window, per_window, began, taken = 0.6, 30, time.monotonic(), {}

    def answer(_):
        passed = time.monotonic() - began
        at = int(passed / window)
        taken[at] = taken.get(at, 0) + 1
        if taken[at] > per_window:
            body = {"error": {"message": "too fast", "code": "rate_limit_exceeded"}}
            return (
                429,
                body,
                "application/json",
                {"retry-after-ms": str(int(((at + 1) * window - passed) * 1000))} if says_when else {},
            )
        return 200, {"choices": [{"message": {"content": "ok"}, "finish_reason": "stop"}]}

    with web(answer) as limited:
        model = nb.Model("OpenaiTemplate:any", api_base=limited.address)
        frame = _compare("Say {n}", model, data={"n": range(150)}, cache="off")
    assert frame["status"].eq("ok").all(), frame["error"].dropna().tolist()[:3]
    assert len(limited.seen) <= 195


def test_a_second_call_in_the_same_loop(server):
    """Under a running loop it works, and works again."""

    async def twice():
        first = _compare("a", _model(server), cache="off")
        second = await nb.compare_async("a", _model(server), cache="off")
        third = _compare("a", _model(server), cache="off")
        return [frame["answer"].tolist() for frame in (first, second, third)]

    assert asyncio.run(twice()) == [["A"]] * 3


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"prompts": "Say {txet}", "data": {"text": ["a"]}}, r"\{txet\}.*did you mean \{text\}"),
        ({"prompts": "Say hello", "data": {"text": ["a"]}}, "uses no column of the data"),
        ({"prompts": "{a}", "data": {"a": ["x"], "status": ["y"]}}, "'status' has the name.*prefix="),
        ({"params": {"temprature": [0, 1]}}, "temprature.*temperature"),
        ({"params": {"temperature": []}}, "empty"),
        ({"temprature": 1}, "temprature"),
        ({"schema": "model str"}, "'model' has the name of a result column"),
        ({"zip": ("prompts", "colour")}, "colour"),
        ({"zip": ("prompts", "models"), "prompts": ["a", "b"]}, "prompts has 2, models has 1"),
        ({"cache": "sometimes"}, "use, refresh, only, off"),
        ({"timing": "slow"}, "stream or fast"),
        ({"budget": "2 EUR"}, "US dollars"),
        ({"budget": "2 USD"}, "no price of.*prices="),
        ({"prices": {"x": 3}}, "price of 'x'"),
        ({"limits": {"x": 3}}, "nb.Limits"),
        ({"limits": [3]}, "nb.Limits"),
        ({"provider": "Groq"}, r"provider= has no meaning here.*models="),
        ({"model": "Groq"}, r"model= has no meaning here.*models="),
        ({"data": 5}, "data is an int"),
        ({"prompts": "{a}", "data": {"a": []}}, "no rows"),
        ({"retries": -1}, "retries"),
        ({"max_retries": 3}, "max_retries= has no meaning here: retries="),
        ({"params": {"max_retries": [0, 1]}}, "max_retries= has no meaning here: retries="),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_before_anything_is_sent(server, options, says):
    """A missing placeholder, an unknown parameter, a clashing column and the like send nothing."""
    given = {"prompts": "a", **options}
    with pytest.raises((InvalidParameterError, UnknownParameterError), match=says):
        _compare(given.pop("prompts"), _model(server), **given)
    assert server.requests == []


def test_limits_of_nobody_are_an_error(server):
    """A misspelt provider in `limits=` would not be limited at all: it is refused with the nearest name."""
    with pytest.raises(ProviderNotFoundError, match="OpenaiTemplate"):
        _compare("a", _model(server), limits={"OpenaiTemplte": nb.Limits(rpm=1)})
    assert server.requests == []


def test_what_is_asked_of_the_store_is_checked():
    """A wrong type is named; it does no harm to what is kept."""
    for wrong in (
        lambda: nb.runs("x"),
        lambda: nb.runs(-1),
        lambda: nb.attach(pd.NA),
        lambda: nb.purge_store(older_than_days="x"),
    ):
        with pytest.raises(InvalidParameterError):
            wrong()


def test_a_purge_takes_what_this_kernel_holds(server):
    """After it nothing of a comparison can be attached to."""
    run = _compare("a", _model(server)).attrs["g4f_nb_run"]
    nb.purge_store()
    with pytest.raises(InvalidParameterError, match="no run"):
        nb.attach(run)


def test_no_model_is_an_error_that_lists_what_is_ready():
    """Nothing falls to Demo by itself."""
    with pytest.raises(NoProviderError, match="ready are Demo"):
        _compare("a")


def test_every_other_brace_stays_as_typed(server):
    """Only `{name}` of a column is filled: code, formulas and formats go through untouched."""
    template = r"{text}: f'{x:>3}' \frac{1}{2} {'a': 1} {{text}} {other} { text }"
    frame = _compare(template, _model(server, "echo"), data={"text": ["T{text}"]})
    assert frame["answer"].tolist() == [r"T{text}: f'{x:>3}' \frac{1}{2} {'a': 1} {T{text}} {other} { text }"]


def test_a_budget_ends_a_run_with_rows(server):
    """When the money is spent the rest is skipped, not raised; costs and their source are in the rows."""
    prices = {"OpenaiTemplate:upper": (1_000_000, 1_000_000)}
    frame = _compare(
        [f"p{n}" for n in range(20)], _model(server), budget="12 USD", prices=prices, concurrency=1
    )
    assert set(frame["status"]) == {"ok", "skipped"}
    assert frame["cost_usd"].sum() >= 12
    assert set(frame["price_source"].dropna()) == {"prices="}
    assert frame[frame["status"] == "skipped"]["error"].str.contains("12 USD").all()


def test_a_kept_answer_is_priced_once_its_price_is_known(server):
    """What was answered without a price has one as soon as somebody says it, and is not paid again."""
    first = _compare(["a", "b"], _model(server))
    assert first["cost_usd"].isna().all()
    again = _compare(["a", "b"], _model(server), prices={"upper": (1, 2)}, budget="1 USD")
    assert again["cached"].all()
    expected = (first["in_tokens"] * 1 + first["out_tokens"] * 2) / 1e6
    assert again["cost_usd"].tolist() == pytest.approx(expected.tolist())
    assert again["price_source"].tolist() == ["prices="] * 2
    assert nb.attach(again["run_id"].iloc[0])["cost_usd"].notna().all()


def test_what_a_server_calls_its_answer_is_in_the_row(server):
    """`request_id` is the id in the answer, streamed or whole, and a kept row has it still."""
    asked = {
        timing: _compare("a", _model(server), timing=timing, cache="refresh") for timing in ("stream", "fast")
    }
    for frame in asked.values():
        assert frame["request_id"].notna().all()
        assert frame["request_id"].str.startswith("chatcmpl").all()
    assert _compare("a", _model(server))["request_id"].equals(asked["fast"]["request_id"])


def test_a_dry_run_sends_nothing(server):
    """It gives the same table: planned, or answered where the answer is kept."""
    _compare("a", _model(server))
    before = len(server.requests)
    frame = _compare(["a", "b"], _model(server), dry_run=True)
    assert frame["status"].tolist() == ["ok", "planned"]
    assert len(server.requests) == before


def test_retrying_asks_only_what_failed(server):
    """`retry` asks again what is not ok, keeps added columns and the order, and drops what was taken out."""
    models = [_model(server), _model(server, "flaky-1")]
    frame = _compare(["a", "b", "c"], models, retries=0)
    assert (frame["status"] == "error").sum() == 1
    frame["mine"] = range(len(frame))
    some = frame.iloc[::-1].iloc[:5]
    before = len(server.requests)
    again = some.llm.retry(progress=False)
    assert len(server.requests) - before == 1
    assert again["status"].eq("ok").all()
    assert again["mine"].tolist() == some["mine"].tolist()
    assert again["cell_id"].tolist() == some["cell_id"].tolist()


def test_a_run_of_an_earlier_kernel(server):
    """Another process attaches to a run, finds it as it was, and retries by looking keys up anew."""
    frame = _compare(
        "Say {text}", ["Demo:demo-fast"], data={"text": ["x", "y"], "n": [1, 2]}, params={"seed": [1, 2]}
    )
    run = frame.attrs["g4f_nb_run"]
    frame.to_pickle(path := os.environ["G4F_NB_CACHE_DIR"] + ".pkl")
    code = (
        "import sys, pandas as pd, g4f_nb as nb\n"
        "frame = nb.attach(sys.argv[1])\n"
        "pd.testing.assert_frame_equal(frame, pd.read_pickle(sys.argv[2]))\n"
        "assert sys.argv[1] in nb.runs()['run_id'].tolist()\n"
        "assert frame.llm.retry(progress=False)['status'].eq('ok').all()\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, run, path],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_views_of_a_result(server):
    """Side by side, only failures, what was sent, and beside an older result."""
    models = [_model(server), _model(server, "error-400")]
    frame = _compare({"a": "one", "b": "two"}, models)
    wide = frame.llm.wide()
    assert wide["OpenaiTemplate:upper"].tolist() == ["ONE", "TWO"]
    failures = frame.llm.errors()
    assert failures["model"].tolist() == ["error-400"] * 2
    raw = frame.llm.raw(frame["cell_id"].iloc[0])
    assert raw["request"]["messages"] == [{"role": "user", "content": "one"}]
    assert raw["response"]["answer"] == "ONE"
    newer = _compare({"a": "one", "b": "three"}, models)
    against = newer.llm.against(frame).set_index(["model", "prompt_id"])
    assert not against.loc[("upper", "a"), "changed"]
    assert against.loc[("upper", "b"), "changed"]


def test_a_table_is_mapped(server):
    """`map_prompts` keeps index and types, puts the answers beside, and says why one is missing."""
    data = pd.DataFrame(
        {"text": ["x", None, "z"], "n": pd.array([1, None, 3], dtype="Int64")}, index=["a", "b", "c"]
    )
    made = nb.map_prompts(data, "{text}{n}", _model(server), into="label", progress=False)
    assert made.index.tolist() == ["a", "b", "c"]
    assert made["n"].dtype == data["n"].dtype
    assert made["label"].tolist()[::2] == ["X1", "Z3"]
    assert pd.isna(made["label"].iloc[1])
    assert "empty" in made["label_error"].iloc[1]
    assert "label" not in data


def test_a_schema_gives_typed_columns(server):
    """Fields become nullable columns; an answer that does not fit even after a repair is NA with a reason."""
    frame = _compare(
        ["a", "b"],
        [_model(server, "json-prose"), _model(server, "json-never")],
        schema="city str, n int, ok bool",
    )
    kinds = {name: str(frame[name].dtype) for name in ("city", "n", "ok")}
    assert kinds == {"city": "string", "n": "Int64", "ok": "boolean"}
    good, bad = frame[frame["model"] == "json-prose"], frame[frame["model"] == "json-never"]
    assert good["n"].notna().all()
    assert bad["n"].isna().all()
    assert bad["parse_error"].notna().all()


def test_results_travel(server, tmp_path):
    """The frame goes to CSV, Parquet and Excel and back; pandas' methods work on it."""
    frame = _compare(["=1+1", "b"], [_model(server, "echo"), _model(server, "error-500")], retries=0)
    frame.to_csv(tmp_path / "r.csv")
    frame.llm.to_excel(tmp_path / "r.xlsx")
    back = pd.read_excel(tmp_path / "r.xlsx")
    assert back["answer"].iloc[0] == "'=1+1"
    assert len(frame.attrs) == 1
    assert frame.groupby("model")["latency_s"].mean().notna().tolist() == [True, False]


def test_settings_of_the_signal(server):
    """Whatever a comparison does to signals is undone."""
    before = signal.getsignal(signal.SIGINT)
    _compare("a", _model(server))
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.clock
def test_time_is_told_apart(server):
    """Waiting for one's turn is `queued_s`, never latency."""
    start = time.perf_counter()
    frame = _compare([f"p{n}" for n in range(6)], _model(server, "slow-60"), concurrency=1, cache="off")
    wall = time.perf_counter() - start
    assert frame["queued_s"].is_monotonic_increasing
    assert frame["latency_s"].max() < wall / 2
    assert frame["total_s"].max() <= wall


def test_a_slip_of_one_of_its_own_words_is_told():
    """`repaets=` is no parameter of a provider that happens to be unknown."""
    with pytest.raises(UnknownParameterError, match="'repaets': did you mean 'repeats'"):
        nb.compare("hi", "Demo", repaets=2)


def test_a_slip_is_known_by_what_the_error_says_was_unknown():
    """Not by the words of its message: a class of one's own may have other words, or name other keywords."""

    class Terse(AsyncGeneratorProvider):
        working = True

        @classmethod
        async def create_async_generator(cls, model, messages, **options):
            yield "never"

        @classmethod
        def check_parameters(cls, names):
            for name in names:
                if name == "repaets":
                    raise UnknownParameterError("this is nothing to me", parameter=name)
                if name == "wobble":
                    raise UnknownParameterError(f"of {sorted(names)!r} one is wrong", parameter=name)

    with pytest.raises(UnknownParameterError, match="'repaets': did you mean 'repeats'") as caught:
        nb.compare("hi", Terse, repaets=2)
    assert caught.value.parameter == "repaets"
    # The message names the other as well; that one is not what was refused.
    with pytest.raises(UnknownParameterError, match="one is wrong"):
        nb.compare("hi", Terse, wobble=1, progres=False)
    with pytest.raises(UnknownParameterError, match="nothing to me"):
        nb.ask("hi", Terse, repaets=2)
    with pytest.raises(UnknownParameterError, match="no keyword aprove=: did you mean approve="):
        nb.ask("hi", "Demo", aprove=True)
