"""A model that a server does not know is told with the nearest that it has."""

from __future__ import annotations

import contextlib
import threading

import pytest
from small_server import web

import g4f_nb as nb
from g4f_nb.errors import ModelNotFoundError, ModelNotSupportedError
from g4f_nb.providers import OpenaiTemplate, Perplexity
from g4f_nb.testing import serve

# As OpenAI and as Anthropic say it.
_NO_SUCH_MODEL = {"message": "model: lama-3.3", "type": "not_found_error", "code": "model_not_found"}
MODELS = ["openai/gpt-oss-120b", "llama-3.3-70b-versatile", "qwen-3"]


@pytest.mark.parametrize(
    ("model", "near"),
    [
        ("lama-3.3-70b", "'llama-3.3-70b-versatile'"),
        ("gpt-oss-120b", "'openai/gpt-oss-120b'"),
        ("openai/gpt-oss", "'openai/gpt-oss-120b'"),
    ],
)
def test_the_nearest_names_are_told(model, near):
    """From the server's own list, which is asked for once; the call's key and address go along."""
    with serve(models=MODELS, api_key="k") as server:
        for _ in range(2):
            with pytest.raises(ModelNotFoundError) as caught:
                nb.ask("hello", f"OpenaiTemplate:{model}", api_base=server.api_base, api_key="k")
            assert "the nearest here are" in str(caught.value)
            assert near in str(caught.value)
            assert caught.value.status == 404
        paths = [request.path for request in server.requests]
        assert paths == ["/v1/chat/completions", "/v1/models", "/v1/chat/completions"]


@pytest.mark.parametrize("lists", [True, False])
@pytest.mark.parametrize("provider", ["OpenaiTemplate", "anthropic"])
def test_a_comparison_asks_for_the_list_once(provider, lists):
    """However many rows are refused at the same time, and also where there is no list."""
    rows, lock = threading.Barrier(3), threading.Lock()
    listings = []

    def answer(seen):
        if "/models" in seen.path:
            with lock:
                listings.append(seen)
            listed = {"data": [{"id": name} for name in MODELS]}
            return (200, listed) if lists else (404, {"error": {"message": "no such page"}})
        # All are refused at once.
        with contextlib.suppress(threading.BrokenBarrierError):
            rows.wait(5)
        return 404, {"type": "error", "error": _NO_SUCH_MODEL}

    with web(answer) as server:
        frame = nb.compare(
            ["a", "b", "c"], [nb.Model(f"{provider}:lama-3.3", api_base=f"{server.address}/v1", api_key="k")],
            retries=0, progress=False,
        )  # fmt: skip
    assert set(frame.status) <= {"error", "skipped"}
    assert len(listings) == 1, frame.error.tolist()
    assert frame.error.str.contains("the nearest here are 'llama-3.3-70b-versatile'").any() == lists


def test_where_nothing_is_near_nothing_is_told():
    """Nor where the server lists nothing, or fails at it."""
    with serve(models=[]) as server:
        with pytest.raises(ModelNotFoundError) as caught:
            nb.ask("hello", "OpenaiTemplate:zzz", api_base=server.api_base)
        assert "nearest" not in str(caught.value)


def test_a_service_without_a_list_is_not_asked():
    """It would tell its default."""
    with serve() as server:
        cls = type("Perplexity", (Perplexity,), {"api_base": server.api_base})
        with pytest.raises(ModelNotFoundError):
            list(cls.create_completion("nothing", [{"role": "user", "content": "x"}], api_key="k"))
        assert len(server.requests) == 1


def test_a_class_s_own_list_is_told_without_asking():
    """It is checked before anything is sent."""
    cls = type("Mine", (OpenaiTemplate,), {"api_base": "http://127.0.0.1:1/v1", "models": MODELS})
    with pytest.raises(ModelNotSupportedError, match=r"the nearest are qwen-3"):
        nb.ask("hello", "qwen3", provider=cls)
