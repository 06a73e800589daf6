"""What every test starts from: no key and no setting of the machine it runs on, and no user's files."""

from __future__ import annotations

import os

import pytest

from g4f_nb.providers.rows import rows

_OURS = ("OPENAI_", "AZURE_", "OPENROUTER_", "GROQ_", "OLLAMA_", "GIGACHAT_", "BERLIN_", "G4F_NB_")
# Every variable that a row of the catalog reads: a developer's own keys must change no test.
_ROWS = {
    name
    for row in rows().values()
    for name in (*row.api_key_env, *row.api_base_env, *filter(None, [row.api_host_env]))
}
_KEPT = {"G4F_NB_CHROMIUM", "G4F_NB_REQUIRE_BROWSER"}
_PROXIES = {"http_proxy", "https_proxy", "all_proxy", "no_proxy"}


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch, tmp_path_factory):
    for name in list(os.environ):
        ours = name.startswith(_OURS) or name in _ROWS
        if (ours and name not in _KEPT) or name.lower() in _PROXIES:
            monkeypatch.delenv(name)
    monkeypatch.setenv("G4F_NB_CONFIG_DIR", str(tmp_path_factory.getbasetemp() / "no-config"))
