"""A chat panel on a page, in the words of a user; and what it is measured with."""

from __future__ import annotations

from playwright.sync_api import expect


class Panel:
    """One panel on the page, in the words of a user."""

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

    def done(self, count=1):
        """Wait for so many finished answers and give the last."""
        expect(self.node.locator(".g4f-facts")).to_have_count(count)
        expect(self.send).to_be_visible()
        return self.answers.last

    def kept(self, name):
        """Keep a picture."""
        self.notebook.screenshot(name, self.node)
