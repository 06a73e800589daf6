"""A login is kept privately, whole or not at all, for one account."""

from __future__ import annotations

import os
import stat
import threading

import pytest
from login_server import ANN, PLANTED, file_of, kept, service, shown, sync, text

from g4f_nb.chunks import AuthResult
from g4f_nb.errors import InvalidParameterError
from g4f_nb.providers import AsyncAuthedProvider, AuthFileMixin
from g4f_nb.secret import Secret

PRIVATE_MODES = pytest.mark.skipif(os.name == "nt", reason="Windows keeps private files by folder")


def test_the_file_is_named_after_class_or_parent_and_account(config):
    """In the config folder; twelve digits tell accounts apart; asking for the path makes nothing."""
    assert AuthFileMixin.get_cache_file() == config / "auth_AuthFileMixin.json"
    child = type("Child", (AsyncAuthedProvider,), {"parent": "Family"})
    assert child.get_cache_file() == config / "auth_Family.json"
    named = child.get_cache_file("ann").name
    assert named == f"auth_Family_{Secret('ann').fingerprint()}.json"
    assert len(Secret("ann").fingerprint()) == 12
    assert child.get_cache_file(Secret("ann")).name == named != child.get_cache_file("bob").name
    assert child.get_cache_file("") == child.get_cache_file(None) == child.get_cache_file()
    assert not config.exists()


@PRIVATE_MODES
def test_a_login_is_private(config, server):
    """Mode 0600 in a folder of mode 0700, whatever the umask is; nothing is left beside it."""
    cls = service(server)
    before = os.umask(0)
    try:
        sync(cls, **ANN)
    finally:
        os.umask(before)
    assert stat.S_IMODE(file_of(cls).stat().st_mode) == 0o600
    assert stat.S_IMODE(config.stat().st_mode) == 0o700
    assert [file.name for file in config.iterdir()] == [file_of(cls).name]
    assert not list(config.parent.parent.glob("*.json"))


@PRIVATE_MODES
def test_a_folder_that_others_may_read_is_closed_if_it_is_ours(config, tmp_path):
    """One that carries our name; a folder that somebody chose for more than us stays as it is."""
    config.mkdir(parents=True, mode=0o755)
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o755)
    for folder, mode in ((config, 0o700), (shared, 0o755)):
        AsyncAuthedProvider.write_cache_file(folder / "auth_x.json", AuthResult(token="t"))
        assert stat.S_IMODE(folder.stat().st_mode) == mode
        assert stat.S_IMODE((folder / "auth_x.json").stat().st_mode) == 0o600


def test_writing_and_forgetting(config):
    """What was written is read again; `None` deletes, also what is not there."""
    file = config / "auth_x.json"
    login = AuthResult(token="t", expires=12.5, cookies={"a": ["b", None]})
    AsyncAuthedProvider.write_cache_file(file, login)
    assert AsyncAuthedProvider.read_cache_file(file) == login
    for _ in range(2):
        AsyncAuthedProvider.write_cache_file(file)
        assert not file.exists()
    assert AsyncAuthedProvider.read_cache_file(file) is None


def test_a_reader_sees_the_old_login_or_the_new_one(config):
    """The file is replaced in one step."""
    file = config / "auth_x.json"
    AsyncAuthedProvider.write_cache_file(file, AuthResult(token="x" * 100_000))
    stop, seen = threading.Event(), set()

    def read():
        while not stop.is_set():
            login = AsyncAuthedProvider.read_cache_file(file)
            seen.add(login and login.token[:1] + str(len(login.token)))

    reader = threading.Thread(target=read)
    reader.start()
    for round_ in range(200):
        AsyncAuthedProvider.write_cache_file(file, AuthResult(token="xy"[round_ % 2] * 100_000))
    stop.set()
    reader.join()
    assert seen <= {"x100000", "y100000"}


DAMAGED = [
    b"",
    b"{",
    b"null",
    b"[1]",
    b'"text"',
    b"\xff\xfe",
    b'{"a": 1',
    b"[" * 100_000,
    b'{"token": "t"} x',
]


@pytest.mark.parametrize("content", DAMAGED, ids=range(len(DAMAGED)))
def test_a_damaged_file_is_no_file(server, content):
    """The user is logged in anew and hears nothing of it; the file is whole again."""
    cls = service(server)
    file_of(cls).parent.mkdir(parents=True)
    file_of(cls).write_bytes(content)
    assert text(sync(cls, **ANN)) == "ann said hello"
    assert kept(cls) == {"token": "planted-token-1"}


def test_a_field_of_any_name_is_kept(config):
    """`self` is as good as any other."""
    file = config / "auth_x.json"
    AsyncAuthedProvider.write_cache_file(file, AuthResult(**{"self": 1, "": 2}))
    assert AsyncAuthedProvider.read_cache_file(file).get_dict() == {"self": 1, "": 2}


def test_what_is_no_json_is_named_by_its_field_alone(config):
    """Neither the message, nor a cause, nor a frame shows a value; no file is left."""
    file = config / "auth_x.json"
    circle = []
    circle.append(circle)
    for odd in ({"planted-token"}, object(), circle, b"planted-token"):
        login = AuthResult(token="planted-token-0", session=odd)
        with pytest.raises(InvalidParameterError, match="field 'session' is no JSON") as caught:
            AsyncAuthedProvider.write_cache_file(file, login)
        assert not any(part in shown(caught.value) for part in PLANTED)
    assert not file.exists()
