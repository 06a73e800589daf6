"""A model that a server does not know is told with the nearest that it has."""

from __future__ import annotations

import pytest

import g4f_nb as nb
from g4f_nb.errors import ModelNotFoundError, ModelNotSupportedError
from g4f_nb.providers import OpenaiTemplate, Perplexity
from g4f_nb.testing import serve

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
