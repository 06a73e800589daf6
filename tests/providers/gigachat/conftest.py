"""A GigaChat on this machine, and how a call finds it."""

from __future__ import annotations

import pytest

from g4f_nb.testing import serve_gigachat
from g4f_nb.testing.gigachat import new_key


@pytest.fixture(autouse=True)
def _own_folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("G4F_NB_CONFIG_DIR", str(tmp_path / "config"))


@pytest.fixture
def server():
    """One account of a person, over HTTP."""
    with serve_gigachat() as server:
        yield server


@pytest.fixture
def business():
    """Two accounts, each of a business, over HTTP."""
    keys = {new_key("one"): ["GIGACHAT_API_B2B"], new_key("two"): ["GIGACHAT_API_B2B"]}
    with serve_gigachat(keys=keys) as server:
        yield server


@pytest.fixture
def tls():
    """Over HTTPS, with an authority that nobody knows."""
    with serve_gigachat(tls=True) as server:
        yield server


@pytest.fixture
def where():
    """The options of a call to a server."""
    return _where


def _where(server, **more):
    return {"api_base": server.api_base, "auth_url": server.auth_url, "api_key": server.key} | more
