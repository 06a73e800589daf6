"""A front end that no notebook stores: it comes when a page asks for it, and runs as one module."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from g4f_nb.panels import served
from g4f_nb.widgets import ChatPanel, ComparePanel, KeyPrompt, ModelPicker

STATIC = Path(served.__file__).parents[1] / "static"
WIDGETS = [ChatPanel, ComparePanel, KeyPrompt, ModelPicker]


class Recorded(ModelPicker):
    """A widget whose messages are kept."""

    def __init__(self, *given, **options):
        self.sent = []
        super().__init__(*given, **options)

    def send(self, content, buffers=None):  # noqa: ARG002  # the signature of ipywidgets
        """Keep a message."""
        self.sent.append(content)


def test_the_state_holds_a_loader_only():
    """A few lines, the same for all; the whole is sent to the view that asks."""
    picker = Recorded("Demo")
    state = picker.get_state()
    assert len(state["_esm"]) < 3_000
    assert state["_source"] == {}
    picker._handle_custom_msg({"type": "source"}, [])
    (message,) = picker.sent
    assert message["version"] == state["_version"]
    assert "createChooser" in message["js"]
    assert ".g4f-root" in message["css"]


def test_the_first_widget_before_a_person_brings_it_along(monkeypatch):
    """So that it is there although the kernel is busy; the second one of that kind does not."""
    monkeypatch.setattr(served.frontend, "attached", lambda: True)
    monkeypatch.setattr(served.Served, "_sent", set())
    first, second = ModelPicker("Demo"), ModelPicker("Demo")
    assert "createChooser" in first._source["js"]
    assert second._source == {}


def test_messages_of_no_form_are_ignored():
    """A page of another version does no harm."""
    picker = Recorded("Demo")
    for content in (None, "text", [], {}, {"type": 7}):
        picker._handle_custom_msg(content, [])
    assert picker.sent == []


@pytest.mark.parametrize("widget", WIDGETS)
def test_the_scripts_of_a_widget_are_one_module(widget, tmp_path):
    """Joined in their order, they are read without a fault."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node: its syntax check is what reads the scripts")
    module = tmp_path / "joined.mjs"
    module.write_text(served._joined(widget._files)["js"], encoding="utf-8")
    done = subprocess.run([node, "--check", module], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_no_name_stands_twice_at_the_top_of_the_scripts():
    """They are joined in several ways: a second one of that name would take the place of the first."""
    owners = {}
    for file in STATIC.rglob("*.js"):
        text = file.read_text(encoding="utf-8")
        names = re.findall(r"^(?:async )?(?:function\*?|const|let|class) (\w+)", text, re.MULTILINE)
        for name in names:
            owners.setdefault(name, []).append(file.name)
    twice = {name: files for name, files in owners.items() if len(files) > 1}
    # What each widget's last script gives away; it is in no other widget's module.
    assert twice.keys() == {"render"}


def test_the_front_end_is_in_small_files():
    """One idea a file, and each says first which."""
    for file in (STATIC / "chat").rglob("*.js"):
        text = file.read_text(encoding="utf-8")
        assert text.startswith("/*"), file
        assert text.count("\n") < 500, file


def test_no_script_writes_html_but_what_python_has_made():
    """`innerHTML` stands where rendered answers are put in, and nothing is evaluated or fetched."""
    found = {
        (word, file.name)
        for file in STATIC.rglob("*.js")
        for word in (
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "fetch(",
            "http",
        )
        if word in file.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
    }
    assert {pair for pair in found if pair[0] != "http"} <= {
        ("innerHTML", "blocks.js"),
        ("innerHTML", "difference.js"),
    }


def test_no_two_widgets_dress_the_same_class():
    """Sheets of different widgets stand on one page: what only one of them has bears a name of its own."""
    shared = {"shared", "blocks", "parts", "choosing"}
    owners = {}
    for sheet in STATIC.rglob("*.css"):
        if sheet.stem in shared and sheet.parent == STATIC:
            continue
        owner = sheet.parent.name if sheet.parent != STATIC else sheet.stem
        for name in re.findall(r"\.(g4f-[a-z-]+)", sheet.read_text(encoding="utf-8")):
            owners.setdefault(name, set()).add(owner)
    common = "".join((STATIC / f"{name}.css").read_text(encoding="utf-8") for name in shared)
    doubly = {name for name, those in owners.items() if len(those) > 1 and f".{name}" not in common}
    assert doubly == set()
