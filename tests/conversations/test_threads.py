"""One conversation used by several threads at the same time."""

from __future__ import annotations

import sys
import threading
import time

from thorough import rounds

from g4f_nb.conversations.conversation import Conversation


def test_one_may_set_it_up_while_another_begins_it_anew(request):
    """Neither waits for the other for ever, whichever way round: the copy on disk is written meanwhile."""
    talk = Conversation("shared", model="Demo:demo-fast")
    talk.ask("hello")
    over = time.monotonic() + rounds(2, 0.6)

    def set_up():
        while time.monotonic() < over:
            talk.system = f"at {time.monotonic()}"

    def begin_anew():
        while time.monotonic() < over:
            talk.clear()

    # So that each is stopped in the middle of what it does, again and again.
    before = sys.getswitchinterval()
    request.addfinalizer(lambda: sys.setswitchinterval(before))
    sys.setswitchinterval(1e-5)
    threads = [threading.Thread(target=each, daemon=True) for each in (set_up, begin_anew)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(20)
    assert not any(each.is_alive() for each in threads)
