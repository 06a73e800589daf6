"""The table of `genai-prices` says here what it says there, and of a long listing in no long time."""

from __future__ import annotations

import time

import pytest
from genai_prices import data_snapshot
from thorough import THOROUGH

from g4f_nb.costs import pricetable

_ADDRESSES = (
    "https://api.openai.com/v1", "https://openrouter.ai/api/v1", "https://api.groq.com/openai/v1",
    "https://generativelanguage.googleapis.com/v1beta", "https://example.openai.azure.com/openai",
    "https://api.mistral.ai/v1", "https://nobody.example/v1",
)  # fmt: skip


def _names():
    """Names that fit the rules of the table, as they are, longer, dated, and in capitals."""
    for provider in data_snapshot.get_snapshot().providers:
        for model in provider.models:
            yield from (
                model.id,
                f"x/{model.id}",
                f"{model.id}-20251211",
                f"{model.id}-mini",
                model.id.upper(),
            )


def _theirs(name, url):
    try:
        return data_snapshot.DataSnapshot.find_provider_model(
            data_snapshot.get_snapshot(), name, None, None, url
        )[1]
    except LookupError:
        return None


@pytest.mark.parametrize("url", [*_ADDRESSES, None])
def test_it_is_what_the_package_finds(url):
    """At each address, and without one, every name is the model that `genai-prices` takes it for."""
    for name in list(_names())[:: 3 if THOROUGH else 17]:
        mine = pricetable.find(name, url) if url else pricetable.find_anywhere(name)
        assert mine is _theirs(name, url), name


@pytest.mark.clock
def test_a_long_listing_takes_no_long_time():
    """Fifty thousand names that nobody has heard of, in far less than the ten seconds that they once took."""
    began = time.perf_counter()
    for number in range(50_000):
        assert pricetable.find(f"somebody/model-{number}", "https://api.openai.com/v1") is None
    assert time.perf_counter() - began < 4
