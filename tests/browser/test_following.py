"""What grows is followed by who reads its end, and by nobody else; no text that comes pulls a reader away."""

from __future__ import annotations

import pytest
from front import Front
from playwright.sync_api import expect

from g4f_nb.panels.comparing_panel import ComparePanel
from g4f_nb.widgets import ChatPanel

ROOM = {"current": "c", "list": [], "system": "", "total": "", "templates": [], "tools": [], "filled": 0}
LIVE = {"request": "r", "shown": "Tell me much", "files": [], "again": None, "continues": False, "n": 0}
BELOW = "node => node.scrollHeight - node.scrollTop - node.clientHeight"


def frames(front):
    """Let the page draw itself twice: whatever it tells of a move or a size, it has told then."""
    front.page.evaluate(
        "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )


@pytest.fixture
def chat(lab):
    """A chat panel in which an answer is on its way, longer than the panel, and its end in sight."""
    front = Front(lab.browser, ChatPanel, busy=True, model="Demo:demo", _hint="")
    blocks = [f"<p>paragraph {n}</p>\n" for n in range(60)]
    live = {**LIVE, "finished": blocks, "open": "", "reasoning": "", "calls": []}
    room = {**ROOM, "elsewhere": ""}
    front.tell(type="state", view=front.view, v=1, order=[], items={}, room=room, live=live)
    front.box = front.page.locator(".g4f-log")
    front.n = 0
    yield front
    front.close()


@pytest.fixture
def column(lab):
    """A column with an answer on its way, longer than the column, at whose end one reads."""
    front = Front(lab.browser, ComparePanel, busy=True, _kind="compare", blind=False)
    blocks = [f"<p>paragraph {n}</p>\n" for n in range(60)]
    side = {"id": "s", "title": "a model", "status": "live", "tries": 1, "item": None, "column": "c"}
    told = {
        "at": 0, "rounds": 1, "next": {"left": 0, "of": 0, "text": None}, "asked": "", "question": "Much?",
        "columns": [{"id": "c", "title": "a model"}], "sides": [side], "ballot": None, "blind": False,
        "notes": [],
        "contents": [{"id": "s", "anew": True, "finished": blocks, "open": "", "reasoning": "", "plain": ""}],
    }  # fmt: skip
    front.tell(type="state", view=front.view, n=0, **told)
    front.box = front.page.locator(".g4f-column-body")
    front.box.evaluate("node => { node.scrollTop = node.scrollHeight; }")
    frames(front)
    front.n = 0
    yield front
    front.close()


def grow(front, by=1):
    """Let so many paragraphs come, a message each."""
    for _ in range(by):
        front.n += 1
        html = [f"<p>more {front.n}</p>\n"]
        if front.box.get_attribute("class") == "g4f-log":
            front.tell(type="delta", request="r", n=front.n, open="", finished=html)
        else:
            front.tell(type="delta", n=front.n, sides=[{"id": "s", "open": "", "finished": html}])


def wheel(front, by, until):
    """Turn the wheel, and wait until the text has moved and come to rest, however slow the machine is."""
    front.box.hover()
    front.page.mouse.wheel(0, by)
    front.box.evaluate(f"""node => new Promise((done) => {{
        let last = null;
        const end = Date.now() + 15000;
        const look = () => {{
            const below = node.scrollHeight - node.scrollTop - node.clientHeight;
            if (({until} && node.scrollTop === last) || Date.now() > end) return done();
            last = node.scrollTop;
            return setTimeout(look, 60);
        }};
        look();
    }})""")


@pytest.mark.parametrize("which", ["chat", "column"])
def test_a_small_move_up_is_not_taken_back(request, which):
    """A touch of the wheel is enough to read on: what comes stays below; back at the end it is followed."""
    front = request.getfixturevalue(which)
    grow(front, 3)
    assert front.box.evaluate(BELOW) <= 1
    wheel(front, -25, "below > 0")
    place = front.box.evaluate("node => node.scrollTop")
    assert 0 < front.box.evaluate(BELOW) < 40
    grow(front, 3)
    assert front.box.evaluate("node => node.scrollTop") == place
    wheel(front, 1000, "below < 2")
    grow(front, 3)
    assert front.box.evaluate(BELOW) <= 1


@pytest.mark.parametrize("which", ["chat", "column"])
def test_text_that_comes_before_the_move_is_told_does_not_undo_it(request, which):
    """A page tells of a move some time after it was made; text may come in between."""
    front = request.getfixturevalue(which)
    grow(front, 2)
    front.box.evaluate("node => { node.scrollTop -= 300; }")
    grow(front, 2)
    assert front.box.evaluate(BELOW) > 250


def test_the_end_stays_in_sight_whatever_changes_its_size(chat):
    """The box to write in grows at once with the text: the end is where one reads, and stays so."""
    grow(chat, 2)
    chat.page.evaluate("""() => {
        document.querySelector(".g4f-log").scrollTop -= 0;
        window.told({type: "delta", request: "r", n: 3, open: "", finished: ["<p>more</p>"]});
        const box = document.querySelector(".g4f-compose textarea");
        box.value = "a\\nb\\nc\\nd\\ne\\nf";
        box.dispatchEvent(new Event("input"));
    }""")
    chat.n = 3
    frames(chat)
    grow(chat, 2)
    assert chat.box.evaluate(BELOW) <= 1


def test_a_page_that_was_left_comes_back_where_one_read(chat):
    """Taken off the page and put back, as notebooks do, the end is followed, or the place read at is kept."""
    grow(chat, 2)
    hide = "([node, away]) => { node.parentElement.style.display = away ? 'none' : ''; }"
    for place in (None, 200):
        if place is not None:
            chat.box.evaluate("(node, place) => { node.scrollTop = place; }", place)
            frames(chat)
        for away in (True, False):
            chat.page.evaluate(hide, [chat.node.element_handle(), away])
            frames(chat)
            grow(chat)
        below, top = chat.box.evaluate(BELOW), chat.box.evaluate("node => node.scrollTop")
        assert (below <= 1) if place is None else (top == place)


def test_a_button_leads_to_the_newest_text(chat):
    """It is there for who reads further up, and whoever presses it follows again."""
    jump = chat.page.get_by_role("button", name="Go to the newest text")
    expect(jump).to_be_hidden()
    chat.box.evaluate("node => { node.scrollTop = 0; }")
    frames(chat)
    grow(chat, 3)
    assert chat.box.evaluate("node => node.scrollTop") == 0
    jump.click()
    expect(jump).to_be_hidden()
    grow(chat, 3)
    assert chat.box.evaluate(BELOW) <= 1


def test_what_is_unfolded_is_read(chat):
    """The reasoning is opened and is longer than the panel: the reader stays at its beginning."""
    chat.n += 1
    thoughts = "thought " * 3000
    chat.tell(type="delta", request="r", n=chat.n, open="", reasoning=thoughts)
    grow(chat)
    summary = chat.page.locator(".g4f-reasoning summary")
    summary.evaluate("node => { node.scrollIntoView(); }")
    frames(chat)
    summary.click()
    frames(chat)
    place = chat.box.evaluate("node => node.scrollTop")
    grow(chat, 3)
    assert chat.box.evaluate("node => node.scrollTop") == place
