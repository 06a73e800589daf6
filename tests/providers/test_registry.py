"""From what a user writes to provider, host, key and model: one function, and it can be asked."""

from __future__ import annotations

import pytest
from IPython.lib.pretty import pretty

from g4f_nb import settings
from g4f_nb.asking import ask
from g4f_nb.calls import Host
from g4f_nb.errors import MissingAuthError, NoProviderError, ProviderNotFoundError, UnknownParameterError
from g4f_nb.providers import AsyncProvider, Demo, Groq, Ollama, OpenAI, OpenaiTemplate
from g4f_nb.providers.calling import locate
from g4f_nb.providers.catalog import catalog
from g4f_nb.providers.models.model import Model
from g4f_nb.providers.registry import find_provider, provider_names, ready, resolve
from g4f_nb.providers.services.rows import rows
from g4f_nb.questions import prepare
from g4f_nb.secret import Secret

GROQ_HOST = "https://api.groq.com/openai/v1"


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    yield
    settings.set_notebook_layer({})


@pytest.fixture
def groq(monkeypatch):
    """Groq's key is set, and no other."""
    monkeypatch.setenv("GROQ_API_KEY", "planted-groq-key")


def _names(found):
    return found.provider, found.model


@pytest.mark.parametrize(
    ("name", "cls"),
    [
        ("Groq", Groq),
        ("groq", Groq),
        ("GROQ", Groq),
        ("openai", OpenAI),
        ("OpenAI", OpenAI),
        ("demo", Demo),
        ("OpenaiTemplate", OpenaiTemplate),
        (Groq, Groq),
        (AsyncProvider, AsyncProvider),
    ],
)
def test_a_provider_is_found_by_its_name_in_any_case(name, cls):
    """And a class is taken as it is."""
    assert find_provider(name) is cls


def test_every_listed_name_is_found():
    """By class name and by the row's name."""
    assert [find_provider(name).__name__ for name in provider_names()] == provider_names()
    assert all(find_provider(name) is catalog()[row.class_name] for name, row in rows().items())


@pytest.mark.parametrize(("typo", "meant"), [("Grok", "Groq"), ("opnai", "OpenAI"), ("Olama", "Ollama")])
def test_a_typo_is_told_with_the_nearest_name(typo, meant):
    """Where something is near; else all names are told."""
    with pytest.raises(ProviderNotFoundError, match=f"no provider named '{typo}': did you mean '{meant}'"):
        find_provider(typo)
    with pytest.raises(ProviderNotFoundError, match="there are Demo, OpenaiTemplate"):
        find_provider("zzz")
    with pytest.raises(ProviderNotFoundError, match="derive it from AsyncGeneratorProvider"):
        find_provider(int)
    with pytest.raises(ProviderNotFoundError, match=r"that is Demo and a model of it, which goes .* model="):
        find_provider("demo:demo-fast")


@pytest.mark.usefixtures("groq")
@pytest.mark.parametrize(
    ("text", "provider", "model"),
    [
        ("groq:llama-3.3-70b", Groq, "llama-3.3-70b"),
        ("GROQ:llama-3.3-70b", Groq, "llama-3.3-70b"),
        (" groq : llama ", Groq, "llama"),
        ("groq", Groq, "openai/gpt-oss-120b"),
        ("groq:", Groq, "openai/gpt-oss-120b"),
        ("groq:org/model:free", Groq, "org/model:free"),
        ("ollama:llama3:8b", Ollama, "llama3:8b"),
        ("ollama", Ollama, ""),
        ("demo", Demo, "demo"),
        ("demo:demo-fast", Demo, "demo-fast"),
        ("llama3:8b", Groq, "llama3:8b"),
        ("deepseek-r1:free", Groq, "deepseek-r1:free"),
        ("some-model", Groq, "some-model"),
        (Groq, Groq, "openai/gpt-oss-120b"),
        (Demo, Demo, "demo"),
        (None, Groq, "openai/gpt-oss-120b"),
        ("", Groq, "openai/gpt-oss-120b"),
    ],
)
def test_names_are_split_at_the_first_colon_after_a_provider(text, provider, model):
    """Any other word is a model of the current provider, here the only one with a key."""
    assert _names(resolve(text)) == (provider, model)


@pytest.mark.usefixtures("groq")
def test_provider_beside_model():
    """`provider=` decides; a model that repeats the name is not sent with it."""
    assert _names(resolve("llama3:8b", provider="ollama")) == (Ollama, "llama3:8b")
    assert _names(resolve("groq:x", provider="groq")) == (Groq, "x")
    assert _names(resolve("groq:x", provider="ollama")) == (Ollama, "groq:x")
    assert _names(resolve(provider=Demo)) == (Demo, "demo")


def test_a_resolution_shows_all_but_the_key(monkeypatch):
    """Provider, host, model, and where the key comes from, by name."""
    monkeypatch.setenv("GROQ_API_KEY", "planted-groq-key")
    shown = repr(resolve("groq:llama"))
    assert shown == (
        "Resolution(provider=Groq, model='llama', host='https://api.groq.com/openai/v1' "
        "(from the provider's own address), "
        "key: the environment variable GROQ_API_KEY; chosen by the call)"
    )
    assert "planted" not in repr(resolve("groq:llama", api_key="planted"))
    assert "key: none needed" in repr(resolve("ollama"))
    assert "(the server decides)" in repr(resolve("ollama"))
    found = resolve("groq:llama", api_base="http://localhost:1/v1")
    assert (found.host, found.key) == ("http://localhost:1/v1", None)
    assert resolve("groq:llama", api_base="http://localhost:1/v1", api_key="k").key == "api_key="


@pytest.mark.usefixtures("groq")
@pytest.mark.parametrize("name", ["groq:llama", "ollama", "demo:demo-slow", "ollama:llama3:8b"])
def test_a_label_resolves_to_the_same_again(name):
    """It is what a table shows."""
    found = resolve(name)
    assert _names(resolve(found.label)) == _names(found)


def test_a_missing_key_is_told_when_resolving():
    """It is shown with what to do and raises nothing; a call raises, before anything is sent."""
    found = resolve("groq")
    assert (found.host, found.key) == (GROQ_HOST, None)
    assert "key: none — set GROQ_API_KEY" in repr(found)
    assert "set the environment variable GROQ_API_KEY" in found.missing
    assert "%g4f key Groq" in found.missing
    for asked in (lambda: prepare("hello", "groq"), lambda: locate("groq")):
        with pytest.raises(MissingAuthError, match=r"set the environment variable GROQ_API_KEY .*Demo"):
            asked()


def test_why_a_host_gets_no_key(monkeypatch):
    """A key that is set and is not for this host is told from one that nobody needs."""
    monkeypatch.setenv("GROQ_API_KEY", "planted")
    shown = repr(resolve("groq:m", api_base="http://localhost:1/v1"))
    assert "key: none — GROQ_API_KEY goes to Groq's own address only; api_key= goes here" in shown

    class Mine(OpenaiTemplate):
        api_base = "http://localhost:1/v1"
        needs_auth = True

    assert "key: none — pass api_key=" in repr(resolve(Mine))
    assert "OPENAI_API_KEY" not in repr(resolve(Mine)) + (resolve(Mine).missing or "")


# ---- who answers when nobody is named --------------------------------------------------------------


@pytest.mark.usefixtures("groq")
def test_the_setting_wins_over_the_key(monkeypatch):
    """From the environment and from the notebook; a setting of the model may name the provider, too."""
    monkeypatch.setenv("G4F_NB_PROVIDER", "demo")
    assert _names(resolve("demo-fast")) == (Demo, "demo-fast")
    assert resolve().chosen_by == "the setting provider"
    settings.set_notebook_layer({"model": "ollama:llama3:8b"})
    assert _names(resolve()) == (Ollama, "llama3:8b")
    assert resolve().chosen_by == "the setting model"
    settings.set_notebook_layer({"model": "demo-slow"})
    assert _names(resolve()) == (Demo, "demo-slow")
    assert _names(resolve("groq:x")) == (Groq, "x")


def test_a_bare_name_is_a_model_of_the_provider_that_the_settings_name(monkeypatch):
    """Also where the provider stands before the setting's model."""
    settings.set_notebook_layer({"model": "ollama:llama3:8b"})
    assert _names(resolve("qwen")) == (Ollama, "qwen")
    monkeypatch.setenv("G4F_NB_PROVIDER", "demo")
    assert _names(resolve("qwen")) == (Ollama, "qwen")
    settings.set_notebook_layer({"model": "llama3:8b"})
    assert _names(resolve()) == (Demo, "llama3:8b")
    monkeypatch.delenv("G4F_NB_PROVIDER")
    with pytest.raises(NoProviderError, match="'llama3:8b' names no provider"):
        resolve()


def test_a_resolution_in_a_notebook(monkeypatch):
    """A table in text and in HTML, without the key; in a list it stays one line."""
    monkeypatch.setenv("GROQ_API_KEY", "planted")
    found = resolve("groq:<b>llama</b>", api_base=f"{GROQ_HOST}?k=planted")
    assert pretty(found) == (
        "provider  Groq, chosen by the call\n"
        "model     <b>llama</b>\n"
        f"host      {GROQ_HOST} (from api_base=)\n"
        "key       the environment variable GROQ_API_KEY"
    )
    assert "&lt;b&gt;llama&lt;/b&gt;" in found._repr_html_()
    assert pretty([found]).count("\n") == 0
    assert "planted" not in found._repr_html_() + pretty(found) + pretty([found]) + f"{found.host}"


@pytest.mark.usefixtures("groq")
def test_exactly_one_dedicated_key_chooses_and_says_so_once(capsys):
    """With its host and where the key is from; never the key."""
    assert resolve().provider is Groq
    assert resolve().chosen_by == "the only key that is set"
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "using Groq at https://api.groq.com/openai/v1, for the environment variable GROQ_API_KEY" in told
    assert "planted" not in told


def test_two_keys_choose_nobody(monkeypatch, groq):
    """It is not ours to prefer one; the error lists what is ready."""
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    for interactive in (False, True):
        with pytest.raises(
            NoProviderError,
            match="ready are Demo, OpenAI, OpenAIResponses, Groq, and what runs on this machine, like Ollama",
        ):
            resolve(interactive=interactive)


@pytest.mark.parametrize(
    "name",
    ["GITHUB_TOKEN", "HF_TOKEN", "WANDB_API_KEY", "DATABRICKS_TOKEN", "GOOGLE_API_KEY", "AZURE_API_KEY"],
)
def test_a_key_that_also_means_something_else_chooses_nobody(monkeypatch, name):
    """It opens more than models: whoever has it need not mean that service; nor are local servers chosen."""
    monkeypatch.setenv(name, "k")
    with pytest.raises(NoProviderError, match="set G4F_NB_PROVIDER; ready are Demo"):
        resolve()
    monkeypatch.setenv("GROQ_API_KEY", "k")
    assert resolve().provider is Groq


def test_demo_steps_in_only_where_a_user_looks_on(capsys):
    """In an interactive notebook, saying so; a script gets the error."""
    with pytest.raises(NoProviderError, match="no provider is chosen"):
        resolve()
    assert capsys.readouterr().err == ""
    found = resolve(interactive=True)
    assert (_names(found), found.host) == ((Demo, "demo"), None)
    assert "Demo answers, which has no model behind it" in capsys.readouterr().err


def test_demo_does_not_pretend_to_be_a_named_model():
    """A model was asked for: Demo is none."""
    for interactive in (False, True):
        with pytest.raises(NoProviderError, match="'gpt-4o' names no provider, and none is chosen"):
            resolve("gpt-4o", interactive=interactive)


@pytest.mark.parametrize(
    ("text", "meant"), [("grok:llama", "Groq:llama"), ("olama:llama3:8b", "Ollama:llama3:8b")]
)
def test_a_typo_before_the_colon_is_told(text, meant):
    """The nearest provider, with the rest as it was."""
    with pytest.raises(NoProviderError, match=f"did you mean '{meant}'"):
        resolve(text, interactive=True)


@pytest.mark.usefixtures("groq")
def test_ready_lists_what_can_be_called():
    """With a key, or without need of one; whether a local server runs is not known without asking it."""
    assert ready() == ["Demo", "Groq"]


# ---- models with settings of their own -------------------------------------------------------------


def test_a_model_carries_its_options():
    """Its base and its key count as the call's, and are not shown."""
    model = Model(
        "openai:m", label="mine", api_base="http://localhost:1/v1", api_key="planted", temperature=0
    )
    found = resolve(model)
    assert (found.provider, found.model, found.host, found.key) == (
        OpenAI,
        "m",
        "http://localhost:1/v1",
        "api_key=",
    )
    assert "planted" not in repr(model)
    assert "planted" not in repr(model.options)
    assert (model.label, model.options["temperature"]) == ("mine", 0)


def test_a_model_s_endpoint_is_its_host():
    """`api_endpoint=` counts as a base here as in a call."""
    model = Model("openai:m", api_endpoint="http://localhost:1/v1/chat/completions", api_key="k")
    assert resolve(model).host == "http://localhost:1/v1"


def test_a_provider_says_which_options_decide_where_it_goes():
    """They reach it, secrets wrapped, from `resolve` and from a question; others are refused."""
    seen = []

    class Elsewhere(AsyncProvider):
        takes_secrets = True
        host_options = ("api_base", "account", "password")

        @classmethod
        def look_up_host(cls, **given):
            seen.append(given)
            return Host(base=given.get("api_base") or "https://elsewhere.invalid", more={"account": "me"})

        @staticmethod
        async def create_async(model, messages, **kwargs):
            return f"{sorted(kwargs)} {kwargs.get('password')!r}"

    found = resolve(Elsewhere, account="me", password="planted-password")
    assert found.host == "https://elsewhere.invalid"
    where, options = locate(Model(Elsewhere, password="planted-password"), api_base="https://there.invalid")
    assert (where.host, options["account"]) == ("https://there.invalid", "me")
    assert seen[0]["password"] == Secret("planted-password")
    assert "password" not in seen[1], "it was given for another server"
    assert "planted" not in f"{seen} {options!r}"
    reply = ask("hi", Elsewhere, password="planted-password")
    assert str(reply).startswith("['account', 'api_base', 'password', 'timeout'] Secret(")
    with pytest.raises(UnknownParameterError, match=r"no parameter 'acount': did you mean 'account'"):
        resolve(Elsewhere, acount="me")
    with pytest.raises(UnknownParameterError, match="'password'"):
        resolve(Groq, password="planted-password")


def test_a_users_own_class_gets_its_key_as_text():
    """`Secret` is a type of the package; a class that does not say that it takes it never meets it."""

    class Own(AsyncProvider):
        @staticmethod
        async def create_async(model, messages, **kwargs):
            return f"{kwargs['api_key']} {kwargs['token']} {kwargs['password']}"

    assert str(ask("hi", Own, api_key="k", token="t", password=7)) == "k t 7"


@pytest.mark.parametrize("name", ["olama:llama3.2", "gorq:x", "anthropicc:y", "opnai:z"])
def test_a_slip_of_a_provider_s_name_is_asked_of_nobody(name, monkeypatch):
    """Also where one is chosen: a private text must not go to another service for a missing letter."""
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    with pytest.raises(ProviderNotFoundError, match=r"did you mean '.*:.*provider="):
        resolve(name)


@pytest.mark.parametrize(
    "name", ["mixtral:8x7b", "llama3:8b", "deepseek-r1:free", "llama:7b", "qwen3:8b", "gemma3:4b"]
)
def test_a_model_with_a_colon_is_no_slip(name, monkeypatch):
    """Names of models that look a little like a provider stay whole."""
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    assert resolve(name).model == name
