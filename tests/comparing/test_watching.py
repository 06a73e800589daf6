"""Answers of a comparison, looked at while they come."""

from __future__ import annotations

import threading
import time

import pytest

import g4f_nb as nb
from g4f_nb.comparing.entry import watched_run
from g4f_nb.comparing.frames import frame_of
from g4f_nb.loops.ownloop import own_loop
from g4f_nb.testing import serve

WORDS = " ".join(f"word{number}" for number in range(200))


@pytest.fixture
def server():
    with serve() as server:
        yield server


def _model(server, name="upper", **options):
    return nb.Model(f"OpenaiTemplate:{name}", api_base=server.api_base, **options)


class Seen:
    """Whoever looks: notes what is told, and on which thread."""

    def __init__(self):
        self.told, self.replies, self.threads = [], {}, set()
        self.texts = {}
        self._changed = threading.Condition()

    def began(self, cells, reply):
        """Keep the reply to look into."""
        self.replies[tuple(cells)] = reply
        self._note("began", cells)

    def grew(self, cells):
        """Note what there is of it now."""
        self.texts.setdefault(tuple(cells), []).append(self.replies[tuple(cells)].text)
        self._note("grew", cells)

    def ended(self, cells):
        """Note it."""
        self._note("ended", cells)

    def _note(self, what, cells):
        with self._changed:
            self.threads.add(threading.current_thread())
            self.told.append((what, *cells))
            self._changed.notify_all()

    def wait(self, condition):
        """Wait for what is told on another thread."""
        with self._changed:
            assert self._changed.wait_for(condition, 10)


def _start(prompts, models, **options):
    seen = Seen()
    run = watched_run(prompts, models, seen, options=options)
    return seen, run, own_loop().submit(run.work())


def test_every_answer_is_seen_to_grow(server):
    """Each of two begins, grows with what arrives and ends, on our loop; the result is `nb.compare`'s."""
    seen, run, job = _start(["one two three"], [_model(server), _model(server, "echo")])
    job.result()
    for cell in (0, 1):
        told = [what for what, *cells in seen.told if cells == [cell]]
        assert told == ["began", *["grew"] * (len(told) - 2), "ended"]
        assert len(told) > 2
    assert "ONE TWO THREE".startswith(seen.texts[0,][0])
    assert seen.threads == {own_loop().thread}
    frame = frame_of(run)
    assert frame["answer"].tolist() == ["ONE TWO THREE", "one two three"]
    again = nb.compare(["one two three"], [_model(server), _model(server, "echo")], progress=False)
    assert list(again.columns) == list(frame.columns)
    assert again["cached"].tolist() == [True, True]


def test_one_of_them_is_stopped_and_keeps_its_part(server):
    """Its connection is closed at once, its row is cancelled with what there was; the other goes on."""
    seen, run, job = _start([WORDS[:400]], [_model(server, "drip-20"), _model(server, "drip-5")])
    seen.wait(lambda: len(seen.texts.get((0,), [])) > 5)
    aborted = server.aborted
    own_loop().loop.call_soon_threadsafe(run.stop, 0)
    assert server.wait_for(lambda there: there.aborted > aborted, 2)
    seen.wait(lambda: ("ended", 0) in seen.told)
    assert ("ended", 1) not in seen.told
    job.result()
    frame = frame_of(run)
    assert frame["status"].tolist() == ["cancelled", "ok"]
    assert frame["answer"].iloc[0].startswith("word0 word1")
    assert len(frame["answer"].iloc[0]) < len(frame["answer"].iloc[1])
    assert nb.attach(run.run_id)["status"].tolist() == ["cancelled", "ok"]


@pytest.mark.clock
def test_one_that_waits_for_another_try_is_stopped_at_once(server):
    """Nobody waits for a server's `Retry-After` to be rid of a question."""
    seen, run, job = _start(["hello"], [_model(server, "error-503")], retries=9)
    seen.wait(lambda: ("began", 0) in seen.told)
    time.sleep(0.2)
    began = time.monotonic()
    own_loop().loop.call_soon_threadsafe(run.stop, 0)
    seen.wait(lambda: ("ended", 0) in seen.told)
    assert time.monotonic() - began < 0.5
    assert frame_of(run)["status"].tolist() == ["cancelled"]
    job.cancel()


def test_what_was_kept_or_refused_ends_without_a_beginning(server, monkeypatch):
    """An answer of an earlier run is there at once, and a model without its key fails its own row."""
    monkeypatch.delenv("GROQ_API_KEY", raising=False)
    nb.compare("hello", _model(server), progress=False)
    seen, run, job = _start("hello", [_model(server), "groq:x"])
    job.result()
    assert sorted(seen.told) == [("ended", 0), ("ended", 1)]
    assert frame_of(run)["error_type"].tolist()[1] == "MissingAuthError"


def test_another_try_begins_anew(server):
    """After a refusal the reply is another one, and what is told again is the whole."""
    seen, _, job = _start("hello", [_model(server, "flaky-1")])
    job.result()
    assert [what for what, *_ in seen.told].count("began") == 2
    assert seen.told[-1] == ("ended", 0)


def test_a_question_asked_twice_is_one_stream(server):
    """Two rows with the same question are told of together, and stopped together."""
    seen, run, job = _start(["same"], [_model(server), _model(server)])
    job.result()
    assert seen.told[0] == ("began", 0, 1)
    assert frame_of(run)["answer"].tolist() == ["SAME", "SAME"]


def test_what_is_stopped_before_it_begins_is_never_sent(server):
    """A second thought at once costs nothing."""
    seen = Seen()
    run = watched_run(["hello"], [_model(server), _model(server, "echo")], seen, options={})
    count = len(server.requests)
    run.stop(0)
    own_loop().submit(run.work()).result()
    assert frame_of(run)["status"].tolist() == ["cancelled", "ok"]
    assert len(server.requests) == count + 1
