"""The conversations of a notebook are found by name; those of another shell are not."""

from __future__ import annotations

import gc
import subprocess
import sys

import pytest

import g4f_nb as nb
from g4f_nb.conversations.shelf import Shelf, shelf
from g4f_nb.errors import InvalidParameterError

pytestmark = pytest.mark.usefixtures("quick_garbage")


class _Named:
    def __init__(self, name):
        self.name = name


def test_a_name_is_taken_over():
    """Whoever holds the first one still has it, and it is still listed."""
    made, first, second = Shelf(), _Named("x"), _Named("x")
    made.put(first, stays=True)
    made.put(second, stays=True)
    assert made.get("x") is second
    assert set(made.all) == {first, second}
    del first
    gc.collect()
    assert made.all == (second,)


def test_those_without_a_name_of_their_own_go_with_their_holder():
    """A loop that makes thousands keeps none of them."""
    made, one = Shelf(), _Named("chat-1")
    made.put(one, stays=False)
    assert made.get("chat-1") is one
    del one
    gc.collect()
    assert made.names == ()


def test_without_a_shell_there_is_no_shelf():
    """In a server, one user's conversation is not another's."""
    assert shelf() is None
    assert nb.Conversation.named("x") is not nb.Conversation.named("x")


def test_in_a_shell_the_same_name_is_the_same_conversation():
    """Settings hold for one that is made; a new one takes the name over; forks and renamed ones are found."""
    code = """
from IPython.core.interactiveshell import InteractiveShell
InteractiveShell.instance()
import g4f_nb as nb
from g4f_nb.conversations.shelf import shelf
one = nb.Conversation.named("x", model="Demo:demo-fast")
assert nb.Conversation.named("x") is one and one.model == "Demo:demo-fast"
assert nb.Conversation("x") is nb.Conversation.named("x") is not one
assert nb.Conversation.named() .name == "main"
one.fork("y")
one.name = "z"
print(shelf().names)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "('main', 'x', 'y', 'z')", done.stderr


def test_threads_that_name_the_same_conversation_have_the_same():
    """Two that come together, before there is one, do not make one each."""
    code = """
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from time import sleep
from IPython.core.interactiveshell import InteractiveShell
InteractiveShell.instance()
import g4f_nb as nb

class Slow(nb.Conversation):
    def __init__(self, *given, **settings):
        sleep(0.1)
        super().__init__(*given, **settings)

together = Barrier(4)
with ThreadPoolExecutor(4) as pool:
    print(len({id(each) for each in pool.map(lambda _: (together.wait(), Slow.named("x"))[1], range(4))}))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "1", done.stderr


@pytest.mark.parametrize("name", ["", "  ", 3])
def test_what_is_no_name_is_refused(name):
    """The error shows it."""
    with pytest.raises(InvalidParameterError, match="the name of a conversation is"):
        nb.Conversation(name)


def test_a_slip_in_a_name_is_told():
    """A conversation whose name is nearly that of another begins, and a line says which may be meant.

    Names that differ in numbers are two names, and one that is there is just given.
    """
    code = """
from IPython.core.interactiveshell import InteractiveShell
InteractiveShell.instance()
import g4f_nb as nb
nb.Conversation("physics")
for name in ("phisics", "phisics", "cooking", "physics-2", "physics-3", "physics"):
    nb.Conversation.named(name)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    words = "g4f_nb: 'phisics' is a new conversation: there is 'physics', if that was meant"
    assert done.stderr.splitlines() == [words]
