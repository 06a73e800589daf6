"""Makes the pictures of the pages: `python -m pytest tests/browser/make_screens.py`; it tests nothing."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

from chatting import Chat
from playwright.sync_api import expect

SCREENS = Path(__file__).parents[2] / "docs" / "screens"
SETUP = """
import g4f_nb as nb
def moons_of(planet: str) -> int:
    "How many moons a planet has."
    return {"Mars": 2}.get(planet, 0)
panel = nb.ChatPanel("Demo:demo", tools=[moons_of], height="27rem")
panel
"""


def keep(chat, name):
    """Take the picture of a panel, with few colours, for it is downloaded by every reader."""
    from PIL import Image

    SCREENS.mkdir(exist_ok=True)
    file = SCREENS / f"{name}.png"
    chat.node.screenshot(path=file, animations="disabled")
    with Image.open(file) as picture:
        picture.convert("RGB").quantize(64).save(file, optimize=True)


def test_the_pictures(desk):
    """A tool that asks for leave, and an answer with code."""
    notebook = desk.open([SETUP], width=1000)
    notebook.run(0)
    chat = Chat(notebook, 0)
    chat.node.evaluate("node => { node.parentElement.style.width = '720px'; }")
    chat.ask("How many moons has Mars? Ask the tool.")
    allow = chat.node.get_by_role("button", name="Allow")
    allow.wait_for()
    notebook.page.wait_for_timeout(300)
    keep(chat, "tool")
    allow.click()
    chat.done()
    notebook.run_new("panel._questions.tools = {'tools': []}; panel.clear(); panel.height = '39rem'")
    chat.ask("Show me code and math")
    expect(chat.done()).to_contain_text("fibonacci")
    notebook.page.wait_for_timeout(300)
    keep(chat, "panel")


COMPARED = """
import g4f_nb as nb
from g4f_nb.testing import serve
HAIKU = "Soft rain on the roof —\\n*each drop a small, patient clock*\\ncounting down the night."
CLOUD = "There once was a cloud over Spain\\nthat was **dreadfully fond** of its rain;\\n\\n> it poured."
serving = serve(answers={"brief": lambda _: HAIKU, "lively": lambda _: CLOUD})
base = serving.__enter__().api_base
models = [nb.Model(f"OpenaiTemplate:{name}", api_base=base, label=name) for name in ("brief", "lively")]
panel = nb.ComparePanel(models, blind=True, seed=4, height="26rem")
panel
"""


def test_the_picture_of_two_models(desk):
    """A blind vote, before it is given."""
    notebook = desk.open([COMPARED], width=1000)
    notebook.run(0)
    panel = notebook.output(0).locator(".g4f-compare")
    panel.evaluate("node => { node.parentElement.style.width = '720px'; }")
    panel.get_by_role("textbox", name="Prompt").fill("A few lines about rain")
    panel.get_by_role("textbox", name="Prompt").press("Enter")
    expect(panel.get_by_role("button", name="Tie")).to_be_enabled()
    notebook.page.wait_for_timeout(300)
    keep(SimpleNamespace(node=panel), "blind")
