"""What every test starts from: no key and no setting of the machine it runs on, and no user's files."""

from __future__ import annotations

import os

import pytest

_OURS = ("OPENAI_", "OPENROUTER_", "GROQ_", "OLLAMA_", "GIGACHAT_", "BERLIN_", "G4F_NB_")
_KEPT = {"G4F_NB_CHROMIUM", "G4F_NB_REQUIRE_BROWSER"}
_PROXIES = {"http_proxy", "https_proxy", "all_proxy", "no_proxy"}


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch, tmp_path_factory):
    for name in list(os.environ):
        if (name.startswith(_OURS) and name not in _KEPT) or name.lower() in _PROXIES:
            monkeypatch.delenv(name)
    monkeypatch.setenv("G4F_NB_CONFIG_DIR", str(tmp_path_factory.getbasetemp() / "no-config"))
