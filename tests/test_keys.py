"""A key that is typed: asked for, checked, kept for its host or in the keyring, forgotten; never shown."""

from __future__ import annotations

import importlib.util
import sys

import pytest

from g4f_nb import credentials, keys
from g4f_nb.errors import (
    InvalidParameterError,
    MissingAuthError,
    MissingRequirementsError,
    ProviderNotWorkingError,
)
from g4f_nb.keys import checked, forget_key, list_keys, type_key
from g4f_nb.providers import Groq, OpenaiTemplate
from g4f_nb.providers.models.model import Model
from g4f_nb.providers.registry import ready, resolve

KEY = "gsk_planted0123456789"


@pytest.fixture(autouse=True)
def _fresh(places):
    yield
    credentials.forget_typed()


class _Asked:
    """Somebody who types this, and remembers what was asked."""

    def __init__(self, *answers):
        self.answers, self.prompts = list(answers), []

    def __call__(self, prompt):
        self.prompts.append(prompt)
        return self.answers.pop(0)


def test_a_typed_key_is_used_by_its_provider_at_its_host():
    """The prompt says whose key it is and where it will go; the answer repeats that, not the key."""
    with pytest.raises(MissingAuthError, match="%g4f key Groq"):
        Groq.get_models()
    asked = _Asked(KEY)
    said = type_key("groq", asked)
    assert asked.prompts == ["Key for Groq at https://api.groq.com: "]
    assert said == "The key is kept for this session; it goes to https://api.groq.com and nowhere else."
    found = resolve("groq")
    assert (found.key, found.address.secret.reveal()) == ("%g4f key, for this session", KEY)
    assert resolve("groq", api_base="https://evil.invalid/v1").key is None
    assert "Groq" in ready()
    assert resolve().provider is Groq


def test_a_typed_key_that_another_place_comes_before(places):
    """It is kept, and said that it is not used."""
    places.environment("GROQ_API_KEY", "older")
    said = type_key("groq", _Asked(KEY))
    assert "not used yet, for the environment variable GROQ_API_KEY comes first" in said
    assert resolve("groq").address.secret.reveal() == "older"


def test_saved_it_is_in_the_keyring_and_not_in_the_session(places):
    """Under the variable's name, for other sessions too."""
    said = type_key("groq", _Asked(KEY), save=True)
    assert said == "The key is in a pocket, as GROQ_API_KEY, for this and later sessions."
    assert places.pocket.held == {("g4f_nb", "GROQ_API_KEY"): KEY}
    assert not credentials.any_typed()
    assert resolve("groq").key == "GROQ_API_KEY in the keyring"


def test_what_cannot_be_saved_is_not_asked_for(places, monkeypatch):
    """Without the extra `keyring`, `--save` says so before anything is typed."""
    monkeypatch.delitem(sys.modules, "keyring")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingRequirementsError, match="keyring"):
        type_key("groq", _Asked(), save=True)


def test_a_key_for_a_class_or_a_model_of_one_s_own():
    """For the address that it names, and no other."""

    class Mine(OpenaiTemplate):
        api_base = "http://localhost:8000/v1"
        needs_auth = True

    asked = _Asked(KEY, "other")
    type_key(Mine, asked)
    local = Model("OpenaiTemplate:m", api_base="http://[::1]:9000/v1")
    type_key(local, asked)
    assert asked.prompts == [
        "Key for Mine at http://localhost:8000: ",
        "Key for OpenaiTemplate at http://[::1]:9000: ",
    ]
    assert resolve(Mine).address.secret.reveal() == KEY
    assert resolve(local).address.secret.reveal() == "other"
    assert resolve("OpenaiTemplate").key is None
    assert resolve(Mine, api_base="http://[::1]:9000/v1").key is None
    with pytest.raises(InvalidParameterError, match="leave --save out"):
        type_key(Mine, _Asked(KEY), save=True)


def test_a_key_for_a_service_of_two_hosts():
    """GigaChat's tokens come from another address than its answers: the key is for both, and no other."""
    asked = _Asked("Z2lnYTpwbGFudGVkMDEyMzQ1Njc4OQ==")
    type_key("gigachat", asked)
    assert "https://ngw.devices.sberbank.ru:9443" in asked.prompts[0]
    assert "https://gigachat.devices.sberbank.ru" in asked.prompts[0]
    assert resolve("gigachat:x").key == "%g4f key, for this session"
    assert resolve("gigachat:x", auth_url="https://evil.invalid/oauth").key is None
    assert "GigaChat" in ready()
    assert forget_key("gigachat") == "Forgotten for GigaChat: this session's."


def test_a_model_s_addresses_are_where_its_key_belongs(monkeypatch):
    """All that say where a call goes; and who wants a login says so."""
    monkeypatch.setenv("GIGACHAT_AUTH_URL", "https://gateway.invalid/oauth")
    asked = _Asked("Z2lnYTpwbGFudGVkMDEyMzQ1Njc4OQ==")
    type_key(Model("gigachat", auth_url="https://gateway.invalid/oauth", scope="GIGACHAT_API_B2B"), asked)
    assert "https://gateway.invalid" in asked.prompts[0]
    monkeypatch.setenv("BERLIN_API_BASE", "http://localhost:1")
    with pytest.raises(ProviderNotWorkingError, match="pass account= and password="):
        type_key("berlin", _Asked())


@pytest.mark.parametrize("whose", ["demo", "ollama"])
def test_who_needs_no_key_is_not_asked_for_one(whose):
    """Nothing is typed in vain."""
    with pytest.raises(ProviderNotWorkingError, match="can be asked as it is"):
        type_key(whose, _Asked())


@pytest.mark.parametrize(
    "text",
    [
        KEY,
        f"  {KEY}\n",
        f"GROQ_API_KEY={KEY}",
        f"export GROQ_API_KEY = '{KEY}'",
        f"Bearer {KEY}",
        f"Basic {KEY}",
        f'"{KEY}"',
    ],
)
def test_what_stands_around_a_pasted_key_is_taken_off(text):
    """As a file, a shell or a header writes it."""
    assert checked(text, "GROQ_API_KEY").reveal() == KEY


@pytest.mark.parametrize(
    "text",
    ["", "  ", "''", "PLANTED PLANTED", "PLANTED\nPLANTED", "PLANTED\x00", "PLANTED-\u0410", "PLANTED…",
     "PLANTED" * 2000, "GROQ_API_KEY", "your_api_key", "YOUR-KEY-HERE", "<api key>", "$GROQ_API_KEY",
     "sk-...", "sk-***", "sk-xxxxxx"],
)  # fmt: skip
def test_what_can_be_no_key_is_refused_and_not_shown(text):
    """Blanks, letters that only look like others, placeholders; and what was kept before stays."""
    credentials.keep_typed("GROQ_API_KEY", keys.Secret(KEY), frozenset({credentials.origin(Groq.api_base)}))
    with pytest.raises(InvalidParameterError, match=r"[Nn]o key is kept") as caught:
        type_key("groq", _Asked(text))
    assert "PLANTED" not in f"{caught.value!r} {caught.value.__cause__!r} {caught.value.__context__!r}"
    assert resolve("groq").address.secret.reveal() == KEY


def test_forgetting(places):
    """The session's and the keyring's; what still is there elsewhere is told."""
    assert forget_key("groq") == "Nothing was kept."
    assert forget_key(None) == "No key was typed in this session."
    type_key("groq", _Asked(KEY))
    places.keyring("GROQ_API_KEY", KEY)
    assert forget_key("groq") == "Forgotten for Groq: this session's, the keyring's."
    assert resolve("groq").key is None
    type_key("groq", _Asked(KEY))
    places.environment("GROQ_API_KEY", "x")
    assert forget_key("groq").endswith("There still is a key: the environment variable GROQ_API_KEY.")
    type_key("groq", _Asked(KEY))
    type_key("openai", _Asked(KEY))
    assert forget_key(None) == "Forgotten: GROQ_API_KEY, OPENAI_API_KEY."


def test_the_list_names_places_and_no_key(places):
    """By service; a class of one's own by its name; where nothing was found it says what to do."""
    assert repr(list_keys()).startswith("No key was found.\n%g4f key PROVIDER asks")
    places.environment("OPENAI_API_KEY", "planted")
    places.keyring("OPENROUTER_API_KEY", "planted")
    type_key("groq", _Asked("planted1"))
    type_key(Model("OpenaiTemplate", api_base="http://localhost:1/v1"), _Asked("planted2"))
    table = list_keys()
    assert [row[:2] for row in table.rows] == [
        ("OpenAI", "the environment variable OPENAI_API_KEY"),
        ("OpenAIResponses", "the environment variable OPENAI_API_KEY"),
        ("OpenRouter", "OPENROUTER_API_KEY in the keyring"),
        ("Groq", "%g4f key, for this session"),
        ("OpenaiTemplate", "%g4f key, for this session"),
    ]
    assert table.rows[-1][2] == "http://localhost:1"
    assert "planted" not in repr(table) + table._repr_html_()
