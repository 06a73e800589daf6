"""A kernel is restarted in the middle of a conversation: what was said comes back when it is asked for."""

from __future__ import annotations

import pytest
from real_kernel import start, user_env

pytestmark = pytest.mark.kernel

_ASKED = """
%load_ext g4f_nb
import g4f_nb as nb
def said():
    return [turn.shown for turn in nb.Conversation.named("main")]
"""


def test_a_conversation_outlives_its_kernel(tmp_path):
    """The next kernel begins anew by itself, and goes on with the one before when it is told to."""
    env = user_env(tmp_path)
    kernel = start(env)
    try:
        kernel.run(_ASKED)
        kernel.run("%chat -p Demo -m demo-fast the first question")
        assert kernel.run("%chat -p Demo -m demo-fast the second question").error is None
        # It is killed next: what is written a moment later would not be.
        assert kernel.run("nb.store_info().conversations").value == "1"
    finally:
        kernel.shutdown()
    kernel = start(env)
    try:
        kernel.run(_ASKED)
        kernel.run("%chat -p Demo -m demo-fast something new")
        assert kernel.run("said()").value == "['something new']"
        listed = kernel.run("nb.list_conversations()[['name', 'turns', 'here']].values.tolist()")
        assert listed.value == "[['main', 1, True], ['main', 2, False]]"
        assert kernel.run("nb.Conversation.restore('main');").error is None
        assert kernel.run("said()").value == "['the first question', 'the second question']"
        kernel.run("%chat -p Demo -m demo-fast the third")
        assert kernel.run("len(nb.Conversation.restore('main'))").value == "3"
    finally:
        kernel.shutdown()
