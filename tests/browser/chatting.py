"""Panels on a page, in the words of a user; and what is said between page and kernel."""

from __future__ import annotations

import json

from later import Later

playwright = Later("playwright.sync_api")


class Code(str):
    """An argument that is written as it is: the name of something in the notebook."""

    __slots__ = ()

    def __repr__(self):
        return str(self)


class Chat:
    """One chat panel on the page."""

    def __init__(self, notebook, index, view=0):
        self.notebook, self.index = notebook, index
        self.node = notebook.output(index).locator(".g4f-chat").nth(view)
        self.message = self.node.get_by_role("textbox", name="Message")
        self.model = self.node.get_by_role("combobox", name="Model")
        self.send = self.node.get_by_role("button", name="Send")
        self.stop = self.node.get_by_role("button", name="Stop")
        self.answers = self.node.get_by_role("article", name="Answer")
        self.errors = self.node.get_by_role("article", name="Error")

    def ask(self, text):
        """Type and press Enter."""
        self.message.fill(text)
        self.message.press("Enter")

    def choose(self, model):
        """Type a model's name and press Enter."""
        self.model.fill(model)
        self.model.press("Enter")

    def done(self, count=1):
        """Wait for so many finished answers and give the last."""
        playwright.expect(self.node.locator(".g4f-facts")).to_have_count(count)
        playwright.expect(self.send).to_be_visible()
        return self.answers.last

    def kept(self, name):
        """Keep a picture."""
        self.notebook.screenshot(name, self.node)


class Columns:
    """One panel with answers side by side on the page."""

    def __init__(self, notebook, index):
        self.notebook, self.index = notebook, index
        self.node = notebook.output(index).locator(".g4f-compare")
        self.prompt = self.node.get_by_role("textbox", name="Prompt")
        self.sides = self.node.locator(".g4f-column")
        self.vote = self.node.get_by_role("group", name="Which answer is better?")

    def ask(self, text):
        """Type and press Enter."""
        self.prompt.fill(text)
        self.prompt.press("Enter")

    def done(self):
        """Wait until all have ended."""
        playwright.expect(self.node.locator(".g4f-column-foot:visible")).not_to_have_count(0)
        playwright.expect(self.node.locator(".g4f-column[aria-busy=true]")).to_have_count(0)
        playwright.expect(self.node.get_by_role("button", name="Ask", exact=True)).to_be_visible()

    def kept(self, name):
        """Keep a picture."""
        self.notebook.screenshot(name, self.node)


class Heard:
    """Every message between a page and its kernel; one listener a page, however often a test is run."""

    def __init__(self, page):
        self._page = page
        page.evaluate("""() => {
            const kernel = window.jupyterapp.shell.currentWidget.context.sessionContext.session.kernel;
            const heard = [];
            const listen = (_, {msg}) => heard.push(JSON.stringify(
                [msg.header.msg_type, msg.content, (msg.buffers ?? []).map((each) =>
                    new TextDecoder().decode(each.buffer ? each : new Uint8Array(each)))]));
            window.heard?.stop();
            window.heard = {all: heard, stop: () => kernel.anyMessage.disconnect(listen)};
            kernel.anyMessage.connect(listen);
        }""")

    @property
    def messages(self):
        """Each as its type, its content, and what came beside it."""
        return [json.loads(each) for each in self._page.evaluate("window.heard.all")]
