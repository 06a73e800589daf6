"""Where a key is found, in which order, and what an address is worth."""

from __future__ import annotations

import os
import sys
import types

import pytest

from g4f_nb import credentials
from g4f_nb.credentials import find_key, origin
from g4f_nb.errors import InvalidParameterError
from g4f_nb.providers.hosts import base_from_environment
from g4f_nb.providers.rows import rows
from g4f_nb.secret import Secret

NAME = "GROQ_API_KEY"
_ABSENT = object()


def _module(monkeypatch, name, **values):
    module = types.ModuleType(name)
    module.__dict__.update(values, __spec__=types.SimpleNamespace(name=name), __path__=[])
    monkeypatch.setitem(sys.modules, name, module)
    return module


class _Places:
    """Every place that may hold a key; each is empty until a test fills it."""

    def __init__(self, monkeypatch, folder):
        self.patch, self.folder, self.asked = monkeypatch, folder, []
        self.keyring, self.colab, self.kaggle = {}, {}, {}
        monkeypatch.chdir(folder)
        errors = _module(monkeypatch, "keyring.errors", KeyringError=type("KeyringError", (Exception,), {}))
        _module(monkeypatch, "keyring", errors=errors, get_password=self._from_keyring)

    def environment(self, value, name=NAME):
        self.patch.setenv(name, value)

    def dotenv(self, text):
        (self.folder / ".env").write_text(text, encoding="utf-8")

    def in_colab(self, **secrets):
        missing, denied = (type(name, (Exception,), {}) for name in ("Missing", "Denied"))

        def get(name):
            found = secrets.get(name, missing())
            if isinstance(found, Exception):
                raise found
            return found

        userdata = _module(
            self.patch,
            "google.colab.userdata",
            get=get,
            SecretNotFoundError=missing,
            NotebookAccessError=denied,
        )
        _module(self.patch, "google.colab", userdata=userdata)
        secrets.update({name: denied() for name, value in secrets.items() if value is _ABSENT})

    def in_kaggle(self, **secrets):
        self.patch.setenv("KAGGLE_KERNEL_RUN_TYPE", "Interactive")
        client = type("UserSecretsClient", (), {"get_secret": lambda _, name: secrets[name]})
        _module(self.patch, "kaggle_secrets", UserSecretsClient=client)

    def _from_keyring(self, service, name):
        self.asked.append((service, name))
        found = self.keyring.get(name)
        if isinstance(found, str):
            raise sys.modules["keyring.errors"].KeyringError(found)
        return found[0] if found else None


@pytest.fixture
def places(monkeypatch, tmp_path):
    """The places, all empty, in a folder of the test's own."""
    return _Places(monkeypatch, tmp_path)


def _found(*names):
    found = find_key(names or (NAME,))
    return found and (found.secret.reveal(), found.source)


def test_the_order_of_the_places(places):
    """Environment, .env, keyring, Colab, Kaggle: each is asked only where the one before has nothing."""
    assert _found() is None
    places.in_kaggle(GROQ_API_KEY="k5")
    assert _found() == ("k5", "the Kaggle secret GROQ_API_KEY")
    places.in_colab(GROQ_API_KEY="k4")
    assert _found() == ("k4", "the Colab secret GROQ_API_KEY")
    places.keyring[NAME] = ["k3"]
    assert _found() == ("k3", "GROQ_API_KEY in the keyring")
    assert places.asked[-1] == ("g4f_nb", NAME)
    places.dotenv("GROQ_API_KEY=k2\n")
    assert _found() == ("k2", "GROQ_API_KEY in .env")
    places.environment("k1")
    assert _found() == ("k1", "the environment variable GROQ_API_KEY")


HOME = origin("https://api.groq.com/openai/v1")


@pytest.fixture
def typed():
    """A key was typed for Groq's host."""
    credentials.keep_typed(NAME, Secret("k6"), frozenset({HOME}))
    yield
    credentials.forget_typed(NAME)


@pytest.mark.usefixtures("typed")
def test_what_was_typed_comes_last(places):
    """Every other place is asked before; forgotten, it is gone."""
    found = find_key([NAME], hosts=frozenset({HOME}))
    assert (found.secret.reveal(), found.source) == ("k6", "%g4f key, for this session")
    places.in_kaggle(GROQ_API_KEY="k5")
    assert find_key([NAME], hosts=frozenset({HOME})).secret.reveal() == "k5"
    assert credentials.any_typed()
    assert credentials.forget_typed(NAME)
    assert not credentials.forget_typed(NAME)
    assert not credentials.any_typed()


@pytest.mark.usefixtures("typed", "places")
@pytest.mark.parametrize(
    "there", [[], ["https://evil.invalid"], ["https://api.groq.com", "http://localhost:1"]]
)
def test_what_was_typed_for_a_host_goes_to_no_other(there):
    """Not to a second one either, and to nobody who does not say where it will go."""
    assert find_key([NAME], hosts=frozenset(map(origin, there))) is None
    assert find_key([NAME]) is None


def test_the_place_counts_more_than_the_name(places):
    """The second name in the environment wins over the first in `.env`."""
    places.dotenv("FIRST_KEY=a\nSECOND_KEY=b")
    assert _found("FIRST_KEY", "SECOND_KEY")[0] == "a"
    places.environment("c", "SECOND_KEY")
    assert _found("FIRST_KEY", "SECOND_KEY")[0] == "c"


@pytest.mark.parametrize("empty", ["", "  "])
def test_an_empty_variable_is_no_key(places, empty):
    """The next place is asked."""
    places.environment(empty)
    places.dotenv("GROQ_API_KEY=k2")
    assert _found()[0] == "k2"
    places.dotenv(f"GROQ_API_KEY={empty}\n# a change\n")
    assert _found() is None


def test_dotenv_changes_no_environment_and_is_read_again_when_changed(places):
    """It is read, not loaded; nothing in it is interpreted."""
    places.dotenv('export GROQ_API_KEY="k $HOME"\n')
    assert _found()[0] == "k $HOME"
    assert NAME not in credentials.os.environ
    places.dotenv("GROQ_API_KEY=another-one\n")
    assert _found()[0] == "another-one"
    (places.folder / ".env").unlink()
    assert _found() is None


def test_dotenv_of_this_folder_only(places, monkeypatch):
    """Not of the folder above, and of the folder that is the working one now."""
    places.dotenv("GROQ_API_KEY=above")
    below = places.folder / "below"
    below.mkdir()
    monkeypatch.chdir(below)
    assert _found() is None
    (below / ".env").write_text("GROQ_API_KEY=below")
    assert _found()[0] == "below"


def test_a_folder_named_dotenv_is_no_file(places):
    """Python's virtual environments have been called so."""
    (places.folder / ".env").mkdir()
    assert _found() is None


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a system without named pipes")
def test_a_pipe_named_dotenv_is_not_waited_for(places):
    """Nobody writes into it: opening it would never end."""
    os.mkfifo(places.folder / ".env")
    assert find_key([NAME]) is None


def test_a_dotenv_that_is_no_text_is_told(places):
    """It is not skipped in silence, and its content is not shown."""
    (places.folder / ".env").write_bytes(b"GROQ_API_KEY=\xff\xfeplanted")
    with pytest.raises(InvalidParameterError, match=r"\.env cannot be read.*UTF-8") as caught:
        find_key([NAME])
    assert "planted" not in repr(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("name", ["OPENAI_BASE_URL", "OLLAMA_HOST", "OLLAMA_API_BASE"])
def test_no_address_comes_from_dotenv(places, name):
    """A folder that was downloaded must not redirect the user's key."""
    places.dotenv(f"{name}=http://elsewhere.invalid/v1\n")
    assert all(base_from_environment(row) is None for row in rows().values())
    places.environment("http://mine.invalid/v1", name)
    assert [base_from_environment(row) for row in rows().values()].count(None) == len(rows()) - 1


def test_a_locked_keyring_is_no_key(places):
    """No back end, or one that refuses: look elsewhere."""
    places.keyring[NAME] = "locked"
    places.in_colab(GROQ_API_KEY="k4")
    assert _found()[0] == "k4"


def test_a_colab_secret_that_this_notebook_may_not_read(places):
    """Look elsewhere."""
    places.in_colab(GROQ_API_KEY=_ABSENT)
    assert _found() is None


def test_kaggle_only_on_kaggle(places, monkeypatch):
    """The package alone is no sign; a missing secret is no error."""
    places.in_kaggle(OTHER="x")
    assert _found() is None
    assert _found("OTHER")[0] == "x"
    monkeypatch.delenv("KAGGLE_KERNEL_RUN_TYPE")
    assert _found("OTHER") is None


def test_a_found_key_does_not_show_itself(places):
    """Its source by name, never its value."""
    places.environment("planted-key")
    assert "planted" not in repr(find_key([NAME]))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://api.groq.com/openai/v1", ("https", "api.groq.com", 443)),
        ("HTTPS://API.Groq.com:443", ("https", "api.groq.com", 443)),
        ("https://api.groq.com./v1", ("https", "api.groq.com", 443)),
        ("http://localhost:8000/v1?x=1", ("http", "localhost", 8000)),
        ("http://host/v1/@cf/x", ("http", "host", 80)),
        ("http://[::1]:11434/v1", ("http", "::1", 11434)),
    ],
)
def test_the_origin_of_an_address(url, expected):
    """Scheme, host and port: whatever is written around them does not count."""
    assert origin(url) == expected


@pytest.mark.parametrize(
    "url",
    ["", "localhost:8000", "/v1", "ftp://host", "http://", "http://host:port", "http://[::1", "file:///x"],
)
def test_what_is_no_web_address_is_told(url):
    """With the value, before anything is sent."""
    with pytest.raises(InvalidParameterError, match="address") as caught:
        origin(url)
    assert repr(url) in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://user:PLANTED@host/v1",
        "http://PLANTED@host/v1?k=PLANTED",
        "http://user:PLAN/PLANTED@host/v1",
        "http://user:PLAN?PLANTED@host/v1",
        "http://user:PLANTED@host:port/v1",
        "http://user:PLANTED@[bad",
        "user:PLANTED@host/v1",
        "ftp://user:PLANTED@host/?k=PLANTED",
        "nowhere?k=PLANTED",
        "http://host:port?k=PLANTED",
    ],
)
def test_an_address_with_a_password_or_a_query_is_not_shown(url):
    """A user and a password in it are refused, for everything would show them; its query is left out."""
    with pytest.raises(InvalidParameterError, match="address") as caught:
        origin(url)
    assert "PLAN" not in str(caught.value)
    assert caught.value.__cause__ is caught.value.__context__ is None
