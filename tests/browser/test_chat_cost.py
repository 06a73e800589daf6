"""What a long answer costs in a panel: on the wire, in the browser, and in time, behind 200 messages."""

from __future__ import annotations

import base64

from chatting import Chat
from thorough import THOROUGH

# At 300 a second; shown some ten times a second.
TOKENS = 5000 if THOROUGH else 1500
UPDATES = TOKENS / 300 * 9

SETUP = (
    f"""
TOKENS = {TOKENS}
"""
    '''
import asyncio, time, g4f_nb as nb
from g4f_nb.providers import AsyncGeneratorProvider

class Instant(AsyncGeneratorProvider):
    """Answers at once."""
    working = True
    @classmethod
    async def create_async_generator(cls, model, messages, stream=True, **kwargs):
        yield "An **answer**.\\n\\n| a | b |\\n|---|---|\\n| 1 | 2 |\\n\\n```python\\nx = 1\\n```\\n"

class Steady(AsyncGeneratorProvider):
    """So many tokens, 300 a second; `ended` is when the last one left."""
    working = True
    ended = 0.0
    @classmethod
    async def create_async_generator(cls, model, messages, stream=True, **kwargs):
        start = time.perf_counter()
        for n in range(TOKENS):
            await asyncio.sleep(max(0.0, start + n / 300 - time.perf_counter()))
            word = "**bold** " if n % 40 == 0 else "`code` " if n % 40 == 20 else f"word{n} "
            yield word + ("\\n\\n" if n % 80 == 79 else "")
        cls.ended = time.time()
        yield "LASTWORD"

talk = nb.Conversation("long", model=Instant)
for n in range(100):
    talk.ask(f"question {n}")
panel = nb.ChatPanel(conversation=talk)
panel._choice._named["Steady"] = Steady
panel
'''
)
SEEN = """node => {
    window.lastSeen = 0;
    const look = () => {
        if (!window.lastSeen && node.textContent.includes("LASTWORD")) window.lastSeen = Date.now() / 1000;
    };
    new MutationObserver(look).observe(node, {subtree: true, childList: true, characterData: true});
}"""


def test_a_long_answer_is_cheap_behind_a_long_conversation(desk):
    """At 300 tokens a second: 48 bytes each and 60 kB, 16 ms of script an update, the end within 0.3 s."""
    notebook = desk.open([SETUP, "panel.model = 'Steady'\npanel.ask('go')", "panel.wait(60), Steady.ended"])
    notebook.run(0)
    chat = Chat(notebook, 0)
    chat.done(100)
    chat.node.evaluate(SEEN)
    browser = notebook.page.context.new_cdp_session(notebook.page)
    browser.send("Performance.enable")
    received = []
    browser.on("Network.webSocketFrameReceived", lambda event: received.append(_bytes(event["response"])))
    browser.send("Network.enable")
    before = _metrics(browser)
    notebook.run(1)
    notebook.run(2)
    chat.done(101)
    after = _metrics(browser)
    # What is kept of a conversation is told once: 60 kB of it; with 5,000 tokens it is 300 kB.
    assert TOKENS * 3 < sum(received) < 60_000 + 48 * TOKENS
    script = 1000 * (after["ScriptDuration"] - before["ScriptDuration"])
    assert script / UPDATES < 16
    ended = float(notebook.output(2).inner_text().strip("() \n").split(", ")[1])
    assert notebook.page.evaluate("window.lastSeen") - ended < 0.3
    print(f"{sum(received):,} bytes, {script / UPDATES:.1f} ms of script an update")  # noqa: T201  # for whoever looks


def _bytes(frame):
    """How many a frame has; one that is not text is told in base64."""
    told = frame["payloadData"]
    return len(told.encode()) if frame["opcode"] == 1 else len(base64.b64decode(told))


def _metrics(browser):
    return {each["name"]: each["value"] for each in browser.send("Performance.getMetrics")["metrics"]}
