"""Where calls go, and which key goes along."""

from __future__ import annotations

import pytest

import g4f_nb as nb
from g4f_nb.errors import InvalidParameterError, MissingAuthError
from g4f_nb.providers import GigaChat
from g4f_nb.providers.gigachat.account import API_BASE, AUTH_URL, find_account

MINE = "https://mine.invalid/api/v1"
MY_AUTH = "https://mine.invalid:9443/oauth"
NEWER = "https://api.giga.chat/v1"


def _found(cls=GigaChat, *, api_base=None, auth_url=None, api_key=None, scope=None):
    found = find_account(cls, api_base=api_base, auth_url=auth_url, api_key=api_key, scope=scope)
    return found.base, found.auth_url, found.secret.reveal()


def _child(parent=GigaChat, name="Child", **own):
    return type(name, (parent,), own)


def test_the_addresses_are_the_service_s_own(monkeypatch):
    """Unless the call, the class or a variable says otherwise, in this order."""
    monkeypatch.setenv("GIGACHAT_API_KEY", "env")
    assert _found() == (API_BASE, AUTH_URL, "env")
    monkeypatch.setenv("GIGACHAT_BASE_URL", f"{MINE}/")
    monkeypatch.setenv("GIGACHAT_AUTH_URL", MY_AUTH)
    assert _found() == (MINE, MY_AUTH, "env")
    monkeypatch.setenv("GIGACHAT_API_BASE", NEWER)
    assert _found() == (NEWER, MY_AUTH, "env")
    assert _found(_child(api_base=MINE, auth_url=MY_AUTH, api_key="own")) == (MINE, MY_AUTH, "own")
    assert _found(api_base=API_BASE, auth_url=AUTH_URL) == (API_BASE, AUTH_URL, "env")


@pytest.mark.parametrize("name", ["GIGACHAT_API_KEY", "GIGACHAT_CREDENTIALS"])
def test_either_variable_holds_the_key(monkeypatch, name, tmp_path):
    """In the environment or in `.env`; an address is never read from there."""
    (tmp_path / ".env").write_text(
        f"{name}=from-file\nGIGACHAT_AUTH_URL={MY_AUTH}\nGIGACHAT_API_BASE={MINE}\n"
    )
    assert _found() == (API_BASE, AUTH_URL, "from-file")
    monkeypatch.setenv(name, "Basic from-environment ")
    assert _found()[2] == "from-environment"


def test_a_found_key_goes_to_the_service_s_own_hosts_only(monkeypatch):
    """Neither it nor its tokens reach a host that only the call names; the newer official is no other."""
    monkeypatch.setenv("GIGACHAT_API_KEY", "env")
    assert _found(api_base=NEWER) == (NEWER, AUTH_URL, "env")
    for given in ({"auth_url": MY_AUTH}, {"api_base": MINE}, {"api_base": MINE, "auth_url": MY_AUTH}):
        with pytest.raises(MissingAuthError, match=r"pass api_key= beside the address.*GIGACHAT_AUTH_URL"):
            _found(**given)
        assert _found(**given, api_key="call")[2] == "call"
    monkeypatch.setenv("GIGACHAT_AUTH_URL", MY_AUTH)
    assert _found()[1:] == (MY_AUTH, "env")
    assert _found(auth_url=AUTH_URL)[1:] == (AUTH_URL, "env")


def test_a_class_s_key_goes_with_its_addresses(monkeypatch):
    """Inherited as a set from the nearest class that sets an address; a new address inherits no key."""
    monkeypatch.setenv("GIGACHAT_API_KEY", "env")
    parent = _child(api_base=MINE, auth_url=MY_AUTH, api_key="pair", name="Parent")
    assert _found(_child(parent)) == (MINE, MY_AUTH, "pair")
    assert _found(_child(parent, api_key="newer"))[2] == "newer"
    for cls in (_child(api_base=MINE), _child(parent, api_base="https://other.invalid/v1")):
        with pytest.raises(MissingAuthError):
            _found(cls)
    with pytest.raises(MissingAuthError):
        _found(parent, auth_url="https://other.invalid/oauth")
    assert _found(_child(api_key="mine")) == (API_BASE, AUTH_URL, "mine")
    with pytest.raises(MissingAuthError):
        _found(_child(api_key="mine"), auth_url=MY_AUTH)


def test_what_is_written_on_gigachat_itself_holds(monkeypatch):
    """A notebook's first cell may set it once for all."""
    monkeypatch.setattr(GigaChat, "api_key", "written")
    assert _found() == (API_BASE, AUTH_URL, "written")
    monkeypatch.setattr(GigaChat, "auth_url", MY_AUTH)
    monkeypatch.setattr(GigaChat, "api_base", MINE)
    assert _found() == (MINE, MY_AUTH, "written")
    monkeypatch.setattr(GigaChat, "scope", "GIGACHAT_API_B2B")
    found = find_account(GigaChat, api_base=None, auth_url=None, api_key=None)
    assert found.scope == "GIGACHAT_API_B2B"


def test_resolve_takes_the_addresses_of_a_model(monkeypatch):
    """A key that was given with them stays with them."""
    model = nb.Model("GigaChat", api_base=MINE, auth_url=MY_AUTH, api_key="planted-key")
    found = nb.resolve(model)
    assert (found.host, found.key) == (MINE, "api_key=")
    assert nb.resolve(model, api_base="https://other.invalid/v1").missing
    assert nb.resolve(model, auth_url="https://other.invalid/oauth").missing
    assert nb.resolve(nb.Model("GigaChat", api_key="planted-key"), auth_url=MY_AUTH).missing
    assert nb.resolve("GigaChat", auth_url=MY_AUTH, api_key="k").address.more["auth_url"] == MY_AUTH


@pytest.mark.parametrize("key", ["a\nb", "кириллица", "a\tb"])
def test_a_key_that_can_be_none_is_refused(key):
    """It would be an illegal header; the key is not shown."""
    with pytest.raises(InvalidParameterError, match="copy it again") as caught:
        _found(api_key=key)
    assert key not in str(caught.value)


@pytest.mark.parametrize("address", ["mine.invalid", "ftp://mine.invalid", "https://user:pw@mine.invalid"])
def test_what_is_no_address_is_refused(address):
    """For either host, before a key is looked for."""
    for name in ("api_base", "auth_url"):
        with pytest.raises(InvalidParameterError) as caught:
            _found(**{name: address}, api_key="k")
        assert "pw" not in str(caught.value)
