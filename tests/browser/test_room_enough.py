"""Long names, long words and little room: nothing sticks out, and what can be pressed stays in reach."""

from __future__ import annotations

import pytest
from front import Front

from g4f_nb.panels.comparing_panel import ComparePanel
from g4f_nb.panels.picker import ModelPicker
from g4f_nb.widgets import ChatPanel

LONG = "huggingface:a-very-long-organisation-name/an-extremely-long-model-name-with-many-parts-70b-q4_K_M"
OUT = """() => [...document.querySelectorAll(".g4f-root *")].filter((each) => {
    const {left, right, width} = each.getBoundingClientRect();
    return width && !each.closest("pre, .g4f-wide, .g4f-unseen") && (left < -1 || right > innerWidth + 1);
}).map((each) => each.className || each.tagName)"""


def side(number, name):
    """One column that has answered, and shows what can be done."""
    item = {"facts": ["first token 120 ms", "88 tokens/s"], "mark": "Stopped", "error": None, "said": True}
    return {
        "id": f"s{number}", "title": name, "status": "done", "tries": 1, "item": item, "column": f"c{number}",
        "badge": "won 3, tied 2, lost 1",
    }  # fmt: skip


def compared(front):
    """Three columns, of which two have long names."""
    sides = [side(1, "Demo:demo"), side(2, LONG), side(3, LONG + "-2")]
    text = {"anew": True, "finished": [f"<p>{'word' * 200}</p>"], "open": "", "reasoning": "", "plain": ""}
    front.tell(
        type="state", view=front.view, n=0, at=1, rounds=3, next={"left": 1, "of": 3, "text": "next"},
        asked="", question="Why? " * 20, sides=sides, ballot=None, blind=False, notes=[],
        columns=[{"id": each["column"], "title": each["title"]} for each in sides],
        contents=[{"id": each["id"], **text} for each in sides],
    )  # fmt: skip


def called(front):
    """A tool with a long name asks for leave."""
    card = {
        "id": "1",
        "name": "a_tool_with_" + "a_very_" * 9 + "long_name",
        "arguments": "x",
        "state": "asks",
    }
    live = {
        "request": "r", "shown": "word" * 60, "files": [LONG + ".csv"], "again": None, "continues": False,
        "n": 0, "finished": [], "open": "", "reasoning": "", "calls": [card],
    }  # fmt: skip
    room = {
        "current": "c", "list": [], "system": "", "total": "1,234,567 tokens · 0.002 of 2 USD",
        "templates": [], "tools": [], "filled": 0, "elsewhere": "",
    }  # fmt: skip
    front.tell(type="state", view=front.view, v=1, order=[], items={}, room=room, live=live)


CASES = {
    "compare": (ComparePanel, {"_kind": "compare", "blind": False, "problem": "word" * 99}, compared),
    "chat": (ChatPanel, {"model": LONG, "_hint": "", "busy": True}, called),
    "picker": (
        ModelPicker,
        {"value": LONG, "description": "Which model shall answer all of these", "choices": [], "place": LONG},
        lambda _: None,
    ),
}


def test_left_is_left_on_a_page_from_right_to_left(lab):
    """There, too, the key for the left answer votes for the one that stands left."""
    front = Front(lab.browser, ComparePanel, width=900, _kind="compare", blind=False)
    compared(front)
    front.page.evaluate("document.documentElement.dir = 'rtl'")
    lefts = front.page.locator(".g4f-column").evaluate_all(
        "all => all.map((each) => each.getBoundingClientRect().x)"
    )
    assert lefts == sorted(lefts)
    front.close()


@pytest.mark.parametrize("width", [360, 760])
@pytest.mark.parametrize("case", CASES)
def test_nothing_sticks_out(lab, case, width):
    """At 360 pixels as at 760: every button, name and text is within the page."""
    kind, state, fill = CASES[case]
    front = Front(lab.browser, kind, width=width, **state)
    fill(front)
    assert front.page.evaluate(OUT) == []
    front.close()
