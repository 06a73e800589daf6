"""A conversation that was saved as a notebook can be run again, in a kernel of its own."""

from __future__ import annotations

import pytest
from later import Later

import g4f_nb as nb

nbclient, nbformat = map(Later, ("nbclient", "nbformat"))

pytestmark = pytest.mark.kernel


@pytest.mark.filterwarnings("default::DeprecationWarning")
@pytest.mark.filterwarnings("default::ResourceWarning")
def test_a_saved_notebook_runs_and_says_the_same(tmp_path):
    """Names with blanks, braces and a model of its own: every cell asks what it asked."""
    talk = nb.Conversation("my talk", model="Demo:demo-fast", system="Be brief.")
    talk.ask("Show me a list")
    talk.ask("What is {x} in \\frac{1}{2}?", "Demo:demo")
    before = nbformat.read(talk.save(tmp_path / "talk.ipynb"), as_version=4)
    after = nbclient.NotebookClient(before, timeout=100, kernel_name="python3").execute()
    nbformat.validate(after)
    assert [cell.source for cell in after.cells][2:] == [
        "%%chat -n my-talk\nShow me a list",
        "%%chat -n my-talk -m Demo:demo --raw\nWhat is {x} in \\frac{1}{2}?",
    ]
    said = [cell.outputs[-1].data["text/plain"] for cell in after.cells[2:]]
    assert said == [turn.text for turn in talk]
    again = nb.Conversation.restore("my-talk")
    assert again.id != talk.id
    assert [turn.shown for turn in again] == [turn.shown for turn in talk]
