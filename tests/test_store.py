"""The store: what is written is there for the next kernel, and no trouble with the file costs an answer."""

from __future__ import annotations

import _thread
import contextlib
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from until import until

from g4f_nb import store as store_module
from g4f_nb.errors import G4FError, InvalidParameterError
from g4f_nb.store import Store
from g4f_nb.stored import patience, places, whole_records
from g4f_nb.stored.pointers import pointing


@pytest.fixture
def make(tmp_path):
    """Stores on one file, closed afterwards."""
    made = []

    def one(file=None):
        store = Store(file or tmp_path / "cache" / "store.sqlite3")
        made.append(store)
        return store

    yield one
    for store in made:
        store.close()


@pytest.fixture
def held(monkeypatch):
    """Gives a connection that holds the write lock of a store's file, for which nobody waits long."""
    monkeypatch.setattr(patience, "PATIENCE", 0.05)
    made = []

    def hold(store):
        store.open()
        store.flush()
        connection = sqlite3.connect(store.file, isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        made.append(connection)
        return connection

    yield hold
    for connection in made:
        connection.close()


def _texts(found):
    return {key: answer.record for key, answer in found.items()}


def test_answers_are_there_for_the_next_kernel(make):
    """An answer that was kept is found by another store on the same file, also after the first was closed."""
    first = make()
    first.cells.keep("r", 0, {"text": "hello"}, key="a")
    first.close()
    assert _texts(make().cells.answers(["a", "b"])) == {"a": b'{"text":"hello"}'}


def test_the_latest_answer_is_the_one(make):
    """A question that was asked anew has its newest answer, and a cell that was kept anew replaces itself."""
    store = make()
    store.cells.keep("old", 0, {"n": 1}, key="a")
    store.cells.keep("new", 0, {"n": 2}, key="a")
    assert _texts(store.cells.answers(["a"])) == {"a": b'{"n":2}'}
    store.cells.keep("old", 0, {"n": 3}, key="a")
    assert _texts(store.cells.answers(["a"])) == {"a": b'{"n":3}'}
    assert store.info().cells == 2


def test_a_run_can_be_had_again(make):
    """A run comes back with its plan and the records of the cells that were finished."""
    store = make()
    store.runs.begin("r1", "compare", cells=3, plan={"models": ["Demo"]})
    store.cells.keep("r1", 2, {"answer": "x"}, more={"reasoning": "why"})
    store.flush()
    run = make().runs.find("r1") or pytest.fail("not found yet")
    assert (run.kind, run.cells, run.plan) == ("compare", 3, {"models": ["Demo"]})
    assert list(make().cells.records(run)) == [(2, {"answer": "x"})]
    assert store.cells.find("r1", 2) == ({"answer": "x"}, {"reasoning": "why"})
    assert store.cells.find("r1", 1) is None
    assert [row[:1] + row[3:] for row in store.runs.latest()] == [("r1", 3, 1)]


def test_more_than_one_query_takes(make, monkeypatch):
    """Answers, the cells of a run, also those of another's answers, and what goes: all of it, in parts."""
    monkeypatch.setattr(whole_records, "KEYS_AT_ONCE", 3)
    store, positions = make(), range(8)
    for at in positions:
        store.runs.begin(f"r{at}", "compare", cells=8, plan={})
        store.cells.keep("r0", at, {"n": at}, key=f"k{at}")
    found = store.cells.answers([f"k{at}" for at in positions])
    assert _texts(found) == {f"k{at}": b'{"n":%d}' % at for at in positions}
    store.runs.begin("same", "compare", cells=8, plan={})
    store.cells.keep_same("same", (([at], found[f"k{at}"], {}) for at in positions))
    store.write("UPDATE runs SET began_at = 0 WHERE run_id != 'same'", [()])
    assert store.purge(older_than_days=1) == 16
    (run,) = filter(None, [store.runs.find("same")])
    assert list(store.cells.records(run)) == [(at, {"n": at}) for at in positions]


def test_verdicts_are_one_table(make):
    """Models and people give their verdicts into one table; a judge may change his own."""
    store = make()
    store.verdicts.keep("r", [("p1", "m:judge", 0, {"winner": "a"}), ("p1", "human", 0, {"winner": "b"})])
    store.verdicts.keep("r", [("p1", "human", 0, {"winner": "tie"})])
    assert [(row["judge"], row["winner"]) for row in store.verdicts.of("r")] == [
        ("human", "tie"),
        ("m:judge", "a"),
    ]


def test_two_kernels_write_at_once(make, tmp_path):
    """Two processes that write thousands of rows into one file lose none and meet no lock error."""
    code = (
        "import sys, pathlib\nfrom g4f_nb.store import Store\n"
        "store = Store(pathlib.Path(sys.argv[1]))\n"
        "for n in range(2000):\n    store.cells.keep(sys.argv[2], n, {}, key=f'{sys.argv[2]}{n}')\n"
        "store.close()\n"
    )
    file = tmp_path / "cache" / "store.sqlite3"
    both = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", code, file, name], stderr=subprocess.PIPE, text=True
        )
        for name in "ab"
    ]
    assert [process.communicate(timeout=100)[1] for process in both] == ["", ""]
    assert make(file).info().answers == 4000


def test_a_damaged_file_is_set_aside(make, tmp_path, capsys):
    """A file that is no database is renamed, never deleted, and said; a new one begins."""
    file = tmp_path / "store.sqlite3"
    file.write_bytes(b"no database at all, but somebody's bytes" * 100)
    store = make(file)
    store.cells.keep("r", 0, {}, key="a")
    store.flush()
    assert _texts(store.cells.answers(["a"])) == {"a": b"{}"}
    (kept,) = tmp_path.glob("store.set-aside-*.sqlite3")
    assert kept.read_bytes().startswith(b"no database")
    assert kept.name in capsys.readouterr().err


def test_damage_that_shows_later(make, tmp_path, capsys):
    """Pages that are damaged behind a sound head are found while reading, and set aside like the rest."""
    file = tmp_path / "store.sqlite3"
    first = make(file)
    for number in range(3000):
        first.cells.keep("r", number, {"text": "x" * 50}, key=f"k{number}")
    first.close()
    content = bytearray(file.read_bytes())
    content[4096:] = b"\x55" * (len(content) - 4096)
    file.write_bytes(content)
    store = make(file)
    store.cells.answers(["k1"])
    store.cells.keep("new", 0, {"n": 1}, key="new")
    store.flush()
    assert _texts(store.cells.answers(["new"])) == {"new": b'{"n":1}'}
    assert "set-aside" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="a file that is open cannot be renamed")
def test_what_is_written_after_damage_was_found_is_in_the_new_file(make, capsys):
    """The writer leaves the damaged file as the reader does: what comes is not kept in the one set aside."""
    store = make()
    for number in range(1000):
        store.cells.keep("r", number, {"text": "x" * 5000}, key=f"k{number}")
    store.flush()
    store._storage.compact()
    size = store.file.stat().st_size
    with store.file.open("r+b") as there:
        there.seek(4096)
        there.write(b"\x55" * (size - 4096))
    store.cells.answers([f"k{number}" for number in range(1000)])
    assert "set-aside" in capsys.readouterr().err
    store.cells.keep("new", 0, {"n": 1}, key="new")
    store.flush()
    assert _texts(make(store.file).cells.answers(["new"])) == {"new": b'{"n":1}'}


def test_where_nothing_can_be_written(make, tmp_path, capsys):
    """Where no folder can be made, answers are kept in memory, and one line says so."""
    (tmp_path / "file").write_text("")
    store = make(tmp_path / "file" / "store.sqlite3")
    store.cells.keep("r", 0, {"text": "kept"}, key="a")
    store.flush()
    assert _texts(store.cells.answers(["a"])) == {"a": b'{"text":"kept"}'}
    assert store.info().in_memory_because
    told = capsys.readouterr().err
    assert told.count("kept in memory") == 1
    assert "G4F_NB_CACHE_DIR" in told


_NO_DELETING = pytest.mark.skipif(sys.platform == "win32", reason="a file that is open cannot be deleted")


@_NO_DELETING
@pytest.mark.parametrize("all_of_it", [True, False])
def test_a_store_that_is_deleted_under_a_kernel_begins_anew(make, capsys, all_of_it):
    """What comes after that is in the new file, for every kernel, and it is said."""
    store = make()
    store.cells.keep("r", 0, {"n": 0}, key="old")
    store.flush()
    if all_of_it:
        shutil.rmtree(store.file.parent)
    else:
        store.file.unlink()
    store.cells.keep("r", 1, {"n": 1}, key="new")
    assert store.cells.answers(["old", "new"]).keys() == {"new"}
    assert "was deleted while this kernel used it" in capsys.readouterr().err
    assert _texts(make(store.file).cells.answers(["new"])) == {"new": b'{"n":1}'}
    assert store.info().in_memory_because is None


@_NO_DELETING
def test_a_store_in_whose_place_another_one_is_put_goes_on_there(make, capsys):
    """As two kernels do when somebody clears the folder: both are in one file again, also to look there."""
    ours, theirs = make(), make()
    for store in (ours, theirs):
        store.cells.keep("r", 0, {}, key="old")
        store.flush()
    shutil.rmtree(ours.file.parent)
    theirs.cells.keep("theirs", 0, {"n": 1}, key="a")
    theirs.flush()
    assert _texts(ours.cells.answers(["a"])) == {"a": b'{"n":1}'}
    ours.cells.keep("ours", 0, {"n": 2}, key="b")
    ours.flush()
    assert _texts(theirs.cells.answers(["a", "b"])) == {"a": b'{"n":1}', "b": b'{"n":2}'}
    told = capsys.readouterr().err
    assert "was deleted while" in told
    assert "was replaced by another file while" in told


@_NO_DELETING
def test_a_folder_in_the_place_of_a_store_is_told(make, capsys):
    """Also where it came there while the store was open: what comes stays in memory."""
    store = make()
    store.cells.keep("r", 0, {}, key="old")
    store.flush()
    shutil.rmtree(store.file.parent)
    store.file.mkdir(parents=True)
    store.cells.keep("r", 1, {"n": 1}, key="a")
    assert _texts(store.cells.answers(["a"])) == {"a": b'{"n":1}'}
    assert "cannot be written (there is a folder of that name)" in capsys.readouterr().err


@_NO_DELETING
def test_a_purge_after_the_file_was_deleted_is_of_the_new_one(make):
    """Nothing is changed in a file that has no name any more."""
    store = _filled(make())
    store.flush()
    shutil.rmtree(store.file.parent)
    assert store.purge() == 0
    assert store.file.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="file size limits are POSIX's")
def test_a_full_disk(tmp_path):
    """A disk that fills up in the middle costs nothing: what does not fit stays in memory, and it is said."""
    code = (
        "import pathlib, resource, signal, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "from g4f_nb.store import Store\n"
        "from g4f_nb.stored import whole_records\nwhole_records.KEYS_AT_ONCE = 100\n"
        "store = Store(pathlib.Path(sys.argv[1]))\n"
        "store.cells.keep('first', 0, {'n': 0}, key='first')\nstore.flush()\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (120_000, 120_000))\n"
        "for n in range(500):\n    store.cells.keep('r', n, {'t': 'x' * 2000}, key=f'k{n}')\nstore.flush()\n"
        "found = store.cells.answers(['first', *(f'k{n}' for n in range(500))])\n"
        "print(len(found), store.info().in_memory_because is not None)\nstore.close()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "store.sqlite3"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.split() == ["501", "True"], done.stderr
    assert "kept in memory" in done.stderr


def test_a_file_of_the_future_is_left_alone(make, tmp_path):
    """A store that a newer version made is not touched: the error says so and names the way out."""
    file = tmp_path / "store.sqlite3"
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA user_version=99")
    connection.close()
    with pytest.raises(InvalidParameterError, match=r"newer g4f_nb.*G4F_NB_CACHE_DIR"):
        make(file).cells.answers(["a"])


# A file as version 0.1.0 made it; whoever changes the form leaves this as it is.
_FORM_2 = """
CREATE TABLE runs (
    run_id TEXT PRIMARY KEY, kind TEXT NOT NULL, began_at REAL NOT NULL,
    cells INTEGER NOT NULL, plan BLOB NOT NULL
);
CREATE TABLE cells (
    run_id TEXT NOT NULL, position INTEGER NOT NULL, key TEXT, record BLOB NOT NULL, more BLOB,
    PRIMARY KEY (run_id, position)
);
CREATE TABLE verdicts (
    run_id TEXT NOT NULL, pair TEXT NOT NULL, judge TEXT NOT NULL, turn INTEGER NOT NULL,
    record BLOB NOT NULL, given_at REAL NOT NULL,
    PRIMARY KEY (run_id, pair, judge, turn)
);
CREATE TABLE conversations (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, title TEXT NOT NULL, changed_at REAL NOT NULL,
    settings BLOB NOT NULL
);
CREATE TABLE turns (
    conversation TEXT NOT NULL, turn TEXT NOT NULL, parent TEXT, record BLOB NOT NULL,
    PRIMARY KEY (conversation, turn)
);
CREATE TABLE costs (
    conversation TEXT NOT NULL, turn TEXT NOT NULL, usd REAL, tokens INTEGER, guess REAL,
    PRIMARY KEY (conversation, turn)
);
CREATE INDEX answers ON cells (key) WHERE key IS NOT NULL;
CREATE INDEX runs_by_age ON runs (began_at);
INSERT INTO runs VALUES ('r', 'compare', 1.0, 1, x'7b7d');
INSERT INTO cells VALUES ('r', 0, 'a', x'7b7d', NULL);
INSERT INTO conversations VALUES ('c', '', '', 1.0, x'7b7d');
PRAGMA user_version=2
"""


def test_a_file_of_the_first_release_is_read(make, tmp_path):
    """What version 0.1.0 has kept, conversations among it, is there in every later one."""
    file = tmp_path / "store.sqlite3"
    with contextlib.closing(sqlite3.connect(file)) as connection:
        connection.executescript(_FORM_2)
    store = make(file)
    assert _texts(store.cells.answers(["a"])) == {"a": b"{}"}
    assert (store.info().runs, store.info().conversations) == (1, 1)
    assert list(tmp_path.glob("*set-aside*")) == []


def test_a_file_of_the_past_is_set_aside(make, tmp_path, capsys):
    """A store in the form of an older version is kept beside, and a new one begins."""
    file = tmp_path / "store.sqlite3"
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA user_version=1")
    connection.close()
    store = make(file)
    store.cells.keep("r", 0, {}, key="a")
    assert _texts(store.cells.answers(["a"])) == {"a": b"{}"}
    assert len(list(tmp_path.glob("store.set-aside-*.sqlite3"))) == 1
    assert "older g4f_nb" in capsys.readouterr().err


def test_old_things_go(make):
    """Purging deletes what is older than so many days, or everything, and the file shrinks."""
    store = make()
    for number in range(2000):
        store.cells.keep("r", number, {"text": "x" * 500}, key=f"k{number}")
    store.runs.begin("r", "compare", cells=1, plan={})
    store.cells.keep("r", 5000, {})
    before = store.info()
    assert store.purge(older_than_days=1) == 0
    assert store.purge() == 2002
    after = store.info()
    assert (after.answers, after.runs, after.cells) == (0, 0, 0)
    assert after.bytes < before.bytes / 2


def test_the_first_thing_a_kernel_does_may_be_a_purge(make):
    """A store that was not used yet is opened for it."""
    first = make()
    first.runs.begin("old", "compare", cells=1, plan={})
    first.close()
    assert make().purge() == 1


def test_many_threads(make):
    """Threads may write and read at once."""
    store = make()
    errors = []

    def work(name):
        try:
            for number in range(200):
                store.cells.keep(f"r{name}", number, {"n": number}, key=f"{name}-{number}")
                store.cells.answers([f"{name}-{number // 2}"])
        except Exception as error:  # noqa: BLE001  # told by the assertion
            errors.append(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store.flush()
    assert errors == []
    assert store.info().answers == 1200


def test_only_the_owner_reads_it(make, tmp_path):
    """Prompts and answers are private: the file has mode 0600."""
    make().cells.keep("r", 0, {}, key="a")
    store = make()
    store.flush()
    store.cells.answers([])
    mode = (tmp_path / "cache" / "store.sqlite3").stat().st_mode
    assert sys.platform == "win32" or mode & 0o077 == 0


def test_a_bad_query_is_no_damage(make, tmp_path):
    """What is wrong with a question to the store is an error of its own; the file stays where it is."""
    store = make()
    store.cells.keep("r", 0, {}, key="a")
    store.flush()
    with pytest.raises(sqlite3.Error):
        store._storage.read("SELECT key FROM cells LIMIT ?", ("x",))
    assert _texts(store.cells.answers(["a"])) == {"a": b"{}"}
    assert list(tmp_path.glob("**/*set-aside*")) == []


@pytest.mark.clock
def test_threads_that_ask_at_once_get_one_store(monkeypatch, tmp_path):
    """However many threads are the first to ask for it, a file has one store: no row is in another."""
    monkeypatch.setenv("G4F_NB_CACHE_DIR", str(tmp_path / "many"))
    made = []

    class Slow(Store):
        """A store whose making takes long enough for everybody to be in it."""

        def __init__(self, file):
            time.sleep(0.05)
            super().__init__(file)
            made.append(self)

    monkeypatch.setattr(store_module, "Store", Slow)
    with ThreadPoolExecutor(8) as pool:
        got = [each.result() for each in [pool.submit(store_module.store) for _ in range(8)]]
    assert len({id(each) for each in got}) == 1
    assert made == [got[0]]
    store_module.close_stores()


def _filled(store, run="r"):
    store.runs.begin(run, "compare", cells=1, plan={})
    store.cells.keep(run, 0, {"text": "x"}, key=run)
    store.verdicts.keep(run, [("p", "human", 0, {})])
    return store


@pytest.mark.parametrize("is_open", [True, False])
def test_a_wait_for_another_program_is_told(make, held, monkeypatch, capsys, is_open):
    """A file that is held for long is waited for, at its opening and at its writing, and not in silence."""
    other = held(make())
    monkeypatch.setattr(patience, "PATIENCE", 60.0)
    monkeypatch.setattr(patience, "WITHOUT_A_WORD", 0.05)
    store = make()
    if is_open:
        other.execute("ROLLBACK")
        store.open()
        other.execute("BEGIN IMMEDIATE")
    keeping = threading.Thread(target=store.cells.keep, args=("r", 0, {"n": 1}), kwargs={"key": "a"})
    keeping.start()
    told: list[str] = []
    until(lambda: told.append(capsys.readouterr().err) or "waiting for it, 60 s at most" in "".join(told))
    other.execute("ROLLBACK")
    keeping.join()
    assert _texts(store.cells.answers(["a"])) == {"a": b'{"n":1}'}
    assert store.info().in_memory_because is None
    assert "is free again" in capsys.readouterr().err


@pytest.mark.parametrize("is_open", [True, False])
def test_what_stayed_in_memory_goes_into_a_file_that_is_let_go(make, held, monkeypatch, capsys, is_open):
    """Held at its opening or at its writing: later all of it is in the file, and it is said."""
    monkeypatch.setattr(places, "_AGAIN", 0.05)
    first = _filled(make())
    other = held(first)
    store = first if is_open else make()
    store.runs.begin("s", "compare", cells=1, plan={})
    store.cells.keep("s", 0, {"n": 1}, key="a")
    store.flush()
    time.sleep(0.1)
    store.flush()
    assert store.info().in_memory_because
    other.execute("ROLLBACK")
    until(lambda: store.info().in_memory_because is None)
    assert "can be written again" in capsys.readouterr().err
    store.cells.keep("s", 1, {"n": 2}, key="b")
    store.flush()
    for each in (store, make()):
        assert _texts(each.cells.answers(["a", "b"])) == {"a": b'{"n":1}', "b": b'{"n":2}'}
        assert (each.info().runs, each.info().cells) == (2, 3)


def test_a_purge_while_another_program_writes(make, held):
    """A file that somebody else holds is an error of ours with the way out; nothing of it is gone then."""
    store = _filled(make())
    other = held(store)
    with pytest.raises(G4FError, match=r"held by another kernel.*try again"):
        store.purge()
    assert (store.info().runs, store.info().cells, store.info().verdicts) == (1, 1, 1)
    assert store.purged == 0
    other.execute("ROLLBACK")
    assert store.purge() == 3


def test_a_purge_that_waits_is_told_and_goes_on(make, held, monkeypatch, capsys):
    """It says that it waits, and goes on when the file is free; who reads meanwhile is not kept waiting."""
    store = _filled(make())
    other = held(store)
    monkeypatch.setattr(patience, "PATIENCE", 60.0)
    monkeypatch.setattr(patience, "WITHOUT_A_WORD", 0.05)
    with ThreadPoolExecutor() as pool:
        purging = pool.submit(store.purge)
        told: list[str] = []
        until(lambda: told.append(capsys.readouterr().err) or "waiting for it, 60 s at most" in "".join(told))
        assert _texts(store.cells.answers(["r"])) == {"r": b'{"text":"x"}'}
        assert not purging.done()
        other.execute("ROLLBACK")
        assert purging.result() == 3
    assert "is free again: going on" in capsys.readouterr().err


def test_a_purge_that_waits_can_be_interrupted(make, held, monkeypatch):
    """Ctrl-C ends the wait at once, and nothing is gone."""
    store = _filled(make())
    held(store)
    monkeypatch.setattr(patience, "PATIENCE", 60.0)
    threading.Timer(0.3, _thread.interrupt_main).start()
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        store.purge()
    assert time.monotonic() - began < 20
    assert store.info().runs == 1


def test_the_first_opening_can_be_interrupted(make, held, monkeypatch):
    """Ctrl-C ends the wait for whoever holds the file; the next use opens it all the same."""
    other = held(make())
    monkeypatch.setattr(patience, "PATIENCE", 60.0)
    threading.Timer(0.3, _thread.interrupt_main).start()
    began, store = time.monotonic(), make()
    with pytest.raises(KeyboardInterrupt):
        store.open()
    assert time.monotonic() - began < 20
    other.execute("ROLLBACK")
    assert store.info().in_memory_because is None


def test_a_purge_that_fails_in_the_middle_deletes_nothing(make):
    """Where one table cannot be emptied no other one is, and the store goes on."""
    store = _filled(make())
    store.write("INSERT INTO conversations VALUES ('c', '', '', 0, '{}')", [()])
    store.write(
        "CREATE TRIGGER no BEFORE DELETE ON conversations BEGIN SELECT RAISE(ABORT, 'not these'); END", [()]
    )
    with pytest.raises(G4FError, match=r"cannot be changed \(not these\)"):
        store.purge()
    assert (store.info().runs, store.info().cells, store.info().verdicts) == (1, 1, 1)
    _filled(store, "s")
    assert store.info().runs == 2


def test_a_purge_takes_what_is_in_memory_too(make, held, capsys):
    """After a fall-back to memory everything goes, from the file and from memory."""
    store = make()
    store.runs.begin("r", "compare", cells=2, plan={})
    store.cells.keep("r", 0, {}, key="a")
    other = held(store)
    store.cells.keep("r", 1, {}, key="b")
    store.flush()
    assert "kept in memory" in capsys.readouterr().err
    other.execute("ROLLBACK")
    _filled(store, "s")
    assert sorted(store.cells.answers(["a", "b", "s"])) == ["a", "b", "s"]
    assert store.purge() == 6
    assert store.cells.answers(["a", "b", "s"]) == {}
    assert (store.info().runs, store.info().cells, store.info().verdicts) == (0, 0, 0)


def test_a_run_that_went_on_after_it_was_purged_goes_with_the_next_purge(make):
    """Cells of a run that is not known any more are deleted where everything is."""
    store = _filled(make())
    store.purge()
    store.cells.keep("r", 1, {}, key="later")
    assert store.purge(older_than_days=1) == 0
    assert store.purge() == 1
    assert store.info().cells == 0


def test_room_that_cannot_be_given_back_is_said(make, held, capsys):
    """A file that cannot be made smaller now is no error: what was to go is gone."""
    store = make()
    store.cells.keep("r", 0, {"text": "x" * 100_000})
    store.write("DELETE FROM cells", [()])
    held(store)
    store._storage.compact()
    assert "as large as before" in capsys.readouterr().err


def test_a_file_is_made_smaller_where_that_is_worth_it(make):
    """For the room of one run in ten nobody is kept waiting; that of most of them is given back."""
    store = make()
    for run in range(10):
        store.runs.begin(f"r{run}", "compare", cells=20, plan={})
        for at in range(20):
            store.cells.keep(f"r{run}", at, {"text": "x" * 2000})
    store.write("UPDATE runs SET began_at = CASE WHEN run_id = 'r0' THEN 0 ELSE 1e9 END", [()])
    sizes = [store.info().bytes]
    for days in ((time.time() - 1) / 86_400, 1):
        store.purge(older_than_days=days)
        sizes.append(store.info().bytes)
    assert sizes[1] > 0.9 * sizes[0]
    assert sizes[2] < 0.5 * sizes[0]


def test_in_memory_the_newest_answer_is_the_one(make, held):
    """What is asked anew after a fall-back to memory is what everybody finds, whatever the file has."""
    store = make()
    store.runs.begin("old", "compare", cells=2, plan={})
    store.cells.keep("old", 0, {"n": 1}, key="a")
    store.cells.keep("old", 1, {"n": 1}, key="b")
    held(store)
    store.runs.begin("new", "compare", cells=1, plan={})
    store.cells.keep("new", 0, {"n": 2}, key="a")
    store.cells.keep("old", 1, {"n": 3}, key="b")
    assert (store.cells.answer("a") or pytest.fail("lost"))[0] == {"n": 2}
    assert (store.cells.answer("b") or pytest.fail("lost"))[0] == {"n": 3}
    assert _texts(store.cells.answers(["a", "b"])) == {"a": b'{"n":2}', "b": b'{"n":3}'}
    assert store.cells.find("old", 1) == ({"n": 3}, {})
    assert list(store.cells.records(store.runs.find("old") or pytest.fail("lost"))) == [
        (0, {"n": 1}),
        (1, {"n": 3}),
    ]
    assert [(row[0], row[4]) for row in store.runs.latest()] == [("new", 1), ("old", 2)]
    assert [row[0] for row in store.runs.latest(1)] == ["new"]


def test_in_memory_what_another_kernel_asked_later_is_the_newest(make, held):
    """An answer that another kernel put into the file after our fall-back is newer than ours in memory."""
    store = make()
    other = held(store)
    store.runs.begin("ours", "compare", cells=1, plan={})
    store.cells.keep("ours", 0, {"n": 1}, key="a")
    store.flush()
    other.execute("ROLLBACK")
    theirs = make()
    theirs.runs.begin("theirs", "compare", cells=1, plan={})
    theirs.cells.keep("theirs", 0, {"n": 2}, key="a")
    theirs.flush()
    assert _texts(store.cells.answers(["a"])) == {"a": b'{"n":2}'}
    assert (store.cells.answer("a") or pytest.fail("lost"))[0] == {"n": 2}


@pytest.mark.parametrize("by", ["this kernel", "another one"])
def test_an_answer_that_is_purged_while_it_is_taken_over_stays_with_who_took_it(make, by):
    """A run that has found an answer has it, whoever deletes the older run before it is noted."""
    store = _filled(make(), "old")
    found = store.cells.answers(["old"])["old"]
    (store if by == "this kernel" else make()).purge()
    store.runs.begin("new", "compare", cells=2, plan={})
    store.cells.keep_same("new", [([0, 1], found, {"cached": True})])
    assert store.cells.find("new", 1) == ({"text": "x", "cached": True}, {})
    run = store.runs.find("new") or pytest.fail("lost")
    assert [position for position, _ in store.cells.records(run)] == [0, 1]
    assert store.purge() == 3


def test_an_answer_is_kept_once(make):
    """Who has an answer of another run has no copy of it, as long as that one is there."""
    store = _filled(make(), "old")
    store.cells.keep_same("new", [([0], store.cells.answers(["old"])["old"], {"cached": True})])
    store.flush()
    rows = store._storage.read("SELECT record FROM cells WHERE run_id = 'new'")
    assert rows == [(pointing(("old", 0), b"{}", {"cached": True})[0],)]
    assert store.cells.find("new", 0) == ({"text": "x", "cached": True}, {})


def test_a_cell_whose_answer_is_gone_is_none(make):
    """A cell that leads nowhere, as older versions could leave it, is like one that was not finished."""
    store = make()
    store.runs.begin("new", "compare", cells=1, plan={})
    store.write(
        "INSERT INTO cells VALUES ('new', 0, NULL, ?, NULL)", [(pointing(("gone", 0), b"{}", {})[0],)]
    )
    assert store.cells.find("new", 0) is None
    assert list(store.cells.records(store.runs.find("new") or pytest.fail("lost"))) == []
