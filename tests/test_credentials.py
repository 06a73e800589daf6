"""Where a key is found, in which order, and what an address is worth."""

from __future__ import annotations

import os
import sys

import pytest

from g4f_nb import credentials, key_places
from g4f_nb.credentials import find_key, origin
from g4f_nb.errors import InvalidParameterError, MissingAuthError, MissingRequirementsError
from g4f_nb.providers import Groq
from g4f_nb.providers.services.hosts import base_from_environment, find_host
from g4f_nb.providers.services.rows import rows
from g4f_nb.secret import Secret

NAME = "GROQ_API_KEY"


@pytest.fixture(autouse=True)
def _home(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)


def _found(*names):
    found = find_key(names or (NAME,))
    return found and (found.secret.reveal(), found.source)


def test_the_order_of_the_places(places):
    """Environment, .env, keyring, Colab, Kaggle: each is asked only where the one before has nothing."""
    assert _found() is None
    places.kaggle(GROQ_API_KEY="k5")
    assert _found() == ("k5", "the Kaggle secret GROQ_API_KEY")
    places.colab(GROQ_API_KEY="k4")
    assert _found() == ("k4", "the Colab secret GROQ_API_KEY")
    places.keyring(NAME, "k3")
    assert _found() == ("k3", "GROQ_API_KEY in the keyring")
    assert places.pocket.asked[-1] == ("g4f_nb", NAME)
    places.dotenv("GROQ_API_KEY=k2\n")
    assert _found() == ("k2", "GROQ_API_KEY in .env")
    places.environment(NAME, "k1")
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
    places.kaggle(GROQ_API_KEY="k5")
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
    places.environment("SECOND_KEY", "c")
    assert _found("FIRST_KEY", "SECOND_KEY")[0] == "c"


@pytest.mark.parametrize("empty", ["", "  "])
def test_an_empty_variable_is_no_key(places, empty):
    """The next place is asked."""
    places.environment(NAME, empty)
    places.dotenv("GROQ_API_KEY=k2")
    assert _found()[0] == "k2"
    places.dotenv(f"GROQ_API_KEY={empty}\n# a change\n")
    assert _found() is None


def test_dotenv_changes_no_environment_and_is_read_again_when_changed(places):
    """It is read, not loaded; nothing in it is interpreted."""
    places.dotenv('export GROQ_API_KEY="k $HOME"\n')
    assert _found()[0] == "k $HOME"
    assert NAME not in os.environ
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
    places.environment(name, "http://mine.invalid/v1")
    moved = {row.name for row in rows().values() if base_from_environment(row) is not None}
    assert moved == {row.name for row in rows().values() if name in (*row.api_base_env, row.api_host_env)}


def test_a_locked_keyring_is_no_key(places):
    """No back end, or one that refuses: look elsewhere."""
    places.keyring(NAME, "k3")
    places.pocket.locked = True
    places.colab(GROQ_API_KEY="k4")
    assert _found()[0] == "k4"


def test_a_colab_secret_that_this_notebook_may_not_read(places):
    """Look elsewhere."""
    places.colab(denied=[NAME])
    assert _found() is None


def test_kaggle_only_on_kaggle(places, monkeypatch):
    """The package alone is no sign; a missing secret is no error."""
    places.kaggle(OTHER="x")
    assert _found() is None
    assert _found("OTHER")[0] == "x"
    monkeypatch.delenv("KAGGLE_KERNEL_RUN_TYPE")
    key_places.look_again()
    assert _found("OTHER") is None


def test_what_a_slow_place_says_counts_for_a_while(places, monkeypatch):
    """A keyring is a service: it is not asked at every call, and asked anew when a key was missing."""
    places.keyring(NAME, "k3")
    assert [_found()[0] for _ in range(5)] == ["k3"] * 5
    assert len(places.pocket.asked) == 1
    assert [_found("OTHER") for _ in range(5)] == [None] * 5
    assert len(places.pocket.asked) == 2
    monkeypatch.setattr(key_places, "_COUNTS_FOR", -1)
    assert _found()[0] == "k3"
    assert len(places.pocket.asked) == 3


def test_a_key_that_was_missing_is_found_as_soon_as_it_is_there(places):
    """Whoever reads the error, brings the key and runs the cell again does not wait."""
    with pytest.raises(MissingAuthError):
        find_host(Groq, api_base=None, api_endpoint=None, api_key=None)
    places.pocket.held["g4f_nb", NAME] = "k3"
    host = find_host(Groq, api_base=None, api_endpoint=None, api_key=None)
    assert host.key_source == "GROQ_API_KEY in the keyring"


def test_a_key_is_written_into_the_keyring_and_taken_out(places):
    """Under our own name; what is not there is not taken out, and a locked keyring says so."""
    assert not key_places.delete_from_keyring(NAME)
    assert key_places.save_in_keyring(NAME, Secret("k3")) == "a pocket"
    assert places.pocket.held == {("g4f_nb", NAME): "k3"}
    assert _found() == ("k3", "GROQ_API_KEY in the keyring")
    assert key_places.delete_from_keyring(NAME)
    assert _found() is None
    places.pocket.locked = True
    with pytest.raises(MissingRequirementsError, match=r"did not take the key \(KeyringLocked") as caught:
        key_places.save_in_keyring(NAME, Secret("planted"))
    assert "planted" not in repr(caught.value)
    assert caught.value.__cause__ is caught.value.__context__ is None
    assert not key_places.delete_from_keyring(NAME)


def test_without_the_extra_the_error_names_it(monkeypatch):
    """Reading goes on without; writing says what to install."""
    monkeypatch.setitem(sys.modules, "keyring", None)
    monkeypatch.delitem(sys.modules, "keyring")
    monkeypatch.setattr(key_places.importlib.util, "find_spec", lambda name: None)
    assert _found() is None
    assert not key_places.delete_from_keyring(NAME)
    with pytest.raises(MissingRequirementsError, match=r"pip install \"g4f_nb\[keyring\]\""):
        key_places.save_in_keyring(NAME, Secret("k"))


def test_a_found_key_does_not_show_itself(places):
    """Its source by name, never its value."""
    places.environment(NAME, "planted-key")
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
    "url", ["http://host/v1/#frag", "http://host/v1#", "http://host/v1?x=1#y", "http://h#f"]
)
def test_an_address_with_a_fragment_is_refused(url):
    """The path of the request would be put behind the `#`, and never be sent."""
    with pytest.raises(InvalidParameterError, match="nothing after its '#' would be sent: leave that out"):
        origin(url)


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


@pytest.mark.parametrize("turn", ["first", "second"])
def test_no_test_knows_the_keys_of_another(turn):
    """What headers have sent is forgotten between tests, as in another kernel."""
    assert credentials.in_sight([NAME]) == []
    credentials.keep_sent([Secret.of("planted")])
    assert [secret.reveal() for secret in credentials.in_sight([NAME])] == ["planted"]
