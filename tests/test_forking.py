"""Locks of modules in a forked child: open, whoever held them in the parent."""

from __future__ import annotations

import os
import threading

import pytest

from g4f_nb.comparing import collecting, keeping
from g4f_nb.conversations import shelf
from g4f_nb.forking import ModuleLock
from g4f_nb.panels import reruns
from g4f_nb.providers.sending import lanes

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
LOCKS = (collecting._lock, keeping._lock, shelf._making, reruns._lock, lanes._lock)


def _in_a_child(work):
    child = os.fork()
    if not child:
        ended = threading.Event()
        threading.Thread(target=lambda: (work(), ended.set()), daemon=True).start()
        os._exit(0 if ended.wait(10) else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_child_waits_for_nobody_of_its_parent():
    """A comparison, a panel or a lane in use as the process forks is no reason for the child to hang."""

    def take_each():
        for lock in LOCKS:
            with lock:
                pass

    held, let_go = threading.Event(), threading.Event()

    def hold():
        for lock in LOCKS:
            lock.__enter__()
        held.set()
        let_go.wait(30)
        for lock in LOCKS:
            lock.__exit__(None, None, None)

    holder = threading.Thread(target=hold)
    holder.start()
    assert held.wait(10)
    try:
        assert _in_a_child(take_each) == 0
    finally:
        let_go.set()
        holder.join()


def test_one_thread_at_a_time():
    """Another one waits; the same one goes in again."""
    lock, inside = ModuleLock(), []

    def go_in():
        with lock:
            inside.append(1)

    with lock, lock:
        other = threading.Thread(
            target=lambda: (lock.__enter__(), inside.append(1), lock.__exit__(None, None, None))
        )
        other.start()
        other.join(0.1)
        assert inside == []
    other.join(10)
    assert inside == [1]
