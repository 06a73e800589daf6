"""What answers cost: the user's own prices, nothing where nobody is paid, a dated table, else unknown."""

from __future__ import annotations

import datetime as dt
import pickle
import time

import pytest

import g4f_nb as nb
from g4f_nb.chunks import Usage
from g4f_nb.costs import pricetable
from g4f_nb.costs.pricing import cost_of, price_of
from g4f_nb.errors import InvalidParameterError
from g4f_nb.prices import Cost, Price, checked_price
from g4f_nb.testing import serve

HOME = "https://api.openai.com/v1"
USED = Usage(1_000_000, 1_000_000, 2_000_000)


@pytest.fixture
def own(tmp_path, monkeypatch):
    """The user's file of prices, to be written by the test."""
    monkeypatch.setenv("G4F_NB_CONFIG_DIR", str(tmp_path))
    return tmp_path / "prices.toml"


# ---- a price ---------------------------------------------------------------------------------------


def test_what_tokens_cost():
    """Input and output, and of the input what the cache gave and took at prices of its own."""
    usage = Usage(1_000_000, 500_000, 1_500_000, cached_tokens=400_000, cache_write_tokens=100_000)
    assert Price(input=2, output=10).of(usage) == pytest.approx(2 + 5)
    assert Price(input=2, output=10, cached=0.5, cache_write=4).of(usage) == pytest.approx(1 + 0.2 + 0.4 + 5)
    assert Price(input=2, output=10).of(Usage(1, None)) is None
    assert Price(input=0, output=0).of(usage) == 0


@pytest.mark.parametrize(
    "given",
    [5, "cheap", (1,), (1, 2, 3), (1, -2), (1, "2"), (True, 1), {"input": 1},
     {"input": 1, "output": 2, "in": 3},
     (1, float("inf"))],
)  # fmt: skip
def test_what_is_no_price(given):
    """It is refused with the form that a price has."""
    with pytest.raises(InvalidParameterError, match=r"like \(0.15, 0.60\)"):
        checked_price(given, "price=")


# ---- the order -------------------------------------------------------------------------------------


def test_one_s_own_price_wins(own):
    """A model's, then the file's: by provider and model, by model, by provider; whatever their case."""
    own.write_text(
        '"openai:gpt-4o-mini" = [1, 2]\ngroq = [5, 6]\n'
        '"gpt-5" = {input = 3, output = 4, date = "2026-11-01"}\n'
    )
    asked = {"provider": "OpenAI", "model": "gpt-4o-mini", "url": HOME}
    assert cost_of(USED, **asked, own=Price(input=7, output=8)) == Cost(15, "your own price")
    assert cost_of(USED, **asked) == Cost(3, "prices.toml")
    assert cost_of(USED, provider="OpenAI", model="gpt-5", url=HOME) == Cost(7, "prices.toml", "2026-11-01")
    assert cost_of(USED, provider="Groq", model="whatever") == Cost(11, "prices.toml")
    assert price_of("groq:anything").input == 5
    assert price_of("gpt-5").output == 4
    own.write_text('"openai:gpt-4o-mini" = [100, 200]\n')
    # A change is seen a moment later.
    deadline = time.monotonic() + 10
    while cost_of(USED, **asked).usd != 300 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert cost_of(USED, **asked).usd == 300


def test_a_file_that_is_none(own):
    """It is named, with what is wrong."""
    own.write_text("x = ")
    with pytest.raises(InvalidParameterError, match=r"prices\.toml"):
        cost_of(USED, provider="OpenAI", model="x")
    own.write_text('"x" = "free"')
    with pytest.raises(InvalidParameterError, match=r"the price of 'x' in .*prices\.toml is 'free'"):
        cost_of(USED, provider="OpenAI", model="x")


def test_nothing_to_pay():
    """Demo, a model on this machine, OpenRouter's `:free`: 0 by its nature, and the reason is said."""
    assert cost_of(None, provider="Demo", model="demo").usd == 0
    here = "http://localhost:11434/v1"
    assert cost_of(USED, provider="Ollama", model="llama3.2", url=here) == Cost(0, "a model on this machine")
    free = cost_of(USED, provider="OpenRouter", model="x/y:free", url="https://openrouter.ai/api/v1")
    assert free.usd == 0


@pytest.mark.parametrize(
    ("provider", "model", "url"),
    [
        ("Ollama", "gpt-oss:120b-cloud", "http://localhost:11434/v1"),
        ("Ollama", "llama3.2", "https://ollama.elsewhere.example/v1"),
        ("LiteLLM", "anything", "http://localhost:4000"),
        ("G4F", "gpt-4o", "http://localhost:1337/v1"),
        ("OpenaiTemplate", "gpt-4o-mini", "http://localhost:8000/v1"),
        ("OpenAI", "gpt-4o-mini", "https://gateway.example/v1"),
        ("OpenAI", "no-such-model", HOME),
        ("Nobody", "gpt-4o-mini", None),
        (None, None, None),
    ],
)
def test_unknown_is_unknown(provider, model, url):
    """A cloud behind a local server, a gateway, another address, a model that no table has: never 0."""
    assert cost_of(USED, provider=provider, model=model, url=url) is None


# ---- the table -------------------------------------------------------------------------------------


def test_the_table_with_its_name_and_date():
    """The prices of the address that answered, and which table of which day they are from."""
    cost = cost_of(USED, provider="OpenAI", model="gpt-4o-mini", url=HOME)
    assert cost.usd == pytest.approx(0.75)
    assert cost.source.startswith("genai-prices ")
    assert dt.date(2026, 1, 1) < dt.date.fromisoformat(cost.date) <= dt.date.today()  # noqa: DTZ011
    cached = Usage(1_000_000, 0, 1_000_000, cached_tokens=1_000_000)
    assert cost_of(cached, provider="OpenAI", model="gpt-4o-mini", url=HOME).usd == pytest.approx(0.075)
    price = price_of("openai:gpt-4o-mini")
    assert price_of(nb.Model("openai:gpt-4o-mini", temperature=0)) == price
    assert price_of(nb.Model("openai:gpt-4o-mini", price=(1, 2))).output == 2
    assert price_of(nb.providers.OpenAI) == price_of("openai:")
    for wrong in (None, 5, ["openai:gpt-4o-mini"]):
        with pytest.raises(InvalidParameterError, match="model"):
            price_of(wrong)
    assert (price.input, price.output, price.cached) == (0.15, 0.6, 0.075)
    assert price_of("no-such-provider:x") is price_of("openai:no-such-model") is None


def test_what_costs_nothing_by_its_nature_has_that_price(monkeypatch):
    """Demo, and a model on this machine; one on another machine has no known price."""
    assert price_of("Demo") == price_of("Demo:demo-fast")
    assert (price_of("Demo").input, price_of("Demo").output) == (0, 0)
    assert "no model behind it" in price_of("Demo").source
    assert price_of("ollama:llama3.2").source == "a model on this machine"
    monkeypatch.setenv("OLLAMA_HOST", "http://elsewhere.invalid:11434")
    assert price_of("ollama:llama3.2") is None


def test_a_model_without_prices_in_the_table_is_not_free():
    """The table knows it, and not its prices."""
    assert (
        cost_of(USED, provider="Cerebras", model="qwen-3-coder-480b", url="https://api.cerebras.ai/v1")
        is None
    )


def test_counts_that_were_not_told():
    """Half a count is no cost, and counts that cannot be are none either."""
    asked = {"provider": "OpenAI", "model": "gpt-4o-mini", "url": HOME}
    assert cost_of(None, **asked) is cost_of(Usage(5), **asked) is None
    assert cost_of(Usage(1, 1, 2, cached_tokens=5), **asked) is None


def test_without_the_extra(monkeypatch):
    """Everything but one's own prices and what is free is unknown."""
    monkeypatch.setattr(pricetable, "_is_installed", lambda: False)
    assert cost_of(USED, provider="OpenAI", model="gpt-4o-mini", url=HOME) is None
    assert price_of("openai:gpt-4o-mini") is None
    assert cost_of(None, provider="Demo", model="demo").usd == 0


# ---- in the house ----------------------------------------------------------------------------------


def test_a_reply_knows_what_it_cost(own):
    """In dollars, with the table's name; by its model's own price where there is one."""
    demo = nb.ask("hello", "Demo")
    assert (demo.cost, demo.price_source) == (0, "Demo: there is no model behind it")
    with serve() as server:
        there = {"api_base": server.api_base}
        unknown = nb.ask("hello there", "OpenaiTemplate:echo", **there)
        assert (unknown.cost, unknown.price_source, unknown.price_date) == (None, None, None)
        priced = nb.ask("hello there", nb.Model("OpenaiTemplate:echo", price=(1e6, 2e6), **there))
    assert (priced.cost, priced.price_source) == (2 * 1 + 2 * 2, "your own price")
    assert not any("price" in str(seen.body) for seen in server.requests)


def test_the_price_of_the_model_in_use():
    """It holds for the calls that name no model, and for no other model or server."""
    with serve() as server, serve() as other:
        there = nb.Model("OpenaiTemplate:echo", price=(1e6, 2e6), api_base=server.api_base)
        with nb.use(there):
            assert nb.ask("hello there").price_source == "your own price"
            assert nb.ask("hello there", "echo").price_source == "your own price"
            assert nb.ask("hello there", "reason").price_source is None
            assert nb.ask("hello there", api_base=other.api_base).price_source is None
        with nb.use(nb.Model("OpenaiTemplate:echo", api_base=server.api_base)):
            assert nb.ask("hello there").price_source is None


def test_a_panel_knows_its_model_s_price():
    """Until another model is picked."""
    panel = nb.ChatPanel(nb.Model("demo:demo-fast", price=(1e6, 2e6)))
    try:
        told = {"demo:demo-fast": "your own price", "demo": "Demo: there is no model behind it"}
        for model, source in told.items():
            panel.model = model
            panel.ask("hello there")
            assert panel.wait(20)
            assert panel.value.price_source == source
    finally:
        panel.close()


def test_a_model_s_price_is_checked_and_travels():
    """When it is made; it is pickled and compared with it."""
    with pytest.raises(InvalidParameterError, match="price= is 5"):
        nb.Model("openai:x", price=5)
    model = nb.Model("openai:x", price={"input": 1, "output": 2, "cached": 0.1})
    assert pickle.loads(pickle.dumps(model)).price == model.price == Price(input=1, output=2, cached=0.1)  # noqa: S301


def test_a_comparison_has_costs(own):
    """In its columns, by the same rules; what is unknown is missing."""
    own.write_text('"openaitemplate:upper" = [1, 1]\n')
    with serve() as server:
        models = [nb.Model(f"OpenaiTemplate:{name}", api_base=server.api_base) for name in ("echo", "upper")]
        df = nb.compare("hello there", models=["Demo:demo-fast", *models])
    assert list(df.cost_usd.isna()) == [False, True, False]
    assert df.cost_usd[2] == pytest.approx(4e-6)
    assert df.price_source[2] == "prices.toml"
