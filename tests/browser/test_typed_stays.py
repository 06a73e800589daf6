"""What a user has typed stays on the page until Python has taken it up, or says why it did not."""

from __future__ import annotations

from front import Front
from playwright.sync_api import expect

from g4f_nb.panels.comparing_panel import ComparePanel
from g4f_nb.widgets import ChatPanel

ROOM = {
    "current": "c", "list": [], "system": "", "total": "", "templates": [], "tools": [], "filled": 0,
    "elsewhere": "",
}  # fmt: skip
ANSWERED = {
    "id": "t", "shown": "Hello", "files": [], "html": "<p>Hi</p>", "text": "Hi", "reasoning": "", "calls": [],
    "footer": [], "mark": "",
}  # fmt: skip
COLUMNS = {
    "at": -1, "rounds": 0, "next": {"left": 0, "of": 0, "text": None}, "question": None, "sides": [],
    "columns": [{"id": "c", "title": "a model"}], "ballot": None, "blind": False, "notes": [], "contents": [],
}  # fmt: skip


def test_an_edited_question(lab):
    """It stays in its field, also where it was refused, and goes once it is on its way."""
    front = Front(lab.browser, ChatPanel, model="Demo", _hint="")
    front.tell(type="state", view=front.view, v=1, order=["t"], items={"t": ANSWERED}, room=ROOM, live=None)
    front.page.locator(".g4f-turn").hover()
    front.page.get_by_role("button", name="Edit question").click()
    field = front.page.get_by_role("textbox", name="Edit the question")
    field.fill("Hello you")
    field.press("Enter")
    expect(field).to_have_value("Hello you")
    expect(field).not_to_be_editable()
    front.tell(type="trouble", view=front.view, words="no")
    expect(field).to_be_editable()
    field.press("Enter")
    live = {
        "request": front.sent("ask")[-1]["request"], "shown": "Hello you", "files": [], "again": "t",
        "continues": False, "n": 0, "finished": [], "open": "", "reasoning": "", "calls": [],
    }  # fmt: skip
    front.tell(type="state", v=2, order=[], items={}, live=live)
    expect(field).to_have_count(0)
    front.close()


def test_a_model_to_be_added(lab):
    """One that was refused is in its field again, to be mended."""
    front = Front(lab.browser, ComparePanel, _kind="compare", blind=False)
    front.tell(type="state", view=front.view, n=0, asked="", **COLUMNS)
    field = front.page.get_by_role("combobox", name="Add a model")
    field.fill("nobody:x")
    field.press("Enter")
    expect(field).to_have_value("")
    front.tell(type="refused", view=front.view, request=front.sent("add")[-1]["request"])
    expect(field).to_have_value("nobody:x")
    front.close()


def test_a_prompt_for_all(lab):
    """So it is with a comparing panel, of which a second view empties nothing."""
    front = Front(lab.browser, ComparePanel, _kind="compare", blind=False)
    front.tell(type="state", view=front.view, n=0, asked="", **COLUMNS)
    box = front.page.get_by_role("textbox", name="Prompt")
    box.fill("Why?")
    box.press("Enter")
    front.tell(type="state", n=1, asked="another", **COLUMNS)
    expect(box).to_have_value("Why?")
    front.tell(type="refused", view=front.view, request=front.sent("ask")[-1]["request"])
    expect(box).to_be_editable()
    box.press("Enter")
    assert len(front.sent("ask")) == 2
    front.tell(type="state", n=2, asked=front.sent("ask")[-1]["request"], **COLUMNS)
    expect(box).to_have_value("")
    front.close()
