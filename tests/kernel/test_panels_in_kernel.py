"""Panels in a notebook that a program runs: transcripts only, with what cells said, and no key anywhere."""

from __future__ import annotations

import json

import pytest
from later import Later

pytestmark = pytest.mark.kernel
nbclient, nbformat = map(Later, ("nbclient", "nbformat"))
KEY = "planted-key-4711"
CELLS = [
    f"""%load_ext g4f_nb
import g4f_nb as nb
import os
table = {{"planet": "Mars", "moons": 2}}
panel = nb.ChatPanel("OpenaiTemplate:echo", api_base=os.environ["TEST_SERVER"], api_key={KEY!r})
panel""",
    "panel.ask('<b>Hello</b> $x^2$')\npanel.wait(20)",
    "%%chat -m Demo:demo-fast\nShow me a list",
    "shared = nb.ChatPanel(conversation='main')\nshared.ask('And a table')\nshared.wait(20)\nshared",
    "%%chat -m Demo:demo-fast\nAnd math",
    "print([turn.shown for turn in shared.turns])",
    "panel.ask('What of @table?')\npanel.wait(20)\nprint(panel.turns[-1].prompt)",
    "print(panel._looking.names('ta'))",
]


@pytest.fixture(scope="module")
def ran(clean_env, tmp_path_factory):
    """The notebook, run by nbclient."""
    from g4f_nb.testing import serve

    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in CELLS])
    with serve() as server, pytest.MonkeyPatch.context() as patched:
        for name, value in (clean_env | {"TEST_SERVER": server.api_base}).items():
            patched.setenv(name, value)
        nbclient.NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    return notebook


def outputs(notebook, index):
    """Everything that a cell put out, as one text."""
    cell = notebook.cells[index]
    return "".join(each.get("text", "") + "".join(each.get("data", {}).values()) for each in cell.outputs)


def test_only_the_transcript_is_put_out(ran):
    """Nobody is in front: no widget is shown, and the transcript holds what was asked in later cells."""
    kinds = [set(each["data"]) for each in ran.cells[0].outputs]
    assert kinds == [{"text/html", "text/plain"}]
    assert "&lt;b&gt;Hello&lt;/b&gt;" in outputs(ran, 0)
    # For places that would typeset it otherwise.
    assert "<code>$x^2$</code>" in outputs(ran, 0)
    (shown,) = ran.cells[0].outputs
    assert "<b>Hello" not in shown["data"]["text/html"]


def test_a_panel_and_cells_share_a_conversation(ran):
    """What `%%chat` said is there, and the next cell goes on with what the panel said."""
    assert outputs(ran, 5).strip() == "['Show me a list', 'And a table', 'And math']"
    assert "another one" in outputs(ran, 3)
    assert "Mercury" in outputs(ran, 3)


def test_a_variable_is_named(ran):
    """Its value goes along; the text stays as it was typed."""
    assert "'Mars'" in outputs(ran, 6) or '"Mars"' in outputs(ran, 6)
    assert "What of @table?" in outputs(ran, 6)
    assert "'name': 'table'" in outputs(ran, 7)


def test_no_key_and_no_front_end_is_in_the_file(ran):
    """Neither in an output nor in the widgets' state, which holds a few lines of loader each."""
    state = json.dumps(ran.metadata.get("widgets", {}))
    assert KEY not in json.dumps([each.get("outputs") for each in ran.cells])
    assert KEY not in state
    assert len(state) < 2 * 12_000


PREPARED = """
import g4f_nb as nb
talk = nb.Conversation("shared", model="Demo:demo-fast")
def watching():
    return len(talk._talk.observers)
"""
SHOWN = "panel = nb.ChatPanel(conversation='shared')\npanel"


def test_a_cell_that_is_run_again_leaves_no_panel_behind(fresh_kernel):
    """However often: one panel follows the conversation, also where a page has shown each of them."""
    kernel = fresh_kernel
    assert kernel.run(PREPARED).error is None
    for _ in range(3):
        kernel.run_cell("one", SHOWN)
        assert kernel.run("watching()").value == "1"
    # What another cell has made is another panel.
    kernel.run_cell("two", "other = nb.ChatPanel(conversation='shared')\nother")
    assert kernel.run("watching()").value == "2"
    # One that is on a page stays until its view has gone; shown again, it knows all that was said meanwhile.
    comm = kernel.run("print(panel.comm.comm_id)").stdout.strip()
    kernel.say(comm, {"type": "hello", "view": "a"})
    kernel.run_cell("one", "before = panel\n" + SHOWN)
    assert kernel.run("watching()").value == "3"
    kernel.say(comm, {"type": "bye", "view": "a"})
    assert kernel.run("watching()").value == "2"
    kernel.run("talk.ask('hello')")
    told = "told = []; before.send = lambda content, buffers=None: told.append(content)"
    kernel.run(told)
    kernel.say(comm, {"type": "hello", "view": "b"})
    assert kernel.run("[len(each['order']) for each in told]").value == "[1]"
    assert kernel.run("watching()").value == "3"
    kernel.run("talk.ask('again')")
    assert kernel.run("len(told[-1]['order']), told[-1]['v'] - told[0]['v']").value == "(2, 1)"
    # And a closed one has gone at once.
    kernel.run("before.close(); panel.close(); other.close()")
    assert kernel.run("watching()").value == "0"
