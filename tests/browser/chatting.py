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


CONTRASTS = """(root, selector) => {
    const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
    const rgba = (colour) => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
        const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
        return [r, g, b, a / 255];
    };
    const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3]));
    const ground = (node) => {
        const own = node ? rgba(getComputedStyle(node).backgroundColor) : [255, 255, 255, 1];
        return own[3] === 1 ? own : over(own, ground(node.parentElement));
    };
    const light = (colour) => {
        const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        const [r, g, b] = colour.map((v) => linear(v / 255));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const seen = [...root.querySelectorAll(selector)].filter((node) => node.checkVisibility());
    return seen.map((node) => {
        const below = ground(node);
        const ink = over(rgba(getComputedStyle(node).color), below);
        const [high, low] = [light(ink), light(below)].sort((a, b) => b - a);
        const name = `${node.className || node.tagName}: ${node.textContent.slice(0, 30)}`;
        return [name, (high + 0.05) / (low + 0.05)];
    });
}"""
