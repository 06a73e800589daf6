"""What the tests of logins start from."""

from __future__ import annotations

import pytest
from login_server import running


@pytest.fixture(autouse=True)
def config(monkeypatch, tmp_path):
    """A config folder of the test's own, which does not exist yet, and nothing told so far."""
    folder = tmp_path / "config" / "g4f_nb"
    monkeypatch.setenv("G4F_NB_CONFIG_DIR", str(folder))
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.fixture
def server(config):
    """A service behind a login."""
    with running() as server:
        yield server
