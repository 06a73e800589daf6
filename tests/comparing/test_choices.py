"""The choices of `nb.compare`: what is crossed, in which order it is done, what an error does."""

from __future__ import annotations

import asyncio
import inspect
import math

import pandas as pd
import pytest

import g4f_nb as nb
from g4f_nb.comparing import keeping
from g4f_nb.errors import InvalidParameterError, MissingAuthError, ServerError
from g4f_nb.testing import serve


@pytest.fixture
def server():
    with serve() as server:
        yield server


def _model(server, name="upper", **options):
    return nb.Model(f"OpenaiTemplate:{name}", api_base=server.api_base, **options)


def _compare(*args, **options):
    return nb.compare(*args, progress=False, **options)


def _seen(server):
    return [request.body["messages"][-1]["content"] for request in server.requests]


def test_everything_is_crossed(server):
    """Rows, prompts, models, parameters and repeats: each with each, the rows of the data slowest."""
    models = [_model(server), _model(server, "echo")]
    frame = _compare(
        {"p": "{x}", "q": "{x}?"}, models, data={"x": ["a", "b", "c"]}, repeats=2, cross=True,
        params={"temperature": [0, 1], "top_p": [0.1, 0.2]}, dry_run=True,
    )  # fmt: skip
    assert len(frame) == 3 * 2 * 2 * 4 * 2
    places = frame[["row", "prompt_id", "model", "temperature", "top_p", "repeat"]]
    assert not places.duplicated().any()
    assert places["row"].is_monotonic_increasing


def test_nothing_is_crossed(server):
    """With `cross=False` the first row goes to the first model with the first parameter, and so on."""
    models = [_model(server), _model(server, "echo")]
    frame = _compare(
        "{x}", models, data={"x": ["a", "b"]}, params={"temperature": [0, 1]}, repeats=2, cross=False
    )
    assert frame[["x", "model", "temperature", "repeat"]].to_numpy().tolist() == [
        ["a", "upper", 0, 0], ["a", "upper", 0, 1], ["b", "echo", 1, 0], ["b", "echo", 1, 1],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("pair", "expected"),
    [
        (
            ("models", "temperature"),
            [["upper", 0, 0.1], ["upper", 0, 0.2], ["echo", 1, 0.1], ["echo", 1, 0.2]],
        ),
        (
            ("top_p", "temperature"),
            [["upper", 0, 0.1], ["upper", 1, 0.2], ["echo", 0, 0.1], ["echo", 1, 0.2]],
        ),
        (("models", "temperature", "top_p"), [["upper", 0, 0.1], ["echo", 1, 0.2]]),
    ],
)
def test_parameters_are_paired(server, pair, expected):
    """`zip=` takes parameters side by side with models and with each other; the others are crossed."""
    frame = _compare(
        "a", [_model(server), _model(server, "echo")], params={"temperature": [0, 1], "top_p": [0.1, 0.2]},
        zip=pair,
    )  # fmt: skip
    assert frame[["model", "temperature", "top_p"]].to_numpy().tolist() == expected
    sent = [[r.body["model"], r.body["temperature"], r.body["top_p"]] for r in server.requests]
    assert sorted(sent) == sorted(expected)


def test_a_pair_of_pairs_is_told_apart_from_models_of_one_name(server):
    """Models of one name keep their number whatever they are paired with."""
    models = [_model(server, max_tokens=3), _model(server, max_tokens=5)]
    frame = _compare("a", models, params={"temperature": [0, 1]}, zip=("models", "temperature"))
    assert frame[["model", "temperature"]].to_numpy().tolist() == [["upper", 0], ["upper (2)", 1]]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"zip": ("models", "temprature")}, "the axes are data, prompts, models, temperature"),
        ({"zip": ("models", "temperature")}, "models has 1, temperature has 2"),
        ({"zip": ("models", "max_tokens")}, r"a parameter is one where params= has a list"),
        ({"cross": "no"}, "cross is 'no'"),
        ({"cross": False, "prompts": ["a", "b", "c"]}, "prompts has 3, temperature has 2"),
        ({"cross": False, "zip": ("prompts", "temperature"), "prompts": ["a", "b"]}, "give one of the two"),
        ({"on_error": "ignore"}, "on_error is 'ignore': it must be row or raise"),
        ({"on_error": None}, "on_error is None"),
        ({"engine": "dask"}, r"engine is 'dask': it must be 'local'.*Dask"),
        ({"engine": object}, "it must be 'local', this process"),
        ({"seed": -1}, r"seed is -1: .*params="),
        ({"seed": True}, "seed is True"),
        ({"seed": 1.5}, "seed is 1.5"),
    ],
)
def test_a_choice_that_is_none(server, options, says):
    """It is refused in words before anything is sent."""
    given = {"prompts": "a", "params": {"temperature": [0, 1], "max_tokens": 5}, **options}
    with pytest.raises(InvalidParameterError, match=says):
        _compare(models=[_model(server)], **given)
    assert not server.requests


def test_a_seed_orders_the_work_and_nothing_else(server):
    """The same seed asks in the same mixed order, the rows stay where they are, and nobody is told of it."""
    texts = [f"t{number}" for number in range(30)]

    def order(seed):
        del server.requests[:]
        frame = _compare(texts, _model(server), seed=seed, concurrency=1, cache="off")
        assert frame["answer"].tolist() == [text.upper() for text in texts]
        assert all("seed" not in request.body for request in server.requests)
        return _seen(server)

    assert order(None) == texts
    assert order(7) == order(7) != texts
    assert order(8) != order(7)
    assert sorted(order(8)) == sorted(texts)


def test_a_seed_is_no_part_of_the_question(server):
    """What was answered in one order is not asked again in another; a provider's own seed is."""
    _compare(["a", "b"], _model(server), seed=1)
    assert _compare(["a", "b"], _model(server), seed=2)["cached"].all()
    assert not _compare(["a", "b"], _model(server), params={"seed": 3})["cached"].any()
    assert server.requests[-1].body["seed"] == 3
    mapped = nb.map_prompts(["c"], "{value}", _model(server), params={"seed": 4}, seed=5, progress=False)
    assert mapped["answer"].tolist() == ["C"]
    assert server.requests[-1].body["seed"] == 4


def test_the_seed_is_that_of_ranks_and_tests(server, tmp_path):
    """`rank`, `test` and the like draw from the seed of the comparison, in a later kernel, too."""
    models = [_model(server), _model(server, "echo")]
    frame = _compare([f"t{n}" for n in range(12)], models, seed=11, prefix="llm_")
    frame["score"] = [math.sin(at) for at in range(len(frame))]
    given = frame.llm.test(by="score", seed=11, resamples=50)
    pd.testing.assert_frame_equal(frame.llm.test(by="score", resamples=50), given)
    assert not frame.llm.test(by="score", seed=12, resamples=50).equals(given)
    pd.testing.assert_frame_equal(frame.llm.rank(by="score"), frame.llm.rank(by="score", seed=11))
    keeping.forget()
    frame.to_csv(tmp_path / "r.csv", index=False)
    again = pd.read_csv(tmp_path / "r.csv")
    pd.testing.assert_frame_equal(again.llm.test(by="score", resamples=50), given)


def test_an_error_may_end_it(server, capsys):
    """With `on_error="raise"` the first failure is raised; what was answered is kept and can be had again."""
    texts = [f"t{n}" for n in range(6)]
    with pytest.raises(ServerError) as caught:
        _compare(
            texts, [_model(server), _model(server, "error-500")], on_error="raise", retries=0, concurrency=1
        )
    assert len(server.requests) == 2
    said = capsys.readouterr().err
    assert "nb.attach(" in said
    run_id = said.partition("nb.attach('")[2].partition("'")[0]
    rows = nb.attach(run_id)
    assert rows["status"].value_counts().to_dict() == {"cancelled": 10, "ok": 1, "error": 1}
    assert caught.value.status == 500
    again = _compare(texts, _model(server), on_error="raise")
    assert again["cached"].sum() == 1


def test_a_missing_key_may_end_it_before_anything_is_sent(server):
    """So does a model that cannot be asked at all."""
    with pytest.raises(MissingAuthError):
        _compare("a", [_model(server), "groq:llama"], on_error="raise")
    assert not server.requests


async def _async(*args, **options):
    return await nb.compare_async(*args, **options)


def test_the_asynchronous_form_takes_them_all(server):
    """`compare_async` and `map_prompts` know the same choices."""
    ours, theirs = (inspect.signature(each).parameters for each in (nb.compare, nb.compare_async))
    assert list(ours) == list(theirs)
    frame = asyncio.run(
        _async(["a", "b"], _model(server), seed=3, cross=True, on_error="row", engine="local")
    )
    assert frame["answer"].tolist() == ["A", "B"]
    with pytest.raises(ServerError):
        asyncio.run(_async("a", _model(server, "error-500"), on_error="raise", retries=0))
    with pytest.raises(ServerError):
        nb.map_prompts(["a"], "{value}", _model(server, "error-500"), on_error="raise", retries=0)
    with pytest.raises(InvalidParameterError, match=r"cross= belongs to nb\.compare"):
        nb.map_prompts(["a"], "{value}", _model(server), cross=True)
    with pytest.raises(InvalidParameterError, match="holds a list"):
        nb.map_prompts(["a"], "{value}", _model(server), params={"temperature": [0, 1]})


def test_a_missing_key_is_told_at_once(server, capsys):
    """One line says that a model is not asked, and what to do; the other rows are answered."""
    frame = _compare(["a", "b"], [_model(server), "groq:llama"])
    assert frame["status"].value_counts().to_dict() == {"ok": 2, "error": 2}
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "Groq is not asked" in told
    assert "GROQ_API_KEY" in told
    nb.map_prompts(["a"], "{value}", "groq:llama", progress=False)
    assert "Groq is not asked" in capsys.readouterr().err


def test_comparing_demo_with_itself_is_told(capsys, monkeypatch):
    """Whoever tries it out with Demo alone is told, once, why the answers are alike."""
    frame = nb.compare("hi", ["Demo:demo-fast", "Demo:demo"], cache="off", progress=False)
    assert frame["answer"].iloc[0] == frame["answer"].iloc[1]
    told = capsys.readouterr().err
    assert "demo-fast and demo say the same, each at its own pace" in told
    nb.compare("hi", "Demo:demo-fast", progress=False)
    assert "say the same" not in capsys.readouterr().err
