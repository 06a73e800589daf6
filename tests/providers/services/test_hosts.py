"""A key goes to the host it belongs to, and nowhere else."""

from __future__ import annotations

import asyncio

import pytest

from g4f_nb import credentials
from g4f_nb.errors import InvalidParameterError, MissingAuthError, ProviderNotWorkingError
from g4f_nb.providers import Groq, Ollama, OpenAI, OpenaiTemplate
from g4f_nb.providers.registry import resolve
from g4f_nb.providers.services import hosts
from g4f_nb.providers.services.hosts import Host, find_host, join
from g4f_nb.secret import Secret
from g4f_nb.testing import serve

HOME = "https://api.openai.com/v1"
GROQ = "https://api.groq.com/openai/v1"
MINE = "https://mine.invalid/v1"
OTHER = "https://other.invalid/v1"
HELLO = [{"role": "user", "content": "hello"}]


@pytest.fixture(autouse=True)
def _own_folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)


def _host(cls, api_base=None, api_endpoint=None, api_key=None) -> Host:
    return find_host(cls, api_base=api_base, api_endpoint=api_endpoint, api_key=api_key)


def _where(cls, **given) -> tuple[str, str | None]:
    host = _host(cls, **given)
    return host.base, host.secret and host.secret.reveal()


def _child(parent=OpenaiTemplate, name="Child", **own):
    return type(name, (parent,), own)


# ---- the bare template and OpenAI ------------------------------------------------------------------


def test_the_bare_template_is_openai_unless_told_otherwise(monkeypatch):
    """Its key and its address come from OpenAI's variables."""
    monkeypatch.setenv("OPENAI_API_KEY", "env")
    for cls in (OpenaiTemplate, OpenAI):
        assert _where(cls) == (HOME, "env")
        assert _host(cls).key_source == "the environment variable OPENAI_API_KEY"
        assert _host(cls).chosen_by == "the provider's own address"
        assert _host(cls).chat_url == f"{HOME}/chat/completions"
    monkeypatch.setenv("OPENAI_BASE_URL", "http://localhost:8000/v1/")
    for cls in (OpenaiTemplate, OpenAI):
        assert _where(cls) == ("http://localhost:8000/v1", "env")
        assert _host(cls).chosen_by == "the environment variable OPENAI_BASE_URL"
        assert _where(cls, api_base=HOME) == (HOME, "env")


def test_the_bare_template_with_a_key_or_a_base_of_its_own(monkeypatch):
    """What is written on it stays on it: example 3 of the description."""
    monkeypatch.setenv("OPENAI_API_KEY", "env")
    monkeypatch.setattr(OpenaiTemplate, "api_key", "written")
    assert _where(OpenaiTemplate) == (HOME, "written")
    assert _where(OpenAI) == (HOME, "env")
    assert _where(_child(api_base=MINE)) == (MINE, None)
    monkeypatch.setattr(OpenaiTemplate, "api_base", MINE)
    assert _where(OpenaiTemplate) == (MINE, "written")
    assert _where(OpenaiTemplate, api_base=OTHER) == (OTHER, None)
    assert _where(OpenAI) == (HOME, "env")
    monkeypatch.setattr(OpenaiTemplate, "api_key", None)
    assert _where(OpenaiTemplate) == (MINE, None)


def test_a_child_of_the_bare_template_needs_a_base(monkeypatch):
    """Without one it has no address, whatever the environment holds, and the error says what to do."""
    monkeypatch.setenv("OPENAI_API_KEY", "env")
    monkeypatch.setenv("OPENAI_BASE_URL", MINE)
    for cls in (_child(), _child(_child()), _child(api_key="own")):
        with pytest.raises(ProviderNotWorkingError, match=r"Child has no address.*api_base=") as caught:
            _host(cls)
        assert caught.value.provider == "Child"
        assert _where(cls, api_base=OTHER) == (OTHER, None)
        assert _where(cls, api_base=OTHER, api_key="k") == (OTHER, "k")


# ---- a base and its key are a pair -----------------------------------------------------------------


def test_a_child_with_its_own_base_gets_no_key_of_others(monkeypatch):
    """Neither from the environment, nor from the template, nor from the parent whose base it replaced."""
    monkeypatch.setenv("OPENAI_API_KEY", "env")
    monkeypatch.setenv("GROQ_API_KEY", "env")
    monkeypatch.setattr(OpenaiTemplate, "api_key", "bare")
    parent = _child(api_base=MINE, api_key="pair")
    assert _where(_child(api_base=MINE)) == (MINE, None)
    assert _where(_child(parent, api_base=OTHER)) == (OTHER, None)
    assert _where(_child(Groq, api_base=OTHER)) == (OTHER, None)
    assert _where(_child(parent, api_base=OTHER, api_key="own")) == (OTHER, "own")


def test_a_pair_is_inherited_as_a_pair(monkeypatch):
    """From the nearest ancestor that sets a base; a key may be renewed below it."""
    monkeypatch.setenv("OPENAI_API_KEY", "env")
    parent = _child(api_base=MINE, api_key="pair", name="Parent")
    child = _child(_child(parent))
    assert _where(child) == (MINE, "pair")
    assert _host(child).key_source == "Parent.api_key"
    assert _where(_child(parent, api_key="newer")) == (MINE, "newer")
    assert _where(_child(parent, api_key="")) == (MINE, "pair")
    assert _where(child, api_base=f"{MINE}/below") == (f"{MINE}/below", "pair")
    assert _where(child, api_base=OTHER) == (OTHER, None)


def test_a_mixin_between_changes_nothing():
    """The nearest class that sets a base counts, wherever it stands in the order of resolution."""
    mixin = type("Mixin", (), {"api_base": MINE, "api_key": "mixed"})
    assert _where(type("Child", (mixin, Groq), {})) == (MINE, "mixed")
    assert _where(type("Child", (mixin, OpenaiTemplate), {})) == (MINE, "mixed")


def test_a_child_of_a_row_keeps_the_row(monkeypatch):
    """Its base, its variables, its key; a key of its own goes to the row's hosts."""
    monkeypatch.setenv("GROQ_API_KEY", "env")
    child = _child(Groq)
    assert _where(child) == (GROQ, "env")
    assert _where(_child(Groq, api_key="own")) == (GROQ, "own")
    assert _where(_child(Groq, api_key="own"), api_base=OTHER) == (OTHER, None)
    monkeypatch.setenv("GROQ_BASE_URL", MINE)
    assert _where(child) == (MINE, "env")
    assert _where(_child(Groq, api_key="own")) == (MINE, "own")


# ---- rows ------------------------------------------------------------------------------------------


def test_a_row_s_key_goes_to_the_row_s_hosts_only(monkeypatch):
    """The row's base and its base variable; another base gets a key only together with the call."""
    monkeypatch.setenv("GROQ_API_KEY", "env")
    assert _where(Groq) == (GROQ, "env")
    assert _where(Groq, api_base="https://api.groq.com/other") == ("https://api.groq.com/other", "env")
    foreign = [OTHER, "http://api.groq.com/openai/v1", "https://api.groq.com:8443/v1", "https://groq.com/v1"]
    foreign += ["https://api.groq.com.evil.invalid/v1"]
    for base in foreign:
        assert _where(Groq, api_base=base) == (base, None)
        assert _where(Groq, api_base=base, api_key="k") == (base, "k")
    monkeypatch.setenv("GROQ_BASE_URL", MINE)
    assert _where(Groq, api_base=GROQ) == (GROQ, "env")
    assert _where(Groq, api_base=OTHER) == (OTHER, None)


def test_one_row_s_key_is_no_other_s(monkeypatch):
    """OpenAI's key is not sent to Groq."""
    monkeypatch.setenv("OPENAI_API_KEY", "env")
    with pytest.raises(MissingAuthError):
        _host(Groq)
    monkeypatch.setenv("GROQ_API_KEY", "groq")
    assert _where(OpenAI, api_base=GROQ) == (GROQ, None)


def test_a_row_whose_base_was_replaced_is_another_host(monkeypatch):
    """Also when that happens on the class itself, later."""
    monkeypatch.setenv("GROQ_API_KEY", "env")
    monkeypatch.setattr(Groq, "api_base", OTHER)
    assert _where(Groq) == (OTHER, None)
    assert _where(_child(Groq)) == (OTHER, None)


@pytest.mark.parametrize("base", ["", "   "])
def test_an_empty_base_variable_is_none(monkeypatch, base):
    """`OPENAI_BASE_URL=` in a shell script means nothing."""
    monkeypatch.setenv("OPENAI_BASE_URL", base)
    assert _where(OpenAI, api_key="k") == (HOME, "k")


def test_a_base_that_is_no_address_is_told():
    """Before anything is sent."""
    with pytest.raises(InvalidParameterError, match="'localhost:8000' is no web address"):
        _host(OpenAI, api_base="localhost:8000")


# ---- the endpoint ----------------------------------------------------------------------------------


def test_the_endpoint_is_the_chat_address():
    """It counts as a base: `/models` is looked for below it."""
    host = _host(OpenaiTemplate, api_endpoint=f"{MINE}/chat/completions", api_key="k")
    assert (host.base, host.chat_url, host.chosen_by) == (MINE, f"{MINE}/chat/completions", "api_endpoint=")
    host = _host(_child(api_endpoint=f"{MINE}/chat/completions", api_key="own"))
    assert (host.base, host.chat_url, host.secret.reveal()) == (MINE, f"{MINE}/chat/completions", "own")
    host = _host(OpenaiTemplate, api_base=MINE, api_endpoint=f"{MINE}/odd/path", api_key="k")
    assert (host.base, host.chat_url) == (MINE, f"{MINE}/odd/path")


def test_an_endpoint_elsewhere_gets_no_key(monkeypatch):
    """Also where the base beside it is the right one: the prompt, and so the key, goes to the endpoint."""
    monkeypatch.setenv("GROQ_API_KEY", "env")
    evil = "https://evil.invalid/chat/completions"
    assert _host(Groq, api_endpoint=evil).secret is None
    assert _host(Groq, api_base=GROQ, api_endpoint=evil).secret is None
    assert _host(_child(Groq, api_endpoint=evil)).secret is None
    assert _host(_child(Groq, api_base=GROQ, api_endpoint=evil)).secret is None
    parent = _child(api_base=MINE, api_key="pair")
    assert _host(_child(parent, api_endpoint=evil)).secret is None
    assert _host(parent, api_base=MINE, api_endpoint=evil).secret is None
    assert _host(parent, api_endpoint=f"{MINE}/chat").secret.reveal() == "pair"
    both = _child(api_base=MINE, api_endpoint=evil, api_key="set beside")
    assert _host(both).secret.reveal() == "set beside"


@pytest.mark.parametrize(
    ("base", "joined"),
    [
        ("http://h/v1", "http://h/v1/x"),
        ("http://h/v1///", "http://h/v1/x"),
        ("http://h", "http://h/x"),
        ("http://h/v1?api-version=2", "http://h/v1/x?api-version=2"),
        ("http://h/v1/?a=b/c", "http://h/v1/x?a=b/c"),
    ],
)
def test_no_double_slashes(base, joined):
    """And a query of the base stays at the end."""
    assert join(base, "/x") == joined


# ---- OLLAMA_HOST -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "base"),
    [
        ("0.0.0.0", "http://127.0.0.1:11434/v1"),  # noqa: S104
        ("0.0.0.0:8080", "http://127.0.0.1:8080/v1"),
        (":8080", "http://127.0.0.1:8080/v1"),
        ("box", "http://box:11434/v1"),
        ("box:8080", "http://box:8080/v1"),
        ("192.168.1.5", "http://192.168.1.5:11434/v1"),
        ("http://box", "http://box/v1"),
        ("http://box:8080", "http://box:8080/v1"),
        ("http://box:8080/", "http://box:8080/v1"),
        ("https://box", "https://box/v1"),
        ("https://box/ollama/", "https://box/ollama/v1"),
        ("http://box:8080/v1", "http://box:8080/v1"),
        ("http://box:8080/v1/", "http://box:8080/v1"),
        ("[::1]", "http://[::1]:11434/v1"),
        ("[::]:8080", "http://127.0.0.1:8080/v1"),
        ("[::1]:8080", "http://[::1]:8080/v1"),
        ("  box  ", "http://box:11434/v1"),
        ("", "http://localhost:11434/v1"),
    ],
)
def test_every_form_of_ollama_host(monkeypatch, value, base):
    """What the server listens on becomes what a client calls."""
    monkeypatch.setenv("OLLAMA_HOST", value)
    assert _where(Ollama) == (base, None)


def test_the_base_variable_wins_over_the_host_variable(monkeypatch):
    """It says exactly where."""
    monkeypatch.setenv("OLLAMA_HOST", "box")
    monkeypatch.setenv("OLLAMA_API_BASE", MINE)
    assert _where(Ollama) == (MINE, None)


# ---- the key that is missing, or odd ---------------------------------------------------------------


def test_a_missing_key_is_told_with_its_variable():
    """Which provider, which variable, and what works without."""
    with pytest.raises(MissingAuthError, match="Groq needs a key and none was found") as caught:
        _host(Groq)
    assert "GROQ_API_KEY=… into a file .env" in str(caught.value)
    assert '"Demo" answers offline' in str(caught.value)
    assert caught.value.provider == "Groq"


def test_where_a_key_is_needed(monkeypatch):
    """The row's own host asks, a class that says so asks; another host decides for itself."""
    assert _where(Groq, api_base=OTHER) == (OTHER, None)
    assert _where(Ollama) == ("http://localhost:11434/v1", None)
    with pytest.raises(MissingAuthError, match=r"Child needs a key: .*beside its api_base"):
        _host(_child(Groq, api_base=OTHER, needs_auth=True, row=None))
    with pytest.raises(MissingAuthError):
        _host(_child(api_base=OTHER, needs_auth=True))
    monkeypatch.setenv("GROQ_BASE_URL", MINE)
    assert _where(Groq) == (MINE, None)


def test_a_key_of_two_lines_is_told():
    """It would break the header; the error names its source and not the key."""
    with pytest.raises(InvalidParameterError, match="the key from api_key= holds a line end") as caught:
        _host(Groq, api_key="planted\nkey")
    assert "planted" not in str(caught.value)


def test_a_host_does_not_show_its_key():
    """Neither in its repr nor in anything around it."""
    assert "planted" not in repr(_host(Groq, api_key="planted"))
    assert hosts.key_names(Groq.row) == ("GROQ_API_KEY",)
    assert hosts.key_names(None) == ()


# ---- the key that was typed for this session -------------------------------------------------------


@pytest.fixture
def typed():
    """Types a key for a host, and takes all of them back."""
    names = []

    def keep(name, base, key="typed"):
        names.append(name)
        credentials.keep_typed(name, Secret(key), frozenset({credentials.origin(base)}))

    yield keep
    for name in names:
        credentials.forget_typed(name)


def test_a_typed_key_goes_to_the_host_it_was_typed_for(monkeypatch, typed):
    """Not where a base variable points later, unlike a key that stands beside it in the environment."""
    typed("GROQ_API_KEY", GROQ)
    assert _where(Groq) == (GROQ, "typed")
    assert _host(Groq).key_source == "%g4f key, for this session"
    assert hosts.key_of(Groq.row).secret.reveal() == "typed"
    assert _where(Groq, api_base=OTHER) == (OTHER, None)
    assert _where(_child(Groq)) == (GROQ, "typed")
    assert _where(_child(Groq, api_base=OTHER)) == (OTHER, None)
    monkeypatch.setenv("GROQ_BASE_URL", MINE)
    assert _where(Groq) == (MINE, None)
    assert hosts.key_of(Groq.row) is None


def test_a_typed_key_for_a_class_of_one_s_own(typed):
    """Its name stands where a row has a variable; a decision that was kept without it is not used."""
    mine = _child(api_base=MINE, name="Mine")
    assert _where(mine) == _where(mine, api_base=MINE) == (MINE, None)
    typed("Mine", MINE)
    assert _where(mine) == _where(mine, api_base=MINE) == (MINE, "typed")
    assert _where(mine, api_base=OTHER) == (OTHER, None)
    assert _where(_child(api_base=MINE)) == (MINE, None)


# ---- on the wire -----------------------------------------------------------------------------------


async def _ask(cls, **given) -> None:
    assert await cls.create_async("echo", HELLO, **given) == "hello"


def test_two_servers_see_their_own_keys_only(monkeypatch):
    """Each way of naming a host, and what arrives there in the header."""
    with serve() as home, serve() as away:
        monkeypatch.setenv("OPENAI_API_KEY", "env-key")
        monkeypatch.setenv("OPENAI_BASE_URL", home.api_base)
        there = away.api_base
        pair = _child(api_base=home.api_base, api_key="pair-key")

        async def go():
            await _ask(OpenaiTemplate)
            await _ask(OpenaiTemplate, api_base=there)
            await _ask(OpenaiTemplate, api_base=there, api_key="call-key")
            await _ask(OpenaiTemplate, api_endpoint=f"{there}/chat/completions")
            await _ask(OpenaiTemplate, api_base=home.api_base, api_endpoint=f"{there}/chat/completions")
            await _ask(pair)
            await _ask(pair, api_base=there)
            await _ask(_child(pair))
            await _ask(_child(pair, api_base=there))
            await OpenaiTemplate.get_models_async(refresh=True)
            await OpenaiTemplate.get_models_async(api_base=there, refresh=True)
            await pair.get_models_async(api_base=there, refresh=True)

        asyncio.run(go())
    seen = [[request.headers.get("Authorization") for request in server.requests] for server in (home, away)]
    assert seen[0] == ["Bearer env-key", "Bearer pair-key", "Bearer pair-key", "Bearer env-key"]
    assert seen[1] == [None, "Bearer call-key", *[None] * 6]


def test_a_missing_key_sends_nothing(monkeypatch):
    """The call fails before there is a request."""
    with serve() as server:
        cls = _child(api_base=server.api_base, needs_auth=True)
        with pytest.raises(MissingAuthError):
            asyncio.run(_ask(cls))
        with pytest.raises(MissingAuthError):
            cls.get_models()
    assert server.requests == []


def test_a_query_is_used_and_not_shown():
    """Whatever shows a host or what a call would use; a user and a password are refused."""
    host = _host(Groq, api_base=f"{OTHER}?k=planted")
    assert (str(host.base), host.base) == (f"{OTHER}?k=planted",) * 2
    assert str(host.chat_url) == f"{OTHER}/chat/completions?k=planted"
    where = resolve("groq:m", api_base=f"{OTHER}?k=planted")
    shown = f"{host} {host!r} {host.base} {host.chat_url} {where!r}"
    assert "planted" not in shown
    assert OTHER in shown
    for given in ({"api_base": "http://u:planted@h/v1"}, {"api_endpoint": "http://u:planted@h/v1/c"}):
        with pytest.raises(InvalidParameterError, match="api_key= or headers=") as caught:
            _host(Groq, **given)
        assert "planted" not in str(caught.value)


def test_a_decision_without_a_key_is_not_kept_when_a_key_comes_into_sight(monkeypatch):
    """A decision for an address is taken anew once a class, a variable or the call gives a key."""

    class Mine(OpenaiTemplate):
        api_base = MINE

    def key(cls, **given):
        secret = find_host(cls, **{"api_base": MINE, "api_endpoint": None, "api_key": None, **given}).secret
        return secret.reveal() if secret else None

    for cls in (OpenaiTemplate, Mine):
        assert (key(cls), key(cls)) == (None, None)
    assert key(Mine, api_key="given") == "given"
    monkeypatch.setattr(Mine, "api_key", "the-class's")
    assert key(Mine) == "the-class's"
    monkeypatch.setattr(Mine, "api_base", "http://127.0.0.1:2/v1")
    assert key(Mine) is None
    monkeypatch.setenv("OPENAI_API_KEY", "the-variable's")
    assert key(OpenaiTemplate) is None
    monkeypatch.setenv("OPENAI_BASE_URL", MINE)
    assert key(OpenaiTemplate) == "the-variable's"
    monkeypatch.delenv("OPENAI_API_KEY")
    assert key(OpenaiTemplate) is None
