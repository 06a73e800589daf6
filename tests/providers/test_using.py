"""`nb.use`: one choice for the session, over the settings and under what a call says."""

from __future__ import annotations

import pytest

import g4f_nb as nb
from g4f_nb import settings
from g4f_nb.errors import (
    InvalidParameterError,
    NoProviderError,
    ProviderNotFoundError,
    UnknownParameterError,
)
from g4f_nb.providers import Demo, Groq, Ollama, OpenAI, OpenaiTemplate
from g4f_nb.providers.calling import locate
from g4f_nb.questions import prepare
from g4f_nb.testing import serve

THERE = "http://localhost:1/v1"


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    yield
    nb.use(None)
    settings.set_notebook_layer({})


def _names(found):
    return found.provider, found.model, found.chosen_by


def test_what_is_used_answers_where_a_call_names_no_provider():
    """Provider and model, or the default model; a bare name is a model of the provider in use."""
    nb.use("groq:llama")
    assert _names(nb.resolve()) == (Groq, "llama", "nb.use")
    assert _names(nb.resolve("other:8b")) == (Groq, "other:8b", "nb.use")
    assert _names(nb.resolve("demo")) == (Demo, "demo", "the call")
    assert _names(nb.resolve("x", provider="ollama")) == (Ollama, "x", "the call")
    assert _names(nb.resolve(provider="ollama"))[:2] == (Ollama, "")
    nb.use("groq")
    assert nb.resolve().model == Groq.default_model
    nb.use(provider="ollama")
    assert _names(nb.resolve("llama3:8b")) == (Ollama, "llama3:8b", "nb.use")


def test_a_name_without_provider_is_one_of_the_provider_in_use():
    """Also for `use` itself; where nothing is in use it is an error, and nothing changes."""
    for name, words in (("llama3", "'llama3' names no provider"), ("grok", "did you mean 'Groq'")):
        with pytest.raises(NoProviderError, match=words):
            nb.use(name)
    assert nb.use().where is None
    nb.use("ollama", temperature=0)
    nb.use("llama3:8b")
    assert _names(nb.resolve()) == (Ollama, "llama3:8b", "nb.use")
    assert locate(None)[1]["temperature"] == 0
    nb.use("groq")
    assert "temperature" not in nb.providers.models.model.used().options


def test_it_lies_over_the_settings_and_resetting_brings_them_back(monkeypatch):
    """Environment and notebook; nb.use(None) is "no more"."""
    monkeypatch.setenv("G4F_NB_PROVIDER", "ollama")
    monkeypatch.setenv("G4F_NB_MODEL", "llama3")
    settings.set_notebook_layer({"model": "qwen"})
    nb.use("demo")
    assert _names(nb.resolve()) == (Demo, "demo", "nb.use")
    assert "chosen by the setting provider" in repr(nb.use(None))
    assert _names(nb.resolve()) == (Ollama, "qwen", "the setting provider")


def test_options_lie_under_a_call_s_own():
    """They go along to the provider in use; a new address leaves behind what was given for the old one."""
    nb.use("openai:m", temperature=0, api_base=THERE, api_key="planted", headers={"X": "planted"})
    where, given = locate(None, temperature=1, seed=2)
    assert (where.host, where.key, given["temperature"], given["seed"]) == (THERE, "api_key=", 1, 2)
    assert locate("other")[0].host == THERE
    assert nb.resolve().host == nb.resolve("other").host == THERE
    elsewhere = locate(None, api_base="http://localhost:2/v1")
    assert (elsewhere[0].key, elsewhere[1].get("headers"), elsewhere[1]["temperature"]) == (None, None, 0)
    for named in (locate("ollama"), locate("x", provider="ollama"), locate(Demo)):
        assert not {"temperature", "headers", "api_key"} & named[1].keys()
    mine = locate(nb.Model("special", seed=3))
    assert (mine[0].model, mine[0].host, mine[1]["seed"], mine[1]["temperature"]) == ("special", THERE, 3, 0)


def test_a_model_a_class_and_a_text_can_be_used():
    """Whatever names a model."""

    class Mine(OpenaiTemplate):
        api_base = THERE

    nb.use(Mine)
    assert _names(nb.resolve("m")) == (Mine, "m", "nb.use")
    nb.use(nb.Model("openai:m", api_base=THERE, api_key="planted"), seed=1)
    assert _names(nb.resolve()) == (OpenAI, "m", "nb.use")
    assert nb.resolve().key == "api_key="
    nb.use("m", provider=Mine)
    assert _names(nb.resolve()) == (Mine, "m", "nb.use")


def test_as_a_context_manager_it_holds_inside_only():
    """Also when that ends with an error, and nested."""
    nb.use("groq:a")
    with nb.use("demo"), nb.use("ollama:b") as using:
        assert _names(nb.resolve()) == (Ollama, "b", "nb.use")
        assert using.where.model == "b"
    assert nb.resolve().model == "a"
    with nb.use(None):
        assert "no provider is chosen" in repr(nb.use())
    assert nb.resolve().model == "a"
    with pytest.raises(ZeroDivisionError), nb.use("demo"):
        _ = 1 / 0
    assert nb.resolve().model == "a"


def test_it_shows_what_is_in_use(monkeypatch):
    """Provider, model, host, options by name, where the key is from, and what to do if there is none."""
    shown = repr(nb.use("groq:llama", temperature=0, seed=1))
    assert shown == (
        "using Groq:llama at https://api.groq.com/openai/v1, with seed, temperature "
        "(key: none — set GROQ_API_KEY; chosen by nb.use)"
    )
    monkeypatch.setenv("GROQ_API_KEY", "planted")
    assert "key: the environment variable GROQ_API_KEY" in repr(nb.use())
    assert repr(nb.use("demo")) == "using Demo:demo (key: none needed; chosen by nb.use)"
    html = nb.use("openai:m", api_base=f"{THERE}?k=planted", api_key="planted")._repr_html_()
    assert THERE in html
    assert "options" in html
    assert "planted" not in html + repr(nb.use()) + repr(nb.providers.models.model.used())


def test_a_model_that_is_nearly_a_provider_is_told(capsys):
    """Once; what is longer than a provider's name, or begins like it, is more often a model."""
    nb.use("ollama:llama3.2")
    for model in ("deepseek-r1", "llama3"):
        nb.use(model)
    assert not capsys.readouterr().err
    nb.use("grok")
    assert nb.resolve().model == "grok"
    assert "'grok' is used as a model of Ollama; the provider is written 'Groq'" in capsys.readouterr().err


def test_nothing_in_use_is_told_with_what_is_ready():
    """Demo does not step in for the asking."""
    shown = nb.use()
    assert repr(shown).startswith("no provider is chosen: write it as provider:model")
    assert "Demo" in shown._repr_html_()
    assert shown.where is None


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        (((), {"provider": "grok"}), ProviderNotFoundError, "did you mean 'Groq'"),
        ((("groq",), {"temprature": 0}), UnknownParameterError, "temperature"),
        ((("groq",), {"messages": []}), UnknownParameterError, "messages= belongs to a call"),
        ((("groq",), {"stream": True}), UnknownParameterError, "stream= belongs to a call"),
        (((), {"temperature": 0}), UnknownParameterError, "name the model as well"),
        (((["groq"],), {}), InvalidParameterError, "one model at a time"),
    ],
)
def test_a_mistake_changes_nothing(given, error, words):
    """It is refused where it is made."""
    nb.use("demo")
    with pytest.raises(error, match=words):
        nb.use(*given[0], **given[1])
    assert nb.resolve().provider is Demo


def test_every_way_of_asking_uses_it():
    """`ask`, a comparison, a panel; a comparison still names its models."""
    with serve() as server:
        nb.use("OpenaiTemplate:upper", api_base=server.api_base)
        assert nb.ask("hello").text == "HELLO"
        assert nb.ask("hello", "echo").text == "hello"
        assert list(nb.compare("hello", ["echo", "upper"], progress=False)["answer"]) == ["hello", "HELLO"]
        panel = nb.ChatPanel()
        panel.ask("hi")
        assert panel.wait(10)
        assert panel.value.text == "HI"
        panel.close()
    assert prepare("x").where.chosen_by == "nb.use"


def test_a_model_is_a_key_of_a_dict():
    """Two that are equal are one; options that have no hash are in no way."""
    one, two = (nb.Model("groq:x", tools=[{"type": "function"}], label="mine") for _ in range(2))
    assert {one: 1}[two] == 1
    assert len({one, two, nb.Model("groq:x")}) == 2


def test_the_way_back_is_told():
    """Whoever looks for a `reset=` hears of `None`."""
    with pytest.raises(nb.errors.UnknownParameterError, match=r"nb\.use\(None\) goes back to the settings"):
        nb.use(reset=True)


def test_an_address_alone_is_that_of_a_compatible_server():
    """As with `--api-base` in a cell: in every way of asking, where nobody is named, used or set."""
    with serve() as server:
        there = {"api_base": server.api_base}
        assert nb.ask("hello", "upper", **there).text == "HELLO"
        assert "".join(nb.stream("hello", "upper", **there)) == "HELLO"
        model = nb.Model("upper", **there)
        assert nb.ask("hello", model).text == "HELLO"
        assert nb.Conversation(model="upper", **there).ask("hello").text == "HELLO"
        assert nb.compare("hello", [model], progress=False)["answer"].tolist() == ["HELLO"]
        assert _names(nb.resolve("upper", **there)) == (OpenaiTemplate, "upper", "api_base=")
        with pytest.raises(ProviderNotFoundError, match="did you mean 'Groq:upper'"):
            nb.ask("hello", "grooq:upper", **there)
        with nb.use("upper", **there):
            assert nb.ask("hello").text == "HELLO"
    nb.use("ollama:a")
    assert _names(nb.resolve("b", api_base=THERE)) == (Ollama, "b", "nb.use")


def test_a_model_that_a_closed_list_does_not_have_is_not_chosen():
    """Each question to it would be refused; what was in use stays."""
    nb.use("demo:demo-fast")
    with pytest.raises(nb.errors.ModelNotSupportedError, match="Demo has no model 'dem'"):
        nb.use("Demo:dem")
    assert _names(nb.resolve()) == (Demo, "demo-fast", "nb.use")
