"""A panel's front end on a page of its own, without a kernel: the test says what Python would say."""

from __future__ import annotations

from g4f_nb.panels.served import _joined

# What a widget's front end is given: its model, of which nobody is behind; what it sends is kept.
_MODEL = """state => {
    const heard = new Map();
    const on = (name, act) => heard.set(name, [...(heard.get(name) ?? []), act]);
    const tell = (name, ...given) => (heard.get(name) ?? []).forEach((act) => act(...given));
    window.sent = [];
    window.told = (message) => tell("msg:custom", message, []);
    window.model = {
        get: (name) => state[name],
        set: (name, value) => { state[name] = value; tell(`change:${name}`); },
        save_changes: () => {},
        send: (message) => window.sent.push(message),
        on,
        off: (name, act) => heard.set(name, (heard.get(name) ?? []).filter((each) => each !== act)),
    };
}"""
_SHOW = """async ({js, css}) => {
    document.head.append(Object.assign(document.createElement("style"), {textContent: css}));
    const front = await import(URL.createObjectURL(new Blob([js], {type: "text/javascript"})));
    window.away = front.default.render({model: window.model, el: document.querySelector("main")});
}"""
_LOOK = "body { margin: 8px; font-family: sans-serif; color-scheme: light dark }"


class Front:
    """One front end on a page; `tell` is a message from Python, `sent` are those to it."""

    def __init__(self, browser, kind, *, width=700, tall=800, dark=False, **state):
        scheme = "dark" if dark else "light"
        self.page = browser.new_page(viewport={"width": width, "height": tall}, color_scheme=scheme)
        self.page.set_content(f"<!doctype html><style>{_LOOK}</style><main></main>")
        self.page.evaluate(_MODEL, {"busy": False, "problem": "", "height": "24rem", **state})
        source = _joined(kind._files)
        self.page.evaluate(_SHOW, {"js": source["js"], "css": source["css"]})
        self.view = next((each["view"] for each in self.sent("hello")), None)
        self.node = self.page.locator(".g4f-root")

    def tell(self, **message):
        """Act as Python that says this."""
        self.page.evaluate("message => window.told(message)", message)

    def sent(self, kind):
        """Give the messages of one kind that the front end has sent."""
        return [each for each in self.page.evaluate("window.sent") if each["type"] == kind]

    def set(self, name, value):
        """Act as Python that changes a trait."""
        self.page.evaluate("([name, value]) => window.model.set(name, value)", [name, value])

    def close(self):
        """Take the page away."""
        self.page.close()
