"""Tables of providers and models: what they say, and whom they ask."""

from __future__ import annotations

import asyncio
from functools import partial

import pandas as pd
import pytest
from small_server import web

import g4f_nb as nb
from g4f_nb import errors
from g4f_nb.keys import list_keys
from g4f_nb.listings import surveying
from g4f_nb.providers import AsyncGeneratorProvider, Groq, OpenaiTemplate
from g4f_nb.providers.finding import homes
from g4f_nb.providers.finding.discovery import find_local, local_base
from g4f_nb.providers.finding.known import everything
from g4f_nb.providers.models.model import set_used
from g4f_nb.providers.services.rows import rows
from g4f_nb.testing import serve, serve_gigachat


@pytest.fixture(autouse=True)
def _alone(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("G4F_NB_CONFIG_DIR", str(tmp_path))
    # Whatever runs on the machine of the tests is not asked.
    for row in rows().values():
        for name in row.api_base_env[:1] if row.local else ():
            monkeypatch.setenv(name, "http://127.0.0.1:1/v1")
    yield
    set_used(None)


@pytest.fixture
def no_network(monkeypatch):
    """Nobody is contacted."""
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("contacted"))
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: pytest.fail("looked up"))


def _of(frame, name):
    (line,) = frame[frame["name"] == name].to_dict("records")
    return line


@pytest.mark.usefixtures("no_network")
def test_every_provider_is_listed_and_nobody_is_asked(monkeypatch):
    """With nullable columns; the key is told by its place."""
    monkeypatch.setenv("GROQ_API_KEY", "planted")
    frame = nb.list_providers()
    assert {*homes.PROVIDERS, *(row.class_name for row in rows().values())} <= set(frame["name"])
    groq, openai = _of(frame, "Groq"), _of(frame, "OpenAI")
    assert (groq["key"], groq["key_from"]) == (True, "the environment variable GROQ_API_KEY")
    assert (groq["ready"], groq["host"]) == (True, "https://api.groq.com/openai/v1")
    assert (groq["tools"], groq["context"], groq["checked"]) == (True, 131072, True)
    assert (openai["key"], openai["ready"]) == (False, False)
    assert openai["problem"] == "no key: set OPENAI_API_KEY"
    ollama = _of(frame, "Ollama")
    assert (ollama["local"], ollama["ready"], ollama["running"]) == (True, None, None)
    demo = _of(frame, "Demo")
    assert (demo["ready"], demo["tools"], demo["vision"]) == (True, True, None)
    assert "planted" not in frame.to_csv()
    assert str(frame["key"].dtype) == "boolean"
    assert str(frame["context"].dtype) == "Int64"
    assert str(frame["latency_ms"].dtype) == "Float64"
    assert str(frame["host"].dtype) == "string"


@pytest.mark.usefixtures("no_network")
def test_columns_filter(monkeypatch):
    """By keyword; what is not known is neither."""
    monkeypatch.setenv("GROQ_API_KEY", "k")
    ready = nb.list_providers(ready=True)
    assert list(ready["name"]) == ["Demo", "Groq"]
    assert list(ready.index) == [0, 1]
    assert "Perplexity" not in set(nb.list_providers(tools=True)["name"])
    assert list(nb.list_providers(tools=False)["name"]) == ["Perplexity"]
    assert not nb.list_providers(local=False)["local"].any()
    assert list(nb.list_providers("groq", OpenaiTemplate, "demo")["name"]) == [
        "Groq",
        "OpenaiTemplate",
        "Demo",
    ]
    with pytest.raises(errors.UnknownParameterError, match="no parameter 'redy': did you mean 'ready'"):
        nb.list_providers(redy=True)
    with pytest.raises(errors.ProviderNotFoundError, match="did you mean 'Groq'"):
        nb.list_providers("grok")


@pytest.mark.usefixtures("no_network")
def test_an_address_that_is_missing_is_a_problem(monkeypatch):
    """It is told in its row, and the key is looked for all the same."""
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "k")
    line = _of(nb.list_providers(), "AzureOpenAI")
    assert (line["ready"], line["key"], line["host"]) == (False, True, None)
    assert line["problem"] == "no address: set AZURE_OPENAI_ENDPOINT"


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("base", ["ftp://x", "no address", "https://", "http://a b/v1", "http://u:pw@h/v1"])
@pytest.mark.parametrize("where", ["OPENAI_BASE_URL", "OLLAMA_API_BASE", "AZURE_OPENAI_ENDPOINT"])
def test_a_variable_that_holds_no_address_costs_one_provider_not_the_list(monkeypatch, where, base):
    """The problem of that one names the variable; keys, questions to others and their lists go on."""
    monkeypatch.setenv(where, base)
    monkeypatch.setenv(where.partition("_")[0] + "_API_KEY", "k")
    frame = nb.list_providers()
    broken = frame[frame["problem"].fillna("").str.contains(f"variable {where}: ", regex=False)]
    assert 1 <= len(broken) <= 3
    assert not broken["ready"].fillna(value=False).any()
    assert "pw" not in " ".join(broken["problem"])
    assert nb.ask("hello", "Demo").text
    assert "%g4f key" in repr(list_keys())
    assert all(local_base(known.row) is None or known.row.local for known in everything() if known.row)
    with pytest.raises(errors.G4FError, match=where):
        nb.ask("hello", f"{broken['name'].iloc[0]}:any")


@pytest.mark.usefixtures("no_network")
def test_one_s_own_are_listed_with_whose_they_are(tmp_path):
    """What is wrong with one is told in its row."""
    (tmp_path / "providers.toml").write_text("[bad]\nx = 1\n[infile]\napi_base = 'http://127.0.0.1:1/v1'")
    nb.register("mybox", api_base="https://mybox.invalid/v1", api_key_env="MYBOX_KEY")
    frame = nb.list_providers()
    assert _of(frame, "Mybox")["source"] == "this session"
    assert _of(frame, "Mybox")["problem"] == "no key: set MYBOX_KEY"
    assert _of(frame, "Infile")["source"] == str(tmp_path / "providers.toml")
    assert "[bad] has the key 'x'" in _of(frame, "bad")["problem"]
    assert not _of(frame, "bad")["ready"]


def test_the_last_error_is_told():
    """Of any way of asking; it holds no key."""
    with serve() as server:
        nb.register("mybox", api_base=server.api_base, api_key_env="MYBOX_KEY", needs_auth=False)
        with pytest.raises(errors.MissingAuthError):
            nb.ask("hello", "mybox:leak", api_key="planted-key")
    line = _of(nb.list_providers(), "Mybox")
    assert line["last_error"].startswith("MissingAuthError: Error 401")
    assert "planted" not in line["last_error"]
    assert pd.Timestamp.now("UTC") - line["last_error_at"] < pd.Timedelta(minutes=5)


# ---- on request ------------------------------------------------------------------------------------


def test_local_servers_are_looked_for_on_request(monkeypatch):
    """Which run, and how many models they offer; one that no row knows is told with its address."""
    # Longer than a person waits: this machine may be busy.
    monkeypatch.setattr(surveying, "find_local", partial(find_local, within=10))
    models = {"data": [{"id": "a", "owned_by": "library"}, {"id": "b"}]}
    with web(lambda _: (200, models)) as ollama, serve(models=["m"]) as other:
        monkeypatch.setenv("OLLAMA_API_BASE", f"{ollama.address}/v1")
        monkeypatch.setenv("VLLM_API_BASE", other.api_base)
        frame = nb.list_providers(local=True)
        running = nb.list_providers(local=True, ready=True)
    assert frame["local"].all()
    line = _of(frame, "Ollama")
    assert (line["running"], line["ready"], line["models"]) == (True, True, 2)
    assert not _of(frame, "LMStudio")["running"]
    unknown = _of(frame, "OpenaiTemplate")
    assert (unknown["host"], unknown["models"]) == (other.api_base, 1)
    assert "no row knows (g4f_nb)" in unknown["label"]
    assert list(running["name"]) == ["Ollama", "OpenaiTemplate"]


def test_a_running_server_is_never_chosen_by_itself(monkeypatch):
    """It is listed."""
    with web(lambda _: (200, {"data": []})) as server:
        monkeypatch.setenv("OLLAMA_API_BASE", f"{server.address}/v1")
        with pytest.raises(errors.NoProviderError):
            nb.ask("hello")
        assert server.seen == []


def test_a_check_asks_those_that_are_kept(monkeypatch):
    """How long each took, how many models it has, or what went wrong."""
    with serve(api_key="right") as server:
        for name, key in (("good", "right"), ("bad", "wrong")):
            monkeypatch.setenv(f"{name.upper()}_KEY", key)
            nb.register(name, api_base=server.api_base, api_key_env=f"{name.upper()}_KEY")
        nb.register("keyless", api_base="https://nobody.invalid/v1", api_key_env="NO_SUCH_KEY")
        frame = nb.list_providers("good", "bad", "keyless", "demo", "perplexity", check=True)
        assert [request.path for request in server.requests] == ["/v1/models"] * 2
    good, bad = _of(frame, "Good"), _of(frame, "Bad")
    assert good["latency_ms"] > 0
    assert (good["models"], good["working"]) == (len(server.models), True)
    assert (bad["working"], bad["ready"], bad["latency_ms"]) == (False, False, None)
    assert "Error 401" in bad["problem"]
    assert _of(frame, "Keyless")["problem"] == "no key: set NO_SUCH_KEY"
    assert _of(frame, "Demo")["latency_ms"] is None


@pytest.mark.clock
def test_a_check_waits_for_nobody_for_long():
    """A silent host is told as silent."""
    with serve(latency=30) as server:
        nb.register("slow", api_base=server.api_base)
        line = _of(nb.list_providers("slow", check=True, timeout=0.2), "Slow")
    assert "did not list its models within 0.2 s" in line["problem"]


# ---- models ----------------------------------------------------------------------------------------


def test_models_are_listed_as_one_writes_them(monkeypatch):
    """Of one provider, of several, of the one in use."""
    with serve(models=["Llama-b", "a"]) as server:
        monkeypatch.setenv("GROQ_BASE_URL", server.api_base)
        monkeypatch.setenv("GROQ_API_KEY", "k")
        frame = nb.list_models("groq")
        assert list(frame["name"]) == ["Groq:Llama-b", "Groq:a"]
        assert list(nb.list_models(Groq, match="llama")["model"]) == ["Llama-b"]
        assert len(server.requests) == 1, "the list is kept"
        nb.list_models("groq", refresh=True)
        assert len(server.requests) == 2
        both = nb.list_models("groq", "demo")
        assert set(both["provider"]) == {"Groq", "Demo"}
        nb.use("groq")
        assert list(nb.list_models()["provider"]) == ["Groq", "Groq"]
        mine = nb.Model("OpenaiTemplate", api_base=server.api_base, api_key="other")
        assert len(nb.list_models(mine)) == 2
        assert server.requests[-1].headers["Authorization"] == "Bearer other"
    assert str(frame["context"].dtype) == "Int64"


def test_a_list_is_asked_for_where_and_how_the_model_s_calls_go(capsys):
    """With all options that say where a call goes and how it gets there; with nothing of them elsewhere."""
    with serve_gigachat(tls=True) as server:
        options = {"api_base": server.api_base, "auth_url": server.auth_url, "api_key": server.key}
        mine = nb.Model("gigachat", ca_bundle_file=server.ca_file, temperature=1, **options)
        frame = nb.list_models(mine)
        assert "GigaChat:GigaChat-2-Max" in list(frame["name"])
        assert [seen.path for seen in server.requests] == ["/api/v2/oauth", "/api/v1/models"]
    assert capsys.readouterr().err == ""


def test_what_the_server_says_of_its_models_is_told():
    """Under whichever name it gives it; what it does not say is NA."""
    entries = [
        {"id": "a", "context_length": 8192, "architecture": {"input_modalities": ["text", "image"]}},
        {"id": "b", "max_model_len": 4096, "owned_by": "vllm", "created": 1700000000},
        {"id": "c", "meta": {"n_ctx_train": 2048}, "context_window": None, "created": "yesterday"},
        {"id": "d", "created": 1700000000000},
        {"id": "e", "created": 10**18},
    ]
    with web(lambda _: (200, {"data": entries})) as server:
        nb.register("mybox", api_base=server.address)
        frame = nb.list_models("mybox")
    assert list(frame["context"].fillna(0)) == [8192, 4096, 2048, 0, 0]
    assert list(frame["vision"]) == [True, False, False, False, False]
    assert frame["makes_images"].isna().all()
    assert list(frame["owner"].fillna("")) == ["", "vllm", "", "", ""]
    assert list(frame["created"].notna()) == [False, True, False, True, False]
    assert frame["created"][1] == frame["created"][3] == pd.Timestamp("2023-11-14T22:13:20Z")


def test_models_of_one_that_fails(monkeypatch, capsys):
    """Alone it is an error; among others it is told."""
    nb.register("down", api_base="http://127.0.0.1:1/v1")
    with pytest.raises(errors.ConnectionFailedError):
        nb.list_models("down")
    assert set(nb.list_models("down", "demo")["provider"]) == {"Demo"}
    assert "Down could not list its models: nothing answers" in capsys.readouterr().err
    with pytest.raises(errors.MissingAuthError, match="GROQ_API_KEY"):
        nb.list_models("groq")


def test_a_provider_without_a_list():
    """It has no models to show."""

    class Parrot(AsyncGeneratorProvider):
        @classmethod
        async def create_async_generator(cls, model, messages, stream=True, **kwargs):
            yield ""

    assert nb.list_models(Parrot).empty


def test_there_are_forms_for_await(monkeypatch):
    """The same tables."""
    with serve(models=["m"]) as server:
        nb.register("mybox", api_base=server.api_base)

        async def go():
            providers = await nb.list_providers_async("mybox", check=True)
            return providers, await nb.list_models_async("mybox")

        providers, models = asyncio.run(go())
    assert _of(providers, "Mybox")["models"] == 1
    assert list(models["name"]) == ["Mybox:m"]
