"""What a long answer costs in a panel: on the wire, in the browser, and in time, behind 200 messages."""

from __future__ import annotations

from chatting import Chat

SETUP = '''
import asyncio, time, g4f_nb as nb
from g4f_nb.providers import AsyncGeneratorProvider

class Instant(AsyncGeneratorProvider):
    """Answers at once."""
    working = True
    @classmethod
    async def create_async_generator(cls, model, messages, stream=True, **kwargs):
        yield "An **answer**.\\n\\n| a | b |\\n|---|---|\\n| 1 | 2 |\\n\\n```python\\nx = 1\\n```\\n"

class Steady(AsyncGeneratorProvider):
    """5,000 tokens, 300 a second; `ended` is when the last one left."""
    working = True
    ended = 0.0
    @classmethod
    async def create_async_generator(cls, model, messages, stream=True, **kwargs):
        start = time.perf_counter()
        for n in range(5000):
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
SEEN = """node => {
    window.lastSeen = 0;
    const look = () => {
        if (!window.lastSeen && node.textContent.includes("LASTWORD")) window.lastSeen = Date.now() / 1000;
    };
    new MutationObserver(look).observe(node, {subtree: true, childList: true, characterData: true});
}"""


def test_a_long_answer_is_cheap_behind_a_long_conversation(desk):
    """5,000 tokens at 300 a second: 300 kB at most, 16 ms of script an update, the last word within 0.3 s."""
    path = desk.write([SETUP, "panel.model = 'Steady'\npanel.ask('go')", "panel.wait(60), Steady.ended"])
    notebook = desk.visit(path, load=True)
    received = []
    count = lambda data: received.append(len(data))  # noqa: E731
    notebook.page.on("websocket", lambda socket: socket.on("framereceived", count))
    notebook.page.reload()
    session = "window.jupyterapp?.shell?.currentWidget?.context?.sessionContext?.session"
    notebook.page.wait_for_function(f"() => {session}?.kernel?.status === 'idle'")
    notebook.run(0)
    chat = Chat(notebook, 0)
    chat.done(100)
    chat.node.evaluate(SEEN)
    browser = notebook.page.context.new_cdp_session(notebook.page)
    browser.send("Performance.enable")
    received.clear()
    before = _metrics(browser)
    notebook.run(1)
    notebook.run(2)
    chat.done(101)
    after = _metrics(browser)
    assert sum(received) < 300_000
    script = 1000 * (after["ScriptDuration"] - before["ScriptDuration"])
    assert script / 150 < 16
    ended = float(notebook.output(2).inner_text().strip("() \n").split(", ")[1])
    assert notebook.page.evaluate("window.lastSeen") - ended < 0.3
    print(f"{sum(received):,} bytes, {script / 150:.1f} ms of script an update")  # noqa: T201  # for whoever looks


def _metrics(browser):
    return {each["name"]: each["value"] for each in browser.send("Performance.getMetrics")["metrics"]}
