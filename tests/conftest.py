"""What every test starts from: no key and no setting of the machine it runs on, and no user's files."""

from __future__ import annotations

import gc
import itertools
import os
import signal
import sys
import tempfile

import afresh
import keyring
import pytest
from hypothesis import settings
from places import Places, PocketKeyring
from thorough import THOROUGH

from g4f_nb.providers.services.rows import rows

# Whoever starts tests in the background of a shell has them ignore Ctrl-C, which some of them press.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Before anybody loads it, in kernels too: the keys of whoever runs the tests are none of theirs.
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"

# nbformat loads jsonschema, and that a grammar of addresses that takes a second to build, for nobody here.
sys.modules.setdefault("rfc3987_syntax", None)

# A busy machine takes longer now and then; what must be quick has tests of its own.
settings.register_profile("g4f_nb", deadline=None, max_examples=100 if THOROUGH else 25)
settings.load_profile("g4f_nb")

_OURS = ("OPENAI_", "AZURE_", "OPENROUTER_", "GROQ_", "OLLAMA_", "GIGACHAT_", "BERLIN_", "G4F_NB_")
# Every variable that a row of the catalog reads: a developer's own keys must change no test.
_ROWS = {
    name
    for row in rows().values()
    for name in (*row.api_key_env, *row.api_base_env, *filter(None, [row.api_host_env]))
}
# Servers, threads and processes that a test may have to wait for: fixtures, and what its module uses.
_OTHERS = {
    "server",
    "shared",
    "bench",
    "serve",
    "serve_gigachat",
    "serve_berlin",
    "web",
    "threading",
    "subprocess",
}
_numbers = itertools.count()
_KEPT = {
    "G4F_NB_CHROMIUM", "G4F_NB_REQUIRE_BROWSER", "G4F_NB_AIMOCK", "G4F_NB_REQUIRE_AIMOCK", "G4F_NB_FOREIGN",
    "G4F_NB_AXE", "G4F_NB_REQUIRE_AXE", "G4F_NB_THOROUGH",
}  # fmt: skip
_PROXIES = {"http_proxy", "https_proxy", "all_proxy", "no_proxy"}


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """What waits for others, or watches a clock, may be late once, on a busy machine, and is run again.

    Whatever only computes fails the first time. A first failure is told at the end of the run all the same.
    """
    again = pytest.mark.flaky(reruns=1)
    for item in items:
        marked = any(map(item.get_closest_marker, ("kernel", "browser", "clock")))
        if marked or not _OTHERS.isdisjoint((*item.fixturenames, *vars(item.module))):
            item.add_marker(again)


def pytest_configure(config):
    """What a module's fixtures keep, before its first test has a place of its own, is no user's either."""
    folder = tempfile.TemporaryDirectory(prefix="g4f_nb-tests-", ignore_cleanup_errors=True)
    config.add_cleanup(folder.cleanup)
    os.environ["G4F_NB_CACHE_DIR"] = os.environ["G4F_NB_CONFIG_DIR"] = folder.name


def pytest_collection():
    """What collecting makes stays to the end, and nobody need look again and again which of it is garbage."""
    gc.disable()


def pytest_collection_finish():
    """Nor need a test that collects garbage."""
    gc.collect()
    gc.freeze()
    gc.enable()
    # What a test makes is mostly gone with it: every 700 new objects would be far too often.
    gc.set_threshold(20_000, *gc.get_threshold()[1:])


@pytest.fixture(scope="module")
def quick_garbage():
    """For tests that collect garbage: what was there before them is not looked through again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _clean_environment(request, monkeypatch, tmp_path_factory):
    for name in list(os.environ):
        ours = name.startswith(_OURS) or name in _ROWS
        if (ours and name not in _KEPT) or name.lower() in _PROXIES:
            monkeypatch.delenv(name)
    afresh.forget_said()
    monkeypatch.setenv("G4F_NB_CONFIG_DIR", str(tmp_path_factory.getbasetemp() / "no-config"))
    # A store of its own for each test; the folder is made only where a test keeps something.
    number = next(_numbers)
    monkeypatch.setenv("G4F_NB_CACHE_DIR", str(tmp_path_factory.getbasetemp() / f"cache-{number}"))
    yield
    afresh.forget_all(runs_too=request.node.get_closest_marker("runs_stay") is None)


@pytest.fixture
def pocket():
    """The system's keyring for this test: an empty one in memory."""
    before, made = keyring.get_keyring(), PocketKeyring()
    keyring.set_keyring(made)
    yield made
    keyring.set_keyring(before)


@pytest.fixture
def places(monkeypatch, tmp_path, pocket):
    """Every place that may hold a key, all empty, in a folder of the test's own."""
    return Places(monkeypatch, tmp_path, pocket)
