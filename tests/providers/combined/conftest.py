"""What the tests of combined providers start from: nobody has failed, and nothing was told."""

from __future__ import annotations

import pytest

from g4f_nb.providers import FallbackProvider
from g4f_nb.providers.models.model import Model
from g4f_nb.testing import serve


@pytest.fixture(autouse=True)
def _afresh(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    FallbackProvider.forget_failures()
    yield
    FallbackProvider.forget_failures()


@pytest.fixture
def server():
    """A server whose model names are behaviours."""
    with serve() as server:
        yield server


@pytest.fixture
def at(server):
    """A model of that server, with options."""
    return lambda behaviour, **options: Model(
        f"OpenaiTemplate:{behaviour}", **({"api_base": server.api_base} | options)
    )
